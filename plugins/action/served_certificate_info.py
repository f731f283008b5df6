# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep only the parts of served_certificate_info's result that concern the host on which it ran."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.sentences import first_few
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction, read_text


class ActionModule(PipelinedAction):
    CONTAINERS = {}

    def subject(self, arguments: dict[str, t.Any]) -> str:
        endpoints = read_text(arguments.get("endpoints"))
        places = [
            f"{each.get('host', 'the host')} port {each.get('port', 443)}"
            for each in (endpoints if isinstance(endpoints, (list, tuple)) else ())
            if isinstance(each, dict)
        ]
        return f"{first_few(places, 'and')}." if places else ""
