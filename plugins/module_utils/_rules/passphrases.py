# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passphrases as users give them, and ACM's rules for the passphrase of an export (acm-rules §6). Pure."""

from __future__ import annotations

from .errors import InvalidInput

PASSPHRASE_OCTETS = (4, 128)
PASSPHRASE_FORBIDDEN = b"#$%"


def octets(passphrase: str) -> bytes:
    """Return PASSPHRASE without the line breaks at its end, which files and `ansible-vault encrypt_string` add and
    nobody types where the passphrase is needed again."""
    return passphrase.rstrip("\r\n").encode("utf-8", "surrogateescape")


def check_passphrase(passphrase: bytes) -> None:
    """Raise InvalidInput unless ACM accepts PASSPHRASE for an export (acm-rules §6). Messages contain no part of it."""
    low, high = PASSPHRASE_OCTETS
    if not low <= len(passphrase) <= high:
        raise InvalidInput(f"The passphrase has {len(passphrase)} bytes; ACM requires {low} to {high}.")
    if any(octet > 127 for octet in passphrase):
        raise InvalidInput("The passphrase has a non-ASCII character; ACM accepts ASCII only.")
    if any(octet in PASSPHRASE_FORBIDDEN for octet in passphrase):
        raise InvalidInput("The passphrase has a #, $ or %; ACM accepts every other ASCII character.")
