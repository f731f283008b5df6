# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as the report shows it: certificates, hosts, and what each host serves. Pure.

The input is what the tasks have gathered, as the modules returned it. Missing data is reported, never taken as absence.
"""

from __future__ import annotations

import functools
import typing as t
from datetime import datetime

from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import Window
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._rules.names import spelled
from ansible_collections.certops.acm.plugins.module_utils._x509 import certificate as x509
from ansible_collections.certops.acm.plugins.module_utils._x509.pem_reading import load_certificates

from ansible_collections.certops.acm.plugins.plugin_utils._deploy.identities import identity_of
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.plan import may_be_exported
from . import wanted
from .moments import Entry, renewal_from, status_at
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso

Made = dict[str, t.Any]

# The state of a place: it serves ACM's certificate, an earlier certificate for the same names, or something else; nothing
# answers; or it is unknown, because ACM was not read, the host was not looked at, or ACM has no such certificate.
CURRENT, OUTDATED, OTHER, SILENT, UNKNOWN = "current", "outdated", "other", "silent", "unknown"


def certificates(reads: t.Iterable[Entry], renew_before: Window | None, now: datetime) -> list[Made]:
    """Every certificate once. reads: {label, certificates} of each connection that was read."""
    found: dict[str, Made] = {}
    for read in reads:
        for certificate in read["certificates"]:
            arn = certificate["certificate_arn"]
            if arn not in found:
                found[arn] = _certificate(certificate, read["label"], renew_before, now)
    return sorted(found.values(), key=lambda certificate: (certificate["names"][:1], certificate["certificate_arn"]))


def hosts(noted: t.Mapping[str, Entry], looks: t.Mapping[str, Entry], known: t.Sequence[Made]) -> list[Made]:
    """noted: {connection, certificates, services} of each host. looks: served_certificate_info's results; a host
    without a result was not looked at. known: the certificates; this adds to them where they are served."""
    by_connection: dict[str, list[Made]] = {}
    for certificate in known:
        by_connection.setdefault(certificate["connection"], []).append(certificate)
    finders = {label: _Finder(own) for label, own in by_connection.items()}
    return [
        _host(name, host, looks.get(name), finders.get(wanted.label(host["connection"])))
        for name, host in sorted(noted.items())
    ]


# ---------------------------------------------------------------- certificates


def _certificate(told: Entry, label: str, renew_before: Window | None, now: datetime) -> Made:
    parts = str(told["certificate_arn"]).split(":")
    summary = told.get("renewal_summary") or {}
    begins_at = renewal_from(told, renew_before)
    leaf, chain = _chain(told)
    names = [told.get("domain_name"), *(told.get("subject_alternative_names") or ())]
    return {
        "certificate_arn": told["certificate_arn"],
        "connection": label,
        "region": parts[3] if len(parts) > 4 else "",
        "account": parts[4] if len(parts) > 4 else "",
        "names": list(dict.fromkeys(str(name) for name in names if name)),
        "status": status_at(told, now),
        "reason": told.get("failure_reason") or told.get("revocation_reason"),
        "type": told.get("type"),
        "key_algorithm": told.get("key_algorithm"),
        "issuer": told.get("issuer"),
        "serial": told.get("serial"),
        "fingerprint": leaf,
        "created_at": told.get("created_at"),
        "not_before": told.get("not_before"),
        "not_after": told.get("not_after"),
        "renewal_from": iso(begins_at) if begins_at else None,
        "renewal_eligibility": told.get("renewal_eligibility"),
        "renewal_status": summary.get("renewal_status"),
        "renewal_reason": summary.get("renewal_status_reason"),
        "validation_method": told.get("validation_method"),
        "is_exportable": may_be_exported(told),
        "exported": told.get("exported"),
        "in_use": bool(told["in_use_by"]) if "in_use_by" in told else told.get("in_use"),
        "in_use_by": list(told.get("in_use_by") or ()),
        "tags": dict(told.get("tags") or {}),
        "validations": _validations(told),
        "diagnosis": [dict(each) for each in told.get("diagnosis") or ()],
        "chain": chain,
        "places": {},
    }


def _validations(told: Entry) -> list[Made]:
    """How each name is validated: in a waiting renewal, or else when the certificate was requested."""
    summary = told.get("renewal_summary") or {}
    under_way = summary.get("renewal_status") in ("PENDING_VALIDATION", "FAILED")
    options = (under_way and summary.get("domain_validation_options")) or told.get("domain_validation_options") or ()
    found = []
    for option in options:
        entry = {
            "name": option.get("domain_name"),
            "method": option.get("validation_method"),
            "status": option.get("validation_status"),
            "record": dict(option["resource_record"]) if option.get("resource_record") else None,
            "emails": list(option.get("validation_emails") or ()),
            "redirect": dict(option["http_redirect"]) if option.get("http_redirect") else None,
        }
        if entry["method"] or entry["record"] or entry["emails"] or entry["redirect"]:
            found.append(entry)
    return found


def _chain(told: Entry) -> tuple[str | None, list[Made]]:
    """The certificate's fingerprint, and the certificates above it, if the PEM was read."""
    leaf = _described(told["certificate"]) if told.get("certificate") else ()
    above = _described(told["certificate_chain"]) if told.get("certificate_chain") else ()
    own = leaf[0]["fingerprint"] if leaf else None
    return own, [each for each in above if each["fingerprint"] != own]


@functools.lru_cache(maxsize=8192)
def _described(pem: str) -> tuple[Made, ...]:
    try:
        return tuple(
            {
                "subject": x509.distinguished_name(each.subject),
                "fingerprint": x509.fingerprint(each),
                "not_after": iso(each.not_valid_after_utc),
            }
            for each in load_certificates(pem)
        )
    except (InvalidMaterial, InvalidInput):
        return ()


# ---------------------------------------------------------------- hosts


class _Finder:
    """Finds the certificates of one connection by their names in acm_deploy_certificates, and by their serials."""

    def __init__(self, certificates: t.Iterable[Made]) -> None:
        self.by_arn: dict[str, Made] = {}
        self.by_serial: dict[str, list[Made]] = {}
        self._by_name: dict[str, list[Made]] = {}
        for certificate in certificates:
            self.by_arn[certificate["certificate_arn"]] = certificate
            if certificate["serial"]:
                self.by_serial.setdefault(certificate["serial"], []).append(certificate)
            if certificate["names"]:
                self._by_name.setdefault(spelled(certificate["names"][0]), []).append(certificate)

    @property
    def names(self) -> dict[str, str]:
        return {arn: each["names"][0] for arn, each in self.by_arn.items() if each["names"]}

    def find(self, identity: str) -> Made | None:
        """What a deployment would install: the newest valid certificate for a name that can be exported."""
        if identity.startswith("arn:"):
            return self.by_arn.get(identity)
        candidates = [each for each in self._by_name.get(spelled(identity), ()) if each["status"] == "ISSUED"]
        ready = [each for each in candidates if each["type"] != "IMPORTED"]
        best = [each for each in ready if each["is_exportable"]] or ready or candidates
        return max(best, key=lambda each: (each["created_at"] or "", each["not_after"] or ""), default=None)


def _host(name: str, noted: Entry, look: Entry | None, finder: _Finder | None) -> Made:
    wishes = wanted.wishes(noted, finder.names if finder else {})
    served = (look or {}).get("served") or []
    trouble = _trouble(look)
    return {
        "name": name,
        "connection": wanted.label(noted["connection"]),
        "looked_at": look is not None and trouble is None,
        "trouble": trouble,
        "certificates": [_wish(entry, finder) for entry in noted["certificates"]],
        "places": [
            _place(name, wish, served[number] if number < len(served) else None, finder)
            for number, wish in enumerate(wishes)
        ],
    }


def _trouble(look: Entry | None) -> str | None:
    """Why a host could not be looked at; None if it was, or if nobody tried."""
    if look is None or look.get("skipped") or "served" in look:
        return None
    return str(look.get("msg") or "It did not answer.").strip().split("\n", 1)[0]


def _wish(entry: Entry, finder: _Finder | None) -> Made:
    certificate = finder.find(identity_of(entry)) if finder else None
    return {
        "identity": identity_of(entry),
        "certificate_arn": certificate["certificate_arn"] if certificate else None,
        "is_known": finder is not None,
    }


def _place(host: str, wish: Entry, sight: Entry | None, finder: _Finder | None) -> Made:
    wished = [certificate for each in wish["identities"] if finder and (certificate := finder.find(each))]
    state, certificate = _judge(wished, sight)
    place = {
        "service": wish["service"],
        "host": wish["host"],
        "port": wish["port"],
        "server_name": wish["server_name"],
        "identities": list(wish["identities"]),
        "certificate_arn": certificate["certificate_arn"] if certificate else None,
        "state": state,
        "error": (sight or {}).get("error"),
        **{key: (sight or {}).get(key) for key in ("serial", "not_after", "subject", "issuer", "protocol")},
    }
    if certificate is not None:
        certificate["places"].setdefault(host, []).append(state)
    return place


def _judge(wished: t.Sequence[Made], sight: Entry | None) -> tuple[str, Made | None]:
    """The state of a place, and the certificate that it concerns."""
    first = wished[0] if wished else None
    if sight is None:
        return UNKNOWN, first
    if not sight.get("reachable"):
        return SILENT, first
    for certificate in wished:
        known = certificate["fingerprint"]
        if sight.get("fingerprint") == known if known else sight.get("serial") == certificate["serial"]:
            return CURRENT, certificate
    shown = {str(name).lower() for name in sight.get("names") or ()}
    for certificate in wished:
        if shown and shown & {name.lower() for name in certificate["names"]}:
            return OUTDATED, certificate
    return (OTHER if wished else UNKNOWN), first
