# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate's facts as JSON, which is how the store keeps them. Pure."""

from __future__ import annotations

import json
import typing as t

from ..lifecycle.state import Certificate, DomainValidation, Leaf, Renewal, Update
from ..._rules.times import millis, moment


def text(certificate: Certificate) -> str:
    """JSON: times in milliseconds, tuples as lists. Empty members are left out; `read` restores them as defaults."""
    facts = _facts(certificate)
    if certificate.leaf:
        facts["leaf"] = _facts(certificate.leaf)
    if certificate.renewal:
        facts["renewal"] = _facts(certificate.renewal)
    if certificate.update:
        facts["update"] = _facts(certificate.update)
    return ENCODER.encode(facts)


def read(text: str) -> Certificate:
    values = _values(Certificate, json.loads(text))
    if "validations" in values:
        values["validations"] = _validations(values["validations"])
    if "leaf" in values:
        leaf = _values(Leaf, values["leaf"])
        if "extended_key_usages" in leaf:
            leaf["extended_key_usages"] = tuple((name, oid) for name, oid in leaf["extended_key_usages"])
        values["leaf"] = Leaf(**leaf)
    if "renewal" in values:
        renewal = _values(Renewal, values["renewal"])
        if "validations" in renewal:
            renewal["validations"] = _validations(renewal["validations"])
        values["renewal"] = Renewal(**renewal)
    if "update" in values:
        update = _values(Update, values["update"])
        if "before" in update:
            update["before"] = _validations(update["before"])
        values["update"] = Update(**update)
    return Certificate(**values)


def _validations(values: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[DomainValidation, ...]:
    return tuple(DomainValidation(**_values(DomainValidation, each)) for each in values)


def _values(kind: t.Any, facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    times = TIMES[kind]
    return {
        name: moment(value) if name in times else tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }


def _facts(record: t.Any) -> dict[str, t.Any]:
    """The members of one of our tuples that are not empty."""
    facts = {name: member for name, member in zip(record._fields, record) if member}
    for name in ("validations", "before"):
        if name in facts:
            facts[name] = [_facts(each) for each in facts[name]]
    return facts


ENCODER = json.JSONEncoder(separators=(",", ":"), default=millis, check_circular=False)
TIMES = {
    kind: frozenset(name for name in kind._fields if name.endswith(("_at", "_before", "_after")))
    for kind in (Certificate, Leaf, Renewal, Update, DomainValidation)
}
