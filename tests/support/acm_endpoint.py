# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM behind a loopback endpoint, as slow, as strict and as unreliable as a test wants it.

with acm_endpoint(folder, latency_s=0.04, rates=RATES, throttle_share=0.3) as acm:
    run_module("acm_certificate", {**acm.connection, …})
    assert acm.count("DescribeCertificate") == 1

An embedded authority answers, through its own server. The endpoint also answers GetResources of the tagging API. As a
program (acm_endpoint.py --help) it does the same for tests in other processes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":  # tests have Ansible's own loader for this
    sys.path.insert(0, str(Path(__file__).resolve().parents[5]))

# fmt: off
from ansible_collections.certops.acm.plugins.module_utils._rules import acm_limits  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line, service  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer, Request, error  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Server  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput  # noqa: E402  # pylint: disable=wrong-import-position
# fmt: on

# The tagging API's rate is from its own quotas page.
RATES: t.Mapping[str, float] = {**acm_limits.RATES, "GetResources": 15}


class LoggedCall(t.NamedTuple):
    """outcome: "ok", an error code, "dropped" (before anything was done) or "lost" (done, but not answered).

    Times are those of time.monotonic().
    """

    operation: str
    started_at: float
    ended_at: float
    outcome: str


@dataclass
class Knobs:
    """Settings that may be changed at any time, even while requests come in."""

    latency_s: float = 0.0  # added to every answer
    throttle_share: float = 0.0  # of calls that get a ThrottlingException, whatever the rate
    drop_share: float = 0.0  # of connections that break before the call is carried out
    lose_share: float = 0.0  # of connections that break after the call has been carried out
    rates: t.Mapping[str, float] = field(default_factory=dict)  # operation → calls per second; others are not limited
    deny: t.Collection[str] = ()  # operations that get an AccessDeniedException
    unknown: t.Collection[str] = ()  # operations that this ACM does not have; GetResources: no tagging API


class Bucket:
    """A token bucket that holds a second's worth of calls."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._calls = max(1.0, rate)
        self._at = now

    def take(self, now: float) -> bool:
        self._calls = min(max(1.0, self.rate), self._calls + (now - self._at) * self.rate)
        self._at = now
        if self._calls < 1:
            return False
        self._calls -= 1
        return True


class AcmEndpoint:
    """A running endpoint. `calls` is the log; set `knobs.…` at any time."""

    def __init__(
        self, authority: t.Any, knobs: Knobs, *, is_signed: bool, seed: int, log_file: t.Optional[Path]
    ) -> None:
        self.authority = authority
        self.knobs = knobs
        self.calls: list[LoggedCall] = []
        self._log_file = log_file
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        owner = AccessKeys(authority.store, authority.vault).owner()  # made before the first request
        self._service = service.Service(authority, is_open=not is_signed)
        self._access_key = (owner.identifier, owner.secret) if is_signed else ("anyone", "anyone")
        self._server = Server(self._answer)
        self.url = self._server.url
        self.region: str = authority.region

    @property
    def connection(self) -> dict[str, str]:
        """The arguments that make an Ansible module use this endpoint."""
        identifier, secret = self._access_key
        return {"endpoint_url": self.url, "region": self.region, "access_key": identifier, "secret_key": secret}

    def client(self, service: str = "acm", **config: t.Any) -> t.Any:
        """A boto3 client of ACM (or of "resourcegroupstaggingapi"); config: arguments of botocore's Config."""
        import boto3
        from botocore.config import Config

        return boto3.Session().client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self._access_key[0],
            aws_secret_access_key=self._access_key[1],
            config=Config(**config),
        )

    def count(self, operation: t.Optional[str] = None, outcome: t.Optional[str] = None) -> int:
        return sum(
            1 for call in list(self.calls) if operation in (None, call.operation) and outcome in (None, call.outcome)
        )

    def start(self) -> None:
        self._server.start()

    def end(self) -> None:
        self._server.end(grace_s=10)

    # ---- one request

    def _answer(self, request: Request) -> t.Optional[Answer]:
        if request.method != "POST":
            return self._service.answer(request)
        started_at = time.monotonic()
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        answer, outcome = self._decide(operation, request, started_at)
        pause_s = started_at + self.knobs.latency_s - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        self._log(LoggedCall(operation, started_at, time.monotonic(), outcome))
        return answer

    def _decide(self, operation: str, request: Request, now: float) -> tuple[t.Optional[Answer], str]:
        knobs = self.knobs
        with self._lock:  # so random outcomes depend only on the order of the requests
            is_dropped, is_throttled, is_lost = (
                self._random.random() < share for share in (knobs.drop_share, knobs.throttle_share, knobs.lose_share)
            )
            is_throttled |= operation in knobs.rates and not self._bucket(operation, now).take(now)
        if is_dropped:
            return None, "dropped"
        refused = None
        if operation in knobs.unknown:
            refused = error(400, "UnknownOperationException", "")
        elif operation in knobs.deny:
            who = f"arn:aws:iam::{self.authority.place.account_id}:user/test"
            prefix = "tag" if operation == "GetResources" else "acm"
            refused = error(
                400, "AccessDeniedException", f"User: {who} is not authorized to perform: {prefix}:{operation}"
            )
        elif is_throttled:
            refused = error(400, "ThrottlingException", "Rate exceeded")
        answer = refused or self._service.answer(request)
        if is_lost:
            return None, "lost"
        return answer, "ok" if answer.status == 200 else json.loads(answer.body).get("__type", str(answer.status))

    def _bucket(self, operation: str, now: float) -> Bucket:
        rate = self.knobs.rates[operation]
        bucket = self._buckets.get(operation)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[operation] = Bucket(rate, now)
        return bucket

    def _log(self, call: LoggedCall) -> None:
        self.calls.append(call)
        if self._log_file:
            with self._lock, open(self._log_file, "a", encoding="utf-8") as file:
                file.write(json.dumps(call._asdict()) + "\n")


@contextlib.contextmanager
def acm_endpoint(
    authority: t.Any,
    *,
    is_signed: bool = False,
    seed: int = 1,
    log_file: t.Optional[Path] = None,
    **knobs: t.Any,
) -> t.Iterator[AcmEndpoint]:
    """authority: an open authority, or a folder (created if it does not exist). knobs: see Knobs.

    is_signed: check signatures, as AWS does. seed: for the random numbers. log_file: for read_log in another process.
    """
    if isinstance(authority, (str, Path)):
        authority = command_line.open_or_make(str(authority))
    endpoint = AcmEndpoint(authority, Knobs(**knobs), is_signed=is_signed, seed=seed, log_file=log_file)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.end()


# ---------------------------------------------------------------- as a program


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Serve ACM for tests; prints one line of JSON, then runs until SIGTERM."
    )
    parser.add_argument("dir", help="the authority's folder; created if it does not exist")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--throttle", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--drop", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--lose", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--rates", action="store_true", help="enforce AWS's rates")
    parser.add_argument("--deny", action="append", default=[], metavar="OPERATION")
    parser.add_argument("--unknown", action="append", default=[], metavar="OPERATION")
    parser.add_argument("--signed", action="store_true", help="check signatures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, help="append every call to this file, as JSON lines")
    parser.add_argument("--detach", action="store_true", help="leave the server running and return")
    options = parser.parse_args(arguments)
    if options.detach:
        return detach([each for each in arguments if each != "--detach"])
    with command_line.ending_signals() as wait_for_one, acm_endpoint(
        options.dir,
        is_signed=options.signed,
        seed=options.seed,
        log_file=options.log,
        latency_s=options.latency,
        throttle_share=options.throttle,
        drop_share=options.drop,
        lose_share=options.lose,
        rates=RATES if options.rates else {},
        deny=options.deny,
        unknown=options.unknown,
    ) as endpoint:
        print(json.dumps({"pid": os.getpid(), "connection": endpoint.connection}), flush=True)
        wait_for_one()
    return 0


def read_log(path: Path) -> list[LoggedCall]:
    """What --log has written so far."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [LoggedCall(**json.loads(line)) for line in lines]


def detach(arguments: list[str]) -> int:
    """Start this program again, in its own session, and print the line that it prints."""
    server = subprocess.Popen(
        [sys.executable, "-B", __file__, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        print(f"The endpoint ended with {server.wait()}: run it without --detach to see why.", file=sys.stderr)
    print(line, end="")
    return 0 if line else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InvalidInput as trouble:
        sys.exit(str(trouble))
