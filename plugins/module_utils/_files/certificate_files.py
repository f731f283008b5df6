# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a certificate: the names of the forms, which of them contain the private key, and owner, group and mode
as people write them, and the SELinux context. Standard library only."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import typing as t

from .._rules.errors import InvalidInput
from .folders import RestoreContext

FILE_NAMES = {
    "cert": "cert.pem",
    "chain": "chain.pem",
    "fullchain": "fullchain.pem",
    "key": "privkey.pem",
    "combined": "combined.pem",
    "pkcs12": "bundle.p12",
}
# Further files that a set on a web host may have.
SET_FILE_NAMES = {**FILE_NAMES, "pkcs1": "privkey-pkcs1.pem"}
SECRET_FORMS = ("key", "combined", "pkcs12")
SECRET_FILES = frozenset([*(FILE_NAMES[form] for form in SECRET_FORMS), SET_FILE_NAMES["pkcs1"]])

_CLAUSE = re.compile(r"([ugoa]*)((?:[=+-][rwx]*)+)")
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}
LAST_ID = 2**32 - 2  # the next number means "leave unchanged" to chown(2)
WHO = {"owner": "user", "group": "group"}


def read_mode(option: str, value: t.Any, default: int) -> int:
    """The mode in an option: octal digits, or symbolic as in `u=rw,g=r`, which is applied to DEFAULT. DEFAULT if the
    option is not set.

    YAML turns 0640 without quotes into the number 416, which means the same.
    """
    mode: t.Optional[int] = None
    if value is None or value == "":
        mode = default
    elif isinstance(value, int) and not isinstance(value, bool):
        mode = value
    elif isinstance(value, str) and re.fullmatch(r"\s*(0o)?[0-7]{1,4}\s*", value):
        mode = int(value, 8)
    elif isinstance(value, str):
        mode = _symbolic(value, default)
    if mode is None or not 0 <= mode <= 0o777:
        raise InvalidInput(
            f"The option {option} is {value!r}, which is not a file mode; write octal digits in quotes such as '0640', "
            "or symbols such as u=rw,g=r."
        )
    return mode


def read_id(kind: str, value: t.Union[str, int, None]) -> t.Optional[int]:
    """The number of a user or group, given by name or number. kind: `owner` or `group`."""
    if value is None or value == "":
        return None
    name = str(value)
    if name.isdigit():
        if int(name) > LAST_ID:
            raise InvalidInput(
                f"The {kind} {name} is not the number of a {WHO[kind]}; the highest number is {LAST_ID}."
            )
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid if kind == "owner" else grp.getgrnam(name).gr_gid
    except KeyError:
        raise InvalidInput(f"This host has no {kind} {name}; create it first, or choose another.") from None


def context_restorer(module: t.Any) -> t.Optional[RestoreContext]:
    """A function that sets the SELinux context of a file; None without SELinux. module: an AnsibleModule."""
    if not module.selinux_enabled():
        return None

    def restore(path: str, final_path: str) -> bool:
        mode = stat.S_IFMT(os.lstat(path).st_mode)
        return bool(module.set_context_if_different(path, module.selinux_default_context(final_path, mode), False))

    return restore


def _symbolic(text: str, start: int) -> t.Optional[int]:
    """The mode START changed by clauses as for chmod(1); None if TEXT does not consist of such clauses."""
    mode = start
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause.strip())
        if not found:
            return None
        classes = "ugo" if "a" in found[1] or not found[1] else found[1]
        for operator, letters in re.findall(r"([=+-])([rwx]*)", found[2]):
            bits = sum(_BITS[letter] for letter in set(letters))
            for each in classes:
                shift = _SHIFTS[each]
                if operator == "=":
                    mode &= ~(0o7 << shift)
                mode = mode & ~(bits << shift) if operator == "-" else mode | bits << shift
    return mode
