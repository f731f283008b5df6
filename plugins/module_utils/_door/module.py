# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of modules that call ACM: the option `authority`, the door, and one way to fail."""

from __future__ import annotations

import contextlib
import typing as t

from .._ansible.fast_import import no_collection

_loading = contextlib.ExitStack()  # tools do not understand imports in a with block
_loading.enter_context(no_collection())

from ansible.module_utils.basic import env_fallback
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._ansible.secret_module import DiscreetModule, log_as_warnings
from .._rules.errors import InvalidInput, contract
from . import aws
from .acm import Acm, AcmError

_loading.close()

OpensAuthority = t.Callable[[str, t.Optional[str]], Acm]


class AcmModule(AnsibleAWSModule):
    """AnsibleAWSModule with the option `authority` and the door `acm`."""

    def __init__(
        self,
        argument_spec: dict[str, t.Any],
        *,
        embedded: t.Optional[OpensAuthority] = None,
        may_be_empty: t.Collection[str] = (),
        **settings: t.Any,
    ) -> None:
        """embedded: opens the embedded authority; None for a module that does not need it and does not ship it.
        may_be_empty: options for which an empty text does not mean "not given"."""
        spec = {"authority": {"type": "path", "fallback": (env_fallback, ["CERTOPS_ACM_AUTHORITY"])}, **argument_spec}
        # amazon.aws has a setting module_class, but only uses its default
        module_class = type("Module", (DiscreetModule,), {"MAY_BE_EMPTY": may_be_empty})
        AnsibleAWSModule.default_settings["module_class"] = module_class
        super().__init__(argument_spec=spec, **settings)
        self._refuse_blank_authority()
        self._embedded = embedded
        self._acm: t.Optional[Acm] = None

    def _refuse_blank_authority(self) -> None:
        """A variable that is empty by mistake must not lead a task that is meant for an authority to AWS."""
        if self._module.as_given.get("authority") == "":
            msg = "authority is empty: give the path of an authority, or leave the option out (or null) to use AWS."
            self.fail_json(msg=msg, error=contract("InvalidInput"))

    @property
    def acm(self) -> Acm:
        """The only session and client of this task, created on first use."""
        if self._acm is None:
            path = self.params.get("authority")
            with no_collection():
                self._acm = self._open(path)
        return self._acm

    def warn(self, warning: str) -> None:
        # AnsibleAWSModule also puts warnings into the result, which ansible-core 2.19 calls deprecated.
        self._module.warn(warning)

    def _open(self, path: t.Optional[str]) -> Acm:
        if not path:
            return aws.open_door(self)
        if self._embedded is None:
            raise InvalidInput(f"This module works only on AWS, but authority is {path}: leave that option out.")
        return self._embedded(path, self.params.get("region"))


def guard(module: AcmModule, action: t.Callable[[], dict[str, t.Any]]) -> t.NoReturn:
    """Run a module's work, and end the module with its result or with one sentence about the fault."""
    try:
        with log_as_warnings(module.warn):
            result = action()
    except InvalidInput as error:
        module.fail_json(msg=str(error), error=contract(type(error).__name__))
    except AcmError as error:
        module.fail_json(msg=f"{str(error).rstrip('.')}.", error=contract(error.code, error.operation))
    module.exit_json(**result)
