# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a user wants: options read, normalized and checked before ACM is called. Pure."""

from __future__ import annotations

import difflib
import hashlib
import json
import typing as t

from .._rules import tags as tag_rules
from .._rules.arns import check_arn, check_certificate_arn
from .._rules.errors import InvalidInput
from .._rules.names import (
    NEVER_ISSUED,
    base_name,
    check_domain_name,
    is_below,
    is_wildcard,
    plain,
    to_ascii,
)
from .._certificates.renewal_window import Window, parse_window

MAX_NAMES = 100  # with a raised quota; ACM itself refuses more than the account's quota (10 unless raised)
REVOCATION_REASONS = (
    "UNSPECIFIED",
    "KEY_COMPROMISE",
    "CA_COMPROMISE",
    "AFFILIATION_CHANGED",
    "SUPERCEDED",
    "SUPERSEDED",
    "CESSATION_OF_OPERATION",
    "CERTIFICATE_HOLD",
    "REMOVE_FROM_CRL",
    "PRIVILEGE_WITHDRAWN",
    "A_A_COMPROMISE",
)
# Options that identify the certificate of an item; all other options default to the task's.
IDENTITY_OPTIONS = ("certificate_arn", "domain_name", "subject_alternative_names", "name_tag")


class Wanted(t.NamedTuple):
    """One certificate as a user wants it. None: not given, so any value matches and nothing is changed."""

    state: str = "present"
    arn: t.Optional[str] = None
    domain_name: t.Optional[str] = None
    alternative_names: tuple[str, ...] = ()  # without domain_name, in the order given
    names_are_all: bool = False  # the user listed the other names, even if the list is empty
    name_tag: t.Optional[str] = None
    validation_method: t.Optional[str] = None
    authority_arn: t.Optional[str] = None
    key_algorithm: t.Optional[str] = None
    export: t.Optional[str] = None
    transparency_logging: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    root_hierarchy: t.Optional[str] = None
    usage: t.Optional[str] = None
    validation_domains: tuple[tuple[str, str], ...] = ()
    tags: t.Optional[dict[str, str]] = None
    purge_tags: bool = True
    publish: t.Optional[dict[str, t.Any]] = None
    wait: bool = False
    renew_before: t.Optional[Window] = None
    force_renewal: bool = False
    resend: bool = False
    revocation_reason: str = "UNSPECIFIED"
    replace: bool = False
    all_matching: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.domain_name, *self.alternative_names) if self.domain_name else ()

    @property
    def type(self) -> str:
        return "PRIVATE" if self.authority_arn else "AMAZON_ISSUED"

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.domain_name or self.arn or f"the tag Name={self.name_tag}"

    @property
    def is_missing(self) -> str:
        """That there is none, as the beginning of a sentence."""
        which = f"for {self.domain_name}" if self.domain_name else self.arn or f"with {self.label}"
        return f"There is no certificate {which}"

    @property
    def all_tags(self) -> t.Optional[dict[str, str]]:
        """The tags, including the name tag; None if tags are to be left alone."""
        if self.name_tag is None:
            return self.tags
        return {**(self.tags or {}), "Name": self.name_tag}

    @property
    def does_purge(self) -> bool:
        """Whether other tags are removed: only if tags were given at all."""
        return self.purge_tags and self.tags is not None

    def identity(self) -> tuple[t.Any, ...]:
        """Two items with the same identity mean the same certificate."""
        if self.arn:
            return (self.arn,)
        if not self.domain_name:
            return ("Name", self.name_tag)
        how = (self.type, self.authority_arn, self.key_algorithm, self.export, self.managed_by, self.root_hierarchy)
        return (frozenset(self.names), *how, self.usage, self.name_tag)


class Place(t.Protocol):
    """What is needed of _door.acm.Acm."""

    is_authority: bool
    region: str

    def takes(self, operation: str, member: str) -> bool: ...

    @property
    def private_cas(self) -> t.Callable[[], t.Mapping[str, str]]:
        """ARNs by name, if the place has names for its private CAs."""


def read(options: dict[str, t.Any]) -> Wanted:
    """Check the options of one certificate. Raises InvalidInput: one sentence, before ACM is called."""
    state = options.get("state") or "present"
    arn, ca = options.get("certificate_arn"), options.get("certificate_authority_arn")
    domain_name = options.get("domain_name")
    if arn:
        check_certificate_arn(arn)
    given = [name for name in options.get("subject_alternative_names") or () if name]
    if given and not domain_name:
        raise InvalidInput(
            "subject_alternative_names needs domain_name: give the certificate's first name as domain_name."
        )
    if not (arn or domain_name or options.get("name_tag")):
        raise InvalidInput("No certificate is specified: give certificate_arn, domain_name or name_tag.")
    first, others = _names(domain_name, given)
    algorithm = options.get("key_algorithm")
    choices = options.get("options") or {}
    reason = options.get("revocation_reason") or "UNSPECIFIED"
    window = options.get("renew_before")
    wanted = Wanted(
        state=state,
        arn=arn,
        domain_name=first,
        alternative_names=others,
        names_are_all=options.get("subject_alternative_names") is not None,
        name_tag=options.get("name_tag"),
        validation_method=options.get("validation_method"),
        authority_arn=ca,
        key_algorithm=algorithm,
        export=choices.get("export"),
        transparency_logging=choices.get("certificate_transparency_logging_preference"),
        managed_by=options.get("managed_by"),
        root_hierarchy=options.get("root_hierarchy_type"),
        usage=options.get("certificate_usage"),
        validation_domains=_validation_domains(options.get("domain_validation_options") or (), first, others),
        tags=None if options.get("tags") is None else tag_rules.check(options["tags"]),
        purge_tags=options.get("purge_tags") is not False,
        publish=_publish(options.get("publish")),
        wait=bool(options.get("wait")),
        renew_before=None if window is None else parse_window(window),
        force_renewal=bool(options.get("force_renewal")),
        resend=bool(options.get("resend_validation_email")),
        revocation_reason=reason,
        replace=bool(options.get("replace")),
        all_matching=bool(options.get("all_matching")),
    )
    if wanted.name_tag is not None:
        tag_rules.check({"Name": wanted.name_tag})
        if (wanted.tags or {}).get("Name", wanted.name_tag) != wanted.name_tag:
            raise InvalidInput("name_tag and the tag Name in tags are different: leave one of them out.")
        tag_rules.check(wanted.all_tags or {})
    _check_together(wanted)
    if state == "present":
        _check_reach(wanted)
    return wanted


def placed(wanted: Wanted, place: Place) -> Wanted:
    """The same for the task's region or authority. Raises InvalidInput for anything that is not available there."""
    if wanted.arn:
        check_certificate_arn(wanted.arn, place.region)
    if place.is_authority and (wanted.publish or {}).get("route53") is not None:
        raise InvalidInput(
            "publish.route53 needs AWS, but this task works with an embedded authority: use publish.rfc2136, "
            "or leave out publish."
        )
    if wanted.root_hierarchy and not place.takes("RequestCertificate", "RootHierarchyType"):
        raise InvalidInput("root_hierarchy_type needs a newer botocore: upgrade botocore to 1.44.8 or later.")
    if (
        wanted.managed_by == "CLOUDFRONT"
        and wanted.state == "present"
        and not wanted.arn
        and place.region != "us-east-1"
    ):
        raise InvalidInput(
            f"CloudFront uses certificates from us-east-1 only, and this task works in {place.region}: set "
            "region=us-east-1."
        )
    if not wanted.authority_arn:
        return wanted
    if place.is_authority and not wanted.authority_arn.startswith("arn:"):
        return wanted._replace(authority_arn=_private_ca(wanted.authority_arn, place.private_cas()))
    check_arn(wanted.authority_arn, "certificate_authority_arn", "acm-pca", "certificate-authority", place.region)
    return wanted


def _private_ca(name: str, arns: t.Mapping[str, str]) -> str:
    if name in arns:
        return arns[name]
    near = difflib.get_close_matches(name, arns, 1)
    hint = f"did you mean {near[0]}?" if near else "create one with certops.acm.acm_authority."
    raise InvalidInput(
        f"certificate_authority_arn is {name}, but the authority has no private CA with that name: {hint}"
    )


def request_members(wanted: Wanted, tags: t.Optional[dict[str, str]], spent: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """The parameters of RequestCertificate.

    spent: ARNs of earlier requests with the same parameters that are no longer of use (failed, timed out, to be
    replaced). They are part of the token, which otherwise would return the same certificate for an hour.
    """
    members: dict[str, t.Any] = {"DomainName": wanted.domain_name}
    if wanted.alternative_names:
        members["SubjectAlternativeNames"] = list(wanted.alternative_names)
    if wanted.authority_arn:
        members["CertificateAuthorityArn"] = wanted.authority_arn
    else:
        members["ValidationMethod"] = wanted.validation_method or "DNS"
    if wanted.validation_domains:
        members["DomainValidationOptions"] = [
            {"DomainName": name, "ValidationDomain": domain} for name, domain in wanted.validation_domains
        ]
    choices = {"CertificateTransparencyLoggingPreference": wanted.transparency_logging, "Export": wanted.export}
    if any(choices.values()):
        members["Options"] = {member: value for member, value in choices.items() if value}
    if wanted.key_algorithm:
        members["KeyAlgorithm"] = wanted.key_algorithm
    if wanted.managed_by:
        members["ManagedBy"] = wanted.managed_by
    if wanted.root_hierarchy:
        members["RootHierarchyType"] = wanted.root_hierarchy
    if wanted.usage:
        members["CertificateUsage"] = wanted.usage
    if tags:
        members["Tags"] = tag_rules.as_list(tags)
    members["IdempotencyToken"] = idempotency_token(members, spent)
    return members


def idempotency_token(members: dict[str, t.Any], spent: t.Iterable[str] = ()) -> str:
    """32 characters derived from all parameters: ACM itself ignores some of them (for example the CA's ARN)."""
    names = sorted([members["DomainName"], *members.get("SubjectAlternativeNames", ())])
    facts = {**members, "SubjectAlternativeNames": names, "spent": sorted(spent)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _names(domain_name: t.Optional[str], given: t.Sequence[str]) -> tuple[t.Optional[str], tuple[str, ...]]:
    if not domain_name:
        return None, ()
    first = check_domain_name(domain_name, first=True, option="domain_name")
    listed = [check_domain_name(name, option="subject_alternative_names") for name in given]
    others = tuple(name for name in dict.fromkeys(listed) if name != first)
    if 1 + len(others) > MAX_NAMES:
        raise InvalidInput(
            f"The certificate for {first} would have {1 + len(others)} names; ACM's limit is {MAX_NAMES}: "
            "distribute them over several certificates."
        )
    return first, others


def _validation_domains(
    given: t.Iterable[dict[str, t.Any]], first: t.Optional[str], others: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for option in given:
        name = to_ascii(option["domain_name"])
        domain = check_domain_name(option["validation_domain"], option="domain_validation_options.validation_domain")
        if first and name not in (first, *others):
            raise InvalidInput(f"domain_validation_options names {name}, which is not a name of this certificate.")
        if not is_below(base_name(name), domain):
            raise InvalidInput(
                f"validation_domain {domain} is neither {name} nor a parent domain of it: mail would go to a stranger."
            )
        pairs.append((name, domain))
    return tuple(pairs)


def _publish(given: t.Optional[dict[str, t.Any]]) -> t.Optional[dict[str, t.Any]]:
    if given is None:
        return None
    from .._validation import publishing

    publishing.publisher(given, _not_yet)  # checks the settings without connecting
    return {way: settings for way, settings in given.items() if settings is not None}


def _not_yet(service: str) -> t.NoReturn:
    raise AssertionError(f"{service} is used only when records are published")


def _check_reach(wanted: Wanted) -> None:
    """Whether somebody can prove control over the names, and whether the records can be published."""
    if not wanted.authority_arn:
        for name in wanted.names:
            owned = next((domain for domain in NEVER_ISSUED if is_below(base_name(name), domain)), None)
            if owned:
                raise InvalidInput(
                    f"{name} belongs to AWS, and ACM issues no public certificate below {owned}: "
                    "use a name in your own domain."
                )
    zone = ((wanted.publish or {}).get("rfc2136") or {}).get("zone")
    if zone:
        outside = next((name for name in wanted.names if not is_below(base_name(name), plain(zone))), None)
        if outside:
            raise InvalidInput(
                f"publish.rfc2136.zone is {zone}, which does not contain {outside}: "
                "leave it out to find the zone of each name automatically."
            )


def _check_together(wanted: Wanted) -> None:
    """Options that may be given, but not together."""
    if wanted.authority_arn:
        for option, value in (
            ("validation_method", wanted.validation_method),
            ("options.export", wanted.export),
            ("managed_by", wanted.managed_by),
            ("root_hierarchy_type", wanted.root_hierarchy),
            ("certificate_usage", wanted.usage),
            ("publish", wanted.publish),
            ("domain_validation_options", wanted.validation_domains),
        ):
            if value:
                raise InvalidInput(
                    f"{option} is for public certificates, but certificate_authority_arn requests a private "
                    "certificate: leave one of them out."
                )
    if wanted.usage and not wanted.root_hierarchy:
        raise InvalidInput("certificate_usage is for Amazon N2 certificates: set root_hierarchy_type with it.")
    if wanted.root_hierarchy and wanted.validation_method in ("EMAIL", "HTTP"):
        raise InvalidInput(
            f"validation_method is {wanted.validation_method}, but certificates with root_hierarchy_type are validated "
            "by DNS only: leave one of them out."
        )
    if wanted.usage == "CLIENT_AUTH_ONLY" and wanted.root_hierarchy != "N2_AMAZON_MANAGED":
        raise InvalidInput("certificate_usage=CLIENT_AUTH_ONLY needs root_hierarchy_type=N2_AMAZON_MANAGED.")
    if wanted.managed_by and wanted.validation_method in ("DNS", "EMAIL"):
        raise InvalidInput("managed_by requires validation_method=HTTP: leave it out or validate by HTTP.")
    if wanted.validation_method == "HTTP":
        if wanted.state == "present" and wanted.domain_name and not wanted.managed_by:
            raise InvalidInput(
                "validation_method=HTTP works only for CloudFront: set managed_by=CLOUDFRONT, or use DNS."
            )
        wildcard = next((name for name in wanted.names if is_wildcard(name)), None)
        if wildcard:
            raise InvalidInput(f"{wildcard} cannot be validated by HTTP: ACM validates wildcards by DNS or e-mail.")
    if wanted.validation_domains and wanted.validation_method != "EMAIL" and not wanted.resend:
        raise InvalidInput(
            "domain_validation_options is for validation by e-mail: set validation_method=EMAIL with it."
        )
    if wanted.publish and wanted.validation_method in ("EMAIL", "HTTP"):
        raise InvalidInput(
            f"publish is for DNS validation, but validation_method is {wanted.validation_method}: leave one of them "
            "out."
        )
    if wanted.revocation_reason not in REVOCATION_REASONS:
        raise InvalidInput(f"revocation_reason {wanted.revocation_reason!r} is unknown to ACM.")
    if wanted.replace and not wanted.domain_name and wanted.state == "present":
        raise InvalidInput("replace needs domain_name: a replacement is requested by its names.")
