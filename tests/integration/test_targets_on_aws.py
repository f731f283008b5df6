# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Targets that need more of AWS than ACM: SQS, EventBridge and SNS."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.certops.acm.tests.integration import test_targets
from ansible_collections.certops.acm.tests.support.aws_endpoint import aws_endpoint


def test_notifications(tmp_path: Path) -> None:
    authority = tmp_path / "authority"
    with aws_endpoint(authority) as aws:
        variables = {"acm_backend": "aws", "acm_connection": aws.connection, "acm_authority_path": str(authority)}
        test_targets.run_target("acm_notifications", tmp_path, variables)
        assert aws.calls.count("sqs CreateQueue") == 2 and aws.calls.count("sqs DeleteQueue") == 2
        assert aws.calls.count("events PutRule") == 2 and aws.calls.count("acm PutAccountConfiguration") == 1
