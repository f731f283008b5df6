# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a host, in data and in sentences."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.certops.acm.plugins.filter.acm_deploy import FilterModule
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.outcome import find_outcome, find_reason

from ansible_collections.certops.acm.tests.unit.plugins.plugin_utils._deploy.test_answers import HOST, LINE, answer

DONE = {**HOST, "to_come": []}
LOOKED = answer(bundle={"needs_key": False}, due=False, needs_key=False)
SKIPPED = {"skipped": True, "changed": False}


def outcome(looked: Any, done: Any = None, keys: Any = None, is_check: bool = False, **host: Any) -> dict[str, Any]:
    return find_outcome({**DONE, **host}, looked, keys or {}, done or SKIPPED, is_check)


@pytest.mark.parametrize(
    ("looked", "done", "host", "message", "restored"),
    [
        ({}, None, {"fault": "Wrong."}, "Wrong. Nothing was changed.", True),
        (
            {"unreachable": True, "msg": "no route"},
            None,
            {},
            "web1 cannot be reached: no route. Nothing was changed.",
            True,
        ),
        (
            {"msg": "x", "module_stderr": "a\nNo module named ssl"},
            None,
            {},
            "could not run on web1: a No module named ssl. Nothing",
            True,
        ),
        (
            {**answer(), "failed": True, "restored": True, "msg": "Broken. Nothing was changed."},
            None,
            {},
            "Broken. Nothing was changed.",
            True,
        ),
        (
            answer(),
            {"unreachable": True, "msg": "lost"},
            {},
            "web1 cannot be reached: lost. It is not known how the deployment ended",
            False,
        ),
        (answer(), {"failed": True, "msg": "x is set. Nothing was sent."}, {}, "x is set. Nothing was sent.", True),
        (answer(), {**answer(), "restored": True, "msg": "It is back."}, {}, "It is back.", True),
        (answer(), {**answer(), "restored": "yes", "msg": "It is back."}, {}, "It is back.", False),
        (answer(), {**answer(line={"ports": [0]})}, {}, "never returns", False),
        (
            answer(pipelining_obstacle="It would be written."),
            None,
            {},
            "It would be written. Nothing was changed.",
            True,
        ),
        (answer(), None, {}, "www.example.com was renewed during this run; run it again.", True),
    ],
)
def test_failures_say_what_failed_and_whether_everything_was_restored(
    looked: Any, done: Any, host: dict[str, Any], message: str, restored: bool
) -> None:
    found = outcome(looked, done, **host)
    assert message in found["failure"]["message"], found
    assert found["failure"]["restored"] is restored and found["summary"] == []


def test_a_failed_export_is_a_failure_of_the_host() -> None:
    found = outcome(answer(), keys={"www.example.com": {"fault": "AccessDenied."}})
    assert found["failure"] == {"message": "AccessDenied. Nothing was changed.", "restored": True}


def test_when_nothing_is_due_the_screen_is_short() -> None:
    found = outcome(LOOKED)
    assert found["failure"] == {} and found["summary"] == [LINE]
    assert found["sentences"] == [
        "Nothing is due on web1: www.example.com is in place, valid until 2027-11-01T00:00:00Z, and served by nginx "
        "on port 443."
    ]


def test_sets_that_were_not_seen_are_not_reported_as_served() -> None:
    unseen = {**LINE, "state": "not_looked_at", "served": False}
    assert outcome({**LOOKED, "summary": [unseen]})["sentences"][0].endswith("valid until 2027-11-01T00:00:00Z.")


def test_services_not_looked_at_are_in_the_result_but_not_in_the_summary() -> None:
    unseen = {**LINE, "state": "not_looked_at", "served": False}
    found = outcome({**LOOKED, "summary": [unseen]})
    assert found["summary"] == [] and found["certificates"][0]["lines"] == [unseen]
    assert found["certificates"][0]["identity"] == "www.example.com"


def test_an_interrupted_or_killed_earlier_run_is_reported() -> None:
    began = "An earlier deployment, begun at 2026-11-01T00:00:00Z, ended after its connection was lost: "
    for message, told in (("nginx is broken.", "nginx is broken."), ("", "it succeeded.")):
        lost = {"message": message, "started_at": "2026-11-01T00:00:00Z"}
        done = answer(sentences=["Done."], lost_outcome=lost, recovered=None)
        assert outcome(answer(), done, keys={"www.example.com": {}})["sentences"] == [began + told, "Done."]
        looked = outcome({**LOOKED, "lost_outcome": lost})["sentences"]
        assert began + told in looked and looked[0].startswith("Nothing is due")
    done = answer(sentences=["Done."], lost_outcome=None, recovered={"message": "It was undone."})
    assert outcome(answer(), done, keys={"www.example.com": {}})["sentences"] == ["It was undone.", "Done."]


def test_check_mode_says_what_would_be_done() -> None:
    found = outcome({**answer(), "sentences": ["nginx would be reloaded."]}, is_check=True)
    assert found["failure"] == {} and found["sentences"] == ["nginx would be reloaded."]
    found = outcome({}, is_check=True, certificates=[], to_come=["www.example.com"])
    assert found["failure"] == {} and found["sentences"] == [
        "www.example.com: ACM does not have it yet. It would be deployed."
    ]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"msg": "It is so"}, "It is so."),
        (
            {"msg": "non-zero return code", "rc": 1, "cmd": ["false"], "stderr": ""},
            "The command false exited with code 1 and printed nothing.",
        ),
        ({"results": [{"msg": "fine"}, {"failed": True, "stderr": "bad"}]}, "bad."),
        ({"msg": "Task failed: The filter plugin 'certops.acm.acm_deploy_begin' failed: Give one."}, "Give one."),
        ({}, "no reason was given."),
    ],
)
def test_the_reason_of_a_failure(result: dict[str, Any], reason: str) -> None:
    assert find_reason(result) == reason


def test_a_failure_keeps_its_cause_remedy_and_state_however_long_it_is() -> None:
    sight = f"127.0.0.1:443, asked without SNI, serves CN=www, serial {':'.join(['0a'] * 16)}, SHA-256 {'d2' * 32}."
    sentences = [
        "own on 127.0.0.1:443, asked without SNI, should serve www.",
        "Check which virtual host answers there.",
        "The previous sets are live again.",
    ]
    said = f"{sentences[0]}\n{sight}\n{sentences[1]}\n{sentences[2]} But not every port serves what it served: "
    for many in (3, 300):
        failed = {**answer(), "failed": True, "restored": False, "msg": said + " ".join([sight] * many)}
        message = outcome(answer(), failed)["failure"]["message"]
        assert all(each in message for each in sentences) and len(message) <= 4000, message


def test_the_end_of_a_traceback_does_not_hide_what_it_means() -> None:
    found = outcome(answer(), {"failed": True, "msg": "x", "module_stderr": "Traceback " + "x" * 9000})["failure"]
    assert found["message"].startswith("The module could not run on web1: Traceback") and len(found["message"]) < 1100
    assert "the next run says how it ended" in found["message"]


def test_a_stopped_service_is_reported_once() -> None:
    line = {"state": "stopped", "served": False, "running": False, "sentence": "nginx is not running; it is in place."}
    said = ["nginx is not running: no process was found.", "haproxy is not running: no process was found."]
    looked = {**answer(line=line, bundle={"needs_key": False}, due=False, needs_key=False), "sentences": said}
    assert outcome(looked)["sentences"][1:] == [line["sentence"], said[1]]


@pytest.mark.parametrize(
    ("entry", "words", "said"),
    [
        ({}, (), "The argument of acm_deploy is '': give 'sentence' for an entry of acm_deploy_summary, or 'reason'"),
        ({}, ("nonsense",), "The argument of acm_deploy is 'nonsense': give 'sentence'"),
        ({}, ("sentence",), "acm_deploy takes one entry of acm_deploy_summary, or the result of one task: use map"),
        ([{"sentence": "x"}], ("sentence",), "use map for a list of them"),
        ("text", ("reason",), "acm_deploy takes one entry"),
    ],
)
def test_the_filter_for_everyone_explains_itself(entry: Any, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        FilterModule().filters()["acm_deploy"](entry, *words)
