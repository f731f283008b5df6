# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules import arns
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


def test_arn() -> None:
    arn = arns.parse_arn("arn:aws-cn:acm:cn-north-1:123456789012:certificate/1:2")
    assert arn == ("aws-cn", "acm", "cn-north-1", "123456789012", "certificate/1:2")
    assert arns.parse_arn("arn:aws:s3:::bucket").region == ""


def test_what_makes_an_arn_unusable_is_visible() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    with pytest.raises(
        InvalidInput, match=r"^certificate_arn is '[^']*/1\\n', which is not the ARN of a certificate: "
    ):
        arns.check_certificate_arn(f"{arn}\n", "certificate_arn")
    with pytest.raises(InvalidInput, match=r"^ca is \S*/1, which is not the ARN of a certificate authority: "):
        arns.check_arn(arn, "ca", "acm-pca", "certificate-authority")


@pytest.mark.parametrize(
    "text",
    ["", "arn", "arn:aws:acm:r:1", "urn:aws:acm:r:1:certificate/x", "arn::acm:r:1:x", "arn:aws:acm:r:1:", None, 5],
)
def test_invalid_arns(text: Any) -> None:
    with pytest.raises(InvalidInput, match="not an ARN"):
        arns.parse_arn(text)
