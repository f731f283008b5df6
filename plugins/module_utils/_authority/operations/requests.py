# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RequestCertificate and ImportCertificate: the operations that make certificates (ACM.md §2 to §5, §11, §12)."""

from __future__ import annotations

import hashlib
import json
import typing as t
from datetime import timedelta

from ..._x509 import pem
from ..issuing import issuance
from ..lifecycle import events, state
from ..signing import issuer
from .call import Call, Fault
from ..lifecycle.state import Certificate, DomainValidation
from ..store.transactions import LeafRow, Transaction
from .tags import check_tags, tag_dict
from ..._rules.errors import InvalidInput
from ..._rules.names import check_domain_name, is_wildcard, to_ascii

YEAR_DAYS = 365


# ---------------------------------------------------------------- RequestCertificate


def request_certificate(call: Call) -> dict[str, t.Any]:
    forbidden = call.settings.forbids(call.request)
    if forbidden:
        raise Fault("AccessDeniedException", f"The authority's request policy does not allow this {forbidden}.")
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
        answer = _answered(call, tx, token) if token is not None else None  # the same request, side by side
        if answer:
            call.answer = answer
            return answer
        _check_quota(call, tx, certificate)
        if signed:
            issuance.store_first(call.authority, tx, certificate, signed, call.now, tags)
        else:
            call.authority.save(tx, certificate, call.now, tags)
        tx.count_up("REQUESTS", _day(call))
        call.answer = {"CertificateArn": certificate.arn}
        if token is not None:
            tx.remember(call.operation, token, _fingerprint(call.request), certificate.arn, call.now)
    if any(each.method == "EMAIL" for each in certificate.validations):
        issuance.validate(call.authority, certificate)  # the mails leave now, not at the first look
    return call.answer


def _wanted(call: Call) -> Certificate:
    """The certificate that the request describes, checked."""
    request, settings = call.request, call.settings
    names = _names(call)
    options = request.get("Options") or {}
    ca_arn = request.get("CertificateAuthorityArn")
    algorithm = request.get("KeyAlgorithm", "RSA_2048")
    if algorithm not in settings.request_key_algorithms:
        allowed = ", ".join(settings.request_key_algorithms)
        raise Fault(
            "InvalidParameterException",
            f"A certificate with a key of the kind {algorithm} cannot be requested: {allowed}.",
        )
    method = None if ca_arn else request.get("ValidationMethod", "EMAIL")
    managed_by = request.get("ManagedBy")
    if (method == "HTTP") != (managed_by == "CLOUDFRONT"):
        raise Fault("InvalidParameterException", "Validation by HTTP and ManagedBy=CLOUDFRONT go together only.")
    if method == "HTTP" and any(is_wildcard(name) for name in names):
        raise Fault("InvalidParameterException", "A wildcard name cannot be validated by HTTP.")
    if ca_arn and options.get("Export"):
        # Code and words as the service's own, as those of a re-import with tags are.
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
        # ACM answers ENABLED for private ones, which can always be exported.
        export_option="ENABLED" if ca_arn else options.get("Export", "DISABLED"),
        transparency=options.get("CertificateTransparencyLoggingPreference", "ENABLED"),
        managed_by=managed_by,
        validations=_validations(call, names, method) if method else (),
    )
    if method:
        fault = next((fault for fault in map(settings.domain_fault, names) if fault), None)
        if fault:
            certificate = state.failed(certificate, fault, call.now)
    return certificate


def _names(call: Call) -> list[str]:
    """The names in the request's order, the domain first, none twice."""
    wanted = [call.request["DomainName"], *call.request.get("SubjectAlternativeNames", [])]
    names: list[str] = []
    for name in wanted:
        try:
            plain = check_domain_name(name, first=not names)
        except InvalidInput as error:
            raise Fault("InvalidParameterException", str(error)) from None
        if plain not in names:
            names.append(plain)
    if len(names) > call.settings.max_names:
        raise Fault(
            "LimitExceededException", f"A certificate has at most {call.settings.max_names} names, not {len(names)}."
        )
    return names


def _validations(call: Call, names: t.Sequence[str], method: str) -> tuple[DomainValidation, ...]:
    domains = {}
    for option in call.request.get("DomainValidationOptions", []):
        name, domain = to_ascii(option["DomainName"]), to_ascii(option["ValidationDomain"])
        if name not in names:
            raise Fault("InvalidDomainValidationOptionsException", f"{name} is no name of the request.")
        check_validation_domain(name, domain)
        domains[name] = domain
    return tuple(DomainValidation(name, method, validation_domain=domains.get(name, name)) for name in names)


def check_validation_domain(name: str, domain: str) -> None:
    """A validation domain is the name itself or a superdomain of it."""
    if not (name == domain or name.endswith("." + domain)):
        raise Fault("InvalidDomainValidationOptionsException", f"{domain} is neither {name} nor a superdomain of it.")


def _fingerprint(request: t.Mapping[str, t.Any]) -> str:
    members = {name: value for name, value in request.items() if name != "IdempotencyToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


def _answered(call: Call, tx: Transaction, token: str) -> t.Optional[dict[str, t.Any]]:
    since = call.now - timedelta(minutes=call.settings.idempotency_minutes)
    before = tx.answered(call.operation, token, since)
    if before is None:
        return None
    if before[0] != _fingerprint(call.request):
        raise Fault("InvalidParameterException", f"The idempotency token {token} was used with other parameters.")
    return {"CertificateArn": before[1]}


# ---------------------------------------------------------------- ImportCertificate


def import_certificate(call: Call) -> dict[str, t.Any]:
    from ..._x509 import import_rules  # of use to few calls

    request = call.request
    arn = request.get("CertificateArn")
    if arn and request.get("Tags"):
        raise Fault("ValidationException", "Tagging is not permitted on re-import.")
    tags = tag_dict(request.get("Tags", []))
    check_tags(tags, tags, call.settings)
    try:
        material = import_rules.check_import(
            request["Certificate"], request["PrivateKey"], request.get("CertificateChain"), call.now
        )
    except InvalidInput as error:
        raise Fault("ValidationException", str(error)) from None
    facts = issuer.leaf_facts(material.certificate)
    identifier = call.identifier() if arn else call.authority.parts.new_id()
    row = LeafRow(
        serial=facts.serial,
        ca_id=None,
        der=issuer.certificate_der(material.certificate),
        chain=pem.chain_pem(material.chain) or None,
        sealed_key=call.authority.vault.seal(
            issuer.key_der(material.private_key), f"certificate {identifier} {facts.serial}"
        ),
    )
    wanted = Certificate(
        id=identifier,
        arn=call.authority.arn("acm", f"certificate/{identifier}"),
        type=state.IMPORTED,
        key_algorithm=pem.key_algorithm(material.certificate.public_key()),
        created_at=call.now,
        imported_at=call.now,
        names=tuple(name.lower() for name in pem.domain_names(material.certificate)),
        leaf=facts,
    )
    with call.write() as tx:
        if arn:
            done = _reimported(call, tx, wanted, material)
            call.authority.save(tx, done, call.now)
        else:
            done = wanted
            _check_quota(call, tx, done)
            tx.count_up("IMPORTS", _day(call))
            call.authority.save(tx, done, call.now, tags)
        tx.put_leaf(done, row)
        call.authority.tell(tx, events.AVAILABLE, done, call.now, Action="REIMPORT" if arn else "IMPORT")
        call.answer = {"CertificateArn": done.arn}
    return call.answer


def _reimported(call: Call, tx: Transaction, wanted: Certificate, material: t.Any) -> Certificate:
    """The present certificate with the new leaf; ACM.md §5 says what may differ."""
    from ..._x509 import import_rules  # of use to few calls

    present = call.certificate(tx)
    if present.type != state.IMPORTED:
        raise Fault(
            "ValidationException", f"The certificate {present.arn} was not imported: nothing can be imported over it."
        )
    row = t.cast(LeafRow, tx.leaf(present.id))
    try:
        import_rules.check_reimport(pem.parse_certificate(row.der), material.certificate)
    except InvalidInput as error:
        raise Fault("ValidationException", str(error)) from None
    return present._replace(names=wanted.names, leaf=wanted.leaf, imported_at=call.now, noticed_at=None)


# ---------------------------------------------------------------- quotas (ACM.md §11)


def _check_quota(call: Call, tx: Transaction, certificate: Certificate) -> None:
    settings = call.settings
    since = _day(call) - YEAR_DAYS
    if certificate.type == state.IMPORTED:
        held, most = tx.count(state.IMPORTED), settings.quota_imported
        made, most_a_year, doing = tx.count("IMPORTS", since), settings.quota_imports_a_year, "imported"
    elif certificate.type == state.AMAZON_ISSUED:
        held, most = tx.count(state.AMAZON_ISSUED), settings.quota_certificates
        made, most_a_year, doing = tx.count("REQUESTS", since), settings.quota_requests_a_year, "requested"
    else:
        held, most = 0, 1
        made, most_a_year, doing = tx.count("REQUESTS", since), settings.quota_requests_a_year, "requested"
    place = f"account {call.authority.place.account_id} in {call.authority.region}"
    if held >= most:
        raise Fault("LimitExceededException", f"The {place} holds {held} {doing} certificates, and {most} are allowed.")
    if made >= most_a_year:
        raise Fault(
            "LimitExceededException",
            f"The {place} {doing} {made} certificates in a year, and {most_a_year} are allowed.",
        )


def _day(call: Call) -> int:
    return int(call.now.timestamp() // 86400)
