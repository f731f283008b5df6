# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real BIND on loopback for tests, with its own configuration, port, TSIG key and zones.

    with name_server({"example.com": "www A 192.0.2.1"}) as server:
        server.add("_x.example.com", "CNAME", "_y.acm-validations.aws.")

Zones are given as master-file lines, without SOA and NS. Only the loopback address is used, and no other server is queried.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

HEAD = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 604800 5\n@ NS ns\nns A 127.0.0.1\n"
START_TIMEOUT_S = 15
NAMED = shutil.which("named") or shutil.which("named", path="/usr/sbin:/usr/local/sbin")


class NotStarted(RuntimeError):
    """BIND did not start; the message is its log."""


class NameServer:
    """A running BIND. It answers SERVFAIL for `broken` zones, and REFUSED outside its zones."""

    def __init__(
        self,
        folder: Path,
        zones: t.Mapping[str, str],
        broken: t.Iterable[str] = (),
        key_algorithm: str = "hmac-sha256",
        extra: str = "",
        update_policy: str = "zonesub ANY",
        forward: t.Optional[t.Mapping[str, str]] = None,
    ) -> None:
        self.folder = folder
        self.address = "127.0.0.1"
        self.port = 0
        self.key_name = "tests-key"
        self.key_algorithm = key_algorithm
        self.key_secret = base64.b64encode(os.urandom(32)).decode()
        self.zones = dict(zones)
        self.broken = frozenset(broken)
        self.update_policy = update_policy
        self.extra = extra
        self.forward = dict(forward or {})
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def keyring(self) -> dict[dns.name.Name, dns.tsig.Key]:
        algorithm = "hmac-md5.sig-alg.reg.int" if self.key_algorithm == "hmac-md5" else self.key_algorithm
        return dict(dns.tsigkeyring.from_text({self.key_name: (algorithm, self.key_secret)}))

    def rfc2136(self, **others: t.Any) -> dict[str, t.Any]:
        """The value of a module's option publish.rfc2136 for this server."""
        return {
            "server": self.address,
            "port": self.port,
            "key_name": self.key_name,
            "key_secret": self.key_secret,
            "key_algorithm": self.key_algorithm,
            **others,
        }

    # starting and stopping

    def start(self, port: int = 0) -> None:
        for _attempt in range(5):  # between our check and BIND's bind(), another process may take the port
            self.port = port or free_port()
            self.write_configuration()
            log = (self.folder / "named.log").open("wb")
            self.process = subprocess.Popen(
                [str(NAMED), "-f", "-4", "-n", "1", "-c", str(self.folder / "named.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            log.close()
            if self.is_answering():
                return
            self.stop()
        raise NotStarted((self.folder / "named.log").read_text(errors="replace")[-2000:])

    def is_answering(self) -> bool:
        assert self.process is not None
        query = dns.message.make_query("version.bind", "TXT", "CH")
        query.use_tsig(self.keyring)  # another server on that port would not know our key
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
                dns.query.tcp(query, self.address, port=self.port, timeout=1)
                dns.query.udp(query, self.address, port=self.port, timeout=0.5)
                return self.process.poll() is None
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def write_configuration(self) -> None:
        blocks = []
        for zone in [*self.zones, *self.broken]:
            blocks.append(
                f'zone "{zone}" {{ type primary; file "{self.folder}/{zone}.zone"; '
                f"update-policy {{ grant {self.key_name} {self.update_policy}; }}; }};"
            )
            if not (self.folder / f"{zone}.zone").exists():
                self.write_zone(zone)
        for zone, endpoint in self.forward.items():
            address, _colon, port = endpoint.partition(":")
            blocks.append(f'zone "{zone}" {{ type forward; forward only; forwarders {{ {address} port {port}; }}; }};')
        (self.folder / "named.conf").write_text(f"""
key "{self.key_name}" {{ algorithm {self.key_algorithm}; secret "{self.key_secret}"; }};
options {{
  directory "{self.folder}";
  listen-on port {self.port} {{ {self.address}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  lock-file none;
  session-keyfile none;
  managed-keys-directory "{self.folder}";
  recursion {"yes" if self.forward else "no"};
  dnssec-validation no;
  notify no;
  empty-zones-enable no;
  check-names primary ignore;
  check-integrity no;
  {self.extra}
}};
controls {{}};
logging {{ category default {{ default_stderr; }}; category lame-servers {{ null; }}; }};
{os.linesep.join(blocks)}
""")

    def write_zone(self, zone: str) -> None:
        text = "this is no zone" if zone in self.broken else HEAD + self.zones[zone].rstrip("\n")
        (self.folder / f"{zone}.zone").write_text(text + "\n")
        (self.folder / f"{zone}.zone.jnl").unlink(missing_ok=True)

    # changing what it serves

    def set_zone(self, zone: str, records: str = "") -> None:
        """Serve `zone` with only these records, whether it existed before or not. This restarts BIND: some 80 ms."""
        self.stop()
        self.zones[zone] = records
        self.write_zone(zone)
        self.start(self.port)

    def add(self, name: str, rdtype: str, *values: str, ttl: int = 60) -> None:
        """Add records to whichever of the zones `name` belongs to."""
        self._send(name, lambda update, owner: update.add(owner, ttl, rdtype, *values))

    def remove(self, name: str, rdtype: str | None = None) -> None:
        self._send(name, lambda update, owner: update.delete(owner, *([rdtype] if rdtype else [])))

    def _send(self, name: str, change: t.Callable[[dns.update.UpdateMessage, str], None]) -> None:
        owner = name.rstrip(".").lower()
        zone = max((z for z in self.zones if owner == z or owner.endswith("." + z)), key=len)
        update = dns.update.UpdateMessage(zone + ".", keyring=self.keyring)
        change(update, owner + ".")
        reply = dns.query.tcp(update, self.address, port=self.port, timeout=5)
        if reply.rcode() != dns.rcode.NOERROR:
            raise RuntimeError(f"BIND refused the update of {name}: {dns.rcode.to_text(reply.rcode())}")

    def values(self, name: str, rdtype: str = "CNAME") -> list[str]:
        """The values that it answers now, in presentation form, sorted."""
        reply = dns.query.udp(dns.message.make_query(name, rdtype), self.address, port=self.port, timeout=5)
        return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)

    def log(self) -> str:
        return (self.folder / "named.log").read_text(errors="replace")


def free_port() -> int:
    """A port that is free now for both TCP and UDP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                with contextlib.suppress(OSError):
                    udp.bind(("127.0.0.1", port))
                    return int(port)


@contextlib.contextmanager
def name_server(
    zones: t.Mapping[str, str],
    *,
    broken: t.Iterable[str] = (),
    key_algorithm: str = "hmac-sha256",
    update_policy: str = "zonesub ANY",
    extra: str = "",
    forward: t.Optional[t.Mapping[str, str]] = None,
) -> t.Iterator[NameServer]:
    """Run BIND with these zones (name → master-file lines) while the block runs.

    broken: zones that are answered with SERVFAIL. update_policy: what the key may change. extra: lines for options{}.
    forward: zone → endpoint; with it BIND recurses, and queries that endpoint for everything in the zone.
    """
    if not NAMED:
        raise NotStarted("BIND is not installed: install the Debian package bind9.")
    with tempfile.TemporaryDirectory(prefix="named-") as folder:
        server = NameServer(Path(folder), zones, broken, key_algorithm, extra, update_policy, forward)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def silent_server() -> t.Iterator[str]:
    """An endpoint that accepts DNS queries over UDP and TCP, and never answers."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", port))
        tcp.bind(("127.0.0.1", port))
        tcp.listen(16)
        yield f"127.0.0.1:{port}"
