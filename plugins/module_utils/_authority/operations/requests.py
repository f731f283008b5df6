# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RequestCertificate (acm-rules §2 to §4, §11, §12) and ResendValidationEmail."""

from __future__ import annotations

import hashlib
import json
import typing as t
from datetime import timedelta

from ..._rules.key_algorithms import DEFAULT_KEY_ALGORITHM
from ..issuing import issuance
from ..lifecycle import refused_domains, state
from . import quotas
from .call import OPTIONS, Call, Fault, Operation
from ..lifecycle.state import Certificate, DomainValidation
from ..store.transactions import Transaction
from .tags import check_tags, tag_dict
from ..._rules.errors import InvalidInput
from ..._rules.names import MAX_FIRST_NAME_OCTETS, check_domain_name, is_below, is_wildcard, to_ascii

CLOUDFRONT_REGION = "us-east-1"


def request_certificate(call: Call) -> dict[str, t.Any]:
    forbidden = call.settings.forbids(call.request)
    if forbidden:
        place = call.authority.place
        raise Fault(
            "AccessDeniedException",
            f"User: {call.caller.arn(place)} is not authorized to perform: acm:RequestCertificate on resource: "
            f"{call.authority.arn('acm', 'certificate/*')} with an explicit deny in a service control policy: the "
            f"setting request_policy does not allow this {forbidden}.",
        )
    certificate = _wanted(call)
    tags = tag_dict(call.request.get("Tags", []))
    check_tags(tags, tags, call.settings)
    token = call.request.get("IdempotencyToken")
    if token is not None:
        with call.read() as tx:
            answer = _answered(call, tx, token)
        if answer:
            return answer
    signed = None
    if certificate.type == state.PRIVATE:
        try:
            signed = issuance.sign(call.authority, certificate, call.now, call.settings)
        except issuance.CannotSign as error:
            certificate = state.failed(certificate, error.reason, call.now)
    with call.write() as tx:
        answer = _answered(call, tx, token) if token is not None else None  # the same request at the same time
        if answer:
            call.answer = answer
            return answer
        quotas.check(call, tx, certificate)
        if signed:
            issuance.store_first(call.authority, tx, certificate, signed, call.now, tags)
        else:
            call.authority.save(tx, certificate, call.now, tags)
        quotas.count(call, tx, certificate)
        call.answer = {"CertificateArn": certificate.arn}
        if token is not None:
            tx.remember(call.operation, token, _fingerprint(call.request), certificate.arn, call.now)
    if any(each.method == "EMAIL" for each in certificate.validations):
        issuance.validate(call.authority, certificate)  # the mails are sent now, not at the first check
    return call.answer


def resend_validation_email(call: Call) -> dict[str, t.Any]:
    from ..issuing import validation  # loads the code for DNS and mail, which few calls need

    name, domain = to_ascii(call.request["Domain"]), to_ascii(call.request["ValidationDomain"])
    certificate = call.certificate()
    options = {each.name: each for each in _open_validations(call, certificate)}
    if name not in options:
        raise Fault(
            "InvalidDomainValidationOptionsException", f"{name} is not a name of the certificate {certificate.arn}."
        )
    _check_validation_domain(name, domain)
    if options[name].method != "EMAIL" or options[name].status != state.PENDING:
        raise Fault("InvalidStateException", f"{name} is not waiting for validation by e-mail.")
    validation.send_mail(call.authority, call.settings, certificate, name, domain, call.now)
    return {}


def _wanted(call: Call) -> Certificate:
    """The certificate that the request describes, checked."""
    request, settings = call.request, call.settings
    names = _names(call)
    options = request.get("Options") or {}
    ca_arn = request.get("CertificateAuthorityArn")
    algorithm = request.get("KeyAlgorithm", DEFAULT_KEY_ALGORITHM)
    if algorithm not in settings.request_key_algorithms:
        allowed = ", ".join(settings.request_key_algorithms)
        raise Fault(
            "InvalidParameterException", f"KeyAlgorithm {algorithm} is not supported for requests: use {allowed}."
        )
    method = None if ca_arn else request.get("ValidationMethod", "EMAIL")
    managed_by = request.get("ManagedBy")
    if (method == "HTTP") != (managed_by == "CLOUDFRONT"):
        raise Fault("InvalidParameterException", "ValidationMethod HTTP needs ManagedBy CLOUDFRONT, and vice versa.")
    if managed_by == "CLOUDFRONT" and call.authority.region != CLOUDFRONT_REGION:
        raise Fault(
            "InvalidParameterException",
            f"CloudFront uses certificates from {CLOUDFRONT_REGION} only, and this is {call.authority.region}.",
        )
    if method == "HTTP" and any(is_wildcard(name) for name in names):
        raise Fault("InvalidParameterException", "A wildcard name cannot be validated by HTTP.")
    if "ValidationMethod" in options:
        raise Fault(
            "ValidationException",
            "Options.ValidationMethod is for existing certificates: use ValidationMethod in a request.",
        )
    _check_root_hierarchy(request, method)
    if ca_arn and options:
        # The service's own code and words, as for a re-import with tags.
        raise Fault(
            "ValidationException",
            "One or more of the options specified in the request are not supported for PRIVATE certificate types",
        )
    identifier = call.authority.parts.new_id()
    certificate = Certificate(
        id=identifier,
        arn=call.authority.arn("acm", f"certificate/{identifier}"),
        type=state.PRIVATE if ca_arn else state.AMAZON_ISSUED,
        key_algorithm=algorithm,
        created_at=call.now,
        names=tuple(names),
        validation_method=method,
        ca_arn=ca_arn,
        # ACM returns ENABLED for private certificates, which can always be exported.
        export_option="ENABLED" if ca_arn else options.get("Export", "DISABLED"),
        transparency=options.get("CertificateTransparencyLoggingPreference", "ENABLED"),
        managed_by=managed_by,
        validations=_validations(call, names, method) if method else (),
        root_hierarchy=request.get("RootHierarchyType"),
        usage=request.get("CertificateUsage", "CLIENT_AND_SERVER_AUTH") if request.get("RootHierarchyType") else None,
    )
    return _judged(call, certificate) if method else certificate


def _check_root_hierarchy(request: t.Mapping[str, t.Any], method: t.Optional[str]) -> None:
    """What an Amazon N2 certificate may be (API reference, RequestCertificate)."""
    hierarchy, usage = request.get("RootHierarchyType"), request.get("CertificateUsage")
    if usage and not hierarchy:
        raise Fault("ValidationException", "CertificateUsage can be specified only with a RootHierarchyType.")
    if not hierarchy:
        return
    if request.get("CertificateAuthorityArn"):
        raise Fault("ValidationException", "RootHierarchyType cannot be specified with CertificateAuthorityArn.")
    if method != "DNS":
        raise Fault(
            "ValidationException", f"A certificate with RootHierarchyType {hierarchy} is validated by DNS only."
        )
    if usage == "CLIENT_AUTH_ONLY" and hierarchy != "N2_AMAZON_MANAGED":
        raise Fault("ValidationException", f"CertificateUsage {usage} is valid for N2_AMAZON_MANAGED only.")


def _judged(call: Call, certificate: Certificate) -> Certificate:
    """The certificate, failed if it can never be issued for one of its names; the other names stay as they are."""
    faults = [
        call.settings.failure_reason(name) or refused_domains.domain_fault(name, call.settings)
        for name in certificate.names
    ]
    reason = next(filter(None, faults), None)
    if reason is None:
        return certificate
    validations = tuple(
        validation._replace(status=state.FAILED) if fault else validation
        for validation, fault in zip(certificate.validations, faults)
    )
    return state.failed(certificate._replace(validations=validations), reason, call.now)


def _names(call: Call) -> list[str]:
    """The names in the request's order, the domain name first, without duplicates."""
    wanted = [call.request["DomainName"], *call.request.get("SubjectAlternativeNames", [])]
    names: list[str] = []
    for name in wanted:
        try:
            if not names and len(to_ascii(name)) > MAX_FIRST_NAME_OCTETS:
                raise Fault(
                    "InvalidDomainValidationOptionsException",
                    "The first domain name can be no longer than 64 characters.",
                )
            plain = check_domain_name(name)
        except InvalidInput as error:
            raise Fault("InvalidParameterException", str(error)) from None
        if plain not in names:
            names.append(plain)
    if len(names) > call.settings.max_names:
        raise Fault("LimitExceededException", "Certificate has too many domains.")
    return names


def _validations(call: Call, names: t.Sequence[str], method: str) -> tuple[DomainValidation, ...]:
    domains = {}
    for option in call.request.get("DomainValidationOptions", []):
        name, domain = to_ascii(option["DomainName"]), to_ascii(option["ValidationDomain"])
        if name not in names:
            raise Fault("InvalidDomainValidationOptionsException", f"{name} is not a name of the request.")
        _check_validation_domain(name, domain)
        domains[name] = domain
    return tuple(DomainValidation(name, method, validation_domain=domains.get(name, name)) for name in names)


def _check_validation_domain(name: str, domain: str) -> None:
    """A validation domain is the name itself or a superdomain of it."""
    if not is_below(name, domain):
        raise Fault("InvalidDomainValidationOptionsException", f"{domain} is neither {name} nor a superdomain of it.")


def _open_validations(call: Call, certificate: Certificate) -> t.Sequence[DomainValidation]:
    """The validations in progress: of the request, or of an open renewal."""
    if state.status(certificate, call.now, call.settings) == "PENDING_VALIDATION":
        return certificate.validations
    if certificate.renewal and state.is_renewal_open(certificate):
        return certificate.renewal.validations
    raise Fault("InvalidStateException", f"The certificate {certificate.arn} is not waiting for validation.")


def _fingerprint(request: t.Mapping[str, t.Any]) -> str:
    members = {name: value for name, value in request.items() if name != "IdempotencyToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


def _answered(call: Call, tx: Transaction, token: str) -> t.Optional[dict[str, t.Any]]:
    """The answer to the same request with the same token, as long as the certificate from that request exists."""
    since = call.now - timedelta(minutes=call.settings.idempotency_minutes)
    fingerprint = _fingerprint(call.request)
    for request, arn in tx.answered(call.operation, token, since):
        if tx.certificate(arn.rpartition("/")[2]) is None:
            continue
        if request == fingerprint:
            return {"CertificateArn": arn}
        if call.settings.idempotency_one_request:
            raise Fault("InvalidParameterException", f"The idempotency token {token} was used with other parameters.")
    return None


OPERATIONS = {
    "RequestCertificate": Operation(
        request_certificate,
        ("DomainName", "ValidationMethod", "SubjectAlternativeNames", "IdempotencyToken", "DomainValidationOptions")
        + ("Options", *OPTIONS, "CertificateAuthorityArn", "Tags", "KeyAlgorithm", "ManagedBy")
        + ("CertificateUsage", "RootHierarchyType"),
    ),
    "ResendValidationEmail": Operation(resend_validation_email, ("CertificateArn", "Domain", "ValidationDomain")),
}
