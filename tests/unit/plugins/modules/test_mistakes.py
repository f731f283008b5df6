# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that people make in tasks, and the one sentence that each gets: it names the option and says what to do."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

NAME = {"domain_name": "www.example.com"}
ITEMS = "a dictionary with options such as certificate_arn, domain_name, subject_alternative_names."
ROWS: list[tuple[str, dict[str, t.Any], str]] = [
    ("acm_certificate", {"domain": "www.example.com"}, "has no option domain: did you mean domain_name?"),
    ("acm_certificate", {**NAME, "keyalgorithm": "x"}, "has no option keyalgorithm: did you mean key_algorithm?"),
    ("acm_certificate", {"certificates": [{"domain": "a"}]}, "has no option domain in certificates[1]: did you mean"),
    (
        "acm_certificate",
        {"certificates": "a.example.com"},
        f"certificates is text, but must be a list in which each item is {ITEMS}",
    ),
    ("acm_certificate", {"certificates": ["a.example.com"]}, f"Item 1 of certificates is text, but must be {ITEMS}"),
    ("acm_certificate", {"certificates": dict(NAME)}, "certificates is a single dictionary, but must be a list"),
    ("acm_certificate", {"certificates": ""}, "certificates is empty, but must be a list"),
    ("acm_certificate", {**NAME, "certificates": []}, "certificates and domain_name cannot be given together"),
    (
        "acm_certificate",
        {**NAME, "publish": "route53"},
        "publish is text, but must be a dictionary with options such as",
    ),
    ("acm_certificate", {**NAME, "state": "presnt"}, "Value of state must be one of: present, absent, revoked"),
    ("acm_certificate", {**NAME, "key_algorithm": "EC"}, "Value of key_algorithm must be one of: RSA_2048"),
    (
        "acm_certificate",
        {**NAME, "options": {"export": "yes"}},
        "In options: value of export must be one of: ENABLED, DISABLED",
    ),
    ("acm_certificate", {"domain_name": ""}, "One of the following is required: certificates, certificate_arn"),
    (
        "acm_export",
        {"certificate_arn": "www.example.com"},
        "certificate_arn is 'www.example.com', which is not an ARN",
    ),
    ("acm_certificate_info", {"statuses": ["ISUED"]}, "Value of statuses must be one or more of"),
    (
        "acm_export",
        {**NAME, "files": "cert"},
        "files is text, but must be a dictionary with options such as cert, chain",
    ),
    ("acm_export", {**NAME, "path": "/x", "mode": "0644"}, "0644"),
    ("acm_certificate", {**NAME, "wait_timeout": "five"}, "wait_timeout is 'five', but must be a whole number."),
    ("acm_certificate", {**NAME, "wait": "maybe"}, "wait is 'maybe', but must be true or false."),
    ("acm_certificate", {**NAME, "tags": "web"}, "tags is text, but must be a dictionary."),
    ("acm_certificate", {**NAME, "prices": {"name": "seven"}}, "prices.name is 'seven', but must be a number."),
    (
        "acm_certificate",
        {"certificates": [{**NAME, "wait": "maybe"}]},
        "certificates[1].wait is 'maybe', but must be true or false.",
    ),
    (
        "served_certificate_info",
        {"endpoints": [{"host": "127.0.0.1", "port": "https"}]},
        "endpoints[1].port is 'https', but must be a whole number.",
    ),
    (
        "served_certificate_info",
        {"endpoints": "host:443"},
        "endpoints is text, but must be a list in which each item is a",
    ),
    (
        "acm_certificate_info",
        {"authority": "lab/acm"},
        "authority is 'lab/acm', which is a relative path",
    ),
    (
        "acm_certificate_info",
        {"authority": ""},
        "authority is empty: give the path of an authority, or leave the option",
    ),
    ("acm_certificate", {**NAME, "authority": "  "}, "authority is empty: give an absolute path"),
    ("acm_export", {**NAME, "path": "rel"}, "path is 'rel', which is a relative path: give an absolute path."),
    (
        "acm_export",
        {"certificates": [{**NAME, "path": "rel"}]},
        "certificates[1].path is 'rel', which is a relative path",
    ),
    ("acm_authority", {"path": "rel"}, "path is 'rel', which is a relative path"),
    ("acm_authority", {"path": "s3://bucket/acm"}, "path is 's3://bucket/acm', which is a URL: give an absolute path."),
    ("acm_authority", {"path": "/x", "backup_to": "rel"}, "backup_to is 'rel', which is a relative path"),
    ("acm_authority", {"path": ""}, "path is empty, but must have a value."),
    ("acm_authority_records_info", {"path": "rel"}, "path is 'rel', which is a relative path"),
    (
        "acm_renewals_memory",
        {"path": "rel", "name": "a", "began_at": "2026-01-01T00:00:00Z"},
        "path is 'rel', which is a relative path",
    ),
    ("certificate_bundle", {"path": "rel", "certificates": [{"name": "a"}]}, "path is 'rel', which is a relative path"),
    ("certificate_deployment", {"path": "rel", "certificates": []}, "path is 'rel', which is a relative path"),
    ("acm_certificate", {"domain_name": ["www.example.com"]}, "domain_name is a list, but must be text."),
    (
        "acm_import",
        {"certificate": {"pem": "x"}, "private_key": "s3cret"},
        "certificate is a dictionary, but must be text.",
    ),
    ("acm_import", {"bundle_path": ["/x.pem"]}, "bundle_path is a list, but must be a path."),
    (
        "acm_renewals_memory",
        {"path": "/x", "name": "a", "began_at": "yesterday"},
        "began_at is 'yesterday': give a time in ISO 8601",
    ),
    (
        "acm_alert",
        {"alerts": [{"key": "k", "kind": "expired", "title": ""}], "channels": []},
        "alerts[1].title is empty, but must have a value.",
    ),
    (
        "certificate_bundle",
        {"certificates": [{"name": "a"}, {"name": None}]},
        "certificates[2].name is empty, but must",
    ),
    ("certificate_bundle", {"certificates": None}, "certificates is empty, but must have a value."),
    ("acm_authority", {"path": False}, "path is a boolean, but must be a path."),
    (
        "certificate_bundle",
        {"certificates": [{"name": {"a": 1}}]},
        "certificates[1].name is a dictionary, but must be text.",
    ),
    ("served_certificate_info", {"host": ["a"]}, "host is a list, but must be text."),
    (
        "haproxy_certificate",
        {"socket": "/x", "certificates": [["/x"]]},
        "Item 1 of certificates is a list, but must be",
    ),
]


@pytest.mark.parametrize(("module", "arguments", "sentence"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_each_mistake_gets_its_sentence(
    run_module: t.Any, tmp_path: Path, module: str, arguments: dict[str, t.Any], sentence: str
) -> None:
    is_lab = module.startswith("acm_") and module not in (
        "acm_authority",
        "acm_authority_records_info",
        "acm_renewals_memory",
    )
    place = {"authority": str(tmp_path / "none")} if is_lab else {}
    result = run_module(module, {**place, **arguments})
    assert result["failed"] and sentence in result["msg"], result["msg"]
    assert result["error"]["code"] == "InvalidInput" and result["error"]["operation"] is None
    for noise in ("Traceback", "Supported parameters", "could not parse JSON", "convert", "found in", "\n"):
        assert noise not in result["msg"]
