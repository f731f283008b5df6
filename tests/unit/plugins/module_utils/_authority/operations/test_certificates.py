# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revocation, forced renewal and deletion (acm-rules §6), checked with OpenSSL."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.openssl import openssl
from cryptography import x509

SERVICE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"


def crls(lab: Lab) -> dict[str, x509.CertificateRevocationList]:
    folder = Path(lab.authority.public_folder)
    return {path.stem: x509.load_der_x509_crl(path.read_bytes()) for path in folder.glob("*.crl")}


def revoked_serials(lab: Lab) -> set[int]:
    return {entry.serial_number for crl in crls(lab).values() for entry in crl}


# ---------------------------------------------------------------- export


# ---------------------------------------------------------------- revocation


@pytest.mark.parametrize(
    "reason, flag",
    [
        ("KEY_COMPROMISE", x509.ReasonFlags.key_compromise),
        ("SUPERCEDED", x509.ReasonFlags.superseded),
        ("SUPERSEDED", x509.ReasonFlags.superseded),
        ("AFFILIATION_CHANGED", x509.ReasonFlags.affiliation_changed),
        ("CESSATION_OF_OPERATION", x509.ReasonFlags.cessation_of_operation),
        ("PRIVILEGE_WITHDRAWN", x509.ReasonFlags.privilege_withdrawn),
        ("A_A_COMPROMISE", x509.ReasonFlags.aa_compromise),
        ("CA_COMPROMISE", x509.ReasonFlags.ca_compromise),
        ("CERTIFICATE_HOLD", x509.ReasonFlags.certificate_hold),
        ("UNSPECIFIED", None),
        ("REMOVE_FROM_CRL", None),
    ],
)
def test_a_revoked_certificate_is_in_the_crl(lab: Lab, reason: str, flag: t.Any) -> None:
    arn = lab.private()
    lab.export(arn)
    serial = int(lab.describe(arn)["Serial"].replace(":", ""), 16)
    assert lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason=reason)["CertificateArn"] == arn
    shown = lab.describe(arn)
    assert (shown["Status"], shown["RevocationReason"], shown["RevokedAt"]) == ("REVOKED", reason, lab.clock.now)
    (entry,) = [entry for crl in crls(lab).values() for entry in crl if entry.serial_number == serial]
    reasons = [each.value.reason for each in entry.extensions]
    assert reasons == ([flag] if flag else [])
    assert entry.revocation_date_utc == lab.clock.now


def test_openssl_sees_the_revocation(lab: Lab, tmp_path: Path) -> None:
    good, bad = lab.private(), lab.private()
    for name, arn in (("good", good), ("bad", bad)):
        answer = lab.export(arn)
        (tmp_path / name).write_text(answer["Certificate"])
        (tmp_path / "chain").write_text(answer["CertificateChain"])
    lab.acm.revoke_certificate(CertificateArn=bad, RevocationReason="KEY_COMPROMISE")
    (stem,) = [stem for stem, crl in crls(lab).items() if len(crl)]
    crl = openssl("crl", "-inform", "DER", "-in", Path(lab.authority.public_folder) / f"{stem}.crl")
    (tmp_path / "crl").write_text(crl.stdout)
    found = {
        name: openssl(
            "verify", "-crl_check", "-attime", int(lab.clock.now.timestamp()), "-CAfile", lab.authority.cas.trust_file,
            "-CRLfile", tmp_path / "crl", tmp_path / name,
        )  # fmt: skip
        for name in ("good", "bad")
    }
    assert found["good"].returncode == 0, found["good"].stderr
    assert "certificate revoked" in found["bad"].stderr


def test_a_leaf_replaced_by_a_renewal_is_revoked_too(lab: Lab) -> None:
    """The exported leaf may be the previous one."""
    arn = lab.private()
    lab.export(arn)
    before = lab.describe(arn)["Serial"]
    lab.acm.renew_certificate(CertificateArn=arn)
    after = lab.describe(arn)["Serial"]
    assert before != after
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    assert revoked_serials(lab) == {int(serial.replace(":", ""), 16) for serial in (before, after)}


def test_revocation_is_permanent(lab: Lab) -> None:
    arn = lab.private()
    lab.export(arn)
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    lab.fails("revoke_certificate", "ConflictException", CertificateArn=arn, RevocationReason="SUPERSEDED")
    lab.fails("renew_certificate", "ValidationException", CertificateArn=arn)
    lab.fails("export_certificate", "ValidationException", CertificateArn=arn, Passphrase=b"secret")
    assert lab.describe(arn)["RenewalEligibility"] == "INELIGIBLE"


def test_a_deleted_certificate_stays_revoked(lab: Lab) -> None:
    arn = lab.private()
    lab.export(arn)
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    lab.acm.delete_certificate(CertificateArn=arn)
    sweep.sweep(lab.authority)
    assert len(revoked_serials(lab)) == 1


def test_expired_certificates_are_removed_from_the_crl(lab: Lab, clock: Clock) -> None:
    lab.set(private_validity_days=30)
    arn = lab.private()
    lab.export(arn)
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    clock.advance(days=31)
    sweep.sweep(lab.authority)
    assert revoked_serials(lab) == set()


def test_crls_are_fresh_and_numbered(lab: Lab, clock: Clock) -> None:
    lab.ca()
    sweep.sweep(lab.authority)
    before = crls(lab)
    clock.advance(hours=1)
    sweep.sweep(lab.authority)
    for stem, crl in crls(lab).items():
        assert crl.last_update_utc == clock.now and (crl.next_update_utc - clock.now).days == 7
        numbers = [
            each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for each in (before[stem], crl)
        ]
        assert numbers[0] < numbers[1]


def test_only_exported_certificates_are_revoked(lab: Lab, pki: t.Any) -> None:
    lab.fails("revoke_certificate", "ValidationException", CertificateArn=lab.private(), RevocationReason="SUPERSEDED")
    leaf = pki.leaf("www.example.com")
    imported = lab.acm.import_certificate(Certificate=leaf.pem.encode(), PrivateKey=leaf.key_pem.encode())
    lab.fails(
        "revoke_certificate",
        "ValidationException",
        RevocationReason="SUPERSEDED",
        **{"CertificateArn": imported["CertificateArn"]},
    )
    arn = lab.private()
    lab.export(arn)
    approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    lab.fails("revoke_certificate", "ResourceInUseException", CertificateArn=arn, RevocationReason="SUPERSEDED")


def test_a_revocation_holds_even_if_the_crl_cannot_be_published(lab: Lab) -> None:
    arn = lab.private()
    lab.export(arn)
    public = Path(lab.authority.public_folder)
    public.rename(public.with_name("away"))
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    assert lab.status(arn) == "REVOKED"
    with pytest.raises(ValueError, match="cannot be written"):
        sweep.sweep(lab.authority)
    public.with_name("away").rename(public)
    sweep.sweep(lab.authority)
    assert len(revoked_serials(lab)) == 1


# ---------------------------------------------------------------- forced renewal


def test_renew(lab: Lab, clock: Clock) -> None:
    arn = lab.private("www.corp.test", SubjectAlternativeNames=["corp.test"])
    before, key = lab.describe(arn), lab.export(arn)["Certificate"]
    assert lab.describe(arn)["RenewalEligibility"] == "ELIGIBLE"
    clock.advance(days=1)
    answer = lab.acm.renew_certificate(CertificateArn=arn)
    assert set(answer) == {"ResponseMetadata"}
    after = lab.describe(arn)
    assert after["Serial"] != before["Serial"] and after["NotAfter"] > before["NotAfter"]
    assert after["CreatedAt"] == before["CreatedAt"] and after["IssuedAt"] == clock.now
    assert after["SubjectAlternativeNames"] == before["SubjectAlternativeNames"]
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert after["RenewalEligibility"] == "INELIGIBLE"  # until it is exported again
    fresh = lab.export(arn)["Certificate"]
    assert pem.load_certificate(fresh).public_key() != pem.load_certificate(key).public_key()
    assert lab.describe(arn)["RenewalEligibility"] == "ELIGIBLE"


def test_what_cannot_be_renewed(lab: Lab, clock: Clock, pki: t.Any) -> None:
    leaf = pki.leaf("www.example.com")
    imported = lab.acm.import_certificate(Certificate=leaf.pem.encode(), PrivateKey=leaf.key_pem.encode())
    lab.fails("renew_certificate", "ValidationException", CertificateArn=imported["CertificateArn"])
    lab.fails("renew_certificate", "RequestInProgressException", CertificateArn=lab.public())
    arn = lab.private()
    lab.fails("renew_certificate", "ValidationException", CertificateArn=arn)
    approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    lab.acm.renew_certificate(CertificateArn=arn)
    clock.advance(days=800)
    lab.fails("renew_certificate", "ValidationException", CertificateArn=arn)


# ---------------------------------------------------------------- deletion


def test_delete(lab: Lab) -> None:
    arn = lab.private(Tags=[{"Key": "a"}])
    approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    assert lab.describe(arn)["InUseBy"] == [SERVICE]
    lab.fails("delete_certificate", "ResourceInUseException", CertificateArn=arn)
    approvals.set_in_use_by(lab.authority, arn, [])
    lab.acm.delete_certificate(CertificateArn=arn)
    for operation in ("describe_certificate", "delete_certificate", "list_tags_for_certificate"):
        lab.fails(operation, "ResourceNotFoundException", CertificateArn=arn)
    with lab.authority.store.read() as tx:
        assert tx.count("PRIVATE") == 0
    assert lab.authority.store.verify() == []
