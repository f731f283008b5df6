# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validation of names: mails sent again, and how each name stands."""

from __future__ import annotations

import base64
import binascii
import typing as t

from . import answers
from .call import Call, Fault
from .requests import check_validation_domain
from ..issuing import settlement
from ..lifecycle import state as lifecycle
from ..lifecycle.state import Certificate
from ..._rules.names import to_ascii

MOST_ITEMS = 1000  # ListCertificateDomainValidations without MaxItems


def resend_validation_email(call: Call) -> dict[str, t.Any]:
    from ..issuing import validation  # loads what asks DNS and sends mail, which few calls need

    name, domain = to_ascii(call.request["Domain"]), to_ascii(call.request["ValidationDomain"])
    certificate = call.certificate()
    options = {each.name: each for each in _open_validations(call, certificate)}
    if name not in options:
        raise Fault("InvalidDomainValidationOptionsException", f"{name} is not a name of {certificate.arn}.")
    check_validation_domain(name, domain)
    if options[name].method != "EMAIL" or options[name].status != lifecycle.PENDING:
        raise Fault("InvalidStateException", f"{name} is not waiting for validation by e-mail.")
    validation.send_mail(call.authority, call.settings, certificate, name, domain, call.now)
    return {}


def list_certificate_domain_validations(call: Call) -> dict[str, t.Any]:
    certificate = settlement.settle_read(call.authority, call.certificate())
    if certificate.type != lifecycle.AMAZON_ISSUED:
        return {"DomainValidationSummaryList": []}
    first, limit = _first(call), call.request.get("MaxItems", MOST_ITEMS)
    shown = answers.domain_validation_summaries(certificate, call.authority.place, call.authority.now(), call.settings)
    more = base64.urlsafe_b64encode(str(first + limit).encode()).decode() if len(shown) > first + limit else None
    return {"DomainValidationSummaryList": shown[first : first + limit], "NextToken": more}


# ---------------------------------------------------------------- inside


def _first(call: Call) -> int:
    token = call.request.get("NextToken")
    if token is None:
        return 0
    try:
        return max(0, int(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, binascii.Error):
        raise Fault("InvalidArgsException", "The NextToken is not one of this list.") from None


def _open_validations(call: Call, certificate: Certificate) -> t.Sequence[lifecycle.DomainValidation]:
    """The validations that are under way: of the request, or of an open renewal."""
    if lifecycle.status(certificate, call.now, call.settings) == "PENDING_VALIDATION":
        return certificate.validations
    if certificate.renewal and lifecycle.is_renewal_open(certificate):
        return certificate.renewal.validations
    raise Fault("InvalidStateException", f"The certificate {certificate.arn} is not waiting for validation.")
