# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CA demands as proof of control over a name (acm-rules §3). Pure; validation.py looks for it."""

from __future__ import annotations

import hashlib
import typing as t

from ..settings import Settings
from ..._rules.names import base_name


def resource_record(name: str, account_id: str, settings: Settings) -> dict[str, str]:
    """The CNAME for a name: the same for its wildcard, in every region, and for every later certificate."""
    plain = base_name(name)
    owner = _token("record", account_id, plain)[:32]
    value = _token("value", account_id, plain)
    suffix = "".join(chr(ord("a") + int(digit, 16)) for digit in value[32:42])
    return {
        "Name": f"_{owner}.{plain}.",
        "Type": "CNAME",
        "Value": f"_{value[:32]}.{suffix}.{settings.validation_suffix}.",
    }


def http_redirect(name: str, account_id: str, region: str, settings: Settings) -> dict[str, str]:
    token = _token("http", account_id, name)
    path = f"/.well-known/pki-validation/{token[:32]}.txt"
    return {
        "RedirectFrom": f"http://{name}{path}",
        "RedirectTo": f"https://validation.{region}.{settings.validation_suffix}/{token[32:48]}{path}",
    }


def http_content(redirect: t.Mapping[str, str]) -> bytes:
    """The content of RedirectTo; serving exactly this at RedirectFrom is as good as redirecting there."""
    return hashlib.sha256(redirect["RedirectTo"].encode()).hexdigest().encode()


def _token(purpose: str, account_id: str, name: str) -> str:
    return hashlib.sha256(f"{purpose} {account_id} {name}".encode()).hexdigest()
