# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS server for tests that behaves like a web server: it reads its files when it starts and when it reloads, keeps the
loaded certificates if the new files are bad, chooses by SNI, and can check its configuration.

    tls_stand_in.py check|serve|reload|stop FOLDER

FOLDER/config.json: {"port": …, "sites": {"www.example.com": "/etc/acm/www.example.com/live", …}}; the first site is the
default. A certificate that has a line of its PEM in FOLDER/refused does not pass the check."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path


class StandIn:
    """Controls the server in FOLDER."""

    def __init__(self, folder: Path, sites: dict[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        (folder / "config.json").write_text(json.dumps({"port": self.port, "sites": sites}))
        (folder / "refused").write_text("")

    def words(self, verb: str) -> list[str]:
        return [sys.executable, str(Path(__file__).resolve()), verb, str(self.folder)]

    def service(self, **options: t.Any) -> dict[str, t.Any]:
        return {
            "name": "stand-in",
            "host": "127.0.0.1",
            "ports": [self.port],
            "pid_file": str(self.folder / "pid"),
            "check_command": self.words("check"),
            "reload_command": self.words("reload"),
            "start_command": self.words("serve"),
            **options,
        }

    def start(self) -> None:
        subprocess.run(self.words("serve"), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run(self.words("stop"), check=False)

    def refuse(self, certificate: str) -> None:
        (self.folder / "refused").write_text(certificate.splitlines()[1])


def load(folder: Path) -> tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]:
    config = json.loads((folder / "config.json").read_text())
    contexts: dict[str, ssl.SSLContext] = {}
    for name, live in config["sites"].items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(f"{live}/fullchain.pem", f"{live}/privkey.pem")
    default = next(iter(contexts.values()))

    def choose(connection: t.Any, name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = contexts.get(name or "", default)

    default.sni_callback = choose
    return default, contexts


def check(folder: Path) -> None:
    refused = (folder / "refused").read_text().strip()
    config = json.loads((folder / "config.json").read_text())
    for live in config["sites"].values():
        if refused and refused in Path(live, "fullchain.pem").read_text():
            sys.exit(f"stand-in: {live} is refused")
    load(folder)


def serve(folder: Path) -> None:
    state = {"context": load(folder)[0]}
    listener = socket.create_server(("127.0.0.1", json.loads((folder / "config.json").read_text())["port"]))
    if os.fork():
        while not (folder / "pid").exists():
            time.sleep(0.005)
        os._exit(0)
    os.setsid()

    def reload(*_: t.Any) -> None:
        with contextlib.suppress(OSError, ValueError):
            state["context"] = load(folder)[0]

    def stop(*_: t.Any) -> None:
        (folder / "pid").unlink()
        os._exit(0)

    signal.signal(signal.SIGHUP, reload)
    signal.signal(signal.SIGTERM, stop)
    (folder / "pid.new").write_text(str(os.getpid()))
    (folder / "pid.new").rename(folder / "pid")
    while True:
        plain, _address = listener.accept()
        threading.Thread(target=answer, args=[plain, state["context"]], daemon=True).start()


def answer(plain: socket.socket, context: ssl.SSLContext) -> None:
    plain.settimeout(10)
    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
        connection.recv(1)


def main() -> None:
    verb, folder = sys.argv[1], Path(sys.argv[2])
    if verb == "check":
        check(folder)
    elif verb == "serve":
        serve(folder)
    else:
        number = {"reload": signal.SIGHUP, "stop": signal.SIGTERM}[verb]
        os.kill(int((folder / "pid").read_text()), number)


if __name__ == "__main__":
    main()
