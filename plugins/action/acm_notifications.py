# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep only the parts of acm_notifications's result that concern the host on which it ran."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction


class ActionModule(PipelinedAction):
    CONTAINERS = {}

    def subject(self, arguments: dict[str, t.Any]) -> str:
        return f"notices in {arguments.get('queue_name') or arguments.get('queue_url') or 'the inbox'}."
