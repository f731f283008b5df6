# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module leaves in the file that its action plugin reads while it waits."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import progress
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


PRIVATE = from_detail(
    {"CertificateArn": "arn:2", "DomainName": "b.example.com", "Type": "PRIVATE", "Status": "PENDING_VALIDATION"}
)
ISSUED = from_detail({"CertificateArn": "arn:3", "DomainName": "c.example.com", "Status": "ISSUED"})
EXPIRED = from_detail({"CertificateArn": "arn:3", "DomainName": "c.example.com", "Status": "EXPIRED"})
MAIL = "a.example.com is waiting for approval through ACM's mail to admin@example.com."


@pytest.mark.parametrize(
    ("waiting", "goal", "said"),
    [
        ([PENDING], progress.ISSUE, MAIL),
        ([PENDING] * 5, progress.ISSUE, f"5 certificates, among them: {MAIL} {MAIL} {MAIL}"),
        ([Certificate("arn:2")], progress.RECORDS, "arn:2 is waiting for ACM to show it."),
        ([PRIVATE], progress.ISSUE, "The private CA has yet to issue the certificate for b.example.com."),
        ([ISSUED], progress.RENEWAL, "c.example.com is waiting for ACM to renew it."),
        ([ISSUED], progress.MIGRATION, "c.example.com is waiting for ACM to change it to DNS validation."),
        ([EXPIRED], progress.RELEASE, "c.example.com is waiting until no service uses it any more."),
    ],
)
def test_each_certificate_says_what_it_is_waiting_for(waiting: list[Certificate], goal: str, said: str) -> None:
    assert progress.sentence(waiting, goal) == said


def test_the_file_has_the_latest_progress_and_is_removed_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    with progress.ProgressFile(str(file)) as report:
        report("a long sentence")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        report("a short one")
        assert file.read_text() == "a short one"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_touched(tmp_path: Path) -> None:
    for path in (tmp_path / "mine", tmp_path / "none" / "x"):
        if path.parent == tmp_path:
            path.write_text("mine")
        with progress.ProgressFile(str(path)) as report:
            report("theirs")
    assert (tmp_path / "mine").read_text() == "mine"
    with progress.ProgressFile(None) as report:
        report("theirs")
