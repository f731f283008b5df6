# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What imports and exports cost, in calls and seconds, against the same ACM endpoint, which is 40 ms away and enforces AWS's
rates: acm_import compared with community.aws.acm_certificate, and acm_export with what people do instead, a loop that
exports with boto3 (one process per call, as with the AWS CLI) and decrypts with openssl.

Everything is a whole run of ansible-playbook, except the loop of exports, which is a plain program without Ansible. ACM's
rates set the floor: one import and ten exports per second. With N = 20 it takes about six minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Optional

COLLECTION = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(COLLECTION / "benchmarks"))

import acm_calls  # noqa: E402  # pylint: disable=wrong-import-position
from acm_calls import BUCKETS_FULL_S, LATENCY_S, LIMIT_S, Cost, Endpoint  # noqa: E402
from ansible_collections.certops.acm.tests.support.local_play import run_tasks  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

EXPORT_ONE = """
import json, secrets, subprocess, sys, boto3
options, arn, folder = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
acm = boto3.client(
    "acm",
    endpoint_url=options["endpoint_url"],
    region_name=options["region"],
    aws_access_key_id=options["access_key"],
    aws_secret_access_key=options["secret_key"],
)
passphrase = secrets.token_hex(16)
answer = acm.export_certificate(CertificateArn=arn, Passphrase=passphrase.encode())
key = subprocess.run(
    ["openssl", "pkey", "-passin", "env:PASSPHRASE"],
    input=answer["PrivateKey"].encode(), env={"PASSPHRASE": passphrase}, stdout=subprocess.PIPE, check=True,
).stdout.decode()
leaf, chain = answer["Certificate"], answer["CertificateChain"]
for name, text in {"cert": leaf, "chain": chain, "fullchain": leaf + chain, "privkey": key}.items():
    with open(f"{folder}/{name}.pem", "w") as file:
        file.write(text)
"""


class Place(NamedTuple):
    """Where an authority is, for acm_calls.Endpoint."""

    folder: Path


class Run(NamedTuple):
    """The only task of a play, and whether it must change something."""

    task: dict[str, Any]
    is_change: bool


class Issuer:
    """A root that issues server certificates: community.aws fails with a certificate that has no chain."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = self._called("benchmark")
        self._root = text_of(self._issue(self._key, self._name, 1, x509.BasicConstraints(True, None)))

    def material(self, number: int, serial: int) -> dict[str, str]:
        """A certificate for www<number>.example.com with its key and chain, as options of both modules."""
        key, name = ec.generate_private_key(ec.SECP256R1()), f"www{number}.example.com"
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        clear = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return {
            "certificate": text_of(self._issue(key, self._called(name), serial, names)),
            "private_key": key.private_bytes(*clear).decode(),
            "certificate_chain": self._root,
            "name_tag": f"www{number}",
        }

    @staticmethod
    def _called(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    def _issue(
        self, key: ec.EllipticCurvePrivateKey, name: x509.Name, serial: int, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=90))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def text_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def play(run: Run, acm: Endpoint, env: dict[str, str], folder: Path) -> Cost:
    module = next(name for name in run.task if "." in name)
    wrong = "changed" if not run.is_change else "not changed"
    content = {
        **run.task,
        module: {**run.task[module], **acm.connection},
        "register": "done",
        "failed_when": f"done is failed or done is {wrong}",
    }
    return timed(partial(run_tasks, [content], folder, env, LIMIT_S), acm)


def timed(action: Callable[[], Optional[subprocess.CompletedProcess[str]]], acm: Endpoint) -> Cost:
    time.sleep(BUCKETS_FULL_S)
    before, started_at = len(acm.calls()), time.monotonic()
    try:
        done = action()
    except subprocess.TimeoutExpired:
        return Cost(len(acm.calls()) - before, LIMIT_S, "cut short")
    seconds = time.monotonic() - started_at
    faults = (
        "" if done is None or done.returncode == 0 else done.stdout.rpartition('"msg": ')[2].partition("\n")[0][:200]
    )
    return Cost(len(acm.calls()) - before, seconds, faults)


def compare_imports(number: int, env: dict[str, str], has_peers: bool, folder: Path) -> None:
    from ansible_collections.certops.acm.plugins.module_utils._authority.creation import create as create_authority

    issuer = Issuer()
    first, second = ([issuer.material(each, serial + each) for each in range(number)] for serial in (1000, 5000))
    costs: dict[str, list[Cost]] = {"peer": [], "ours": []}
    for who in ("peer", "ours") if has_peers else ("ours",):
        place = Place(folder / f"import-{who}-{number}")
        create_authority(str(place.folder))
        with acm_calls.endpoint(place) as acm:  # type: ignore[arg-type]
            for items, is_change in ((first, True), (first, False), (second, True)):
                if who == "peer":
                    options = {key: f"{{{{ item.{key} }}}}" for key in items[0]}
                    task: dict[str, Any] = {
                        "community.aws.acm_certificate": options,
                        "loop": items,
                        "loop_control": {"label": "one"},
                    }
                else:
                    task = {"certops.acm.acm_import": {"certificates": items}}
                costs[who].append(play(Run(task, is_change), acm, env, folder))
    for each, what in enumerate(("import", "import again, no-op", "import successors")):
        peer = costs["peer"][each] if has_peers else None
        acm_calls.row(f"{what}: loop of tasks / one task", number, peer, costs["ours"][each])


def compare_exports(number: int, env: dict[str, str], folder: Path) -> None:
    from ansible_collections.certops.acm.plugins.module_utils._authority.creation import create as create_authority
    from ansible_collections.certops.acm.tests.support.authority_client import authority_client

    place = Place(folder / f"export-{number}")
    authority = create_authority(str(place.folder))
    ca = authority.cas.private("benchmark", key_algorithm="EC_prime256v1").arn
    client = authority_client(authority)
    arns = [
        client.request_certificate(
            DomainName=f"www{each}.example.com", CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1"
        )["CertificateArn"]
        for each in range(number)
    ]
    folders = [folder / f"cli-{number}" / str(each) for each in range(number)]
    for each in folders:
        each.mkdir(parents=True)

    def loop(acm: Endpoint) -> Cost:
        def every() -> None:
            for arn, target in zip(arns, folders):
                command = [sys.executable, "-c", EXPORT_ONE, json.dumps(acm.connection), arn, str(target)]
                subprocess.run(command, env=env, check=True, timeout=LIMIT_S)

        return timed(every, acm)

    items = [{"certificate_arn": arn, "path": str(folder / f"ours-{number}" / arn[-12:])} for arn in arns]
    task = {"certops.acm.acm_export": {"certificates": items}}
    with acm_calls.endpoint(place) as acm:  # type: ignore[arg-type]
        ours = [play(Run(task, is_change), acm, env, folder) for is_change in (True, False)]
        peers = [loop(acm), loop(acm)]
    acm_calls.row("export: loop of boto3 + openssl / one task", number, peers[0], ours[0])
    acm_calls.row("export again (the loop always exports)", number, peers[1], ours[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--certificates", type=int, nargs="*", default=[1, 20], metavar="N")
    parser.add_argument("--exports", type=int, nargs="*", default=[1, 20, 100], metavar="N")
    parser.add_argument(
        "--peers",
        type=Path,
        default=os.environ.get("ACM_PEERS"),
        help="a folder with ansible_collections/community/aws; default: $ACM_PEERS",
    )
    options = parser.parse_args()
    env = {**acm_calls.environment(options.peers), "ANSIBLE_PIPELINING": "true"}
    if not options.peers:
        print("community.aws is not installed: only our modules are measured. ./run bench fetches it.")
    print(
        f"Latency {LATENCY_S * 1000:.0f} ms, AWS's rates. Python {sys.version.split()[0]}, {os.cpu_count()} processors."
    )
    with tempfile.TemporaryDirectory(prefix="import-export-") as folder:
        acm_calls.head()
        for number in options.exports:
            compare_exports(number, env, Path(folder))
        for number in options.certificates:
            compare_imports(number, env, bool(options.peers), Path(folder))
    if acm_calls.FAILED:
        print(f"\nOur modules failed at: {', '.join(acm_calls.FAILED)}.")
    return 1 if acm_calls.FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
