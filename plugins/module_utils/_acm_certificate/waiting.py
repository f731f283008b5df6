# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until certificates are in the wanted state, or never will be.

botocore's waiter CertificateValidated watches individual names: it never ends for a private or a timed-out certificate,
and treats a revoked certificate as a success. Here the status of the certificate decides, and any final status ends the
wait.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._certificates import renewal_window
from .._validation import blocked_names, proof_records
from .._certificates.certificate import Certificate, from_detail
from .._door.acm import GONE, AcmError
from .._certificates.inventory import Door
from .item import Clock

FIRST_PAUSE_S = 0.5  # a private certificate takes a second or two, a public certificate minutes: begin fast, slow down
APPEARANCE_S = 60  # a new certificate or its records may take some seconds to appear


class Verdict(t.NamedTuple):
    """Whether there is nothing left to wait for, and if so, what went wrong (None: nothing)."""

    is_over: bool
    failure: t.Optional[str] = None


WAITING = Verdict(False)
READY = Verdict(True)

Judge = t.Callable[[Certificate], Verdict]


@dataclass
class Outcome:
    """How waiting for one certificate ended."""

    certificate: t.Optional[Certificate]  # as last read
    failure: t.Optional[str] = None
    is_timed_out: bool = False
    error: t.Optional[AcmError] = None

    @property
    def shown(self) -> Certificate:
        """The certificate, if ACM has shown it at least once."""
        if self.certificate is None:
            raise LookupError("ACM has not shown the certificate yet.")
        return self.certificate


def is_issued(certificate: Certificate) -> Verdict:
    """Whether a request has ended."""
    if certificate.status == "ISSUED":
        return READY
    if certificate.status in (None, "PENDING_VALIDATION"):
        return WAITING
    return Verdict(True, blocked_names.explain(certificate.detail or {}) or f"It is {certificate.status}.")


def has_records(certificate: Certificate) -> Verdict:
    """Whether ACM shows, for every name, how to prove control of it."""
    detail = certificate.detail or {}
    redirects = [
        option.get("HttpRedirect")
        for option in detail.get("DomainValidationOptions") or ()
        if option.get("ValidationMethod") == "HTTP" and certificate.status == "PENDING_VALIDATION"
    ]
    return READY if proof_records.has_records(detail) and all(redirects) else WAITING


def is_released(certificate: Certificate) -> Verdict:
    """Whether it is no longer in use. ACM still calls it in use for a while after the last service has released it."""
    return WAITING if (certificate.detail or {}).get("InUseBy") else READY


def is_migrated(certificate: Certificate) -> Verdict:
    """Whether the change of the validation method has ended."""
    status = ((certificate.detail or {}).get("UpdateSummary") or {}).get("Status")
    if status == "PENDING_DOMAIN_VALIDATION":
        return WAITING
    return Verdict(True, "The change to DNS validation FAILED.") if status == "FAILED" else READY


def has_migration_records(certificate: Certificate) -> Verdict:
    """Whether ACM shows the records that a change to DNS validation waits for."""
    detail = certificate.detail or {}
    if is_migrated(certificate).is_over:
        return READY
    is_told = proof_records.records(detail) and not proof_records.names_without_record(detail)
    return READY if is_told else WAITING


def is_renewed(before: Certificate) -> Judge:
    """Whether the renewal that began when the certificate was `before` has ended."""

    def judge(certificate: Certificate) -> Verdict:
        if renewal_window.has_changed(before, certificate):
            return READY
        failure = renewal_window.failure(before, certificate)
        if failure:
            return Verdict(True, failure)
        ended = is_issued(certificate)
        return ended if ended.failure else WAITING

    return judge


def await_each(
    acm: Door,
    judges: t.Mapping[str, Judge],
    *,
    known: t.Optional[dict[str, Certificate]] = None,
    timeout_s: float,
    interval_s: float,
    clock: Clock,
    may_appear: bool = True,
    report: t.Callable[[t.Sequence[Certificate]], None] = lambda waiting: None,
) -> dict[str, Outcome]:
    """Describe every certificate until its judge says that there is nothing to wait for, or time is up.

    known: certificates that were read a moment ago and need not be read again at once. may_appear: wait for
    certificates that are not found, because ACM shows a new certificate only after some seconds; otherwise the outcome
    has neither certificate nor error. report: is told what is being waited for, as last read."""
    outcomes = {arn: Outcome((known or {}).get(arn)) for arn in judges}
    waiting = []
    for arn, outcome in outcomes.items():
        if outcome.certificate is None or not _settle(outcome, judges[arn]):
            waiting.append(arn)
    ends_at = clock.monotonic() + timeout_s
    pause_s = 0.0 if any(outcomes[arn].certificate is None for arn in waiting) else min(FIRST_PAUSE_S, interval_s)
    while waiting:
        report([outcomes[arn].certificate or Certificate(arn) for arn in waiting])
        left_s = ends_at - clock.monotonic()
        if pause_s:
            clock.sleep(max(0.0, min(pause_s, left_s)))
        answers = acm.each("DescribeCertificate", [{"CertificateArn": arn} for arn in waiting])
        still = []
        for arn, answer in zip(waiting, answers):
            outcome = outcomes[arn]
            if isinstance(answer, AcmError):
                if answer.code == GONE and outcome.certificate is None:
                    if may_appear:
                        still.append(arn)
                else:
                    outcome.error = answer
                continue
            certificate = from_detail(answer["Certificate"])
            outcome.certificate = (
                certificate if outcome.certificate is None else outcome.certificate.detailed(certificate.detail or {})
            )
            if not _settle(outcome, judges[arn]):
                still.append(arn)
        waiting = still
        if waiting and clock.monotonic() >= ends_at:
            for arn in waiting:
                outcomes[arn].is_timed_out = True
            return outcomes
        pause_s = min(interval_s, max(FIRST_PAUSE_S, pause_s * 1.5))
    return outcomes


def _settle(outcome: Outcome, judge: Judge) -> bool:
    verdict = judge(outcome.shown)
    outcome.failure = verdict.failure
    return verdict.is_over
