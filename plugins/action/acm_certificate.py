# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand acm_certificate a TSIG key through the connection, never through a temporary file."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import DICT, LIST, PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("key_secret",)
    CONTAINERS = {"certificates": LIST, "publish": DICT, "rfc2136": DICT}
    REFUSAL = "The key_secret would be written to a temporary file, as {obstacle}."
