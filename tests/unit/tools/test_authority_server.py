# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""./run authority: the program as a whole, with real clients and real signals, and the wire octet by octet."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import authority_server
import boto3
import connections
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import directory
from ansible_collections.certops.acm.tests.unit.plugins.conftest import Pki
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from connections import Reply, Request, Server, error
from sigv4 import Gate, Refusal

COLLECTION = Path(__file__).resolve().parents[3]
PROGRAM = COLLECTION / "tools" / "authority_server.py"
LIST = b'{"Includes": {"keyTypes": ["EC_prime256v1", "RSA_2048"]}}'


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """The program as ./run starts it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-B", str(PROGRAM), *map(str, arguments)],
        env={**env, "PYTHONPATH": str(COLLECTION.parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Running:
    """A started program, and what it told its user to set."""

    def __init__(self, path: Path, *options: str, port: int = 0) -> None:
        self.path = path
        self.process = start(path, str(port), *options)
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith("# Its roots"):
                break
        exports = [shlex.split(line)[1].partition("=") for line in self.said if line.startswith("export ")]
        self.variables = {name: value for name, _equals, value in exports}

    @property
    def url(self) -> str:
        return self.variables["AWS_ENDPOINT_URL_ACM"]

    def client(self, **changes: Any) -> Any:
        arguments = {
            "endpoint_url": self.url,
            "region_name": self.variables["AWS_REGION"],
            "aws_access_key_id": self.variables["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.variables["AWS_SECRET_ACCESS_KEY"],
            "config": Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
            **changes,
        }
        return boto3.Session().client("acm", **arguments)

    def end(self, sent: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and what came on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(sent)
        try:
            _out, err = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, err


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("running") / "authority"
    authority = directory.create(str(path), region="eu-central-1")
    authority.private_ca("lab", key_algorithm="EC_prime256v1")
    program = Running(path)
    yield program
    assert program.end() == (0, "")


def ca_arn(path: Path, name: str) -> str:
    with directory.open_authority(str(path)).store.read() as tx:
        row = tx.ca_named(name)
    assert row is not None
    return row.arn


# ---------------------------------------------------------------- the program


def test_it_makes_the_authority_and_says_what_to_set(tmp_path: Path) -> None:
    program = Running(tmp_path / "new")
    try:
        # Everything it prints can be pasted into a shell as it is.
        script = "\n".join([*program.said, "env"])
        env = subprocess.run(
            ["sh", "-euc", script], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
        )
        assert {f"{name}={value}" for name, value in program.variables.items()} <= set(env.stdout.splitlines())
        assert set(program.variables) == {
            "AWS_ENDPOINT_URL_ACM", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        }  # fmt: skip
        assert re.fullmatch(r"AKIA[A-Z2-7]{16}", program.variables["AWS_ACCESS_KEY_ID"])
        assert program.client().list_certificates()["CertificateSummaryList"] == []
        assert (tmp_path / "new" / "public" / "trust.pem").read_text().count("BEGIN CERTIFICATE") == 2
    finally:
        assert program.end(signal.SIGINT) == (0, "")

    again = Running(tmp_path / "new")
    try:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert again.variables[name] == program.variables[name]
        stored = (tmp_path / "new" / "acm.sqlite3").read_bytes()
        assert again.variables["AWS_SECRET_ACCESS_KEY"].encode() not in stored
    finally:
        again.end()


def test_what_it_says_leads_boto3_there(running: Running) -> None:
    """With nothing but the variables: no argument, no profile."""
    program = "import boto3; print(boto3.client('acm').get_account_configuration()['ExpiryEvents'])"
    env = {"PATH": os.defpath, "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **running.variables}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{'DaysBeforeExpiry': 45}\n", "")


def test_the_life_of_a_certificate(running: Running) -> None:
    client = running.client()
    arn = client.request_certificate(
        DomainName="www.lab.internal",
        CertificateAuthorityArn=ca_arn(running.path, "lab"),
        KeyAlgorithm="EC_prime256v1",
        Tags=[{"Key": "Name", "Value": "www"}],
    )["CertificateArn"]
    assert client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    exported = client.export_certificate(CertificateArn=arn, Passphrase=b"passphrase")
    assert exported["Certificate"] == client.get_certificate(CertificateArn=arn)["Certificate"]
    assert exported["PrivateKey"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert client.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "Name", "Value": "www"}]
    listed = client.get_paginator("list_certificates").paginate(Includes={"keyTypes": ["EC_prime256v1"]})
    assert arn in [each["CertificateArn"] for each in listed.search("CertificateSummaryList[]")]
    client.revoke_certificate(CertificateArn=arn, RevocationReason="SUPERSEDED")
    client.delete_certificate(CertificateArn=arn)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_certificate(CertificateArn=arn)


def test_import_and_import_again(running: Running) -> None:
    client, pki = running.client(), Pki()
    first, second = (pki.leaf("import.example.com", number=number) for number in (1, 2))
    arn = client.import_certificate(
        Certificate=first.pem.encode(), PrivateKey=first.key_pem.encode(), CertificateChain=first.chain_pem.encode()
    )["CertificateArn"]
    again = client.import_certificate(
        CertificateArn=arn,
        Certificate=second.pem.encode(),
        PrivateKey=second.key_pem.encode(),
        CertificateChain=second.chain_pem.encode(),
    )
    assert again["CertificateArn"] == arn
    assert client.get_certificate(CertificateArn=arn)["Certificate"] == second.pem


def test_the_largest_request_of_acm_fits(running: Running) -> None:
    """A chain of 2 MiB is refused by ACM's rules, not by the transport."""
    client, leaf = running.client(), Pki().leaf("large.example.com")
    with pytest.raises(ClientError) as caught:
        client.import_certificate(
            Certificate=leaf.pem.encode(), PrivateKey=leaf.key_pem.encode(), CertificateChain=b"x" * 2097152
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA"}, "UnrecognizedClientException"),
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_session_token": "token"}, "UnrecognizedClientException"),
        ({"region_name": "us-east-1"}, "InvalidSignatureException"),
    ],
)
def test_who_is_not_let_in(running: Running, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        running.client(**changes).list_certificates()
    assert caught.value.response["Error"]["Code"] == code


def test_not_signed_at_all(running: Running) -> None:
    from botocore import UNSIGNED

    with pytest.raises(ClientError) as caught:
        running.client(config=Config(signature_version=UNSIGNED)).list_certificates()
    assert caught.value.response["Error"] == {
        "Code": "MissingAuthenticationTokenException", "Message": "Missing Authentication Token",
    }  # fmt: skip
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_anyone(tmp_path: Path) -> None:
    from botocore import UNSIGNED

    program = Running(tmp_path / "a", "--anyone")
    try:
        assert any("may do everything" in line for line in program.said)
        program.client(config=Config(signature_version=UNSIGNED)).list_certificates()
        program.client(aws_secret_access_key="whatever", region_name="ap-south-1").list_certificates()
    finally:
        program.end()


def refusal(*arguments: str | Path) -> str:
    """The one sentence with which it does not even begin."""
    process = start(*arguments)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (1, 2) and out == "" and "Traceback" not in err
    return err.rstrip("\n").rpartition("\n")[2]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(tmp_path / "a", str(port))
    assert (
        said
        == f"Port {port} of 127.0.0.1 cannot be served: Address already in use; take another, or 0 for any free one."
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "١"])
def test_no_port(tmp_path: Path, port: str) -> None:
    assert "is no port: take 0 to 65535" in refusal(tmp_path / "a", port) or port == "-1"
    assert not (tmp_path / "a").exists()


def test_a_folder_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert "is not empty: an authority is made in a new or empty directory only." in refusal(tmp_path, "0")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert "is a file" in refusal(tmp_path / "a", "0")
    assert "No authority can be made in" in refusal(tmp_path / "a" / "below", "0")


def test_a_store_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "acm.sqlite3").write_bytes(b"x" * 5000)
    assert "is damaged or not a SQLite file" in refusal(tmp_path, "0")


def test_the_key_is_missing(tmp_path: Path) -> None:
    directory.create(str(tmp_path / "a"))
    (tmp_path / "a" / "key-encryption-key").unlink()
    assert "is missing: put" in refusal(tmp_path / "a", "0")


def test_two_begin_in_the_same_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        programs = list(pool.map(lambda _number: Running(tmp_path / "a"), range(2)))
    try:
        assert len({program.variables["AWS_SECRET_ACCESS_KEY"] for program in programs}) == 1
        assert len({program.url for program in programs}) == 2
    finally:
        assert [program.end() for program in programs] == [(0, ""), (0, "")]


# ---------------------------------------------------------------- the end


def test_a_request_under_way_is_answered(tmp_path: Path) -> None:
    """SIGTERM in the middle of twenty clients' requests: what was done was answered, and the rest was not done."""
    authority = directory.create(str(tmp_path / "a"))
    authority.private_ca("lab")
    program = Running(tmp_path / "a")
    answered: list[str] = []
    arn = ca_arn(program.path, "lab")

    def request_until_it_ends(number: int) -> None:
        client = program.client()
        for count in range(1000):
            try:
                name = f"host-{number}-{count}.lab.internal"
                answered.append(
                    client.request_certificate(DomainName=name, CertificateAuthorityArn=arn)["CertificateArn"]
                )
            except BotoCoreError:
                return

    with ThreadPoolExecutor(20) as pool:
        for number in range(20):
            pool.submit(request_until_it_ends, number)
        deadline = time.monotonic() + 20
        while len(answered) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert program.end() == (0, "")
    opened = directory.open_authority(str(tmp_path / "a"))
    with opened.store.read() as tx:
        stored = {opened.arn("acm", f"certificate/{each}") for each in tx.ids_after("", 100_000)}
    assert len(answered) >= 10
    assert stored == set(answered)


def test_half_a_request_does_not_hold_up_the_end(tmp_path: Path) -> None:
    program = Running(tmp_path / "a")
    with call(program.url) as half, call(program.url) as idle:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        start_at = time.monotonic()
        assert program.end() == (0, "")
        assert time.monotonic() - start_at < 5
        assert b"ended within its headers" in received(half)
        assert received(idle) == b""


def test_a_second_signal_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Running(tmp_path / "a")
    with call(program.url) as half:
        half.sendall(b"POST / HTTP/1.1\r\n")
        time.sleep(0.1)
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert program.end()[0] in (0, -signal.SIGTERM)


# ---------------------------------------------------------------- the wire


def call(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10)


def received(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server in this process; it ends with the test."""
    started: list[Server] = []

    def start_one(
        answer: Any = lambda request: Reply(200, {"Content-Length": str(len(request.body))}, request.body)
    ) -> Server:
        server = Server(answer)
        server.start()
        started.append(server)
        return server

    yield start_one
    for server in started:
        assert server.end(grace_s=10)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return authority_server.open_or_make(str(tmp_path_factory.mktemp("wire") / "authority"))


@pytest.fixture
def open_url(authority: Any, serve: Callable[..., Server]) -> str:
    """ACM without signatures."""
    return serve(authority_server.Service(authority, None).answer).url


def exchange(url: str, sent: bytes) -> bytes:
    with call(url) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


def post(body: bytes, *headers: str, target: str = "CertificateManager.ListCertificates") -> bytes:
    lines = ["POST / HTTP/1.1", "Host: localhost", f"X-Amz-Target: {target}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"PUT / HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"DELETE /x?y HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"POST /elsewhere HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"POST / HTTP/1.1\r\n\r\n", 400, "UnknownOperationException"),
        (b"POST / HTTP/1.1\r\nX-Amz-Target: CertificateManager.Dance\r\n\r\n", 400, "UnknownOperationException"),
        (post(b"{"), 400, "SerializationException"),
        (post(b"[]"), 400, "SerializationException"),
        (post(b"\xff\xfe"), 400, "SerializationException"),
        (post(b"[" * 100_000), 400, "SerializationException"),
        (post(b'{"MaxItems": 0}'), 400, "ValidationException"),
        (b"hello\r\n\r\n", 400, "BadRequest"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "BadRequest"),  # the beginning of TLS
        (b"GET /\r\n\r\n", 400, "BadRequest"),
        (b"GET / HTTP/2.0\r\n\r\n", 400, "BadRequest"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BadRequest"),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400, "BadRequest"),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", 404, "UnknownOperationException"),
        (b"GET / HTTP/1.1\r\nHost", 400, "BadRequest"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, "RequestHeaderSectionTooLarge"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431, "RequestHeaderSectionTooLarge"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "BadRequest"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "BadRequest"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", 400, "BadRequest"),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf", 400, "IncompleteBody"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "MissingContentLength"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413, "RequestEntityTooLarge"),
    ],
)  # fmt: skip
def test_every_request_gets_an_answer_in_json(open_url: str, sent: bytes, status: int, code: str) -> None:
    answer = exchange(open_url, sent)
    head, _end, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body)["__type"] == code
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_body_that_is_too_large_still_reads_the_answer(open_url: str) -> None:
    connection = HTTPConnection(urlsplit(open_url).netloc, timeout=10)
    connection.request("POST", "/", b"x" * (connections.MAX_BODY + 1))
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["__type"]) == (413, "RequestEntityTooLarge")
    assert answer.headers["Connection"] == "close"


def test_several_requests_in_a_row_and_at_once(open_url: str) -> None:
    """Keep-alive, also for requests that are sent before the answers of those before have come."""
    answers = exchange(open_url, post(LIST) * 3 + post(LIST, "Connection: close") + post(LIST))
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.count(b"Connection: keep-alive") == 3


def test_http_1_0_closes(serve: Callable[..., Server]) -> None:
    url = serve().url
    with call(url) as connection:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nok")
        assert received(connection).endswith(b"Connection: close\r\n\r\nok")


def test_head_has_no_body(open_url: str) -> None:
    answer = exchange(open_url, b"HEAD /public/trust.pem HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"\r\n\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", answer)[1]) > 1000  # type: ignore[index]


def test_expect_continue(serve: Callable[..., Server]) -> None:
    with call(serve().url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_drips(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """However regularly something comes: the whole request has one deadline, and nobody else waits for it."""
    monkeypatch.setattr(connections, "REQUEST_S", 0.5)
    url = serve().url
    with call(url) as slow:
        start_at = time.monotonic()
        slow.sendall(b"POST / HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):
            for _octet in range(200):
                slow.sendall(b"y")
                time.sleep(0.05)
                if time.monotonic() - start_at < 0.3:
                    assert exchange(url, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert time.monotonic() - start_at < 3


def test_a_client_that_says_nothing(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.2)
    with call(serve().url) as connection:
        assert received(connection) == b""


def test_a_client_that_does_not_read(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SEND_S", 0.3)
    server = serve(lambda request: Reply(200, {"Content-Length": "50000000"}, b"x" * 50_000_000))
    with call(server.url) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\n\r\n")
        time.sleep(0.6)
        assert server.end(grace_s=2)


def test_a_client_that_goes_away(serve: Callable[..., Server]) -> None:
    url = serve().url
    for sent in (b"", b"POST", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", b"GET / HTTP/1.1\r\n\r\n"):
        with call(url) as connection:
            connection.sendall(sent)
    assert exchange(url, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_fault_of_our_own_says_nothing(serve: Callable[..., Server], caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: Request) -> Reply:
        raise RuntimeError("a secret")

    answer = exchange(serve(fail).url, b"GET / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ") and b"InternalFailure" in answer and b"secret" not in answer
    assert "a secret" in caplog.text


def test_fifty_clients_at_once(running: Running) -> None:
    before = len(list(all_arns(running.client())))

    def work(number: int) -> list[str]:
        client = running.client()
        arn = ca_arn(running.path, "lab")
        return [
            client.request_certificate(
                DomainName=f"host-{number}-{count}.fifty.internal",
                CertificateAuthorityArn=arn,
                KeyAlgorithm="EC_prime256v1",
            )["CertificateArn"]
            for count in range(4)
        ]

    with ThreadPoolExecutor(50) as pool:
        arns = [arn for found in pool.map(work, range(50)) for arn in found]
    assert len(set(arns)) == 200
    assert len(list(all_arns(running.client()))) == before + 200


def all_arns(client: Any) -> Iterator[str]:
    pages = client.get_paginator("list_certificates").paginate(Includes={"keyTypes": ["EC_prime256v1", "RSA_2048"]})
    yield from pages.search("CertificateSummaryList[].CertificateArn")


def test_more_clients_than_connections(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait in the queue until one leaves."""
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    url = serve().url
    with call(url) as first, call(url) as second, call(url) as third:
        for connection in (first, second, third):
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert first.recv(1000) and second.recv(1000)
        third.settimeout(0.3)
        with pytest.raises(TimeoutError):
            third.recv(1000)
        first.close()
        third.settimeout(5)
        assert third.recv(1000).startswith(b"HTTP/1.1 200")


def test_who_has_called_before_the_end_is_answered(serve: Callable[..., Server]) -> None:
    """Also one whose connection nobody has taken from the kernel's queue yet."""
    is_entered, may_go = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        is_entered.set()
        may_go.wait(5)
        return error(200, "done", "")

    server = serve(answer)
    with call(server.url) as first:
        first.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert is_entered.wait(5)
        others = [call(server.url) for _number in range(10)]
        for connection in others:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        ending = threading.Thread(target=server.end)
        ending.start()
        time.sleep(0.2)
        may_go.set()
        for connection in [first, *others]:
            assert received(connection).startswith(b"HTTP/1.1 200")
            connection.close()
        ending.join(5)
    with pytest.raises(ConnectionRefusedError):
        call(server.url)


# ---------------------------------------------------------------- /public/


def test_public_files(open_url: str, authority: Any) -> None:
    for path in Path(authority.public_folder).iterdir():
        answer = exchange(open_url, f"GET /public/{path.name} HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"\r\n\r\n" + path.read_bytes())
        wanted = {".crt": "application/pkix-cert", ".crl": "application/pkix-crl", ".pem": "application/x-pem-file"}
        assert f"Content-Type: {wanted[path.suffix]}\r\n".encode() in answer


@pytest.mark.parametrize(
    "path",
    [
        "/public/", "/public", "/public/.", "/public/..", "/public/../acm.sqlite3", "/public/%2e%2e/acm.sqlite3",
        "/public/..%2facm.sqlite3", "/public//etc/passwd", "//public/trust.pem", "/public/./trust.pem",
        "/public/../public/trust.pem", "/public/trust.pem/", "/public/trust.pem%00", "/public/.trust.pem-x.pem",
        "/public/absent.crt", "/public/link.pem", "/public/folder.pem", "/public/pipe.pem", "/acm.sqlite3",
        "/key-encryption-key",
    ],
)  # fmt: skip
def test_nothing_else_is_public(open_url: str, authority: Any, path: str) -> None:
    folder = Path(authority.public_folder)
    (folder / ".trust.pem-x.pem").write_text("half-written")
    if not (folder / "link.pem").is_symlink():
        (folder / "link.pem").symlink_to("../key-encryption-key")
        (folder / "folder.pem").mkdir()
        os.mkfifo(folder / "pipe.pem")
    try:
        answer = exchange(open_url, f"GET {path} HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"SQLite" not in answer and b"BEGIN" not in answer and b"half" not in answer
    finally:
        for name in (".trust.pem-x.pem", "link.pem", "pipe.pem"):
            (folder / name).unlink()
        (folder / "folder.pem").rmdir()


# ---------------------------------------------------------------- signatures

KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SIGNED_AT = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)


def gate(now: datetime = SIGNED_AT, service: str = "acm", region: str = "us-east-1") -> Gate:
    return Gate(KEY, region, (service,), lambda: now)


@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-x-www-form-urlencoded"],
)
def test_the_signatures_of_the_aws_test_suite(
    method: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    signed = ";".join(sorted(["host", "x-amz-date", *map(str.lower, headers)]))
    request = AWSRequest(
        method,
        "/",
        {
            "Host": "example.amazonaws.com",
            "X-Amz-Date": "20150830T123600Z",
            **headers,
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders={signed}, Signature={signature}",
        },
    )
    gate(service="service").check(method, "/", request.headers, body)
    with pytest.raises(Refusal, match="does not match"):
        gate(service="service").check(method, "/", request.headers, body + b".")


def signed_request(body: bytes = LIST, **headers: str) -> AWSRequest:
    """As botocore signs it at SIGNED_AT."""
    sent = {
        "Host": "127.0.0.1:8400",
        "X-Amz-Target": "CertificateManager.ListCertificates",
        "Content-Type": "application/x-amz-json-1.1",
        "User-Agent": "is not signed",
        "X-Amz-Date": SIGNED_AT.strftime("%Y%m%dT%H%M%SZ"),
        **headers,
    }
    request = AWSRequest("POST", "http://127.0.0.1:8400/", sent, body)
    request.context["timestamp"] = sent.get("X-Amz-Date") or "20150830T123600Z"
    signer = SigV4Auth(Credentials(*KEY), "acm", "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return request


def refused(request: AWSRequest, body: bytes = LIST, **of_gate: Any) -> str:
    with pytest.raises(Refusal) as caught:
        gate(**of_gate).check("POST", "/", request.headers, body)
    assert KEY[1] not in caught.value.message
    return f"{caught.value.code}: {caught.value.message}"


def replaced(request: AWSRequest, name: str, value: str | None) -> AWSRequest:
    del request.headers[name]
    if value is not None:
        request.headers[name] = value
    return request


def reworded(old: str, new: str) -> AWSRequest:
    request = signed_request()
    header = request.headers["Authorization"]
    assert old in header
    return replaced(request, "Authorization", header.replace(old, new))


def test_what_is_signed_well_comes_in() -> None:
    gate().check("POST", "/", signed_request().headers, LIST)
    # What no client signs may change on the way.
    gate().check("POST", "/", replaced(signed_request(), "User-Agent", "another").headers, LIST)


@pytest.mark.parametrize("minutes", [-14.9, 14.9])
def test_a_clock_that_is_a_little_wrong(minutes: float) -> None:
    gate(SIGNED_AT + timedelta(minutes=minutes)).check("POST", "/", signed_request().headers, LIST)


def test_clocks_that_are_wrong() -> None:
    late, early = (SIGNED_AT + timedelta(minutes=minutes) for minutes in (15.1, -15.1))
    assert refused(signed_request(), now=late).startswith(
        "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T123606Z"
    )
    assert refused(signed_request(), now=early).startswith("InvalidSignatureException: Signature not yet current: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Target", "CertificateManager.DeleteCertificate"),
        ("Host", "127.0.0.1:8401"),
        ("Content-Type", "text/plain"),
        ("X-Amz-Date", "20150830T123601Z"),
    ],
)
def test_what_was_changed_on_the_way(name: str, value: str) -> None:
    assert "The request signature we calculated does not match" in refused(replaced(signed_request(), name, value))
    assert "does not match" in refused(signed_request(), body=LIST + b" ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("AKIDEXAMPLE", "AKIDOTHER", "UnrecognizedClientException: The security token included in the request is invalid."),
        ("us-east-1", "us-west-2", "InvalidSignatureException: Credential should be scoped to a valid region, not 'us-west-2'."),
        ("/acm/", "/s3/", "InvalidSignatureException: Credential should be scoped to correct service: 'acm'."),
        ("aws4_request", "aws4", "InvalidSignatureException: Credential should be scoped with a valid terminator"),
        ("/20150830/", "/20150831/", "InvalidSignatureException: Date in Credential scope does not match"),
        ("/20150830/", "/", "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "IncompleteSignatureException: "),
        ("AWS4-HMAC-SHA256 ", "Basic ", "IncompleteSignatureException: "),
        ("Signature=", "Sig=", "IncompleteSignatureException: Authorization header requires 'Signature' parameter."),
        ("Credential=", "Who=", "IncompleteSignatureException: Authorization header requires 'Credential' parameter."),
        ("Signature=", "Signature", "IncompleteSignatureException: "),
        ("x-amz-target", "x-amz-date", "InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader'"),
        (";host;", ";", "InvalidSignatureException: 'host' must be a 'SignedHeader'"),
        (";x-amz-date", "", "InvalidSignatureException: 'x-amz-date' must be a 'SignedHeader'"),
        ("Signature=", "Signature=é", "InvalidSignatureException: The request signature we calculated"),
    ],
)  # fmt: skip
def test_authorizations_that_are_wrong(old: str, new: str, said: str) -> None:
    assert refused(reworded(old, new)).startswith(said)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Authorization", None, "MissingAuthenticationTokenException: Missing Authentication Token"),
        ("Authorization", "AWS4-HMAC-SHA256", "IncompleteSignatureException: "),
        ("X-Amz-Date", None, "IncompleteSignatureException: Authorization header requires existence of either"),
        ("X-Amz-Date", "yesterday", "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."),
        ("X-Amz-Date", "20159930T123600Z", "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."),
    ],
)
def test_headers_that_are_missing_or_wrong(name: str, value: str | None, said: str) -> None:
    assert refused(replaced(signed_request(), name, value)).startswith(said)


def test_a_date_header_in_place_of_amazons() -> None:
    request = AWSRequest(
        "POST", "http://127.0.0.1/", {"Host": "127.0.0.1", "Date": "Sun, 30 Aug 2015 12:36:00 GMT"}, LIST
    )
    request.context["timestamp"] = "20150830T123600Z"
    signer = SigV4Auth(Credentials(*KEY), "acm", "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    gate().check("POST", "/", request.headers, LIST)


@pytest.mark.parametrize("digest", ["UNSIGNED-PAYLOAD", "0" * 64])
def test_a_digest_that_is_not_that_of_the_body(digest: str) -> None:
    """Signed or not: a body that nothing vouches for does not come in."""
    assert "'x-amz-content-sha256' header does not match" in refused(signed_request(**{"X-Amz-Content-SHA256": digest}))
