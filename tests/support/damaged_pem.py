# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM in all the forms in which people have it."""

from __future__ import annotations

import base64
import html
import json
import quopri
import textwrap
import urllib.parse
from typing import Any, Callable

from ansible_collections.certops.acm.plugins.module_utils._x509 import pem


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def per_line(text: str, form: str) -> str:
    return "".join(form.replace("@", line) for line in text.splitlines())


# What happened to a PEM bundle (certificate, issuer, key)
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
