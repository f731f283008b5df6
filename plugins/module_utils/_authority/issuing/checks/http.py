# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# pylint: disable=unused-import  # astroid takes this file for the standard library's http and adds imports of its own

"""Validation by HTTP (acm-rules §3): RedirectFrom redirects (302) to RedirectTo, or has the same content."""

from __future__ import annotations

import typing as t

from .verdict import Verdict, failed, pending, success
from ...._net.fetcher import Fetch, same_url
from ...._rules.names import is_wildcard


def check(name: str, redirect_from: str, redirect_to: str, fetch: Fetch, content: t.Optional[bytes] = None) -> Verdict:
    """content: what RedirectTo contains, if the CA knows it; otherwise it is fetched. Surrounding white space is
    ignored. A wildcard is FAILED: no web server can speak for all of its names."""
    if is_wildcard(name):
        return failed("DOMAIN_VALIDATION_DENIED", f"{name} is a wildcard name, which cannot be validated by HTTP.")
    page = fetch(redirect_from)
    if not page.status:
        return pending(f"{redirect_from} cannot be read. {page.detail}")
    if page.status == 302:
        if same_url(page.location, redirect_to):
            return success(f"{redirect_from} redirects to {redirect_to}.")
        return pending(f"{redirect_from} redirects to {page.location or 'nowhere'} and not to {redirect_to}.")
    if page.status != 200:
        return pending(f"{redirect_from} answers {page.status}; it must redirect to {redirect_to} with status 302.")
    if content is None:
        wanted = fetch(redirect_to)
        if wanted.status != 200:
            return pending(f"{redirect_to} cannot be read for comparison. {wanted.detail}".rstrip())
        content = wanted.body
    if page.body.strip() == content.strip():
        return success(f"{redirect_from} has the content of {redirect_to}.")
    return pending(f"{redirect_from} does not have the same content as {redirect_to}.")
