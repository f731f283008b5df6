# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy's runtime API, as far as certificates go. Standard library only.

What it says and takes is in HAProxy's management guide, section 9.3 ("set ssl cert", "commit ssl cert", "show ssl cert").
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import ssl
import time
import typing as t

from ..._files.folders import read_regular

TIMEOUT_S = 10.0  # of one command
_LARGEST = 4 * 2**20  # octets of a PEM file, or of an answer
_SPECIAL = re.compile(r"[\s;\\<'\"]")  # what its command line would not take as part of a name
_END = "-----END CERTIFICATE-----"


class HaproxyFault(Exception):
    """What HAProxy refused, or why it could not be asked. The message is one sentence, without any part of a key."""


class Runtime:
    """The stats socket of a running HAProxy. Every command is a connection of its own, as HAProxy closes after one."""

    def __init__(self, path: str, timeout_s: float = TIMEOUT_S) -> None:
        self.path = path
        self.timeout_s = timeout_s

    def ask(self, command: str) -> str:
        """Send one command and return the whole answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout_s)
            try:
                connection.connect(self.path)
                connection.sendall(command.encode("utf-8") + b"\n")
                answer = self._receive(connection).decode("utf-8", "replace").strip()
            except OSError as error:
                raise HaproxyFault(
                    f"The socket {self.path} cannot be used ({error.strerror or error}); "
                    "see that HAProxy runs and has a 'stats socket' there with 'level admin'."
                ) from None
        if answer.startswith("Permission denied"):
            raise HaproxyFault(f"HAProxy refuses at {self.path}; give its 'stats socket' the words 'level admin'.")
        if answer.startswith("Unknown command"):
            raise HaproxyFault(f"The HAProxy at {self.path} knows no such command; it needs HAProxy 2.2 or newer.")
        return answer

    def _receive(self, connection: socket.socket) -> bytes:
        """All that comes, within the time-out altogether: whatever holds the socket must not hold up the run forever."""
        deadline = time.monotonic() + self.timeout_s
        answer = b""
        while True:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or len(answer) > _LARGEST:
                raise OSError(errno.ETIMEDOUT, "its answer does not end")
            connection.settimeout(left_s)
            received = connection.recv(65536)
            if not received:
                return answer
            answer += received

    def names(self) -> list[str]:
        """The files that HAProxy has loaded certificates from, by the names that its configuration gives them."""
        lines = self.ask("show ssl cert").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "*"))]

    def fingerprint(self, name: str) -> str | None:
        """SHA-1 of the certificate that it serves from there, in upper-case hexadecimal digits; HAProxy tells no other."""
        found = re.search(r"^SHA1 FingerPrint: ([0-9A-F]+)", self.ask(f"show ssl cert {_word(name)}"), re.MULTILINE)
        return found.group(1) if found else None

    def replace(self, name: str, text: str) -> None:
        """Serve this PEM text from now on under NAME.

        HAProxy has one transaction at a time. While one is open, it takes whatever is set, under any name, into that.
        So each certificate is put to use before the next one is handed over, and a transaction that somebody left open
        is ended first.
        """
        payload = "\n".join(line for line in text.splitlines() if line.strip())  # an empty line would end it
        for _attempt in range(2):
            answer = self.ask(f"set ssl cert {_word(name)} <<\n{payload}\n")
            open_name = _transaction_of(answer)
            if open_name is None:
                raise HaproxyFault(f"HAProxy does not accept {name}: {_first_line(answer)}")
            if open_name == name:
                break
            self.ask(f"abort ssl cert {_word(open_name)}")
        else:
            raise HaproxyFault(f"HAProxy is busy with another change, of {open_name}; wait for its end and run again.")
        answer = self.ask(f"commit ssl cert {_word(name)}")
        if "Success!" not in answer:
            self.ask(f"abort ssl cert {_word(name)}")
            raise HaproxyFault(f"HAProxy does not put {name} to use: {_first_line(answer)}")


def find_name(path: str, names: t.Iterable[str]) -> str | None:
    """The one of HAProxy's NAMES that means the file PATH, however it is spelled."""
    names = list(names)
    for name in names:
        if os.path.normpath(name) == os.path.normpath(path):
            return name
    return next((name for name in names if os.path.realpath(name) == os.path.realpath(path)), None)


def read_pem(path: str) -> tuple[str, str]:
    """The text of a PEM file, and the SHA-1 of its first certificate."""
    try:
        text = read_regular(path, _LARGEST).decode("ascii")
        first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(_END) + len(_END)]
        return text, hashlib.sha1(ssl.PEM_cert_to_DER_cert(first)).hexdigest().upper()
    except OSError as error:
        raise HaproxyFault(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise HaproxyFault(f"{path} holds no certificate; name a PEM file with certificate, chain and key.") from None


def update(runtime: Runtime, paths: t.Iterable[str], ignores_unknown: bool, is_check: bool) -> list[dict[str, t.Any]]:
    """Serve these files from now on; what became of each, as haproxy_certificate returns it. Raises HaproxyFault."""
    names = runtime.names()
    results: list[dict[str, t.Any]] = []
    contents: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        text, fingerprint = read_pem(path)
        name = find_name(path, names)
        result = {"path": path, "known": name is not None, "changed": False, "fingerprint": fingerprint}
        results.append(result)
        if name is None:
            if ignores_unknown:
                continue
            raise HaproxyFault(f"The running HAProxy does not know {path}; reload it. Nothing was changed.")
        result.update(name=name, previous_fingerprint=runtime.fingerprint(name))
        if result["previous_fingerprint"] != fingerprint:
            result["changed"] = True
            contents[name] = text
    if is_check:
        return results
    for result in results:
        if not result["changed"]:
            continue
        runtime.replace(str(result["name"]), contents[str(result["name"])])
        if runtime.fingerprint(str(result["name"])) != result["fingerprint"]:
            raise HaproxyFault(f"HAProxy accepted {result['path']} but serves another certificate; reload it.")
    return results


def _word(name: str) -> str:
    if _SPECIAL.search(name):
        raise HaproxyFault(f"The file name {name!r} cannot be sent to HAProxy's socket; choose one without blanks.")
    return name


def _transaction_of(answer: str) -> str | None:
    """The name that the open transaction is about, by the answer to `set ssl cert`."""
    taken = re.search(r"^Transaction \w+ for certificate (.+)!$", answer, re.MULTILINE)
    refused = re.search(r"ongoing transaction is about '(.+?)'", answer)
    found = taken or refused
    return found.group(1) if found else None


def _first_line(answer: str) -> str:
    lines = [line.strip(" .") for line in answer.splitlines() if line.strip(" .")]
    return (lines[-1] if lines else "it gives no reason") + "."
