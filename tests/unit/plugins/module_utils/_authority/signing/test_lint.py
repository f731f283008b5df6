# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a public certificate linter (pkilint) says about every kind of leaf, CA and CRL (acm-rules §2)."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from pkilint.bin import lint_cabf_serverauth_cert, lint_crl, lint_pkix_cert, lint_pkix_signer_signee_cert_chain

Lint = t.Callable[..., set[str]]

# The linter prefers public leaves without these, the baseline allows them, and ACM's have them (acm-rules §2).
OF_ACM = {
    "cabf.serverauth.dv.common_name_attribute_present",
    "cabf.serverauth.subscriber.subject_key_identifier_extension_present",
    "cabf.serverauth.subscriber_rsa_digitalsignature_and_keyencipherment_present",
}
WILDCARD = "pkix.invalid_domain_name_syntax"  # RFC 5280 alone knows no wildcards
CA_ALGORITHMS = [("RSA_2048", "EC_prime256v1"), ("RSA_4096", "EC_secp384r1")]
LEAF_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lint:
    """The codes of all findings of a linter, from notices up."""

    def run(linter: t.Any, *documents: t.Any, options: t.Sequence[str] = ()) -> set[str]:
        paths = []
        for number, document in enumerate(documents):
            path = tmp_path / f"document-{number}"
            path.write_bytes(document if isinstance(document, bytes) else document.encode())
            paths.append(str(path))
        capsys.readouterr()
        linter.main(["lint", "-s", "NOTICE", "-f", "JSON", *options, *paths])
        results = json.loads(capsys.readouterr().out)["results"]
        return {found["code"] for result in results for found in result["finding_descriptions"]}

    return run


def stored(lab: Lab, arn: str) -> tuple[str, str]:
    """The leaf, and the certificate of the CA that signed it."""
    answer = lab.acm.get_certificate(CertificateArn=arn)
    return answer["Certificate"], answer["CertificateChain"].split("-----END")[0] + "-----END CERTIFICATE-----\n"


def test_the_linter_can_find_something(lint: Lint, pki: t.Any) -> None:
    found = lint(lint_cabf_serverauth_cert, pki.leaf("www.example.com").pem, options=["-t", "DV-FINAL-CERTIFICATE"])
    assert "cabf.serverauth.subscriber.certificate_policies_extension_absent" in found


@pytest.mark.parametrize("rsa, ec", CA_ALGORITHMS)
def test_public_certificates(lab: Lab, lint: Lint, rsa: str, ec: str) -> None:
    # The guide's 395 days are more than the baseline allows since March 2026; the default address is nobody's.
    lab.set(
        validity_days=198, publication_url="http://pki.example.com", ocsp_url="http://ocsp.example.com",
        public_rsa_ca_key_algorithm=rsa, public_ec_ca_key_algorithm=ec,
    )  # fmt: skip
    for algorithm in LEAF_ALGORITHMS:
        names = ["*.example.com", "example.com", "xn--bcher-kva.example.com"]
        arn = lab.issued("www.example.com", SubjectAlternativeNames=names, KeyAlgorithm=algorithm)
        leaf, ca = stored(lab, arn)
        assert lint(lint_cabf_serverauth_cert, leaf, options=["-t", "DV-FINAL-CERTIFICATE"]) <= OF_ACM
        assert lint(lint_pkix_signer_signee_cert_chain, ca, leaf) == set()
        lab.unpublish(arn)
    with lab.authority.store.read() as tx:
        cas = tx.cas.all()
    assert sorted(row.key_algorithm for row in cas if row.role == "root") == sorted([rsa, ec])
    for row in cas:
        kind = "ROOT-CA" if row.role == "root" else "INTERNAL-UNCONSTRAINED-TLS-CA"
        assert lint(lint_cabf_serverauth_cert, row.pem, options=["-t", kind]) == set(), row.name


@pytest.mark.parametrize("algorithm", ["RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"])
def test_private_certificates(lab: Lab, lint: Lint, algorithm: str) -> None:
    ca_arn = lab.ca(algorithm, key_algorithm=algorithm)
    with lab.authority.store.read() as tx:
        row = tx.cas.of_arn(ca_arn)
    assert row and lint(lint_pkix_cert, row.pem) == set()
    for kind in LEAF_ALGORITHMS:
        if kind[:2] == algorithm[:2]:
            arn = lab.private("www.corp.test", ca=ca_arn, KeyAlgorithm=kind, SubjectAlternativeNames=["*.corp.test"])
            leaf, ca = stored(lab, arn)
            assert ca == row.pem and lint(lint_pkix_cert, leaf) <= {WILDCARD}
            assert lint(lint_pkix_signer_signee_cert_chain, ca, leaf) <= {WILDCARD}


def test_revocation_lists(lab: Lab, lint: Lint, clock: Clock) -> None:
    """Those of public CAs by the baseline requirements too, whatever the reason given to ACM."""
    reasons = sorted({"UNSPECIFIED", "REMOVE_FROM_CRL", *issuer.REVOCATION_REASONS})
    for make in (lambda name: lab.issued(name, Options={"Export": "ENABLED"}), lab.private):
        for number, reason in enumerate(reasons):
            arn = make(f"n{number}.example.com")
            lab.export(arn)
            lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason=reason)
            clock.advance(minutes=1)
    lab.authority.cas.publish(with_crls=True)
    with lab.authority.store.read() as tx:
        cas = tx.cas.all()
    assert {row.role for row in cas} == {"root", "intermediate", "private"}
    for row in cas:
        crl = Path(lab.authority.public_folder, f"{row.id}.crl").read_bytes()
        kind, profile = "ARL" if row.role == "root" else "CRL", "PKIX" if row.role == "private" else "BR"
        assert lint(lint_crl, crl, options=["-t", kind, "-p", profile]) == set(), row.name
