# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send acm_import's key or passphrase through the connection, never in a temporary file; and refuse a key in an option
that the host would log."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._x509.material import refuse_misplaced_key
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction, items_of
from ansible_collections.certops.acm.plugins.plugin_utils.progress import certificates


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("private_key", "bundle", "passphrase")
    KEY_OPTIONS = ("private_key", "bundle")
    REFUSAL = (
        "The private key would be written to a temporary file, as {obstacle}, "
        "or give private_key_path or bundle_path."
    )

    def check(self, arguments: dict[str, t.Any]) -> None:
        items = arguments.get("certificates") or ()
        for options in (arguments, *(items if isinstance(items, (list, tuple)) else ())):
            if isinstance(options, dict):
                refuse_misplaced_key(options)
        super().check(arguments)

    def subject(self, arguments: dict[str, t.Any]) -> str:
        return certificates(items_of(arguments))
