# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what is being waited for to a file, if the action plugin requested that (_rules/progress_file.py)."""

from __future__ import annotations

import contextlib
import os
import typing as t

from .._certificates.certificate import Certificate
from .._rules.progress_file import LONGEST
from .._rules.sentences import SHOWN
from .._validation import blocked_names

ISSUE = "for ACM to issue it"
RECORDS = "for ACM to show how to validate it"
MIGRATION = "for ACM to change it to DNS validation"
RENEWAL = "for ACM to renew it"
RELEASE = "until no service uses it any more"

Report = t.Callable[[str], None]


def silent(_text: str) -> None:
    """A Report that goes nowhere."""


class ProgressFile:
    """A Report to a file that only its owner can read; does nothing if no file is wanted or it cannot be written."""

    def __init__(self, path: t.Optional[str]) -> None:
        self._path = path
        self._descriptor: t.Optional[int] = None

    def __call__(self, what: str) -> None:
        with contextlib.suppress(OSError):
            if self._path and self._descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                self._descriptor = os.open(self._path, flags, 0o600)
        if self._descriptor is None:
            self._path = None
            return
        with contextlib.suppress(OSError):
            text = what[:LONGEST].encode("utf-8")
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))

    def __enter__(self) -> ProgressFile:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            with contextlib.suppress(OSError):
                os.unlink(str(self._path))


def sentence(waiting: t.Sequence[Certificate], goal: str) -> str:
    """Which certificates the task is waiting for, and what each of the first is waiting for."""
    first = " ".join(_one(certificate, goal) for certificate in waiting[:SHOWN])
    return first if len(waiting) <= SHOWN else f"{len(waiting)} certificates, among them: {first}"


def _one(certificate: Certificate, goal: str) -> str:
    name = certificate.domain_name or certificate.arn
    if certificate.status is None:
        return f"{name} is waiting for ACM to show it."
    why = "" if goal == RELEASE else blocked_names.explain(certificate.detail or {})
    return why or f"{name} is waiting {goal}."
