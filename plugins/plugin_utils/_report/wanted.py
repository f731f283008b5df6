# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts should serve, and where to look for it, according to the role's variables in the inventory. Pure.

A *wish* is one place where a certificate should be served: {service, host, port, server_name, starttls, identities}.
An identity is a certificate's name in acm_deploy_certificates: its ARN or its domain name.
"""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import DEFAULTS, SERVERS
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.identities import identity_of
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.variables import check_authority
from .moments import Entry
from .options import CONNECTION


def entries(certificates: t.Any) -> list[dict[str, t.Any]]:
    """acm_deploy_certificates without secrets and options that do not matter here."""
    kept = ("name", "domain_name", "certificate_arn", "server_names")
    return [
        {key: entry[key] for key in kept if entry.get(key) is not None}
        for entry in certificates or ()
        if isinstance(entry, t.Mapping) and (entry.get("certificate_arn") or entry.get("domain_name"))
    ]


def services(given: t.Any) -> list[dict[str, t.Any]]:
    """acm_deploy_services with the defaults that matter to a reader."""
    found = []
    for service in given or ():
        if not isinstance(service, t.Mapping) or not service.get("name"):
            continue
        known = {**DEFAULTS, **SERVERS.get(service.get("server") or service["name"], {})}
        found.append(
            {
                "name": service["name"],
                "certificates": service.get("certificates"),
                "host": service.get("host") or known["host"],
                "ports": [int(port) for port in _first(service.get("ports"), known["ports"])],
                "starttls": _first(service.get("starttls"), known["starttls"]),
                "sni": bool(_first(service.get("sni"), known["sni"])),
                "default_certificate": service.get("default_certificate"),
            }
        )
    return found


def connection(host: Entry) -> dict[str, str]:
    """The connection in a host's variables; empty to use the environment's. An empty authority stays, to be refused."""
    found = {key: host.get(f"acm_deploy_{key}") for key in CONNECTION}
    return {key: str(value) for key, value in found.items() if value or (key == "authority" and value == "")}


def label(place: Entry) -> str:
    """The connection in words; connections with the same words are the same."""
    if place.get("authority"):
        return f"authority {place['authority']}"
    words = [place.get("region") or "default region"]
    words += [f"profile {place['profile']}"] if place.get("profile") else []
    words += [f"at {place['endpoint_url']}"] if place.get("endpoint_url") else []
    return ", ".join(words)


def connections(hosts: t.Iterable[Entry], more: t.Iterable[Entry]) -> list[dict[str, str]]:
    """Each connection once, first those of hosts that should have certificates; the environment's if there is no other.

    hosts: the notes about each, {connection, certificates, services}. Raises InvalidInput as the role does, for an
    authority that is empty or a relative path."""
    noted = list(hosts)
    for host in noted:
        check_authority(host["connection"].get("authority"))
    found = {label(host["connection"]): dict(host["connection"]) for host in noted if host["certificates"]}
    found.update((label(place), {key: str(place[key]) for key in CONNECTION if place.get(key)}) for place in more)
    if not found:
        found = {label(host["connection"]): dict(host["connection"]) for host in noted[:1]}
    return list(found.values()) or [{}]


def wishes(host: Entry, names: Entry) -> list[dict[str, t.Any]]:
    """Where to look on a host, each place once. names: ARN → domain name of the certificates in ACM."""
    found: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
    for service in host["services"]:
        chosen = _chosen(service, host["certificates"])
        for port in service["ports"]:
            for server_name, identities in _asked(service, chosen, names):
                place = (service["host"], port, server_name, service["starttls"])
                wish = found.setdefault(
                    place,
                    {
                        "service": service["name"],
                        "host": service["host"],
                        "port": port,
                        "server_name": server_name,
                        "starttls": service["starttls"],
                        "identities": [],
                    },
                )
                wish["identities"] += [each for each in identities if each not in wish["identities"]]
    return list(found.values())


def endpoints(found: t.Iterable[Entry]) -> list[dict[str, t.Any]]:
    """The wishes as endpoints for served_certificate_info, in the same order."""
    kept = ("host", "port", "server_name", "starttls")
    return [{key: wish[key] for key in kept if wish[key] is not None} for wish in found]


def _asked(service: Entry, chosen: t.Sequence[Entry], names: Entry) -> t.Iterator[tuple[str | None, list[str]]]:
    """The names to ask a service for, and which certificates may answer; without SNI it is asked without a name."""
    if not chosen:
        return
    if not service["sni"]:
        shown = [entry for entry in chosen if service["default_certificate"] in _words(entry)] or chosen
        yield None, [identity_of(entry) for entry in shown]
        return
    for entry in chosen:
        for name in _server_names(entry, names):
            yield name, [identity_of(entry)]


def _server_names(entry: Entry, names: Entry) -> list[str]:
    if entry.get("server_names") is not None:
        return [str(name) for name in entry["server_names"]]
    name = entry.get("domain_name") or names.get(entry.get("certificate_arn", ""))
    if not name:
        return []
    return ["www" + name[1:] if name.startswith("*.") else str(name)]


def _chosen(service: Entry, certificates: t.Sequence[Entry]) -> list[Entry]:
    if service["certificates"] is None:
        return list(certificates)
    return [entry for entry in certificates if set(_words(entry)) & set(service["certificates"])]


def _words(entry: Entry) -> list[str]:
    return [entry[key] for key in ("name", "domain_name", "certificate_arn") if entry.get(key)]


def _first(*values: t.Any) -> t.Any:
    return next((value for value in values if value is not None), None)
