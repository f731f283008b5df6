# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault of a call to AWS becomes Undelivered, which says whether other content could help."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Undelivered
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels import aws
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError


class Sns:
    """A client whose only method answers, or raises."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def publish(self, **members: t.Any) -> dict[str, t.Any]:
        if self.fault:
            raise self.fault
        return {"MessageId": "1", **members}


def call(client: Sns) -> dict[str, t.Any]:
    def connect(service: str, region: str | None) -> Sns:
        assert (service, region) == ("sns", "us-east-1")
        return client

    return aws.call(connect, "sns", "us-east-1", "publish", Message="x")


def test_an_answer_is_returned() -> None:
    assert call(Sns()) == {"MessageId": "1", "Message": "x"}


@pytest.mark.parametrize(
    ("fault", "reason", "is_of_content"),
    [
        (
            ClientError({"Error": {"Code": "InvalidParameter", "Message": "Too long"}}, "Publish"),
            "Publish failed with InvalidParameter: ",
            True,
        ),
        (
            ClientError({"Error": {"Code": "NotFound", "Message": "Topic does not exist"}}, "Publish"),
            "Publish failed with NotFound: ",
            False,
        ),
        (ClientError({}, "Publish"), "Publish failed with UnknownError: ", False),
        (ParamValidationError(report="Invalid length"), "sns cannot be used: ", True),
        (EndpointConnectionError(endpoint_url="https://sns.example.com/"), "sns cannot be used: ", False),
    ],
)
def test_a_fault_is_reported_and_attributed(fault: Exception, reason: str, is_of_content: bool) -> None:
    with pytest.raises(Undelivered) as caught:
        call(Sns(fault))
    message = str(caught.value)
    assert message.startswith(reason) and message.endswith(".") and not message.endswith("..")
    assert caught.value.is_of_content is is_of_content


def test_a_client_that_cannot_be_created_is_a_fault_of_the_channel() -> None:
    def connect(_service: str, _region: str | None) -> t.Any:
        raise InvalidInput("No AWS region is known.")

    with pytest.raises(Undelivered, match="No AWS region is known.") as caught:
        aws.call(connect, "sns", None, "publish")
    assert not caught.value.is_of_content
