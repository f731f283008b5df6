# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host should have according to the role's options: its certificates, its services, and where ACM is. Pure.

An *identity* is how a certificate is requested: its ARN, or its domain name as ACM spells it. A *folder* is the name of
its set under acm_deploy_path. Nothing here is secret: only the existence of a passphrase is noted."""

from __future__ import annotations

import difflib
import posixpath
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.arns import check_certificate_arn
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.names import check_domain_name, is_wildcard
from ansible_collections.certops.acm.plugins.module_utils._rules.passphrases import check_passphrase, octets

from .identities import spell
from .snippets import check_snippets

Entry = t.Mapping[str, t.Any]

CONNECTION = ("authority", "region", "profile")
# Options of an entry that are passed to the host unchanged.
_OF_CERTIFICATES = ("server_names", "files", "owner", "group", "mode")
# Options of acm_export for the form of a PKCS#12; the host gets them as one text, pkcs12_form.
PKCS12_FORM = ("pkcs12_alias", "pkcs12_legacy")
_OF_SETS = (
    "path",
    "owner",
    "group",
    "mode",
    "require_valid",
    "timeout",
    "steady_for",
    "command_timeout",
    "when_stopped",
)


def read_wanted(options: Entry) -> dict[str, t.Any]:
    """connection: {authority, region, profile}, without what is not set. certificates and services: those that are not
    left out, as far as known before ACM is asked. options: the same for all sets.

    Raises InvalidInput.
    """
    path = str(options["path"])
    if not path.startswith("/"):
        raise InvalidInput(f"acm_deploy_path is {path!r}; give an absolute path such as /etc/acm.")
    everything = [_certificate(entry, number) for number, entry in enumerate(options["certificates"], 1)]
    _refuse_shared_folders(everything)
    left_out = {spell(word) for word in options.get("leave_out", ())}
    for certificate in everything:
        certificate["is_left_out"] = bool(left_out.intersection(_words(certificate)))
    services = [service for entry in options["services"] for service in _service(entry, everything)]
    kept = [certificate for certificate in everything if not certificate.pop("is_left_out")]
    for certificate in kept:
        has_passphrase = certificate.pop("has_passphrase")
        certificate["wants_pkcs12"] = _wants_pkcs12(certificate, services)
        if certificate["wants_pkcs12"] and not has_passphrase:
            raise InvalidInput(
                f"The PKCS#12 of {_reference(certificate)} needs a passphrase; give its certificate pkcs12_passphrase."
            )
    chosen = {key: options[key] for key in _OF_SETS if key in options}
    chosen.update(path=posixpath.normpath(path), keep=int(options.get("keep", 2)))
    return {
        "connection": {key: str(options[key]) for key in CONNECTION if key in options},
        "certificates": kept,
        "services": services,
        "options": chosen,
    }


def passphrases(entries: t.Iterable[Entry]) -> dict[str, str]:
    """The PKCS#12 passphrase of each folder that has one, from acm_deploy_certificates as given."""
    found = {}
    for number, entry in enumerate(entries, 1):
        if entry.get("pkcs12_passphrase"):
            certificate = _certificate(entry, number)
            found[certificate.get("folder") or certificate["identity"]] = str(entry["pkcs12_passphrase"])
    return found


def _certificate(entry: Entry, number: int) -> dict[str, t.Any]:
    arn, domain_name = entry.get("certificate_arn"), entry.get("domain_name")
    if not arn and not domain_name:
        raise InvalidInput(
            f"Item {number} of acm_deploy_certificates has neither certificate_arn nor domain_name; give one."
        )
    if arn:
        check_certificate_arn(str(arn), option=f"certificate_arn in item {number} of acm_deploy_certificates")
    if entry.get("pkcs12_passphrase"):
        check_passphrase(octets(str(entry["pkcs12_passphrase"])))
    given = domain_name
    if domain_name:
        domain_name = check_domain_name(str(domain_name))
    folder = entry.get("name") or (folder_of(domain_name) if domain_name else None)
    certificate = {
        "given_as": str(arn or given),
        "identity": str(arn).strip() if arn else domain_name,
        "domain_name": domain_name,
        "folder": str(folder) if folder else None,
        "public_keys": [str(pin).replace(":", "").lower() for pin in entry.get("public_keys", ())] or None,
        "has_passphrase": bool(entry.get("pkcs12_passphrase")),
        "pkcs12_form": ", ".join(f"{key} {entry[key]}" for key in PKCS12_FORM if entry.get(key)) or None,
        **{key: entry[key] for key in PKCS12_FORM if entry.get(key)},
        **{key: entry[key] for key in _OF_CERTIFICATES if entry.get(key) is not None},
    }
    # Hosts do not have IDNA 2008, in which straße.example is not strasse.example.
    if "server_names" in certificate:
        certificate["server_names"] = [spell(name) for name in certificate["server_names"]]
    return {key: value for key, value in certificate.items() if value is not None}


def folder_of(domain_name: str) -> str:
    return "wildcard" + domain_name[1:] if is_wildcard(domain_name) else domain_name


def _words(certificate: Entry) -> set[str]:
    """The words by which a certificate can be named."""
    return {spell(certificate[key]) for key in ("folder", "domain_name", "identity") if certificate.get(key)}


def _refuse_shared_folders(certificates: t.Iterable[Entry]) -> None:
    seen: dict[str, int] = {}
    for number, certificate in enumerate(certificates, 1):
        first = seen.setdefault(_reference(certificate), number)
        if first != number:
            raise InvalidInput(
                f"Items {first} and {number} of acm_deploy_certificates would both use the folder "
                f"{_reference(certificate)}; give each its own name."
            )


def _service(entry: Entry, certificates: t.Sequence[Entry]) -> t.Iterator[dict[str, t.Any]]:
    """The service as certificate_deployment takes it, with its certificates by identity or folder for now.

    None if all its certificates are left out.
    """
    name = str(entry["name"])
    chosen = _chosen(name, entry.get("certificates"), certificates)
    kept = [certificate for certificate in chosen if not certificate["is_left_out"]]
    service: dict[str, t.Any] = {
        **{key: value for key, value in entry.items() if value is not None},
        "name": name,
        "server": str(entry.get("server") or name),
        "certificates": [_reference(certificate) for certificate in kept],
        "is_partial": len(kept) < len(chosen),
    }
    if entry.get("default_certificate"):
        (default,) = _chosen(name, [entry["default_certificate"]], certificates)
        del service["default_certificate"]
        if not default["is_left_out"]:
            service["default_certificate"] = _reference(default)
    check_snippets(service)
    if kept or not service["is_partial"]:
        yield service


def _reference(certificate: Entry) -> str:
    """What stands for a certificate until its folder is known."""
    return str(certificate.get("folder") or certificate["identity"])


def _chosen(service: str, wanted: t.Iterable[t.Any] | None, certificates: t.Sequence[Entry]) -> list[Entry]:
    if wanted is None:
        return list(certificates)
    chosen: list[Entry] = []
    for word in wanted:
        named = [certificate for certificate in certificates if certificate.get("folder") == str(word)]
        found = named or [certificate for certificate in certificates if spell(word) in _words(certificate)]
        if not found:
            known = sorted({word for certificate in certificates for word in _words(certificate)})
            near = difflib.get_close_matches(spell(word), known, 1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise InvalidInput(
                f"The service {service} uses the certificate {word}, which is not in acm_deploy_certificates{hint}"
            )
        if len(found) > 1:
            names = ", ".join(_reference(certificate) for certificate in found)
            raise InvalidInput(
                f"The service {service} uses the certificate {word}, which could be any of {names}; use a name to say "
                "which."
            )
        chosen += [certificate for certificate in found if certificate not in chosen]
    return chosen


def _wants_pkcs12(certificate: Entry, services: t.Iterable[Entry]) -> bool:
    users = [service for service in services if _reference(certificate) in service["certificates"]]
    return "pkcs12" in (certificate.get("files") or [form for service in users for form in service.get("files", ())])
