# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""community.aws's modules and ours compared, in calls and seconds, when they read certificates or find nothing to change.
Both use the same ACM endpoint, which is 40 ms away and enforces AWS's rates.

Each module runs as Ansible runs it on its target, but without Ansible around it; "play" means a whole run of
ansible-playbook. A short job shows the median of three runs. Long jobs run once, side by side, each against its own
endpoint, and so with its own rates. Where the rates limit a job, the line below it says how close it came to that
limit: the calls of its most frequent operation, divided by that operation's rate.
It takes at least ten minutes; with --certificates 100, half of that.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Optional

COLLECTION = Path(__file__).resolve().parents[1]
TREE = COLLECTION.parents[2]
ENDPOINT = COLLECTION / "tests" / "support" / "acm_endpoint.py"
sys.path.insert(0, str(TREE))

from ansible_collections.certops.acm.tests.support.local_play import (  # noqa: E402  # pylint: disable=wrong-import-position
    run_tasks,
)

LATENCY_S = 0.04
LIMIT_S = 1200
LONG_S = 15  # a job that may take longer is not repeated
BUCKETS_FULL_S = 1.2
PARTS = ("table", "list", "eight")

FAILED: list[str] = []  # jobs of ours

RUN_MODULE = """
import importlib, json, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(sys.argv[2])}).encode()
basic._ANSIBLE_PROFILE = "legacy"
importlib.import_module(sys.argv[1]).main()
"""


class Task(NamedTuple):
    module: str  # community.aws.acm_certificate …
    arguments: dict[str, Any]

    @property
    def is_peer(self) -> bool:
        return self.module.startswith("community.")

    @property
    def dotted(self) -> str:
        namespace, name, module = self.module.split(".")
        return f"ansible_collections.{namespace}.{name}.plugins.modules.{module}"


class Job(NamedTuple):
    name: str
    peer: Task
    ours: Task
    expected: int  # how many certificates both must find; -1: nothing may change


class Cost(NamedTuple):
    calls: int
    seconds: float
    faults: str = ""  # of a run that failed or returned something else, whose seconds are not comparable
    note: str = ""


class Fleet:
    """An authority with this many public, DNS-validated certificates host-0.example.com …, tagged Name=host-0 …"""

    def __init__(self, folder: Path, size: int) -> None:
        from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.validation import resource_record
        from ansible_collections.certops.acm.plugins.module_utils._authority.creation import create as create_authority
        from ansible_collections.certops.acm.tests.support.authority_client import authority_client
        from ansible_collections.certops.acm.tests.support.stand_in_name_server import stand_in

        self.folder = folder
        self.size = size
        authority = create_authority(str(folder))
        names = [self.name(number) for number in range(size)]
        records = [resource_record(name, authority.place.account_id, authority.settings) for name in names]
        zone = "\n".join(f"{record['Name']} {record['Type']} {record['Value']}" for record in records)
        with stand_in({"example.com": zone}) as name_server:
            authority.configure({"resolvers": [name_server.endpoint]})
            client = authority_client(authority)
            for number, name in enumerate(names):
                tags = [{"Key": "Name", "Value": f"host-{number}"}]
                arn = client.request_certificate(
                    DomainName=name, ValidationMethod="DNS", KeyAlgorithm="EC_prime256v1", Tags=tags
                )["CertificateArn"]
                status = client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
                assert status == "ISSUED", f"{name} is {status}"

    @staticmethod
    def name(number: int) -> str:
        return f"host-{number}.example.com"

    def jobs(self) -> list[Job]:
        middle = self.size // 2
        info = "{}.acm_certificate_info".format
        make = "{}.acm_certificate".format
        peer, ours = "community.aws", "certops.acm"
        everything = {"details": True, "pem": True, "include_tags": True}
        by_tag = {"tags": {"Name": f"host-{middle}"}}
        by_name = {"domain_name": self.name(middle)}
        by_name_tag = {"name_tag": f"host-{middle}"}
        all_of_peer = Task(info(peer), {})
        return [
            Job("info of all", all_of_peer, Task(info(ours), {}), self.size),
            Job("info of all with tags", all_of_peer, Task(info(ours), {"include_tags": True}), self.size),
            Job("details of all", all_of_peer, Task(info(ours), {"details": True}), self.size),
            Job("everything about all (details, PEM, tags)", all_of_peer, Task(info(ours), everything), self.size),
            Job("info by tag", Task(info(peer), by_tag), Task(info(ours), by_tag), 1),
            Job("info by domain", Task(info(peer), by_name), Task(info(ours), by_name), 1),
            Job("no-op by domain", Task(make(peer), by_name), Task(make(ours), by_name), -1),
            Job("no-op by name tag", Task(make(peer), by_name_tag), Task(make(ours), {**by_name_tag, **by_name}), -1),
        ]


class Endpoint:
    """ACM in its own process, with its own rates."""

    def __init__(self, fleet: Fleet, log: Path, *options: str) -> None:
        self._log = log
        log.touch()
        arguments = [str(fleet.folder), "--latency", str(LATENCY_S), "--rates", "--log", str(log), *options]
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(ENDPOINT), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.connection: dict[str, str] = json.loads(self._process.stdout.readline())["connection"]

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


@contextlib.contextmanager
def endpoint(fleet: Fleet, *options: str) -> Iterator[Endpoint]:
    with tempfile.TemporaryDirectory(dir=fleet.folder.parent) as folder:
        running = Endpoint(fleet, Path(folder) / "log", *options)
        try:
            yield running
        finally:
            running.end()


def environment(peers: Optional[Path]) -> dict[str, str]:
    places = [str(place) for place in (TREE, peers) if place]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": os.pathsep.join(places),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(places),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def measure(task: Task, expected: int, acm: Endpoint, env: dict[str, str]) -> Cost:
    """One run of a module, which must find the expected certificates, or change nothing."""
    time.sleep(BUCKETS_FULL_S)
    before = len(acm.calls())
    arguments = json.dumps({**acm.connection, **task.arguments})
    started_at = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-c", RUN_MODULE, task.dotted, arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Cost(len(acm.calls()) - before, LIMIT_S, "cut short")
    seconds = time.monotonic() - started_at
    calls = acm.calls()[before:]
    return Cost(len(calls), seconds, faults_of(done, expected), "" if task.is_peer else bound(calls, seconds))


def bound(calls: list[dict[str, Any]], seconds: float, burst_s: float = 0.0) -> str:
    """How close a job came to what the rates allow; empty where they do not matter. burst_s: the seconds that a burst saves."""
    from ansible_collections.certops.acm.tests.support.acm_endpoint import RATES

    counts = collections.Counter(call["operation"] for call in calls if call["outcome"] == "ok")
    throttled = sum(call["outcome"] == "ThrottlingException" for call in calls)
    floor_s = max((count / RATES.get(operation, 5) for operation, count in counts.items()), default=0.0) - burst_s
    if floor_s < 5:
        return ""
    return f"{seconds / floor_s:.2f} × the {floor_s:.0f} s that the rates require, {throttled} calls throttled"


def faults_of(done: subprocess.CompletedProcess[str], expected: int) -> str:
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return (done.stderr or done.stdout).strip().rpartition("\n")[2][:100] or "no result"
    if result.get("failed"):
        return str(result.get("msg"))[:100]
    if expected < 0:
        return "changed something" if result["changed"] else ""
    found = len(result["certificates"])
    return "" if found == expected else f"found {found} of {expected}"


def median(costs: list[Cost]) -> Cost:
    faults = next((cost.faults for cost in costs if cost.faults), "")
    return Cost(costs[-1].calls, statistics.median(cost.seconds for cost in costs), faults, costs[-1].note)


def compare(fleet: Fleet, env: dict[str, str], has_peers: bool) -> None:
    """The table of all jobs for one size of fleet."""
    jobs = fleet.jobs()
    tasks: dict[str, tuple[Task, int]] = {}
    for job in jobs:
        for task in (job.peer, job.ours) if has_peers else (job.ours,):
            tasks[repr(task)] = (task, job.expected)
    long = {key for key, (task, _expected) in tasks.items() if expected_s(task, fleet.size) > LONG_S}
    results: dict[str, Cost] = {}
    with endpoint(fleet) as acm:
        for key in tasks.keys() - long:
            results[key] = median([measure(*tasks[key], acm, env) for _run in range(3)])

    def once(key: str) -> None:
        with endpoint(fleet) as acm:
            results[key] = measure(*tasks[key], acm, env)

    with ThreadPoolExecutor() as pool:
        list(pool.map(once, sorted(long)))
    for job in jobs:
        row(job.name, fleet.size, results.get(repr(job.peer)), results[repr(job.ours)])


def expected_s(task: Task, size: int) -> float:
    """Roughly: the peer reads every certificate, unless it is given a domain; ours only when asked for everything."""
    reads_all = "domain_name" not in task.arguments if task.is_peer else "details" in task.arguments
    return size * 0.12 if reads_all else 1.0


# ---------------------------------------------------------------- whole plays, and many at once


def loop_or_list(fleet: Fleet, number: int, env: dict[str, str], has_peers: bool) -> None:
    """Whole plays over `number` certificates that need no change: a loop of the peer's module, and one task of ours."""
    names = [fleet.name(each) for each in range(number)]
    peer = {"community.aws.acm_certificate": {"domain_name": "{{ item }}"}, "loop": names}
    wanted = [{"domain_name": name} for name in names]
    ours = {"certops.acm.acm_certificate": {"certificates": wanted}}
    costs = []
    for task in (peer, ours):
        if task is peer and not has_peers:
            costs.append(None)
            continue
        with endpoint(fleet) as acm:
            costs.append(play(task, acm, env, fleet.folder.parent))
    assert costs[1] is not None
    if costs[0] is not None and not costs[0].faults:
        with endpoint(fleet) as acm:
            start_s = play(None, acm, env, fleet.folder.parent).seconds
        bare = (costs[0].seconds - start_s) / max(0.01, costs[1].seconds - start_s)
        costs[1] = costs[1]._replace(note=f"{bare:.0f} × without the {start_s:.1f} s that an empty play takes")
    row(f"{number} no-ops, play: loop of tasks / one task", fleet.size, costs[0], costs[1])


def play(task: Optional[dict[str, Any]], acm: Endpoint, env: dict[str, str], folder: Path) -> Cost:
    """A play with one task, or with none."""
    tasks = []
    if task:
        module = next(name for name in task if "." in name)
        judged = {"register": "done", "failed_when": "done is changed or done is failed"}
        tasks = [{**task, module: {**task[module], **acm.connection}, **judged}]
    time.sleep(BUCKETS_FULL_S)
    started_at = time.monotonic()
    try:
        done = run_tasks(tasks, folder, env, LIMIT_S)
    except subprocess.TimeoutExpired:
        return Cost(len(acm.calls()), LIMIT_S, "cut short")
    seconds = time.monotonic() - started_at
    faults = "" if done.returncode == 0 else done.stdout.strip()[-300:]
    return Cost(len(acm.calls()), seconds, faults)


def eight_at_once(fleet: Fleet, env: dict[str, str], has_peers: bool) -> None:
    """Eight runs that read the details of every certificate, under one account's rates."""
    details = Task("certops.acm.acm_certificate_info", {"details": True})
    peer = Task("community.aws.acm_certificate_info", {})
    costs: list[Optional[Cost]] = []
    for task in (peer, details):
        if task is peer and not has_peers:
            costs.append(None)
            continue
        with endpoint(fleet) as acm, ThreadPoolExecutor(8) as pool:
            started_at = time.monotonic()
            runs = list(pool.map(lambda _number: measure(task, fleet.size, acm, env), range(8)))
            seconds = time.monotonic() - started_at - BUCKETS_FULL_S
            failed = sum(bool(run.faults) for run in runs)
            faults = f"{failed} of 8 failed" if failed else ""
            costs.append(Cost(len(acm.calls()), seconds, faults, bound(acm.calls(), seconds, burst_s=1.0)))
    assert costs[1] is not None
    row("8 info runs at once, details of all", fleet.size, costs[0], costs[1])


# ---------------------------------------------------------------- the table


def head() -> None:
    print(f"\n| {'job':47} | {'N':>5} | {'community.aws':>20} | {'certops.acm':>20} | {'ratio':>7} |")
    print(f"|{'-' * 49}|{'-' * 7}|{'-' * 22}|{'-' * 22}|{'-' * 9}|")


def row(name: str, size: int, peer: Optional[Cost], ours: Cost) -> None:
    is_comparable = peer and not peer.faults and not ours.faults
    ratio = f"{peer.seconds / ours.seconds:5.1f} ×" if peer and is_comparable else "-"
    print(f"| {name:47} | {size:5,} | {shown(peer):>20} | {shown(ours):>20} | {ratio:>7} |", flush=True)
    for who, cost in (("community.aws", peer), ("certops.acm", ours)):
        remarks = [remark for remark in (cost.faults, cost.note) if remark] if cost else []
        if remarks:
            print(f"|   {who}: {', '.join(remarks)}", flush=True)
    if ours.faults:
        FAILED.append(name)


def shown(cost: Optional[Cost]) -> str:
    return f"{cost.calls:,} calls, {cost.seconds:.2f} s" if cost else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--certificates", type=int, nargs="*", default=[100, 1000], metavar="N")
    parser.add_argument(
        "--peers",
        type=Path,
        default=os.environ.get("ACM_PEERS"),
        help="a folder with ansible_collections/community/aws; default: $ACM_PEERS",
    )
    parser.add_argument(
        "--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}; default: all"
    )
    options = parser.parse_args()
    env = environment(options.peers)
    if not options.peers:
        print("community.aws is not installed: only our modules are measured. ./run bench fetches it.")
    print(
        f"Latency {LATENCY_S * 1000:.0f} ms, AWS's rates. Python {sys.version.split()[0]}, {os.cpu_count()} processors."
    )
    with tempfile.TemporaryDirectory(prefix="acm-calls-") as folder:
        head()
        for size in options.certificates:
            fleet = Fleet(Path(folder) / str(size), size)
            if "table" in options.only:
                compare(fleet, env, bool(options.peers))
            if size != options.certificates[0]:
                continue
            if "list" in options.only:
                for number in (20, min(100, size)):
                    loop_or_list(fleet, number, env, bool(options.peers))
            if "eight" in options.only:
                eight_at_once(fleet, env, bool(options.peers))
    if FAILED:
        print(f"\nOur modules failed at: {', '.join(FAILED)}.")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
