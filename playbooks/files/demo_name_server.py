# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for machines without BIND: the demo's stand-in. Needs Python and dnspython.

    python3 demo_name_server.py --config FILE           start in the background
    python3 demo_name_server.py --config FILE -t        check the configuration
    python3 demo_name_server.py --config FILE --stop    stop and wait until it is gone

The configuration is JSON; relative paths are relative to its folder:

    {"address": "127.0.0.1", "port": 5353, "pid_file": "dns.pid", "log_file": "dns.log",
     "key": {"name": "demo", "algorithm": "hmac-sha256", "secret": "BASE64"},
     "zones": [{"name": "shop.example", "file": "shop.example.zone"}]}

It answers for these zones over UDP and TCP, and accepts RFC 2136 updates that are signed with the key. A zone file that does not
exist yet starts with only SOA and NS; each update rewrites it, so that the records survive a restart.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import socket
import socketserver
import sys
import threading
import time
import typing as t
from pathlib import Path

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.opcode
    import dns.query
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.tsig
    import dns.tsigkeyring
    import dns.update
    import dns.zone
except ImportError:
    sys.exit("This stand-in needs dnspython: install it (pip install dnspython) for the Python that runs it.")

EMPTY_ZONE = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 604800 60\n@ NS ns\nns A 127.0.0.1\n"
CNAME, SOA, ANY = dns.rdatatype.CNAME, dns.rdatatype.SOA, dns.rdatatype.ANY


class Fault(Exception):
    """A fault, in one sentence."""


class Refusal(Exception):
    """An answer that is only a response code, the exception's argument."""


class Configuration(t.NamedTuple):
    address: str
    port: int
    pid_file: Path
    log_file: Path
    keyring: dict[dns.name.Name, dns.tsig.Key]
    zones: dict[dns.name.Name, dns.zone.Zone]
    files: dict[dns.name.Name, Path]


def read_configuration(path: Path) -> Configuration:
    """Read the file and every zone that it lists; raises Fault if any of them cannot be used."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        folder = path.resolve().parent
        key = raw["key"]
        algorithm = key.get("algorithm", "hmac-sha256")
        base64.b64decode(key["secret"], validate=True)
        files = {dns.name.from_text(zone["name"].lower()): folder / zone["file"] for zone in raw["zones"]}
        if not files:
            raise Fault(f"{path} names no zone; give at least one in zones.")
        zones = {}
        for origin, file in files.items():
            text = file.read_text(encoding="utf-8") if file.exists() else EMPTY_ZONE
            zones[origin] = dns.zone.from_text(text, origin, relativize=False)
        return Configuration(
            address=raw.get("address", "127.0.0.1"),
            port=int(raw["port"]),
            pid_file=folder / raw["pid_file"],
            log_file=folder / raw.get("log_file", "dns.log"),
            keyring=dns.tsigkeyring.from_text({key["name"]: (algorithm, key["secret"])}),
            zones=zones,
            files=files,
        )
    except OSError as error:
        raise Fault(f"{error.filename or path} cannot be read: {error.strerror or error}.") from error
    except KeyError as error:
        raise Fault(f"{path} lacks {error}.") from error
    except dns.exception.DNSException as error:
        raise Fault(f"A zone of {path} cannot be read: {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Fault(f"{path} is not a valid configuration: {error}.") from error


class Server:
    """Answers one message at a time; the two listeners only pass messages on."""

    def __init__(self, configuration: Configuration) -> None:
        self.zones, self.files, self.keyring = configuration.zones, configuration.files, configuration.keyring
        self.lock = threading.Lock()

    def answer(self, wire: bytes, limit: int) -> bytes | None:
        """The answer to `wire`, at most `limit` octets unless the client allows more; None if it gets no answer."""
        try:
            query = dns.message.from_wire(wire, keyring=self.keyring)
        except (dns.message.UnknownTSIGKey, dns.tsig.BadSignature, dns.tsig.BadTime, dns.tsig.BadKey) as error:
            print(time.strftime("%FT%TZ", time.gmtime()), "not signed with the key:", error, flush=True)
            response = dns.message.make_response(dns.message.from_wire(wire, keyring=False))
            response.set_rcode(dns.rcode.NOTAUTH)
            return response.to_wire()
        except (dns.exception.DNSException, ValueError):
            return None
        if query.flags & dns.flags.QR:
            return None
        response = dns.message.make_response(query)
        try:
            with self.lock:
                if isinstance(query, dns.update.UpdateMessage):
                    self.update(query)
                elif query.opcode() == dns.opcode.QUERY and len(query.question) == 1:
                    self.look_up(query.question[0].name, query.question[0].rdtype, response)
                else:
                    raise Refusal(dns.rcode.NOTIMP)
        except Refusal as refusal:
            response.set_rcode(refusal.args[0])
        except (
            Exception
        ) as error:  # for example a full disk: the client must get an answer, and the next client be served
            print(time.strftime("%FT%TZ", time.gmtime()), repr(error), flush=True)
            response.set_rcode(dns.rcode.SERVFAIL)
        size = max(limit, min(query.payload, 1232) if query.edns >= 0 else 0)
        try:
            return response.to_wire(max_size=size)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def zone_of(self, name: dns.name.Name) -> dns.zone.Zone:
        candidates = [origin for origin in self.zones if name.is_subdomain(origin)]
        if not candidates:
            raise Refusal(dns.rcode.REFUSED)
        return self.zones[max(candidates, key=len)]

    def look_up(self, name: dns.name.Name, rdtype: t.Any, response: dns.message.Message) -> None:
        zone = self.zone_of(name)
        response.flags |= dns.flags.AA
        seen = set()
        while name not in seen:
            seen.add(name)
            node = zone.get_node(name)
            sets = [rdataset for rdataset in node or () if rdtype in (rdataset.rdtype, ANY) or rdataset.rdtype == CNAME]
            for rdataset in sets:
                answer = response.find_rrset(response.answer, name, rdataset.rdclass, rdataset.rdtype, create=True)
                answer.update(rdataset)
            if sets and rdtype != CNAME and sets[0].rdtype == CNAME:
                name = sets[0][0].target
                try:
                    zone = self.zone_of(name)
                    continue
                except Refusal:
                    return  # the chain leaves this server: the client continues elsewhere
            if not sets:
                soa = zone.find_rrset(t.cast(dns.name.Name, zone.origin), SOA)
                response.authority.append(soa)
                if node is None and not any(other.is_subdomain(name) for other in zone):
                    response.set_rcode(dns.rcode.NXDOMAIN)
            return

    def update(self, message: dns.update.UpdateMessage) -> None:
        """RFC 2136, section 3: the prerequisites, then every change or none; the zone file last."""
        origin = message.zone[0].name if message.zone else None
        if origin not in self.zones:
            raise Refusal(dns.rcode.NOTAUTH)
        if not message.had_tsig:
            raise Refusal(dns.rcode.REFUSED)
        zone = self.zones[origin]
        for rrset in (*message.prerequisite, *message.update):
            if not rrset.name.is_subdomain(origin):
                raise Refusal(dns.rcode.NOTZONE)
        for rrset in message.prerequisite:
            there = zone.get_node(rrset.name) if rrset.rdtype == ANY else zone.get_rdataset(rrset.name, rrset.rdtype)
            if rrset.deleting == dns.rdataclass.NONE:
                if there:
                    raise Refusal(dns.rcode.YXDOMAIN if rrset.rdtype == ANY else dns.rcode.YXRRSET)
            elif not there or (len(rrset) and not set(rrset) <= set(there)):
                raise Refusal(dns.rcode.NXDOMAIN if rrset.rdtype == ANY else dns.rcode.NXRRSET)
        with zone.writer() as changes:
            for rrset in message.update:
                self.change(changes, zone, rrset)
            changes.update_serial(name=origin)
        file = self.files[origin]
        draft = file.with_name(file.name + ".new")
        draft.write_text(zone.to_text(relativize=False), encoding="utf-8")
        os.replace(draft, file)

    @staticmethod
    def change(changes: t.Any, zone: dns.zone.Zone, rrset: t.Any) -> None:
        present = {rdataset.rdtype for rdataset in changes.get_node(rrset.name) or ()}
        protected = rrset.name == zone.origin and rrset.rdtype in (ANY, SOA, dns.rdatatype.NS)
        if rrset.deleting == dns.rdataclass.ANY:
            if not protected:
                changes.delete(rrset.name, *(() if rrset.rdtype == ANY else (rrset.rdtype,)))
        elif rrset.deleting == dns.rdataclass.NONE:
            if not protected:
                changes.delete(rrset.name, *rrset)
        elif rrset.rdtype == CNAME:
            if present <= {CNAME}:  # beside other data a CNAME is silently ignored (RFC 2136, 3.4.2.2)
                changes.replace(rrset.name, rrset)
        elif CNAME not in present and rrset.rdtype != SOA:
            changes.add(rrset.name, rrset)


class Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    server: Server


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    server: Server


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        answer = t.cast(Udp, self.server).server.answer(self.rfile.read(), limit=512)
        if answer:
            self.wfile.write(answer)


class Stream(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        try:
            while len(length := self.rfile.read(2)) == 2:
                answer = t.cast(Tcp, self.server).server.answer(
                    self.rfile.read(int.from_bytes(length, "big")), limit=65535
                )
                if answer is None:
                    return
                self.wfile.write(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            pass  # the client disconnected, or sent nothing for too long


def start(path: Path) -> None:
    configuration = read_configuration(path)
    if running(configuration.pid_file):
        raise Fault(f"A server with the pid file {configuration.pid_file} is already running; stop it first.")
    where = (configuration.address, configuration.port)
    listeners: list[Udp | Tcp] = []
    try:
        for kind, handler in ((Udp, Datagram), (Tcp, Stream)):
            kind.address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
            listener = t.cast(t.Any, kind)(where, handler)
            listener.server = Server(configuration) if not listeners else listeners[0].server
            listeners.append(listener)
    except OSError as error:
        raise Fault(f"Cannot listen on {where[0]} port {where[1]}: {error.strerror}. Choose another port.") from error
    log = configuration.log_file.open("ab", buffering=0)
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os.read(reader, 1)  # ends when the child has its pid file and answers signals
        return
    os.setsid()
    os.chdir("/")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)

    def stop(*_: t.Any) -> None:
        configuration.pid_file.unlink()
        os._exit(0)  # zone files are written and renamed within an update: there is nothing to finish

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    configuration.pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    os.close(writer)
    threading.Thread(target=listeners[0].serve_forever, daemon=True).start()
    listeners[1].serve_forever()


def running(pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def stop(path: Path) -> None:
    pid_file = (path.resolve().parent / json.loads(path.read_text(encoding="utf-8"))["pid_file"]).resolve()
    pid = running(pid_file)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while running(pid_file) == pid:
        if time.monotonic() > deadline:
            raise Fault(f"The server (process {pid}) did not stop within 5 s.")
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo's stand-in name server.")
    parser.add_argument("--config", required=True, type=Path)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("-t", "--test", action="store_true", help="check the configuration and print the result")
    action.add_argument("--stop", action="store_true", help="stop the server")
    options = parser.parse_args()
    try:
        if options.stop:
            stop(options.config)
        elif options.test:
            configuration = read_configuration(options.config)
            print(f"{options.config} is valid: {len(configuration.zones)} zones.")
        else:
            start(options.config)
    except (Fault, OSError) as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
