# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the microseconds of a DescribeCertificate and an ImportCertificate go: each part alone, in one process, without a socket.

The parts of a call do not add up to the whole: some things, such as uuids and dates, are not measured separately.

    ./run bench authority_server_parts
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from authority_server import REGION, SETTINGS, Client, material
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import answers
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import Call
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line, messages, service, sigv4
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.short_calls import LateRecords
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict


def row(name: str, work: Callable[[], object], number: int = 500) -> None:
    """The median of nine means."""
    work()
    means = []
    for _round in range(9):
        started_at = time.perf_counter()
        for _each in range(number):
            work()
        means.append((time.perf_counter() - started_at) / number)
    print(f"| {name:58} | {statistics.median(means) * 1e6:7.0f} |", flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="authority-server-") as folder:
        creation.create(folder + "/authority", region=REGION, settings=SETTINGS)
        authority = command_line.open_or_make(folder + "/authority")
        keys = AccessKeys(authority.store, authority.vault)
        client = Client("http://127.0.0.1:1", keys.owner().identifier, keys.owner().secret)
        late = LateRecords(authority.store)
        served = service.Service(authority, late_records=late)
        print(f"| {'':58} | {'µs':>7} |\n|{'-' * 60}|{'-' * 9}|")

        def request(operation: str, **members: Any) -> Any:
            signed = client._request(operation, json.dumps(members))
            headers = CIMultiDict({"Host": "127.0.0.1:1", **dict(signed.headers.items())})
            return messages.Request("POST", "/", headers, signed.body, messages.Peer("127.0.0.1"))

        def answer(asked: Any) -> Any:
            answered = served.answer(asked)
            assert answered.status == 200, answered.body
            return json.loads(answered.body)

        def look(asked: Any) -> None:
            begun = served.begin(asked)
            assert not callable(begun) and begun.status == 200, begun
            late._calls.clear()

        imported = material()
        arn = answer(request("ImportCertificate", **imported))["CertificateArn"]
        describe, bring = request("DescribeCertificate", CertificateArn=arn), request("ImportCertificate", **imported)
        gate = sigv4.Gate(keys.find, authority.region)
        call = Call(authority, "DescribeCertificate")
        call.request = {"CertificateArn": arn}
        certificate, settings, now = call.certificate(), authority.settings, authority.now()

        def record() -> None:
            with authority.store.write(durable=False) as tx:
                call.record(tx)

        row("DescribeCertificate, answered at once", lambda: look(describe))
        row("… signature, with the access key read from the store", lambda: gate.check(describe))
        row("… settings and certificate, read from the store", lambda: (authority.settings, call.certificate()))
        row("… ACM's members", lambda: answers.detail(certificate, authority.place, now, settings))
        row("… its record, alone in a transaction", record)

        parts = {name: base64.b64decode(text) for name, text in imported.items()}
        given = (parts["Certificate"], parts["PrivateKey"], parts["CertificateChain"])

        def least() -> None:
            leaf, key = x509.load_pem_x509_certificate(given[0]), load_pem_private_key(given[1], None)
            leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(given[2]))
            assert leaf.public_key() == key.public_key()

        synced = os.open(folder + "/synced", os.O_CREAT | os.O_RDWR)

        def sync() -> None:
            os.pwrite(synced, bytes(30_000), 0)  # as many octets as an import writes
            os.fdatasync(synced)

        def without_disk() -> None:
            authority.store._reach_disk, reach = lambda: None, authority.store._reach_disk  # type: ignore[method-assign]
            try:
                answer(bring)
            finally:
                authority.store._reach_disk = reach  # type: ignore[method-assign]

        loaded = import_rules.check_import(*given, now)
        row("ImportCertificate", lambda: answer(bring), 200)
        row("… without the wait for the disk", without_disk, 200)
        row("… signature, with the access key read from the store", lambda: gate.check(bring))
        row("… the rules of an import", lambda: import_rules.check_import(*given, now))
        row("… of which cryptography: load both and the key, and verify", least)
        row("… what is shown of a certificate", lambda: issuer.leaf_facts(loaded.certificate))
        row("30 KB written, and fdatasync", sync, 100)
    return 0


if __name__ == "__main__":
    sys.exit(main())
