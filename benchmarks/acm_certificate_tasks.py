# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a task that changes nothing: community.aws.acm_certificate and ours, for one certificate given by its ARN,
over the same endpoint, which has neither latency nor rates.

Whole plays, run alternately. A task costs an eighth of the difference between a play with nine of them and a play with one.
./run bench acm_certificate_tasks takes two minutes. (acm_calls compares a list of certificates with a loop.)
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import acm_calls  # noqa: E402  # pylint: disable=wrong-import-position
from ansible_collections.certops.acm.tests.support.local_play import run_tasks  # noqa: E402

TASKS = 9  # in the longer play
LIMIT_S = 600


def play_s(tasks: list[dict[str, Any]], env: dict[str, str], folder: Path) -> float:
    """Seconds that a play with these tasks takes. No task may fail or, without a failed_when of its own, change anything."""
    content = [{"register": "done", "failed_when": "done is changed or done is failed", **task} for task in tasks]
    started_at = time.monotonic()
    done = run_tasks(content, folder, env, LIMIT_S)
    if done.returncode:
        sys.exit(done.stdout[-1000:])
    return time.monotonic() - started_at


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument(
        "--peers",
        type=Path,
        default=os.environ.get("ACM_PEERS"),
        help="a folder with ansible_collections/community/aws; default: $ACM_PEERS",
    )
    options = parser.parse_args()
    from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint

    env = acm_calls.environment(options.peers)
    with tempfile.TemporaryDirectory(prefix="acm-tasks-") as name:
        folder = Path(name)
        fleet = acm_calls.Fleet(folder / "authority", 3)
        with acm_endpoint(fleet.folder) as acm:
            first, *_others = acm.client().list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})[
                "CertificateSummaryList"
            ]
            arguments = {**acm.connection, "certificate_arn": first["CertificateArn"]}
            peer, ours = "community.aws.acm_certificate", "certops.acm.acm_certificate"
            costs: dict[str, list[float]] = {
                "ansible.builtin.ping": [],
                **({peer: []} if options.peers else {}),
                ours: [],
            }
            for _round in range(options.rounds):
                for module, found in costs.items():
                    task = {module: {} if module.endswith("ping") else arguments}
                    one_s = play_s([task], env, folder)
                    found.append((play_s([task] * TASKS, env, folder) - one_s) / (TASKS - 1))
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, {options.rounds} rounds.")
    for module, found in costs.items():
        print(f"| {module:30} | median {statistics.median(found) * 1000:4.0f} ms | least {min(found) * 1000:4.0f} ms |")
    if options.peers:
        print(f"certops.acm / community.aws: {statistics.median(costs[ours]) / statistics.median(costs[peer]):.2f}")
    else:
        print("community.aws is not installed: only our module is measured. ./run bench fetches it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
