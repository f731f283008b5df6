# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ExportCertificate (acm-rules §6), checked with OpenSSL."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.openssl import openssl


@pytest.mark.parametrize("kind", ["private", "public", "rsa"])
def test_the_parts_of_an_export_match(lab: Lab, kind: str, tmp_path: Path) -> None:
    if kind == "public":
        arn = lab.issued("export.example.com", Options={"Export": "ENABLED"})
    elif kind == "rsa":
        arn = lab.private(ca=lab.ca("rsa", key_algorithm="RSA_2048"), KeyAlgorithm="RSA_2048")
    else:
        arn = lab.private()
    answer = lab.export(arn, b"four")
    for part in ("Certificate", "CertificateChain", "PrivateKey"):
        (tmp_path / part).write_text(answer[part])
    key = openssl("pkey", "-in", tmp_path / "PrivateKey", "-passin", "pass:four", "-pubout")
    assert key.returncode == 0, key.stderr
    assert openssl("x509", "-in", tmp_path / "Certificate", "-noout", "-pubkey").stdout == key.stdout
    at = int(lab.clock.now.timestamp())
    verified = openssl(
        "verify", "-x509_strict", "-attime", at, "-purpose", "sslserver", "-CAfile", lab.authority.cas.trust_file,
        "-untrusted", tmp_path / "CertificateChain", tmp_path / "Certificate",
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
    assert lab.acm.get_certificate(CertificateArn=arn)["CertificateChain"] == answer["CertificateChain"]


def test_the_key_is_encrypted_as_acm_does(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(lab.export(lab.private())["PrivateKey"])
    shown = openssl("asn1parse", "-in", tmp_path / "key").stdout
    assert "PBES2" in shown and "PBKDF2" in shown and "aes-256-cbc" in shown and "INTEGER           :0800" in shown


@pytest.mark.parametrize("passphrase", [b"abc", b"x" * 129, b"with#", b"with$", b"with%", "ümlaut".encode()])
def test_passphrases_that_are_refused(lab: Lab, passphrase: bytes) -> None:
    arn = lab.private()
    message = lab.fails("export_certificate", "ValidationException", CertificateArn=arn, Passphrase=passphrase)
    assert passphrase.decode() not in message
    assert "exported" not in str(lab.describe(arn))


def test_what_cannot_be_exported(lab: Lab, pki: t.Any) -> None:
    leaf = pki.leaf("www.example.com")
    imported = lab.acm.import_certificate(
        Certificate=leaf.pem.encode(), PrivateKey=leaf.key_pem.encode(), CertificateChain=leaf.chain_pem.encode()
    )["CertificateArn"]
    for arn, code in (
        (imported, "ValidationException"),
        (lab.issued("closed.example.com"), "ValidationException"),
        (lab.public("pending.example.com", Options={"Export": "ENABLED"}), "RequestInProgressException"),
        (lab.public("amazonaws.com", Options={"Export": "ENABLED"}), "ValidationException"),
    ):
        lab.fails("export_certificate", code, CertificateArn=arn, Passphrase=b"secret")


def test_an_expired_certificate_is_not_exported(lab: Lab, clock: Clock) -> None:
    arn = lab.private()
    clock.advance(days=396)
    assert lab.status(arn) == "EXPIRED"
    lab.fails("export_certificate", "ValidationException", CertificateArn=arn, Passphrase=b"secret")
    assert lab.acm.get_certificate(CertificateArn=arn)["Certificate"]
