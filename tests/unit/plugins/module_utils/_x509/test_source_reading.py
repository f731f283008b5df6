# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two tables: text as people have it, which is accepted; and anything else, which is named with what to do."""

from __future__ import annotations

import base64
from typing import Any, Callable

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._x509.material import (
    holds_private_key,
    make_ready,
    refuse_misplaced_key,
)
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import Source, read_source
from ansible_collections.certops.acm.tests.support.damaged_pem import as_bytes, b64, MANGLED
from ansible_collections.certops.acm.tests.support.openssl import openssl_output
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

DER = serialization.Encoding.DER


@pytest.mark.parametrize("how", [how for how in MANGLED if how not in ("X509 CERTIFICATE", "lower case")])
def test_encrypted_keys_of_both_forms_are_accepted(pki: Any, how: str) -> None:
    pair = pki.leaf()
    for form in ("PKCS8", "TraditionalOpenSSL"):
        text = pair.key_pem_in(form, b"secret horse")
        if form == "TraditionalOpenSSL" and how in ("lines of 76", "lines of 10", "base64 in one line"):
            continue  # these take the text apart without its headers
        sources = [
            Source("certificate", "certificate", pair.pem.encode()),
            Source("private_key", "private_key", as_bytes(MANGLED[how](text))),
        ]
        assert make_ready(sources, b"secret horse", pki.now).private_key_pem.decode() == pair.key_pem


def test_the_output_of_openssl_is_accepted(pki: Any) -> None:
    pair = pki.leaf()
    trusted = openssl_output(
        "x509", "-trustout", "-addtrust", "serverAuth", "-setalias", "www", given=pair.pem.encode()
    )
    assert b"TRUSTED CERTIFICATE" in trusted
    text = openssl_output("x509", "-text", given=pair.pem.encode())
    for certificate in (trusted, text):
        found = read_source(Source("certificate", "certificate", certificate), None)
        assert found.certificates == [pair.certificate]


@pytest.mark.parametrize("label", ["CERTIFICATE", "PKCS7", "CMS", "PKCS #7 SIGNED DATA", None])
def test_pkcs7_under_every_label(pki: Any, label: str | None) -> None:
    pair = pki.leaf()
    der = pkcs7.serialize_certificates([pair.certificate, *pair.issuers], DER)
    text = f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()
    found = read_source(Source("certificate", "certificate", text if label else der), None)
    assert set(found.certificates) == {pair.certificate, *pair.issuers}


def test_der_in_every_wrapping(pki: Any) -> None:
    pair = pki.leaf()
    der = pair.certificate.public_bytes(DER)
    for data in (
        der,
        b64(der).encode(),
        b64(b64(der)).encode(),
        base64.encodebytes(der),
        der.decode("latin-1").encode("utf-8"),
        der.decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape"),
        b"data:application/pkix-cert;base64," + b64(der).encode(),
    ):
        assert read_source(Source("certificate", "certificate", data), None).certificates == [pair.certificate]


@pytest.mark.parametrize("kind", ["P-256", "2048"])
def test_a_key_under_the_label_of_another_form(pki: Any, kind: str) -> None:
    pair = pki.leaf(kind=kind)
    wrong = pair.key_pem.replace("PRIVATE KEY", "EC PRIVATE KEY" if kind == "2048" else "RSA PRIVATE KEY")
    text = pair.key_pem_in("TraditionalOpenSSL")
    for each in (wrong, text.replace("RSA PRIVATE", "PRIVATE").replace("EC PRIVATE", "PRIVATE")):
        found = read_source(Source("private_key", "private_key", each.encode()), None)
        assert pem.private_key_pem(found.keys[0]) == pair.key_pem


def csr(pair: Any, encoding: Any = serialization.Encoding.PEM) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = x509.CertificateSigningRequestBuilder().subject_name(pair.certificate.subject)
    return bytes(builder.sign(pair.key, hashes.SHA256()).public_bytes(encoding))


def ssh(pair: Any) -> bytes:
    return bytes(
        pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )


NAMED: dict[str, tuple[str, Callable[[Any], bytes | str], str]] = {
    "CSR as certificate": ("certificate", csr, "a certificate signing request (CSR), not the certificate that a CA"),
    "CSR in DER": ("certificate", lambda pair: csr(pair, DER), "a certificate signing request (CSR)"),
    "CSR as bundle": ("bundle", csr, "a certificate signing request (CSR)"),
    "DH parameters as bundle": (
        "bundle",
        lambda pair: b"-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n",
        "it contains",
    ),
    "CSR as key": ("private_key", csr, "a certificate signing request (CSR)"),
    "certificate as key": ("private_key", lambda pair: pair.pem, "contains a certificate; give the private key"),
    "key as certificate": ("certificate", lambda pair: pair.key.private_bytes(
        DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), "contains a private key"),
    "key in base64 as certificate": ("certificate", lambda pair: b64(pair.pem + pair.key_pem), "shown in logs"),
    "SSH key": ("private_key", ssh, "is an OpenSSH key; convert a copy with ssh-keygen -p -m PKCS8"),
    "SSH key in base64": ("private_key", lambda pair: b64(ssh(pair)), "is an OpenSSH key"),
    "SSH public key": ("private_key", lambda pair: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@host", "an SSH public key"),
    "PuTTY key": ("private_key", lambda pair: "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n", "PuTTY key"),
    "PGP key": ("private_key", lambda pair: "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nlQ==\n=abcd\n"
                "-----END PGP PRIVATE KEY BLOCK-----\n", "is a PGP key"),
    "PGP message": ("private_key", lambda pair: "-----BEGIN PGP MESSAGE-----\n\nlQ==\n-----END PGP MESSAGE-----\n",
                    "is encrypted with PGP; decrypt it first"),
    "JWK": ("private_key", lambda pair: '{"kty": "EC", "crv": "P-256", "d": "hushed"}', "is a JSON Web Key (JWK)"),
    "JWK, sorted": ("private_key", lambda pair: '{"crv":"P-256","d":"hushed","kty":"EC"}', "is a JSON Web Key (JWK)"),
    "JWK set": ("bundle", lambda pair: '{"keys": [{"use": "sig", "kty": "EC"}]}', "is a JSON Web Key (JWK)"),
    "Ansible Vault": ("private_key", lambda pair: "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "still encrypted with Ansible Vault"),
    "SOPS": ("private_key", lambda pair: "ENC[AES256_GCM,data:abc,iv:def,type:str]", "encrypted with SOPS"),
    "a template": ("certificate", lambda pair: "{{ www_certificate }}", "a template that was not rendered"),
    "a web page": ("certificate", lambda pair: "<!doctype HTML>\n<html><body>Sign in</body></html>", "a web page"),
    "a path": ("certificate", lambda pair: "/etc/ssl/www.pem", "is a path, not the content of a file; give it as certificate_path"),
    "a file name": ("private_key", lambda pair: "www.example.com.key", "is a file name; give it as private_key_path"),
    "a path of Windows": ("bundle", lambda pair: "C:\\certs\\www.pfx", "give it as bundle_path"),
    "a URL": ("certificate_chain", lambda pair: "https://ca.example.com/int.crer", "is a URL; fetch it first"),
    "the word None": ("certificate_chain", lambda pair: "None", "is only a word; the variable behind it"),
    "words": ("certificate", lambda pair: "the certificate, please", "contains neither PEM nor DER nor PKCS#12"),
    "base64 of words": ("certificate", lambda pair: b64("the certificate, please"), "neither PEM nor DER"),
    "DER read as text": ("certificate", lambda pair: pair.certificate.public_bytes(DER).decode("utf-8", "replace"),
                         "was binary and has been read as text, which damaged it; give it as certificate_path"),
    "Java keystore": ("bundle", lambda pair: b"\xfe\xed\xfe\xed\0\0\0\2", "is a Java keystore; convert it with keytool"),
    "Java keystore in base64": ("bundle", lambda pair: b64(b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"), "is a Java keystore"),
    "ZIP": ("bundle", lambda pair: b"PK\x03\x04\x14\0\0\0", "is a ZIP archive; unpack it first"),
    "gzip": ("bundle", lambda pair: b"\x1f\x8b\x08\0\0\0", "is compressed with gzip"),
    "public key": ("private_key", lambda pair: openssl_output("pkey", "-pubout", given=pair.key_pem.encode()), "a public key"),
    "CRL": ("certificate_chain", lambda pair: "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----", "(CRL)"),
    "cut": ("certificate", lambda pair: pair.pem[:300], "The PEM block CERTIFICATE is cut"),
    "the second is cut": ("certificate_chain", lambda pair: pair.pem + pair.pem[:300], "CERTIFICATE, number 2, is cut"),
    "a letter is wrong": ("certificate", lambda pair: pair.pem.replace("MII", "M*I", 1), "is not base64"),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_other_formats_are_named(pki: Any, what: str) -> None:
    kind, make, sentence = NAMED[what]
    with pytest.raises(InvalidMaterial) as caught:
        read_source(Source(kind, kind, as_bytes(make(pki.leaf()))), None)
    said = str(caught.value)
    assert sentence.lower() in said.lower(), said
    assert said.startswith(f"{kind}: ") and said.endswith(".") and "\n" not in said and "hushed" not in said


def test_a_certificate_of_no_version_in_a_container(pki: Any) -> None:
    """cryptography has its own error for these, which is not a ValueError."""
    pair = pki.leaf()
    version, wrong = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x1c"
    der = pkcs7.serialize_certificates([pair.certificate], DER)
    assert der.count(version) == 1
    for data in (der.replace(version, wrong), pair.certificate.public_bytes(DER).replace(version, wrong)):
        with pytest.raises(InvalidMaterial):
            read_source(Source("certificate", "certificate", data), None)


@pytest.mark.parametrize("shift", ["", "x", "xx"])
def test_a_key_in_a_logged_option_is_detected_in_base64_too(pki: Any, shift: str) -> None:
    pair = pki.leaf()
    for text in (pair.key_pem, pair.key_pem_in("TraditionalOpenSSL"), pair.key_pem.replace(" ", "\u00a0")):
        assert holds_private_key(text)
        assert holds_private_key(b64(shift + pair.pem + text.replace("\u00a0", " ")))
        assert holds_private_key(base64.encodebytes((shift + text.replace("\u00a0", " ")).encode()).decode())
    assert not holds_private_key(pair.pem) and not holds_private_key(b64(pair.pem)) and not holds_private_key(None)
    with pytest.raises(InvalidMaterial) as caught:
        refuse_misplaced_key({"certificate": b64(shift + pair.key_pem)})
    assert caught.value.rule == "key-hidden"
