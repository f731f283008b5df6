# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send acm_authority's passphrase, and the secrets of its mail server and event targets, through the connection, never in
a temporary file."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import DICT, LIST, PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("passphrase", "new_passphrase", "password", "url", "token", "secret", "secret_key")
    CONTAINERS = {"smtp": DICT, "event_targets": LIST, "webhook": DICT, "sqs": DICT, "approve": LIST}
    REFUSAL = "The passphrase, or another secret, would be written to a temporary file, as {obstacle}."
    INSTEAD = "loop over names"
