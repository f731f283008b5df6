# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role acm_deploy decides, as pure functions; its tasks then do it.

The words: a *certificate* is an entry of acm_deploy_certificates, a *service* an entry of complete_services, an
*export* what acm_export returned, a *set* an entry of certificate_bundle's certificates, a *sight* an entry of
served_certificate_info's result.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: acm_deploy
version_added: 1.0.0
short_description: What the role acm_deploy decides
description:
  - The decisions of the role P(certops.acm.acm_deploy#role), such as which services have to reload, apart from the tasks that carry them out.
  - It belongs to that role. Its arguments may change with it at any time.
options:
  _input:
    description:
      - What the decision is about.
    type: raw
    required: true
  decision:
    description:
      - Which decision.
      - V(kept) lists the certificates that are not left out, V(identity) says what one goes by, V(requests) lists what to export,
        V(services) completes the services, V(sets) lists the certificates of the host, V(due) says which keys have to be
        exported for it, V(snippets) lists the snippets of its services.
      - V(endpoints) lists where to look, V(reloads) the services that have to reload, V(remaining) those of them that were not
        brought up to date without.
      - V(returns) says how to undo what was swapped, V(as_before) where to look then.
      - V(reason) finds the words of a failure, V(summary) sums up, V(sentence) tells it.
    type: str
    required: true
    choices:
      - kept
      - identity
      - requests
      - services
      - sets
      - due
      - snippets
      - endpoints
      - reloads
      - remaining
      - returns
      - as_before
      - reason
      - summary
      - sentence
positional: decision
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Say why a task failed
  ansible.builtin.debug:
    msg: "{{ ansible_failed_result | certops.acm.acm_deploy('reason') }}"
"""

RETURN = r"""
_value:
  description: The decision, in the shape that the role's tasks want.
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError

Entry = t.Mapping[str, t.Any]

_SERVICE_DEFAULTS: dict[str, t.Any] = {
    "host": "localhost",
    "ports": [443],
    "starttls": None,
    "sni": True,
    "default_certificate": None,
    "files": ["fullchain", "key"],
    "owner": None,
    "group": None,
    "pid_file": None,
    "check_command": None,
    "reload_command": None,
    "start_command": None,
    "service_name": None,
    "runtime_socket": None,
    "snippets": None,
    "tls_policy": None,
}
_OWN_FAULT = "The filter plugin 'certops.acm.acm_deploy'"
# What the snippets of a server are called: of a certificate, of all its certificates, of its TLS policy.
_SNIPPET_NAMES: dict[str, dict[str, str]] = {
    "nginx": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "apache": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "lighttpd": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "caddy": {"certificate": "{}.conf"},
    "haproxy": {"list": "certificates.list", "policy": "tls-policy.cfg"},
}


def keep(certificates: t.Iterable[Entry], left_out: t.Iterable[str]) -> list[Entry]:
    """The certificates that none of the words LEFT_OUT means: an ARN, a domain name, or a name."""
    words = {str(word).lower() for word in left_out}
    return [entry for entry in certificates if not words & {word.lower() for word in _words(entry)}]


def list_requests(certificates: t.Iterable[Entry], wanted: t.Collection[str] | None = None) -> list[dict[str, t.Any]]:
    """What to ask acm_export for: every certificate once, however many hosts and services want it; of WANTED only these."""
    requests: dict[str, dict[str, t.Any]] = {}
    for entry in certificates:
        identity, passphrase = _identity(entry), entry.get("pkcs12_passphrase")
        if wanted is not None and identity not in wanted:
            continue
        key = "certificate_arn" if identity.startswith("arn:") else "domain_name"
        request = requests.setdefault(identity, {key: identity})
        if passphrase:
            if request.get("passphrase", passphrase) != passphrase:
                raise AnsibleFilterError(
                    f"The certificate {identity} has two different pkcs12_passphrase in this play; give it one."
                )
            request.update(passphrase=passphrase, return_pkcs12=True)
    return list(requests.values())


def list_due(
    identities: t.Iterable[str],
    found: t.Mapping[str, Entry],
    probes: t.Iterable[t.Sequence[t.Any]],
    exported: t.Collection[str] = (),
) -> list[str]:
    """Those of the certificates (identities) whose keys have to be exported and were not yet.

    Those of which some host lacks the key, by PROBES: for each host of the batch, its certificates and what
    certificate_bundle foretold about them. And those that ACM renews only after an export that it has not seen yet.
    """
    needed = {
        _identity(certificate)
        for certificates_of_host, bundles in probes
        for certificate, bundle in zip(certificates_of_host, bundles)
        if bundle["needs_key"]
    }
    return [
        identity
        for identity in identities
        if identity not in exported
        and (
            identity in needed
            or (
                found.get(identity, {}).get("renewal_depends_on_export")
                and found[identity].get("renewal_eligibility") == "INELIGIBLE"
            )
        )
    ]


def complete_services(
    services: t.Iterable[Entry],
    certificates: t.Iterable[Entry],
    servers: t.Mapping[str, Entry],
    os_family: str = "",
    left_out: t.Iterable[str] = (),
) -> list[dict[str, t.Any]]:
    """Every service with all that is to be known about it: its own words over the server's data over the defaults.

    `certificates` of each result holds identities (ARN or domain name), `is_partial` says whether some of its certificates
    are left out. A service that would have none but these is left out too.
    """
    merged: list[dict[str, t.Any]] = []
    certificates = list(certificates)
    kept = keep(certificates, left_out)
    for service in services:
        name = service["name"]
        data = servers.get(service.get("server") or name, {})
        of_family = data.get("os_family", {}).get(os_family, {})
        own = {key: value for key, value in service.items() if value is not None}
        result = {**_SERVICE_DEFAULTS, **data, **of_family, **own}
        result.pop("os_family", None)
        result["server"] = service.get("server") or name
        result["ports"] = [int(port) for port in result["ports"]]  # templates make text of numbers
        chosen = _chosen(name, own.get("certificates"), certificates)
        result["certificates"] = [_identity(entry) for entry in chosen if entry in kept]
        result["is_partial"] = len(result["certificates"]) < len(chosen)
        if result["default_certificate"]:
            (default,) = _chosen(name, [result["default_certificate"]], certificates)
            result["default_certificate"] = _identity(default) if default in kept else None
        if not result["reload_command"] and not result["service_name"]:
            raise AnsibleFilterError(
                f"The service {name} is none that this role knows ({', '.join(sorted(servers))}); "
                "give it reload_command or service_name."
            )
        if result["snippets"] and result["server"] not in _SNIPPET_NAMES:
            raise AnsibleFilterError(
                f"There are no snippets for {name}, only for {', '.join(sorted(_SNIPPET_NAMES))}; leave out snippets."
            )
        if result["tls_policy"] and not result["snippets"]:
            raise AnsibleFilterError(f"The tls_policy of {name} needs a folder for its snippet; give snippets.")
        if result["runtime_socket"] and "combined" not in result["files"]:
            raise AnsibleFilterError(f"The runtime_socket of {name} takes combined files; add combined to its files.")
        if result["certificates"] or not result["is_partial"]:
            merged.append(result)
    names = [service["name"] for service in merged]
    for name in names:
        if names.count(name) > 1:
            raise AnsibleFilterError(
                f"The service {name} is given twice; give each its own name, and what it is as server."
            )
    return merged


def list_sets(
    certificates: t.Iterable[Entry],
    services: t.Iterable[Entry],
    exports: t.Mapping[str, Entry],
    probe: t.Iterable[Entry] | None = None,
) -> list[dict[str, t.Any]]:
    """The certificates of one host as certificate_bundle wants them.

    With what it foretold about them, as PROBE, they come with the keys that the host lacks; without, they come without.
    """
    services = list(services)
    foretold = {bundle["name"]: bundle for bundle in probe or ()}
    sets = []
    for certificate in certificates:
        identity = _identity(certificate)
        users = [service for service in services if identity in service["certificates"]]
        export = _export_of(identity, exports)
        entry: dict[str, t.Any] = {
            "name": _folder(certificate, export),
            "certificate": export["certificate"],
            "chain": export.get("chain"),
            "files": certificate.get("files") or sorted({kind for service in users for kind in service["files"]}),
            "domain_names": list(certificate.get("server_names") or []),
            "mode": certificate.get("mode"),
        }
        for option in ("owner", "group"):
            wanted = sorted({service[option] for service in users if service[option]})
            if len(wanted) > 1 and not certificate.get(option):
                raise AnsibleFilterError(
                    f"The services of {entry['name']} want different things as its {option} ({', '.join(wanted)}); "
                    f"say which with {option} in acm_deploy_certificates."
                )
            entry[option] = certificate.get(option) or (wanted[0] if wanted else None)
        pinned = [pin.replace(":", "").lower() for pin in certificate.get("public_keys") or ()]
        if pinned and export["public_key_fingerprint"] not in pinned:
            raise AnsibleFilterError(
                f"The key of {entry['name']} ({export['public_key_fingerprint']}) is none of its public_keys; "
                "let the clients that pin keys know it first, and then add it there."
            )
        if "pkcs12" in entry["files"] and not certificate.get("pkcs12_passphrase"):
            raise AnsibleFilterError(
                f"The PKCS#12 of {entry['name']} needs a passphrase; give its certificate pkcs12_passphrase."
            )
        bundle = foretold.get(entry["name"])
        if bundle and (bundle["needs_key"] or bundle["fingerprint"] != export["fingerprint"]):
            entry["private_key"] = export.get("private_key")  # check mode exports none
            if "pkcs12" in entry["files"]:
                entry["pkcs12"] = export.get("pkcs12")
        sets.append({key: value for key, value in entry.items() if value is not None})
    return sets


def list_endpoints(
    certificates: t.Iterable[Entry],
    services: t.Iterable[Entry],
    exports: t.Mapping[str, Entry],
    sights: t.Iterable[Entry] = (),
) -> list[dict[str, t.Any]]:
    """Where to look, and the certificate that each place should show: by every name, and once without one.

    Without a name (SNI) a server shows its default certificate. Which one that is, is known if the service says so, if it
    takes no names at all, or from SIGHTS of before, when one of ours, new or old, was shown there. Else nothing is expected.
    """
    by_identity = {_identity(certificate): certificate for certificate in certificates}
    seen = {(sight["label"], sight["port"]): sight for sight in sights if sight["server_name"] is None}
    endpoints = []
    for service in services:
        for port in service["ports"]:
            place = {"label": service["name"], "host": service["host"], "port": port, "starttls": service["starttls"]}
            for identity in service["certificates"] if service["sni"] else []:
                for server_name in _server_names(by_identity[identity], _export_of(identity, exports)):
                    expected = _export_of(identity, exports)["fingerprint"]
                    endpoints.append({**place, "server_name": server_name, "expect_fingerprint": expected})
            default = _default_certificate(service, exports, seen.get((service["name"], port)))
            expected = exports[default]["fingerprint"] if default else None
            endpoints.append({**place, "server_name": None, "expect_fingerprint": expected})
    return [{key: value for key, value in endpoint.items() if value is not None} for endpoint in endpoints]


def list_snippets(
    services: t.Iterable[Entry], certificates: t.Iterable[Entry], bundles: t.Iterable[Entry]
) -> list[dict[str, t.Any]]:
    """The snippets of the services that want some: where each lies, and what its template is told.

    One with `is_partial` lacks what is left out, and so must not replace one that may have it.
    """
    by_identity = {_identity(certificate): bundle for certificate, bundle in zip(certificates, bundles)}
    snippets: list[dict[str, t.Any]] = []
    for service in services:
        if not service["snippets"]:
            continue
        names = _SNIPPET_NAMES[service["server"]]
        used = [by_identity[identity] for identity in service["certificates"]]
        common = {"service": service["name"], "server": service["server"], "tls_policy": service["tls_policy"]}
        wanted = [
            ("certificate", names["certificate"].format(bundle["name"]), [bundle])
            for bundle in used
            if "certificate" in names
        ]
        if "list" in names:
            wanted.append(("list", names["list"], used))
        if "policy" in names and service["tls_policy"]:
            wanted.append(("policy", names["policy"], []))
        for kind, file_name, shown in wanted:
            path = f"{service['snippets'].rstrip('/')}/{file_name}"
            snippets.append(
                {
                    **common,
                    "kind": kind,
                    "path": path,
                    "folders": [bundle["path"] for bundle in shown],
                    "is_partial": kind == "list" and service["is_partial"],
                }
            )
    return snippets


def choose_reloads(
    services: t.Iterable[Entry],
    certificates: t.Iterable[Entry],
    bundles: t.Iterable[Entry],
    endpoints: t.Iterable[Entry],
    sights: t.Iterable[Entry],
    running: t.Iterable[str],
    with_new_snippets: t.Iterable[str] = (),
) -> list[dict[str, t.Any]]:
    """The services that have to reload, each with the reason: a set was swapped, or what is served is not what lies on disk.

    `combined` of each: the files that its running process could be handed instead.
    """
    by_identity = {_identity(certificate): bundle for certificate, bundle in zip(certificates, bundles)}
    reloads = []
    for service in services:
        if service["name"] not in running:
            continue
        used = [by_identity[identity] for identity in service["certificates"]]
        reason = next((f"{bundle['name']} is new" for bundle in used if bundle["swapped"]), None)
        for endpoint, sight in zip(endpoints, sights):
            expected = endpoint.get("expect_fingerprint")
            if reason or endpoint["label"] != service["name"] or not expected:
                continue
            if sight.get("fingerprint") != expected:
                reason = f"port {endpoint['port']} served another certificate than the one on disk"
        combined = [f"{bundle['path']}/combined.pem" for bundle in used] if service["runtime_socket"] else []
        if service["name"] in with_new_snippets:
            reason, combined = "a snippet is new", []
        if reason:
            reloads.append({**service, "reason": reason, "combined": combined})
    return reloads


def list_remaining(reloads: t.Iterable[Entry], handed: t.Iterable[Entry]) -> list[Entry]:
    """The services that have to reload although their running process was handed something: not all, or it refused."""
    done = {
        result["item"]["name"]
        for result in handed
        if result.get("skipped")
        or (not result.get("failed") and all(file["known"] for file in result.get("certificates", ())))
    }
    return [service for service in reloads if service["name"] not in done]


def undo(bundles: t.Iterable[Entry]) -> dict[str, list[dict[str, str]]]:
    """What this run swapped: certificates for state=rolled_back, and the first ones of their names.

    The latter stay. They were checked, they replace nothing, and a server may have been started with them.
    """
    swapped = [bundle for bundle in bundles if bundle["swapped"]]
    return {
        "rolled_back": [
            {"name": bundle["name"], "version": bundle["previous_version"]}
            for bundle in swapped
            if bundle["previous_version"]
        ],
        "first": [{"name": bundle["name"]} for bundle in swapped if not bundle["previous_version"]],
    }


def show_as_before(sights: t.Iterable[Entry], services: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """The endpoints of SERVICES that answered before, each expected to show what it showed then."""
    services = list(services)
    return [
        {
            **{
                key: sight[key]
                for key in ("label", "host", "port", "server_name", "starttls")
                if sight.get(key) is not None
            },
            "expect_fingerprint": sight["fingerprint"],
        }
        for sight in sights
        if sight["reachable"] and sight["label"] in services
    ]


def sum_up(
    services: t.Iterable[Entry],
    bundles: t.Iterable[Entry],
    endpoints: t.Iterable[Entry],
    sights: t.Iterable[Entry],
    running: t.Iterable[str],
) -> list[dict[str, t.Any]]:
    """One line for each certificate at each service: name, old and new serial, where and until when it is served."""
    by_fingerprint = {bundle["fingerprint"]: bundle for bundle in bundles}
    lines: dict[tuple[str, str], dict[str, t.Any]] = {}
    for endpoint, sight in zip(endpoints, sights):
        bundle = by_fingerprint.get(endpoint.get("expect_fingerprint", ""))
        if bundle is None:
            continue
        line = lines.setdefault(
            (endpoint["label"], bundle["name"]),
            {
                "service": endpoint["label"],
                "name": bundle["name"],
                "path": bundle["path"],
                "old_serial": bundle["previous_serial"],
                "new_serial": bundle["serial"],
                "old_public_key_fingerprint": bundle["previous_public_key_fingerprint"],
                "new_public_key_fingerprint": bundle["public_key_fingerprint"],
                "not_after": bundle["not_after"],
                "changed": bundle["changed"],
                "running": endpoint["label"] in running,
                "ports": [],
                "server_names": [],
                "served": True,
            },
        )
        line["running"] = line["running"] or sight["reachable"]
        line["served"] = line["served"] and sight.get("fingerprint") == endpoint["expect_fingerprint"]
        for key, value in (("ports", endpoint["port"]), ("server_names", endpoint.get("server_name"))):
            if value is not None and value not in line[key]:
                line[key].append(value)
    return list(lines.values())


def tell(entry: Entry) -> str:
    """A line of the summary, or a sight, as a sentence for people."""
    if "new_serial" not in entry:
        where = f"{entry['host']} port {entry['port']} {_as_name(entry['server_name'])}"
        seen = entry.get("error") or f"{where} serves {entry['subject']}, serial {entry['serial']}."
        return seen
    where = f"port {', '.join(map(str, entry['ports']))}"
    dates = f"serial {entry['new_serial']}, valid until {entry['not_after']}"
    old = entry["old_serial"]
    before = f" (before: serial {old})" if old and old != entry["new_serial"] else ""
    if entry["served"]:
        return f"{entry['service']} serves {entry['name']} at {where}: {dates}{before}."
    if not entry["running"]:
        return f"{entry['service']} does not run; {entry['name']} is in place for its start: {dates}{before}."
    return f"{entry['service']} does not serve {entry['name']} at {where} yet: {dates}{before}."


def find_reason(result: Entry) -> str:
    """The words of the task that failed: of its first failed item, and a command's own rather than Ansible's."""
    failed = next((item for item in result.get("results", ()) if item.get("failed")), result)
    said = [str(failed.get(key) or "").strip() for key in ("stderr", "stdout", "msg")]
    if failed.get("cmd") and failed.get("rc") and not any(said[:2]):
        words = failed["cmd"] if isinstance(failed["cmd"], str) else " ".join(failed["cmd"])
        said = [f"The command {words} ended with {failed['rc']} and said nothing."]
    text = next((text for text in said if text), "no reason was given")
    text = text.rpartition(f"{_OWN_FAULT} failed: ")[2]  # ansible-core puts a sentence of its own before each of ours
    text = text if len(text) <= 800 else text[:400] + " … " + text[-400:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _as_name(server_name: str | None) -> str:
    return f"as {server_name}" if server_name else "without SNI"


def _export_of(identity: str, exports: t.Mapping[str, Entry]) -> Entry:
    """The export of a certificate. That another's key gets under its name must be impossible, whatever went wrong before."""
    export = exports[identity]
    if identity.startswith("arn:") and export.get("certificate_arn", identity) != identity:
        raise AnsibleFilterError(
            f"What was exported as {identity} is {export['certificate_arn']}; this is a fault of the role, please report it."
        )
    return export


def _identity(certificate: Entry) -> str:
    identity = certificate.get("certificate_arn") or certificate.get("domain_name")
    if not identity:
        raise AnsibleFilterError(
            "An entry of acm_deploy_certificates has neither certificate_arn nor domain_name; give one."
        )
    return identity


def _words(certificate: Entry) -> list[str]:
    """What a certificate can be called by."""
    return [certificate[key] for key in ("name", "domain_name", "certificate_arn") if certificate.get(key)]


def _chosen(service: str, wanted: t.Iterable[str] | None, certificates: list[Entry]) -> list[Entry]:
    if wanted is None:
        return certificates
    chosen = []
    for word in wanted:
        for certificate in certificates:
            if word in _words(certificate):
                chosen.append(certificate)
                break
        else:
            raise AnsibleFilterError(
                f"The service {service} wants the certificate {word}, which acm_deploy_certificates lacks."
            )
    return chosen


def _folder(certificate: Entry, export: Entry) -> str:
    name = certificate.get("name") or certificate.get("domain_name") or export["domain_name"]
    return "wildcard" + name[1:] if name.startswith("*.") else name


def _server_names(certificate: Entry, export: Entry) -> list[str]:
    """The names to ask for. A wildcard's stand-in is www: some name must be asked for, and that is the likeliest."""
    names = certificate.get("server_names")
    if names is not None:
        return list(names)
    name = export["domain_name"]
    return ["www" + name[1:] if name.startswith("*.") else name]


def _default_certificate(service: Entry, exports: t.Mapping[str, Entry], sight: Entry | None) -> str | None:
    if service["default_certificate"]:
        return service["default_certificate"]
    if not service["sni"] and len(service["certificates"]) == 1 and not service["is_partial"]:
        return service["certificates"][0]
    shown = sight or {}
    candidates = {identity: _export_of(identity, exports) for identity in service["certificates"]}
    for identity, export in candidates.items():
        if shown.get("fingerprint") == export["fingerprint"]:
            return identity
    for identity, export in candidates.items():
        if export["domain_name"] in shown.get("names", ()):
            return identity
    return None


DECISIONS: dict[str, t.Callable[..., t.Any]] = {
    "as_before": show_as_before,
    "due": list_due,
    "endpoints": list_endpoints,
    "identity": _identity,
    "kept": keep,
    "reason": find_reason,
    "reloads": choose_reloads,
    "remaining": list_remaining,
    "requests": list_requests,
    "returns": undo,
    "sentence": tell,
    "services": complete_services,
    "sets": list_sets,
    "snippets": list_snippets,
    "summary": sum_up,
}


def acm_deploy(value: t.Any, decision: str, *arguments: t.Any, **named: t.Any) -> t.Any:
    return DECISIONS[decision](value, *arguments, **named)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"acm_deploy": acm_deploy}
