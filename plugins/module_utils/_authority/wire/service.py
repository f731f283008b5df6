# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes requests to the server: ACM's protocol at /, and other paths for browsers, TLS clients and monitoring."""

from __future__ import annotations

import ipaddress
import logging
import typing as t

from ..authority import Authority
from ..keys.access_keys import AccessKeys
from ..keys.vault import WrongKey
from ..lifecycle.records import Caller
from ..operations import authorization, table
from ..operations.call import Call
from ..store.transactions import StoreError
from .pages import approval, metrics, ocsp
from . import tagging
from .messages import Answer, Reply, Request, Rest, error, plain, plain_address
from .pages.health import Health
from .pages.public_files import public_file
from .short_calls import LateRecords, ShortCalls
from .sigv4 import Gate, Refusal

log = logging.getLogger(__name__)

WITH_A_BODY = ("/ocsp", "/approvals")  # paths that need no signature
LARGEST_UNSIGNED = 4096  # octets of such a body: an OCSP request has about a hundred, a form two hundred
MOST_SHOWN = 512  # characters of a client's User-Agent in the record of its call
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
FORWARDED = "x-forwarded-for"
UNKNOWN = "0.0.0.0"  # what a proxy said is not an address
Work = t.TypeVar("Work")
OPEN_CALLER = Caller(kind="owner", access_key_id="anyone")


class Service:
    """Answers the requests to one authority.

    is_open: signatures are not checked. services: a request must be signed for one of these. monitors: networks that
    may read /metrics, in addition to this machine. proxies: networks of reverse proxies, which are believed for whom they
    ask (X-Forwarded-For). late_records: without it, no call of ACM is answered at once
    (`begin`)."""

    def __init__(
        self,
        authority: Authority,
        *,
        is_open: bool = False,
        services: t.Collection[str] = ("acm", "tagging"),
        monitors: t.Sequence[Network] = (),
        proxies: t.Sequence[Network] = (),
        late_records: t.Optional[LateRecords] = None,
    ) -> None:
        self._authority = authority
        self._monitors = (*LOOPBACK, *monitors)
        self._proxies = proxies
        self._public_folder = authority.public_folder
        self._endpoint = ShortCalls(authority, table.OPERATIONS)
        self._late_records = late_records
        self._health = Health(authority)
        self._keys = AccessKeys(authority.store, authority.vault)
        self._gate = None if is_open else Gate(self._keys.find, authority.region, services)

    def screen(self, request: Request) -> t.Optional[Answer]:
        """An answer to the head of a request whose body need not be read."""
        return _while_usable(request, lambda: self._screened(request))

    def _screened(self, request: Request) -> t.Optional[Answer]:
        if not _is_acm(request):
            return self.screen_public(request)
        if self._gate is None or request.peer.is_known:
            return None
        try:
            self._gate.screen(request)
        except Refusal as refusal:
            return self._refused(request, refusal)
        return None

    def screen_public(self, request: Request) -> t.Optional[Answer]:
        """The same for unsigned requests: anyone can send them, so only a small body is read."""
        if request.method != "POST" or request.path not in WITH_A_BODY:
            return _no_operation(request)
        length = request.headers.get("Content-Length")
        if length is None or int(length) > LARGEST_UNSIGNED:
            return error(413, "RequestEntityTooLarge", f"{request.path} takes at most {LARGEST_UNSIGNED} octets.")
        return None

    def begin(self, request: Request) -> t.Union[Answer, Rest]:
        """The answer to a complete request if it need not wait for the disk, the network or other requests; otherwise the
        rest of the work."""
        begun = _while_usable(request, lambda: self._begun(request))
        return (lambda: _while_usable(request, begun)) if callable(begun) else begun

    def _begun(self, request: Request) -> t.Union[Answer, Rest]:
        if self._proxies and _is_in(request.peer.address, self._proxies):
            request.peer.is_known = False  # the previous request on this connection may have been another client's
        if _is_acm(request):
            return self._acm(request)
        if request.method in ("GET", "HEAD") and request.path == "/healthz":
            return self._health.answer_at_once() or self._health.answer
        return lambda: self._other(request)

    def answer(self, request: Request) -> Answer:
        """The answer to a complete request, however long it takes."""
        begun = self.begin(request)
        return begun() if callable(begun) else begun

    def _other(self, request: Request) -> Answer:
        path = request.path
        if path == "/approvals":
            return approval.answer(self._authority, request)
        if request.method in ("GET", "HEAD") and path == "/metrics":
            return self._metrics(request)
        return self._public(request)

    def public(self, request: Request) -> Answer:
        """Serves only public data, all of it signed: CA certificates, revocation lists, OCSP responses."""
        return _while_usable(request, lambda: self._public(request))

    def _public(self, request: Request) -> Answer:
        path = request.path
        if request.method in ("GET", "HEAD") and path.startswith("/public/"):
            return public_file(self._public_folder, path)
        if path == "/ocsp" or path.startswith("/ocsp/"):
            return ocsp.respond(self._authority, request)
        return _no_operation(request)

    def _metrics(self, request: Request) -> Reply:
        if _forwarded_for(request) and not _is_in(request.peer.address, self._proxies):
            return plain(403, "This request came through an unknown proxy: see the server's option --proxy.\n")
        if _is_in(self._address(request), self._monitors):
            return metrics.answer(self._authority)
        return plain(403, "This address may not read the metrics: see the server's option --metrics-for.\n")

    def _address(self, request: Request) -> str:
        """The client's address. Each proxy adds that of its own client to the end of the list."""
        address = request.peer.address
        if not self._proxies:
            return address
        for told in reversed(_forwarded_for(request)):
            if not _is_in(address, self._proxies):
                break
            address = told
        return address

    def _acm(self, request: Request) -> t.Union[Answer, Rest]:
        caller, policy = OPEN_CALLER, None
        if self._gate is not None:
            try:
                key = self._gate.check(request)
            except Refusal as refusal:
                return self._refused(request, refusal)
            caller, policy = Caller(key.kind, key.name, key.identifier), key.policy
        request.peer.is_known = True
        headers = request.headers
        caller = caller._replace(
            address=self._address(request),
            user_agent=headers.get("User-Agent", "")[:MOST_SHOWN],
            tls=(*request.peer.tls, headers.get("Host", "")[:MOST_SHOWN]) if request.peer.tls else (),
        )
        return self._looked(request, caller, policy) or (lambda: self.carry_out(request, caller, policy))

    def _looked(self, request: Request, caller: Caller, policy: t.Optional[str]) -> t.Optional[Answer]:
        """The answer to a call that only reads a row or two."""
        late = self._late_records
        if late is None or late.are_too_many:
            return None
        target = request.headers.get("X-Amz-Target", "")
        return self._endpoint.look(target, request.body, caller, _judge(policy), late.keep)

    def _refused(self, request: Request, refusal: Refusal) -> Reply:
        log.warning("%s is refused: %s", self._address(request), refusal.code)
        return error(400, refusal.code, refusal.message)

    def carry_out(self, request: Request, caller: Caller, policy: t.Optional[str]) -> Answer:
        target = request.headers.get("X-Amz-Target", "")
        if target == tagging.TARGET:
            refusal = policy and authorization.refusal_of(self._authority, caller, policy, "tag:GetResources")
            return (
                error(400, "AccessDeniedException", refusal)
                if refusal
                else tagging.get_resources(self._authority, request.body)
            )
        return self._endpoint.answer(target, request.body, caller, _judge(policy))


def _judge(policy: t.Optional[str]) -> t.Callable[[Call], None]:
    """Raises Fault for a call that the policy does not allow; without one, everything is allowed."""

    def judge(call: Call) -> None:
        if policy is not None:
            authorization.check(call, policy)

    return judge


def _while_usable(request: Request, work: t.Callable[[], Work]) -> t.Union[Work, Answer]:
    """What the work returns, or an answer if the store cannot be used. Anybody may get it, so only the log says why."""
    try:
        return work()
    except (StoreError, WrongKey) as reason:
        log.warning("%s", reason)
        said = "The authority cannot be used now; its server's log says why."
        # Not a 5xx for ACM's clients, see endpoint.py
        return error(400, "ServiceUnavailable", said) if _is_acm(request) else plain(503, f"{said}\n")


def _forwarded_for(request: Request) -> list[str]:
    """The addresses that proxies have added, the client's first."""
    told = [value for name, value in request.headers.items() if name.lower() == FORWARDED]
    return [_checked_address(each.strip()) for each in ",".join(told).split(",")] if told else []


def _checked_address(text: str) -> str:
    try:
        return plain_address(text)
    except ValueError:
        return UNKNOWN


def _is_in(address: str, networks: t.Sequence[Network]) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return any(parsed in network for network in networks)


def _is_acm(request: Request) -> bool:
    return request.method == "POST" and request.target == "/"


def _no_operation(request: Request) -> Reply:
    what = f"{request.method} {request.target[:200]}"
    return error(404, "UnknownOperationException", f"{what} is not an operation of ACM, which accepts only POST /.")
