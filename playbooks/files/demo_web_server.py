# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server for machines without nginx: the demo's stand-in. Python's standard library only.

    python3 demo_web_server.py --config FILE           start in the background
    python3 demo_web_server.py --config FILE -t        check the configuration
    python3 demo_web_server.py --config FILE --reload  check it, then read certificates and keys again
    python3 demo_web_server.py --config FILE --stop    stop and wait until it is gone

The configuration is JSON; relative paths are relative to its folder:

    {"address": "127.0.0.1", "port": 8443, "pid_file": "server.pid", "log_file": "server.log",
     "sites": [{"server_name": "www.example.com", "certificate": "fullchain.pem", "key": "privkey.pem"}]}

The first site answers clients that ask for no site, or for one that is not listed.
Like nginx, it keeps serving the certificates that it has if new ones cannot be read.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import socketserver
import ssl
import sys
import time
import typing as t
from pathlib import Path

HANDSHAKE_TIMEOUT_S = 10


class Fault(Exception):
    """A fault, in one sentence."""


class Site(t.NamedTuple):
    server_name: str
    context: ssl.SSLContext


class Configuration(t.NamedTuple):
    address: str
    port: int
    pid_file: Path
    log_file: Path
    sites: list[Site]


def read_configuration(path: Path) -> Configuration:
    """Read the file and every certificate and key that it lists; raises Fault if any of them cannot be used."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        folder = path.resolve().parent
        sites = [
            Site(site["server_name"].lower(), tls_context(folder / site["certificate"], folder / site["key"]))
            for site in raw["sites"]
        ]
        if not sites:
            raise Fault(f"{path} names no site; give at least one in sites.")
        return Configuration(
            address=raw.get("address", "127.0.0.1"),
            port=int(raw["port"]),
            pid_file=folder / raw["pid_file"],
            log_file=folder / raw.get("log_file", "server.log"),
            sites=sites,
        )
    except OSError as error:
        raise Fault(f"{error.filename or path} cannot be read: {error.strerror or error}.") from error
    except KeyError as error:
        raise Fault(f"{path} lacks {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Fault(f"{path} is not a valid configuration: {error}.") from error


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    for file in (certificate, key):
        file.open("rb").close()  # names a missing file, which load_cert_chain would not
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except ssl.SSLError as error:
        reason = {"KEY_VALUES_MISMATCH": "the key belongs to another certificate"}.get(error.reason, str(error))
        raise Fault(f"{certificate} and {key} cannot be served: {reason}.") from error
    return context


def no_passphrase() -> bytes:
    raise Fault("A private key is encrypted; this server needs it unencrypted.")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, configuration: Configuration) -> None:
        self.address_family = socket.AF_INET6 if ":" in configuration.address else socket.AF_INET
        super().__init__((configuration.address, configuration.port), Answer)
        self.use(configuration)

    def use(self, configuration: Configuration) -> None:
        """Serve these certificates from the next connection on. It is a single assignment, so no connection sees half of it."""
        contexts = {site.server_name: site.context for site in reversed(configuration.sites)}
        entrance = configuration.sites[0].context

        def choose(connection: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> None:
            name = (server_name or "").lower()
            wildcard = "*." + name.partition(".")[2]
            connection.context = contexts.get(name) or contexts.get(wildcard) or entrance

        entrance.sni_callback = choose
        self.entrance = entrance

    def finish_request(self, request: t.Any, client_address: t.Any) -> None:
        request.settimeout(HANDSHAKE_TIMEOUT_S)
        try:
            with self.entrance.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)
        except OSError:
            pass  # the client disconnected, or does not speak TLS: not our problem


class Answer(socketserver.StreamRequestHandler):
    BODY = b"This is the stand-in web server of the certops.acm demo.\n"

    def handle(self) -> None:
        while self.rfile.readline(65537).strip():
            pass  # the request itself does not matter, only that it has ended
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(self.BODY)}\r\nConnection: close\r\n\r\n"
        self.wfile.write(head.encode() + self.BODY)


def start(path: Path) -> None:
    path = path.resolve()  # valid after the chdir below, too
    configuration = read_configuration(path)
    if running(configuration.pid_file):
        raise Fault(f"A server with the pid file {configuration.pid_file} is already running; stop it first.")
    try:
        server = Server(configuration)
    except OSError as error:
        where = f"{configuration.address} port {configuration.port}"
        raise Fault(f"Cannot listen on {where}: {error.strerror}. Choose another port.") from error
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

    def reload(*_: t.Any) -> None:
        try:
            server.use(read_configuration(path))
            print(time.strftime("%FT%TZ", time.gmtime()), "reloaded", flush=True)
        except Fault as fault:
            print(time.strftime("%FT%TZ", time.gmtime()), "not reloaded:", fault, flush=True)

    def stop(*_: t.Any) -> None:
        configuration.pid_file.unlink()
        os._exit(0)

    signal.signal(signal.SIGHUP, reload)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    configuration.pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    os.close(writer)
    server.serve_forever()


def running(pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def send(path: Path, number: int, until_gone: bool) -> None:
    pid_file = (path.resolve().parent / json.loads(path.read_text(encoding="utf-8"))["pid_file"]).resolve()
    pid = running(pid_file)
    if pid is None:
        if until_gone:
            return
        raise Fault(f"No server with the pid file {pid_file} is running; start it first.")
    os.kill(pid, number)
    deadline = time.monotonic() + 5
    while until_gone and pid_file.exists():
        if time.monotonic() > deadline:
            raise Fault(f"The server (process {pid}) did not stop within 5 s.")
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo's stand-in web server (TLS).")
    parser.add_argument("--config", required=True, type=Path)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("-t", "--test", action="store_true", help="check the configuration and print the result")
    action.add_argument("--reload", action="store_true", help="read certificates and keys again")
    action.add_argument("--stop", action="store_true", help="stop the server")
    options = parser.parse_args()
    try:
        if options.stop:
            send(options.config, signal.SIGTERM, until_gone=True)
        elif options.reload:
            read_configuration(options.config)
            send(options.config, signal.SIGHUP, until_gone=False)
        elif options.test:
            sites = read_configuration(options.config).sites
            print(f"{options.config} is valid: {', '.join(site.server_name for site in sites)}.")
        else:
            start(options.config)
    except (Fault, OSError, ValueError, KeyError) as fault:
        sys.exit(f"demo_web_server: {fault}")


if __name__ == "__main__":
    main()
