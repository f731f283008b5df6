# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM's operations (ACM.md §1): one function each that checks, acts in one transaction, and answers.

RequestCertificate and ImportCertificate, which make certificates, are in making.py; the lists are in listing.py.
"""

from __future__ import annotations

import logging
import typing as t
from datetime import timedelta

from ..._x509 import pem
from ..issuing import issuance, renewal
from ..lifecycle import events, state as lifecycle
from . import answers, lists, requests
from ..signing import issuer
from .call import Call, Fault
from ..lifecycle.state import Certificate
from ..store.transactions import StoreError
from .tags import check_tags, tag_dict
from ..._rules.errors import InvalidInput
from ..._rules.names import to_ascii
from ..._rules.passphrases import check_passphrase

log = logging.getLogger(__name__)


def _current(call: Call) -> Certificate:
    """The certificate after whatever is due for it has been done: no daemon is needed to issue or renew."""
    certificate = call.certificate()
    certificate = issuance.validate(call.authority, certificate)
    return renewal.attempt(call.authority, certificate)


def describe_certificate(call: Call) -> dict[str, t.Any]:
    certificate = _current(call)
    return {"Certificate": answers.detail(certificate, call.authority.place, call.authority.now(), call.settings)}


def get_certificate(call: Call) -> dict[str, t.Any]:
    certificate = _current(call)
    with call.read() as tx:
        row = tx.leaf(certificate.id)
    if row is None:
        raise _no_certificate_yet(call, certificate)
    if row.ca_id:
        call.answered_leaf = (row.ca_id, row.serial)
    return {"Certificate": row.pem, "CertificateChain": row.chain}


def export_certificate(call: Call) -> dict[str, t.Any]:
    try:
        check_passphrase(call.request["Passphrase"])
    except InvalidInput as error:
        raise Fault("ValidationException", str(error)) from None
    certificate = _current(call)
    if certificate.type == lifecycle.IMPORTED:
        raise Fault("ValidationException", f"The certificate {certificate.arn} was imported: it cannot be exported.")
    if not certificate.is_exportable:
        raise Fault(
            "ValidationException",
            f"The certificate {certificate.arn} was requested with Export=DISABLED: it cannot be exported.",
        )
    with call.write() as tx:
        # What is exported and what is marked as exported must be the same leaf, also beside a renewal.
        present = call.certificate(tx)
        row = tx.leaf(present.id)
        if row is None or lifecycle.status(present, call.authority.now(), call.settings) != "ISSUED":
            raise _no_certificate_yet(call, present)
        call.authority.save(tx, present._replace(exported_at=call.now, ever_exported=True), call.now)
        call.answered_leaf = (str(row.ca_id), row.serial)
    key = issuer.key_of_der(call.authority.vault.open(row.sealed_key, issuance.key_context(present, row.serial)))
    return {
        "Certificate": row.pem,
        "CertificateChain": row.chain,
        "PrivateKey": pem.encrypted_private_key_pem(key, call.request["Passphrase"]),
    }


def renew_certificate(call: Call) -> dict[str, t.Any]:
    certificate = call.certificate()
    if certificate.type == lifecycle.IMPORTED:
        raise Fault("ValidationException", f"The certificate {certificate.arn} was imported: ACM does not renew it.")
    if lifecycle.status(certificate, call.now, call.settings) == "PENDING_VALIDATION":
        raise Fault("RequestInProgressException", f"The certificate {certificate.arn} is not issued yet.")
    with call.write() as tx:
        present = call.certificate(tx)
        if lifecycle.status(present, call.now, call.settings) != "ISSUED":
            raise Fault("ValidationException", f"The certificate {present.arn} is not valid: request a new one.")
        if not (present.in_use_by or present.ever_exported):
            raise Fault(
                "ValidationException",
                f"The certificate {present.arn} was neither exported nor is it in use: it cannot be renewed.",
            )
        call.authority.save(tx, lifecycle.ask_for_renewal(present, call.now, call.settings), call.now)
    return {}


def revoke_certificate(call: Call) -> dict[str, t.Any]:
    reason = call.request["RevocationReason"]
    with call.write() as tx:
        certificate = call.certificate(tx)
        if certificate.type == lifecycle.IMPORTED:
            raise Fault("ValidationException", f"The certificate {certificate.arn} was imported: ACM cannot revoke it.")
        if certificate.revoked_at:
            raise Fault("ConflictException", f"The certificate {certificate.arn} is already revoked.")
        if not certificate.leaf or not certificate.ever_exported:
            raise Fault(
                "ValidationException", f"The certificate {certificate.arn} was never exported: it cannot be revoked."
            )
        if certificate.in_use_by:
            raise _in_use(certificate)
        done = certificate._replace(revoked_at=call.now, revocation_reason=reason)
        tx.revoke_leaves(certificate.id, call.now, reason)
        call.authority.save(tx, done, call.now)
        call.authority.tell(tx, events.REVOKED, done, call.now)
        call.answer = {"CertificateArn": certificate.arn}
        issuers = [row for row in tx.cas() if row.id in tx.issuers(certificate.id)]
    for row in issuers:
        try:
            call.authority.publish_crl(row)
        except StoreError as error:  # the revocation stands; the next sweep publishes it
            log.warning("%s", error)
    return call.answer


def delete_certificate(call: Call) -> dict[str, t.Any]:
    with call.write() as tx:
        certificate = call.certificate(tx)
        if certificate.in_use_by:
            raise _in_use(certificate)
        tx.remove(certificate.id)
    return {}


def update_certificate_options(call: Call) -> dict[str, t.Any]:
    options = call.request["Options"]
    with call.write() as tx:
        certificate = call.certificate(tx)
        if certificate.type != lifecycle.AMAZON_ISSUED:
            raise Fault(
                "InvalidStateException", f"The certificate {certificate.arn} is {certificate.type}: it has no options."
            )
        if options.get("Export", certificate.export_option) != certificate.export_option:
            raise Fault("ValidationException", "Export is fixed when a certificate is requested: request a new one.")
        if options.get("ValidationMethod", certificate.validation_method) != certificate.validation_method:
            certificate = _by_dns(call, certificate, options["ValidationMethod"])
            call.authority.save(tx, certificate, call.now)
        wanted = options.get("CertificateTransparencyLoggingPreference", certificate.transparency)
        starts_at = lifecycle.renewal_starts_at(certificate, call.settings)
        # Once the renewal window has begun a change has no effect and gives no error (ACM.md §2).
        if starts_at is None or call.now < starts_at:
            call.authority.save(tx, certificate._replace(transparency=wanted), call.now)
    return {}


def resend_validation_email(call: Call) -> dict[str, t.Any]:
    from ..issuing import validation

    name, domain = to_ascii(call.request["Domain"]), to_ascii(call.request["ValidationDomain"])
    certificate = call.certificate()
    options = {each.name: each for each in _open_validations(call, certificate)}
    if name not in options:
        raise Fault("InvalidDomainValidationOptionsException", f"{name} is no name of {certificate.arn}.")
    requests.check_validation_domain(name, domain)
    if options[name].method != "EMAIL" or options[name].status != lifecycle.PENDING:
        raise Fault("InvalidStateException", f"{name} is not waiting for validation by e-mail.")
    validation.send_mail(call.authority, call.settings, certificate, name, domain, call.now)
    return {}


def list_tags_for_certificate(call: Call) -> dict[str, t.Any]:
    with call.read() as tx:
        tags = tx.tags(call.certificate(tx).id)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def add_tags_to_certificate(call: Call) -> dict[str, t.Any]:
    wanted = tag_dict(call.request["Tags"])
    with call.write() as tx:
        certificate = call.certificate(tx)
        check_tags(wanted, {**tx.tags(certificate.id), **wanted}, call.settings)
        tx.put_tags(certificate.id, wanted)
    return {}


def remove_tags_from_certificate(call: Call) -> dict[str, t.Any]:
    with call.write() as tx:
        certificate = call.certificate(tx)
        present = tx.tags(certificate.id)
        for tag in call.request["Tags"]:
            # With a value, the tag goes only if it has that value (API reference, RemoveTagsFromCertificate).
            if tag.get("Value") in (None, present.get(tag["Key"])):
                tx.remove_tag(certificate.id, tag["Key"])
    return {}


def get_account_configuration(call: Call) -> dict[str, t.Any]:
    with call.read() as tx:
        days = call.authority.days_before_expiry(tx)
    return {"ExpiryEvents": {"DaysBeforeExpiry": days}}


def put_account_configuration(call: Call) -> dict[str, t.Any]:
    days = (call.request.get("ExpiryEvents") or {}).get("DaysBeforeExpiry")
    most = call.settings.max_days_before_expiry
    if days is not None and not 1 <= days <= most:
        raise Fault("ValidationException", f"DaysBeforeExpiry is {days}: it must be 1 to {most}.")
    token, wanted = call.request["IdempotencyToken"], str(days)
    with call.write() as tx:
        since = call.now - timedelta(minutes=call.settings.idempotency_minutes)
        before = tx.answered(call.operation, token, since)
        if before and before[0] != wanted:
            raise Fault("ConflictException", "The idempotency token was used with other parameters.")
        tx.remember(call.operation, token, wanted, "{}", call.now)
        if days is not None:
            tx.set_meta("days_before_expiry", str(days))
    return {}


# ---------------------------------------------------------------- inside


def _open_validations(call: Call, certificate: Certificate) -> t.Sequence[lifecycle.DomainValidation]:
    """The validations that are under way: of the request, or of an open renewal."""
    if lifecycle.status(certificate, call.now, call.settings) == "PENDING_VALIDATION":
        return certificate.validations
    if certificate.renewal and lifecycle.is_renewal_open(certificate):
        return certificate.renewal.validations
    raise Fault("InvalidStateException", f"The certificate {certificate.arn} is not waiting for validation.")


def _by_dns(call: Call, certificate: Certificate, method: str) -> Certificate:
    """Migrated from e-mail to DNS, as the service does it and the guide does not (a setting)."""
    if (certificate.validation_method, method) != ("EMAIL", "DNS") or not call.settings.email_to_dns:
        raise Fault("ValidationException", "The validation method of a certificate cannot be changed.")
    if lifecycle.status(certificate, call.now, call.settings) not in ("PENDING_VALIDATION", "ISSUED"):
        raise Fault("InvalidStateException", f"The certificate {certificate.arn} is neither pending nor issued.")
    return lifecycle.validated_by_dns(certificate)


def _no_certificate_yet(call: Call, certificate: Certificate) -> Fault:
    state = lifecycle.status(certificate, call.authority.now(), call.settings)
    if state == "PENDING_VALIDATION":
        return Fault("RequestInProgressException", f"The certificate {certificate.arn} is not issued yet.")
    return Fault("ValidationException", f"The certificate {certificate.arn} has the status {state}.")


def _in_use(certificate: Certificate) -> Fault:
    return Fault(
        "ResourceInUseException",
        f"Certificate {certificate.arn} in account is in use by: {', '.join(certificate.in_use_by)}",
    )


OPERATIONS: dict[str, t.Callable[[Call], dict[str, t.Any]]] = {
    "AddTagsToCertificate": add_tags_to_certificate,
    "DeleteCertificate": delete_certificate,
    "DescribeCertificate": describe_certificate,
    "ExportCertificate": export_certificate,
    "GetAccountConfiguration": get_account_configuration,
    "GetCertificate": get_certificate,
    "ImportCertificate": requests.import_certificate,
    "ListCertificates": lists.list_certificates,
    "ListTagsForCertificate": list_tags_for_certificate,
    "PutAccountConfiguration": put_account_configuration,
    "RemoveTagsFromCertificate": remove_tags_from_certificate,
    "RenewCertificate": renew_certificate,
    "RequestCertificate": requests.request_certificate,
    "ResendValidationEmail": resend_validation_email,
    "RevokeCertificate": revoke_certificate,
    "SearchCertificates": lists.search_certificates,
    "UpdateCertificateOptions": update_certificate_options,
}
