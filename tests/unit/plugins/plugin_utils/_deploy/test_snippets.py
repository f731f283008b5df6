# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where snippets are, from the role's variables alone."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.plugin_utils._deploy.snippets import list_snippets

SERVICE = {"name": "web", "server": "nginx", "certificates": ["a", "b"], "is_partial": True, "snippets": "/etc/web/"}


def test_snippets_point_at_the_files() -> None:
    found = list_snippets([{**SERVICE, "tls_policy": "modern"}, {**SERVICE, "snippets": None}], "/etc/acm")
    assert [(each["kind"], each["path"], each["folders"], each["is_partial"]) for each in found] == [
        ("certificate", "/etc/web/a.conf", ["/etc/acm/a/live"], False),
        ("certificate", "/etc/web/b.conf", ["/etc/acm/b/live"], False),
        ("policy", "/etc/web/tls-policy.conf", [], False),
    ]


def test_an_incomplete_list_is_marked_as_partial() -> None:
    (found,) = list_snippets([{**SERVICE, "server": "haproxy"}], "/etc/acm")
    assert found["folders"] == ["/etc/acm/a/live", "/etc/acm/b/live"] and found["is_partial"]
