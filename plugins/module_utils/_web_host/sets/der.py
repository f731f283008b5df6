# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the facts of a certificate with the standard library only: web hosts have no cryptography package.

Python's ssl module provides these facts only for a certificate that it has verified. So this file parses the DER of
RFC 5280 §4.1 itself. It never checks a signature.
"""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
import re
import typing as t
from datetime import datetime, timedelta, timezone

_PEM_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.+?)-----END", re.DOTALL)
_INTEGER, _BIT_STRING, _OCTET_STRING, _OID, _SEQUENCE, _SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_UTF16_STRING, _LATIN_STRING = 0x1E, 0x14
_SUBJECT_ALT_NAME, _EXTENDED_KEY_USAGE = "2.5.29.17", "2.5.29.37"
_KEY_TYPES = {"1.2.840.113549.1.1.1": "rsa", "1.2.840.10045.2.1": "ecdsa"}
_SERVER_AUTH, _ANY_USAGE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}


class Unreadable(ValueError):
    """The bytes are not a certificate. The message says why, in a clause without a full stop."""


class CertificateFacts(t.NamedTuple):
    """The facts of one certificate. Times are aware UTC; fingerprints are lower-case hex of SHA-256."""

    serial: str  # as ACM shows it: 0a:1b:…
    fingerprint: str
    public_key_fingerprint: str  # of the SubjectPublicKeyInfo, as used for pinning
    subject: str
    issuer: str
    subject_der: bytes
    issuer_der: bytes
    not_before: datetime
    not_after: datetime
    names: list[str]
    ip_addresses: list[str]
    is_for_servers: bool
    key_type: str = "other"  # rsa, ecdsa or other: what a client's signature algorithms select

    @property
    def all_names(self) -> list[str]:
        return self.names + self.ip_addresses

    def covers(self, name: str) -> bool:
        return any(covers(pattern, name) for pattern in self.all_names)


class _Element(t.NamedTuple):
    tag: int
    content: bytes
    whole: bytes


def pem_certificates(text: bytes) -> list[bytes]:
    """The certificates of a PEM text as DER, in order; text between them is ignored. Raises Unreadable."""
    found = []
    for body in _PEM_CERTIFICATE.findall(text):
        try:
            found.append(binascii.a2b_base64(b"".join(body.split())))
        except binascii.Error as error:
            raise Unreadable("its base64 is damaged") from error
    return found


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate's name PATTERN covers NAME: the same name, or a wildcard exactly one level above."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    label, dot, parent = name.partition(".")
    return pattern == name or (bool(label) and bool(dot) and pattern == "*." + parent)


def read_certificate(der: bytes) -> CertificateFacts:
    """Read one certificate; raises Unreadable if the bytes are not a certificate."""
    try:
        return _read(der)
    except (IndexError, ValueError, UnicodeDecodeError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("it is not DER of an X.509 certificate") from error


def _read(der: bytes) -> CertificateFacts:
    outer = _element(der, 0)
    if outer.tag != _SEQUENCE or len(outer.whole) != len(der):
        raise Unreadable("it is not DER of an X.509 certificate")
    fields = list(_elements(_element(outer.content, 0).content))
    if fields[0].tag == 0xA0:  # the version, absent from version 1
        fields.pop(0)
    serial, _algorithm, issuer, validity, subject, public_key = fields[:6]
    if serial.tag != _INTEGER:
        raise Unreadable("it has no serial number")
    not_before, not_after = (_time(element) for element in _elements(validity.content))
    extensions = {}
    for field in fields[6:]:
        if field.tag == 0xA3:
            for extension in _elements(_element(field.content, 0).content):
                parts = list(_elements(extension.content))
                extensions[_oid(parts[0].content)] = parts[-1].content
    names, addresses = _alternative_names(extensions.get(_SUBJECT_ALT_NAME))
    return CertificateFacts(
        serial=_serial(serial.content),
        fingerprint=hashlib.sha256(der).hexdigest(),
        public_key_fingerprint=hashlib.sha256(public_key.whole).hexdigest(),
        subject=_name(subject.content),
        issuer=_name(issuer.content),
        subject_der=subject.whole,
        issuer_der=issuer.whole,
        not_before=not_before,
        not_after=not_after,
        names=names,
        ip_addresses=addresses,
        is_for_servers=_is_for_servers(extensions.get(_EXTENDED_KEY_USAGE)),
        key_type=_KEY_TYPES.get(algorithm_of(public_key.content), "other"),
    )


def algorithm_of(content: bytes) -> str:
    """The object identifier of the AlgorithmIdentifier with which CONTENT begins."""
    return _oid(_element(_element(content, 0).content, 0).content)


def traditional_key(pkcs8: bytes) -> tuple[str, bytes]:
    """Convert a private key from PKCS#8 (RFC 5208) to the older form: PEM label (RSA or EC) and DER. Raises Unreadable.

    For RSA that is RSAPrivateKey (RFC 8017, A.1.2), for EC ECPrivateKey (RFC 5915), which has to name its curve itself.
    """
    try:
        _version, algorithm, key = list(_elements(_element(pkcs8, 0).content))[:3]
        kind, *parameters = _elements(algorithm.content)
        name = _KEY_TYPES.get(_oid(kind.content))
        if name == "rsa":
            return "RSA", key.content
        if name == "ecdsa":
            fields = list(_elements(_element(key.content, 0).content))
            if not any(field.tag == 0xA0 for field in fields):
                fields.insert(2, _Element(0xA0, b"", _wrap(0xA0, parameters[0].whole)))
            return "EC", _wrap(_SEQUENCE, b"".join(field.whole for field in fields))
    except (IndexError, ValueError) as error:
        raise Unreadable("it is not PKCS#8") from error
    raise Unreadable("keys of its type have no form other than PKCS#8")


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def is_sequence(data: bytes) -> bool:
    """Whether DATA is exactly one sequence, as PKCS#12 is; its length may be indefinite, as in BER."""
    if data[:2] == b"\x30\x80":
        return True
    try:
        return data[:1] == b"\x30" and len(_element(data, 0).whole) == len(data)
    except (Unreadable, IndexError):
        return False


def _element(data: bytes, start: int) -> _Element:
    tag, length, content = data[start], data[start + 1], start + 2
    if length & 0x80:
        width = length & 0x7F
        if not 1 <= width <= 4:
            raise Unreadable("it is not DER of an X.509 certificate")
        length = int.from_bytes(data[content : content + width], "big")
        content += width
    end = content + length
    if end > len(data):
        raise Unreadable("it ends too early")
    return _Element(tag, data[content:end], data[start:end])


def _elements(data: bytes) -> t.Iterator[_Element]:
    start = 0
    while start < len(data):
        element = _element(data, start)
        yield element
        start += len(element.whole)


def _serial(content: bytes) -> str:
    number = int.from_bytes(content, "big", signed=True)
    size = max(1, (abs(number).bit_length() + 7) // 8)
    return ("-" if number < 0 else "") + ":".join(f"{octet:02x}" for octet in abs(number).to_bytes(size, "big"))


def _time(element: _Element) -> datetime:
    text = element.content.decode("ascii")
    if element.tag == _UTC_TIME:  # a year of two digits: RFC 5280 §4.1.2.5.1
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif element.tag != _GENERALIZED_TIME:
        raise Unreadable("its dates are not in a format that RFC 5280 allows")
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
    offset = timedelta(hours=int(text[-4:-2]), minutes=int(text[-2:]))
    moment = datetime.strptime(text[:-5], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    return moment - offset if text[-5] == "+" else moment + offset


def _oid(content: bytes) -> str:
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


def _text(element: _Element) -> str:
    encoding = {_UTF16_STRING: "utf-16-be", _LATIN_STRING: "latin-1"}.get(element.tag, "utf-8")
    return element.content.decode(encoding, "replace")


def _name(content: bytes) -> str:
    """A distinguished name, most specific part first: CN=www.example.com, O=Example."""
    parts = []
    for relative in _elements(content):
        pairs = []
        for attribute in _elements(relative.content):
            kind, value = _elements(attribute.content)
            oid = _oid(kind.content)
            escaped = re.sub(r'([,+"\\<>;])', r"\\\1", _text(value))
            pairs.append(f"{_ATTRIBUTES.get(oid, oid)}={escaped}")
        parts.append("+".join(pairs))
    return ",".join(reversed(parts))


def _alternative_names(extension: bytes | None) -> tuple[list[str], list[str]]:
    names: list[str] = []
    addresses: list[str] = []
    for general_name in _elements(_element(extension, 0).content) if extension else ():
        if general_name.tag == 0x82:
            names.append(general_name.content.decode("ascii", "replace").lower())
        elif general_name.tag == 0x87:
            addresses.append(str(ipaddress.ip_address(general_name.content)))
    return names, addresses


def _is_for_servers(extension: bytes | None) -> bool:
    if not extension:
        return True
    usages = {_oid(usage.content) for usage in _elements(_element(extension, 0).content)}
    return bool(usages & {_SERVER_AUTH, _ANY_USAGE})
