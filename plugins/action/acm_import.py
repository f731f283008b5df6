# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand acm_import a key or a passphrase through the connection, never through a temporary file."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction, holds_any


class ActionModule(PipelinedAction):
    REFUSAL = (
        "The private key would be written to a temporary file, as {obstacle}, "
        "or give private_key_path or bundle_path."
    )

    def _carries_secret(self, arguments: dict[str, t.Any]) -> bool:
        return holds_any(arguments, ("private_key", "bundle", "passphrase"))
