# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operation, and one call of it: its transactions, and its audit record in the transaction of the change that it made."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager

from ..lifecycle import records
from ..authority import Authority
from ..lifecycle.state import Certificate
from ..settings import Settings
from ..store.transactions import Transaction
from ..._rules.arns import parse_arn
from ..._rules.errors import InvalidInput


class Fault(Exception):
    """An error that ACM returns; `code` is the exception's name in the service model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class MustWait(Exception):
    """A call that must not wait has reached something that may take long: a write, DNS, a signature."""


# What a request's Options may have
OPTIONS = ("Options.CertificateTransparencyLoggingPreference", "Options.Export", "Options.ValidationMethod")


class Operation(t.NamedTuple):
    """act: checks, acts in one transaction, and answers. members: what a request may contain; the members of Options and
    Includes are written with a dot. A newer botocore may know more members: those not implemented here are refused by
    name, never ignored. is_short: it reads a few rows, however many there are, and its answer is small."""

    act: t.Callable[[Call], dict[str, t.Any]]
    members: tuple[str, ...] = ()
    is_short: bool = False

    def unknown_member(self, request: t.Mapping[str, t.Any]) -> t.Optional[str]:
        """The first member of a request that the operation does not know, or None."""
        for name, value in request.items():
            if name not in self.members:
                return name
            if name in ("Options", "Includes"):
                for inner in value:
                    if f"{name}.{inner}" not in self.members:
                        return f"{name}.{inner}"
        return None


Operations = t.Mapping[str, Operation]  # by name


class Call:
    """What an operation is given: the request and the authority. It returns ACM's members, or raises Fault."""

    def __init__(
        self,
        authority: Authority,
        operation: str,
        caller: records.Caller = records.Caller(),
        request_id: t.Optional[str] = None,
    ) -> None:
        self.authority = authority
        self.operation = operation
        self.now = authority.now()
        self.settings: Settings = authority.settings
        self.request: dict[str, t.Any] = {}
        self.answer: dict[str, t.Any] = {}
        self.caller = caller
        self.request_id = request_id or authority.parts.new_id()
        self.answered_leaf: t.Optional[tuple[str, str]] = None  # CA id and serial, of a call that returns a certificate
        self._may_wait = True
        self._is_recorded = False

    def look(
        self,
        act: t.Callable[[Call], dict[str, t.Any]],
        request: dict[str, t.Any],
        judge: t.Callable[[Call], None] = lambda call: None,
    ) -> dict[str, t.Any]:
        """Like carry_out, for a call that only reads and must not wait; the caller has to record it (`record`). Raises
        MustWait, or a Fault that is not recorded: then carry_out has to be called."""
        self._may_wait = False
        self.request = request
        judge(self)
        self._check_rate()
        self.answer = act(self)
        return self.answer

    def carry_out(
        self,
        act: t.Callable[[Call], dict[str, t.Any]],
        request: dict[str, t.Any],
        judge: t.Callable[[Call], None] = lambda call: None,
    ) -> dict[str, t.Any]:
        """judge: raises Fault for a call that is not allowed."""
        self.request = request
        try:
            judge(self)
            self._check_rate()
            self.answer = act(self)
        except Fault as fault:
            self.audit_fault(request, fault)
            raise
        if not self._is_recorded:
            with self.write(durable=False):
                pass
        return self.answer

    def _check_rate(self) -> None:
        """Refuse a call that exceeds the rate, if the settings say so."""
        rate = self.settings.rate(self.operation)
        if rate is None:
            return
        with self._writing(durable=False) as tx:
            is_in_time = tx.take_turn(self.operation, rate, self.now)
        if not is_in_time:
            raise Fault("ThrottlingException", "Rate exceeded")

    def read(self) -> t.ContextManager[Transaction]:
        return self.authority.store.read()

    @contextmanager
    def write(self, durable: bool = True) -> t.Iterator[Transaction]:
        """A transaction for a change; set `answer` in it if the change has a result (a new ARN). The records of calls
        that only read are written without waiting for the disk."""
        with self._writing(durable) as tx:
            yield tx
            if not self._is_recorded:
                self.record(tx)
        self._is_recorded = True

    def _writing(self, durable: bool) -> t.ContextManager[Transaction]:
        self.may_take_long()
        return self.authority.store.write(durable)

    def may_take_long(self) -> None:
        """Announce that the next step may take long; raises MustWait in a call that must not wait."""
        if not self._may_wait:
            raise MustWait

    def record(self, tx: Transaction) -> None:
        """Store what CloudTrail shows of a call that succeeded."""
        self._record(tx, self.request, self.answer, None)

    def audit_fault(self, request: t.Mapping[str, t.Any], fault: Fault) -> None:
        with self._writing(durable=False) as tx:
            self._record(tx, request, None, (fault.code, fault.message))

    def _record(
        self,
        tx: Transaction,
        request: t.Mapping[str, t.Any],
        answer: t.Optional[t.Mapping[str, t.Any]],
        error: t.Optional[tuple[str, str]],
    ) -> None:
        said = records.stored(self.operation, request, answer, error, self.caller, self.answered_leaf)
        tx.journal.add_audit(self.now, self.operation, self.request_id, said)

    # ---- the beginning of most operations

    def identifier(self) -> str:
        """The certificate id in the request's ARN."""
        text = self.named()
        try:
            arn = parse_arn(text)
        except InvalidInput:
            raise Fault("InvalidArnException", f"The ARN {text} is not valid.") from None
        kind, _slash, identifier = arn.resource.partition("/")
        place = self.authority.place
        if kind != "certificate" or not identifier:
            raise Fault("InvalidArnException", f"The ARN {text} is not that of a certificate.")
        if (arn.partition, arn.region, arn.account) != place:
            raise self.not_found()
        return identifier

    def named(self) -> str:
        """The ARN in the request."""
        return str(self.request.get("CertificateArn") or self.request["ResourceArn"])

    def not_found(self) -> Fault:
        account = self.authority.place.account_id
        return Fault("ResourceNotFoundException", f"Could not find certificate {self.named()} in account {account}.")

    def certificate(self, tx: t.Optional[Transaction] = None) -> Certificate:
        """The certificate that the request names, read in `tx` or in a transaction of its own."""
        identifier = self.identifier()
        if tx is None:
            with self.authority.store.ask() as tx:
                found = tx.certificate(identifier)
        else:
            found = tx.certificate(identifier)
        if found is None:
            raise self.not_found()
        return found
