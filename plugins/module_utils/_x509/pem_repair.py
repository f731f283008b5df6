# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restore PEM that was mangled by forms, vaults, JSON, mail or Windows.

Only unambiguous damage is repaired: line breaks and blanks, characters that a program substituted, and the lines around
a block. No character of a block is guessed. Every step takes linear time. Pure."""

from __future__ import annotations

import base64
import binascii
import html
import re
import textwrap

KNOWN_LABELS = (
    "TRUSTED CERTIFICATE",
    "X509 CERTIFICATE",
    "NEW CERTIFICATE REQUEST",
    "CERTIFICATE REQUEST",
    "CERTIFICATE",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "PRIVATE KEY",
    "PUBLIC KEY",
    "X509 CRL",
    "PKCS7",
    "CMS",
)
MAX_HEADERS = 20

_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_INVISIBLE = dict.fromkeys([0x00, 0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF])
_BLANKS = dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_BREAKS = dict.fromkeys([0x0B, 0x0C, 0x85, 0x2028, 0x2029], "\n")
_QUOTES = dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201c\u201d\u201e\u2033\u00ab\u00bb"), '"')
_CHARACTERS = {**_DASHES, **_INVISIBLE, **_BLANKS, **_BREAKS, **_QUOTES}

# "\n" as two letters, once or more often escaped; PowerShell's `n; \u000a, \x0a
_ESCAPED_BREAK = re.compile(r"(?:\\{1,8}|`)[rn]|\\{1,8}(?:u00|x)0[aAdD]")
_ESCAPED_LETTER = re.compile(r"\\{1,8}(?:u00|x)(2[bBfFdD]|3[dD]|20)")
_ESCAPED_MARK = re.compile(r"\\{1,8}([/\"'t=+-])")
_PERCENT = re.compile(r"%(0[9aAdD]|[2-7][0-9a-fA-F])")
_TAG = re.compile(r"<[^<>\n]{1,60}>")
_CONCATENATION = re.compile(r"[\"'][ \t]{0,40}[+.&][ \t]{0,40}(?:\r?\n)?[ \t]{0,40}[\"']")
_KNOWN = "|".join(KNOWN_LABELS).replace(" ", r"\s{1,3}")
_MARKER = re.compile(
    # correct, with any label; or a known label with a dash at one end at least
    r"-----(BEGIN|END) ([A-Z0-9#][A-Z0-9# ]{1,48}[A-Z0-9])-----"
    rf"|(?i:-[ \t]{{0,3}}(BEGIN|END)[ \t]{{1,3}}({_KNOWN})(?:[ \t]{{0,3}}-{{1,5}}|(?=\s|\Z)))"
    rf"|(?i:(?:(?<=\n)|(?<=\A))[ \t\"'>|]{{0,20}}(BEGIN|END)[ \t]{{1,3}}({_KNOWN})[ \t]{{0,3}}-{{1,5}})"
)
# Each cipher's block, which is its initialization vector, has 8 or 16 octets: in one line nothing else ends it
_OPENSSL_HEADERS = re.compile(
    r"[-\s\"',;>|\\]{0,60}Proc-Type:\s{0,9}4\s{0,9},\s{0,9}ENCRYPTED[\s\"',;>|\\]{0,60}DEK-Info:\s{0,9}"
    r"(?:((?:DES|RC2|IDEA|BF|CAST5)[A-Z0-9-]{0,20})\s{0,9},\s{0,9}([0-9A-F]{16})"
    r"|([A-Z0-9-]{1,30})\s{0,9},\s{0,9}([0-9A-F]{32}))",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\A\s*[A-Za-z][A-Za-z0-9-]*:[^\n]*\n")
# Characters around lines of base64 in programs, mail and tables that are not part of them
_AROUND = re.compile(r"[\s\"',;>|\\]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BASE64_OF_PEM = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{20,}={0,2}")
_DATA_URI = re.compile(r"\Adata:[^,]{0,100},", re.IGNORECASE)


def as_text(data: bytes) -> str:
    """DATA as text, whatever its encoding; octets that fit no encoding are kept as surrogates."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"-\0-\0-\0" in data:
        at = data.index(b"-\0-\0-\0")
        return data.decode("utf-16-le" if at % 2 == 0 else "utf-16-be", "replace")
    return data.decode("utf-8", "surrogateescape")


def is_text(data: bytes) -> bool:
    """Whether DATA can be read, in any encoding that as_text knows."""
    text = as_text(data)
    return all(letter.isprintable() or letter.isspace() for letter in text.translate(_CHARACTERS))


def repaired(data: bytes) -> bytes:
    """DATA with each PEM block in the form of RFC 7468, without the text between blocks.

    A block that is truncated, or whose body is not base64, is left as it is, so that the reader can report it.
    """
    text = _unescaped(as_text(data))
    markers = list(_MARKER.finditer(text))
    parts: list[str] = []
    for number, marker in enumerate(markers):
        verb, label = _read(marker)
        parts.append(f"-----{verb} {label}-----\n")
        if verb == "BEGIN" and number + 1 < len(markers):
            parts.append(_body(text[marker.end() : markers[number + 1].start()]))
    return "".join(parts).encode("utf-8", "surrogateescape")


def unwrapped(data: bytes) -> bytes:
    """DATA decoded, if it is only base64 or contains runs of base64 that are PEM; otherwise nothing.

    Kubernetes stores secrets in this form, and `b64encode` passes on binary files in it.
    """
    text = _unescaped(_DATA_URI.sub("", as_text(data).strip(), count=1))
    whole = _decoded("".join(_AROUND.sub("", text).split()))
    if whole:
        return whole
    runs = [_decoded(run.decode("ascii")) for run in _BASE64_OF_PEM.findall(data)]
    return b"\n".join(runs)


def _unescaped(text: str) -> str:
    text = text.translate(_CHARACTERS)
    if "&" in text or "<" in text:
        for _twice in range(2):
            text = html.unescape(text) if "&" in text else text
        text = _TAG.sub("\n", text).translate(_CHARACTERS)
    if "%" in text:
        if re.search(r"BEGIN\+[A-Z]", text):
            text = text.replace("+", " ")
        text = _PERCENT.sub(lambda found: chr(int(found[1], 16)), text)
    if "\\" in text or "`" in text:
        text = _ESCAPED_LETTER.sub(lambda found: chr(int(found[1], 16)), text)
        text = _ESCAPED_BREAK.sub("\n", text)
        text = _ESCAPED_MARK.sub(lambda found: " " if found[1] == "t" else found[1], text)
    text = _CONCATENATION.sub("", text)
    if "=3D" in text:  # quoted-printable, as mail is sent
        text = text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(marker: re.Match[str]) -> tuple[str, str]:
    verb, label = (part for part in marker.groups() if part is not None)
    return verb.upper(), " ".join(label.upper().split())


def _body(text: str) -> str:
    headers, found = "", _OPENSSL_HEADERS.match(text)
    if found:
        cipher, vector = (part.upper() for part in found.groups() if part is not None)
        headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {cipher},{vector}\n\n"
        text = text[found.end() :]
    for _number in range(MAX_HEADERS):
        header = _HEADER.match(text)
        if header is None:
            break
        text = text[header.end() :]
    letters = _AROUND.sub("", text).strip("-")
    return headers + "\n".join(textwrap.wrap(_padded(letters, is_der=not headers), 64)) + "\n"


def _padded(letters: str, *, is_der: bool) -> str:
    """With an = that was lost in copying restored; for DER, only if its own length shows that nothing else is
    missing."""
    missing = -len(letters) % 4
    if missing not in (1, 2) or letters.endswith("=") and missing != 1 or not _BASE64.fullmatch(letters):
        return letters
    whole = letters + "=" * missing
    der = _decoded(whole)
    return whole if not is_der or (der and der_length(der) == len(der)) else letters


def der_length(der: bytes) -> int:
    """The length, including the header, that a DER element claims to have; 0 if DER is not a SEQUENCE."""
    if len(der) < 2 or der[0] != 0x30:
        return 0
    if der[1] < 0x80:
        return 2 + der[1]
    octets = der[1] & 0x7F
    if not 1 <= octets <= 4 or len(der) < 2 + octets:
        return 0
    return 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")


def _decoded(text: str) -> bytes:
    if "-" in text or "_" in text:
        text = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
