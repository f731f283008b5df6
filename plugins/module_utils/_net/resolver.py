# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to DNS: one question, one answer, never an exception (except InvalidInput if dnspython is missing).

Both sides of validation use it: the authority's checks and the modules' diagnosis. Nothing is cached, so a record is
seen as soon as its server has it. dnspython is imported at the first question, not before (it takes 70 ms)."""

from __future__ import annotations

import ipaddress
import socket
import sys
import time
import typing as t

from .._rules.errors import InvalidInput

NOERROR = "NOERROR"  # there are records of the requested type
NODATA = "NODATA"  # the name exists, or something below it, but has no such record
NXDOMAIN = "NXDOMAIN"
SERVFAIL = "SERVFAIL"  # also any other useless answer
REFUSED = "REFUSED"  # the server is not responsible for this name, or does not answer us
TIMEOUT = "TIMEOUT"

LONGEST_CHAIN = 16  # CNAMEs that lookup() follows; rules may allow fewer
PAYLOAD = 1232  # octets in a UDP answer without fragments (DNS flag day 2020); larger answers use TCP
TRY_S = 2.0  # how long to wait for a server before the next one is asked


class CaaRecord(t.NamedTuple):
    is_critical: bool
    tag: str
    value: str


class MxRecord(t.NamedTuple):
    preference: int
    exchange: str  # "" for the null MX of RFC 7505


class Lookup(t.NamedTuple):
    """The answer to one question.

    records: CaaRecord for CAA, MxRecord for MX, otherwise text: names in lower case without the final dot, addresses,
    the joined strings of a TXT. chain: the names that CNAMEs led to, in order; empty if there were none. detail: what
    went wrong, for people; otherwise empty. is_authoritative: the server is authoritative for the zone."""

    status: str
    records: tuple[t.Any, ...] = ()
    chain: tuple[str, ...] = ()
    detail: str = ""
    is_authoritative: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether DNS gave a definite answer, even if that is "nothing"; otherwise the fault may be temporary."""
        return self.status in (NOERROR, NODATA, NXDOMAIN)


class Asks(t.Protocol):
    """The interface of a resolver that the rules need; tests may pass a scripted one."""

    def lookup(self, name: str, rdtype: str) -> Lookup: ...


class Endpoint(t.NamedTuple):
    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def endpoint(text: str, default_port: int = 53) -> Endpoint:
    """An `Endpoint` from "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353"; else InvalidInput."""
    address, port = text.strip(), str(default_port)
    if address.startswith("["):
        address, bracket, rest = address[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else port if bracket and not rest else ""
    elif address.count(":") == 1:
        address, _colon, port = address.partition(":")
    try:
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError
        return Endpoint(str(ipaddress.ip_address(address)), int(port))
    except ValueError:
        raise InvalidInput(
            f"{text!r} is not a name server: give an IP address, with a port if it is not {default_port}"
            " (192.0.2.1:5353, [2001:db8::1]:5353)."
        ) from None


def require_dnspython() -> None:
    """InvalidInput if dnspython is missing, before anything else imports it."""
    try:
        import dns  # pylint: disable=unused-import
    except ImportError:
        raise InvalidInput(
            f"DNS lookups need the Python package dnspython, which {sys.executable} does not have: install it there."
        ) from None


class Resolver:
    """Asks name servers, one after the other until one gives a useful answer.

    nameservers: as endpoint() reads them; None for those of the system. timeout_s: for a whole lookup.
    A server may recurse or be only authoritative: CNAMEs that lead out of an answer are followed from here.
    """

    def __init__(self, nameservers: t.Sequence[str] | None = None, timeout_s: float = 5.0) -> None:
        self._endpoints = None if nameservers is None else [endpoint(text) for text in nameservers]
        self._timeout_s = timeout_s

    def lookup(self, name: str, rdtype: str) -> Lookup:
        """Look up the records of type `rdtype` at `name` (ASCII), following CNAMEs unless CNAMEs are requested."""
        require_dnspython()
        import dns.exception
        import dns.name

        try:
            question = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Lookup(NXDOMAIN, detail=f"{name} is longer than DNS allows, or otherwise not a valid name.")
        deadline = time.monotonic() + self._timeout_s
        chain: list[str] = []
        while True:
            answer = self._ask(question, rdtype, deadline)
            for target in answer.aliases:
                if _text(target) in chain or len(chain) >= LONGEST_CHAIN:
                    return Lookup(SERVFAIL, (), tuple(chain), f"The CNAME records at {name} form a loop.")
                chain.append(_text(target))
            if answer.status != NODATA or answer.is_recursive or not answer.aliases:
                return Lookup(answer.status, answer.records, tuple(chain), answer.detail, answer.is_authoritative)
            question = answer.aliases[-1]

    def _ask(self, question: t.Any, rdtype: str, deadline: float) -> _Answer:
        """The first useful answer, or else the last server's answer."""
        import dns.exception
        import dns.message
        import dns.query

        answer = _Answer(SERVFAIL, detail="No name server is known: give one, or check /etc/resolv.conf.")
        for where in self._servers():
            left_s = min(TRY_S, deadline - time.monotonic())
            if left_s <= 0:
                return _Answer(TIMEOUT, detail=answer.detail)
            query = dns.message.make_query(question, rdtype, use_edns=0, payload=PAYLOAD)
            try:
                with _udp_to(where) as udp:
                    reply, _used_tcp = dns.query.udp_with_fallback(
                        query,
                        where.address,
                        left_s,
                        where.port,
                        udp_sock=udp,
                        ignore_unexpected=True,
                        ignore_errors=True,
                    )
            except dns.exception.Timeout:
                answer = _Answer(TIMEOUT, detail=f"The name server {where} gave no answer about {_text(question)}.")
            except (OSError, EOFError) as error:
                said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                answer = _Answer(TIMEOUT, detail=f"The name server {where} cannot be reached: {said}.")
            except dns.exception.DNSException as error:
                answer = _Answer(SERVFAIL, detail=f"The answer of the name server {where} cannot be read: {error}.")
            else:
                answer = _read(reply, question, rdtype, where)
                if answer.status in (NOERROR, NODATA, NXDOMAIN):
                    return answer
        return answer

    def _servers(self) -> list[Endpoint]:
        if self._endpoints is not None:
            return self._endpoints
        import dns.exception
        import dns.resolver

        try:
            system = dns.resolver.Resolver()
        except dns.exception.DNSException:
            return []
        return [Endpoint(address, system.port) for address in map(str, system.nameservers) if _is_ip(address)]


class _Answer(t.NamedTuple):
    """One server's answer to one question, with the CNAMEs that it followed itself."""

    status: str
    records: tuple[t.Any, ...] = ()
    aliases: tuple[t.Any, ...] = ()
    is_authoritative: bool = False
    is_recursive: bool = False
    detail: str = ""


def _udp_to(where: Endpoint) -> socket.socket:
    """A connected socket: the kernel drops packets from elsewhere, and reports at once if nothing listens there."""
    sock = socket.socket(socket.AF_INET6 if ":" in where.address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect((where.address, where.port))
    except OSError:
        sock.close()
        raise
    return sock


def _read(reply: t.Any, question: t.Any, rdtype: str, where: Endpoint) -> _Answer:
    import dns.flags
    import dns.rcode
    import dns.rdatatype

    if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        said = dns.rcode.to_text(reply.rcode())
        status = REFUSED if reply.rcode() == dns.rcode.REFUSED else SERVFAIL
        return _Answer(status, detail=f"The name server {where} answered {said} about {_text(question)}.")
    wanted = dns.rdatatype.from_text(rdtype)
    sets = {(rrset.name, rrset.rdtype): rrset for rrset in reply.answer}
    owner = question
    aliases: list[t.Any] = []
    while (owner, wanted) not in sets and (owner, dns.rdatatype.CNAME) in sets and owner not in aliases[:-1]:
        owner = sets[owner, dns.rdatatype.CNAME][0].target
        aliases.append(owner)
    records = tuple(_value(rdata, rdtype) for rdata in sets.get((owner, wanted), ()))
    is_authoritative, is_recursive = bool(reply.flags & dns.flags.AA), bool(reply.flags & dns.flags.RA)
    if not (is_authoritative or is_recursive or records or aliases):
        return _Answer(REFUSED, detail=f"The name server {where} only refers to others about {_text(question)}.")
    status = NOERROR if records else NXDOMAIN if reply.rcode() == dns.rcode.NXDOMAIN else NODATA
    return _Answer(status, records, tuple(aliases), is_authoritative, is_recursive)


def _value(rdata: t.Any, rdtype: str) -> t.Any:
    if rdtype == "CAA":
        return CaaRecord(bool(rdata.flags & 128), rdata.tag.decode("latin-1"), rdata.value.decode("latin-1"))
    if rdtype == "MX":
        return MxRecord(rdata.preference, _text(rdata.exchange))
    if rdtype in ("CNAME", "NS", "PTR"):
        return _text(rdata.target)
    if rdtype == "TXT":
        return b"".join(rdata.strings).decode("latin-1")
    return str(rdata.to_text())


def _text(name: t.Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower().lstrip("." if len(name) == 1 else "")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False
