# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a name does not validate: checks DNS, CAA, mail and web as ACM would, and names the mistake (acm-rules §3)."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._net import resolver as dns_door
from .._net.caa import permission
from .._net.fetcher import Fetch, same_url
from .._rules.names import ACM_ISSUERS, base_name, plain
from .._net.resolver import Asks, Lookup
from .._validation.proof_records import Detail

LONGEST_CHAIN = 5  # acm-rules §3
NAMES_AT_ONCE = 8
SILENCES = 3  # after this many questions without a single answer, a resolver counts as not answering

# The possible problems of a finding.
PROBLEMS = (
    "record_not_told",
    "record_missing",
    "record_doubled",
    "record_without_underscore",
    "record_flattened",
    "record_wrong_type",
    "record_private",
    "value_wrong",
    "value_with_zone",
    "value_with_dot",
    "chain_too_long",
    "zone_undelegated",
    "zone_broken",
    "resolver_silent",
    "resolver_refuses",
    "caa_forbids",
    "caa_unknown",
    "mail_impossible",
    "mail_unknown",
    "redirect_not_told",
    "redirect_wrong",
    "redirect_unreachable",
)


class Finding(t.NamedTuple):
    """domain_name: of the certificate. problem: one of PROBLEMS. message, remedy: one sentence each."""

    domain_name: str
    problem: str
    message: str
    remedy: str


def diagnose(
    detail: Detail,
    resolver: Asks,
    fetch: t.Optional[Fetch] = None,
    *,
    inside: t.Optional[Asks] = None,
    issuers: t.Sequence[str] = ACM_ISSUERS,
) -> list[dict[str, str]]:
    """Everything that keeps the names of a public certificate from being validated, now or at the next renewal.

    detail: from DescribeCertificate. resolver: must see what ACM sees, that is, public DNS. inside: this machine's
    resolver, to recognize records in a private zone. fetch: for HTTP validation, which is not checked without it.
    Returns {domain_name, problem, message, remedy}, in the order of the certificate's names; empty if all is well."""
    return diagnose_each([detail], resolver, fetch, inside=inside, issuers=issuers)[0]


def diagnose_each(
    details: t.Sequence[Detail],
    resolver: Asks,
    fetch: t.Optional[Fetch] = None,
    *,
    inside: t.Optional[Asks] = None,
    issuers: t.Sequence[str] = ACM_ISSUERS,
) -> list[list[dict[str, str]]]:
    """diagnose() for many certificates: no question is asked twice, and names are checked in parallel."""
    examine = _Examination(_Once(resolver), _Once(inside) if inside else None, fetch, tuple(issuers))
    options = [
        (number, option)
        for number, detail in enumerate(details)
        if detail.get("Type", "AMAZON_ISSUED") == "AMAZON_ISSUED"
        for option in detail.get("DomainValidationOptions") or ()
    ]
    found: list[list[dict[str, str]]] = [[] for _detail in details]
    if options:
        with ThreadPoolExecutor(max_workers=min(NAMES_AT_ONCE, len(options))) as pool:
            for (number, _option), findings in zip(
                options, pool.map(examine.option, [option for _number, option in options])
            ):
                found[number] += [finding._asdict() for finding in findings]
    return found


class _Once:
    """Asks every question once, since names share parents and wildcards share records. A resolver that never answers is
    not asked again."""

    def __init__(self, resolver: Asks) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, str], Lookup] = {}
        self._silences = 0
        self._has_spoken = False

    def lookup(self, name: str, rdtype: str) -> Lookup:
        question = (name, rdtype)
        if question not in self._known:
            if self._silences >= SILENCES and not self._has_spoken:
                return Lookup(dns_door.TIMEOUT, detail="The name servers did not answer any question.")
            found = self._known[question] = self._resolver.lookup(name, rdtype)
            if found.status == dns_door.TIMEOUT:
                self._silences += 1
            else:
                self._has_spoken = True
        return self._known[question]


class _Examination(t.NamedTuple):
    resolver: Asks
    inside: t.Optional[Asks]
    fetch: t.Optional[Fetch]
    issuers: tuple[str, ...]

    def option(self, option: Detail) -> list[Finding]:
        """The findings for one of DomainValidationOptions."""
        name = option.get("DomainName") or ""
        method = option.get("ValidationMethod", "DNS")
        look = {"DNS": self._record, "EMAIL": self._mail, "HTTP": self._redirect}.get(method)
        first = look(name, option) if look and name else None
        return [finding for finding in (first, self._caa(name) if name else None) if finding]

    # DNS

    def _record(self, name: str, option: Detail) -> t.Optional[Finding]:
        record = option.get("ResourceRecord") or {}
        if not record.get("Name") or not record.get("Value"):
            message = f"ACM has not provided the DNS record for {name} yet."
            return Finding(name, "record_not_told", message, "Wait a few seconds, then read the certificate again.")
        owner, value = plain(record["Name"]), plain(record["Value"])
        accepted = (value, value[1:] if value.startswith("_") else value)
        chain = [owner]
        while True:
            found = self.resolver.lookup(chain[-1], "CNAME")
            if not found.is_certain and len(chain) == 1:
                return self._uncertain(name, owner, found)
            if not found.records:
                break
            chain.append(found.records[0])
            if chain[-1] in accepted or len(set(chain)) < len(chain) or len(chain) > 2 * LONGEST_CHAIN + 1:
                break
        if chain[-1] in accepted and len(chain) - 1 <= LONGEST_CHAIN:
            return None
        if len(chain) - 1 > LONGEST_CHAIN or len(set(chain)) < len(chain):
            message = f"{owner} reaches its value through more than {LONGEST_CHAIN} CNAME records, or not at all."
            return Finding(name, "chain_too_long", message, f"Point {owner} directly to {value}.")
        if len(chain) == 1:
            return self._missing(name, owner, value, found)
        return self._wrong_value(name, owner, value, chain[1])

    def _uncertain(self, name: str, owner: str, found: Lookup) -> Finding:
        if found.status == dns_door.SERVFAIL:
            remedy = "Check the delegation (NS records, glue) and DNSSEC of the zone; its name servers must answer."
            return Finding(name, "zone_broken", f"The zone of {owner} cannot be used. {found.detail}", remedy)
        if found.status == dns_door.REFUSED:
            remedy = "Use a resolver that answers for all names, or the name server of the zone."
            return Finding(name, "resolver_refuses", f"{owner} cannot be looked up. {found.detail}", remedy)
        remedy = "Check the name servers and the firewall in front of them; DNS needs UDP and TCP port 53."
        return Finding(name, "resolver_silent", f"{owner} cannot be looked up. {found.detail}", remedy)

    def _missing(self, name: str, owner: str, value: str, found: Lookup) -> Finding:
        undelegated = self._undelegated(base_name(name)) if found.status == dns_door.NXDOMAIN else None
        put = f"Publish this record in the public zone of {base_name(name)}: {owner} CNAME {value}."
        if self.inside is not None and self.inside.lookup(owner, "CNAME").records:
            message = f"{owner} exists inside this network, but not in public DNS."
            return Finding(name, "record_private", message, f"ACM never looks in private zones. {put}")
        if undelegated:
            message = f"Public DNS does not know {undelegated}: it is not registered, not delegated, or a private zone."
            remedy = f"Register {undelegated} and set its name servers at the registrar, or use a private CA."
            return Finding(name, "zone_undelegated", message, remedy)
        for parent in _parents(base_name(name)):
            doubled = f"{owner}.{parent}"
            if self.resolver.lookup(doubled, "CNAME").records:
                message = f"The record is at {doubled}: the provider appended {parent} to a name that already had it."
                remedy = f"Give the provider only {owner[: -len(parent) - 1]} as the name."
                return Finding(name, "record_doubled", message, remedy)
        if owner.startswith("_") and self.resolver.lookup(owner[1:], "CNAME").records:
            message = f"The record is at {owner[1:]}, without the leading underscore of its name."
            remedy = (
                "Only the value may lose its underscore: use a provider that allows underscores in names, or e-mail "
                "validation."
            )
            return Finding(name, "record_without_underscore", message, remedy)
        if found.status == dns_door.NODATA:
            for rdtype in ("A", "AAAA"):
                if self.resolver.lookup(owner, rdtype).records:
                    message = f"{owner} answers with addresses: the provider proxies or flattens the CNAME record."
                    return Finding(name, "record_flattened", message, 'Switch that record to "DNS only" (no proxy).')
            if self.resolver.lookup(owner, "TXT").records:
                message = f"{owner} has a TXT record where a CNAME is needed."
                return Finding(name, "record_wrong_type", message, f"Replace it: {owner} CNAME {value}.")
        return Finding(name, "record_missing", f"{owner} has no CNAME record.", put)

    def _undelegated(self, base: str) -> str:
        """The highest domain of `base` that does not exist, if only a top-level domain is above it; otherwise ""."""
        missing = ""
        labels = base.split(".")
        for start in range(len(labels)):
            candidate = ".".join(labels[start:])
            if self.resolver.lookup(candidate, "SOA").status != dns_door.NXDOMAIN:
                return missing if start >= len(labels) - 1 else ""
            missing = candidate if start < len(labels) - 1 else missing
        return missing

    @staticmethod
    def _wrong_value(name: str, owner: str, value: str, target: str) -> Finding:
        message = f"{owner} leads to {target} instead of {value}."
        if target.replace("\\.", ".").rstrip(".") == value:
            return Finding(name, "value_with_dot", message, "Give the provider the value without its last dot.")
        if any(target == f"{value}.{parent}" for parent in _parents(owner)):
            return Finding(name, "value_with_zone", message, "Give the provider the value with a dot at its end.")
        return Finding(name, "value_wrong", message, f"Set the value to {value}. It differs from account to account.")

    # CAA, mail, web

    def _caa(self, name: str) -> t.Optional[Finding]:
        is_given, why = permission(name, self.issuers, self.resolver)
        if is_given:
            return None
        if is_given is None:
            remedy = "ACM does not issue without a definite answer: check the name servers of the zone."
            return Finding(name, "caa_unknown", why, remedy)
        tag = "issuewild" if "(issuewild)" in why else "issue"
        return Finding(name, "caa_forbids", why, f'Add the CAA record 0 {tag} "{self.issuers[0]}" there.')

    def _mail(self, name: str, option: Detail) -> t.Optional[Finding]:
        addresses = option.get("ValidationEmails") or ()
        domain = addresses[0].partition("@")[2] if addresses else base_name(option.get("ValidationDomain") or name)
        found = self.resolver.lookup(domain, "MX")
        if not found.is_certain:
            message = f"The MX records of {domain} cannot be looked up. {found.detail}"
            return Finding(name, "mail_unknown", message, "Check the name servers of the zone.")
        if any(record.exchange for record in found.records):
            return None
        message = f"{domain} does not accept mail: it has {'only the null' if found.records else 'no'} MX record."
        remedy = (
            "Add an MX record, give a parent domain as validation_domain, or request a new certificate with DNS "
            "validation."
        )
        return Finding(name, "mail_impossible", message, remedy)

    def _redirect(self, name: str, option: Detail) -> t.Optional[Finding]:
        redirect = option.get("HttpRedirect") or {}
        start, end = redirect.get("RedirectFrom"), redirect.get("RedirectTo")
        if not start or not end:
            message = f"ACM has not provided the redirect for {name} yet."
            return Finding(name, "redirect_not_told", message, "Wait a few seconds, then read the certificate again.")
        if self.fetch is None:
            return None
        page = self.fetch(start)
        remedy = f"Make {start} answer 302 with Location {end}."
        if not page.status:
            return Finding(name, "redirect_unreachable", f"{start} cannot be read. {page.detail}", remedy)
        if page.status == 302 and same_url(page.location, end):
            return None
        if page.status == 200:
            wanted = self.fetch(end)
            if wanted.status == 200 and wanted.body.strip() == page.body.strip():
                return None
            return Finding(name, "redirect_wrong", f"{start} does not have the same content as {end}.", remedy)
        leads = f" and leads to {page.location}" if page.location else ""
        return Finding(name, "redirect_wrong", f"{start} answers {page.status}{leads}.", remedy)


def _parents(name: str) -> list[str]:
    """`name` and the domains above it, without the top-level domain."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
