# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module leaves in the file that its action plugin reads while it waits."""

from __future__ import annotations

import stat
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._acm_certificate.progress import ProgressFile
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate, from_detail

PENDING = from_detail(
    {
        "CertificateArn": "arn:1",
        "DomainName": "a.example.com",
        "Status": "PENDING_VALIDATION",
        "DomainValidationOptions": [
            {"DomainName": "a.example.com", "ValidationMethod": "EMAIL", "ValidationEmails": ["admin@example.com"]}
        ],
    }
)


def test_what_is_waited_for_and_nothing_when_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    with ProgressFile(str(file)) as report:
        report([PENDING] * 5)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text() == " ".join(
            ["a.example.com is waiting for approval through the mail that was sent to admin@example.com."] * 3
            + ["And 2 more certificates."]
        )
        report([Certificate("arn:2")])
        assert file.read_text() == "arn:2 is not shown by ACM yet."
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_touched(tmp_path: Path) -> None:
    for path in (tmp_path / "mine", tmp_path / "none" / "x"):
        if path.parent == tmp_path:
            path.write_text("mine")
        with ProgressFile(str(path)) as report:
            report([PENDING])
    assert (tmp_path / "mine").read_text() == "mine"
    with ProgressFile(None) as report:
        report([PENDING])
