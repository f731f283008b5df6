# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key algorithms of ACM, spelled as requests spell them."""

from __future__ import annotations

# Those of imported certificates; lists and searches can ask for each (API reference, Filters)
KEY_ALGORITHMS = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
# Those that can be requested
REQUEST_KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
DEFAULT_KEY_ALGORITHM = "RSA_2048"


def spell(described: str) -> str:
    """RSA-2048, as DescribeCertificate answers it, spelled RSA_2048, as requests want it."""
    return described.replace("-", "_")
