# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the queue of an account, and the inbox of an authority, are read: calls, waits and attempts."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications import inbox

NAME = "certops-acm"


def test_a_batch_that_partly_fails_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the service is retried, one of ours is not, and the rest of the batch is done once."""
    asked: list[list[str]] = []
    slept: list[float] = []

    def answer(_client: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
        handles = {each["Id"]: each["ReceiptHandle"] for each in members["Entries"]}
        asked.append(list(handles.values()))
        fault = {"good": None, "stale": True, "slow": False if len(asked) == 1 else None, "broken": False}
        failed = [
            {"Id": number, "SenderFault": fault[handle], "Code": f"Code{handle}"}
            for number, handle in handles.items()
            if fault[handle] is not None
        ]
        return {"Failed": failed}

    monkeypatch.setattr(inbox, "call_service", answer)
    queue = inbox.SqsInbox(None, "url", NAME, slept.append, lambda: 0.0)
    assert queue.acknowledge(["good", "stale", "slow", "broken"]) == {"stale": "Codestale", "broken": "Codebroken"}
    assert asked == [["good", "stale", "slow", "broken"], ["slow", "broken"], ["broken"]] and len(slept) == 2


@pytest.mark.parametrize(("wait_s", "polls"), [(0, [1]), (5, [5]), (21, [20, 1]), (90, [20, 20, 20, 20, 10])])
def test_a_long_poll_ends(monkeypatch: pytest.MonkeyPatch, wait_s: int, polls: list[int]) -> None:
    asked: list[int] = []

    def answer(_client: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
        asked.append(members["WaitTimeSeconds"])
        return {}

    monkeypatch.setattr(inbox, "call_service", answer)
    queue = inbox.SqsInbox(None, "url", NAME, lambda _s: None, lambda: float(sum(asked)))
    assert queue.receive(100, wait_s, 30) == [] and asked == polls


def test_it_does_not_wait_for_more_once_it_has_some(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[t.Any] = [{}, {"Messages": [{"MessageId": "1", "ReceiptHandle": "h", "Body": "b"}]}, {}]
    asked: list[int] = []

    def answer(_client: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
        asked.append(members["WaitTimeSeconds"])
        return dict(answers.pop(0))

    monkeypatch.setattr(inbox, "call_service", answer)
    queue = inbox.SqsInbox(None, "url", NAME, lambda _s: None, lambda: float(sum(asked)))
    assert [each.body for each in queue.receive(100, 60, 30)] == ["b"] and asked == [20, 20, 1]


class Events:
    """The events of an authority: none at first."""

    def __init__(self, empty_looks: int) -> None:
        self.empty_looks = empty_looks

    def receive(self, limit: int, hidden_s: int) -> list[tuple[str, str, str, int]]:
        assert (limit, hidden_s) == (10, 30)
        self.empty_looks -= 1
        return [] if self.empty_looks >= 0 else [("1", "h", "b", 1)]


@pytest.mark.parametrize(
    ("empty_looks", "wait_s", "slept", "bodies"),
    [(0, 60, [], ["b"]), (2, 60, [1.0, 1.0], ["b"]), (9, 0, [], []), (9, 2, [1.0, 1.0], [])],
)
def test_an_authority_is_polled_until_something_arrives_or_time_is_up(
    empty_looks: int, wait_s: int, slept: list[float], bodies: list[str]
) -> None:
    waits: list[float] = []
    found = inbox.Patient(Events(empty_looks), waits.append, lambda: sum(waits)).receive(10, wait_s, 30)
    assert ([each.body for each in found], waits) == (bodies, slept)
