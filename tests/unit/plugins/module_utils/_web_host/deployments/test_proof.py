# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a correct server may serve, case by case."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.der import CertificateFacts
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.proof import (
    Deployed,
    Expectation,
    list_expectations,
    sum_up,
    to_ascii,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import Service, complete

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def deployed(name: str, *names: str, ask: list[str] | None = None, key_type: str = "ecdsa") -> Deployed:
    """A set whose new certificate has the fingerprint new-NAME, and whose previous one had old-NAME."""
    held = list(names or [name])
    facts = CertificateFacts(
        serial="0a",
        fingerprint=f"new-{name}",
        public_key_fingerprint="",
        subject=f"CN={held[0]}",
        issuer="CN=ca",
        subject_der=b"",
        issuer_der=b"",
        not_before=NOW,
        not_after=NOW,
        names=held,
        ip_addresses=[],
        is_for_servers=True,
        key_type=key_type,
    )
    return Deployed(name, f"/etc/acm/{name}/live", facts, held[:1] if ask is None else ask, f"old-{name}")


def expect(
    *sets: Deployed, shown: dict[t.Any, str] | None = None, **options: t.Any
) -> dict[tuple[str | None, str | None], list[str]]:
    """(requested name, requested key type) → what is correct there."""
    entry = {"name": "own", "reload_command": ["true"], **options}
    services = complete([entry], [each.name for each in sets], "")
    before = {("own", Endpoint("localhost", 443, name)): fingerprint for name, fingerprint in (shown or {}).items()}
    found = list_expectations(services, {each.name: each for each in sets}, before)
    return {(each.endpoint.server_name, each.endpoint.key_type): each.right for each in found}


WWW, API = deployed("www.x"), deployed("api.x")


def test_each_name_must_show_its_own_certificate_and_nothing_is_expected_without_a_name() -> None:
    assert expect(WWW, API) == {("www.x", None): ["www.x"], ("api.x", None): ["api.x"], (None, None): []}


@pytest.mark.parametrize("shown", ["old-api.x", "new-api.x"])
def test_what_was_served_without_a_name_determines_what_is_expected_there(shown: str) -> None:
    assert expect(WWW, API, shown={None: shown})[(None, None)] == ["api.x", "www.x"]
    assert expect(WWW, API, shown={None: "another"})[(None, None)] == []


def test_a_name_in_two_certificates_may_show_either() -> None:
    apex, www = deployed("apex.x"), deployed("www.apex.x", "www.apex.x", "apex.x")
    found = expect(apex, www, shown={None: "old-www.apex.x"})
    assert found[("apex.x", None)] == ["apex.x", "www.apex.x"] and found[("www.apex.x", None)] == ["www.apex.x"]
    assert found[(None, None)] == ["www.apex.x", "apex.x"]


def test_a_wildcard_is_requested_by_a_name_that_is_in_no_other_certificate() -> None:
    wildcard = deployed("wildcard.x", "*.x")
    assert ("www.x", None) in expect(wildcard)
    found = expect(WWW, wildcard)
    assert found[("www.x", None)] == ["www.x", "wildcard.x"] and found[("wildcard.x", None)] == ["wildcard.x"]


def test_two_key_types_are_requested_separately() -> None:
    rsa, ec = deployed("rsa", "www.x", key_type="rsa"), deployed("ec", "www.x")
    assert expect(rsa, ec) == {("www.x", "ecdsa"): ["ec"], ("www.x", "rsa"): ["rsa"], (None, None): []}
    assert expect(rsa, ec, sni=False) == {(None, "ecdsa"): ["ec"], (None, "rsa"): ["rsa"]}
    silent = deployed("rsa", "www.x", ask=[], key_type="rsa")
    assert expect(silent, ec) == {("www.x", "ecdsa"): ["ec"], ("www.x", "rsa"): ["rsa"], (None, None): []}


def test_either_of_two_certificates_with_the_same_name_and_type_may_be_shown() -> None:
    one, two = deployed("one", "www.x"), deployed("two", "www.x")
    assert expect(one, two)[("www.x", None)] == ["one", "two"]


def test_without_sni_the_only_or_the_default_certificate_is_expected() -> None:
    assert expect(WWW, sni=False) == {(None, None): ["www.x"]}
    assert expect(WWW, API, sni=False, default_certificate="api.x") == {(None, None): ["api.x"]}
    assert expect(WWW, API, default_certificate="api.x")[(None, None)] == ["api.x"]


def test_certificates_left_out_of_a_run_are_not_judged() -> None:
    partial = {"is_partial": True, "shown": {"www.x": "left-out", None: "left-out"}}
    assert expect(WWW, **partial) == {("www.x", None): [], (None, None): []}
    assert expect(WWW, is_partial=True, shown={"www.x": "old-www.x"})[("www.x", None)] == ["www.x"]


def test_without_a_port_there_is_nothing_to_look_at() -> None:
    assert expect(WWW, ports=[]) == {}


@pytest.mark.parametrize(
    "name, expected",
    [("WWW.Example.com.", "www.example.com"), ("bücher.example", "xn--bcher-kva.example"), ("*.X", "*.x")],
)
def test_names_have_one_spelling(name: str, expected: str) -> None:
    assert to_ascii(name) == expected


def test_an_invalid_name_is_refused() -> None:
    with pytest.raises(InvalidInput):
        to_ascii("ü" * 70 + ".example")
    with pytest.raises(InvalidInput, match="Punycode"):
        to_ascii("stra\u00dfe.example")


def standing(state: str, *sightings: dict[str, t.Any], ports: list[int] | None = None) -> str:
    service: Service
    (service,) = complete([{"name": "own", "reload_command": ["true"], "ports": ports or []}], ["www.x"], "")
    bundle = {
        "name": "www.x",
        "path": "/etc/acm/www.x/live",
        "fingerprint": "new",
        "serial": "1",
        "previous_serial": "0",
        "public_key_fingerprint": "",
        "previous_public_key_fingerprint": "",
        "not_after": "",
        "changed": False,
    }
    expectation = Expectation("own", Endpoint("localhost", 443, "www.x"), ["www.x"], ["www.x"])
    (line,) = sum_up([service], {"own": state}, [bundle], [expectation] * len(sightings), sightings)
    assert line["served"] is (line["state"] == "served") and line["running"] is (state != "stopped")
    return str(line["state"])


GOOD = {"reachable": True, "as_expected": True, "fingerprint": "new"}
OTHER = {"reachable": True, "as_expected": True, "fingerprint": "other"}
OLD = {"reachable": True, "as_expected": False, "fingerprint": "old"}
SILENT = {"reachable": False, "as_expected": False}
UNASKED = {"reachable": False, "as_expected": None, "cannot_ask": True}


@pytest.mark.parametrize(
    "state, sightings, expected",
    [
        ("running", [GOOD], "served"),
        ("running", [GOOD, OTHER], "served"),
        ("running", [OTHER], "not_verified"),
        ("running", [GOOD, OLD], "not_served"),
        ("running", [GOOD, SILENT], "not_observed"),
        ("running", [GOOD, UNASKED], "served"),
        ("running", [UNASKED], "not_verified"),
        ("not_observed", [SILENT], "not_observed"),
        ("unknown", [SILENT], "not_observed"),
        ("stopped", [SILENT], "stopped"),
    ],
)
def test_what_a_look_means(state: str, sightings: list[dict[str, t.Any]], expected: str) -> None:
    assert standing(state, *sightings, ports=[443]) == expected


def test_what_was_not_looked_at_does_not_count_as_served() -> None:
    assert standing("assumed") == "not_looked_at" and standing("stopped") == "stopped"
