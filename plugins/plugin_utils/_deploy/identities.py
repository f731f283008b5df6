# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How acm_deploy_certificates names a certificate. An *identity* is its ARN or its domain name. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.names import spelled

Entry = t.Mapping[str, t.Any]


def identity_of(entry: Entry) -> str:
    """Of an entry, or of what as_request() returned."""
    return str(entry.get("certificate_arn") or entry.get("domain_name"))


def as_request(identity: str) -> dict[str, t.Any]:
    """The option with which modules ask ACM for the certificate."""
    return {"certificate_arn" if identity.startswith("arn:") else "domain_name": identity}


def spell_identity(identity: str) -> str:
    """The one spelling by which reads and outcomes are kept: of a domain name that of ACM."""
    return identity.strip() if identity.startswith("arn:") else spell(identity)


def spell(word: t.Any) -> str:
    """A name or an ARN in the spelling used for comparisons."""
    text = str(word).strip()
    return text.lower() if text.lower().startswith("arn:") else spelled(text)
