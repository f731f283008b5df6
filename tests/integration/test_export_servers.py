# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers start with the files that acm_export writes, and serve them; Java opens its PKCS#12."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import task
from ansible_collections.certops.acm.plugins.module_utils._files import certificate_files
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.tests.support import programs, real_servers
from ansible_collections.certops.acm.tests.support.authority_client import authority_client

KINDS = {real_servers.NAMES[0]: ("EC", "EC_prime256v1"), real_servers.NAMES[1]: ("RSA", "RSA_2048")}
ENVIRONMENT = {**os.environ, "PATH": real_servers.PATH}
LIMIT_S = 60


@pytest.fixture(name="exported", scope="module")
def fixture_exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """The folder of all files, and what acm_export said about each name: one with an EC key, one with RSA."""
    folder = tmp_path_factory.mktemp("exported")
    authority = creation.create(str(folder / "authority"))
    boto = authority_client(authority)
    for name, (family, kind) in KINDS.items():
        ca = authority.cas.private(family, key_algorithm="RSA_2048" if family == "RSA" else "EC_prime256v1").arn
        boto.request_certificate(DomainName=name, CertificateAuthorityArn=ca, KeyAlgorithm=kind)
    items = [
        {
            "domain_name": name,
            "path": str(folder / name / "live"),
            "files": {form: {} for form in certificate_files.FILE_NAMES},
            "passphrase": real_servers.PASSPHRASE,
        }
        for name in KINDS
    ]
    door = acm.Acm(boto, lambda service: None, is_authority=True)
    result = task.run(lambda: door, {"certificates": items}, now=datetime.now(timezone.utc), is_check=False)
    assert result["changed"] and not result.get("failed"), result
    return folder, {each["domain_name"]: each for each in result["exports"]}


def run(words: list[str]) -> str:
    return programs.run(words, Path.cwd(), ENVIRONMENT)


@contextlib.contextmanager
def service(name: str, folder: Path, certificates: Path) -> Iterator[dict[str, Any]]:
    found = real_servers.describe(folder, certificates, [name])
    if found["missing"]:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not installed.")
    (described,) = found["services"]
    run(described["check_command"])
    # a daemon must not hold the pipe that its output would be read from
    with (folder / "start.log").open("w") as output:
        subprocess.run(
            described["start_command"],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=LIMIT_S,
            check=True,
        )
    try:
        yield described
    finally:
        subprocess.run(described["stop_command"], env=ENVIRONMENT, timeout=LIMIT_S, check=False)


def served(port: int, name: str, root: str) -> bytes:
    """The certificate that a client gets which trusts the end of the chain and checks the name."""
    context = ssl.create_default_context(cadata=root)
    context.verify_flags |= ssl.VerifyFlags(0x80000)  # X509_V_FLAG_PARTIAL_CHAIN
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                with context.wrap_socket(plain, server_hostname=name) as connection:
                    return connection.getpeercert(binary_form=True) or b""
        except (ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("name", ["nginx", "apache", "haproxy", "lighttpd", "caddy"])
def test_a_server_serves_the_export(name: str, exported: Any, tmp_path: Path) -> None:
    certificates, exports = exported
    with service(name, tmp_path, certificates) as described:
        for domain, export in exports.items():
            root = pem.certificate_pem(pem.load_certificates(export["chain"])[-1])
            wanted = ssl.PEM_cert_to_DER_cert(export["certificate"])
            assert served(described["ports"][0], domain, root) == wanted


def test_java_extracts_the_key(exported: Any, tmp_path: Path) -> None:
    """keytool decrypts the EC or RSA key of a store, and writes it into another store with another passphrase."""
    certificates, exports = exported
    if real_servers.describe(tmp_path, certificates, ["keytool"])["missing"]:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("keytool is not installed.")
    for domain, export in exports.items():
        store, taken = certificates / domain / "live" / "bundle.p12", tmp_path / f"{domain}.p12"
        words = ["keytool", "-importkeystore", "-srckeystore", str(store), "-srcstorepass", real_servers.PASSPHRASE]
        run([*words, "-destkeystore", str(taken), "-deststoretype", "PKCS12", "-deststorepass", "another one"])
        key, leaf, chain = pkcs12.load(taken.read_bytes(), b"another one")
        assert leaf is not None and pem.key_matches(key, leaf)
        assert pem.fingerprint(leaf) == export["fingerprint"] and chain
