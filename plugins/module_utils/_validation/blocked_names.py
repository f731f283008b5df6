# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What blocks a certificate, or its renewal, according to ACM: a sentence for every blocked name.

`detail` is always the member Certificate of ACM's DescribeCertificate. Any of its members may be absent.
"""

from __future__ import annotations

import typing as t

from .proof_records import Detail
from .._rules.acm_limits import VALIDATION_HOURS
from .._rules.sentences import first_few

FAILURES = {
    "NO_AVAILABLE_CONTACTS": "the domain does not accept mail (it has no MX record), so nobody could be asked",
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS needs more information about this request: open a case with AWS Support",
    "DOMAIN_NOT_ALLOWED": "ACM does not issue for this domain: it belongs to AWS or is known to be unsafe",
    "INVALID_PUBLIC_DOMAIN": "only a private CA issues for names outside public DNS: give its certificate_authority_arn, "
    "or in a lab, let the embedded authority treat them as public with the setting public_suffixes",
    "DOMAIN_VALIDATION_DENIED": "the owner of the domain refused the validation",
    "CAA_ERROR": "CAA records do not allow Amazon to issue: add amazon.com to them, or remove them",
    "PCA_LIMIT_EXCEEDED": "the private CA has reached a quota",
    "PCA_INVALID_ARN": "the private CA does not exist",
    "PCA_INVALID_STATE": "the private CA is not active",
    "PCA_REQUEST_FAILED": "the private CA could not issue",
    "PCA_NAME_CONSTRAINTS_VALIDATION": "the name constraints of the private CA forbid it",
    "PCA_RESOURCE_NOT_FOUND": "the private CA was not found",
    "PCA_INVALID_ARGS": "the private CA refused the request: check that key_algorithm (RSA_2048 by default) is of the same "
    "family, RSA or EC, as the CA's own key",
    "PCA_INVALID_DURATION": "the private CA expires before the certificate would",
    "PCA_ACCESS_DENIED": "ACM is not allowed to use the private CA: check the CA's policy",
    "SLR_NOT_FOUND": "the service-linked role AWSServiceRoleForCertificateManager is missing",
    "OTHER": "ACM gives no reason; check the names for typos",
}
UNKNOWN_FAILURE = "this collection does not know that reason yet"
SHOWN = 5  # reasons in one message


def find(detail: Detail) -> list[dict[str, t.Any]]:
    """Why a certificate, or its renewal, is not ready: {domain_name, method, status, reason} for every blocked name.

    reason is a sentence. Empty if nothing is in the way.
    """
    status = detail.get("Status")
    if status in ("FAILED", "EXPIRED", "REVOKED", "INACTIVE"):
        return _ended(detail, str(status))
    found = []
    for option in _pending(detail):
        name, method = option.get("DomainName", ""), option.get("ValidationMethod", "DNS")
        reason = _waits_for(name, method, option)
        if status == "VALIDATION_TIMED_OUT":
            reason = f"{name} was not validated within {VALIDATION_HOURS} hours: request a new certificate. {reason}"
        elif option.get("ValidationStatus") == "FAILED":
            reason = f"The validation of {name} failed. {reason}"
        found.append(_item(name, method, option.get("ValidationStatus") or "PENDING_VALIDATION", reason))
    if not found and status == "VALIDATION_TIMED_OUT":
        name = detail.get("DomainName", "")
        reason = f"{name} was not validated within {VALIDATION_HOURS} hours: request a new certificate."
        found.append(_item(name, None, "FAILED", reason))
    if not found and status == "PENDING_VALIDATION":
        name = detail.get("DomainName", "")
        reason = (
            f"The private CA has yet to issue the certificate for {name}."
            if detail.get("Type") == "PRIVATE"
            else f"Every name is validated; ACM has yet to issue the certificate for {name} (CAA records may prevent it)."
        )
        found.append(_item(name, None, "PENDING_VALIDATION", reason))
    return found or _stuck_renewal(detail)


def explain(detail: Detail) -> str:
    """The sentences of find() in one text, for an error message: one sentence about all names of a failed request."""
    if detail.get("Status") == "FAILED":
        return _failure(first_few(_failed_names(detail), "and"), detail)
    reasons = list(dict.fromkeys(item["reason"] for item in find(detail)))
    shown = reasons[:SHOWN]
    if len(reasons) > len(shown):
        shown.append(f"And {len(reasons) - len(shown)} more.")
    return " ".join(shown)


def _ended(detail: Detail, status: str) -> list[dict[str, t.Any]]:
    name = detail.get("DomainName", "")
    if status != "FAILED":
        return [_item(name, None, status, f"The certificate for {name} is {status}: request a new certificate.")]
    return [_item(name, None, "FAILED", _failure(name, detail)) for name in _failed_names(detail)]


def _failed_names(detail: Detail) -> list[str]:
    failed = [
        option["DomainName"]
        for option in detail.get("DomainValidationOptions") or ()
        if option.get("ValidationStatus") == "FAILED" and option.get("DomainName")
    ]
    return failed or [detail.get("DomainName", "")]


def _failure(names: str, detail: Detail) -> str:
    code = detail.get("FailureReason") or "OTHER"
    return f"The request for {names} failed with {code}: {FAILURES.get(code, UNKNOWN_FAILURE)}."


def _stuck_renewal(detail: Detail) -> list[dict[str, t.Any]]:
    """A renewal that is not blocked by a name. For a private certificate the obstacle is always the CA."""
    renewal = detail.get("RenewalSummary") or {}
    status, code = renewal.get("RenewalStatus"), renewal.get("RenewalStatusReason")
    if detail.get("Status") != "ISSUED" or status in (None, "SUCCESS") or not (code or status == "FAILED"):
        return []
    name, code = detail.get("DomainName", ""), code or "OTHER"
    why = FAILURES.get(code, UNKNOWN_FAILURE)
    what = f"failed with {code}" if status == "FAILED" else f"is held up by {code}"
    return [_item(name, None, str(status), f"The renewal of {name} {what}: {why}.")]


def _pending(detail: Detail) -> list[Detail]:
    if detail.get("Status") == "ISSUED":
        renewal = detail.get("RenewalSummary") or {}
        if renewal.get("RenewalStatus") not in ("PENDING_VALIDATION", "FAILED"):
            return []
        options = renewal.get("DomainValidationOptions") or ()
    else:
        options = detail.get("DomainValidationOptions") or ()
    return [option for option in options if option.get("ValidationStatus") != "SUCCESS"]


def _waits_for(name: str, method: str, option: Detail) -> str:
    record, redirect = option.get("ResourceRecord") or {}, option.get("HttpRedirect") or {}
    if method == "EMAIL":
        addresses = ", ".join(option.get("ValidationEmails") or ()) or option.get("ValidationDomain") or name
        return f"{name} is waiting for approval through ACM's mail to {addresses}."
    if method == "HTTP":
        if not redirect:
            return f"{name} is waiting for ACM to provide its redirect."
        return (
            f"{name} is waiting for {redirect.get('RedirectFrom')} to redirect (302) to {redirect.get('RedirectTo')}."
        )
    if not record:
        return f"{name} is waiting for ACM to provide its DNS record."
    return f"{name} is waiting for the CNAME record {record.get('Name')} with the value {record.get('Value')} in public DNS."


def _item(name: str, method: t.Optional[str], status: str, reason: str) -> dict[str, t.Any]:
    return {"domain_name": name, "method": method, "status": status, "reason": reason}
