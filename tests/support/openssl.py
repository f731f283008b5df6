# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program openssl, with which tests check our certificates, keys and CRLs."""

from __future__ import annotations

import subprocess


def openssl(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run it with these arguments; returns the finished process. given: its standard input."""
    words = ["openssl", *map(str, arguments)]
    return subprocess.run(words, input=given, capture_output=True, text=True, timeout=20, check=False)


def openssl_output(*arguments: object, given: bytes = b"") -> bytes:
    """Its standard output. given: its standard input. Raises CalledProcessError if it fails."""
    words = ["openssl", *map(str, arguments)]
    return subprocess.run(words, input=given, capture_output=True, timeout=20, check=True).stdout
