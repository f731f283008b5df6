# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to an endpoint of an authority."""

from __future__ import annotations

import functools
import json
import typing as t

import botocore.session
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from hypothesis import strategies as st

PREFIX = "CertificateManager."
DOCUMENTED = (
    "AddTagsToCertificate DeleteCertificate DescribeCertificate ExportCertificate GetAccountConfiguration GetCertificate "
    "ImportCertificate ListCertificateDomainValidations ListCertificates ListTagsForCertificate ListTagsForResource "
    "PutAccountConfiguration RemoveTagsFromCertificate RenewCertificate RequestCertificate ResendValidationEmail "
    "RevokeCertificate SearchCertificates TagResource UntagResource UpdateCertificateOptions"
).split()


@functools.lru_cache(maxsize=None)
def model() -> t.Any:
    return botocore.session.Session().get_service_model("acm")


def send(lab: Lab, operation: str, body: t.Any) -> tuple[int, dict[str, t.Any]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Endpoint(lab.authority, OPERATIONS, model()).answer(operation, content)
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    return answer.status, json.loads(answer.body or b"{}")


def code(lab: Lab, operation: str, body: t.Any) -> str:
    status, answer = send(lab, PREFIX + operation, body)
    assert status == 400 and set(answer) == {"__type", "message"}
    return str(answer["__type"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
