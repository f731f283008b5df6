# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading in detail under AWS's rates, from a real endpoint that keeps them: alone without one refusal, in company without one failure."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates import survey
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import aws
from ansible_collections.certops.acm.plugins.module_utils._door.acm import SIDE_BY_SIDE, Acm
from ansible_collections.certops.acm.plugins.module_utils._certificates.inventory import Query
from ansible_collections.certops.acm.tests.support.acm_endpoint import RATES, AcmEndpoint, acm_endpoint
from ansible_collections.certops.acm.tests.support.authority_client import authority_client

SIZE = 16


@pytest.fixture(name="acm", scope="module")
def fixture_acm(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[AcmEndpoint]:
    path = str(tmp_path_factory.mktemp("rates") / "authority")
    authority = creation.create(path)
    ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
    local = authority_client(path)
    for number in range(SIZE):
        local.request_certificate(
            DomainName=f"n{number}.example.com", CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1"
        )
    with acm_endpoint(path, latency_s=0.02, rates=RATES) as endpoint:
        yield endpoint


def door(acm: AcmEndpoint) -> Acm:
    made = acm.client(max_pool_connections=SIDE_BY_SIDE)
    made.meta.events.register_first("needs-retry.acm", aws.veto_retry)
    return Acm(made, acm.client, is_authority=False)


def read_all(acm: Acm) -> int:
    wishes = survey.Wishes(details=True)
    found = survey.survey(acm, Query(), None, wishes, datetime.now(timezone.utc))
    return len([one for one in found if "in_use_by" in one])


def test_a_single_process_stays_within_the_rate(acm: AcmEndpoint) -> None:
    assert read_all(door(acm)) == SIZE
    assert acm.count("DescribeCertificate") == acm.count("DescribeCertificate", "ok") == SIZE


def test_eight_simultaneous_processes_all_succeed(acm: AcmEndpoint) -> None:
    doors = [door(acm) for _each in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_all, doors)) == [SIZE] * 8
