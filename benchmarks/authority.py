# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the embedded authority costs: medians of one run, next to the least that the same work can cost.

    ./run bench authority --only issue scale writers pending

`issue`: requests through boto3, compared with only generating a key, signing, encrypting the key and a durable commit, as a
program would do it with cryptography.
`scale`: DescribeCertificate, a search, a page of a list and a sweep with nothing due, with 100 and with 100,000 certificates.
`writers`: 50 processes that write at the same time.
`pending`: DescribeCertificate for a certificate that is pending validation while DNS does not answer, compared with one for an
issued certificate.
"""

from __future__ import annotations

import argparse
import functools
import os
import socket
import sqlite3
import statistics
import tempfile
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

_AnsibleCollectionFinder(paths=[str(Path(__file__).resolve().parents[4])], scan_sys_paths=False)._install()

from ansible_collections.certops.acm.plugins.module_utils._authority import creation, sweep  # noqa: E402
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer  # noqa: E402
from ansible_collections.certops.acm.tests.support.authority_client import authority_client  # noqa: E402
from ansible_collections.certops.acm.tests.support.many_certificates import fill  # noqa: E402

NAME = "www.corp.test"
MANY = 100_000
NO_QUOTAS = {"quota_certificates": 10**7, "quota_requests_a_year": 10**7}


class Bench:
    """An authority in its own folder, with a private CA for each key algorithm."""

    def __init__(self, folder: str) -> None:
        self.authority = creation.create(f"{folder}/authority", settings=NO_QUOTAS)
        self.acm = authority_client(self.authority)

    @functools.lru_cache(maxsize=16)
    def ca(self, algorithm: str) -> t.Any:
        return self.authority.cas.private(algorithm, key_algorithm=algorithm)

    def request(self, algorithm: str, name: str = NAME) -> str:
        wanted = {"DomainName": name, "KeyAlgorithm": algorithm, "CertificateAuthorityArn": self.ca(algorithm).arn}
        return str(self.acm.request_certificate(**wanted)["CertificateArn"])


class Turns(t.NamedTuple):
    """Milliseconds for one call of each, their ratio, and the ratio of their CPU times."""

    floor_ms: float
    work_ms: float
    ratio: float
    cpu_ratio: float

    @property
    def note(self) -> str:
        return f"× {self.ratio:.2f}, CPU × {self.cpu_ratio:.2f}"


def by_turns(floor: t.Callable[[], t.Any], work: t.Callable[[], t.Any], times: int, rounds: int = 5) -> Turns:
    """Medians over rounds: within a round, both run under the same load on the machine."""
    found = []
    for _round in range(rounds):
        measured = []
        for what in (floor, work):
            wall, cpu = time.perf_counter(), time.process_time()
            for _time in range(times):
                what()
            measured += [(time.perf_counter() - wall) / times * 1000, time.process_time() - cpu]
        bare_ms, bare_cpu, work_ms, work_cpu = measured
        found.append(Turns(bare_ms, work_ms, work_ms / bare_ms, work_cpu / bare_cpu))
    return Turns(*map(statistics.median, zip(*found)))


def line(what: str, value: float, unit: str = "ms", note: str = "") -> None:
    print(f"{what:<58}{value:>10.2f} {unit:<4}{note}")


# ---------------------------------------------------------------- issue


class Bare:
    """The floor: a program that only signs, with the same libraries and nothing from this collection."""

    def __init__(self, folder: str, ca: issuer.Signer) -> None:
        self._ca = ca
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._store = sqlite3.connect(f"{folder}/floor.sqlite3", isolation_level=None, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.execute("PRAGMA synchronous = FULL")
        self._store.execute("CREATE TABLE leaves (content BLOB)")

    def issue(self, algorithm: str) -> None:
        """Generate a key, sign a leaf with the extensions that the authority adds, encrypt the key, and commit durably."""
        is_rsa = algorithm.startswith("RSA")
        key = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
        leaf = self._leaf(key.public_key(), is_rsa).public_bytes(Encoding.DER)
        clear = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, clear, b"floor")
        self._store.execute("INSERT INTO leaves VALUES (?)", (leaf + sealed + bytes(2000),))

    def _leaf(self, public_key: t.Any, is_rsa: bool) -> x509.Certificate:
        now, above = datetime.now(timezone.utc), self._ca.certificate
        identifier = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        crl, certificate = (
            x509.UniformResourceIdentifier(f"http://pki.example.com/{self._ca.id}.{ending}")
            for ending in ("crl", "crt")
        )
        issuers = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, certificate)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]))
            .issuer_name(above.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=395))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, content_commitment=False, key_encipherment=is_rsa, data_encipherment=False,
                    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .add_extension(
                x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]), critical=False
            )
            .add_extension(x509.AuthorityInformationAccess([issuers]), critical=False)
            .sign(self._ca.key, hashes.SHA256())
        )  # fmt: skip


def issue(folder: str) -> None:
    bench = Bench(folder)
    floors = {
        algorithm: Bare(tempfile.mkdtemp(dir=folder), bench.authority.cas.signer(bench.ca(algorithm)))
        for algorithm in ("EC_prime256v1", "RSA_2048")
    }

    def bare(algorithm: str) -> None:
        floors[algorithm].issue(algorithm)

    # Some RSA keys are found quickly and some take five times as long: a steady ratio needs many of them.
    for algorithm, times, rounds in (("EC_prime256v1", 40, 25), ("RSA_2048", 10, 15)):
        bench.request(algorithm)
        turns = by_turns(lambda: bare(algorithm), lambda: bench.request(algorithm), times, rounds)
        line(f"{algorithm}: key, signature, encryption, commit", turns.floor_ms)
        line(f"{algorithm}: RequestCertificate through boto3", turns.work_ms, note=turns.note)
    with ThreadPoolExecutor(2) as pool:

        def both(work: t.Callable[[str], t.Any]) -> None:
            list(pool.map(lambda _number: work("RSA_2048"), range(20)))

        turns = by_turns(lambda: both(bare), lambda: both(bench.request), times=1, rounds=15)
    line("RSA_2048, two threads: key, signature, encryption, commit", turns.floor_ms / 20)
    line("RSA_2048, two threads: RequestCertificate", turns.work_ms / 20, note=turns.note)


# ---------------------------------------------------------------- scale


NEEDLE = "needle.corp.test"
NAMED = {"SubjectAlternativeName": {"DnsName": {"Value": NEEDLE, "ComparisonOperator": "EQUALS"}}}


class Crowd:
    """An authority with this many certificates, and the requests that are measured."""

    def __init__(self, folder: str, number: int) -> None:
        self.bench = Bench(folder)
        self.arn = self.bench.request("EC_prime256v1", NEEDLE)
        fill(self.bench.authority, self.arn, range(1, number))
        self.sweep()

    def describe(self) -> None:
        self.bench.acm.describe_certificate(CertificateArn=self.arn)

    def search(self, *filters: dict[str, t.Any]) -> None:
        self.bench.acm.search_certificates(FilterStatement={"And": [{"Filter": each} for each in filters]})

    def list_page(self, **wanted: t.Any) -> None:
        self.bench.acm.list_certificates(**wanted)

    def sweep(self) -> None:
        sweep.sweep(self.bench.authority)


def metadata(**wanted: t.Any) -> dict[str, t.Any]:
    return {"AcmCertificateMetadataFilter": wanted}


QUESTIONS: dict[str, tuple[t.Callable[[Crowd], None], int]] = {  # and how often in a round
    "DescribeCertificate": (Crowd.describe, 50),
    "SearchCertificates by name and status": (
        lambda crowd: crowd.search({"X509AttributeFilter": NAMED}, metadata(Status="ISSUED")),
        50,
    ),
    "SearchCertificates by type, 100 found": (lambda crowd: crowd.search(metadata(Type="PRIVATE")), 10),
    "SearchCertificates by a status that no certificate has": (
        lambda crowd: crowd.search(metadata(Status="REVOKED")),
        10,
    ),
    "ListCertificates, first page of 100": (
        lambda crowd: crowd.list_page(Includes={"keyTypes": ["EC_prime256v1"]}),
        10,
    ),
    "ListCertificates by default (RSA), nothing found": (Crowd.list_page, 10),
    "a sweep with nothing due": (Crowd.sweep, 3),
}


def scale(folder: str) -> None:
    crowds = []
    for number in (100, MANY):
        os.mkdir(f"{folder}/{number}")
        crowds.append(Crowd(f"{folder}/{number}", number))
    for what, (question, times) in QUESTIONS.items():
        turns = by_turns(lambda: question(crowds[0]), lambda: question(crowds[1]), times)
        line(f"{what}: 100", turns.floor_ms)
        line(f"{what}: {MANY:,}", turns.work_ms, note=turns.note)


# ---------------------------------------------------------------- writers


def writers(folder: str) -> None:
    bench = Bench(folder)
    identifier = bench.request("EC_prime256v1").rpartition("/")[2]
    bench.authority.store.close()
    at_the_gate, gate = os.pipe()  # all start when it is closed
    readers = []
    for _process in range(50):
        reader, writer = os.pipe()
        if os.fork():
            os.close(writer)
            readers.append(reader)
            continue
        code = 1
        try:
            os.close(gate)
            bench.authority.store.check()  # opens the store in this process
            os.read(at_the_gate, 1)
            waits = []
            for number in range(20):
                began = time.perf_counter()
                with bench.authority.store.write() as tx:
                    tx.put_tags(identifier, {f"k{number}": "v"})
                waits.append(time.perf_counter() - began)
            os.write(writer, ("\n".join(map(str, waits)) + f"\n{time.time()}").encode())
            code = 0
        finally:
            os._exit(code)
    time.sleep(1)
    start = time.time()
    os.close(gate)
    waits, ends = [], []
    for reader in readers:
        with os.fdopen(reader) as file:
            *each, end = map(float, file.read().split())
        waits += each
        ends.append(end)
    for _process in range(50):
        assert os.wait()[1] == 0
    waits.sort()
    rate = len(waits) / (max(ends) - start)

    def alone(number: int) -> None:
        with bench.authority.store.write() as tx:
            tx.put_tags(identifier, {f"k{number % 20}": "v"})

    began = time.perf_counter()
    for number in range(1000):
        alone(number)
    floor = 1000 / (time.perf_counter() - began)
    line("one process, 1,000 such writes", floor, "/s")
    line("50 processes × 20 writes", rate, "/s", note=f"× {rate / floor:.2f}")
    line("50 processes × 20 writes, p99 of one write", waits[int(len(waits) * 0.99)] * 1000)


# ---------------------------------------------------------------- pending


def pending(folder: str) -> None:
    """Over some seconds, so that DNS lookups are part of what is measured."""
    bench = Bench(folder)
    issued = bench.request("EC_prime256v1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # receives queries and answers none
        silent.bind(("127.0.0.1", 0))
        resolver = f"127.0.0.1:{silent.getsockname()[1]}"
        bench.authority.configure({"resolvers": [resolver], "resolver_timeout_s": 1})
        wanted = {"DomainName": "www.example.com", "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"}
        waiting = str(bench.acm.request_certificate(**wanted)["CertificateArn"])
        rates = [_describes_a_second(bench, arn) for arn in (issued, waiting)]
    line("DescribeCertificate, issued", rates[0], "/s")
    line("DescribeCertificate, pending, DNS silent", rates[1], "/s", note=f"issued × {rates[0] / rates[1]:.2f}")


def _describes_a_second(bench: Bench, arn: str, seconds: float = 20) -> float:
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        bench.acm.describe_certificate(CertificateArn=arn)
        count += 1
    return count / (time.perf_counter() - began)


PARTS: dict[str, t.Callable[[str], None]] = {"issue": issue, "scale": scale, "writers": writers, "pending": pending}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS), metavar="PART")
    for part in parser.parse_args().only:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
            PARTS[part](place)
