# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an alert says in HTML."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.module_utils._acm_alert import html
from ansible_collections.certops.acm.tests.support.sample_alerts import an_alert, FULL


def test_html_is_escaped_and_holds_the_same() -> None:
    shown = html.html([FULL, an_alert("other", title="</title><img src=x>")])
    assert "<script" not in shown and "<img" not in shown and "&lt;*.example.com&gt;" in shown
    for part in ("_abc_def_.example.com.", "_xyz.acm-validations.aws.", "(in 15 days)", "Critical (1)", "Warning (1)"):
        assert part in shown
    assert "http" not in shown  # nothing is fetched by who reads it
