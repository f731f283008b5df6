# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed certificates and lists: what is recorded while signing, and what a list says."""

from __future__ import annotations

import functools
import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.tests.support.authority_lab import START, Lab
from cryptography import x509


@pytest.mark.parametrize("ca", ["RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"])
def test_what_is_shown_agrees_with_the_leaf(lab: Lab, ca: str) -> None:
    """It is recorded while the leaf is made, and not read from it."""
    arn = lab.ca(ca, key_algorithm=ca, common_name='Büro, "Test" + 1')
    for algorithm in ("RSA_2048",) if ca.startswith("RSA") else ("EC_prime256v1", "EC_secp384r1"):
        made = lab.private("*.corp.test", ca=arn, KeyAlgorithm=algorithm, SubjectAlternativeNames=["corp.test"])
        with lab.authority.store.read() as tx:
            certificate, row = tx.certificate(made[-36:]), tx.leaf(made[-36:])
        assert certificate and row
        assert certificate.leaf == issuer.leaf_facts(pem.load_certificate(row.pem))


@functools.lru_cache(maxsize=None)
def ca_of(algorithm: str = "EC_prime256v1") -> issuer.Signer:
    certificate, key = issuer.make_ca(
        common_name="corp", organization="Corp", algorithm=algorithm, now=START, validity=timedelta(days=900)
    )
    return issuer.Signer.of("corp", issuer.pem_of(certificate), key)


@pytest.mark.parametrize(
    ("validity", "before"),
    [
        (timedelta(days=90), timedelta(hours=1)),
        (timedelta(days=1), timedelta(hours=1)),
        (timedelta(minutes=48), timedelta(minutes=2)),
    ],
)
def test_validity_begins_slightly_earlier_and_lasts_as_long_as_wanted(
    pki: t.Any, validity: timedelta, before: timedelta
) -> None:
    wanted = {"names": ["www.corp.test"], "public_key": pki.key().public_key(), "ca": ca_of(), "now": START}
    leaves = [
        issuer.issue_leaf(**wanted, validity=validity, publication_url="http://corp.test/"),
        issuer.issue_server_certificate(**wanted, validity=validity),
    ]
    for leaf in leaves:
        assert leaf.not_valid_before_utc == START - before
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == validity - timedelta(seconds=1)


def test_serials_are_positive_long_and_random() -> None:
    serials = {issuer.new_serial() for _number in range(100)}
    assert len(serials) == 100 and all(2**120 <= serial < 2**127 for serial in serials)


def test_the_certificate_of_the_authoritys_own_server(pki: t.Any) -> None:
    names = ["acm.corp.test", "192.0.2.1", "2001:db8::1"]
    made = issuer.issue_server_certificate(
        names=names, public_key=pki.key().public_key(), ca=ca_of(), now=START, validity=timedelta(days=9)
    )
    facts = issuer.leaf_facts(made)
    assert pem.dns_names(made) == names[:1] and list(facts.ip_addresses) == names[1:]
    assert [oid for _name, oid in facts.extended_key_usages] == [issuer.SERVER_AUTH]


REASONS = {
    "KEY_COMPROMISE": ("key_compromise", "key_compromise"),
    "SUPERCEDED": ("superseded", "superseded"),
    "SUPERSEDED": ("superseded", "superseded"),
    "CERTIFICATE_HOLD": ("certificate_hold", None),
    "A_A_COMPROMISE": ("aa_compromise", None),
    "UNSPECIFIED": (None, None),
}


@pytest.mark.parametrize("is_public", [False, True])
@pytest.mark.parametrize("algorithm", ["EC_prime256v1", "EC_secp384r1", "RSA_2048"])
def test_a_revocation_list(algorithm: str, is_public: bool) -> None:
    ca = ca_of(algorithm)
    revoked = [(f"{number:02x}:ff", START - timedelta(days=number), reason) for number, reason in enumerate(REASONS, 1)]
    crl = issuer.make_crl(ca, revoked, 7, START, timedelta(days=1), is_public)
    assert crl.is_signature_valid(ca.certificate.public_key())
    assert (crl.last_update_utc, crl.next_update_utc) == (START, START + timedelta(days=1))
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    for serial, revoked_at, reason in revoked:
        entry = crl.get_revoked_certificate_by_serial_number(issuer.serial_number(serial))
        assert entry.revocation_date_utc == revoked_at
        assert [each.value.reason.name for each in entry.extensions] == list(filter(None, [REASONS[reason][is_public]]))


@pytest.mark.parametrize("algorithm", ["RSA_2048", "EC_prime256v1", "EC_secp384r1"])
def test_the_signature_algorithm_is_known_before_signing(pki: t.Any, algorithm: str) -> None:
    wanted = {"names": ["www.corp.test"], "public_key": pki.key().public_key(), "now": START}
    leaf = issuer.issue_server_certificate(**wanted, ca=ca_of(algorithm), validity=timedelta(days=9))
    assert issuer.leaf_facts(leaf).signature_algorithm == issuer.signature_algorithm(algorithm)
