# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AnsibleModule for modules whose secrets stand in lists and dictionaries, and whose users make mistakes. Standard library
and Ansible only."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from . import arguments


class DiscreetModule(AnsibleModule):
    """Keeps such secrets out of the system's log, takes an empty text for an option that is not given, and says in one
    sentence which argument is wrong.

    AnsibleModule logs a list as its repr(). In that the line ends of a key are escaped, so that AnsibleModule does not
    find there the text that it would mask.
    """

    params: t.Any
    MAY_BE_EMPTY: t.Collection[str] = ()  # options for which an empty text has a meaning of its own

    def __init__(self, *args: t.Any, **settings: t.Any) -> None:
        self._are_arguments_judged = False
        self._given: dict[str, t.Any] = {}
        super().__init__(*args, **settings)
        self._are_arguments_judged = True

    def _load_params(self) -> None:
        super()._load_params()
        if isinstance(self.params, dict):
            self._given = dict(self.params)
            self.params = arguments.given(self.params, self.argument_spec, self.MAY_BE_EMPTY)

    def fail_json(self, msg: t.Any, **details: t.Any) -> t.NoReturn:  # type: ignore[override, unused-ignore]
        if not self._are_arguments_judged:
            excluded = self.mutually_exclusive or ()
            msg = arguments.mistake(self._given, self.argument_spec, self._name, str(msg), excluded)
            details.setdefault("error", {"code": "InvalidInput", "operation": None})
            # Where a list of dictionaries is misshapen, AnsibleModule has not found out which values are secret.
            details.setdefault("invocation", {"module_args": {}})
        super().fail_json(msg, **details)
        raise SystemExit(1)

    def _log_invocation(self) -> None:
        self.no_log_values.update({repr(value)[1:-1] for value in self.no_log_values if isinstance(value, str)})
        super()._log_invocation()
