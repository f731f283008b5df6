# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What twenty private certificates cost: one acm_certificate task on an embedded authority, and community.crypto's three
tasks (key, CSR, certificate signed by its own CA) in loops. Whole plays, run in turn; medians.

    ./run bench issuing            takes about five minutes; --rounds 1 for a quick look
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import acm_calls  # noqa: E402  # pylint: disable=wrong-import-position
import acm_certificate_tasks  # noqa: E402  # pylint: disable=wrong-import-position

NUMBER = 20
AT_LEAST = {"EC": 15, "RSA": 10}
KEYS: dict[str, dict[str, Any]] = {"EC": {"type": "ECC", "curve": "secp256r1"}, "RSA": {"type": "RSA", "size": 2048}}
ALGORITHMS = {"EC": "EC_prime256v1", "RSA": "RSA_2048"}


class Cost(NamedTuple):
    """CPU time is nearly the same on a machine that has other things to do."""

    wall_s: float
    cpu_s: float


def play(tasks: list[dict[str, Any]], env: dict[str, str], folder: Path) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall_s = acm_certificate_tasks.play_s(tasks, env, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def names(turn: str) -> list[str]:
    return [f"host{number}.{turn}.corp.test" for number in range(NUMBER)]


def our_ca(family: str, folder: Path) -> list[dict[str, Any]]:
    """The authority and its CA; its ARN goes into a file."""
    cas = [{"name": family, "key_algorithm": ALGORITHMS[family]}]
    arn = f"{{{{ (made.authority.certificate_authorities | selectattr('name', 'eq', '{family}') | first).arn }}}}"
    return [
        {
            "certops.acm.acm_authority": {"path": str(folder / "authority"), "certificate_authorities": cas},
            "register": "made",
            "failed_when": "made is failed",
        },
        {"ansible.builtin.copy": {"dest": str(folder / family), "content": arn}, "failed_when": "done is failed"},
    ]


def ours(family: str, turn: str, folder: Path) -> list[dict[str, Any]]:
    ca = (folder / family).read_text(encoding="utf-8")
    request = {"key_algorithm": ALGORITHMS[family], "certificate_authority_arn": ca}
    wanted = [{"domain_name": name, **request} for name in names(turn)]
    task = {"authority": str(folder / "authority"), "certificates": wanted}
    return [{"certops.acm.acm_certificate": task, "failed_when": "done is failed or done is not changed"}]


def their_ca(family: str, folder: Path) -> list[dict[str, Any]]:
    key, csr, pem = (str(folder / f"{family}.{kind}") for kind in ("key", "csr", "pem"))
    request = {
        "path": csr, "privatekey_path": key, "common_name": "corp CA",
        "basic_constraints": ["CA:TRUE"], "basic_constraints_critical": True,
    }  # fmt: skip
    certificate = {"path": pem, "csr_path": csr, "privatekey_path": key, "provider": "selfsigned"}
    tasks: list[dict[str, Any]] = [
        {"community.crypto.openssl_privatekey": {"path": key, **KEYS[family]}},
        {"community.crypto.openssl_csr": request},
        {"community.crypto.x509_certificate": certificate},
    ]
    return [{**task, "failed_when": "done is failed"} for task in tasks]


def theirs(family: str, turn: str, folder: Path) -> list[dict[str, Any]]:
    key, csr, pem = (f"{folder}/{{{{ item }}}}.{kind}" for kind in ("key", "csr", "pem"))
    request = {"path": csr, "privatekey_path": key, "common_name": "{{ item }}", "subject_alt_name": ["DNS:{{ item }}"]}
    ca = {"ownca_path": str(folder / f"{family}.pem"), "ownca_privatekey_path": str(folder / f"{family}.key")}
    certificate = {"path": pem, "csr_path": csr, "provider": "ownca", **ca}
    tasks: list[dict[str, Any]] = [
        {"community.crypto.openssl_privatekey": {"path": key, **KEYS[family]}},
        {"community.crypto.openssl_csr": request},
        {"community.crypto.x509_certificate": certificate},
    ]
    return [{**task, "loop": names(turn), "failed_when": "done is failed or done is not changed"} for task in tasks]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--peers", type=Path, default=os.environ.get("ACM_PEERS"))
    parser.add_argument("--families", nargs="+", choices=list(AT_LEAST), default=list(AT_LEAST))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    env = acm_calls.environment(options.peers)
    is_met = True
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        folder = Path(place)
        for family in options.families:
            ways = [(ours, our_ca)] + ([(theirs, their_ca)] if options.peers else [])
            costs: dict[Any, list[Cost]] = {tasks: [] for tasks, _ca in ways}
            for _tasks, ca in ways:
                play(ca(family, folder), env, folder)
            for number in range(options.rounds):
                # Ours before and after theirs, because it is short: what else the machine does then would weigh much.
                for place, tasks in enumerate([*(tasks for tasks, _ca in ways), ours]):
                    costs[tasks].append(play(tasks(family, f"{family.lower()}{number}x{place}", folder), env, folder))
            wall = {tasks: statistics.median(cost.wall_s for cost in found) for tasks, found in costs.items()}
            cpu = {tasks: statistics.median(cost.cpu_s for cost in found) for tasks, found in costs.items()}
            print(f"{NUMBER} × {family}, certops.acm.acm_certificate: {wall[ours]:7.2f} s {cpu[ours]:7.2f} s of CPU")
            if options.peers:
                ratio, wanted = wall[theirs] / wall[ours], AT_LEAST[family]
                is_met = is_met and ratio >= wanted
                print(
                    f"{NUMBER} × {family}, community.crypto in loops:   {wall[theirs]:7.2f} s {cpu[theirs]:7.2f} s of CPU   "
                    f"× {ratio:.1f} (wanted: {wanted}), CPU × {cpu[theirs] / cpu[ours]:.1f}"
                )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
