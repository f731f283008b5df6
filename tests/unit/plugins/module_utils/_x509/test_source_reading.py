# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two tables: text as people have it, which is taken; and what is no material, which is named with what to do."""

from __future__ import annotations

import base64
import html
import json
import quopri
import subprocess
import textwrap
import urllib.parse
from typing import Any, Callable

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pem_repair
from ansible_collections.certops.acm.plugins.module_utils._x509.material import (
    holds_private_key,
    make_ready,
    refuse_misplaced_key,
)
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import Source, read_source
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

DER = serialization.Encoding.DER


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def per_line(text: str, form: str) -> str:
    return "".join(form.replace("@", line) for line in text.splitlines())


# ---------------------------------------------------------------- text around and in the blocks

# What was done to a bundle of PEM (certificate, issuer, key)
MANGLED: dict[str, Callable[[str], Any]] = {
    "nothing": lambda text: text,
    # line breaks
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR only, an old Mac's": lambda text: text.replace("\n", "\r"),
    "CRLF doubled by FTP": lambda text: text.replace("\n", "\r\r\n"),
    "no final line break": lambda text: text.rstrip("\n"),
    "final line breaks": lambda text: text + "\n\n\n",
    "empty lines everywhere": lambda text: text.replace("\n", "\n\n"),
    "one line": lambda text: text.replace("\n", ""),
    "one line with blanks (YAML's >)": lambda text: text.replace("\n", " "),
    "base64 in one line": lambda text: "".join(
        line + ("\n" if line.startswith("-----E") else "") for line in text.replace("-----\nM", "-----M").splitlines()
    ),
    "lines of 76": lambda text: "".join(
        f"-----BEGIN {block.label}-----\n{base64.encodebytes(block.der).decode()}-----END {block.label}-----\n"
        for block in pem.blocks(text)
    ),
    "lines of 10": lambda text: "\n".join("\n".join(textwrap.wrap(line, 10)) if line[0] != "-" else line for line in text.splitlines()),
    "line separators of Unicode": lambda text: text.replace("\n", "\u2028"),
    "vertical tabs (Word)": lambda text: text.replace("\n", "\v"),
    # escapes
    "\\n as letters (JSON, environment)": lambda text: text.replace("\n", "\\n"),
    "\\n escaped twice": lambda text: text.replace("\n", "\\\\n"),
    "\\n and a line break": lambda text: text.replace("\n", "\\n\n"),
    "\\r\\n as letters": lambda text: text.replace("\n", "\\r\\n"),
    "a JSON string": json.dumps,
    "a JSON string in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON with \\u escapes (Go, Gson)": lambda text: json.dumps(text).replace("=", "\\u003d").replace("+", "\\u002B"),
    "JSON with \\/ (PHP)": lambda text: json.dumps(text).replace("/", "\\/"),
    "a JSON list (Vault's ca_chain)": lambda text: json.dumps(blocks_of(text)),
    "a Python list": lambda text: str(blocks_of(text)),
    "a Python dict": lambda text: str({"bundle": text}),
    "PowerShell's `n": lambda text: text.replace("\n", "`r`n"),
    "a shell's line continuation": lambda text: text.replace("\n", "\\\n"),
    "a string of a program, line by line": lambda text: per_line(text, '  "@\\n" +\n'),
    "another, with dots": lambda text: per_line(text, "'@' . \n"),
    "an array of lines": lambda text: "[" + per_line(text, '"@",\n') + "]",
    "percent escapes": urllib.parse.quote,
    "a form's escapes": urllib.parse.quote_plus,
    "HTML breaks": lambda text: text.replace("\n", "<br>\n"),
    "HTML breaks, one line": lambda text: "<pre>" + text.replace("\n", "<br/>") + "</pre>",
    "HTML entities": lambda text: html.escape(text).replace("+", "&#43;").replace("=", "&equals;").replace("\n", "&#10;"),
    "HTML entities of entities": lambda text: text.replace("+", "&amp;#43;"),
    "quoted-printable (mail)": lambda text: quopri.encodestring(text.encode()).decode(),
    # quoting and indentation
    "double quotes": lambda text: f'"{text}"',
    "single quotes": lambda text: f"'{text}'",
    "quotes of Word": lambda text: f"\u201c{text}\u201d",
    "each line quoted": lambda text: per_line(text, '"@"\n'),
    "mail quoted": lambda text: per_line(text, "> @\n"),
    "mail quoted twice": lambda text: per_line(text, ">> @\n"),
    "a table": lambda text: per_line(text, "| @ |\n"),
    "indentation (YAML)": lambda text: textwrap.indent(text, "    "),
    "tabs": lambda text: textwrap.indent(text, "\t"),
    "blanks at the ends": lambda text: text.replace("\n", "  \n"),
    "the first line alone not indented": lambda text: text.replace("\n", "\n      "),
    "YAML's | left over": lambda text: "tls: |\n" + textwrap.indent(text, "  "),
    "lines end with a comma": lambda text: per_line(text, "@,\n"),
    # encodings
    "BOM": lambda text: "\ufeff" + text,
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16 big-endian with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 big-endian without a mark": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "NUL at each line's end": lambda text: text.replace("\n", "\0\n"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "no-break spaces at the ends": lambda text: text.replace("\n", "\u00a0\n"),
    "zero-width spaces": lambda text: "\u200b" + text.replace("\n", "\u200b\n"),
    "marks of direction": lambda text: "\u200e" + text.replace("\n", "\u202c\n"),
    "soft hyphens": lambda text: text.replace("MII", "M\u00adII"),
    "text beside it in Latin-1": lambda text: b"Gr\xfc\xdfe\n" + text.encode(),
    # BEGIN and END
    "em dashes": lambda text: text.replace("-----", "\u2014\u2014-"),
    "en dashes": lambda text: text.replace("-----", "\u2013\u2013\u2013"),
    "figure dashes and minus signs": lambda text: text.replace("-----", "\u2012\u2212\u2010\u2011\u2015"),
    "full-width dashes": lambda text: text.replace("-----", "\uff0d\uff0d\uff0d\uff0d\uff0d"),
    "four dashes": lambda text: text.replace("-----", "----"),
    "six dashes": lambda text: text.replace("-----", "------"),
    "the last dashes are missing": lambda text: text.rstrip("\n-"),
    "the first dashes are missing": lambda text: text.lstrip("-"),
    "dashes at the line's end are missing": lambda text: text.replace("-----\n", "\n"),
    "blanks inside the dashes": lambda text: text.replace("-----BEGIN", "----- BEGIN").replace("E-----", "E -----"),
    "lower case": lambda text: text.replace("BEGIN CERTIFICATE", "begin certificate").replace("END CERTIFICATE", "end certificate"),
    "X509 CERTIFICATE": lambda text: text.replace(" CERTIFICATE", " X509 CERTIFICATE"),
    "no padding": lambda text: text.replace("=", ""),
    # beside the blocks
    "text before and between": lambda text: "Subject: CN = www\n" + text.replace("-----BEGIN", "\n# next: ---\n-----BEGIN"),
    "comments that look like blocks": lambda text: "# --- begin chain ---\n" + text + "# --- end chain ---\n",
    "bag attributes (openssl pkcs12)": lambda text: text.replace(
        "-----BEGIN", "Bag Attributes\n    localKeyID: 01 AB\nKey Attributes: <No Attributes>\n-----BEGIN"
    ),
    # wrapped once more
    "base64 (Kubernetes)": b64,
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 twice": lambda text: b64(b64(text)),
    "base64 thrice": lambda text: b64(b64(b64(text))),
    "base64 without padding": lambda text: b64(text).rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 of CRLF": lambda text: b64(text.replace("\n", "\r\n")),
    "base64 of UTF-16": lambda text: b64(text.encode("utf-16")),
    "base64 in quotes": lambda text: f'"{b64(text)}"\n',
    "a Secret of Kubernetes": lambda text: "data:\n" + "".join(
        f"  {name}: {b64(part)}\n" for name, part in zip(("tls.crt", "ca.crt", "tls.key"), blocks_of(text))
    ),
    "values of a Secret, joined": lambda text: "\n".join(map(b64, blocks_of(text))),
    "values of a Secret, joined without padding": lambda text: "\n".join(
        b64(part + "\n" * (-len(part) % 3)) for part in blocks_of(text)
    ),
    "a Secret of Kubernetes in JSON": lambda text: json.dumps(
        {"data": {name: b64(part) for name, part in zip(("tls.crt", "ca.crt", "tls.key"), blocks_of(text))}}
    ),
    "a data URI": lambda text: "data:application/x-pem-file;base64," + b64(text),
    "a data URI with escapes": lambda text: "data:application/x-pem-file," + urllib.parse.quote(text),
}  # fmt: skip


def blocks_of(text: str) -> list[str]:
    return [block.pem.decode() for block in pem.blocks(text)]


def as_bytes(data: Any) -> bytes:
    return data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("how", MANGLED)
def test_text_as_people_have_it_is_taken(pki: Any, how: str) -> None:
    for kind in ("P-256", "2048"):
        pair = pki.leaf(kind=kind)
        text = pair.pem + pair.chain_pem + pair.key_pem
        ready = make_ready([Source("bundle", "bundle", as_bytes(MANGLED[how](text)))], None, pki.now)
        assert (ready.certificate, ready.chain) == (pair.certificate, pair.issuers[:1])
        assert ready.private_key_pem.decode() == pair.key_pem


@pytest.mark.parametrize("how", [how for how in MANGLED if how not in ("X509 CERTIFICATE", "lower case")])
def test_encrypted_keys_of_both_forms_are_taken_as_well(pki: Any, how: str) -> None:
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


@pytest.mark.parametrize("how", MANGLED)
def test_the_repair_is_the_same_whatever_was_done(pki: Any, how: str) -> None:
    """So that no second way of reading exists: clean PEM passes the repair and comes out as it is."""
    text = pki.leaf().pem + pki.leaf().key_pem
    assert pem_repair.repaired(text.encode()) == text.encode()


# ---------------------------------------------------------------- other forms


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def test_the_output_of_openssl_is_taken(pki: Any) -> None:
    pair = pki.leaf()
    trusted = openssl("x509", "-trustout", "-addtrust", "serverAuth", "-setalias", "www", given=pair.pem.encode())
    assert b"TRUSTED CERTIFICATE" in trusted
    text = openssl("x509", "-text", given=pair.pem.encode())
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


# ---------------------------------------------------------------- what is something else


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
        "it holds",
    ),
    "CSR as key": ("private_key", csr, "a certificate signing request (CSR)"),
    "certificate as key": ("private_key", lambda pair: pair.pem, "holds a certificate; give the private key"),
    "key as certificate": ("certificate", lambda pair: pair.key.private_bytes(
        DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), "holds a private key"),
    "key in base64 as certificate": ("certificate", lambda pair: b64(pair.pem + pair.key_pem), "shown in logs"),
    "SSH key": ("private_key", ssh, "is an OpenSSH key; convert a copy with ssh-keygen -p -m PKCS8"),
    "SSH key in base64": ("private_key", lambda pair: b64(ssh(pair)), "is an OpenSSH key"),
    "SSH public key": ("private_key", lambda pair: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@host", "an SSH public key"),
    "PuTTY key": ("private_key", lambda pair: "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n", "PuTTY key"),
    "PGP key": ("private_key", lambda pair: "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nlQ==\n=abcd\n"
                "-----END PGP PRIVATE KEY BLOCK-----\n", "is a PGP key"),
    "PGP message": ("private_key", lambda pair: "-----BEGIN PGP MESSAGE-----\n\nlQ==\n-----END PGP MESSAGE-----\n",
                    "is encrypted with PGP; decrypt it first"),
    "JWK": ("private_key", lambda pair: '{"kty": "EC", "crv": "P-256", "d": "geheim"}', "is a JSON Web Key (JWK)"),
    "JWK, sorted": ("private_key", lambda pair: '{"crv":"P-256","d":"geheim","kty":"EC"}', "is a JSON Web Key (JWK)"),
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
    "words": ("certificate", lambda pair: "the certificate, please", "holds neither PEM nor DER nor PKCS#12"),
    "base64 of words": ("certificate", lambda pair: b64("the certificate, please"), "neither PEM nor DER"),
    "DER read as text": ("certificate", lambda pair: pair.certificate.public_bytes(DER).decode("utf-8", "replace"),
                         "was binary and has been read as text, which damaged it; give it as certificate_path"),
    "Java keystore": ("bundle", lambda pair: b"\xfe\xed\xfe\xed\0\0\0\2", "is a Java keystore; convert it with keytool"),
    "Java keystore in base64": ("bundle", lambda pair: b64(b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"), "is a Java keystore"),
    "ZIP": ("bundle", lambda pair: b"PK\x03\x04\x14\0\0\0", "is a ZIP archive; unpack it first"),
    "gzip": ("bundle", lambda pair: b"\x1f\x8b\x08\0\0\0", "is compressed with gzip"),
    "public key": ("private_key", lambda pair: openssl("pkey", "-pubout", given=pair.key_pem.encode()), "a public key"),
    "CRL": ("certificate_chain", lambda pair: "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----", "(CRL)"),
    "cut": ("certificate", lambda pair: pair.pem[:300], "The PEM block CERTIFICATE is cut"),
    "the second is cut": ("certificate_chain", lambda pair: pair.pem + pair.pem[:300], "CERTIFICATE, number 2, is cut"),
    "a letter is wrong": ("certificate", lambda pair: pair.pem.replace("MII", "M*I", 1), "is not base64"),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_what_is_something_else_is_named(pki: Any, what: str) -> None:
    kind, make, sentence = NAMED[what]
    with pytest.raises(InvalidMaterial) as caught:
        read_source(Source(kind, kind, as_bytes(make(pki.leaf()))), None)
    said = str(caught.value)
    assert sentence.lower() in said.lower(), said
    assert said.startswith(f"{kind}: ") and said.endswith(".") and "\n" not in said and "geheim" not in said


def test_a_certificate_of_no_version_in_a_container(pki: Any) -> None:
    """cryptography has an error of its own for these, which is no ValueError."""
    pair = pki.leaf()
    version, wrong = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x1c"
    der = pkcs7.serialize_certificates([pair.certificate], DER)
    assert der.count(version) == 1
    for data in (der.replace(version, wrong), pair.certificate.public_bytes(DER).replace(version, wrong)):
        with pytest.raises(InvalidMaterial):
            read_source(Source("certificate", "certificate", data), None)


@pytest.mark.parametrize("shift", ["", "x", "xx"])
def test_a_key_in_an_option_that_is_logged_is_seen_in_base64_too(pki: Any, shift: str) -> None:
    pair = pki.leaf()
    for text in (pair.key_pem, pair.key_pem_in("TraditionalOpenSSL"), pair.key_pem.replace(" ", "\u00a0")):
        assert holds_private_key(text)
        assert holds_private_key(b64(shift + pair.pem + text.replace("\u00a0", " ")))
        assert holds_private_key(base64.encodebytes((shift + text.replace("\u00a0", " ")).encode()).decode())
    assert not holds_private_key(pair.pem) and not holds_private_key(b64(pair.pem)) and not holds_private_key(None)
    with pytest.raises(InvalidMaterial) as caught:
        refuse_misplaced_key({"certificate": b64(shift + pair.key_pem)})
    assert caught.value.rule == "key-hidden"


@pytest.mark.parametrize(
    "evil",
    [
        b"-" * 2_000_000,
        b"-----BEGIN " * 180_000,
        b"-----BEGIN CERTIFICATE-----" * 70_000,
        b"-----BEGIN CERTIFICATE-----\n" + b"A: b\n" * 400_000,
        b"-----BEGIN CERTIFICATE-----" + b"-" * 2_000_000 + b"-----END CERTIFICATE-----",
        b"\\" * 2_000_000,
        b"`" * 2_000_000,
        b"<" * 2_000_000,
        b"&#" * 1_000_000,
        b'"' * 2_000_000,
        b"'" + b" " * 2_000_000,
        b"%0" * 1_000_000,
        b"Proc-Type:" * 200_000,
        b"LS0tLS1CRUdJTi" * 150_000,
        b"{" + b'"' * 2_000_000,
        b"{{" * 1_000_000,
        b"A" * 2_000_000,
    ],
    ids=lambda evil: repr(evil[:12]),
)
def test_hostile_text_costs_no_more_than_its_length(evil: bytes) -> None:
    """No measure of time: a step that is not linear would take hours here, and the suite's own limit ends it."""
    with pytest.raises(InvalidMaterial):
        read_source(Source("bundle", "bundle", evil), None)
