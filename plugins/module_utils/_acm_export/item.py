# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate of an export, from what is wanted to the outcome."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._x509 import pem, pkcs12
from .._batch import items
from .._door.acm import GONE, AcmError
from .._files.atomic import FileSpec, Present
from .._files.certificate_files import SECRET_FORMS
from .._certificates.inventory import Door
from .._rules.errors import InvalidInput
from .._rules.errors import InvalidMaterial


@dataclass(frozen=True)
class Wanted:
    """One certificate to export, and in which form. Its repr does not show the passphrase."""

    arn: t.Optional[str] = None
    domain_name: t.Optional[str] = None
    names: t.Optional[frozenset[str]] = None
    passphrase: t.Optional[bytes] = field(default=None, repr=False)
    files: tuple[FileSpec, ...] = ()
    encrypts_key: bool = False
    returns_key: bool = False
    returns_pkcs12: bool = False
    pkcs12_alias: t.Optional[str] = None
    is_pkcs12_legacy: bool = False

    @property
    def label(self) -> str:
        return self.arn or self.domain_name or ""

    @property
    def needs_key(self) -> bool:
        return self.returns_key or any(spec.form in SECRET_FORMS for spec in self.files)


@dataclass(repr=False)
class KeySet:
    """A certificate, its chain, and its key if that is known."""

    certificate: t.Any
    chain: tuple[t.Any, ...]
    key: t.Any = None

    def render(self, wanted: Wanted, is_sealed: bool = True) -> dict[str, bytes]:
        """The content of every form of file for which this set has the parts. A PKCS#12 is made only if it is wanted.

        is_sealed: including the encrypted forms, which take long and have different bytes each time.
        """
        leaf, chain = pem.certificate_pem(self.certificate), pem.chain_pem(self.chain)
        texts = {"cert": leaf, "chain": chain, "fullchain": leaf + chain}
        if self.key is not None:
            texts["combined"] = pem.combined(self.certificate, self.chain, self.key)
            texts["key"] = pem.private_key_pem(self.key)
            if wanted.encrypts_key and wanted.passphrase:
                texts["key"] = pem.sealed_private_key_pem(self.key, wanted.passphrase) if is_sealed else ""
        made = {form: text.encode("ascii") for form, text in texts.items() if text}
        if self.key is not None and is_sealed and any(spec.form == "pkcs12" for spec in wanted.files):
            made["pkcs12"] = self.pkcs12(wanted)
        return made

    def pkcs12(self, wanted: Wanted) -> bytes:
        name = wanted.pkcs12_alias or (pem.domain_names(self.certificate) or [pem.serial(self.certificate)])[0]
        return pkcs12.packed(
            name, self.key, self.certificate, self.chain, wanted.passphrase or b"", wanted.is_pkcs12_legacy
        )


class Change(t.NamedTuple):
    """A file that differs from the wanted one, and how. is_content: it must be written; otherwise owner or mode are
    corrected."""

    spec: FileSpec
    reasons: tuple[str, ...]
    is_content: bool


@dataclass
class Item(items.NamedItem[Wanted]):
    """One export of a task: what is wanted, what exists, what has to be done, and the outcome."""

    keys: t.Optional[KeySet] = None
    present: dict[str, t.Optional[Present]] = field(default_factory=dict)  # by path
    keys_at_hand: list[t.Any] = field(default_factory=list)  # of any certificate, from files
    changes: list[Change] = field(default_factory=list)
    needs_export: bool = False
    was_exported: bool = False
    is_done: bool = False

    @property
    def key_set(self) -> KeySet:
        """The set, for steps that only items with a certificate reach. Raises LookupError for others."""
        if self.keys is None:
            raise LookupError(f"{self.label} was not read.")
        return self.keys


def parse(answer: dict[str, t.Any], passphrase: t.Optional[bytes] = None) -> KeySet:
    """The set in an answer of GetCertificate or ExportCertificate, or InvalidMaterial if its parts do not match."""
    certificate = pem.load_certificate(answer.get("Certificate") or "")
    chain = tuple(pem.load_certificates(answer.get("CertificateChain") or ""))
    if chain[:1] == (certificate,):  # an import without a chain, or with one that began with the certificate
        chain = chain[1:]
    child = certificate
    for parent in chain:
        if not pem.issued_by(child, parent):
            raise InvalidMaterial(
                "chain-order",
                f"ACM's chain for {pem.describe(certificate)} does not verify: "
                f"{pem.describe(parent)} does not certify {pem.describe(child)}.",
            )
        child = parent
    key = None
    if passphrase is not None:
        key = pem.load_private_key(answer.get("PrivateKey") or "", passphrase)
        if not pem.key_matches(key, certificate):
            raise InvalidMaterial(
                "key-matches-certificate", f"ACM's private key does not belong to {pem.describe(certificate)}."
            )
    return KeySet(certificate, chain, key)


def key_in(form: str, content: bytes, passphrase: t.Optional[bytes]) -> t.Any:
    """The private key in a file of this form, or None."""
    try:
        if form == "pkcs12":
            return pkcs12.load(content, passphrase)[0] if passphrase else None
        return pem.load_private_key(content, passphrase)
    except InvalidMaterial:
        return None


def ask(
    acm: Door,
    operation: str,
    asking: t.Sequence[Item],
    members: t.Callable[[Item], dict[str, t.Any]] = lambda item: {"CertificateArn": item.arn},
) -> t.Iterator[tuple[Item, dict[str, t.Any]]]:
    """items.ask, with a sentence for a certificate that does not exist."""
    yield from items.ask(acm, operation, asking, members)
    for item in asking:
        if isinstance(item.error, AcmError) and item.error.code == GONE and item.want.arn:
            item.error = InvalidInput(f"There is no certificate {item.want.arn}; correct certificate_arn.")
