# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import and re-import (acm-rules §5) through the authority; the rules themselves are tested with pem.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def members(pair: t.Any, chain: bool = True, **more: t.Any) -> dict[str, t.Any]:
    found = {"Certificate": pair.pem.encode(), "PrivateKey": pair.key_pem.encode(), **more}
    return {**found, "CertificateChain": pair.chain_pem.encode()} if chain and pair.chain_pem else found


def imported(lab: Lab, pair: t.Any, **more: t.Any) -> str:
    return str(lab.acm.import_certificate(**members(pair, **more))["CertificateArn"])


def test_what_is_shown_about_an_import(lab: Lab, pki: t.Any) -> None:
    pair = pki.leaf("www.example.com", "example.com")
    arn = imported(lab, pair, Tags=[{"Key": "team", "Value": "web"}])
    shown = lab.describe(arn)
    assert (shown["Type"], shown["Status"], shown["ImportedAt"]) == ("IMPORTED", "ISSUED", lab.clock.now)
    assert shown["SubjectAlternativeNames"] == ["www.example.com", "example.com"]
    assert shown["RenewalEligibility"] == "INELIGIBLE" and "IssuedAt" not in shown
    assert shown["NotAfter"] == pair.certificate.not_valid_after_utc
    assert lab.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "team", "Value": "web"}]
    answer = lab.acm.get_certificate(CertificateArn=arn)
    assert (answer["Certificate"], answer["CertificateChain"]) == (pair.pem, pair.chain_pem)


def test_a_self_signed_certificate_needs_no_chain(lab: Lab, pki: t.Any) -> None:
    arn = imported(lab, pki.issue("self.example.com"))
    answer = lab.acm.get_certificate(CertificateArn=arn)
    assert answer["CertificateChain"] == answer["Certificate"]  # clients read it without asking


def test_a_certificate_without_a_domain_name(lab: Lab, pki: t.Any) -> None:
    arn = imported(lab, pki.issue("192.0.2.1", names=(), addresses=("192.0.2.1",)))
    shown = lab.describe(arn)
    assert not {"DomainName", "SubjectAlternativeNames"} & set(shown)
    assert lab.acm.search_certificates()["Results"][0]["X509Attributes"]["SubjectAlternativeNames"] == [
        {"IpAddress": "192.0.2.1"}
    ]


@pytest.mark.parametrize(
    "kind, shown",
    [
        ("2048", "RSA-2048"),
        ("1024", "RSA-1024"),
        ("P-256", "EC_prime256v1"),
        ("P-384", "EC_secp384r1"),
        ("P-521", "EC_secp521r1"),
    ],
)
def test_key_algorithms(lab: Lab, pki: t.Any, kind: str, shown: str) -> None:
    assert lab.describe(imported(lab, pki.issue("k.example.com", key=pki.key(kind))))["KeyAlgorithm"] == shown


def test_what_is_refused(lab: Lab, pki: t.Any) -> None:
    pair, other = pki.leaf("www.example.com"), pki.leaf("www.example.com", number=1)
    good = members(pair)
    der = pair.certificate.public_bytes(serialization.Encoding.DER)
    for change in (
        {"Certificate": der},
        {"PrivateKey": other.key_pem.encode()},
        {"PrivateKey": pair.key_pem_in("PKCS8", b"secret").encode()},
        {"PrivateKey": pair.key_pem.encode() + b"\n" * 5200},
        {"CertificateChain": other.pem.encode()},
        {"Certificate": b"no PEM at all"},
        members(pki.issue("old.example.com", not_before=-100, days=50)),
        members(pki.issue("young.example.com", not_before=1)),
        members(pki.issue("secp256k1.example.com", key=pki.key("secp256k1"))),
        members(pki.issue(None, names=())),
    ):
        message = lab.fails("import_certificate", "ValidationException", **{**good, **change})
        assert "PRIVATE KEY" not in message
    assert lab.acm.search_certificates()["Results"] == []


def test_reimport_keeps_the_arn(lab: Lab, clock: Clock, pki: t.Any) -> None:
    arn = imported(lab, pki.leaf("www.example.com"), Tags=[{"Key": "a"}])
    clock.advance(days=1)
    renewed = pki.leaf("www.example.com", "new.example.com", number=1)
    assert imported(lab, renewed, CertificateArn=arn) == arn
    shown = lab.describe(arn)
    assert shown["SubjectAlternativeNames"] == ["www.example.com", "new.example.com"]
    assert shown["ImportedAt"] == clock.now and shown["CreatedAt"] < clock.now
    assert lab.acm.get_certificate(CertificateArn=arn)["Certificate"] == renewed.pem
    assert lab.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": ""}]
    actions = [event["detail"]["Action"] for event in lab.events("ACM Certificate Available")]
    assert actions == ["IMPORT", "REIMPORT"]


def test_what_a_reimport_may_not_change(lab: Lab, pki: t.Any) -> None:
    arn = imported(lab, pki.leaf("www.example.com"))
    for pair in (
        pki.issue("www.example.com", key=pki.key("P-384")),
        pki.issue("192.0.2.1", names=(), addresses=("192.0.2.1",)),
        pki.issue("www.example.com", key_usage=("key_agreement",)),
        pki.issue("www.example.com", extended_key_usage=None),
    ):
        lab.fails("import_certificate", "ValidationException", CertificateArn=arn, **members(pair))
    lab.fails(
        "import_certificate", "ValidationException", CertificateArn=arn, Tags=[{"Key": "a"}],
        **members(pki.leaf("www.example.com")),
    )  # fmt: skip
    lab.fails(
        "import_certificate",
        "ValidationException",
        CertificateArn=lab.private(),
        **members(pki.leaf("www.example.com")),
    )
    lab.fails(
        "import_certificate",
        "ResourceNotFoundException",
        CertificateArn=arn[:-4] + "0000",
        **members(pki.leaf("www.example.com")),
    )


def test_an_import_is_never_renewed_and_expires(lab: Lab, clock: Clock, pki: t.Any) -> None:
    arn = imported(lab, pki.issue("www.example.com", days=30))
    clock.advance(days=20)
    assert sweep.sweep(lab.authority).renewed == []
    assert "RenewalSummary" not in lab.describe(arn)
    clock.advance(days=20)
    assert lab.status(arn) == "EXPIRED"


def test_quotas(lab: Lab, clock: Clock, pki: t.Any) -> None:
    pair = pki.issue("www.example.com", days=900)
    lab.set(quota_imported=2, quota_imports_a_year=3)
    first = imported(lab, pair)
    imported(lab, pair)
    lab.fails("import_certificate", "LimitExceededException", **members(pair))
    imported(lab, pair, CertificateArn=first)  # the same again is not a new one
    lab.acm.delete_certificate(CertificateArn=first)
    second = imported(lab, pair)
    lab.acm.delete_certificate(CertificateArn=second)
    lab.fails("import_certificate", "LimitExceededException", **members(pair))
    clock.advance(days=366)
    imported(lab, pair)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_material_is_refused_with_a_code_of_acm(lab: Lab, pki: t.Any, data: st.DataObject) -> None:
    """Never InternalFailure, whatever the parts contain. A change that leaves the material valid may be accepted."""
    wanted = members(pki.leaf("www.example.com"))
    part = data.draw(st.sampled_from(sorted(wanted)))
    content = bytearray(wanted[part])
    for _number in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        how = data.draw(st.sampled_from(["set", "cut", "insert", "double"]))
        if how == "set":
            content[place] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del content[place : place + data.draw(st.integers(1, 40))]
        elif how == "insert":
            content[place:place] = data.draw(st.binary(max_size=20))
        else:
            content += content[place:]
        content = content or bytearray(b"x")
    try:
        lab.acm.import_certificate(**{**wanted, part: bytes(content)})
    except lab.acm.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] in ("ValidationException", "LimitExceededException")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4), which=st.booleans()
)
def test_mutated_der_is_refused_with_a_code_of_acm(
    lab: Lab, pki: t.Any, flips: list[tuple[int, int]], which: bool
) -> None:
    pair = pki.leaf("www.example.com")
    der = bytearray(pair.certificate.public_bytes(serialization.Encoding.DER))
    if which:
        der = bytearray(
            pair.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    for place, octet in flips:
        der[place % len(der)] = octet
    wanted = members(pair)
    wanted["PrivateKey" if which else "Certificate"] = as_pem(bytes(der), "PRIVATE KEY" if which else "CERTIFICATE")
    try:
        lab.acm.import_certificate(**wanted)
    except lab.acm.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] in ("ValidationException", "LimitExceededException")


def as_pem(der: bytes, label: str) -> bytes:
    import base64
    import textwrap

    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
