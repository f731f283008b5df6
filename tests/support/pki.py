# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates for tests."""

from __future__ import annotations

import base64
import functools
import ipaddress
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# the machine's clock, because modules that run as a whole use it too
NOW = datetime.now(timezone.utc).replace(microsecond=0)
_CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1}


class Pair(NamedTuple):
    """A certificate and its key, and the certificates above it, nearest first, root last."""

    certificate: x509.Certificate
    key: Any
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    @property
    def key_pem(self) -> str:
        return self.key_pem_in("PKCS8")

    def key_pem_in(self, form: str, passphrase: bytes | None = None) -> str:
        encryption: Any = serialization.NoEncryption()
        if passphrase:
            encryption = serialization.BestAvailableEncryption(passphrase)
        chosen = getattr(serialization.PrivateFormat, form)
        return str(self.key.private_bytes(serialization.Encoding.PEM, chosen, encryption).decode())

    @property
    def chain_pem(self) -> str:
        """The intermediates without the root."""
        return "".join(pem_of(each) for each in self.issuers if each.subject != each.issuer)

    @property
    def root(self) -> x509.Certificate:
        return self.issuers[-1] if self.issuers else self.certificate


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Pki:
    """Makes keys and certificates. A key is made once and reused. now: the time at which the test checks them."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    @functools.lru_cache(maxsize=256)
    def key(self, kind: str = "P-256", number: int = 0) -> Any:
        if kind in _CURVES:
            return ec.generate_private_key(_CURVES[kind]())
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind))

    @functools.lru_cache(maxsize=256)
    def authority(self, name: str = "root", parent: Pair | None = None, kind: str = "P-256", number: int = 0) -> Pair:
        """A CA: self-signed, or certified by PARENT."""
        return self.issue(
            name,
            parent,
            key=self.key(kind, hash((name, number)) % 10_000),
            is_ca=True,
            names=(),
            days=3650,
            not_before=-1000,
        )

    @functools.lru_cache(maxsize=256)
    def leaf(self, *names: str, kind: str = "P-256", number: int = 0) -> Pair:
        """A server certificate, issued by an intermediate, which a root has issued."""
        issuer = self.authority("intermediate", self.authority("root", kind=kind), kind=kind)
        return self.issue(
            names[0] if names else "www.example.com", issuer, key=self.key(kind, number), names=names or None
        )

    def issue(
        self,
        common_name: str | None,
        parent: Pair | None = None,
        *,
        key: Any = None,
        names: tuple[str, ...] | None = None,
        addresses: tuple[str, ...] = (),
        not_before: float = -1,
        days: float = 90,
        is_ca: bool = False,
        serial: int | None = None,
        key_usage: tuple[str, ...] | None = ("digital_signature",),
        extended_key_usage: tuple[str, ...] | None = ("1.3.6.1.5.5.7.3.1",),
        issuer_name: x509.Name | None = None,
        digest: Any = None,
        more: tuple[x509.ExtensionType, ...] = (),
    ) -> Pair:
        """A certificate; not_before and days count from `now`."""
        key = key if key is not None else self.key()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else [])
        signer = parent.key if parent else key
        start = self.now + timedelta(days=not_before)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name if issuer_name is not None else parent.certificate.subject if parent else subject)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
        )
        if is_ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            key_usage, extended_key_usage = ("key_cert_sign", "crl_sign"), None
        names = names if names is not None else ((common_name,) if common_name else ())
        general: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        general += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        if general:
            builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
        if key_usage is not None:
            builder = builder.add_extension(usage_of(*key_usage), critical=True)
        if extended_key_usage is not None:
            oids = [x509.ObjectIdentifier(oid) for oid in extended_key_usage]
            builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        digest = digest or (
            hashes.SHA256() if isinstance(signer, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)) else None
        )
        above = (parent.certificate, *parent.issuers) if parent else ()
        return Pair(builder.sign(signer, digest), key, above)

    def version_1_pem(self) -> str:
        """A self-signed certificate without a version or extensions."""
        der = as_version_1(self.issue("www.example.com"))
        return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def tls_server(folder: Path, *names: str) -> tuple[ssl.SSLContext, str]:
    """An SSL context for a server with these names, valid by the machine's clock, and the CA file in FOLDER to trust it with."""
    pair = Pki().leaf(*names)
    served, trusted = folder / "served.pem", folder / "trusted.pem"
    served.write_text(pair.pem + pair.chain_pem + pair.key_pem)
    trusted.write_text(pem_of(pair.root))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    return context, str(trusted)


def usage_of(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def as_version_1(pair: Pair) -> bytes:
    """Remove the version and extensions from the certificate and sign the rest again (EC keys)."""
    parts = _children(pair.certificate.tbs_certificate_bytes)
    body = _wrap(0x30, b"".join(part for part in parts if part[0] not in (0xA0, 0xA3)))
    algorithm = parts[2]
    signature = pair.key.sign(body, ec.ECDSA(hashes.SHA256()))
    return _wrap(0x30, body + algorithm + _wrap(0x03, b"\0" + signature))


def _children(der: bytes) -> list[bytes]:
    content, found = _split(der)[0], []
    while content:
        _value, rest = _split(content)
        found.append(content[: len(content) - len(rest)])
        content = rest
    return found


def _split(der: bytes) -> tuple[bytes, bytes]:
    length, start = der[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(der[2:start], "big")
    return der[start : start + length], der[start + length :]


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content
