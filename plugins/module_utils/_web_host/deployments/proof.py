# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a correct server shows: where to look, which certificates are right at each endpoint, and how to judge a look.
Pure.

A server may show any of its certificates that covers the requested name: names overlap, there may be a wildcard and a
certificate for a name below it, or two certificates with the same name. So an endpoint has a list of right answers, and
an outdated certificate of the service is never among them.
"""

from __future__ import annotations

import typing as t

from ..._rules.errors import InvalidInput
from ..sets.der import CertificateFacts
from ..tls.handshake import SIGNATURES, Endpoint
from ..servers.known_servers import Service

Sighting = t.Mapping[str, t.Any]  # as watch.describe() returns it

# RFC 3490 replaces these letters and RFC 5891 keeps them, so browsers and CAs read them as another name than Python.
_SPELLED_ANEW = frozenset("\u00df\u03c2\u200c\u200d")
STAND_INS = ("www", "wildcard", "any", "a", "acm-deploy")  # first labels to ask for when only *.example.com is known


class Deployed(t.NamedTuple):
    """The certificate that a set should contain, and the one that it contained before."""

    name: str
    path: str
    facts: CertificateFacts
    server_names: list[str]
    previous_fingerprint: str | None = None

    @property
    def fingerprint(self) -> str:
        return self.facts.fingerprint


class Expectation(t.NamedTuple):
    """One endpoint of a service. asked_for: the sets that this look is for. right: the sets whose certificates may be
    shown there; empty if nothing is known to be right."""

    service: str
    endpoint: Endpoint
    asked_for: list[str]
    right: list[str]


def list_expectations(
    services: t.Iterable[Service],
    sets: t.Mapping[str, Deployed],
    shown: t.Mapping[tuple[str, Endpoint], str] | None = None,
) -> list[Expectation]:
    """Where to look: with every name, and once without a name. SHOWN: the fingerprints seen before anything was done.

    Without a name (SNI) a server shows its default certificate. Which certificate that is, is known if the service
    specifies it, if the server ignores names, or if one of ours, new or old, was shown there before.
    """
    shown = shown or {}
    found = []
    for service in services:
        members = [sets[name] for name in service.certificates]
        for port in service.ports:
            place = Endpoint(service.host, port, None, service.starttls, service.proxy_protocol)
            for server_name, askers in (_names_to_ask(members) if service.sni else {}).items():
                others = [each for each in members if each not in askers and each.facts.covers(server_name)]
                right = [each for each in askers if each.facts.covers(server_name)] + others or askers
                for endpoint, chosen in _by_key_type(place._replace(server_name=server_name), right):
                    asked_for = [each.name for each in askers if each in chosen]
                    found.append(_expectation(service, endpoint, asked_for, chosen, members, shown))
            if service.sni or service.default_certificate:
                found.append(_default(service, place, members, shown))
            else:
                for endpoint, chosen in _by_key_type(place, members):
                    found.append(
                        _expectation(service, endpoint, [each.name for each in chosen], chosen, members, shown)
                    )
    return found


def _expectation(
    service: Service,
    endpoint: Endpoint,
    asked_for: list[str],
    right: list[Deployed],
    members: list[Deployed],
    shown: t.Mapping[tuple[str, Endpoint], str],
) -> Expectation:
    before = shown.get((service.name, endpoint))
    if service.is_partial and before is not None and not _shows(members, before):
        right = []  # it may be a certificate that is left out of this run
    return Expectation(service.name, endpoint, asked_for, [each.name for each in right])


def _default(
    service: Service, endpoint: Endpoint, members: list[Deployed], shown: t.Mapping[tuple[str, Endpoint], str]
) -> Expectation:
    if service.default_certificate:
        return Expectation(service.name, endpoint, [], [service.default_certificate])
    before = shown.get((service.name, endpoint))
    held = _shows(members, before) if before else []
    others = [member for member in members if member not in held] if held else []
    return Expectation(service.name, endpoint, [], [each.name for each in held + others])


def _shows(members: list[Deployed], fingerprint: str) -> list[Deployed]:
    """Whose certificate this is, new or old."""
    return [each for each in members if fingerprint in (each.fingerprint, each.previous_fingerprint)]


def _by_key_type(endpoint: Endpoint, sets: list[Deployed]) -> list[tuple[Endpoint, list[Deployed]]]:
    """One endpoint, or one for each key type if the server chooses by what the client accepts."""
    types = sorted({each.facts.key_type for each in sets} & set(SIGNATURES))
    if len(types) < 2:
        return [(endpoint, sets)]
    return [
        (endpoint._replace(key_type=key_type), [each for each in sets if each.facts.key_type == key_type])
        for key_type in types
    ]


def _names_to_ask(members: list[Deployed]) -> dict[str, list[Deployed]]:
    found: dict[str, list[Deployed]] = {}
    for member in members:
        for name in member.server_names:
            found.setdefault(_stand_in(name, member, members), []).append(member)
    return found


def _stand_in(name: str, member: Deployed, members: list[Deployed]) -> str:
    """A name to ask for; for a wildcard, the likeliest name below it that no other certificate of the service
    covers."""
    if not name.startswith("*."):
        return name
    candidates = [label + name[1:] for label in STAND_INS]
    others = [each for each in members if each is not member]
    taken = {known for each in others for known in [*each.facts.names, *each.server_names]}
    return next((each for each in candidates if each not in taken), candidates[-1])


def fingerprints_of(expectation: Expectation, sets: t.Mapping[str, Deployed]) -> list[str] | None:
    """The right fingerprints at an endpoint; None if any is right."""
    return [sets[name].fingerprint for name in expectation.right] or None


def sum_up(
    services: t.Iterable[Service],
    states: t.Mapping[str, str],
    bundles: t.Iterable[Sighting],
    expectations: t.Sequence[Expectation],
    sightings: t.Sequence[Sighting],
) -> list[dict[str, t.Any]]:
    """One entry for each certificate of each service. STATES: what is known about each service; BUNDLES: as described
    by placement; SIGHTINGS: what each expectation's endpoint showed."""
    by_name = {bundle["name"]: bundle for bundle in bundles}
    lines = []
    for service in services:
        pairs = [(each, sighting) for each, sighting in zip(expectations, sightings) if each.service == service.name]
        for name in service.certificates:
            bundle = by_name[name]
            relevant = [
                (each, sighting)
                for each, sighting in pairs
                if name in each.asked_for
                or (each.endpoint.server_name is None and each.right[:1] == [name])
                or sighting.get("fingerprint") == bundle["fingerprint"]
            ]
            line = {
                "service": service.name,
                "name": name,
                "path": bundle["path"],
                "old_serial": bundle["previous_serial"],
                "new_serial": bundle["serial"],
                "old_public_key_fingerprint": bundle["previous_public_key_fingerprint"],
                "new_public_key_fingerprint": bundle["public_key_fingerprint"],
                "not_after": bundle["not_after"],
                "changed": bundle["changed"],
                "running": states[service.name] != "stopped",
                "ports": list(service.ports),
                "server_names": list(
                    dict.fromkeys(each.endpoint.server_name for each, _seen in relevant if each.endpoint.server_name)
                ),
                "state": _standing(service, states[service.name], bundle["fingerprint"], relevant),
            }
            line["served"] = line["state"] == "served"
            line["sentence"] = tell(line)
            lines.append(line)
    return lines


def _standing(service: Service, state: str, fingerprint: str, relevant: list[tuple[Expectation, Sighting]]) -> str:
    if not service.ports or not relevant:
        return "stopped" if state == "stopped" else "not_looked_at"
    if any(sighting["reachable"] and sighting["as_expected"] is False for _each, sighting in relevant):
        return "not_served"
    if not any(sighting["reachable"] for _each, sighting in relevant):
        if state == "stopped":
            return "stopped"
        return "not_verified" if any(sighting.get("cannot_ask") for _each, sighting in relevant) else "not_observed"
    if any(sighting.get("fingerprint") == fingerprint for _each, sighting in relevant):
        silent = [1 for _each, sighting in relevant if not sighting["reachable"] and not sighting.get("cannot_ask")]
        return "not_observed" if silent else "served"
    return "not_verified"


def tell(line: Sighting) -> str:
    """An entry of the summary as a sentence."""
    where = f"port {', '.join(map(str, line['ports']))}"
    words = {
        "served": f"{line['service']} serves {line['name']} on {where}",
        "stopped": f"{line['service']} is not running; {line['name']} is in place for when it starts",
        "not_observed": f"{line['service']} could not be seen serving {line['name']} on {where}",
        "not_verified": f"{line['service']} has {line['name']} in place; that it serves it on {where} was not verified",
        "not_looked_at": f"{line['service']} has {line['name']} in place; no port was checked",
        "not_served": f"{line['service']} does not serve {line['name']} on {where} yet",
    }
    return f"{words[line['state']]}: {_dates(line['new_serial'], line['not_after'], line['old_serial'])}."


def tell_set(bundle: Sighting) -> str:
    """A set that no service uses, as a sentence."""
    dates = _dates(bundle["serial"], bundle["not_after"], bundle["previous_serial"])
    return f"{bundle['name']} is in place in {bundle['path']}: {dates}."


def _dates(serial: str, not_after: str, old: str | None) -> str:
    before = f" (before: serial {old})" if old and old != serial else ""
    return f"serial {serial}, valid until {not_after}{before}"


def to_ascii(name: str) -> str:
    """A name as used in TLS: lower case, no final dot, Punycode (by RFC 3490, as in Python). Raises InvalidInput."""
    plain = name.strip().rstrip(".").lower()
    try:
        if _SPELLED_ANEW.intersection(plain):
            raise UnicodeError
        return plain if plain.isascii() else plain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise InvalidInput(f"The name {name!r} in server_names is not a domain name; give it in Punycode.") from None


def tell_sighting(endpoint: Endpoint, sighting: Sighting) -> str:
    """What was seen, as a sentence."""
    if not sighting["reachable"]:
        return str(sighting["error"])
    return f"{endpoint.address}, {endpoint.asking}, serves {tell_served(sighting)}."


def tell_served(sighting: Sighting) -> str:
    return f"{sighting['subject']} (serial {sighting['serial']})"
