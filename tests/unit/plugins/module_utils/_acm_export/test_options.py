# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an export: what is refused, and what the rest means."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import options as export_options
from ansible_collections.certops.acm.plugins.module_utils._acm_export.item import Item
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "either certificate_arn or domain_name"),
        (
            {"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1", "domain_name": "a.example.com"},
            "either",
        ),
        ({"certificate_arn": "x"}, "is not an ARN"),
        ({"domain_name": "a_b.example.com"}, "a_b"),
        ({"domain_name": "a.example.com", "passphrase": "abc"}, "4 to 128"),
        ({"domain_name": "a.example.com", "passphrase": "hushed#"}, "#, $ or %"),
        ({"domain_name": "a.example.com", "passphrase": "hushedß"}, "ASCII"),
        ({"domain_name": "a.example.com", "path": "/x", "files": {"pkcs12": {}}}, "needs a passphrase"),
        ({"domain_name": "a.example.com", "path": "/x", "encrypt_key": True}, "needs a passphrase"),
        ({"domain_name": "a.example.com", "return_pkcs12": True}, "needs a passphrase"),
        ({"domain_name": "a.example.com", "files": {"key": {}}}, "no folder"),
        ({"domain_name": "a.example.com", "path": "/x", "mode": "0644"}, "every user"),
        ({"domain_name": "a.example.com", "path": "/x", "mode": 640}, "octal"),
        ({"domain_name": "a.example.com", "path": "/x", "mode": "u=rwz"}, "octal"),
        ({"domain_name": "a.example.com", "path": "/x", "owner": "nobody-at-all"}, "no owner nobody-at-all"),
        ({"domain_name": "a.example.com", "path": "/x", "group": "nobody-at-all"}, "no group nobody-at-all"),
    ],
)
def test_options_that_contradict_each_other_or_are_invalid(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        export_options.read(options)
    message = str(caught.value)
    assert reason in message and "hushed" not in message
    assert message.endswith(".") and "\n" not in message


def test_a_folder_alone_gets_the_default_files() -> None:
    wanted = export_options.read({"domain_name": "a.example.com", "path": "/srv/tls"})
    assert [(spec.path, spec.mode) for spec in wanted.files] == [
        ("/srv/tls/cert.pem", 0o644),
        ("/srv/tls/chain.pem", 0o644),
        ("/srv/tls/fullchain.pem", 0o644),
        ("/srv/tls/privkey.pem", 0o600),
    ]


def test_only_the_named_files_are_written_and_an_absolute_path_needs_no_folder() -> None:
    files = {"key": {"path": "/etc/a.key", "group": "0"}, "cert": None, "chain": {"path": "/etc/a.pem", "mode": "0640"}}
    wanted = export_options.read({"domain_name": "a.example.com", "files": files})
    assert {spec.form: (spec.path, spec.mode) for spec in wanted.files} == {
        "key": ("/etc/a.key", 0o640),
        "chain": ("/etc/a.pem", 0o640),
    }


def test_two_items_may_not_write_the_same_file() -> None:
    def item(**options: Any) -> Item:
        return Item(export_options.read({"domain_name": "a.example.com", **options}))

    items = [item(path="/srv/a"), item(path="/srv/b"), item(path="/srv/c/../a", files={"key": {}})]
    export_options.refuse_shared_files(items)
    assert [each.error is None for each in items] == [True, True, False]
    assert str(items[2].error).startswith("/srv/a/privkey.pem is a file of both items 1 and 3")
    twice = item(files={"key": {"path": "/srv/x"}, "cert": {"path": "/srv/x"}})
    export_options.refuse_shared_files([twice])
    assert "several forms" in str(twice.error)
