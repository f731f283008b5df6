# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire: protocol, shapes, and that no input makes the authority fail (endpoint.py, shapes.py)."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import table
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.endpoint_calls import code, DOCUMENTED, JSON, model, PREFIX, send
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_only_the_operations_are_dispatched() -> None:
    assert sorted(table.OPERATIONS) == DOCUMENTED
    assert set(DOCUMENTED) <= set(model().operation_names)


@pytest.mark.parametrize("operation", sorted(set(model().operation_names) - set(DOCUMENTED)))
def test_other_operations_are_not_implemented(lab: Lab, operation: str) -> None:
    assert code(lab, operation, {}) == "NotImplementedException"


@pytest.mark.parametrize(
    "target", ["", "CertificateManager.Nonsense", "DescribeCertificate", "Other.DescribeCertificate"]
)
def test_invalid_operations(lab: Lab, target: str) -> None:
    status, answer = send(lab, target, {})
    assert (status, answer["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"1", b"null", b"\xff\xfe", b"[" * 100_000, b'{"DomainName": 1}', b'{"DomainName": "\\ud800.com"}',
             b'{"DomainName": "a.example.com", "Tags": {}}']
)  # fmt: skip
def test_invalid_requests(lab: Lab, body: bytes) -> None:
    assert code(lab, "RequestCertificate", body) == "SerializationException"


def test_an_internal_error_reveals_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_call: t.Any) -> t.Any:
        raise KeyError("secret inside")

    monkeypatch.setitem(table.OPERATIONS, "ListCertificates", broken)
    status, answer = send(lab, PREFIX + "ListCertificates", {})
    assert (status, answer["__type"]) == (500, "InternalFailure")
    assert "secret" not in answer["message"]


KNOWN_TEXTS = st.sampled_from(
    ["a.example.com", "*.b.test", "arn:aws:acm:us-east-1:123456789012:certificate/x", "", "CREATED_AT", "\ud800", "\0"]
)


def like(shape: t.Any, depth: int = 0) -> st.SearchStrategy[t.Any]:
    """Values that nearly match the shape: right in most places, anything in others."""
    kind = shape.type_name
    right: st.SearchStrategy[t.Any] = JSON
    if kind == "structure" and depth < 6:
        members = {name: like(each, depth + 1) for name, each in shape.members.items()}
        right = st.fixed_dictionaries({}, optional=members)
        if getattr(shape, "is_tagged_union", False):
            right = st.one_of([st.fixed_dictionaries({name: each}) for name, each in members.items()])
    elif kind == "list" and depth < 6:
        right = st.lists(like(shape.member, depth + 1), max_size=3)
    elif kind == "string":
        right = st.sampled_from(shape.enum) if shape.enum else KNOWN_TEXTS | st.text(max_size=20)
    elif kind == "blob":
        right = st.binary(max_size=40).map(lambda content: base64.b64encode(content).decode())
    elif kind == "boolean":
        right = st.booleans()
    elif kind in ("integer", "long"):
        right = st.integers(-1, 2000)
    elif kind == "timestamp":
        right = st.floats() | st.integers(-(10**13), 10**13)
    return st.one_of([right] * 9 + [JSON])


@pytest.mark.parametrize("operation", DOCUMENTED)
def test_no_request_causes_an_internal_error(lab: Lab, operation: str) -> None:
    arn = lab.private()
    shape = model().operation_model(operation).input_shape

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(body=like(shape) if shape else JSON)
    def check(body: t.Any) -> None:
        if isinstance(body, dict) and "CertificateArn" in body:
            body["CertificateArn"] = arn
        try:
            content = json.dumps(body).encode()
        except ValueError:
            return
        status, answer = send(lab, PREFIX + operation, content)
        assert status in (200, 400), answer

    check()
    assert lab.authority.store.verify() == []
