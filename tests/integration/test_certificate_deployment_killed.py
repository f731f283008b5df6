# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_deployment, killed before and after every rename, fsync, link, removal, command and look: at every instant the
server serves a whole set, and the next run ends in a state that was answered for.

Every point takes a second or two; KILL_AFTER_EACH=all tries each, without it every seventh is tried.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.deployment_host import API, WWW, Host, issue
from ansible_collections.certops.acm.tests.support.small_disk import small_disk

STRIDE = 1 if os.environ.get("KILL_AFTER_EACH") == "all" else 7


class Sweep:
    """Renewals of one host's certificate, each killed at a different point."""

    def __init__(self, host: Host, whom: str) -> None:
        self.host, self.whom = host, whom
        self.points = host.folder / "points"
        self.number = 0

    def snippet(self) -> dict[str, t.Any]:
        self.number += 1
        path = str(self.host.folder / "snippets" / "www.conf")
        return {"service": "stand-in", "path": path, "content": f"{self.number}\n"}

    def killed(self, certificate: dict[str, t.Any], snippet: dict[str, t.Any], at: int) -> dict[str, t.Any]:
        environment = {"KILL_AT": str(at), "KILL_POINTS": str(self.points), "KILL_WHOM": self.whom}
        return self.host.run(certificate, self.host.first[1], snippets=[snippet], environment=environment)

    def count(self) -> list[str]:
        """The points of a renewal, by a run that is not killed."""
        certificate = issue(WWW)
        answer = self.killed(certificate, self.snippet(), 0)
        assert not answer.get("failed") and self.host.served() == certificate["fingerprint"], answer
        points = self.points.read_text().splitlines()
        kinds = {point.split()[1] for point in points}
        assert {"rename", "fsync", "symlink", "unlink", "run", "look", "fork"} <= kinds, kinds
        return points


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    host.begin()
    yield host
    host.server.stop()


@pytest.mark.parametrize("whom", ["self", "parent"])
def test_the_next_run_converges(host: Host, whom: str) -> None:
    sweep = Sweep(host, whom)
    points = sweep.count()
    told: list[str] = []
    for at in range(1, len(points) + 1, STRIDE):
        label = f"{at}, {points[at - 1]}"
        certificate, snippet = issue(WWW), sweep.snippet()
        sweep.killed(certificate, snippet, at)
        assert host.served() and host.on_disk(), label
        answer = host.run(certificate, host.first[1], snippets=[snippet])
        assert not answer.get("failed"), (label, answer)
        assert host.served() == certificate["fingerprint"] == host.on_disk(), label
        assert Path(snippet["path"]).read_text() == snippet["content"], label
        assert host.leftovers() == [], label
        assert not host.run(certificate, host.first[1], snippets=[snippet])["changed"], label
        told += [name for name in ("recovered", "lost_outcome") if name in answer]
    assert ("recovered" if whom == "self" else "lost_outcome") in told


def test_the_next_run_rolls_back_a_set_that_the_server_refuses(host: Host) -> None:
    """Killed anywhere on the way to a set that fails the check, and on the way back."""
    sweep = Sweep(host, "self")
    refused = issue(WWW)
    before = {name: host.on_disk(name) for name in (WWW, API)}
    host.server.refuse(refused["certificate"])
    answer = sweep.killed(refused, sweep.snippet(), 0)
    assert answer["failed"] and answer["restored"], answer
    points = sweep.points.read_text().splitlines()
    for at in range(1, len(points) + 1, STRIDE):
        label = f"{at}, {points[at - 1]}"
        sweep.killed(refused, sweep.snippet(), at)
        answer = host.run(refused, host.first[1], snippets=[sweep.snippet()])
        assert answer["failed"] and answer["restored"], (label, answer)
        assert "is refused" in answer["msg"], (label, answer)
        assert {name: host.on_disk(name) for name in (WWW, API)} == before, label
        assert host.served() == before[WWW] and host.leftovers() == [], label
        assert not (host.folder / "snippets" / "www.conf").exists(), label


def test_a_full_disk_leaves_the_served_set(host: Host, tmp_path: Path) -> None:
    other = Host(tmp_path / "other")
    other.acm.mkdir()
    with small_disk(other.acm, "128k"):
        try:
            other.begin()
            filler = other.acm / "filler"
            with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            for spare in (0, 1, 2, 4, 6):  # pages that are free, so that it ends at another place each time
                os.truncate(filler, filler.stat().st_size - 4096 * spare)
                answer = other.run(issue(WWW), other.first[1])
                if not answer.get("failed"):
                    break
                assert answer["restored"] and "There is no space left" in answer["msg"], answer
                assert other.served() == other.on_disk() == other.first[0]["fingerprint"]
            filler.unlink()
            renewed = issue(WWW)
            answer = other.run(renewed, other.first[1])
            assert not answer.get("failed") and other.served() == other.on_disk() == renewed["fingerprint"], answer
            assert other.leftovers() == []
        finally:
            other.server.stop()
