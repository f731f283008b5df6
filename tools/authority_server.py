# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""./run authority DIR PORT [--anyone]: an embedded authority for programs that speak ACM's protocol over HTTP.

With this collection's tree on PYTHONPATH, as ./run arranges it, this file runs by itself.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shlex
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any
from uuid import uuid4

from connections import Answer, Reply, Request, Server, error
from sigv4 import Gate, Refusal
from trouble import Trouble, say

# The folder public/ holds nothing else; a name with a path in it, or a hidden file, is no name here.
PUBLIC_FILE = re.compile(r"/public/([A-Za-z0-9][A-Za-z0-9._-]*\.(crt|crl|pem))")
MEDIA_TYPES = {"crt": "application/pkix-cert", "crl": "application/pkix-crl", "pem": "application/x-pem-file"}
VARIABLES_IN_THE_WAY = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


class Service:
    """What a connection leads to: ACM's protocol at /, the authority's certificates and revocation lists at /public/."""

    def __init__(self, authority: Any, gate: Gate | None) -> None:
        from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint

        self._public_folder = authority.public_folder
        self._answer = Endpoint(authority).answer
        self._gate = gate

    def answer(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        if request.method == "POST" and path == "/":
            return self._acm(request)
        if request.method in ("GET", "HEAD") and path.startswith("/public/"):
            return public_file(self._public_folder, path)
        return no_operation(request)

    def _acm(self, request: Request) -> Answer:
        if self._gate:
            try:
                self._gate.check(request.method, request.target, request.headers, request.body)
            except Refusal as refusal:
                return with_request_id(error(400, refusal.code, refusal.message))
        return self._carry_out(request)

    def _carry_out(self, request: Request) -> Answer:
        return self._answer(request.headers.get("X-Amz-Target", ""), request.body)


def no_operation(request: Request) -> Reply:
    what = f"{request.method} {request.target[:200]}"
    return with_request_id(error(404, "UnknownOperationException", f"{what} is no operation: ACM takes POST / only."))


def with_request_id(reply: Reply) -> Reply:
    reply.headers.update({"x-amzn-RequestId": str(uuid4()), "Date": formatdate(usegmt=True)})
    return reply


def public_file(folder: str, path: str) -> Reply:
    named = PUBLIC_FILE.fullmatch(path)
    content = read_regular_file(os.path.join(folder, named[1])) if named else None
    if named is None or content is None:
        body = b"There is no such file.\n"
        return Reply(404, {"Content-Type": "text/plain", "Content-Length": str(len(body))}, body)
    headers = {
        "Content-Type": MEDIA_TYPES[named[2]],
        "Content-Length": str(len(content)),
        "Date": formatdate(usegmt=True),
        "Cache-Control": "max-age=60",
    }
    return Reply(200, headers, content)


def read_regular_file(path: str) -> bytes | None:
    """None for what is absent, a link, or no file at all."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def open_or_make(path: str) -> Any:
    """The authority in a directory, made there with ACM's own defaults when the directory is new or empty."""
    from ansible_collections.certops.acm.plugins.module_utils._authority import directory
    from ansible_collections.certops.acm.plugins.module_utils._authority.keys.vault import WrongKey
    from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

    try:
        if not directory.exists(path):
            try:
                directory.create(path)
            except InvalidInput:
                if not directory.exists(path):  # else another process was quicker, and has made it
                    raise
        authority = directory.open_authority(path)
        authority.ensure_public_cas()  # clients trust them before the first request
        authority.access_key()
    except (InvalidInput, WrongKey) as trouble:
        raise Trouble(str(trouble)) from trouble
    return authority


def listen(port: int) -> Server:
    try:
        return Server(lambda request: None, port)
    except OSError as trouble:
        reason = os.strerror(trouble.errno or 0)
        raise Trouble(
            f"Port {port} of 127.0.0.1 cannot be served: {reason}; take another, or 0 for any free one."
        ) from None


def serve(server: Server, authority: Any, gate: Gate | None) -> None:
    """From here on the server answers."""
    server.answer = Service(authority, gate).answer
    server.start()


def introduction(url: str, authority: Any, is_open: bool) -> str:
    """What a shell needs to know, in lines that it can run."""
    identifier, secret = ("anyone", "anyone") if is_open else authority.access_key()
    variables = {
        "AWS_ENDPOINT_URL_ACM": url,
        "AWS_REGION": authority.region,
        "AWS_DEFAULT_REGION": authority.region,
        "AWS_ACCESS_KEY_ID": identifier,
        "AWS_SECRET_ACCESS_KEY": secret,
    }
    return "\n".join(
        [
            f"# The authority in {authority.path} answers as ACM at {url} (endpoint_url) until Ctrl-C or SIGTERM.",
            *(["# Signatures are not checked: whoever reaches the port may do everything."] if is_open else []),
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"unset {' '.join(VARIABLES_IN_THE_WAY)}",
            f"# Its roots, for clients to trust: {authority.trust_file}, {url}/public/{os.path.basename(authority.trust_file)}",
        ]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run authority", description="Serve an embedded authority on 127.0.0.1.")
    parser.add_argument("dir", metavar="DIR", help="the authority's directory; made when there is none")
    parser.add_argument("port", metavar="PORT", type=port_number, help="0: any free one")
    parser.add_argument("--anyone", action="store_true", help="do not check signatures: for tests only")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")

    try:
        server = listen(options.port)
        authority = open_or_make(options.dir)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    with ending_signals() as wait_for_one:
        serve(server, authority, None if options.anyone else Gate(authority.access_key(), authority.region))
        print(introduction(server.url, authority, options.anyone), flush=True)
        wait_for_one()
    return 0 if server.end() else 1


@contextmanager
def ending_signals() -> Iterator[Callable[[], object]]:
    """Hold back SIGTERM and SIGINT, for this thread and those it starts, so that one can be waited for.

    After that, a second one ends the process at once.
    """
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    yield lambda: signal.sigwait(wanted)
    for each in wanted:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)


def port_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: take 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
