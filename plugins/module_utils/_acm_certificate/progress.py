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
from .._validation import proof_records

SHOWN = 3  # certificates named

Report = t.Callable[[t.Sequence[Certificate]], None]


def silent(_waiting: t.Sequence[Certificate]) -> None:
    """A Report that goes nowhere."""


class ProgressFile:
    """A Report to a file that only its owner can read; does nothing if no file is wanted or it cannot be written."""

    def __init__(self, path: t.Optional[str]) -> None:
        self._path = path
        self._descriptor: t.Optional[int] = None

    def __call__(self, waiting: t.Sequence[Certificate]) -> None:
        with contextlib.suppress(OSError):
            if self._path and self._descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                self._descriptor = os.open(self._path, flags, 0o600)
        if self._descriptor is None:
            self._path = None
            return
        with contextlib.suppress(OSError):
            text = sentence(waiting)[:LONGEST].encode("utf-8")
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


def sentence(waiting: t.Sequence[Certificate]) -> str:
    """Which certificates the task is waiting for, and what each is waiting for."""
    parts = [_one(certificate) for certificate in waiting[:SHOWN]]
    if len(waiting) > SHOWN:
        parts.append(f"And {len(waiting) - SHOWN} more certificates.")
    return " ".join(parts)


def _one(certificate: Certificate) -> str:
    why = proof_records.explain(certificate.detail or {})
    return why or f"{certificate.domain_name or certificate.arn} is {certificate.status or 'not shown by ACM yet'}."
