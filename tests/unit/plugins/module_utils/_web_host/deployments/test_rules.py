# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs, what reloads, and what is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.bundle import Difference
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.rules import (
    OTHER_CERTIFICATE,
    State,
    choose_reloads,
    complain,
    find_refusal,
    judge_state,
    list_proofs,
    settle,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.proof import Expectation
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import Service, complete
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.deployments.test_proof import deployed

SEEN = {"reachable": True, "port": 443}
REFUSED = {"reachable": False, "port": 443, "is_refused": True, "error": "Nothing listens."}
SILENT = {"reachable": False, "port": 443, "error": "No answer."}


def service(**options: t.Any) -> Service:
    (found,) = complete([{"name": "own", "reload_command": ["true"], **options}], ["www", "api"], "")
    return found


@pytest.mark.parametrize(
    "pid, unit, sightings, ports, state",
    [
        (False, None, [SEEN], [443], "running"),
        (False, False, [REFUSED, SEEN], [443, 444], "running"),
        (True, None, [REFUSED], [443], "not_observed"),
        (None, True, [REFUSED], [443], "not_observed"),
        (False, True, [REFUSED], [443], "not_observed"),
        (False, None, [SILENT], [443], "not_observed"),
        (None, None, [SILENT, REFUSED], [443, 444], "not_observed"),
        (False, None, [REFUSED], [443], "stopped"),
        (None, False, [REFUSED], [443], "stopped"),
        (False, False, [REFUSED], [443], "stopped"),
        (None, None, [REFUSED], [443], "unknown"),
        (None, None, [], [], "assumed"),
        (True, None, [], [], "running"),
        (None, True, [], [], "running"),
        (False, None, [], [], "stopped"),
        (None, False, [], [], "stopped"),
    ],
)
def test_what_is_known_about_a_service(
    pid: bool | None, unit: bool | None, sightings: list[dict[str, t.Any]], ports: list[int], state: str
) -> None:
    found = judge_state(service(ports=ports), pid, unit, sightings)
    assert found.name == state and found.evidence.endswith(".")


def test_an_unknown_unit_behind_a_refused_port_counts_as_stopped() -> None:
    assert judge_state(service(reload_command=None, service_name="own"), None, None, [REFUSED]).name == "stopped"


def test_an_unknown_state_counts_as_stopped_where_stopped_services_are_started_or_refused() -> None:
    unknown = State("unknown", "Nothing was seen.")
    assert [settle(unknown, each).name for each in ("ignore", "start", "fail")] == ["unknown", "stopped", "stopped"]


def reloads(
    state: str = "running",
    swapped: bool = False,
    as_expected: bool | None = True,
    reachable: bool = True,
    snippet: bool = False,
    **options: t.Any,
) -> list[tuple[str, bool, bool]]:
    bundles = [{"name": name, "path": f"/etc/acm/{name}/live", "swapped": swapped} for name in ("www", "api")]
    expectation = Expectation("own", Endpoint("localhost", 443, "www"), ["www"], ["www"])
    found = choose_reloads(
        [service(**options)],
        {"own": State(state, "")},
        bundles,
        [expectation],
        [{"as_expected": as_expected, "reachable": reachable}],
        ["own"] if snippet else [],
    )
    return [(each.reason, bool(each.combined), each.may_fail) for each in found]


def test_which_services_reload_and_why() -> None:
    assert reloads() == []
    assert reloads(swapped=True) == [("www is new", False, False)]
    assert reloads(swapped=True, state="stopped") == []
    assert reloads(as_expected=False) == [("port 443 served a certificate other than the one on disk", False, False)]
    assert reloads(as_expected=False, reachable=False, state="not_observed") == [
        ("nothing answered on port 443", False, False)
    ]
    assert reloads(as_expected=False, reachable=False, state="unknown") == []
    assert reloads(swapped=True, state="unknown") == [("www is new", False, True)]
    assert reloads(snippet=True) == [("a snippet is new", False, False)]


def test_a_runtime_socket_is_used_for_sets_and_not_for_snippets() -> None:
    haproxy: dict[str, t.Any] = {"runtime_socket": "/run/haproxy.sock", "files": ["combined"]}
    assert reloads(swapped=True, **haproxy) == [("www is new", True, False)]
    assert reloads(swapped=True, snippet=True, **haproxy) == [("a snippet is new", False, False)]


def test_what_is_refused_before_anything_is_done() -> None:
    services, running = [service()], {"own": State("running", "")}
    swapped = [Difference(True, OTHER_CERTIFICATE)]

    def refusal(states: dict[str, State], broken: dict[str, str], found: list[Difference], when: str) -> str | None:
        return find_refusal(services, states, broken, found, when, "web1")

    assert refusal(running, {}, swapped, "ignore") is None
    stopped = {"own": State("stopped", "")}
    assert refusal(stopped, {}, [], "ignore") is None
    said = "own is not running and cannot be started; give it start_command or service_name. Nothing was changed."
    assert refusal(stopped, {}, [], "start") == said and refusal(running, {}, [], "start") is None
    for way in ({"start_command": ["true"]}, {"service_name": "own"}):
        services = [service(**way)]
        assert refusal(stopped, {}, [], "start") is None
    services = [service()]
    assert "own is not running on web1" in str(refusal(stopped, {}, [], "fail"))
    assert "was already broken: bad." in str(refusal(running, {"own": "bad."}, swapped, "ignore"))
    assert "was already broken" in str(refusal(running, {"own": "bad."}, [Difference(False, "mode")], "ignore"))
    assert refusal(running, {"own": "bad."}, [Difference(True, "privkey.pem was missing")], "ignore") is None


def failed(sighting: dict[str, t.Any], **options: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    endpoint = Endpoint("localhost", 443, "www")._replace(**options)
    proof = {
        "service": "own",
        "endpoint": list(endpoint),
        "right": ["new"],
        "previous": ["old"],
        "expected": "www (serial 2)",
        "folders": ["/etc/acm/www/live"],
    }
    return proof, sighting


OLD = {"reachable": True, "subject": "CN=www", "serial": "1", "fingerprint": "old"}
GONE = {"reachable": False, "error": "Nothing listens there."}


def test_a_complaint_says_what_to_look_at() -> None:
    old = complain([failed(OLD, key_type="rsa")]).splitlines()
    other = complain([failed({**OLD, "fingerprint": "other"}, server_name=None)]).splitlines()
    silent = complain([failed(GONE, host="::1")]).splitlines()
    assert [len(each) for each in (old, other, silent)] == [2, 2, 2]
    assert old[0] == (
        "own on localhost:443, asked for www by a client that accepts only rsa, should serve www (serial 2), "
        "but serves CN=www (serial 1)."
    )
    assert "the reload reached" in old[1] and "/etc/acm/www/live" in old[1] and "which virtual host" in other[1]
    assert other[0].startswith("own on localhost:443, asked without SNI, should serve www")
    assert silent[0] == "own on [::1]:443, asked for www, should serve www (serial 2). Nothing listens there."


def test_a_complaint_names_the_other_endpoints_without_repetition() -> None:
    others = [failed(OLD, server_name=None), failed(OLD, server_name="api"), failed(OLD, port=444)]
    told = complain([failed(OLD), *others]).splitlines()[2:]
    assert told == [
        "Failed too: the same port without SNI, the same port asked for api and own on localhost:444, asked for www."
    ]
    assert len(complain([failed(GONE), failed(GONE, server_name=None)]).splitlines()) == 2


def test_a_complaint_stays_short_however_many_sets_are_served_correctly() -> None:
    sets = {f"s{number}": deployed(f"s{number}") for number in range(40)}
    (proof,) = list_proofs([Expectation("own", Endpoint("localhost", 443, "www"), ["s0"], list(sets))], sets, [])
    said = complain([(proof, {**OLD, "fingerprint": "a" * 64})] * 40)
    assert "or 37 more" in said and "and 36 more" in said and "which virtual host" in said and len(said) < 1000
