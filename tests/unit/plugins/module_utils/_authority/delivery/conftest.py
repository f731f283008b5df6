# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixture `sqs`: a client of moto's SQS, and the targets of events that its queues make."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.certops.acm.tests.support.moto_server import ACCOUNT, REGION, moto_server


@pytest.fixture(scope="module")
def sqs() -> t.Iterator[t.Any]:
    with moto_server() as aws:
        yield aws.client("sqs")


def queue(sqs: t.Any, name: str, **attributes: str) -> dict[str, t.Any]:
    """A new queue as a target."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    where = {"queue_url": url, "endpoint_url": sqs.meta.endpoint_url, "region": REGION, **ACCOUNT}
    return {"name": "queue", "kind": "sqs", "detail_types": [], **where}
