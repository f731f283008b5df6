# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts about hosts: new certificates, failed deployments, hosts that do not answer, services not seen. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso
from . import words
from .plan import Standing, is_valid
from .policy import Policy
from .seen import CRITICAL_DAYS, Concern, Seen

REQUEST_OR_REMOVE = "Request or import the certificate, or take it out of acm_deploy_certificates."


def of_deployments(seen: Seen) -> t.Iterator[Concern]:
    """One alert for each new certificate, however many hosts got it in this run."""
    new: dict[tuple[str, str], list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "deployed" and standing.was_new:
            new.setdefault((standing.arn or standing.identity, standing.serial or ""), []).append(standing)
    for (arn, serial), group in new.items():
        hosts = sorted({standing.host for standing in group})
        services = sorted({service for standing in group for service in standing.services})
        until = group[0].served_until
        served = f"{words.listed(services)} {'serves' if len(services) == 1 else 'serve'} it."
        yield Concern(
            {
                "key": f"deployed {arn} {serial} {','.join(hosts)}",
                "kind": "deployed",
                "severity": "info",
                "title": f"{group[0].domain_name}: a new certificate is in place on {words.listed(hosts)}",
                "text": served if services else "Its files are in place; no port was checked.",
                "certificate_arn": arn if arn.startswith("arn:") else None,
                "domain_name": group[0].domain_name,
                "expires_at": iso(until) if until else None,
                "days_to_expiry": words.days_until(until, seen.now) if until else None,
                "hosts": hosts,
                "facts": {"Services": services, "Serial number": serial},
            }
        )


def of_entries(seen: Seen) -> t.Iterator[Concern]:
    """Entries of acm_deploy_certificates that ACM does not have, or does not export. For a certificate that is only not
    valid there is an alert about the certificate."""
    valid = {each["certificate_arn"]: is_valid(each, seen.now) for each in seen.listing}
    entries: dict[str, list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "left_out" and valid.get(standing.arn or "", True):
            entries.setdefault(standing.identity, []).append(standing)
    for identity, group in entries.items():
        is_listed = group[0].arn in valid
        yield Concern(
            {
                "key": f"unavailable {identity} {'unread' if is_listed else 'absent'}",
                "kind": "unavailable",
                "severity": "critical",
                "title": f"{group[0].domain_name}: ACM {'does not export it' if is_listed else 'has no certificate to deploy'}",
                "text": words.joined(
                    words.sentence(group[0].reason),
                    "Hosts keep their present certificates.",
                    "" if is_listed else REQUEST_OR_REMOVE,
                ),
                "domain_name": None if identity.startswith("arn:") else identity,
                "hosts": sorted({standing.host for standing in group}),
            },
            "unavailable",
        )


def of_hosts(seen: Seen, policy: Policy) -> t.Iterator[Concern]:
    """A host on which something is wrong: one alert, however many certificates are concerned.

    Told at once, and again on the notice days of the certificate that expires first on the host.
    """
    troubled: dict[tuple[str, str], list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "failed" or (standing.state == "unreachable" and not standing.is_current):
            troubled.setdefault((standing.state, standing.host), []).append(standing)
    for (state, host), group in troubled.items():
        ends = [standing.served_until for standing in group if standing.served_until]
        first = min(ends) if ends else None
        left = words.days_until(first, seen.now) if first else None
        passed = [days for days in policy.notice_days if left is not None and left <= days]
        names = sorted({standing.domain_name for standing in group})
        serials = sorted({standing.serial or standing.identity for standing in group})
        reasons = list(dict.fromkeys(words.sentence(standing.reason) for standing in group if standing.reason))
        kind = "deploy_failed" if state == "failed" else "host_unreachable"
        next_step = (
            "The next run tries again."
            if state == "failed"
            else "Check that the server is up and that Ansible can log in; the next run tries again."
        )
        title = f"{host} does not answer, and lacks {words.listed(names)}"
        if state == "failed":
            is_current = all(standing.is_current for standing in group)
            title = f"{host}: {words.listed(names)} could not be {'checked' if is_current else 'deployed'}"
        yield Concern(
            {
                "key": f"{kind} {host} {','.join(serials)} {min(passed) if passed else 'first'}",
                "kind": kind,
                "severity": (
                    "critical" if state == "failed" or (left is not None and left <= CRITICAL_DAYS) else "warning"
                ),
                "title": title,
                "text": words.joined(*reasons, _what_it_has(first, left, group, seen.now), next_step),
                "domain_name": names[0] if len(names) == 1 else None,
                "certificate_arn": group[0].arn if len(group) == 1 else None,
                "hosts": [host],
                "expires_at": iso(first) if first else None,
                "days_to_expiry": left,
                "facts": {"Certificates": names} if len(names) > 1 else {},
            },
            kind,
            words.joined(*reasons),
        )


def _what_it_has(first: datetime | None, left: int | None, group: t.Sequence[Standing], now: datetime) -> str:
    if first is None or left is None:
        return "It is not known which certificate the server has."
    ends = f"{'expired' if first <= now else 'expires'} {words.distance(left)}"
    if all(standing.is_current for standing in group):
        return f"The server has the newest certificate of ACM, which {ends}."
    if len(group) == 1:
        return f"The server still has the previous certificate, which {ends}."
    return f"The server still has the previous certificates, of which the first {ends}."


def of_services(seen: Seen) -> t.Iterator[Concern]:
    """A service that is no longer running or was not seen: one alert for each host and reason."""
    unserved: dict[str, list[tuple[Standing, str, str]]] = {}
    for standing in seen.standings:
        for service, why in standing.unserved:
            unserved.setdefault(standing.host, []).append((standing, service, why))
    for host, group in unserved.items():
        services = sorted({service for _standing, service, _why in group})
        names = sorted({standing.domain_name for standing, _service, _why in group})
        reasons = list(dict.fromkeys(words.sentence(why) for _standing, _service, why in group))
        ends = [standing.served_until for standing, _service, _why in group if standing.served_until]
        first = min(ends) if ends else None
        yield Concern(
            {
                "key": f"not_served {host} {','.join(services)} {','.join(names)}",
                "kind": "not_served",
                "severity": "critical",
                "title": f"{host}: {words.listed(services)} was not seen serving {words.listed(names)}",
                "text": words.joined(
                    *reasons,
                    "The files are in place. Check that the server is running, and that its host and ports in "
                    "acm_deploy_services are those on which it listens.",
                ),
                "domain_name": names[0] if len(names) == 1 else None,
                "certificate_arn": group[0][0].arn if len(names) == 1 else None,
                "hosts": [host],
                "expires_at": iso(first) if first else None,
                "days_to_expiry": words.days_until(first, seen.now) if first else None,
                "facts": {"Services": services},
            },
            "not_served",
            words.joined(*reasons),
        )
