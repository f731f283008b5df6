# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's command line as a whole, with real clients and real signals."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.tests.support.pki import Pki
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

COLLECTION = Path(__file__).resolve().parents[6]
PROGRAM = "ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line"


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """The program as ./run starts it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-B", "-m", PROGRAM, *map(str, arguments)],
        env={**env, "PYTHONPATH": str(COLLECTION.parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Running:
    """A started program, and the variables that it told its user to set."""

    def __init__(self, path: Path, *options: str, port: int = 0) -> None:
        self.path = path
        self.process = start("serve", path, str(port), *options)
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


def call(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10)


def received(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("running") / "authority"
    authority = creation.create(str(path), region="eu-central-1")
    authority.cas.private("lab", key_algorithm="EC_prime256v1")
    program = Running(path)
    yield program
    code, logged = program.end()
    assert code == 0
    # A line for each signature that was refused, and nothing else.
    assert [line for line in logged.splitlines() if "127.0.0.1 is refused: " not in line] == []
    assert "InvalidSignatureException" in logged


def ca_arn(path: Path, name: str) -> str:
    with opening.open_authority(str(path)).store.read() as tx:
        row = tx.cas.named(name)
    assert row is not None
    return row.arn


# ---------------------------------------------------------------- the program


def test_it_creates_the_authority_and_says_what_to_set(tmp_path: Path) -> None:
    program = Running(tmp_path / "new")
    try:
        # Everything it prints can be pasted into a shell as it is.
        script = "\n".join([*program.said, "env"])
        env = subprocess.run(
            ["sh", "-euc", script], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
        )
        assert {f"{name}={value}" for name, value in program.variables.items()} <= set(env.stdout.splitlines())
        assert set(program.variables) == {
            "AWS_ENDPOINT_URL_ACM",
            "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        }
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


def test_the_printed_variables_lead_boto3_there(running: Running) -> None:
    """With the variables alone: no argument, no profile."""
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


def test_import_and_reimport(running: Running) -> None:
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


def test_the_largest_request_that_acm_allows_fits(running: Running) -> None:
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
def test_wrong_credentials_are_refused(running: Running, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        running.client(**changes).list_certificates()
    assert caught.value.response["Error"]["Code"] == code


def test_unsigned_requests_are_refused(running: Running) -> None:
    from botocore import UNSIGNED

    with pytest.raises(ClientError) as caught:
        running.client(config=Config(signature_version=UNSIGNED)).list_certificates()
    assert caught.value.response["Error"] == {
        "Code": "MissingAuthenticationTokenException", "Message": "Missing Authentication Token",
    }  # fmt: skip
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_option_anyone(tmp_path: Path) -> None:
    from botocore import UNSIGNED

    program = Running(tmp_path / "a", "--anyone")
    try:
        assert any("can do anything" in line for line in program.said)
        program.client(config=Config(signature_version=UNSIGNED)).list_certificates()
        program.client(aws_secret_access_key="whatever", region_name="ap-south-1").list_certificates()
    finally:
        program.end()


def refusal(*arguments: str | Path) -> str:
    """The one sentence with which it refuses to start."""
    process = start("serve", *arguments)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (1, 2) and out == "" and "Traceback" not in err
    return err.rstrip("\n").rpartition("\n")[2]


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(tmp_path / "a", str(port))
    assert said == (
        f"Port {port} of 127.0.0.1 cannot be served: Address already in use; choose another port, or 0 for any "
        "free port."
    )
    assert not (tmp_path / "a").exists()


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a", "0", "--listen", "192.0.2.1")
    assert said == (
        "Port 0 of 192.0.2.1 cannot be served: Cannot assign requested address; choose an address of this machine."
    )


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "١"])
def test_invalid_ports(tmp_path: Path, port: str) -> None:
    assert "is not a port: use 0 to 65535" in refusal(tmp_path / "a", port) or port == "-1"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["a b", "", "*.example.com", "https://acm.example.com"])
def test_names_that_are_not_host_names(tmp_path: Path, name: str) -> None:
    assert "is neither a host name nor an IP address" in refusal(tmp_path / "a", "0", "--tls", "--name", name)
    assert not (tmp_path / "a").exists()


def test_a_folder_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert "is not empty: an authority can only be created in a new or empty directory." in refusal(tmp_path, "0")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert "is a file" in refusal(tmp_path / "a", "0")
    assert "No authority can be created in" in refusal(tmp_path / "a" / "below", "0")


def test_an_invalid_store(tmp_path: Path) -> None:
    (tmp_path / "acm.sqlite3").write_bytes(b"x" * 5000)
    assert "is damaged or not a SQLite file" in refusal(tmp_path, "0")


def test_the_key_is_missing(tmp_path: Path) -> None:
    creation.create(str(tmp_path / "a"))
    (tmp_path / "a" / "key-encryption-key").unlink()
    assert "is missing: put" in refusal(tmp_path / "a", "0")


def test_two_servers_start_in_the_same_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        programs = list(pool.map(lambda _number: Running(tmp_path / "a"), range(2)))
    try:
        assert len({program.variables["AWS_SECRET_ACCESS_KEY"] for program in programs}) == 1
        assert len({program.url for program in programs}) == 2
    finally:
        assert [program.end() for program in programs] == [(0, ""), (0, "")]


# ---------------------------------------------------------------- the end


def test_a_request_in_progress_is_answered(tmp_path: Path) -> None:
    """SIGTERM during the requests of twenty clients: whatever was done was answered, and the rest was not done."""
    authority = creation.create(str(tmp_path / "a"))
    authority.cas.private("lab")
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
    opened = opening.open_authority(str(tmp_path / "a"))
    with opened.store.read() as tx:
        stored = {opened.arn("acm", f"certificate/{each}") for each in tx.ids_after("", 100_000)}
    assert len(answered) >= 10
    assert stored == set(answered)


def test_half_a_request_does_not_delay_the_exit(tmp_path: Path) -> None:
    program = Running(tmp_path / "a")
    with call(program.url) as half, call(program.url) as idle:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        start_at = time.monotonic()
        assert program.end() == (0, "")
        assert time.monotonic() - start_at < 5
        assert received(half) == received(idle) == b""


def test_a_second_signal_ends_it_immediately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Running(tmp_path / "a")
    with call(program.url) as half:
        half.sendall(b"POST / HTTP/1.1\r\n")
        time.sleep(0.1)
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert program.end()[0] in (0, -signal.SIGTERM)


def test_it_tells_systemd_when_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        program = Running(tmp_path / "authority")
        assert systemd.recv(100) == b"READY=1"
        assert program.client().list_certificates()["CertificateSummaryList"] == []
        assert program.end() == (0, "")
        assert systemd.recv(100) == b"STOPPING=1"


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


# ---------------------------------------------------------------- TLS


def test_tls_with_its_own_certificate(tmp_path: Path) -> None:
    program = Running(tmp_path / "a", "--tls", "--name", "localhost")
    try:
        assert program.url.startswith("https://localhost:")
        client = program.client(verify=program.variables["AWS_CA_BUNDLE"])
        arn = ca_arn(tmp_path / "a", "public-ec_prime256v1")
        assert client.list_certificates()["CertificateSummaryList"] == [], arn
        with pytest.raises(BotoCoreError):
            program.client().list_certificates()  # a client does not trust an unknown issuer
        with opening.open_authority(str(tmp_path / "a")).store.read() as tx:
            (record,) = [json.loads(body) for _number, body in tx.journal.audit()]
        assert record["tlsDetails"]["tlsVersion"] == "TLSv1.3"
        assert record["tlsDetails"]["clientProvidedHostHeader"].startswith("localhost:")
        with call(program.url) as silent, call(program.url) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in received(plain)
            assert client.list_certificates()["CertificateSummaryList"] == []
            silent.close()
    finally:
        assert program.end()[0] == 0


def test_other_machines_are_always_served_over_tls(tmp_path: Path) -> None:
    assert "--anyone lets anyone who can reach 0.0.0.0 do anything" in refusal(
        tmp_path / "a", "0", "--listen", "0.0.0.0", "--anyone"
    )
    assert "--listen takes an IP address" in refusal(tmp_path / "a", "0", "--listen", "localhost")
    assert "10.0.0.1/8 has host bits set" in refusal(tmp_path / "a", "0", "--metrics-for", "10.0.0.1/8")
    assert not (tmp_path / "a").exists()
    program = Running(tmp_path / "a", "--listen", "0.0.0.0", "--name", "acm.example.com")
    try:
        assert program.url.startswith("https://acm.example.com:")
        trust = ssl.create_default_context(cafile=program.variables["AWS_CA_BUNDLE"])
        here = program.url.replace("acm.example.com", "localhost")  # who reads the metrics of this machine knows it so
        with urllib.request.urlopen(f"{here}/metrics", context=trust) as answer:
            assert answer.status == 200
    finally:
        program.end()


def test_a_missing_library_is_reported_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ImportError('absent', name='aiohttp')")
    done = subprocess.run(
        [sys.executable, "-B", "-m", PROGRAM, "serve", str(tmp_path / "a"), "0"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(COLLECTION.parents[2])])},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        "The authority's server needs the Python package aiohttp: install what requirements-server.txt"
    )


def test_credentials(tmp_path: Path) -> None:
    creation.create(str(tmp_path / "a"))
    told = start("credentials", tmp_path / "a").communicate(timeout=30)[0]
    assert "export AWS_ACCESS_KEY_ID=AKIA" in told and "unset AWS_SESSION_TOKEN" in told
    _out, said = start("credentials", tmp_path / "a", "alice").communicate(timeout=30)
    assert said.endswith("has no access key named alice: it has owner.\n")
