# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of a flooded server: how many lines, and that nothing goes unreported."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import sparing_log
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.wire.test_command_line import (
    Running,
    call,
    received,
)

REFUSED = "%s is refused: %s"


class Log:
    """A logger and its lines, with a clock that the test sets."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now = 0.0
        self.sparing = sparing_log.SparingLog(lambda: self.now)
        self.handler = logging.Handler()
        self.handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        self.handler.addFilter(self.sparing)
        self.say = logging.getLogger("certops.acm.test").warning


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    logging.getLogger().addHandler(made.handler)
    yield made
    logging.getLogger().removeHandler(made.handler)


def test_a_line_is_logged_once_per_period_and_then_counted(log: Log) -> None:
    for _each in range(1000):
        log.say(REFUSED, "192.0.2.1", "InvalidSignatureException")
    log.say(REFUSED, "192.0.2.2", "InvalidSignatureException")
    log.say(REFUSED, "192.0.2.1", "MissingAuthenticationTokenException")
    log.now = 59.0
    log.sparing.tell()
    assert log.lines == [
        "192.0.2.1 is refused: InvalidSignatureException",
        "192.0.2.2 is refused: InvalidSignatureException",
        "192.0.2.1 is refused: MissingAuthenticationTokenException",
    ]
    log.now = 60.0
    log.sparing.tell()
    assert log.lines[3:] == ["192.0.2.1 is refused: InvalidSignatureException (999 more times)"]
    log.say(REFUSED, "192.0.2.1", "InvalidSignatureException")
    log.now = 120.0
    log.sparing.tell()
    assert log.lines[4:] == ["192.0.2.1 is refused: InvalidSignatureException"]


def test_different_lines_have_a_limit_for_each_kind(log: Log) -> None:
    for number in range(10_000):
        log.say(REFUSED, f"2001:db8::{number:x}", "InvalidSignatureException")
    log.say("The disk is full")
    log.sparing.tell(is_over=True)
    most = sparing_log.MOST_OF_A_KIND
    assert len(log.lines) == most + 2
    assert log.lines[most] == "The disk is full"
    assert log.lines[-1] == f"{10_000 - most} more lines like: 2001:db8::0 is refused: InvalidSignatureException"


def test_a_flood_of_requests_leaves_a_few_lines(tmp_path: Path) -> None:
    """Of each kind that a stranger can cause: no signature, a wrong one, or no HTTP at all."""
    program = Running(tmp_path / "authority")
    address = urlsplit(program.url).netloc

    def flood(number: int) -> None:
        connection = HTTPConnection(address, timeout=30)
        for each in range(50):
            connection.request("POST", "/", b"{}", {"X-Amz-Target": "CertificateManager.ListCertificates"})
            connection.getresponse().read()
            connection.request("POST", "/", b"{}", {"Authorization": f"AWS4-HMAC-SHA256 {number}-{each}"})
            connection.getresponse().read()
        connection.close()
        for each in range(20):
            with call(program.url) as stranger:
                stranger.sendall(f"{number}-{each}\r\n\r\n".encode())
                assert received(stranger).startswith(b"HTTP/1.0 400 ")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flood, range(8)))
    _code, logged = program.end()
    lines = logged.splitlines()
    assert len(lines) < 2 * 2 + sparing_log.MOST_OF_A_KIND + 2
    told = sum(int(number) for number in re.findall(r"is refused: \w+ \((\d+) more times\)", logged))
    assert told == 2 * (8 * 50 - 1)
