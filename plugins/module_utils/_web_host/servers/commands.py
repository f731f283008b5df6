# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of servers: checks, reloads, starts. No shell, a time limit, and never a pipe. Standard library only.

A reload may start a daemon, which inherits from the command. So a command gets /dev/null as its input, a file for its
output (a daemon that keeps a file open blocks nobody), and the default signal handlers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import typing as t

from ..._rules.errors import InvalidInput
from ..._rules.sentences import ended, without_middle

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_KEPT_OUTPUT = 8192
_SHORT = 800
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_MERE = re.compile(r"\b(warn|warning|notice|info|debug)\b", re.IGNORECASE)  # lines that explain no failure
_SHELL = re.compile(r"[();<>|&]+")
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")  # only single quotes keep a shell from reading $ and `


class Outcome(t.NamedTuple):
    """How a command ended. status is None if it was killed after its time limit or could not be started."""

    words: list[str]
    status: int | None
    output: str
    fault: str | None = None  # a clause: why it did not end or could not be started

    @property
    def is_good(self) -> bool:
        return self.status == 0

    @property
    def sentence(self) -> str:
        """The command's output, or that there was none."""
        text = shorten(self.output)
        if self.fault:
            return f"The command {shlex.join(self.words)} {self.fault}." + (f" It printed: {text}" if text else "")
        return text or f"The command {shlex.join(self.words)} exited with code {self.status} and printed nothing."


def read_words(option: str, service: str, value: t.Any) -> list[str] | None:
    """A command as a list of words, or as one text that is split as in a shell. Raises InvalidInput if it needs a
    shell."""
    if value is None or isinstance(value, (list, tuple)):
        words = value if value is None else [str(word) for word in value]
        if words and not words[0].strip():
            raise InvalidInput(f"The {option} of {service} begins with an empty word; it must begin with a program.")
        return words
    if not isinstance(value, str):
        raise InvalidInput(f"The {option} of {service} must be text or a list of words, or an empty list for none.")
    text = value
    instead = f"give a list such as [sh, -c, {text!r}]"
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        tokens = list(lexer)
    except ValueError as error:
        raise InvalidInput(f"The {option} of {service} cannot be split into words ({error}); {instead}.") from None
    unquoted = _QUOTED.sub(lambda found: "" if found[0].startswith("'") else found[0], text)
    if any(_SHELL.fullmatch(token) for token in tokens) or re.search(r"[$`]", unquoted):
        raise InvalidInput(f"The {option} of {service} needs a shell, but it is run without one; {instead}.")
    return shlex.split(text)


def search_path() -> str:
    """The task's PATH, and the folders of system administration programs."""
    found = [each for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if each]
    return os.pathsep.join([*found, *(each for each in SBIN if each not in found)])


def find_program(name: str) -> str | None:
    return shutil.which(name, path=search_path())


def run(words: t.Sequence[str], timeout_s: float) -> Outcome:
    """Run a command to its end; after TIMEOUT_S it is killed with its children. Never raises because the command
    fails."""
    words = list(words)
    program = words[0] if "/" in words[0] else find_program(words[0])
    if program is None:
        return Outcome(words, None, "", "cannot be started: there is no such program")
    environment = {**os.environ, "PATH": search_path()}
    with _output_file() as output:
        try:
            # run_command needs an AnsibleModule, and can neither end at a time nor kill the children.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                words,
                executable=program,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # a process group of its own, which can be killed as a whole
            )
        except OSError as error:
            return Outcome(words, None, "", f"cannot be started: {error.strerror or error}")
        fault: str | None = None
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            fault = f"did not end within {timeout_s:g} s and was killed"
            _kill(process)
        except BaseException:
            _kill(process)
            raise
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _KEPT_OUTPUT))
        text = output.read(_KEPT_OUTPUT).decode("utf-8", "replace")
    return Outcome(words, None if fault else process.returncode, text, fault)


def _output_file() -> t.IO[bytes]:
    """A file for a command's output. If there is no space the output is lost, which must not keep the command from
    running."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "r+b")


def shorten(text: str) -> str:
    """The part of an output that people want to read: on one line, without PEM, with a full stop.

    A long output is shortened: each line once, no warnings if there are other lines, and if need be only its beginning
    and end.
    """
    lines = [" ".join(line.split()) for line in _PEM.sub("(PEM text)", text).splitlines()]
    text = " ".join(filter(None, lines))
    if len(text) > _SHORT:
        lines = list(dict.fromkeys(filter(None, lines)))
        lines = [line for line in lines if not _MERE.search(line)] or lines
        text = without_middle(" ".join(lines), _SHORT)
    return ended(text)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
