# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers checked against botocore's model."""

from __future__ import annotations

import base64
import types
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import shapes
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import Fault
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.endpoint_calls import code, DOCUMENTED, JSON, model, PREFIX, send
from hypothesis import given, settings
from hypothesis import strategies as st


def test_every_broken_constraint_is_named_without_secrets(lab: Lab) -> None:
    status, answer = send(lab, PREFIX + "RequestCertificate", {"KeyAlgorithm": "DSA", "IdempotencyToken": "x" * 33})
    assert answer["message"].startswith("3 validation errors detected: ")
    for part in ("'domainName'", "Member must not be null", "'keyAlgorithm'", "'idempotencyToken'"):
        assert part in answer["message"]
    secret = base64.b64encode(b"abc").decode()
    body = {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x", "Passphrase": secret}
    _status, answer = send(lab, PREFIX + "ExportCertificate", body)
    assert (
        answer["__type"] == "ValidationException" and secret not in answer["message"] and "abc" not in answer["message"]
    )


def test_nulls_count_as_absent(lab: Lab) -> None:
    status, _answer = send(
        lab, PREFIX + "RequestCertificate", {"DomainName": "a.example.com", "Tags": None, "Unknown": 1}
    )
    assert status == 200


@pytest.mark.parametrize("levels", [300, 440, 480, 900, 5000])
def test_a_deeply_nested_statement(lab: Lab, levels: int) -> None:
    inner = '{"Filter": {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}}'
    body = '{"FilterStatement": ' + '{"Not": ' * levels + inner + "}" * levels + "}"
    assert code(lab, "SearchCertificates", body.encode()) in ("ValidationException", "SerializationException")


def test_a_union_has_one_member(lab: Lab) -> None:
    both = {"InUse": True, "Exported": True}
    statement = {"Filter": {"AcmCertificateMetadataFilter": both}}
    assert code(lab, "SearchCertificates", {"FilterStatement": statement}) == "ValidationException"
    assert code(lab, "SearchCertificates", {"FilterStatement": {}}) == "ValidationException"


def test_an_older_botocore_gets_only_members_it_knows(lab: Lab) -> None:
    shape = model().operation_model("DescribeCertificate").output_shape.members["Certificate"]
    older = types.SimpleNamespace(
        type_name="structure",
        members={name: each for name, each in shape.members.items() if name != "CertificateKeyPairOrigin"},
    )
    written = shapes.write(older, lab.describe(lab.private()))
    assert "CertificateKeyPairOrigin" not in written and "CertificateArn" in written


@settings(max_examples=300, deadline=None)
@given(value=JSON, name=st.sampled_from(DOCUMENTED))
def test_any_json_is_read_or_refused(value: t.Any, name: str) -> None:
    shape = model().operation_model(name).input_shape
    if shape is None:
        return
    try:
        assert isinstance(shapes.read(shape, value), dict)
    except Fault as fault:
        assert fault.code in ("SerializationException", "ValidationException")
