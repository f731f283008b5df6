# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send certificate_bundle to the host through the connection, never in a file that would contain the key."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("private_key", "pkcs12")
    KEY_OPTIONS = ("private_key",)
    REFUSAL = "The private key would be written to a temporary file on the host, as {obstacle}."
