# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host asks ACM: one host of a batch for all that share its connection, or each for itself if that host has
failed.

Ansible's `run_once` is no help here: its host may fail, the hosts of a play may belong to different connections, and
with `strategy: free` its result overwrites that of every other host. So every host looks for the facts that another
host of the batch has set, and uses them only if they are recent and from its own connection. A renewal run reads before
it deploys, and stores the result as a fact of localhost; no host reads again within this run. Pure.

Terms: a *host* is the data that begin() and settle() return about a host; an *answer* is what ACM returned about
certificates, without their keys; *exports* are certificates with keys, by connection, identity and fingerprint. All of
these are facts that the role sets, and available in hostvars.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import refusal_of_facts, variables_from_facts

from .answers import lacking_keys
from .arguments import read_arguments
from .identities import as_request, identity_of, spell_identity
from .orders import fault_before_export
from .variables import check_authority, check_names
from .wanted import PKCS12_FORM, read_wanted

Entry = t.Mapping[str, t.Any]
HostVars = t.Mapping[str, t.Mapping[str, t.Any]]

HOST, ANSWER = "__acm_deploy_host", "__acm_deploy_known"
SEEN, EXPORTS = "__acm_deploy_looked", "__acm_deploy_exports"
# What a renewal run has read, by connection; a fact of localhost.
EARLIER_ANSWERS = "__acm_deploy_answers"
# ACM may renew at any time: an older answer may be about a certificate that can no longer be exported.
READ_IS_GOOD_FOR = timedelta(minutes=15)
NOTHING_HELD: dict[str, t.Any] = {"keys": {}, "pkcs12": {}, "faults": {}}
NO_EXPORTS: dict[str, t.Any] = {"requests": [], "folders": []}
_NUMBERED = re.compile(r"^Item \d+: ")
# The results of acm_export that the host, the summary and the renewals need.
_OF_READ = (
    "certificate_arn",
    "domain_name",
    "serial",
    "fingerprint",
    "public_key_fingerprint",
    "not_before",
    "not_after",
    "certificate",
    "chain",
    "renewal_eligibility",
    "renewal_depends_on_export",
)
_OF_EXPORT = ("fingerprint", "certificate_arn", "private_key", "pkcs12")


def is_last_batch(hosts: t.Sequence[str], variables: HostVars, batch: t.Sequence[str]) -> bool:
    """Whether every other host of the play has begun. Hosts that have not are usually the last ones, or, if the
    play has another order, the first ones. Each look is expensive, because Ansible assembles the host's variables."""
    here = set(batch)
    others = [name for name in hosts if name not in here]
    return all(HOST in variables[name] for name in (*others[-1:], *others))


def colleagues(batch: t.Iterable[str], hostvars: HostVars, connection: Entry) -> t.Iterator[str]:
    """The hosts of the batch that use this connection, in order."""
    for name in batch:
        variables = hostvars[name]
        if variables_from_facts(variables.get("ansible_facts")):
            continue  # these could pass for facts that the role has set
        host = variables.get(HOST)
        if host and not host["fault"] and not host["has_ended"] and host["connection"] == connection:
            yield name


# ---------------------------------------------------------------- the beginning


def begin(
    options: Entry, name: str, facts: t.Any, at: str, reads_since: str = "", variables: t.Iterable[str] = ()
) -> dict[str, t.Any]:
    """What wanted.read_wanted returns about a host, or `fault`: why nothing can be deployed on it.

    at: the time, as ISO 8601 in UTC without a zone. reads_since: the beginning of the run whose reads may be used, if
    any. variables: the names of the host's variables that begin with acm_deploy_."""
    since = max(reads_since, (datetime.fromisoformat(at) - READ_IS_GOOD_FOR).isoformat()) if reads_since else at
    host = {
        "name": name,
        "reads_since": since,
        "takes_earlier_reads": bool(reads_since),
        "has_ended": False,
        "read": {},
        "to_come": [],
    }
    fault = refusal_of_facts(name, facts)
    if not fault:
        try:
            check_names(variables)
            check_authority(options.get("authority"))
            given = {**options, "authority": options.get("authority") or None}
            return {**host, "fault": "", **read_wanted(read_arguments(given))}
        except InvalidInput as error:
            fault = str(error)
    return {**host, "fault": fault, "connection": {}, "certificates": [], "services": [], "snippets": []}


# ---------------------------------------------------------------- what ACM has


def choose_reader(batch: t.Iterable[str], hostvars: HostVars, connection: Entry) -> str | None:
    return next(colleagues(batch, hostvars, connection), None)


def list_reads(names: t.Iterable[str], hostvars: HostVars, known: t.Container[str] = ()) -> list[dict[str, str]]:
    """The requests for acm_export: every certificate once, however many of these hosts want it, except those KNOWN."""
    return [
        as_request(identity)
        for identity in dict.fromkeys(
            certificate["identity"] for name in names for certificate in hostvars[name][HOST]["certificates"]
        )
        if identity not in known
    ]


def keep_answer(answer: Entry, requests: t.Sequence[Entry], connection: Entry, at: str) -> dict[str, t.Any]:
    """The results of acm_export by identity: the certificate, or `fault`: why it cannot be deployed."""
    read = {
        spell_identity(identity_of(request)): _of_one(result)
        for request, result in zip(requests, _results(answer, requests))
    }
    return {"at": at, "connection": dict(connection), "certificates": read}


def find_read(host: Entry, batch: t.Iterable[str], hostvars: HostVars) -> dict[str, t.Any]:
    """What was read for this host since it began, by any host; empty unless it is all that this host wants."""
    wanted = [certificate["identity"] for certificate in host["certificates"]]
    readers = dict.fromkeys([host["name"], choose_reader(batch, hostvars, host["connection"])])
    answers = [hostvars[reader].get(ANSWER) for reader in readers if reader]
    known = find_earlier(host, hostvars)
    for answer in reversed(answers):
        known.update(_usable(answer, host))
    return {identity: known[identity] for identity in wanted} if known.keys() >= set(wanted) else {}


def find_earlier(host: Entry, hostvars: HostVars) -> dict[str, t.Any]:
    """What this host's renewal run has already read."""
    known: dict[str, t.Any] = {}
    if not host["takes_earlier_reads"]:
        return known
    for answer in (hostvars["localhost"].get(EARLIER_ANSWERS) or {}).values():
        known.update(_usable(answer, host))
    return known


def _usable(answer: t.Any, host: Entry) -> Entry:
    if not answer or answer["connection"] != host["connection"] or answer["at"] < host["reads_since"]:
        return {}
    certificates: Entry = answer["certificates"]
    return certificates


def _of_one(result: Entry) -> dict[str, t.Any]:
    if result.get("failed"):
        fault = _NUMBERED.sub("", str(result.get("msg") or "acm_export gave no reason."))
        fault = fault.replace("the option region", "acm_deploy_region")
        return {"fault": fault, "is_to_come": fault.startswith("There is no certificate for ")}
    if not result.get("certificate"):
        return {"fault": "ACM does not have it yet.", "is_to_come": True}
    return {key: result[key] for key in _OF_READ if result.get(key) is not None}


# ---------------------------------------------------------------- keys


def wanted_keys(host: Entry, seen: t.Any) -> list[str]:
    """The identities whose keys this host needs, and those that ACM renews only after a first export."""
    lacking = lacking_keys(host, seen)
    return [
        certificate["identity"]
        for certificate in host["certificates"]
        if certificate["folder"] in lacking or _awaits_export(host["read"][certificate["identity"]])
    ]


def _awaits_export(read: Entry) -> bool:
    return bool(read.get("renewal_depends_on_export")) and read.get("renewal_eligibility") == "INELIGIBLE"


def list_exporting(batch: t.Iterable[str], hostvars: HostVars, connection: Entry) -> t.Iterator[str]:
    """The hosts that need keys, in order. The first of them exports for all."""
    for name in colleagues(batch, hostvars, connection):
        if is_export_due(hostvars[name][HOST], hostvars[name].get(SEEN)):
            yield name


def is_export_due(host: Entry, seen: t.Any) -> bool:
    """Whether a key has to be exported for this host, and nothing speaks against it."""
    return not fault_before_export(host, seen) and bool(wanted_keys(host, seen))


def list_exports(
    host: Entry, secrets: t.Mapping[str, str], others: t.Iterable[str], hostvars: HostVars, found: Entry
) -> dict[str, t.Any]:
    """requests: this host's requests for acm_export: each key that it and OTHERS need, once, except those already
    FOUND. folders: for each request, the folder whose PKCS#12 it is for, or the empty string.

    secrets: the host's own passphrases, by folder or identity. No host has another host's passphrases.
    """
    requests: dict[tuple[str, str], dict[str, t.Any]] = {}
    for name in dict.fromkeys([host["name"], *others]):
        member, seen = hostvars[name][HOST], hostvars[name].get(SEEN)
        lacking, wanted = lacking_keys(member, seen), wanted_keys(member, seen)
        for certificate in member["certificates"]:
            identity, folder = certificate["identity"], certificate["folder"]
            if certificate["wants_pkcs12"] and folder in lacking:
                if name == host["name"] and folder not in found:
                    sealing = {"passphrase": secrets.get(folder) or secrets.get(identity), "return_pkcs12": True}
                    form = {key: certificate[key] for key in PKCS12_FORM if key in certificate}
                    requests[(identity, folder)] = {**as_request(identity), **sealing, **form}
            elif identity in wanted and not {
                folder,
                _key_id(member["connection"], identity, member["read"][identity]),
            } & set(found):
                requests[(identity, "")] = as_request(identity)
    return {"requests": list(requests.values()), "folders": [folder for _identity, folder in requests]}


def keep_exports(answer: Entry, asked: Entry, connection: Entry, earlier: Entry) -> dict[str, t.Any]:
    """The exports, or their `fault`. keys: by connection, identity and fingerprint, including those of EARLIER batches.
    faults: by connection and identity. pkcs12: by the folder of the requesting host. asked: the result of
    list_exports()."""
    kept: dict[str, dict[str, t.Any]] = {"keys": dict(earlier), "pkcs12": {}, "faults": {}}
    requests = asked["requests"]
    for request, folder, result in zip(requests, asked["folders"], _results(answer, requests)):
        identity = identity_of(request)
        is_there = not result.get("failed") and result.get("fingerprint")
        entry = {key: result.get(key) for key in _OF_EXPORT} if is_there else {"fault": _of_one(result).get("fault")}
        if folder:
            kept["pkcs12"][folder] = entry
        elif is_there:
            kept["keys"][_key_id(connection, identity, entry)] = entry
        else:
            kept["faults"][_key_id(connection, identity)] = entry
    return kept


def find_keys(
    host: Entry, batch: t.Iterable[str], hostvars: HostVars, earlier: Entry | None = None
) -> dict[str, Entry]:
    """The exports for this host by folder, {private_key, pkcs12} or {fault}, made by this host, by another host or in
    EARLIER batches, and only of exactly the certificates that this host has read."""
    lacking = lacking_keys(host, hostvars[host["name"]].get(SEEN))
    needed = [certificate for certificate in host["certificates"] if certificate["folder"] in lacking]
    found: dict[str, Entry] = {}
    own, kept = hostvars[host["name"]].get(EXPORTS), {**NOTHING_HELD, "keys": earlier or {}}
    others = (hostvars[name].get(EXPORTS) for name in colleagues(batch, hostvars, host["connection"]))
    for held in itertools.chain([own, kept], others):
        if not held:
            continue
        for certificate in needed:
            entry = _held(held, certificate, host, is_own=held is own)
            if entry:
                found.setdefault(certificate["folder"], entry)
        if len(found) == len(needed):
            break
    return found


def lacks_exports(host: Entry, seen: t.Any, found: Entry) -> bool:
    """Whether something that this host needs has not been exported yet."""
    return not lacking_keys(host, seen) <= set(found)


def is_due(host: Entry, seen: t.Any) -> bool:
    """Whether there is something to export or to deploy for this host, and nothing speaks against it."""
    return not fault_before_export(host, seen) and (bool(seen["due"]) or bool(wanted_keys(host, seen)))


def is_deployment_due(host: Entry, seen: t.Any, keys: t.Mapping[str, Entry]) -> bool:
    """Whether something is due on this host, all keys for it are available, and nothing speaks against it."""
    if fault_before_export(host, seen) or not seen["due"] or lacks_exports(host, seen, keys):
        return False
    return not any(entry.get("fault") for entry in keys.values())


def _held(held: Entry, certificate: Entry, host: Entry, is_own: bool) -> Entry | None:
    identity, read = certificate["identity"], host["read"][certificate["identity"]]
    if certificate["wants_pkcs12"]:
        entry = held["pkcs12"].get(certificate["folder"]) if is_own else None
    else:
        entry = held["keys"].get(_key_id(host["connection"], identity, read))
        entry = entry or held["faults"].get(_key_id(host["connection"], identity))
    if not entry or entry.get("fault"):
        return entry
    # Whatever went wrong before, a name must never get the key of another certificate.
    if identity.startswith("arn:") and entry["certificate_arn"] != identity:
        return {"fault": f"The export of {identity} returned {entry['certificate_arn']}; please report this bug."}
    if entry["fingerprint"] != read["fingerprint"]:
        return {"fault": f"{identity} was renewed during this run; run it again."}
    return entry


def _key_id(connection: Entry, identity: str, certificate: Entry | None = None) -> str:
    where = [f"{key}={connection[key]}" for key in sorted(connection)]
    return " ".join([*where, identity, *([certificate["fingerprint"]] if certificate else ())])


def _results(answer: Entry, requests: t.Sequence[Entry]) -> t.Sequence[Entry]:
    """One result for each request, even if acm_export returned nothing at all."""
    return answer.get("exports") or [{"failed": True, "msg": answer.get("msg")}] * len(requests)
