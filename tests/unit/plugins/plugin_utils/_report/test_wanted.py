# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._report import wanted

ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
WWW = {"domain_name": "www.example.com"}
API = {"name": "api", "certificate_arn": ARN}
NAMES = {ARN: "*.api.example.com"}


def host(certificates: list[Any], services: list[Any], **connection: str) -> dict[str, Any]:
    return {
        "connection": connection,
        "certificates": wanted.entries(certificates),
        "services": wanted.services(services),
    }


def looked(certificates: list[Any], services: list[Any]) -> list[tuple[Any, ...]]:
    found = wanted.wishes(host(certificates, services), NAMES)
    return [
        (wish["service"], wish["port"], wish["server_name"], wish["starttls"], wish["identities"]) for wish in found
    ]


@pytest.mark.parametrize(
    ("certificates", "services", "expected"),
    [
        ([], [{"name": "nginx"}], []),
        ([WWW], [], []),
        ([WWW], [{"name": "nginx", "ports": []}], []),
        ([WWW], [{"name": "nginx"}], [("nginx", 443, "www.example.com", None, ["www.example.com"])]),
        # a wildcard's name cannot be asked for; one that is named by ARN has the name that ACM tells
        ([API], [{"name": "nginx"}], [("nginx", 443, "www.api.example.com", None, [ARN])]),
        (
            [WWW, API],
            [{"name": "nginx", "certificates": ["api"], "ports": [443, 8443]}],
            [("nginx", 443, "www.api.example.com", None, [ARN]), ("nginx", 8443, "www.api.example.com", None, [ARN])],
        ),
        (
            [{**WWW, "server_names": ["a.example.com", "b.example.com"]}],
            [{"name": "nginx"}],
            [
                ("nginx", 443, "a.example.com", None, ["www.example.com"]),
                ("nginx", 443, "b.example.com", None, ["www.example.com"]),
            ],
        ),
        ([{**WWW, "server_names": []}], [{"name": "nginx"}], []),
        # a mail server is asked for no name, and may show any of its certificates
        ([WWW, API], [{"name": "postfix"}], [("postfix", 25, None, "smtp", ["www.example.com", ARN])]),
        (
            [WWW, API],
            [{"name": "submission", "server": "postfix", "ports": [587], "default_certificate": "api"}],
            [("submission", 587, None, "smtp", [ARN])],
        ),
        # two certificates for one name are one endpoint
        (
            [WWW, {"domain_name": "x.example.com", "server_names": ["www.example.com"]}],
            [{"name": "nginx"}],
            [("nginx", 443, "www.example.com", None, ["www.example.com", "x.example.com"])],
        ),
    ],
)
def test_where_to_look(certificates: list[Any], services: list[Any], expected: list[tuple[Any, ...]]) -> None:
    assert looked(certificates, services) == expected


def test_a_certificate_missing_from_acm_is_not_looked_for() -> None:
    assert wanted.wishes(host([API], [{"name": "nginx"}]), {}) == []


def test_endpoints_are_valid_for_the_module() -> None:
    wishes = wanted.wishes(host([WWW], [{"name": "postfix"}]), NAMES)
    assert wanted.endpoints(wishes) == [{"host": "localhost", "port": 25, "starttls": "smtp"}]


def test_passphrases_are_dropped() -> None:
    (entry,) = wanted.entries([{**WWW, "pkcs12_passphrase": "secret", "owner": "root"}, "nonsense", {}])
    assert entry == WWW


def test_each_connection_is_read_once() -> None:
    hosts = [
        host([WWW], [], region="eu-central-1"),
        host([API], [], region="eu-central-1"),
        host([WWW], [], authority="/srv/acm"),
        host([], [], region="us-east-1"),  # it should have nothing
    ]
    more = [{"region": "eu-central-1"}, {"region": "us-west-2", "profile": "shop"}]
    assert wanted.connections(hosts, more) == [
        {"region": "eu-central-1"},
        {"authority": "/srv/acm"},
        {"region": "us-west-2", "profile": "shop"},
    ]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [([], [{}]), ([host([], [])], [{}]), ([host([], [], region="us-east-1")], [{"region": "us-east-1"}])],
)
def test_without_certificates_on_hosts_the_environment_determines_the_connection(
    hosts: list[Any], expected: list[Any]
) -> None:
    assert wanted.connections(hosts, []) == expected


def test_the_connection_is_the_roles() -> None:
    assert wanted.connection({"acm_deploy_region": "x", "acm_deploy_profile": "", "acm_deploy_authority": False}) == {
        "region": "x"
    }
    assert wanted.label({"region": "x", "profile": "p"}) == "x, profile p"
    assert wanted.label({"authority": "/srv/acm"}) == "authority /srv/acm"
    assert wanted.label({}) == "default region"


@pytest.mark.parametrize(
    ("authority", "fault"), [("", "acm_deploy_authority is empty"), ("lab", "'lab'; give an absolute path")]
)
def test_aws_is_not_read_in_place_of_an_empty_or_relative_authority(authority: str, fault: str) -> None:
    noted = {"connection": wanted.connection({"acm_deploy_authority": authority}), "certificates": [], "services": []}
    with pytest.raises(InvalidInput, match=fault):
        wanted.connections([noted], [])
