# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate, chain and key out of whatever people have: separate PEMs, one bundle in any order, DER, PKCS#7, PKCS#12,
an encrypted key. Sorted by what belongs together, put in order, and handed on as ACM wants it. Pure.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Callable, Iterable, NamedTuple, Sequence

from . import import_rules, pem
from .._rules.errors import InvalidMaterial

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs7
except ImportError:
    pass  # pem.HAS_CRYPTOGRAPHY tells

# What ACM accepts at most in all three parts; a larger file is no certificate
MAX_SOURCE_OCTETS = (
    import_rules.MAX_CERTIFICATE_OCTETS + import_rules.MAX_PRIVATE_KEY_OCTETS + import_rules.MAX_CHAIN_OCTETS
)
MAX_CERTIFICATES = 100

# Lies beside certificates in many a bundle, and is nothing to import
_PASSED_OVER = (
    "DH PARAMETERS",
    "X9.42 DH PARAMETERS",
    "PUBLIC KEY",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
)
_PKCS7 = ("PKCS7", "CMS")
# RFC 7292, appendix D: the object identifiers of keyBag and pkcs8ShroudedKeyBag in DER
_KEY_BAGS = tuple(bytes.fromhex("060b2a864886f70d010c0a01") + last for last in (b"\x01", b"\x02"))


class Source(NamedTuple):
    """One thing that the user gave: where (the option, with the file's name), its bytes, and what may lie in it.

    kind: certificate, private_key, certificate_chain, or bundle (anything).
    """

    where: str
    kind: str
    data: bytes


class Ready(NamedTuple):
    """Material that keeps every rule of ACM.md §5, and the parts as ImportCertificate wants them."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    certificate_pem: bytes
    chain_pem: bytes
    private_key_pem: bytes
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Ready({pem.describe(self.certificate)})"  # never the key

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name.lower() for name in pem.domain_names(self.certificate))


class _Contents(NamedTuple):
    certificates: list[x509.Certificate]
    keys: list[Any]


def refuse_misplaced_key(options: dict[str, Any]) -> None:
    """Raise InvalidMaterial when an option that is shown in logs holds a private key."""
    for option in ("certificate", "certificate_chain"):
        if "PRIVATE KEY" in str(options.get(option) or ""):
            raise InvalidMaterial(
                "key-hidden",
                f"{option} holds a private key, and that option is shown in logs; give it as private_key or bundle.",
            )


def make_ready(
    sources: Sequence[Source],
    passphrase: bytes | None,
    now: datetime,
    *,
    keep_root: bool = False,
    is_trusted: Callable[[Any], bool] = lambda _certificate: False,
) -> Ready:
    """Sort what the sources hold into one certificate, its key and its chain, and check it by every rule of an import.

    is_trusted: whether this host trusts the issuer of a certificate; see pem.build_chain.
    Raises InvalidMaterial: where it lies, what is wrong, what to do. No message holds anything of a key or passphrase.
    """
    certificates: list[x509.Certificate] = []
    named: list[x509.Certificate] = []
    keys: list[Any] = []
    for source in sources:
        contents = _read(source, passphrase)
        certificates += contents.certificates
        keys += contents.keys
        if source.kind == "certificate":
            named += contents.certificates
    key = _only_key(keys, sources)
    leaf = _leaf_of(key, certificates, named)
    pool = [each for each in dict.fromkeys(certificates) if each != leaf]
    if len(pool) > MAX_CERTIFICATES:
        raise InvalidMaterial(
            "chain-size", f"There are {len(pool)} certificates beside the one to import; give its own chain only."
        )
    found = pem.build_chain(leaf, pool, is_trusted=is_trusted, keep_root=keep_root, now=now)
    chain = found.certificates
    parts = (
        pem.certificate_pem(leaf).encode("ascii"),
        pem.private_key_pem(key).encode("ascii"),
        pem.chain_pem(chain).encode("ascii"),
    )
    import_rules.check_import(parts[0], parts[1], parts[2] or None, now)
    return Ready(leaf, tuple(chain), parts[0], parts[2], parts[1], tuple(_warnings(leaf, found, now)))


def _read(source: Source, passphrase: bytes | None) -> _Contents:
    try:
        if not source.data.strip():
            raise InvalidMaterial("empty", "it is empty.")
        if len(source.data) > MAX_SOURCE_OCTETS:
            raise InvalidMaterial("size", f"it has {len(source.data)} bytes, which is more than ACM accepts.")
        found = pem.blocks(source.data)
        contents = _of_blocks(source, found, passphrase) if found else _of_binary(source, passphrase)
        _check_kind(source, contents)
    except InvalidMaterial as error:
        raise InvalidMaterial(error.rule, f"{source.where}: {_as_clause(str(error))}") from error
    return contents


def _of_blocks(source: Source, found: Iterable[pem.Block], passphrase: bytes | None) -> _Contents:
    contents = _Contents([], [])
    for block in found:
        if block.label in pem.CERTIFICATE_LABELS:
            number = len(contents.certificates) + 1
            what = "certificate" if number == 1 else f"certificate number {number}"
            contents.certificates.append(pem.parse_certificate(block.der, what=what))
        elif block.label.endswith("PRIVATE KEY"):
            contents.keys.append(pem.parse_private_key(block, passphrase))
        elif block.label in _PKCS7:
            contents.certificates.extend(_pkcs7(block.der))
        elif block.label == "TRUSTED CERTIFICATE":
            raise InvalidMaterial(
                "certificate-pem", "it holds OpenSSL's TRUSTED CERTIFICATE; convert it with openssl x509 -clrtrust."
            )
        elif source.kind != "bundle" or block.label not in _PASSED_OVER:
            raise InvalidMaterial(
                _RULES[source.kind], f"it holds a {block.label} where {_WANTED[source.kind]} belongs."
            )
    return contents


def _of_binary(source: Source, passphrase: bytes | None) -> _Contents:
    der = source.data if source.data[:1] == b"\x30" else _base64(source.data)
    if der[:1] != b"\x30":
        raise InvalidMaterial(
            _RULES[source.kind], f"it holds no PEM, DER or PKCS#12: {_WANTED[source.kind]} was expected."
        )
    for attempt in (_der_certificate, _der_key, _pkcs12, _der_pkcs7):
        contents = attempt(der, passphrase)
        if contents is not None:
            return contents
    raise InvalidMaterial(
        _RULES[source.kind],
        f"it is binary, but neither a certificate nor a key nor PKCS#12; {_WANTED[source.kind]} was expected.",
    )


def _der_certificate(der: bytes, _passphrase: bytes | None) -> _Contents | None:
    try:
        return _Contents([pem.parse_certificate(der)], [])
    except InvalidMaterial as error:
        if error.rule == "x509-v3":
            raise
        return None


def _der_key(der: bytes, passphrase: bytes | None) -> _Contents | None:
    try:
        return _Contents([], [serialization.load_der_private_key(der, None)])
    except (ValueError, UnsupportedAlgorithm):
        return None
    except TypeError as error:  # it is a key, but encrypted
        if not passphrase:
            raise InvalidMaterial("key-encrypted", "The private key is encrypted; give its passphrase.") from error
    try:
        return _Contents([], [serialization.load_der_private_key(der, passphrase)])
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidMaterial("key-passphrase", "The private key cannot be decrypted; check its passphrase.") from error


def _pkcs12(der: bytes, passphrase: bytes | None) -> _Contents | None:
    # a PFX (RFC 7292) begins with SEQUENCE { INTEGER 3
    if b"\x02\x01\x03" not in der[:10]:
        return None
    keys = sum(der.count(oid) for oid in _KEY_BAGS)
    if keys > 1:  # of which cryptography would take the first and say nothing
        raise InvalidMaterial(
            "key-one", f"The PKCS#12 holds {keys} private keys; give one that holds that of the certificate alone."
        )
    key, certificate, others = pem.load_pkcs12(der, passphrase)
    return _Contents([*([certificate] if certificate else []), *others], [] if key is None else [key])


def _der_pkcs7(der: bytes, _passphrase: bytes | None) -> _Contents | None:
    try:
        return _Contents(_pkcs7(der), [])
    except InvalidMaterial:
        return None


def _pkcs7(der: bytes) -> list[x509.Certificate]:
    try:
        return list(pkcs7.load_der_pkcs7_certificates(der))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidMaterial("certificate-readable", "the PKCS#7 is damaged, or holds no certificates.") from error


def _check_kind(source: Source, contents: _Contents) -> None:
    if source.kind in ("certificate", "certificate_chain"):
        if not contents.certificates:
            raise InvalidMaterial(_RULES[source.kind], f"it holds no certificate: {_WANTED[source.kind]} was expected.")
    if source.kind == "private_key" and not contents.keys:
        raise InvalidMaterial("key-pem", "it holds no private key.")


def _only_key(keys: Sequence[Any], sources: Sequence[Source]) -> Any:
    distinct = {pem.private_key_pem(key): key for key in keys}
    if len(distinct) == 1:
        return keys[0]
    places = " and ".join(source.where for source in sources)
    if not distinct:
        raise InvalidMaterial(
            "key-one", f"No private key was found in {places}; ACM imports a certificate with its key."
        )
    raise InvalidMaterial(
        "key-one", f"{len(distinct)} different private keys were found in {places}; give the one of the certificate."
    )


def _leaf_of(key: Any, certificates: Sequence[x509.Certificate], named: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate that belongs to the key; out of those named as the certificate, where there are any.

    Where several do (renewed with the same key), the first that is named.
    """
    candidates = list(dict.fromkeys(named or certificates))
    if not candidates:
        raise InvalidMaterial("certificate-one", "No certificate was found beside the private key; give it too.")
    own = [each for each in candidates if _belongs(key, each)]
    if not own:
        who = pem.describe(candidates[0])
        if len(candidates) > 1:
            raise InvalidMaterial(
                "key-matches-certificate",
                f"The private key belongs to none of the {len(candidates)} certificates; the first is {who}.",
            )
        raise InvalidMaterial("key-matches-certificate", f"The private key does not belong to the certificate {who}.")
    if len(own) > 1 and (not named or own[0] is not candidates[0]):
        names = " and ".join(pem.describe(each) for each in own)
        raise InvalidMaterial(
            "certificate-one", f"The private key belongs to several certificates, {names}; give one of them."
        )
    return own[0]


def _belongs(key: Any, certificate: x509.Certificate) -> bool:
    try:
        return pem.key_matches(key, certificate)
    except (ValueError, UnsupportedAlgorithm):  # an issuer's key of a kind that cryptography does not know
        return False


def _warnings(leaf: x509.Certificate, chain: pem.Chain, now: datetime) -> Iterable[str]:
    if not chain.certificates and not pem.is_self_signed(leaf):
        yield (
            f"No chain was given for {pem.describe(leaf)}, which {pem.distinguished_name(leaf.issuer)} issued; "
            "clients that do not know that issuer will not trust it."
        )
    if chain.open_end is not None:
        yield (
            f"The chain of {pem.describe(leaf)} ends with {pem.describe(chain.open_end)}, whose issuer "
            f"{pem.distinguished_name(chain.open_end.issuer)} is neither among the certificates given nor trusted by "
            f"this host. Left out of the chain: {', '.join(pem.describe(each) for each in chain.left_out)}."
        )
    for certificate in chain.certificates:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            yield f"{pem.describe(certificate)} of the chain is not valid now; clients may refuse the chain."


def _base64(data: bytes) -> bytes:
    """What the base64 stands for; nothing when it is none."""
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


_RULES = {
    "certificate": "certificate-pem",
    "certificate_chain": "chain-pem",
    "private_key": "key-pem",
    "bundle": "bundle",
}
_WANTED = {
    "certificate": "a certificate",
    "certificate_chain": "the chain of certificates",
    "private_key": "a private key",
    "bundle": "a certificate with its key and chain",
}
