# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import certificate_files
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        ("0640", 0o640),
        ("640", 0o640),
        (" 0640 ", 0o640),
        ("0o640", 0o640),
        (0o640, 0o640),
        ("u=rw,g=r", 0o640),
        ("u=rw,g=r,o=", 0o640),
        ("g+r", 0o640),
        ("u=rw, g=r", 0o640),
        ("ug=r", 0o440),
        ("a=r", 0o444),
        ("+r", 0o644),
        ("u-w", 0o400),
        ("u=r+w", 0o600),
        (None, 0o600),
        ("", 0o600),
    ],
)
def test_modes(value: t.Any, mode: int) -> None:
    assert certificate_files.read_mode("mode", value, 0o600) == mode


@pytest.mark.parametrize(
    "value", ["rw-r-----", "0999", "8", "u=rw;g=r", "u", "x=r", True, 1.5, -1, 0o1777, "4755", "z"]
)
def test_invalid_modes(value: t.Any) -> None:
    with pytest.raises(InvalidInput, match="option mode is .* not a file mode"):
        certificate_files.read_mode("mode", value, 0o600)


def test_users_and_groups() -> None:
    assert (
        certificate_files.read_id("owner", "root")
        == certificate_files.read_id("group", 0)
        == certificate_files.read_id("owner", "0")
        == 0
    )
    assert certificate_files.read_id("owner", "") is certificate_files.read_id("group", None) is None
    with pytest.raises(InvalidInput, match="no group nobody-knows-it"):
        certificate_files.read_id("group", "nobody-knows-it")
    assert certificate_files.read_id("owner", 2**32 - 2) == 2**32 - 2
    for number in (2**32 - 1, 99999999999999):  # chown(2) leaves the owner as it is for the first
        with pytest.raises(InvalidInput, match="is not the number of a user"):
            certificate_files.read_id("owner", number)


class SelinuxHost:
    """As much of AnsibleModule as contexts need, on a host with or without SELinux."""

    def __init__(self, is_enabled: bool) -> None:
        self.is_enabled = is_enabled
        self.contexts: dict[str, list[str]] = {}

    def selinux_enabled(self) -> bool:
        return self.is_enabled

    def selinux_default_context(self, path: str, mode: int) -> list[str]:
        kind = "cert_t" if path.startswith("/etc/pki/") and stat.S_ISREG(mode) else "etc_t"
        return ["system_u", "object_r", kind, "s0"]

    def set_context_if_different(self, path: str, context: list[str], changed: bool) -> bool:
        differs = self.contexts.get(path) != context
        self.contexts[path] = context
        return differs or changed


def test_a_file_gets_the_selinux_context_for_its_final_path(tmp_path: Path) -> None:
    staged = tmp_path / "privkey.pem"
    staged.touch()
    host = SelinuxHost(True)
    restore = certificate_files.context_restorer(host)
    assert restore is not None
    assert restore(str(staged), "/etc/pki/acm/www.example.com/versions/0001-a/privkey.pem")
    assert host.contexts == {str(staged): ["system_u", "object_r", "cert_t", "s0"]}
    assert not restore(str(staged), "/etc/pki/acm/www.example.com/versions/0001-a/privkey.pem")
    assert certificate_files.context_restorer(SelinuxHost(False)) is None
