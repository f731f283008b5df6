# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program openssl, which tests hold our certificates, keys and lists against."""

from __future__ import annotations

import subprocess


def openssl(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """What it says to these arguments. given: its standard input."""
    words = ["openssl", *map(str, arguments)]
    return subprocess.run(words, input=given, capture_output=True, text=True, timeout=20, check=False)


def openssl_output(*arguments: object, given: bytes = b"") -> bytes:
    """What it writes. given: its standard input. Raises CalledProcessError if it fails."""
    words = ["openssl", *map(str, arguments)]
    return subprocess.run(words, input=given, capture_output=True, timeout=20, check=True).stdout
