# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What our own code logs becomes warnings, and nothing else does."""

from __future__ import annotations

import logging

from ansible_collections.certops.acm.plugins.module_utils._ansible.log_warnings import OURS, log_as_warnings


def test_only_our_own_warnings_are_logged() -> None:
    heard: list[str] = []
    ours = logging.getLogger(f"{OURS}._authority.issuing.validation")
    with log_as_warnings(heard.append):
        ours.warning("The mail for %s was not sent.", "www.example.com")
        ours.info("too small to mention")
        logging.getLogger("botocore").warning("not ours")
    ours.warning("too late")
    assert heard == ["The mail for www.example.com was not sent."]
