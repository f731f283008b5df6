# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire: protocol, shapes, and that nothing that anybody sends makes the authority fail (endpoint.py, shapes.py)."""

from __future__ import annotations

import base64
import functools
import json
import types
import typing as t

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import table
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import shapes
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import Fault
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from hypothesis import HealthCheck, given, settings
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
    answer = Endpoint(lab.authority, model()).answer(operation, content)
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    return answer.status, json.loads(answer.body or b"{}")


def code(lab: Lab, operation: str, body: t.Any) -> str:
    status, answer = send(lab, PREFIX + operation, body)
    assert status == 400 and set(answer) == {"__type", "message"}
    return str(answer["__type"])


def test_the_operations_and_no_other() -> None:
    assert sorted(table.OPERATIONS) == DOCUMENTED
    assert set(DOCUMENTED) <= set(model().operation_names)


@pytest.mark.parametrize("operation", sorted(set(model().operation_names) - set(DOCUMENTED)))
def test_other_operations_are_not_implemented(lab: Lab, operation: str) -> None:
    assert code(lab, operation, {}) == "NotImplementedException"


@pytest.mark.parametrize(
    "target", ["", "CertificateManager.Nonsense", "DescribeCertificate", "Other.DescribeCertificate"]
)
def test_what_is_no_operation(lab: Lab, target: str) -> None:
    status, answer = send(lab, target, {})
    assert (status, answer["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"1", b"null", b"\xff\xfe", b"[" * 100_000, b'{"DomainName": 1}', b'{"DomainName": "\\ud800.com"}',
             b'{"DomainName": "a.example.com", "Tags": {}}']
)  # fmt: skip
def test_what_is_no_request(lab: Lab, body: bytes) -> None:
    assert code(lab, "RequestCertificate", body) == "SerializationException"


def test_every_broken_constraint_is_named_and_secrets_are_not(lab: Lab) -> None:
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


def test_nulls_are_as_if_they_were_not_there(lab: Lab) -> None:
    status, _answer = send(
        lab, PREFIX + "RequestCertificate", {"DomainName": "a.example.com", "Tags": None, "Unknown": 1}
    )
    assert status == 200


@pytest.mark.parametrize("levels", [300, 440, 480, 900, 5000])
def test_a_statement_that_is_nested_without_end(lab: Lab, levels: int) -> None:
    inner = '{"Filter": {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}}'
    body = '{"FilterStatement": ' + '{"Not": ' * levels + inner + "}" * levels + "}"
    assert code(lab, "SearchCertificates", body.encode()) in ("ValidationException", "SerializationException")


def test_a_union_has_one_member(lab: Lab) -> None:
    both = {"InUse": True, "Exported": True}
    statement = {"Filter": {"AcmCertificateMetadataFilter": both}}
    assert code(lab, "SearchCertificates", {"FilterStatement": statement}) == "ValidationException"
    assert code(lab, "SearchCertificates", {"FilterStatement": {}}) == "ValidationException"


def test_an_older_botocore_gets_what_it_knows(lab: Lab) -> None:
    shape = model().operation_model("DescribeCertificate").output_shape.members["Certificate"]
    older = types.SimpleNamespace(
        type_name="structure",
        members={name: each for name, each in shape.members.items() if name != "CertificateKeyPairOrigin"},
    )
    written = shapes.write(older, lab.describe(lab.private()))
    assert "CertificateKeyPairOrigin" not in written and "CertificateArn" in written


def test_a_defect_of_ours_says_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_call: t.Any) -> t.Any:
        raise KeyError("secret inside")

    monkeypatch.setitem(table.OPERATIONS, "ListCertificates", broken)
    status, answer = send(lab, PREFIX + "ListCertificates", {})
    assert (status, answer["__type"]) == (500, "InternalFailure")
    assert "secret" not in answer["message"]


# ---------------------------------------------------------------- anything

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KNOWN_TEXTS = st.sampled_from(
    ["a.example.com", "*.b.test", "arn:aws:acm:us-east-1:123456789012:certificate/x", "", "CREATED_AT", "\ud800", "\0"]
)


def like(shape: t.Any, depth: int = 0) -> st.SearchStrategy[t.Any]:
    """Values that are nearly what the shape wants: right in most places, anything in others."""
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
def test_no_request_makes_it_fail(lab: Lab, operation: str) -> None:
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


@settings(max_examples=300, deadline=None)
@given(value=JSON, name=st.sampled_from(DOCUMENTED))
def test_shapes_read_anything(value: t.Any, name: str) -> None:
    shape = model().operation_model(name).input_shape
    if shape is None:
        return
    try:
        assert isinstance(shapes.read(shape, value), dict)
    except Fault as fault:
        assert fault.code in ("SerializationException", "ValidationException")
