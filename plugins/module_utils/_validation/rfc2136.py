# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records through RFC 2136 dynamic updates, signed with TSIG: for BIND, Knot, PowerDNS, Windows and other servers.

Everything uses TCP, even queries: answers are not truncated and cannot be forged off-path, and the key is checked
before anything is changed. dnspython is imported when the first record is planned."""

from __future__ import annotations

import base64
import binascii
import socket
import time
import typing as t

from .dns_records import CREATE, REPLACE, Change, PublishError, Record, batches, ttl_of
from .._rules.errors import InvalidInput
from .._rules.names import is_below, plain
from .._net.resolver import require_dnspython

KEY_ALGORITHMS = ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
RECORDS_AN_UPDATE = 200  # far below the limit of 64 KiB for a message
READ_BACK_S = (0.0, 0.2, 0.5, 1.0, 2.0)  # a server that forwards the update to its primary needs a moment


class Rfc2136:
    """A Publisher for one name server.

    settings: server (name or address), port, key_name, key_secret (base64), key_algorithm, zone, ttl. Without zone, the
    server is asked for the zone of every name. Without key_name, updates are not signed.
    """

    def __init__(
        self,
        settings: t.Mapping[str, t.Any],
        timeout_s: float = 10.0,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._server: str = settings.get("server") or ""
        self._port = 53 if settings.get("port") is None else int(settings["port"])
        self._key_name: str = settings.get("key_name") or ""
        self._key_secret: str = (settings.get("key_secret") or "").strip()  # a vault or a file may add a line break
        self._algorithm: str = (settings.get("key_algorithm") or "hmac-sha256").lower()
        self._zone = plain(settings.get("zone") or "")
        self._ttl = ttl_of(settings)
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._keyring: t.Any = None
        self._connection: t.Optional[socket.socket] = None
        self._check()

    def _check(self) -> None:
        if not self._server:
            raise InvalidInput(
                "publish.rfc2136.server is missing: give the address of the name server that accepts updates."
            )
        if not 1 <= self._port <= 65535:
            raise InvalidInput(f"publish.rfc2136.port is {self._port}; give a TCP port, 1 to 65535.")
        if bool(self._key_name) != bool(self._key_secret):
            raise InvalidInput("publish.rfc2136 needs key_name and key_secret together, or neither.")
        if self._algorithm not in KEY_ALGORITHMS:
            raise InvalidInput(
                f"publish.rfc2136.key_algorithm is {self._algorithm!r}; it must be one of {', '.join(KEY_ALGORITHMS)}."
            )
        try:
            base64.b64decode(self._key_secret.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeError):
            raise InvalidInput("publish.rfc2136.key_secret is not base64: copy it as tsig-keygen shows it.") from None

    def __str__(self) -> str:
        return f"{self._server} port {self._port}"

    # Publisher

    def check(self, names: t.Iterable[str]) -> None:
        with self:
            for name in names:
                self._zone_of(self._inside(name))

    def plan(self, records: t.Sequence[Record]) -> list[Change]:
        changes = []
        with self:
            for record in records:
                values, zone = self._read(self._inside(record.name))
                if values != (record.value,):
                    zone = zone or self._zone_of(record.name)
                    changes.append(Change(REPLACE if values else CREATE, zone, record, self._ttl, values))
        return changes

    def apply(self, changes: t.Sequence[Change]) -> None:
        done: list[Change] = []
        with self:
            try:
                for zone, batch in batches(changes, RECORDS_AN_UPDATE):
                    self._update(zone, batch)
                    done.extend(batch)
                for change in changes:
                    self._prove(change)
            except PublishError as error:
                error.done = done
                raise

    def _inside(self, name: str) -> str:
        if self._zone and not is_below(name, self._zone):
            raise PublishError(f"{name} is not in the zone {self._zone}, which is set as publish.rfc2136.zone.")
        return name

    # one message each

    def _update(self, zone: str, changes: t.Sequence[Change]) -> None:
        import dns.rcode
        import dns.update

        update = dns.update.UpdateMessage(zone + ".")
        for change in changes:
            update.replace(change.record.name + ".", change.ttl, "CNAME", change.record.value + ".")
        reply = self._exchange(update)
        rcode = reply.rcode()
        if rcode == dns.rcode.REFUSED:
            key = f"the key {self._key_name}" if self._key_name else "updates without a key"
            raise PublishError(f"{self} refuses {key} for the zone {zone}: allow it there (update-policy in BIND).")
        if rcode == dns.rcode.NOTAUTH:
            raise PublishError(f"{self} is not the primary server of the zone {zone}: send updates to the primary.")
        if rcode != dns.rcode.NOERROR:
            raise PublishError(f"{self} answered {dns.rcode.to_text(rcode)} to the update of {zone}: see its log.")

    def _prove(self, change: Change) -> None:
        """Check: RFC 2136 lets a server silently ignore a CNAME if the name has other records."""
        for pause_s in READ_BACK_S:
            self._sleep(pause_s)
            values, _zone = self._read(change.record.name)
            if change.record.value in values:
                return
        raise PublishError(
            f"{self} accepted the update of {change.record.name}, but does not have the record: "
            "remove the other records at that name."
        )

    def _read(self, name: str) -> tuple[tuple[str, ...], str]:
        """The CNAME values at `name`, and its zone if the answer happens to contain it (else "")."""
        import dns.rdatatype

        reply = self._ask(name, "CNAME")
        values = tuple(
            plain(rdata.target.to_text())
            for rrset in reply.answer
            if rrset.rdtype == dns.rdatatype.CNAME and plain(rrset.name.to_text()) == name
            for rdata in rrset
        )
        return values, self._zone or _soa_owner(reply, name)

    def _zone_of(self, name: str) -> str:
        labels = name.split(".")
        for start in range(len(labels)):
            zone = _soa_owner(self._ask(".".join(labels[start:]), "SOA"), name)
            if zone:
                return zone
        raise PublishError(f"{self} has no zone for {name}.")

    def _ask(self, name: str, rdtype: str) -> t.Any:
        import dns.exception
        import dns.flags
        import dns.message
        import dns.rcode

        try:
            query = dns.message.make_query(name + ".", rdtype, flags=0)
        except dns.exception.DNSException:
            raise PublishError(f"{name} is longer than DNS allows: it cannot have a record.") from None
        reply = self._exchange(query)
        rcode = reply.rcode()
        if rcode in (dns.rcode.REFUSED, dns.rcode.NOTAUTH):
            raise PublishError(f"{self} has no zone for {name}, or does not answer from here: use another server.")
        if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise PublishError(f"{self} answered {dns.rcode.to_text(rcode)} about {name}: see its log.")
        if not reply.flags & dns.flags.AA:
            raise PublishError(
                f"{self} does not have {name} itself (its zone is delegated elsewhere): use the primary of that zone."
            )
        return reply

    # the wire

    def __enter__(self) -> Rfc2136:
        require_dnspython()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, message: t.Any) -> t.Any:
        import dns.exception
        import dns.query
        import dns.tsig
        import dns.tsigkeyring

        if self._key_name and self._keyring is None:
            algorithm = "hmac-md5.sig-alg.reg.int" if self._algorithm == "hmac-md5" else self._algorithm
            self._keyring = dns.tsigkeyring.from_text({self._key_name: (algorithm, self._key_secret)})
        if self._keyring is not None:
            message.use_tsig(self._keyring)
        had_connection = self._connection is not None
        try:
            connection = self._connect()
            return dns.query.tcp(message, connection.getpeername()[0], self._timeout_s, self._port, sock=connection)
        except (dns.tsig.PeerBadKey, dns.tsig.PeerBadSignature) as error:
            what = (
                "does not know the key" if isinstance(error, dns.tsig.PeerBadKey) else "has another secret for the key"
            )
            raise PublishError(f"{self} {what} {self._key_name}: compare name, algorithm and secret.") from None
        except dns.tsig.PeerBadTime:
            raise PublishError(f"The clocks of {self} and of this machine differ by more than five minutes.") from None
        except dns.exception.Timeout:
            raise PublishError(
                f"{self} did not answer within {self._timeout_s:g} s over TCP; check publish.rfc2136.server and port, and any firewall."
            ) from None
        except (EOFError, OSError) as error:
            self.__exit__()
            if had_connection:  # the server closed an idle connection
                return self._exchange(message)
            said = (error.strerror if isinstance(error, OSError) else "") or "it closed the connection"
            raise PublishError(
                f"{self} cannot be reached over TCP: {said}; check publish.rfc2136.server and port."
            ) from None
        except dns.exception.DNSException as error:
            raise PublishError(f"{self} sent an answer that cannot be trusted: {type(error).__name__}.") from None

    def _connect(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.create_connection((self._server, self._port), timeout=self._timeout_s)
            self._connection.setblocking(False)  # dnspython waits, with a deadline for the whole message
        return self._connection


def _soa_owner(reply: t.Any, name: str) -> str:
    import dns.rdatatype

    for rrset in (*reply.answer, *reply.authority):
        owner = plain(rrset.name.to_text())
        if rrset.rdtype == dns.rdatatype.SOA and is_below(name, owner):
            return owner
    return ""
