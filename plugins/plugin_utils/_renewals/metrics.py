# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal run as a text file for Prometheus's node_exporter (text exposition format 0.0.4). Pure.

Times are seconds since 1970, so that an alert rule can compare them with time(): a number of days to expiry would be
frozen if the runs stopped.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from .plan import Entry, Standing, maybe_moment

RENEWAL_STATUSES = ("PENDING_AUTO_RENEWAL", "PENDING_VALIDATION", "SUCCESS", "FAILED")
NO_STATUSES = ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED")  # no service is affected when these expire

Labels = t.Mapping[str, t.Any]
Sample = tuple[Labels, float]


def textfile(
    started_at: datetime, listing: t.Iterable[Entry], standings: t.Iterable[Standing], troubles: t.Mapping[str, int]
) -> str:
    """troubles: how many alerts of each kind apply now, whether or not they were told before."""
    listing = [certificate for certificate in listing if certificate.get("status") not in NO_STATUSES]
    standings = list(standings)
    by_arn = {certificate["certificate_arn"]: _certificate(certificate) for certificate in listing}
    families: list[tuple[str, str, list[Sample]]] = [
        (
            "acm_renewals_last_run_timestamp_seconds",
            "When the last complete renewal run began.",
            [({}, started_at.timestamp())],
        ),
        (
            "acm_renewals_troubles",
            "The number of things that are wrong now, by kind.",
            [({"kind": kind}, float(number)) for kind, number in sorted(troubles.items())],
        ),
        (
            "acm_certificate_not_after_timestamp_seconds",
            "When the certificate in ACM expires.",
            [
                (by_arn[certificate["certificate_arn"]], until.timestamp())
                for certificate in listing
                if (until := maybe_moment(certificate.get("not_after")))
            ],
        ),
        (
            "acm_certificate_renewal_eligible",
            "Whether ACM renews the certificate automatically.",
            [
                (by_arn[certificate["certificate_arn"]], float(certificate["renewal_eligibility"] == "ELIGIBLE"))
                for certificate in listing
                if certificate.get("renewal_eligibility")
            ],
        ),
        (
            "acm_certificate_renewal_status",
            "The status of the last renewal: 1 for the present status, 0 for the others.",
            [
                ({**by_arn[certificate["certificate_arn"]], "status": status}, float(said == status))
                for certificate in listing
                if (said := (certificate.get("renewal_summary") or {}).get("renewal_status"))
                for status in RENEWAL_STATUSES
            ],
        ),
        (
            "acm_served_certificate_current",
            "Whether a host has ACM's current certificate, with no sign that it is not served.",
            [(_place(standing), float(standing.is_current and not standing.unserved)) for standing in standings],
        ),
        (
            "acm_served_certificate_observed",
            "Whether the last run saw the certificate served on every port that it checked.",
            [
                (_place(standing), float(bool(standing.services) and not standing.unserved))
                for standing in standings
                if standing.was_tried
            ],
        ),
        (
            "acm_served_certificate_not_after_timestamp_seconds",
            "When the certificate on a host expires.",
            [(_place(standing), standing.served_until.timestamp()) for standing in standings if standing.served_until],
        ),
    ]
    return "".join(_family(*family) for family in families if family[2])


def _certificate(certificate: Entry) -> Labels:
    return {
        "arn": certificate["certificate_arn"],
        "domain": certificate.get("domain_name") or "",
        "type": certificate.get("type") or "",
    }


def _place(standing: Standing) -> Labels:
    return {"host": standing.host, "domain": standing.domain_name, "arn": standing.arn or ""}


def _family(name: str, description: str, samples: t.Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.0f}" if inside else f"{name} {value:.0f}")
    return "\n".join(lines) + "\n"


def _escaped(text: t.Any) -> str:
    return str(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
