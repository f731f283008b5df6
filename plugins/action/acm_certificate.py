# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send acm_certificate's TSIG key through the connection, never in a temporary file, and show what it is waiting for."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import DICT, LIST, PipelinedAction, items_of
from ansible_collections.certops.acm.plugins.plugin_utils.progress import certificates


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("key_secret",)
    CONTAINERS = {"certificates": LIST, "publish": DICT, "rfc2136": DICT}
    EXAMPLES = {"certificates": "[{domain_name: www.example.com}]", "publish": "{route53: {}}"}
    REFUSAL = "The key_secret would be written to a temporary file, as {obstacle}."

    def check(self, arguments: dict[str, t.Any]) -> None:
        # Options of the module of this name in community.aws, which also imports.
        given = [name for name in ("certificate", "private_key", "certificate_chain") if name in arguments]
        if given:
            raise InvalidInput(
                f"{self._task.action} has no option {given[0]}: use certops.acm.acm_import to import a certificate."
            )
        super().check(arguments)

    def subject(self, arguments: dict[str, t.Any]) -> str:
        return certificates(items_of(arguments))
