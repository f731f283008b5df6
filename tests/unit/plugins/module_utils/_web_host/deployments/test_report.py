# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a run in data and sentences: before, after, and in check mode."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.proof import Expectation
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.report import list_diffs, report
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.rules import Reload, State
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import Before, Snippet
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.survey import DueSnippet, Survey
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import Service, complete
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint

UNTIL = "2026-06-01T00:00:00Z"
RUNNING, STOPPED = State("running", "web answers on port 443."), State("stopped", "web is not running: no process.")
PORT = Endpoint("localhost", 443, "www")
OLD = {"reachable": True, "as_expected": False, "fingerprint": "old"}
NEW = {"reachable": True, "as_expected": True, "fingerprint": "new"}
RELOAD = Reload("web", "www has a new certificate", [], False)


def service(**options: t.Any) -> Service:
    entry = {"name": "web", "reload_command": ["true"], "ports": [443], "certificates": ["www"], **options}
    (found,) = complete([entry], ["www", "spare"], "")
    return found


def bundle(name: str = "www", **changes: t.Any) -> dict[str, t.Any]:
    return {
        "name": name,
        "path": f"/etc/acm/{name}/live",
        "serial": "02",
        "previous_serial": "01",
        "fingerprint": "new",
        "public_key_fingerprint": "",
        "previous_public_key_fingerprint": "",
        "not_after": UNTIL,
        "changed": True,
        "swapped": True,
        "needs_key": False,
        "reasons": ["it was renewed"],
        "pruned": [],
        "diff": {"before": "serial 01\n", "after": "serial 02\n"},
        **changes,
    }


def found(**changes: t.Any) -> Survey:
    """A host whose web server runs and shows the certificate before the one in its new set."""
    return Survey(
        **{
            "plans": [],
            "bundles": [bundle()],
            "sets": {},
            "snippets": [],
            "states": {"web": RUNNING},
            "expectations": [Expectation("web", PORT, ["www"], ["www"])],
            "sightings": [OLD],
            "reloads": [RELOAD],
            "starts": [],
            "refusal": None,
            **changes,
        }
    )


def told(survey: Survey, *, seen: t.Any = None, is_check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    sightings = {("web", PORT): seen} if seen else {}
    return report([service(**options)], survey, sightings, {}, {}, is_check)


def test_check_mode_says_what_would_be_done_and_looks_at_nothing() -> None:
    snippet = DueSnippet(Snippet("web", "/etc/nginx/a.conf", b"x"), Before(), True)
    same = DueSnippet(Snippet("web", "/etc/nginx/b.conf", b"x"), Before(b"x"), False)
    result = told(found(snippets=[snippet, same]), is_check=True)
    assert result["due"] and result["served_after"] == []
    assert result["sentences"] == [
        f"www: it was renewed; serial 02, valid until {UNTIL}, would be put in place.",
        "/etc/nginx/a.conf would be written.",
        "web would be reloaded: www has a new certificate.",
    ]
    handed = told(found(reloads=[RELOAD._replace(combined=["/x.pem"])]), is_check=True)
    assert "web would be given its certificates: www has a new certificate." in handed["sentences"]
    assert handed["services"][0]["action"] == "runtime"


def test_check_mode_of_a_stopped_service() -> None:
    survey = found(states={"web": STOPPED}, reloads=[], starts=[service()])
    result = told(survey, is_check=True)
    assert result["sentences"][-2:] == ["web would be started.", STOPPED.evidence]
    assert (result["services"][0]["action"], result["services"][0]["reason"]) == ("start", "it is not running")


def test_later_observations_replace_earlier_ones() -> None:
    result = told(found(), seen=NEW)
    assert result["served_before"] == [OLD] and result["served_after"] == [NEW]
    assert [line["state"] for line in result["summary"]] == ["served"]
    assert result["sentences"] == [f"web serves www on port 443: serial 02, valid until {UNTIL} (before: serial 01)."]
    assert [line["state"] for line in told(found())["summary"]] == ["not_served"]


def test_a_stopped_service_is_reported_once() -> None:
    result = told(found(states={"web": STOPPED}, sightings=[{"reachable": False}], reloads=[]))
    assert [text for text in result["sentences"] if "not running" in text] == [
        f"web is not running; www is in place for when it starts: serial 02, valid until {UNTIL} (before: serial 01)."
    ]


def test_a_set_of_the_same_certificate_was_corrected() -> None:
    same = bundle(previous_serial="02", reasons=["the mode of privkey.pem was 0644"])
    corrected = "www was corrected: the mode of privkey.pem was 0644."
    assert corrected in told(found(bundles=[same]), seen=NEW)["sentences"]
    assert corrected not in told(found(bundles=[same], refusal="The configuration is broken."))["sentences"]
    assert "was corrected" not in str(told(found(), seen=NEW)["sentences"])


def test_a_set_that_no_service_uses_gets_its_own_sentence() -> None:
    result = told(found(bundles=[bundle(), bundle("spare", previous_serial=None)]), seen=NEW)
    assert result["sentences"][-1] == f"spare is in place in /etc/acm/spare/live: serial 02, valid until {UNTIL}."


def test_pruned_sets_and_the_latest_findings_are_reported() -> None:
    survey = found()
    result = report([service()], survey, {}, {"web": STOPPED}, {"www": ["01"]}, False)
    assert result["bundles"][0]["pruned"] == ["01"] and result["services"][0]["state"] == "stopped"
    assert "diff" not in result["bundles"][0] and "diff" in survey.bundles[0]


def test_the_diff_shows_the_text_of_snippets_only_on_request() -> None:
    snippet = Snippet("web", "/etc/nginx/a.conf", b"new\n")
    link = Snippet("web", "/etc/nginx/on.conf", target="a.conf")
    snippets = [DueSnippet(snippet, Before(b"old\n"), True), DueSnippet(link, Before(), True)]
    same = bundle("same", diff={"before": "x", "after": "x"})
    survey = found(bundles=[bundle(), same], snippets=snippets)
    assert list_diffs(survey, shows_text=False) == [bundle()["diff"]]
    assert [(each["before"], each["after"]) for each in list_diffs(survey, shows_text=True)[1:]] == [
        ("old\n", "new\n"),
        ("\n", "-> a.conf\n"),
    ]
