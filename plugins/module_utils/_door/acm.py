# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to ACM and to other AWS services: one way in, one kind of error out."""

from __future__ import annotations

import contextlib
import random
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime

try:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
except ImportError:
    pass  # AnsibleAWSModule reports it

from .._rules.acm_limits import RATES
from .._rules.errors import InvalidInput
from . import refusals
from .pacing import PATIENCE_S, THROTTLED, Turnstile

GONE = "ResourceNotFoundException"  # ACM's code for a certificate that does not exist
SIDE_BY_SIDE = 10  # connections at once, as many as botocore's pool has
# The member without which an answer is not one to that operation. A proxy may answer anything, with status 200.
ESSENTIAL = {
    "DescribeCertificate": "Certificate",
    "ExportCertificate": "PrivateKey",
    "GetCertificate": "Certificate",
    "GetQueueAttributes": "Attributes",
    "GetQueueUrl": "QueueUrl",
    "ImportCertificate": "CertificateArn",
    "ListCertificates": "CertificateSummaryList",
    "RequestCertificate": "CertificateArn",
}


class AcmError(Exception):
    """ACM refused a call, or could not be reached.

    `code` is ACM's error code, or the name of botocore's exception if there was no answer.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Lookout(t.NamedTuple):
    """Where the validating side looks. resolvers: None for public DNS; addresses: of names in a lab."""

    resolvers: t.Optional[t.Sequence[str]] = None
    addresses: t.Mapping[str, str] = {}


class Acm:
    """Calls to ACM. Members are in ACM's own spelling (CamelCase, as botocore documents them)."""

    def __init__(
        self,
        client: t.Any,
        other_client: t.Callable[..., t.Any],
        *,
        is_authority: bool,
        sleep: t.Callable[[float], None] = time.sleep,
        monotonic: t.Callable[[], float] = time.monotonic,
        lookout: t.Callable[[], Lookout] = Lookout,
        events: t.Callable[[str], t.Any] = lambda consumer: None,
        private_cas: t.Callable[[], t.Mapping[str, str]] = dict,
    ) -> None:
        """private_cas: ARNs by name, for an authority, whose private CAs have names.
        events: consumer → its inbox (_authority/delivery/inbox.py); None on AWS, where an SQS queue is used instead.
        """
        self.lookout = lookout
        self.events = events
        self.private_cas = private_cas
        self._client = client
        self._other_client = other_client
        self._sleep = sleep
        self._monotonic = monotonic
        self._turnstiles: dict[str, Turnstile] = {}
        self._answered_at: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self.is_authority = is_authority
        self.region: str = client.meta.region_name

    def knows(self, operation: str) -> bool:
        """Whether the installed botocore has the operation (many versions are older than SearchCertificates)."""
        return operation in self._client.meta.service_model.operation_names

    def takes(self, operation: str, member: str) -> bool:
        """Whether the installed botocore knows that member of an operation."""
        return (
            self.knows(operation)
            and member in self._client.meta.service_model.operation_model(operation).input_shape.members
        )

    def first_answer_at(self, operation: str) -> t.Optional[datetime]:
        """When ACM first answered that operation, by ACM's clock; None if it did not say."""
        return self._answered_at.get(operation)

    def call(self, operation: str, **members: t.Any) -> dict[str, t.Any]:
        """Call one operation, in its turn; members that are None are left out. Throttled calls are repeated. Raises
        AcmError, or InvalidInput if botocore itself refuses the members."""
        if not hasattr(self._client, xform_name(operation)):
            raise AcmError(operation, "UnknownOperation", f"it needs {refusals.newer_botocore(operation)}")
        given = {name: value for name, value in members.items() if value is not None}
        turn = self._turnstile(operation)
        gives_up_at = self._monotonic() + PATIENCE_S
        while True:
            turn.wait()
            try:
                answer = self._call(operation, given)
            except AcmError as error:
                is_throttled = error.code in THROTTLED
                turn.heard(is_throttled)
                if not is_throttled or self._monotonic() >= gives_up_at:
                    raise
                self._sleep(random.uniform(0.05, 0.5))
            else:
                turn.heard(False)
                return answer

    def _call(self, operation: str, members: dict[str, t.Any]) -> t.Any:
        answer = _answer(self._client, operation, members)
        said_at = (answer.pop("ResponseMetadata", None) or {}).get("HTTPHeaders", {}).get("date")
        if said_at and operation not in self._answered_at:
            with contextlib.suppress(ValueError, TypeError):
                self._answered_at[operation] = parsedate_to_datetime(said_at)
        return answer

    def pages(self, operation: str, **members: t.Any) -> t.Iterator[dict[str, t.Any]]:
        """Every page of a list operation, as long as ACM returns a NextToken."""
        token = None
        while True:
            page = self.call(operation, NextToken=token, **members)
            token = page.pop("NextToken", None)
            yield page
            if not token:
                return

    def each(self, operation: str, requests: t.Sequence[dict[str, t.Any]]) -> list[t.Union[dict[str, t.Any], AcmError]]:
        """Call one operation for every request, in parallel but never faster than ACM's rate for it.

        The answers are in the order of the requests; a failed call leaves its AcmError in its place.
        """
        if not requests:
            return []

        def outcome_of(request: dict[str, t.Any]) -> t.Union[dict[str, t.Any], AcmError]:
            try:
                return self.call(operation, **request)
            except AcmError as error:
                return error

        if len(requests) == 1:
            return [outcome_of(requests[0])]
        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
            return list(pool.map(outcome_of, requests))

    def _turnstile(self, operation: str) -> Turnstile:
        with self._lock:
            if operation not in self._turnstiles:
                rate = None if self.is_authority else RATES.get(operation, 5)
                self._turnstiles[operation] = Turnstile(rate, self._sleep, self._monotonic)
            return self._turnstiles[operation]

    def client(self, service: str, region: t.Optional[str] = None) -> t.Any:
        """A boto3 client of another AWS service with the same credentials, in the same region or another."""
        return self._other_client(service, region) if region else self._other_client(service)


def call_service(client: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
    """Call an operation of another service; members that are None are left out. Raises AcmError, InvalidInput."""
    given = {name: value for name, value in members.items() if value is not None}
    answer = _answer(client, operation, given)
    answer.pop("ResponseMetadata", None)
    return answer


def _answer(client: t.Any, operation: str, members: dict[str, t.Any]) -> dict[str, t.Any]:
    try:
        answer = dict(getattr(client, xform_name(operation))(**members))
    except ParamValidationError as error:
        raise InvalidInput(refusals.of_parameters(error, operation)) from None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code") or "UnknownError"
        raise AcmError(operation, code, refusals.of_answer(error, operation, members, client)) from error
    except BotoCoreError as error:
        raise AcmError(operation, type(error).__name__, refusals.of_silence(error, client)) from error
    if operation in ESSENTIAL and ESSENTIAL[operation] not in answer:
        raise AcmError(operation, "UnexpectedAnswerError", refusals.NOT_AWS)
    return answer
