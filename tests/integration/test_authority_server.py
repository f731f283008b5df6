# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's server as people run it: by its playbook and its unit; and what it survives."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urljoin, urlsplit
from urllib.request import urlopen

import jinja2
import pytest
import yaml
from ansible.plugins.filter.core import FilterModule
from ansible_collections.certops.acm.plugins.module_utils._authority import audit, creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.authority import Authority
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support import programs
from ansible_collections.certops.acm.tests.support.pki import tls_server
from ansible_collections.certops.acm.tests.support.real_servers import PATH, free_port
from ansible_collections.certops.acm.tests.support.small_disk import small_disk
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.wire.test_command_line import (
    COLLECTION,
    PROGRAM,
    Running,
    ca_arn,
)
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

EXAMPLE = COLLECTION / "docs" / "examples" / "acm-authority.service"
TEMPLATE = COLLECTION / "playbooks" / "templates" / "acm-authority.service.j2"


# ---------------------------------------------------------------- the playbook and the unit


def start_playbook(path: Path, port: int, **variables: Any) -> subprocess.Popen[str]:
    given = {
        "authority_server_foreground": True,
        "authority_server_directory": str(path),
        "authority_server_port": port,
        **variables,
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return subprocess.Popen(
        [program, "certops.acm.authority_server", "-i", "localhost,", "-c", "local", "-v", "-e", json.dumps(given)],
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def server_of(path: Path) -> int:
    """The process that serves the authority in PATH."""
    found = [
        int(file.parent.name)
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if (words := file.read_bytes().split(b"\0"))[1:2] == [b"-m"]
        and os.fsencode(path) in words
        and b"serve" in words
    ]
    assert len(found) == 1, found
    return found[0]


def test_the_playbook_runs_the_server_in_the_foreground(tmp_path: Path) -> None:
    """Its address is shown first; its output, which Ansible shows and logs at the end, contains no key."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = tmp_path / "authority"
    playing = start_playbook(path, port)
    told = ""
    try:
        assert playing.stdout is not None
        while "TASK [Serve until it is stopped]" not in told:
            line = playing.stdout.readline()
            assert line, told
            told += line
        assert f"http://127.0.0.1:{port}" in told
        deadline, health = time.monotonic() + 60, ""
        while time.monotonic() < deadline and health != "ok\n" and playing.poll() is None:
            try:
                health = urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read().decode()
            except OSError:
                time.sleep(0.1)
        assert health == "ok\n"
        command = re.search(r"PYTHONPATH=[^\"]* credentials [^\"]*", told)
        assert command is not None
        shown = subprocess.run(["sh", "-c", command[0]], capture_output=True, text=True, check=True).stdout
        secret = re.search("AWS_SECRET_ACCESS_KEY=(.*)", shown)
        os.kill(server_of(path), signal.SIGTERM)
        told += playing.communicate(timeout=60)[0]
        assert playing.returncode == 0 and f"answers at http://127.0.0.1:{port}" in told
        assert secret is not None and secret[1] not in told and "AWS_SECRET" not in told
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(playing.pid, signal.SIGKILL)


def test_the_playbook_says_why_the_server_ended(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        playing = start_playbook(tmp_path / "authority", port)
        told = playing.communicate(timeout=60)[0]
    assert playing.returncode == 2 and "AWS_SECRET" not in told
    sentence = f"Port {port} of 127.0.0.1 cannot be served: Address already in use; choose another port, or 0 for any"
    assert f'"msg": "{sentence}' in told


def test_the_playbook_refuses_unknown_variables(tmp_path: Path) -> None:
    playing = start_playbook(tmp_path / "authority", 0, authority_server_prot=24830)
    told = playing.communicate(timeout=60)[0]
    assert playing.returncode == 2 and not (tmp_path / "authority").exists()
    assert "has no variable authority_server_prot: it has authority_server_hosts, " in told


def rendered(**variables: Any) -> str:
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)  # as Ansible's template module
    environment.filters.update(FilterModule().filters())
    known = {
        "ansible_managed": "Ansible managed",
        "__authority_server_where": "/var/lib/acm-authority/authority",
        "__authority_server_at": 8410,
        "__authority_server_more": [],
        "__authority_server_home": "/opt/acm-authority/collections",
    }
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render({**known, **variables})


def test_the_playbook_writes_the_unit_of_the_example() -> None:
    """Except for the author at its top, and the folder of the version."""
    example = EXAMPLE.read_text(encoding="utf-8")
    assert rendered().partition("[Unit]")[2] == example.partition("[Unit]")[2]


def test_options_and_paths_of_the_unit() -> None:
    unit = rendered(__authority_server_more=["--name", "acm.example.com; rm"], __authority_server_where="/srv/acm")
    assert "serve /srv/acm 8410 --no-credentials --name 'acm.example.com; rm'\n" in unit
    assert "ReadWritePaths=-/srv\n" in unit and "ReadWritePaths" not in rendered()


def test_the_playbook_installs_everything_the_server_imports(tmp_path: Path) -> None:
    play = yaml.safe_load((COLLECTION / "playbooks" / "authority_server.yml").read_text(encoding="utf-8"))[-1]
    inner = Path("ansible_collections", "certops", "acm", "plugins", "module_utils")
    for room in play["vars"]["__authority_server_rooms"]:
        for file in (COLLECTION / "plugins" / "module_utils" / room).rglob("*.py"):
            brought = tmp_path / inner / file.relative_to(COLLECTION / "plugins" / "module_utils")
            brought.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, brought)
    server = subprocess.Popen(
        [sys.executable, "-B", "-m", PROGRAM, "serve", str(tmp_path / "authority"), "0"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    url = re.search(r"answers at (\S+)", server.stdout.readline())
    assert url is not None and urlopen(f"{url[1]}/healthz", timeout=30).read() == b"ok\n"
    server.terminate()
    server.communicate(timeout=60)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("systemd-analyze is not installed")
    text = EXAMPLE.read_text(encoding="utf-8").replace("/opt/acm-authority/bin/python", "/bin/true")
    (tmp_path / "acm-authority.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "acm-authority.service"],
        cwd=tmp_path, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""


# ---------------------------------------------------------------- behind a proxy


@contextlib.contextmanager
def nginx(folder: Path, servers: str) -> Iterator[None]:
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.geteuid() == 0 else ""  # who can use a folder of pytest's
    text = f"{user}daemon off; pid {folder}/nginx.pid; error_log stderr; events {{ }} http {{ access_log off; {temporary}{servers} }}"
    (folder / "nginx.conf").write_text(text)
    words = [str(shutil.which("nginx", path=PATH)), "-q", "-c", str(folder / "nginx.conf")]
    with programs.running(words, folder, folder / "nginx.log"):
        programs.wait_until((folder / "nginx.pid").exists, folder / "nginx.log", 30)
        yield


def documented_proxy() -> str:
    text = (COLLECTION / "docs" / "guides" / "authority.md").read_text(encoding="utf-8")
    return text.partition("### Behind a reverse proxy")[2].partition("```nginx\n")[2].partition("```")[0]


def approve(opener: urllib.request.OpenerDirector, page: str, token: str) -> str:
    """As a browser does: open the page and send its form."""
    text = opener.open(f"{page}?context={token}", timeout=10).read().decode()
    action = re.search('<form method="post" action="([^"]+)">', text)
    assert action is not None
    fields = re.findall('name="([a-z]+)" value="([^"]+)"', text)
    headers = {"Origin": "://".join(urlsplit(page)[:2]), "Sec-Fetch-Site": "same-origin"}
    sent = urllib.request.Request(urljoin(page, action[1]), urlencode(fields).encode(), headers)
    return str(opener.open(sent, timeout=10).read().decode())


def leaf_and_issuer(authority: Authority, arn: str) -> tuple[x509.Certificate, x509.Certificate]:
    with authority.store.read() as tx:
        leaf = tx.leaf(arn.rpartition("/")[2])
    assert leaf is not None and leaf.chain is not None
    return x509.load_pem_x509_certificate(leaf.pem.encode()), x509.load_pem_x509_certificate(leaf.chain.encode())


def questions(leaf: x509.Certificate, issuer: x509.Certificate) -> list[bytes]:
    """OCSP requests whose base64 has characters that proxies treat specially: +, / and //."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1())
    nonces = (b"\xfb" * length + b"\xff" * 9 for length in (9, 10, 11))
    return [
        asked.add_extension(x509.OCSPNonce(nonce), False).build().public_bytes(serialization.Encoding.DER)
        for nonce in nonces
    ]


def test_behind_nginx(tmp_path: Path) -> None:
    """As the guide describes it: calls are recorded with their clients' addresses. What needs no signature works below a path,
    too, with another Host."""
    programs.require("nginx")
    path, port, below = tmp_path / "authority", free_port(), free_port()
    authority = creation.create(
        str(path),
        settings={
            "approval_url": f"https://localhost:{below}/acm/approvals",
            "validation_emails_delay_s": 3600,
            "resolvers": ["127.0.0.1:1"],
            "resolver_timeout_s": 0.1,
        },
    )
    authority.cas.private("lab", key_algorithm="EC_prime256v1")
    _context, trusted = tls_server(tmp_path, "localhost")
    program = Running(path, "--proxy", "127.0.0.1/32")
    block = documented_proxy().replace("http://127.0.0.1:8410", program.url).replace("443", f"127.0.0.1:{port}")
    block = block.replace("$remote_addr", "192.0.2.7")
    block = re.sub("/etc/ssl/\\S+pem", str(tmp_path / "served.pem"), block)
    other = re.sub("proxy_set_header .*", "", block).replace(f":{port}", f":{below}")
    other = other.replace("location /", "merge_slashes off; location /acm/").replace(program.url, f"{program.url}/")
    try:
        with nginx(tmp_path, block + other):
            client = program.client(endpoint_url=f"https://localhost:{port}", verify=trusted)
            made = client.request_certificate(
                DomainName="a.lab.internal", CertificateAuthorityArn=ca_arn(path, "lab"), KeyAlgorithm="EC_prime256v1"
            )
            with pytest.raises(ClientError, match="at .certificate. failed"):  # and not nginx's 413
                client.import_certificate(Certificate=b"x" * 2_000_000, PrivateKey=b"x")
            (record,) = audit.find(authority.store, Wanted(arn=made["CertificateArn"])).records
            assert record["sourceIPAddress"] == "192.0.2.7"
            assert urlopen(f"{program.url}/metrics", timeout=10).status == 200
            opener = urllib.request.build_opener(
                urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusted)),
                urllib.request.HTTPCookieProcessor(),
            )
            leaf, issuer = leaf_and_issuer(authority, made["CertificateArn"])
            for number, base in enumerate((f"https://localhost:{port}", f"https://localhost:{below}/acm")):
                token = f"token-{number}"
                assert opener.open(f"{base}/healthz", timeout=10).read() == b"ok\n"
                if base.endswith(str(port)):
                    with pytest.raises(HTTPError, match="403"):
                        opener.open(f"{base}/metrics", timeout=10)
                for file in (path / "public").iterdir():
                    assert opener.open(f"{base}/public/{file.name}", timeout=10).read() == file.read_bytes()
                for question in questions(leaf, issuer):
                    in_url = base64.b64encode(question).decode()
                    for sent in (f"{base}/ocsp/{in_url}", f"{base}/ocsp/{quote(in_url, safe='')}"):
                        found = ocsp.load_der_ocsp_response(opener.open(sent, timeout=10).read())
                        assert found.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL, (base, in_url)
                name = f"{number}.example.com"
                asked = client.request_certificate(DomainName=name, ValidationMethod="EMAIL")
                with authority.store.write() as tx:
                    identifier = asked["CertificateArn"].rpartition("/")[2]
                    tx.add_approval(identifier, hashlib.sha256(token.encode()).hexdigest(), name, authority.now())
                assert f"{name} is approved" in approve(opener, f"{base}/approvals", token)
    finally:
        assert program.end()[0] == 0


# ---------------------------------------------------------------- what it survives

ROTATION = """
import sys
from ansible_collections.certops.acm.plugins.module_utils._authority import opening
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_making
authority = opening.open_authority(sys.argv[1])
print("begun", flush=True)
key_making.rotate(authority.path, authority.store, None, None)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(COLLECTION.parents[2])}


def stored(path: Path) -> set[str]:
    opened = opening.open_authority(str(path))
    assert opened.store.verify() == []
    with opened.store.read() as tx:
        return {opened.arn("acm", f"certificate/{each}") for each in tx.ids_after("", 1_000_000)}


def test_killed_under_load(tmp_path: Path) -> None:
    """kill -9, five times: the store is intact, and contains every call that was answered."""
    path = tmp_path / "authority"
    creation.create(str(path)).cas.private("lab", key_algorithm="EC_prime256v1")
    arn, answered = ca_arn(path, "lab"), []
    for turn in range(5):
        program = Running(path)
        at_first = len(answered)

        def request_until_it_dies(number: int, program: Running = program, turn: int = turn) -> None:
            client = program.client()
            for count in range(10_000):
                try:
                    made = client.request_certificate(
                        DomainName=f"h{turn}-{number}-{count}.lab.internal",
                        CertificateAuthorityArn=arn,
                        KeyAlgorithm="EC_prime256v1",
                    )
                except BotoCoreError:
                    return
                answered.append(made["CertificateArn"])

        with ThreadPoolExecutor(8) as pool:
            for number in range(8):
                pool.submit(request_until_it_dies, number)
            deadline = time.monotonic() + 60
            while len(answered) < at_first + 30 and time.monotonic() < deadline:
                time.sleep(0.01)
            program.process.kill()
        program.process.communicate(timeout=30)
        assert set(answered) <= stored(path)
    assert len(answered) >= 150


def test_keys_are_changed_under_load(tmp_path: Path) -> None:
    """The key-encryption key is rotated, and every other rotation killed, while clients call: all their calls are answered
    rightly, other programs can open the authority at any time, and a server that is started later opens every key."""
    path = tmp_path / "authority"
    authority = creation.create(str(path))
    authority.cas.private("lab", key_algorithm="EC_prime256v1")
    AccessKeys(authority.store, authority.vault).set([{"kind": "user", "name": "web", "policy": None}])
    program, arn, made, is_over = Running(path), ca_arn(path, "lab"), [], threading.Event()

    def exported(client: Any, certificate: str) -> None:
        found = client.export_certificate(CertificateArn=certificate, Passphrase=b"four")
        key = serialization.load_pem_private_key(found["PrivateKey"].encode(), b"four")
        assert x509.load_pem_x509_certificate(found["Certificate"].encode()).public_key() == key.public_key()

    def arn_of_issued(client: Any, certificate: str) -> str:
        while client.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"] == "PENDING_VALIDATION":
            time.sleep(0.01)
        return certificate

    def call_until_it_is_over(number: int) -> None:
        client = program.client()
        while not is_over.is_set():
            name = f"h{number}-{len(made)}.lab.internal"
            wanted = {"DomainName": name, "CertificateAuthorityArn": arn, "KeyAlgorithm": "EC_prime256v1"}
            answered = client.request_certificate(**wanted)
            made.append(answered["CertificateArn"])
            exported(client, arn_of_issued(client, answered["CertificateArn"]))

    def open_until_it_is_over() -> None:
        while not is_over.is_set():
            opening.open_authority(str(path))

    old = (path / "key-encryption-key").read_text()
    rotation = [sys.executable, "-c", ROTATION, str(path)]
    with ThreadPoolExecutor(5) as pool:
        calling = [pool.submit(call_until_it_is_over, number) for number in range(4)]
        calling.append(pool.submit(open_until_it_is_over))
        try:
            for number in range(6):
                rotating = subprocess.Popen(rotation, stdout=subprocess.PIPE, env=environment(), text=True)
                assert rotating.stdout is not None and rotating.stdout.readline() == "begun\n"
                if number % 2 == 0:
                    time.sleep(0.01 * number)  # it may have ended by then
                    rotating.kill()
                assert rotating.wait(timeout=60) in ((0, -signal.SIGKILL) if number % 2 == 0 else (0,))
                rotating.stdout.close()
            web = AccessKeys(authority.store, authority.vault)
            before = web.all()[-1]
            web.renew(["web"])
            for key, is_known in ((before, False), (web.all()[-1], True)):
                client = program.client(aws_access_key_id=key.identifier, aws_secret_access_key=key.secret)
                with contextlib.nullcontext() if is_known else pytest.raises(ClientError, match="security token"):
                    client.list_certificates()
        finally:
            is_over.set()
        for each in calling:
            each.result(timeout=60)
    program.end()
    assert len(made) > 10 and set(made) <= stored(path)
    with authority.store.read() as tx:
        assert len(tx.data_keys()) == 1
    again = Running(path)
    try:
        client = again.client()
        for each in made:
            exported(client, each)
    finally:
        assert again.end() == (0, "")
    (path / "key-encryption-key").write_text(old)
    with pytest.raises(InvalidInput, match="does not open"):
        opening.open_authority(str(path))


def test_a_full_disk(tmp_path: Path) -> None:
    """ACM's error and a line in the log; answered calls are kept, and the server continues when there is space."""
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", "6m") as disk:
        path = disk / "authority"
        creation.create(str(path)).cas.private("lab", key_algorithm="EC_prime256v1")
        program = Running(path)
        try:
            client, arn, answered = program.client(), ca_arn(path, "lab"), []
            (disk / "ballast").write_bytes(b"x" * 1_500_000)
            with pytest.raises(ClientError) as caught:
                for count in range(20_000):
                    name = f"h{count}.lab.internal"
                    made = client.request_certificate(
                        DomainName=name, CertificateAuthorityArn=arn, KeyAlgorithm="EC_prime256v1"
                    )
                    answered.append(made["CertificateArn"])
            assert "is full" in caught.value.response["Error"]["Message"]
            with contextlib.suppress(HTTPError):  # 503, unless what it writes found a place
                urlopen(f"{program.url}/healthz", timeout=10)
            (disk / "ballast").unlink()
            again = client.request_certificate(
                DomainName="after.lab.internal", CertificateAuthorityArn=arn, KeyAlgorithm="EC_prime256v1"
            )
            assert urlopen(f"{program.url}/healthz", timeout=10).read() == b"ok\n"
            assert {*answered, again["CertificateArn"]} <= stored(path)
        finally:
            program.end()


def test_signatures_replayed_late_or_with_a_different_clock(tmp_path: Path) -> None:
    """A signature is valid for fifteen minutes before and after its time, whatever the clock."""
    program = Running(tmp_path / "a")
    try:
        keys = Credentials(program.variables["AWS_ACCESS_KEY_ID"], program.variables["AWS_SECRET_ACCESS_KEY"])

        def told(minutes: float) -> tuple[int, bytes]:
            request = AWSRequest(
                "POST", f"{program.url}/",
                {"X-Amz-Target": "CertificateManager.ListCertificates", "Content-Type": "application/x-amz-json-1.1"}, b"{}",
            )  # fmt: skip
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
            request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
            signer = SigV4Auth(keys, "acm", program.variables["AWS_REGION"])
            signer._modify_request_before_signing(request)
            text = signer.string_to_sign(request, signer.canonical_request(request))
            signer._inject_signature_to_request(request, signer.signature(text, request))
            connection = http.client.HTTPConnection(urlsplit(program.url).netloc, timeout=10)
            for _again in range(2):  # the same octets twice
                connection.request("POST", "/", b"{}", dict(request.headers.items()))
                answer = connection.getresponse()
                body = answer.read()
            return answer.status, body

        assert told(0)[0] == told(-14)[0] == told(14)[0] == 200
        assert b"Signature expired" in told(-16)[1] and b"Signature not yet current" in told(16)[1]
    finally:
        code, logged = program.end()
    assert code == 0 and re.search(r"127\.0\.0\.1 is refused: InvalidSignatureException", logged)
