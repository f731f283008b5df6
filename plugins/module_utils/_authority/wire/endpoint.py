# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM's wire protocol, AWS JSON 1.1: a request in, JSON or an error code out. No other file knows the protocol."""

from __future__ import annotations

import functools
import json
import logging
import os
import typing as t

from ..lifecycle.records import Caller
from . import shapes
from ..operations.call import Call, Fault, Operation, Operations
from ..authority import Authority
from ..store.transactions import StoreError
from ..keys.vault import WrongKey
from ..._rules.errors import InvalidInput

TARGET_PREFIX = "CertificateManager."
CONTENT_TYPE = "application/x-amz-json-1.1"
# An unusable store is not a 5xx: clients would retry for half a minute, although only a person can fix it.
SERVER_FAULTS = ("InternalFailure",)

log = logging.getLogger(__name__)


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """Answers requests to one authority.

    operations: those that it knows. service_model: botocore's model of ACM, by which requests are validated as the service
    validates them.
    """

    def __init__(self, authority: Authority, operations: Operations, service_model: t.Any = None) -> None:
        self._authority = authority
        self._operations = operations
        self._model = service_model or _service_model()

    def answer(
        self,
        target: str,
        body: bytes,
        caller: t.Optional[Caller] = None,
        judge: t.Callable[[Call], None] = lambda call: None,
    ) -> Answer:
        """Answer one request. `target` is its X-Amz-Target header; caller: by default the owner, on this machine;
        judge: raises Fault for a call that its caller may not make. Never raises: a fault of our own becomes
        InternalFailure, which reveals no internals."""
        request_id = self._authority.parts.new_id()
        try:
            return self._reply(200, self._answer(target, body, caller or _local_owner(), judge, request_id), request_id)
        except Fault as fault:
            return self._fault(fault.code, fault.message, request_id)
        except (StoreError, WrongKey) as error:
            return self._fault("ServiceUnavailable", str(error), request_id)
        except InvalidInput as error:
            return self._fault("ValidationException", str(error), request_id)
        except Exception:  # whatever the fault, the caller gets an ACM error, not a traceback
            log.exception("the embedded authority failed on %s", target)
            return self._fault("InternalFailure", "The embedded authority failed; its log says more.", request_id)

    def _answer(
        self, target: str, body: bytes, caller: Caller, judge: t.Callable[[Call], None], request_id: str
    ) -> t.Optional[dict[str, t.Any]]:
        """The members of the answer; None for an operation that returns nothing."""
        name = operation_name(target)
        if name not in self._model.operation_names:
            raise Fault(
                "UnknownOperationException", f"{target or 'A request without X-Amz-Target'} is not an operation of ACM."
            )
        operation = self._operations.get(name)
        if operation is None:
            raise Fault("NotImplementedException", f"The embedded authority does not implement {name}.")
        members = members_of(body)
        call = Call(self._authority, name, caller, request_id)
        try:
            request = self._request(name, operation, members)
        except Fault as fault:
            call.audit_fault({}, fault)
            raise
        return self._shown(name, call.carry_out(operation.act, request, judge))

    def _request(self, name: str, operation: Operation, members: t.Any) -> dict[str, t.Any]:
        shape = self._model.operation_model(name).input_shape
        request = shapes.read(shape, members) if shape else {}
        unknown = operation.unknown_member(request)
        if unknown:
            raise Fault("ValidationException", f"The embedded authority does not implement {unknown} of {name}.")
        return request

    def _shown(self, name: str, answer: dict[str, t.Any]) -> t.Optional[dict[str, t.Any]]:
        shape = self._model.operation_model(name).output_shape
        return shapes.write(shape, answer) if shape else None

    def _fault(self, code: str, message: str, request_id: str) -> Answer:
        return self._reply(500 if code in SERVER_FAULTS else 400, {"__type": code, "message": message}, request_id)

    def _reply(self, status: int, members: t.Optional[dict[str, t.Any]], request_id: str) -> Answer:
        body = b"" if members is None else json.dumps(members).encode()
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Content-Length": str(len(body)),
            "x-amzn-RequestId": request_id,
        }
        return Answer(status, headers, body)


def operation_name(target: str) -> str:
    return target[len(TARGET_PREFIX) :] if target.startswith(TARGET_PREFIX) else ""


def members_of(body: bytes) -> t.Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Fault("SerializationException", "The request's body is not JSON.") from None


@functools.lru_cache(maxsize=1)
def _local_owner() -> Caller:
    """The account that runs the playbook, for a call without a server."""
    import pwd

    try:
        return Caller(name=pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a user id without a name, as in containers
        return Caller(name=str(os.getuid()))


def _service_model() -> t.Any:
    import botocore.session

    return botocore.session.Session().get_service_model("acm")
