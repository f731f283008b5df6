# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate, chain and key from whatever people have: separate PEMs, one bundle in any order, DER, PKCS#7, PKCS#12,
an encrypted key. Matched, put in order, and passed on in the form that ACM requires. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence

from . import import_rules, pem
from .chain import Chain, build_chain
from .._rules.errors import InvalidMaterial
from .source_reading import Source, read_source

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
except ImportError:
    pass  # pem.HAS_CRYPTOGRAPHY is False then

MAX_CERTIFICATES = 100
# "PRIVATE KEY" in base64, at each position in the three octets that make four letters
_PRIVATE_KEY_IN_BASE64 = ("UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW")


class Ready(NamedTuple):
    """Material that satisfies every rule of acm-rules §5, and the parts as ImportCertificate takes them."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    certificate_pem: bytes
    chain_pem: bytes
    private_key_pem: bytes
    warnings: tuple[str, ...] = ()
    was_encrypted: bool = False

    def __repr__(self) -> str:
        return f"Ready({pem.describe(self.certificate)})"  # never the key


def holds_private_key(text: Any) -> bool:
    """Whether a private key can be seen in TEXT, in PEM or in base64 of PEM (which has three ways to begin)."""
    letters = "".join(str(text or "").split())
    return "PRIVATEKEY" in letters.upper() or any(each in letters for each in _PRIVATE_KEY_IN_BASE64)


def refuse_misplaced_key(options: dict[str, Any]) -> None:
    """Raise InvalidMaterial if an option that is shown in logs contains a private key."""
    for option in ("certificate", "certificate_chain"):
        if holds_private_key(options.get(option)):
            raise InvalidMaterial(
                "key-hidden",
                f"{option} contains a private key, but this option is shown in logs; give the key as private_key or "
                "bundle.",
            )


def make_ready(
    sources: Sequence[Source],
    passphrase: bytes | None,
    now: datetime,
    *,
    keep_root: bool = False,
    is_trusted: Callable[[Any], bool] = lambda _certificate: False,
) -> Ready:
    """Sort the content of the sources into one certificate, its key and its chain, and check it by every rule of an
    import.

    is_trusted: whether this host trusts the issuer of a certificate; see pem.build_chain. Raises InvalidMaterial: where
    the fault is, what is wrong, what to do. No message has any part of a key or passphrase."""
    certificates: list[x509.Certificate] = []
    named: list[x509.Certificate] = []
    keys: dict[str, list[Any]] = {}  # by source
    was_encrypted = False
    empty = [source.where for source in sources if _is_empty(source)]
    sources = [source for source in sources if not _is_empty(source)]
    for source in sources:
        contents = read_source(source, passphrase)
        certificates += contents.certificates
        keys[source.where] = contents.keys
        was_encrypted = was_encrypted or contents.was_encrypted
        if source.kind == "certificate":
            named += contents.certificates
    key = _only_key(keys, empty)
    leaf = _leaf_of(key, certificates, named, empty)
    pool = [each for each in dict.fromkeys(certificates) if each != leaf]
    if len(pool) > MAX_CERTIFICATES:
        raise InvalidMaterial(
            "chain-size", f"There are {len(pool)} certificates besides the one to import; give only its own chain."
        )
    found = build_chain(leaf, pool, is_trusted=is_trusted, keep_root=keep_root, now=now)
    chain = found.certificates
    parts = (
        pem.certificate_pem(leaf).encode("ascii"),
        pem.private_key_pem(key).encode("ascii"),
        pem.chain_pem(chain).encode("ascii"),
    )
    import_rules.check_import(parts[0], parts[1], parts[2] or None, now)
    return Ready(leaf, tuple(chain), parts[0], parts[2], parts[1], tuple(_warnings(leaf, found, now)), was_encrypted)


def _is_empty(source: Source) -> bool:
    """Whether it is empty. An empty option counts as not given; an empty file is a mistake, unless it is the
    chain's."""
    if source.data.strip():
        return False
    if source.where != source.kind and source.kind != "certificate_chain":
        raise InvalidMaterial("empty", f"{source.where} is empty.")
    return True


def _but_empty(empty: Sequence[str]) -> str:
    verb = "is" if len(empty) == 1 else "are"
    return f" ({' and '.join(empty)} {verb} empty)" if empty else ""


def _only_key(keys: Mapping[str, Sequence[Any]], empty: Sequence[str]) -> Any:
    distinct = {pem.private_key_pem(key): key for found in keys.values() for key in found}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        places = " and ".join(keys)
        raise InvalidMaterial(
            "key-one",
            f"There is no private key in {places or 'the given options'}{_but_empty(empty)}; "
            "give it as private_key, private_key_path or in a bundle.",
        )
    places = " and ".join(where for where, found in keys.items() if found)
    raise InvalidMaterial(
        "key-one",
        f"There are {len(distinct)} different private keys in {places}; give only the one of the certificate.",
    )


def _leaf_of(
    key: Any, certificates: Sequence[x509.Certificate], named: Sequence[x509.Certificate], empty: Sequence[str]
) -> x509.Certificate:
    """The certificate that belongs to the key, among those given as the certificate, if there are any.

    If there are several (renewed with the same key), the first one given.
    """
    candidates = list(dict.fromkeys(named or certificates))
    if not candidates:
        raise InvalidMaterial(
            "certificate-one",
            f"There is no certificate, only a private key{_but_empty(empty)}; "
            "give it as certificate, certificate_path or in a bundle.",
        )
    own = [each for each in candidates if _belongs(key, each)]
    if not own:
        who = pem.describe(candidates[0])
        if len(candidates) > 1:
            raise InvalidMaterial(
                "key-matches-certificate",
                f"The private key belongs to none of the {len(candidates)} certificates, of which the first is {who}: give "
                "the key and the certificate of the same request.",
            )
        raise InvalidMaterial(
            "key-matches-certificate",
            f"The private key does not belong to the certificate {who}: give the key that it was requested with.",
        )
    if len(own) > 1 and (not named or own[0] is not candidates[0]):
        names = " and ".join(pem.describe(each) for each in own)
        raise InvalidMaterial(
            "certificate-one", f"The private key belongs to several certificates, {names}; give one of them."
        )
    return own[0]


def _belongs(key: Any, certificate: x509.Certificate) -> bool:
    try:
        return pem.key_matches(key, certificate)
    except (ValueError, UnsupportedAlgorithm):  # an issuer's key of a type that cryptography does not support
        return False


def _warnings(leaf: x509.Certificate, chain: Chain, now: datetime) -> Iterable[str]:
    if not chain.certificates and not pem.is_self_signed(leaf):
        yield (
            f"No chain was given for {pem.describe(leaf)}, which {pem.distinguished_name(leaf.issuer)} issued; "
            "clients that do not know that issuer will not trust it."
        )
    if chain.open_end is not None:
        yield (
            f"The chain of {pem.describe(leaf)} ends with {pem.describe(chain.open_end)}, whose issuer "
            f"{pem.distinguished_name(chain.open_end.issuer)} is neither among the given certificates nor trusted by "
            f"this host. Left out of the chain: {', '.join(pem.describe(each) for each in chain.left_out)}."
        )
    for certificate in chain.certificates:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            yield f"{pem.describe(certificate)} of the chain is not valid now; clients may refuse the chain."
