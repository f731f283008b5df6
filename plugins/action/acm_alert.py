# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send the secrets of acm_alert's channels through the connection, never in a temporary file; and refuse, on the
controller, channels whose secrets AnsibleModule would not recognize as such."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.plugin_utils.alert_channels import check_channels
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import LIST, PipelinedAction, read_text


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("url", "headers", "signing_secret", "password")
    CONTAINERS = {"channels": LIST}
    FREE_OPTIONS = ("alerts", "told")
    REFUSAL = "The secrets of the channels would be written to a temporary file, as {obstacle}."
    INSTEAD = "give all channels to one task"

    def check(self, arguments: dict[str, t.Any]) -> None:
        check_channels(read_text(arguments.get("channels")))
        super().check(arguments)
