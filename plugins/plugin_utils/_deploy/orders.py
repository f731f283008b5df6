# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of certificate_deployment on a host, from what the host wants and what ACM has. Pure."""

from __future__ import annotations

import typing as t

from .answers import fault_of, has_answered, has_failed
from .snippets import list_snippets
from .wanted import folder_of

Entry = t.Mapping[str, t.Any]

_OF_CERTIFICATES = ("server_names", "files", "owner", "group", "mode", "pkcs12_form")
# Options of services that only the role knows.
_NOT_FOR_THE_HOST = ("snippets", "tls_policy")


def settle(host: Entry, read: Entry, is_check: bool) -> dict[str, t.Any]:
    """The host with the folders of all its certificates; for certificates given by ARN they follow from what ACM has.

    fault: why nothing can be deployed. to_come: in check mode, the certificates that ACM does not have yet; they are
    left out. services: as certificate_deployment takes them. snippets: the data for their templates."""
    if host["fault"] or not host["certificates"]:
        return dict(host)
    if not read:
        return {**host, "fault": "The certificates could not be read."}
    faults = []
    certificates, to_come = [], []
    folders: dict[str, str] = {}
    for certificate in host["certificates"]:
        found = read[certificate["identity"]]
        reference = certificate.get("folder") or certificate["identity"]
        if is_check and found.get("is_to_come"):
            to_come.append(reference)
            continue
        fault = found.get("fault") or _wrong_key(certificate, found)
        if fault:
            faults.append(fault)
            continue
        folders[reference] = certificate.get("folder") or folder_of(str(found["domain_name"]))
        certificates.append({**certificate, "folder": folders[reference]})
    for folder in sorted(set(folders.values())):
        if list(folders.values()).count(folder) > 1:
            faults.append(
                f"Several entries of acm_deploy_certificates would use the folder {folder}; give each its own name."
            )
    services = [_with_folders(service, folders) for service in host["services"]]
    services = [service for service in services if service["certificates"] or not service["is_partial"]]
    return {
        **host,
        "read": read,
        "fault": " ".join(dict.fromkeys(faults)),
        "to_come": to_come,
        "certificates": certificates,
        "services": [_for_the_host(service) for service in services],
        "snippets": list_snippets(services, host["options"]["path"]),
    }


def list_sets(host: Entry, keys: Entry) -> list[dict[str, t.Any]]:
    """The certificates of a settled host, with the KEYS that it needs, by folder."""
    sets = []
    for certificate in host["certificates"]:
        found, key = host["read"][certificate["identity"]], keys.get(certificate["folder"], {})
        sets.append(
            {
                "name": certificate["folder"],
                "certificate": found["certificate"],
                **({"chain": found["chain"]} if found.get("chain") else {}),
                **{option: certificate[option] for option in _OF_CERTIFICATES if option in certificate},
                **{option: key[option] for option in ("private_key", "pkcs12") if key.get(option)},
            }
        )
    return sets


def fault_before_export(host: Entry, seen: t.Any) -> str:
    """Why a host must not get keys, and nothing is deployed on it, as a sentence; empty if nothing speaks against
    it."""
    if host["fault"]:
        return str(host["fault"])
    if not has_answered(seen) or has_failed(seen):
        return "It could not be checked."
    fault = fault_of(seen, host)
    obstacle = seen.get("pipelining_obstacle")
    return fault or (str(obstacle) if seen["needs_key"] and obstacle else "")


def _for_the_host(service: Entry) -> dict[str, t.Any]:
    return {option: value for option, value in service.items() if option not in _NOT_FOR_THE_HOST}


def _with_folders(service: Entry, folders: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The service with the folders of its certificates, without missing ones."""
    found = [folders[reference] for reference in service["certificates"] if reference in folders]
    default = folders.get(service.get("default_certificate", ""))
    return {
        **{option: value for option, value in service.items() if option != "default_certificate"},
        "certificates": found,
        "is_partial": service["is_partial"] or len(found) < len(service["certificates"]),
        **({"default_certificate": default} if default else {}),
    }


def _wrong_key(certificate: Entry, found: Entry) -> str:
    pinned = certificate.get("public_keys")
    if not pinned or found["public_key_fingerprint"] in pinned:
        return ""
    return (
        f"The key of {certificate.get('folder') or certificate['identity']} ({found['public_key_fingerprint']}) is not "
        "among its public_keys; first give it to the clients that pin keys, then add it to public_keys."
    )
