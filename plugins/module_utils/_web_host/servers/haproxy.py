# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy's runtime API for certificates. Standard library only.

The commands are described in HAProxy's management guide, section 9.3 ("set ssl cert", "commit ssl cert", "show ssl
cert")."""

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
_SPECIAL = re.compile(r"[\s;\\<'\"]")  # characters that HAProxy's command line does not accept in a name
_END = "-----END CERTIFICATE-----"


class HaproxyFault(Exception):
    """HAProxy refused something, or could not be asked. The message is one sentence, without any part of a key."""


class Runtime:
    """The stats socket of a running HAProxy. Each command uses a new connection, because HAProxy closes it
    afterwards."""

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
                    "check that HAProxy is running and has a 'stats socket' at this path with 'level admin'."
                ) from None
        if answer.startswith("Permission denied"):
            raise HaproxyFault(f"HAProxy denies permission on {self.path}; add 'level admin' to its 'stats socket'.")
        if answer.startswith("Unknown command"):
            raise HaproxyFault(
                f"The HAProxy at {self.path} does not know this command, which needs HAProxy 2.2 or newer."
            )
        return answer

    def _receive(self, connection: socket.socket) -> bytes:
        """The whole answer, within the time-out: whatever owns the socket must not hold up the run forever."""
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
        """SHA-1 of the certificate served under NAME, in upper-case hexadecimal digits; HAProxy shows no other
        digest."""
        found = re.search(r"^SHA1 FingerPrint: ([0-9A-F]+)", self.ask(f"show ssl cert {_word(name)}"), re.MULTILINE)
        return found.group(1) if found else None

    def replace(self, name: str, text: str) -> None:
        """Serve this PEM text from now on under NAME.

        HAProxy has one transaction at a time. While it is open, everything that is set, under any name, becomes part of
        it. So each certificate is committed before the next is handed over, and a transaction that somebody left open
        is aborted first."""
        payload = "\n".join(line for line in text.splitlines() if line.strip())  # an empty line would end the payload
        for _attempt in range(2):
            answer = self.ask(f"set ssl cert {_word(name)} <<\n{payload}\n")
            open_name = _transaction_of(answer)
            if open_name is None:
                raise HaproxyFault(f"HAProxy does not accept {name}: {_first_line(answer)}")
            if open_name == name:
                break
            self.ask(f"abort ssl cert {_word(open_name)}")
        else:
            raise HaproxyFault(
                f"HAProxy is busy with another change, to {open_name}; wait until it ends and run again."
            )
        answer = self.ask(f"commit ssl cert {_word(name)}")
        if "Success!" not in answer:
            self.ask(f"abort ssl cert {_word(name)}")
            raise HaproxyFault(f"HAProxy does not activate {name}: {_first_line(answer)}")


def find_name(path: str, names: t.Iterable[str]) -> str | None:
    """HAProxy's name for the file PATH, among NAMES, whatever the spelling."""
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
        raise HaproxyFault(
            f"{path} contains no certificate; give a PEM file with certificate, chain and key."
        ) from None


def update(runtime: Runtime, paths: t.Iterable[str], ignores_unknown: bool, is_check: bool) -> list[dict[str, t.Any]]:
    """Serve these files from now on; the outcome for each, as haproxy_certificate returns it. Raises HaproxyFault."""
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
            raise HaproxyFault(f"The running HAProxy does not know {path}; reload HAProxy. Nothing was changed.")
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
            raise HaproxyFault(f"HAProxy accepted {result['path']} but serves another certificate; reload HAProxy.")
    return results


def _word(name: str) -> str:
    if _SPECIAL.search(name):
        raise HaproxyFault(f"The file name {name!r} cannot be sent to HAProxy's socket; choose a name without blanks.")
    return name


def _transaction_of(answer: str) -> str | None:
    """The name that the open transaction is about, from the answer to `set ssl cert`."""
    taken = re.search(r"^Transaction \w+ for certificate (.+)!$", answer, re.MULTILINE)
    refused = re.search(r"ongoing transaction is about '(.+?)'", answer)
    found = taken or refused
    return found.group(1) if found else None


def _first_line(answer: str) -> str:
    lines = [line.strip(" .") for line in answer.splitlines() if line.strip(" .")]
    return (lines[-1] if lines else "it gives no reason") + "."
