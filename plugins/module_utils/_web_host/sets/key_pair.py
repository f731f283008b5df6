# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate with its chain and key, as servers need them: read, checked, and written to files.

Runs on web hosts: standard library only. OpenSSL, through Python's ssl module, checks the pair and the signatures.
Where the kernel supports it (Linux), OpenSSL reads the key from memory, so that nothing is written to disk unchecked.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import ssl
import typing as t
from datetime import datetime

from ..._files.certificate_files import SET_FILE_NAMES
from ..._rules.errors import InvalidInput
from .der import Unreadable, pem_certificates, read_certificate, traditional_key
from ..._rules.times import iso

_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----.+?-----END \1PRIVATE KEY-----", re.DOTALL)
# OpenSSL's reasons: the last one for a key of another type than the certificate's
_KEY_OF_ANOTHER = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: a chain may end at any trusted certificate
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: dates are checked here, by the caller's clock


class BundleFault(InvalidInput):
    """A set that cannot be used or put in place. The message is one sentence and never contains any part of a key."""


class KeyPair:
    """A leaf certificate, the certificates above it, and its private key. Its repr does not show the key."""

    def __init__(
        self, label: str, certificate: bytes, chain: list[bytes], private_key: str | None, pkcs12: bytes | None = None
    ) -> None:
        self.label = label
        self.certificate = ssl.DER_cert_to_PEM_cert(certificate)
        self.chain = "".join(map(ssl.DER_cert_to_PEM_cert, chain))
        self.private_key = private_key
        self.pkcs12 = pkcs12
        self.facts = read_certificate(certificate)
        self.chain_facts = [read_certificate(der) for der in chain]

    def __repr__(self) -> str:
        return f"KeyPair({self.label!r}, {self.facts.subject!r}, {self.facts.serial!r})"

    def render(self, kinds: t.Collection[str]) -> dict[str, bytes | None]:
        """The files of these kinds (keys of SET_FILE_NAMES) by name; an empty chain makes no file.

        Without a key, the content of files that contain it is None: unknown.
        """
        texts = {
            "cert": self.certificate,
            "chain": self.chain,
            "fullchain": self.certificate + self.chain,
            "key": self.private_key,
            # key, leaf, chain: the order that HAProxy, lighttpd and Postfix's smtpd_tls_chain_files all accept
            "combined": self.private_key and self.private_key + self.certificate + self.chain,
        }
        if "pkcs1" in kinds:
            texts["pkcs1"] = self.private_key and _traditional(self.label, self.private_key)
        files: dict[str, bytes | None] = {}
        for kind in kinds:
            text = texts.get(kind, "")
            if text != "":
                files[SET_FILE_NAMES[kind]] = None if text is None else text.encode("ascii")
        if self.pkcs12 is not None or "pkcs12" in kinds:
            files[SET_FILE_NAMES["pkcs12"]] = self.pkcs12
        return files

    def adopt(self, private_key: bytes | None, pkcs12: bytes | None) -> None:
        """Fill in missing parts from a set on the host, if they belong to this certificate."""
        if self.private_key is None and private_key is not None:
            try:
                text = _clear_key(self.label, private_key.decode("ascii"))
                check_key(self, text)
            except (BundleFault, UnicodeDecodeError):
                return
            self.private_key = text
        if self.pkcs12 is None:
            self.pkcs12 = pkcs12


def read_key_pair(
    label: str, certificate: str, chain: str | None, private_key: str | None, pkcs12: bytes | None = None
) -> KeyPair:
    """Read PEM texts into a KeyPair; LABEL is its name in messages.

    Certificates after the first in CERTIFICATE belong to the chain; CHAIN may begin with the leaf again.
    """
    try:
        found = pem_certificates(certificate.encode("utf-8"))
        if not found:
            raise BundleFault(f"The certificate of {label} is not PEM; give text with a BEGIN CERTIFICATE line.")
        above = [der for der in found[1:] + pem_certificates((chain or "").encode("utf-8")) if der != found[0]]
        if chain and chain.strip() and not pem_certificates(chain.encode("utf-8")):
            raise BundleFault(f"The chain of {label} is not PEM; give text with BEGIN CERTIFICATE lines, or none.")
        key = None if private_key is None else _clear_key(label, private_key)
        return KeyPair(label, found[0], list(dict.fromkeys(above)), key, pkcs12)
    except Unreadable as error:
        raise BundleFault(f"A certificate of {label} cannot be read: {error}; give it as PEM.") from error


def _clear_key(label: str, text: str) -> str:
    found = _PRIVATE_KEY.search(text)
    if found is None:
        raise BundleFault(f"The private key of {label} is not PEM; give text with a BEGIN PRIVATE KEY line.")
    if found.group(1).startswith("ENCRYPTED") or "Proc-Type: 4,ENCRYPTED" in found.group(0):
        raise BundleFault(
            f"The private key of {label} is encrypted; decrypt it first, for example with certops.acm.acm_export."
        )
    return "\n".join(line.strip() for line in found.group(0).splitlines()) + "\n"


def _traditional(label: str, text: str) -> str:
    """A private key in the PEM form that preceded PKCS#8: BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY."""
    if "-----BEGIN PRIVATE KEY-----" not in text:
        return text
    try:
        name, der = traditional_key(binascii.a2b_base64("".join(text.splitlines()[1:-1])))
    except (Unreadable, binascii.Error) as error:
        raise BundleFault(f"The private key of {label} cannot be written as pkcs1: {error}; leave out pkcs1.") from None
    encoded = base64.b64encode(der).decode("ascii")
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return "\n".join([f"-----BEGIN {name} PRIVATE KEY-----", *lines, f"-----END {name} PRIVATE KEY-----", ""])


def check_key_pair(pair: KeyPair, now: datetime, *, require_valid: bool = True, names: t.Iterable[str] = ()) -> None:
    """Raise BundleFault unless a server can serve PAIR and its clients will accept it.

    Checked: dates by NOW (unless REQUIRE_VALID is false), the NAMES that it must cover, the order of the chain, that
    the key belongs to the certificate, and every signature of the chain."""
    if require_valid:
        _check_dates(pair, now)
    for name in names:
        if not pair.facts.covers(name):
            holds = ", ".join(pair.facts.all_names) or "no name"
            raise BundleFault(f"The certificate of {pair.label} does not cover {name}; it covers {holds}.")
    _check_chain_order(pair)
    if pair.private_key is not None:
        check_key(pair, pair.private_key)


def check_key(pair: KeyPair, private_key: str) -> None:
    """Raise BundleFault unless PRIVATE_KEY belongs to the certificate and the chain's signatures are right."""
    with _in_memory(pair.certificate + pair.chain, private_key) as paths:
        if paths:
            check_files(pair.label, *paths)
            if pair.facts.is_for_servers:
                _rehearse(pair, *paths)


def check_files(label: str, certificate_path: str, key_path: str) -> None:
    """Raise BundleFault unless these two files contain a certificate and the key that belongs to it."""
    _server_context(label, certificate_path, key_path)


def _check_dates(pair: KeyPair, now: datetime) -> None:
    for position, facts in enumerate([pair.facts, *pair.chain_facts]):
        what = f"The certificate of {pair.label}" if position == 0 else f"{facts.subject} in the chain of {pair.label}"
        if facts.not_after <= now:
            raise BundleFault(f"{what} expired at {iso(facts.not_after)}; deploy its renewal instead.")
        if facts.not_before > now:
            raise BundleFault(
                f"{what} is not valid before {iso(facts.not_before)}, and this host's clock says {iso(now)}; "
                "set the clock, or wait."
            )


def _check_chain_order(pair: KeyPair) -> None:
    below = pair.facts
    for facts in pair.chain_facts:
        if below.issuer_der != facts.subject_der:
            raise BundleFault(
                f"The chain of {pair.label} is broken: {below.subject} was issued by {below.issuer}, "
                f"but {facts.subject} comes next; put the issuers in order."
            )
        below = facts


def _server_context(label: str, certificate_path: str, key_path: str) -> ssl.SSLContext:
    context = _any_strength(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    try:
        context.load_cert_chain(certificate_path, key_path, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason in _KEY_OF_ANOTHER:
            raise BundleFault(
                f"The private key of {label} does not belong to its certificate; "
                "take both from the same export. Nothing was changed."
            ) from None
        raise BundleFault(f"OpenSSL cannot load the certificate and key of {label}: {error.reason or error}.") from None
    return context


def _any_strength(context: ssl.SSLContext) -> ssl.SSLContext:
    # Whether RSA-1024 is good enough is up to the server's policy; here we only check that the parts belong together.
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _rehearse(pair: KeyPair, certificate_path: str, key_path: str) -> None:
    """A TLS handshake in memory: a server uses the set, and a client that trusts the end of its chain verifies it."""
    client = _any_strength(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    client.check_hostname = False
    client.load_verify_locations(cadata=_last_pem(pair.certificate + pair.chain))
    client.verify_flags |= ssl.VerifyFlags(_PARTIAL_CHAIN | _NO_CHECK_TIME)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server),
        _server_context(pair.label, certificate_path, key_path).wrap_bio(to_server, to_client, server_side=True),
    ]
    for _round in range(10):
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                raise BundleFault(
                    f"The chain of {pair.label} does not verify: {error.verify_message}; "
                    "take the certificate and the chain from the same export."
                ) from None
            except ssl.SSLError:
                return  # that this OpenSSL does not support an algorithm says nothing about the set
        if not ends:
            return


def _last_pem(text: str) -> str:
    return "-----BEGIN CERTIFICATE-----" + text.rpartition("-----BEGIN CERTIFICATE-----")[2]


@contextlib.contextmanager
def _in_memory(*texts: str) -> t.Iterator[list[str]]:
    """Paths of in-memory files with TEXTS; no paths if the kernel does not support such files."""
    descriptors: list[int] = []
    try:
        if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                for text in texts:
                    descriptors.append(os.memfd_create("certops.acm", os.MFD_CLOEXEC))
                    os.write(descriptors[-1], text.encode("ascii"))
        complete = len(descriptors) == len(texts)
        yield [f"/proc/self/fd/{descriptor}" for descriptor in descriptors] if complete else []
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
