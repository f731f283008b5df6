# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Damaged input for the two readers that take what strangers send: material for an import, and requests on the wire.

Whatever comes, the answer is a set that keeps the rules, or one sentence; never a traceback. The same seed makes the same
inputs. FUZZ_INPUTS=500000 FUZZ_SEED=7 ./run test … takes as many of each, and others.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.parts import Parts
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import table
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules, pem, pkcs12
from ansible_collections.certops.acm.plugins.module_utils._x509.material import make_ready
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import Source
from ansible_collections.certops.acm.tests.support.authority_lab import START
from ansible_collections.certops.acm.tests.support.mutations import block, changed, damaged
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

SEED = int(os.environ.get("FUZZ_SEED", "20"))
MATERIALS = int(os.environ.get("FUZZ_INPUTS", "10000"))
REQUESTS = int(os.environ.get("FUZZ_INPUTS", "10000"))
PASSPHRASE = b"hushed-passphrase"
DER, PKCS8 = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8

Sources = list[Source]


# ---------------------------------------------------------------- material


def materials(pki: Any, *pairs: Any) -> list[Callable[[random.Random], Sources]]:
    """Ways to make damaged material from these pairs."""
    made: list[Callable[[random.Random], Sources]] = []
    for pair in pairs:
        certificates = (pair.pem + "".join(pem.certificate_pem(each) for each in pair.issuers)).encode()
        key, der = pair.key_pem.encode(), pair.certificate.public_bytes(DER)
        key_der = pair.key.private_bytes(DER, PKCS8, serialization.NoEncryption())
        whole = [
            certificates + key,
            certificates + pair.key_pem_in("TraditionalOpenSSL").encode(),
            (certificates + key).replace(b"\n", b"\\n"),
            base64.b64encode(certificates + key),
            json.dumps({"data": [(certificates + key).decode()]}).encode(),
            (certificates + key).decode().encode("utf-16"),
        ]
        made += [lambda chance, text=text: [Source("bundle", "bundle", damaged(text, chance))] for text in whole]  # type: ignore[misc]
        ends = pair.certificate.public_bytes(serialization.Encoding.PEM), key
        for label, kind, content in (("CERTIFICATE", "certificate", der), ("PRIVATE KEY", "private_key", key_der)):

            def damaged_der(chance: random.Random, label: str = label, kind: str = kind, content: bytes = content, ends: Any = ends) -> Sources:  # fmt: skip
                other = Source("private_key", "private_key", ends[1])
                if kind == "private_key":
                    other = Source("certificate", "certificate", ends[0])
                spoiled = damaged(content, chance)
                return [other, Source(kind, kind, block(label, spoiled) if chance.random() < 0.7 else spoiled)]

            made.append(damaged_der)

        def damaged_chain(chance: random.Random, ends: Any = ends, pair: Any = pair) -> Sources:
            links = [damaged(each.public_bytes(DER), chance) if chance.random() < 0.5 else each.public_bytes(DER) for each in pair.issuers]  # fmt: skip
            chain = b"".join(block("CERTIFICATE", each) for each in links)
            return [
                Source("certificate", "certificate", ends[0]),
                Source("private_key", "private_key", ends[1]),
                Source("certificate_chain", "certificate_chain", chain),
            ]

        made.append(damaged_chain)
        binary = pkcs7.serialize_certificates([pair.certificate, *pair.issuers], DER)

        def damaged_binary(chance: Any, binary: bytes = binary, key: bytes = key) -> list[Source]:
            certificates = Source("certificate", "certificate", damaged(binary, chance))
            return [certificates, Source("private_key", "private_key", key)]

        made.append(damaged_binary)
    return made


@functools.lru_cache(maxsize=1)
def costly_materials(pki: Any) -> tuple[bytes, ...]:
    """Whose passphrase takes a thousand times as long to try as the rest does to read."""
    pair = pki.leaf()
    store = pkcs12.packed("www", pair.key, pair.certificate, pair.issuers, PASSPHRASE)
    return (
        store,
        base64.b64encode(store),
        pair.pem.encode() + pair.key_pem_in("PKCS8", PASSPHRASE).encode(),
        pair.pem.encode() + pair.key_pem_in("TraditionalOpenSSL", PASSPHRASE).encode(),
    )


def check_material(sources: Sources, now: Any) -> None:
    try:
        ready = make_ready(sources, PASSPHRASE, now)
    except InvalidMaterial as error:
        said = str(error)
        assert error.rule and said.endswith(".") and "\n" not in said and len(said) < 5_000
        assert "hushed" not in said and "PRIVATE KEY-----" not in said
        return
    import_rules.check_import(ready.certificate_pem, ready.private_key_pem, ready.chain_pem or None, now)


@pytest.mark.filterwarnings("ignore")
def test_damaged_material_is_refused_in_one_sentence_or_obeys_the_rules(pki: Any) -> None:
    ways = materials(pki, pki.leaf(), pki.issue(None, pki.authority(), addresses=("192.0.2.1",)))
    slow, slowest = materials(pki, pki.leaf(kind="2048")), costly_materials(pki)
    for number in range(MATERIALS):
        chance = random.Random(f"{SEED} material {number}")
        if number % 50 == 0:
            sources = [Source("bundle", "bundle", damaged(chance.choice(slowest), chance))]
        else:
            sources = chance.choice(slow if number % 50 == 1 else ways)(chance)
        try:
            check_material(sources, pki.now)
        except Exception as error:  # whatever it is, say how to make it again
            raise AssertionError(f"FUZZ_SEED={SEED}, material {number}: {type(error).__name__}: {error}") from error


# ---------------------------------------------------------------- requests


class Wire:
    """An authority with a certificate of each kind, and good requests about them. No name server answers it."""

    def __init__(self, folder: Path, pki: Any) -> None:
        creation.create(str(folder / "authority")).store.close()
        self.authority = opening.open_authority(str(folder / "authority"), parts=Parts(clock=lambda: START))
        self.authority.configure({"resolvers": ["127.0.0.1:9"], "resolver_timeout_s": 1, "public_suffixes": ["test"]})
        self.model = botocore.session.Session().get_service_model("acm")
        self.endpoint = Endpoint(self.authority, table.OPERATIONS, self.model)
        ca = self.authority.cas.private("corp", key_algorithm="EC_prime256v1").arn
        pair = pki.issue("www.example.com", not_before=-10, days=300)
        imported = {name: base64.b64encode(part.encode()).decode() for name, part in (("Certificate", pair.pem), ("PrivateKey", pair.key_pem))}  # fmt: skip
        self.texts = [
            "www.example.com",
            "*.example.com",
            "Name",
            "ENABLED",
            "DNS",
            "EC_prime256v1",
            "ISSUED",
            "IMPORTED",
            "abcd",
            ca,
        ]
        self.requests: dict[str, dict[str, Any]] = {
            "RequestCertificate": {
                "DomainName": "www.example.com",
                "CertificateAuthorityArn": ca,
                "KeyAlgorithm": "EC_prime256v1",
            },
            "ImportCertificate": imported,
        }
        for operation, members in list(self.requests.items()):
            answer = self.send(operation, members)
            self.texts.append(answer["CertificateArn"])
        public = {"DomainName": "www.example.com", "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"}
        self.texts.append(self.send("RequestCertificate", public)["CertificateArn"])

    def send(self, operation: str, members: Any) -> dict[str, Any]:
        body = members if isinstance(members, bytes) else json.dumps(members).encode()
        answer = self.endpoint.answer(f"CertificateManager.{operation}", body)
        found = json.loads(answer.body or b"{}")
        assert answer.status in (200, 400), (answer.status, found)
        assert answer.status == 200 or set(found) >= {"__type"}, found
        assert "Traceback" not in str(found) and "InternalFailure" not in str(found.get("__type"))
        return dict(found)

    def request(self, operation: str, chance: random.Random) -> Any:
        """A request with the shape of the operation and plausible values."""
        if operation in self.requests and chance.random() < 0.5:
            return dict(self.requests[operation])
        shape = self.model.operation_model(operation).input_shape
        return {} if shape is None else self.value(shape, chance, 4)

    def value(self, shape: Any, chance: random.Random, depth: int) -> Any:
        if shape.type_name == "structure":
            required = set(shape.required_members)
            return {
                name: self.value(member, chance, depth - 1)
                for name, member in shape.members.items()
                if name in required or (depth > 0 and chance.random() < 0.4)
            }
        if shape.type_name == "list":
            return [
                self.value(shape.member, chance, depth - 1)
                for _number in range(chance.randint(0, 2) if depth > 0 else 0)
            ]
        if shape.type_name == "string" and getattr(shape, "enum", None):
            return chance.choice(shape.enum)
        if "arn" in shape.name.lower():
            return chance.choice([text for text in self.texts if text.startswith("arn:")])
        return {
            "string": lambda: chance.choice(self.texts),
            "blob": lambda: base64.b64encode(chance.randbytes(chance.randint(0, 40))).decode(),
            "boolean": lambda: chance.random() < 0.5,
            "integer": lambda: chance.randint(-1, 2000),
            "timestamp": lambda: chance.randint(0, 2**33),
        }.get(shape.type_name, lambda: None)()


@pytest.fixture
def wire(pki: Any) -> Iterator[Wire]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    try:
        yield Wire(folder, pki)
    finally:
        shutil.rmtree(folder)


@pytest.mark.filterwarnings("ignore")
def test_damaged_requests_are_answered_with_a_code_of_acm(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    operations = sorted(table.OPERATIONS)
    for number in range(REQUESTS):
        chance = random.Random(f"{SEED} request {number}")
        operation = chance.choice(operations)
        request = wire.request(operation, chance)
        how = chance.random()
        if how < 0.7:
            request = changed(request, chance)
        try:
            body: Any = json.dumps(request).encode("utf-8", "surrogatepass")
            wire.send(operation, damaged(body, chance) if how > 0.85 else body)
        except Exception as error:  # whatever it is, say how to make it again
            logged = [record.exc_text or record.getMessage() for record in caplog.records][-1:]
            raise AssertionError(f"FUZZ_SEED={SEED}, request {number}, {operation}: {error} {logged}") from error
