# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder public/ over HTTP: CA certificates, revocation lists, and the roots to trust."""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ..messages import Reply, plain

# Neither a path nor a hidden file is a valid name here.
FILE = re.compile(r"/public/([A-Za-z0-9][A-Za-z0-9._-]*\.(crt|crl|pem))")
MEDIA_TYPES = {"crt": "application/pkix-cert", "crl": "application/pkix-crl", "pem": "application/x-pem-file"}


def public_file(folder: str, path: str) -> Reply:
    named = FILE.fullmatch(path)
    content = _read_regular_file(os.path.join(folder, named[1])) if named else None
    if named is None or content is None:
        return plain(404, "There is no such file.\n")
    return Reply(200, {"Content-Type": MEDIA_TYPES[named[2]], "Cache-Control": "max-age=60"}, content)


def _read_regular_file(path: str) -> t.Optional[bytes]:
    """None if the path does not exist, or is a link or not a file."""
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
