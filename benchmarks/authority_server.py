# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's server compared with moto's in one run: the same signed requests in turn, each over one open connection.

Only ratios are printed, each the median of its rounds, because seconds mean something only on one machine on one day. The
column "the floor" is the same ratio for an aiohttp server that reads the request and answers with a fixed line, so no ratio
can be higher. For an import, the floor also does what no server that keeps ACM's rules can leave out: in a thread, it loads
both certificates and the key, verifies them, seals the key and commits one row to the disk. This alone makes it only twice
as fast as moto, which writes nothing to disk; so an import need only be no slower than moto's. The second part shows what
many, slow and unknown clients do to one that signs its requests.

    ./run bench authority_server         takes about three minutes; --rounds 3 for a quick look

The client signs as botocore does, without the rest of boto3, which costs more than our server's answer to a small request
and is the same for both; --boto3 includes it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COLLECTION = Path(__file__).resolve().parents[1]
TREE = COLLECTION.parents[2]
sys.path.insert(0, str(TREE))

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder  # noqa: E402

_AnsibleCollectionFinder(paths=[str(TREE)], scan_sys_paths=False)._install()

import boto3  # noqa: E402
from ansible_collections.certops.acm.plugins.module_utils._authority import creation  # noqa: E402
from ansible_collections.certops.acm.tests.support.moto_server import moto_server  # noqa: E402
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

PROGRAM = "ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line"
REGION = "eu-central-1"
SETTINGS = {  # the quotas of an account would end the run; and no name server answers
    "quota_certificates": 1_000_000, "quota_requests_a_year": 1_000_000,
    "quota_imported": 1_000_000, "quota_imports_a_year": 1_000_000, "resolvers": ["127.0.0.1:9"],
}  # fmt: skip
AT_LEAST = {"request": 50.0, "describe": 3.0, "import": 1.0, "list": 4.0}
LISTED = 100
FEWEST = 30  # calls in one measurement
FAILED: list[str] = []
FLOOR = """
import asyncio, base64, json, os, socket, sqlite3, sys
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

seal = AESGCM(bytes(32)).encrypt
database = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("CREATE TABLE imported (certificate BLOB, chain BLOB, key BLOB)")

def take(body):
    certificate, key, chain = (
        base64.b64decode(body[name]) for name in ("Certificate", "PrivateKey", "CertificateChain")
    )
    leaf, private = x509.load_pem_x509_certificate(certificate), load_pem_private_key(key, None)
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(chain))
    assert leaf.public_key() == private.public_key()
    database.execute("INSERT INTO imported VALUES (?, ?, ?)", (certificate, chain, seal(os.urandom(12), key, None)))

async def answer(request):
    body = await request.read()
    if request.headers["X-Amz-Target"].endswith(".ImportCertificate"):
        await asyncio.get_running_loop().run_in_executor(None, take, json.loads(body))
    return web.Response(body=b'{"CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}')

async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    await asyncio.get_running_loop().create_server(web.Server(answer, access_log=None), sock=listener)
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Client:
    """Signs each request and sends it over one connection."""

    def __init__(self, url: str, access_key: str, secret_key: str) -> None:
        self.url = url
        self._credentials = Credentials(access_key, secret_key)
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        self._signed: dict[str, Any] = {}

    def __call__(self, operation: str, **members: Any) -> dict[str, Any]:
        request = self._request(operation, json.dumps(members))
        self._connection.request("POST", "/", request.body, dict(request.headers.items()))
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {body[:300]!r}")
        return dict(json.loads(body or b"{}"))

    def _request(self, operation: str, body: str) -> Any:
        """Signed once, where it is sent again: to sign is the client's work, and the same for both servers."""
        if self._signed.get("what") == (operation, body):
            return self._signed["request"]
        headers = {
            "X-Amz-Target": f"CertificateManager.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "User-Agent": "Boto3/1.40 Python/3.11",
        }
        request = AWSRequest("POST", f"{self.url}/", headers, body.encode())
        SigV4Auth(self._credentials, "acm", REGION).add_auth(request)
        self._signed = {"what": (operation, body), "request": request}
        return request


class Boto3Client:
    """The same with all that boto3 does."""

    def __init__(self, url: str, access_key: str, secret_key: str) -> None:
        self._client = boto3.client(
            "acm", endpoint_url=url, region_name=REGION, aws_access_key_id=access_key, aws_secret_access_key=secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def __call__(self, operation: str, **members: Any) -> dict[str, Any]:
        if "Certificate" in members:  # boto3 does base64 itself
            members = {name: _decoded(text) if name != "CertificateArn" else text for name, text in members.items()}
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        return dict(getattr(self._client, method)(**members))


def _decoded(text: str) -> bytes:
    import base64

    return base64.b64decode(text)


class OurServer:
    """The program, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "authority"
        self._log = folder / "log"
        creation.create(str(self.path), region=REGION, settings=SETTINGS)
        with self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-m", PROGRAM, "serve", str(self.path), "0"],
                env={**os.environ, "PYTHONPATH": str(TREE)}, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        told = dict(re.findall(r"export (\w+)=(\S+)", "".join(self._lines())))
        self.url = told["AWS_ENDPOINT_URL_ACM"]
        self.keys = (told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"].strip("'"))

    def _lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line
            if line.startswith("# Its roots"):
                return

    def log_lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines()

    def resident_kb(self) -> int:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii"))
        return int(found[1]) if found else 0

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def floor_server(database: Path) -> Iterator[tuple[str, int]]:
    """The URL and process of the server that does next to nothing."""
    command = [sys.executable, "-B", "-c", FLOOR, str(database)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}", process.pid
    finally:
        process.terminate()
        process.wait()


def material() -> dict[str, str]:
    """An import: a certificate of an own CA, its key and the chain."""
    import base64

    now = datetime.datetime.now(datetime.timezone.utc)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(name: str, issuer: str, public_key: Any, is_ca: bool) -> str:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        signed = builder.sign(ca_key, hashes.SHA256())
        return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()

    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return {
        "Certificate": certificate("import.example.com", "a CA", key.public_key(), False),
        "PrivateKey": base64.b64encode(pem).decode(),
        "CertificateChain": certificate("a CA", "a CA", ca_key.public_key(), True),
    }


# ---------------------------------------------------------------- beside moto


def seconds(calls: Callable[[], object], least_s: float, pid: int) -> tuple[float, float]:
    """Of one call, over as many as fill that time: on the clock, and of the server's CPU.

    At least FEWEST, because the time to make an RSA key, as moto does for each request, varies by the half from key to key.
    """
    calls()
    number, started_at, cpu_s = 0, time.perf_counter(), used_cpu_s(pid)
    while (passed := time.perf_counter() - started_at) < least_s or number < FEWEST:
        calls()
        number += 1
    return passed / number, max(used_cpu_s(pid) - cpu_s, 0.01) / number


def used_cpu_s(pid: int) -> float:
    """Of a process and all its threads, those that have ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(ours: Any, peer: Any, floor: Any, pids: tuple[int, int, int], rounds: int, least_s: float) -> None:
    number = iter(range(10**9))
    imported = material()
    jobs: list[tuple[str, str, Callable[[Any], Callable[[], object]]]] = []

    def request(algorithm: str) -> Callable[[Any], Callable[[], object]]:
        return lambda client: lambda: client(
            "RequestCertificate",
            DomainName=f"h{next(number)}.example.com",
            ValidationMethod="DNS",
            KeyAlgorithm=algorithm,
        )

    def describe(arn_of: Callable[[Any], str]) -> Callable[[Any], Callable[[], object]]:
        def prepare(client: Any) -> Callable[[], object]:
            arn = arn_of(client)
            return lambda: client("DescribeCertificate", CertificateArn=arn)

        return prepare

    def import_one(client: Any) -> str:
        return str(client("ImportCertificate", **imported)["CertificateArn"])

    def request_one(client: Any) -> str:
        members = {"DomainName": "pending.example.com", "ValidationMethod": "DNS"}
        return str(client("RequestCertificate", **members)["CertificateArn"])

    jobs = [
        ("request", "RequestCertificate, RSA", request("RSA_2048")),
        ("request", "RequestCertificate, EC", request("EC_prime256v1")),
        ("import", "ImportCertificate", lambda client: lambda: import_one(client)),
        ("describe", "DescribeCertificate, imported", describe(import_one)),
        ("describe", "DescribeCertificate, pending, no DNS to ask", describe(request_one)),
        (
            "list",
            f"ListCertificates, {LISTED} a page",
            lambda client: lambda: client("ListCertificates", MaxItems=LISTED),
        ),
    ]
    for client in (ours, peer):
        for _each in range(LISTED):
            import_one(client)
    for kind, name, prepare in jobs:
        ratios, cpu_ratios, most = [], [], []
        for _round in range(rounds):
            mine, its, least = (
                seconds(prepare(client), least_s, pid) for client, pid in zip((ours, peer, floor), pids)
            )
            ratios.append(its[0] / mine[0])
            cpu_ratios.append(its[1] / mine[1])
            most.append(its[0] / least[0])
        row(name, *(statistics.median(each) for each in (ratios, cpu_ratios, most)), AT_LEAST[kind])


def row(name: str, ratio: float, cpu_ratio: float, most: float, at_least: float) -> None:
    print(f"| {name:46} | {ratio:8.1f} × | {cpu_ratio:10.1f} × | {most:8.1f} × | {at_least:6.1f} × |", flush=True)
    if ratio < at_least:
        FAILED.append(f"{name}: {ratio:.1f} of {at_least:.1f}")


# ---------------------------------------------------------------- many, slow and unknown


def fact(name: str, is_so: bool, detail: str = "") -> None:
    print(f"{'yes' if is_so else 'NO '}  {name}{f': {detail}' if detail else ''}", flush=True)
    if not is_so:
        FAILED.append(name)


def many_at_once(server: OurServer, number: int) -> None:
    def work(_number: int) -> int:
        client = Client(server.url, *server.keys)
        for _each in range(5):
            client("ListCertificates", MaxItems=10)
        return 5

    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(work, each) for each in range(number)]
        errors = [str(future.exception()) for future in futures if future.exception()]
    fact(f"{number} clients at once without an error", not errors, errors[0][:200] if errors else "")


def memory(server: OurServer, number: int) -> None:
    client = Client(server.url, *server.keys)
    arn = client("ListCertificates", MaxItems=1)["CertificateSummaryList"][0]["CertificateArn"]
    for _each in range(2000):
        client("DescribeCertificate", CertificateArn=arn)
    before = server.resident_kb()
    for _each in range(number):
        client("DescribeCertificate", CertificateArn=arn)
    grown = server.resident_kb() / before
    fact(f"{number:,} requests without growth of memory", grown < 1.05, f"{grown:.3f} × of what it was")


@contextlib.contextmanager
def half_sent(server: OurServer) -> Iterator[None]:
    """128 bodies of which half has come."""
    with contextlib.ExitStack() as stack:
        for _number in range(128):
            connection = stack.enter_context(_connected(server))
            identifier = server.keys[0]
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nX-Amz-Date: "
                + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()).encode()
                + f"\r\nAuthorization: AWS4-HMAC-SHA256 Credential={identifier}/{time.strftime('%Y%m%d', time.gmtime())}/"
                f"{REGION}/acm/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n".encode() + b"x" * 1000
            )
        yield


@contextlib.contextmanager
def idle(server: OurServer) -> Iterator[None]:
    """1,000 connections that never say anything."""
    with contextlib.ExitStack() as stack:
        for _number in range(1000):
            stack.enter_context(_connected(server))
        yield


@contextlib.contextmanager
def dripping(server: OurServer) -> Iterator[None]:
    """A client that sends an octet a second."""
    is_over = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError), _connected(server) as connection:
            for octet in b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + b"x" * 100:
                connection.sendall(bytes([octet]))
                if is_over.wait(1):
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextlib.contextmanager
def flooding(server: OurServer, request: bytes, number: int) -> Iterator[None]:
    """So many strangers, each a request after the other as fast as it can, in a process of its own."""
    program = (
        "import socket, sys\n"
        "connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    connection.sendall(sys.argv[2].encode())\n"
        "    connection.recv(65536) or sys.exit()\n"
    )
    port = str(urlsplit(server.url).port)
    command = [sys.executable, "-S", "-c", program, port, request.decode()]
    strangers = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _number in range(number)]
    try:
        yield
    finally:
        for each in strangers:
            each.kill()
            each.wait()


@contextlib.contextmanager
def health_flood(server: OurServer) -> Iterator[None]:
    """Four strangers that ask for /healthz without a pause."""
    with flooding(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 4):
        yield


@contextlib.contextmanager
def unsigned_flood(server: OurServer) -> Iterator[None]:
    """Four strangers that send requests without a signature, and without a pause."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: CertificateManager.ListCertificates\r\nContent-Length: 2\r\n"
    with flooding(server, head + b"\r\n{}", 4):
        yield


def _connected(server: OurServer) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10)


def beside(server: OurServer, what: Callable[[OurServer], Any], rounds: int = 3, *, is_flood: bool = False) -> None:
    """What a rightful request takes beside it, a new connection each, against what it takes alone, before and after.

    What counts is the server's own CPU time, and that none waits long: on the clock, whatever else this machine does at the
    moment may make it ten times slower. A flood costs CPU time, but must not fill the log.
    """
    logged = len(server.log_lines())

    def once() -> None:
        Client(server.url, *server.keys)("ListCertificates", MaxItems=10)

    def measured(number: int = 60) -> tuple[float, float, float]:
        times, cpu_s = [], used_cpu_s(server.process.pid)
        for _each in range(number):
            started_at = time.perf_counter()
            once()
            times.append(time.perf_counter() - started_at)
        return statistics.median(times), max(times), used_cpu_s(server.process.pid) - cpu_s

    alone, busy = [], []
    for _round in range(rounds):
        alone.append(measured())
        with what(server):
            time.sleep(0.5)
            busy.append(measured())
    alone.append(measured())
    clock, _longest, cpu = (
        statistics.median(of) / statistics.median(without) for of, without in zip(zip(*busy), zip(*alone))
    )
    longest = max(each[1] for each in busy)
    name = (what.__doc__ or "").rstrip(".")
    told = f"{clock:.2f} × of what it takes alone, CPU {cpu:.2f} ×, the longest {longest * 1000:.0f} ms"
    if is_flood:
        lines = len(server.log_lines()) - logged
        fact(
            f"{name}: no request waits long, and the log does not grow",
            longest < 1 and lines < 10,
            f"{told}, {lines} lines",
        )
    else:
        fact(f"{name}: slow no request down", cpu < 2 and longest < 1, told)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="of each measurement")
    parser.add_argument("--requests", type=int, default=20_000, help="for the look at memory")
    parser.add_argument("--boto3", action="store_true", help="the client is boto3's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="authority-server-") as folder:
        server = OurServer(Path(folder))
        try:
            with moto_server() as moto, floor_server(Path(folder, "floor.sqlite3")) as (floor_url, floor_pid):
                make = Boto3Client if options.boto3 else Client
                print(
                    f"| {'one client':46} | {'ratio':>10} | {'of CPU time':>12} | {'the floor':>10} | {'wanted':>8} |"
                )
                print(f"|{'-' * 48}|{'-' * 12}|{'-' * 14}|{'-' * 12}|{'-' * 10}|")
                clients = [make(url, "AKIA", "secret") for url in (moto.url, floor_url)]
                pids = (server.process.pid, moto.pid, floor_pid)
                compare(make(server.url, *server.keys), *clients, pids, options.rounds, options.seconds)
            print()
            many_at_once(server, 200)
            memory(server, options.requests)
        finally:
            server.end()
    with tempfile.TemporaryDirectory(prefix="authority-server-") as folder:
        server = OurServer(Path(folder))  # one without thousands of pending requests, whose due work would be counted
        try:
            for what in (dripping, half_sent, idle):
                beside(server, what)
            for what in (health_flood, unsigned_flood):
                beside(server, what, is_flood=True)
        finally:
            server.end()
    if FAILED:
        print(f"\nNot reached: {'; '.join(FAILED)}.")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
