# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domain names as ACM accepts them: wildcards, internationalised names, comparison (acm-rules §2). Pure."""

from __future__ import annotations

import re
from typing import Any, Iterable

from .errors import InvalidInput

MAX_NAME_OCTETS = 253
MAX_FIRST_NAME_OCTETS = 64
MAX_LABEL_OCTETS = 63
# One of these must be allowed if CAA records restrict who may issue (acm-rules §3).
ACM_ISSUERS = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
# ACM never issues a public certificate for a name below these (acm-rules §2).
NEVER_ISSUED = ("amazonaws.com", "cloudfront.net", "elasticbeanstalk.com")

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LABEL_CHARACTERS = re.compile(r"[a-z0-9-]+")
_FOREIGN = re.compile(r"[:/@,;\s]")  # characters in URLs, addresses and lists, but never in domain names
# RFC 3490 §3.1: the characters that people type for a dot
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


def to_ascii(name: str) -> str:
    """Return NAME as it is compared and sent: lower case, no trailing dot, Punycode for IDN.

    Only IDN labels are checked here: use check_domain_name for the rules.
    """
    labels = _DOTS.split(name.strip())
    if len(labels) > 1 and labels[-1] == "":
        labels.pop()
    return ".".join(_ascii_label(label, name) for label in labels)


def spelled(name: str) -> str:
    """The same, but a NAME that is not a domain name, as an imported certificate may have, is only put in lower case."""
    try:
        return to_ascii(name)
    except InvalidInput:
        return name.lower()


def check_domain_name(name: str, *, first: bool = False, option: str = "") -> str:
    """Return NAME normalised, or raise InvalidInput with the rule of acm-rules §2 that it breaks.

    first: NAME is the certificate's first name (its CN), which may have only 64 octets. option: where it was given, for
    the message."""
    try:
        return _normalised(name, first)
    except InvalidInput as error:
        if not option:
            raise
        raise InvalidInput(f"{option}: {error}") from error


def _normalised(name: str, first: bool) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput("A domain name is empty; give a name such as www.example.com.")
    mistake = _mistaken(name.strip())
    if mistake:
        raise InvalidInput(mistake)
    ascii_name = to_ascii(name)
    base = base_name(ascii_name)
    labels = base.split(".")
    if "*" in base:
        raise InvalidInput(
            f"The domain name {name!r} has a * in the wrong place; "
            "only the whole leftmost label may be one, as in *.example.com."
        )
    if "" in labels:
        raise InvalidInput(f"The domain name {name!r} has an empty label; remove the extra dot.")
    if len(labels) < 2:
        raise InvalidInput(f"The domain name {name!r} has too few labels; give a full name such as www.example.com.")
    for label in labels:
        _check_label(label, name)
    if all(label.isdigit() for label in labels):
        raise InvalidInput(f"{name!r} is not a domain name; ACM issues for domain names, not for IP addresses.")
    if len(labels[-1]) < 2 or labels[-1].isdigit():
        raise InvalidInput(f"{name!r} does not end in a top-level domain; give a full name such as www.example.com.")
    if len(ascii_name) > MAX_NAME_OCTETS:
        raise InvalidInput(
            f"The domain name {name!r} has {len(ascii_name)} octets; at most {MAX_NAME_OCTETS} are allowed."
        )
    if first and len(ascii_name) > MAX_FIRST_NAME_OCTETS:
        raise InvalidInput(
            f"The domain name {name!r} has {len(ascii_name)} octets, but the first name of a certificate may have only "
            f"{MAX_FIRST_NAME_OCTETS}; put a shorter name first and this one among the alternative names."
        )
    if breaks_punycode_rule(ascii_name):
        raise InvalidInput(
            f"The domain name {name!r} breaks ACM's Punycode rule; "
            "a label with -- as its third and fourth characters must be a valid xn-- label."
        )
    return ascii_name


def _mistaken(name: str) -> str:
    """What NAME is instead of a domain name, as a sentence that says what to write; "" if it may be a domain name."""
    if not _FOREIGN.search(name):
        return ""
    several = [part for part in re.split(r"[,;\s]+", name) if part]
    if len(several) > 1 and all("." in part for part in several):
        return (
            f"{name!r} contains {len(several)} names; give each as a separate item of a list: [{', '.join(several)}]."
        )
    scheme, separator, rest = name.partition("://")
    host = (rest if separator else name).partition("/")[0].partition("?")[0]
    is_url = separator or host != name
    user, at, host = host.rpartition("@")
    host, colon, port = host.partition(":") if host.count(":") == 1 else (host, "", "")
    if is_url:
        return f"{name!r} is a URL; give only the name in it, {host}."
    if at:
        return f"{name!r} is a mail address; give only its domain, {host}."
    if colon:
        return f"{name!r} has a port; a certificate is for a name on all ports, so give only {host}."
    if ":" in host.strip("[]"):
        return f"{name!r} is an IP address; ACM issues for domain names only."
    return ""


def breaks_punycode_rule(name: str) -> bool:
    """Whether a label of the form ??--… does not begin xn--, or an xn-- label is not a valid IDN (acm-rules §2)."""
    for label in name.lower().split("."):
        if label[2:4] != "--":
            continue
        if not label.startswith("xn--") or _unicode_label(label) is None:
            return True
    return False


def is_wildcard(name: str) -> bool:
    """Whether NAME is a wildcard, for every name one level below its base."""
    return name.startswith("*.")


def base_name(name: str) -> str:
    """Return NAME without a leading '*.'."""
    return name[2:] if is_wildcard(name) else name


def plain(name: str) -> str:
    """A name as in our DNS records: lower case, without the final dot."""
    return name.strip().lower().rstrip(".")


def is_below(name: str, zone: str) -> bool:
    """Whether NAME is ZONE or in it; both as plain() returns them."""
    return name == zone or name.endswith(f".{zone}")


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate's name PATTERN covers NAME: the same, or a wildcard exactly one level above."""
    pattern, name = to_ascii(pattern), to_ascii(name)
    if pattern == name:
        return True
    label, dot, parent = name.partition(".")
    return is_wildcard(pattern) and bool(label) and label != "*" and bool(dot) and parent == base_name(pattern)


def name_set(domain_name: str | None, alternatives: Iterable[str] | None = ()) -> frozenset[str]:
    """Return the names of a certificate as they are compared: order, case and repetition do not matter."""
    return frozenset(to_ascii(name) for name in (domain_name, *(alternatives or ())) if name)


def is_exportable(kind: str | None, export_option: str | None) -> bool:
    """acm-rules §6: private certificates, and public ones that were requested with Export=ENABLED. KIND is ACM's
    Type."""
    return kind == "PRIVATE" or (kind == "AMAZON_ISSUED" and export_option == "ENABLED")


def _check_label(label: str, name: str) -> None:
    if len(label) > MAX_LABEL_OCTETS:
        raise InvalidInput(
            f"The label {label!r} of the domain name {name!r} has {len(label)} octets; "
            f"at most {MAX_LABEL_OCTETS} are allowed."
        )
    if not _LABEL_CHARACTERS.fullmatch(label):
        raise InvalidInput(
            f"The label {label!r} of the domain name {name!r} has a character other than letters, digits and hyphens."
        )
    if not _LABEL.fullmatch(label):
        raise InvalidInput(f"The label {label!r} of the domain name {name!r} begins or ends with a hyphen.")


def _ascii_label(label: str, name: str) -> str:
    if label.isascii():
        return label.lower()
    idna = _idna()
    try:
        return str(idna.encode(label, uts46=True).decode("ascii"))
    except UnicodeError as error:
        raise InvalidInput(
            f"The label {label!r} of the domain name {name!r} is not a valid internationalised name: "
            f"{_as_clause(error)}."
        ) from error


def _unicode_label(label: str) -> str | None:
    """Return the Unicode form of an xn-- label, or None if it is not a valid IDN (RFC 5891)."""
    idna = _idna()
    try:
        return str(idna.decode(label))
    except (UnicodeError, OverflowError, IndexError):
        return None


def _idna() -> Any:
    # imported late: plain ASCII names, which nearly all are, need no library
    try:
        import idna
    except ImportError as error:
        raise InvalidInput("An internationalised domain name needs the Python package idna; install it.") from error
    return idna


def _as_clause(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]
