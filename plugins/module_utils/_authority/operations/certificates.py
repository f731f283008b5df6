# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations on existing certificates: read, renew, revoke, delete, and change the options."""

from __future__ import annotations

import logging
import typing as t

from ..issuing import settlement
from ..lifecycle import events, state as lifecycle
from . import answers
from .call import OPTIONS, Call, Fault, Operation
from ..lifecycle.state import Certificate
from ..store.transactions import StoreError

MANY_NAMES = 100  # more than a requested certificate can have; an imported one may have thousands

log = logging.getLogger(__name__)


def current(call: Call) -> Certificate:
    """The certificate, after all due work for it has been done: issuing and renewing need no daemon."""
    certificate = call.certificate()
    if len(certificate.names) > MANY_NAMES:
        call.may_take_long()
    if not settlement.is_due_to_reader(certificate, call.now, call.settings):
        return certificate
    call.may_take_long()
    return settlement.settle_read(call.authority, certificate)


def no_certificate_yet(call: Call, certificate: Certificate) -> Fault:
    """Why nothing of it can be read or exported."""
    state = lifecycle.status(certificate, call.authority.now(), call.settings)
    if state == "PENDING_VALIDATION":
        return Fault("RequestInProgressException", f"The certificate {certificate.arn} is not issued yet.")
    return Fault("ValidationException", f"The certificate {certificate.arn} has the status {state}.")


def describe_certificate(call: Call) -> dict[str, t.Any]:
    certificate = current(call)
    return {"Certificate": answers.detail(certificate, call.authority.place, call.authority.now(), call.settings)}


def get_certificate(call: Call) -> dict[str, t.Any]:
    certificate = current(call)
    with call.read() as tx:
        row = tx.leaf(certificate.id)
    if row is None:
        raise no_certificate_yet(call, certificate)
    if row.ca_id:
        call.answered_leaf = (row.ca_id, row.serial)
    # The service never leaves the chain out: for an import without a chain it returns the certificate itself.
    return {"Certificate": row.pem, "CertificateChain": row.chain or row.pem}


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
                f"The certificate {present.arn} cannot be renewed: it is not in use and has not been exported.",
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
            raise _in_use(call, certificate)
        done = certificate._replace(revoked_at=call.now, revocation_reason=reason)
        tx.revoke_leaves(certificate.id, call.now, reason)
        call.authority.save(tx, done, call.now)
        call.authority.announce.event(tx, events.REVOKED, done, call.now)
        call.answer = {"CertificateArn": certificate.arn}
        issuers = [row for row in tx.cas.all() if row.id in tx.issuers(certificate.id)]
        for row in issuers:
            call.authority.cas.expect_crl(tx, row)
    for row in issuers:
        try:
            call.authority.cas.publish_crl(row)
        except StoreError as error:  # the revocation counts; due work or the next sweep publishes it
            log.warning("%s", error)
    return call.answer


def delete_certificate(call: Call) -> dict[str, t.Any]:
    with call.write() as tx:
        certificate = call.certificate(tx)
        if certificate.in_use_by:
            raise _in_use(call, certificate)
        tx.remove(certificate.id)
    return {}


def update_certificate_options(call: Call) -> dict[str, t.Any]:
    options = call.request["Options"]
    with call.write() as tx:
        certificate = call.certificate(tx)
        if certificate.type != lifecycle.AMAZON_ISSUED:
            raise Fault(
                "InvalidStateException",
                f"The certificate {certificate.arn} is {certificate.type}: its options cannot be changed.",
            )
        if options.get("Export", certificate.export_option) != certificate.export_option:
            raise Fault("ValidationException", "Export is fixed when a certificate is requested: request a new one.")
        if options.get("ValidationMethod", certificate.validation_method) != certificate.validation_method:
            certificate = _by_dns(call, certificate, options["ValidationMethod"])
            call.authority.save(tx, certificate, call.now)
        wanted = options.get("CertificateTransparencyLoggingPreference", certificate.transparency)
        starts_at = lifecycle.renewal_starts_at(certificate, call.settings)
        # Once the renewal window has begun a change has no effect and gives no error (acm-rules §2).
        if starts_at is None or call.now < starts_at:
            call.authority.save(tx, certificate._replace(transparency=wanted), call.now)
    return {}


# ---------------------------------------------------------------- inside


def _by_dns(call: Call, certificate: Certificate, method: str) -> Certificate:
    """Begin the change from e-mail to DNS, which the service supports; by the older guide it does not (a setting)."""
    if (certificate.validation_method, method) != ("EMAIL", "DNS") or not call.settings.email_to_dns:
        raise Fault("ValidationException", "The validation method of a certificate cannot be changed.")
    if lifecycle.status(certificate, call.now, call.settings) not in ("PENDING_VALIDATION", "ISSUED"):
        raise Fault("InvalidStateException", f"The certificate {certificate.arn} is neither pending nor issued.")
    return lifecycle.migrated_to_dns(certificate, call.now)


def _in_use(call: Call, certificate: Certificate) -> Fault:
    return Fault(
        "ResourceInUseException",
        f"Certificate {certificate.arn} in account {call.authority.place.account_id} is in use.",
    )


OPERATIONS = {
    "DeleteCertificate": Operation(delete_certificate, ("CertificateArn",)),
    "DescribeCertificate": Operation(describe_certificate, ("CertificateArn",), is_short=True),
    "GetCertificate": Operation(get_certificate, ("CertificateArn",)),
    "RenewCertificate": Operation(renew_certificate, ("CertificateArn",)),
    "RevokeCertificate": Operation(revoke_certificate, ("CertificateArn", "RevocationReason")),
    "UpdateCertificateOptions": Operation(update_certificate_options, ("CertificateArn", "Options", *OPTIONS)),
}
