# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about a certificate to import: tables, no calls."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_import import options
from ansible_collections.certops.acm.plugins.module_utils._acm_import.held import Held
from ansible_collections.certops.acm.plugins.module_utils._acm_import.plan import Present, decide
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.broken_material import given
from ansible_collections.certops.acm.tests.support.scripted_acm import arn

USER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188"


def want(pki: Any, pair: Any, **others: Any) -> options.Wanted:
    return options.read(given(pair, **others), pki.now)


def have(pair: Any, *, users: tuple[str, ...] = (), **tags: str) -> Present:
    return Present(arn(1), Held(pair.certificate, tuple(pair.issuers[:-1])), tags, users)


def test_a_new_certificate_is_imported_with_its_tags(pki: Any) -> None:
    pair = pki.leaf()
    plan = decide(want(pki, pair, name_tag="web", tags={"team": "shop"}), None)
    (step,) = plan.steps
    assert step.operation == "ImportCertificate" and "PrivateKey" not in step.members
    assert step.members == {
        "Certificate": pair.pem.encode(),
        "CertificateChain": pair.chain_pem.encode(),
        "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "team", "Value": "shop"}],
    }
    assert (plan.before, plan.after["tags"]) == ({}, {"team": "shop", "Name": "web"})


def test_the_same_certificate_is_left_alone(pki: Any) -> None:
    plan = decide(want(pki, pki.leaf(), name_tag="web"), have(pki.leaf(), Name="web"))
    assert plan.steps == () and plan.before == plan.after and plan.warnings == ()


def test_a_successor_is_imported_under_the_same_arn_and_then_tagged(pki: Any) -> None:
    plan = decide(want(pki, pki.leaf(number=7), name_tag="web"), have(pki.leaf(), Name="old"))
    assert plan.operations == ["ImportCertificate", "AddTagsToCertificate"] and not plan.supersedes
    assert plan.steps[0].members["CertificateArn"] == arn(1) and "Tags" not in plan.steps[0].members
    assert plan.before["serial"] != plan.after["serial"]


def test_what_acm_refuses_to_reimport_gets_a_new_arn_with_the_old_tags(pki: Any) -> None:
    old, new = pki.leaf(), pki.leaf(kind="P-384")
    with pytest.raises(InvalidInput, match="Set replace: true to import it under a new ARN"):
        decide(want(pki, new), have(old))
    with pytest.raises(InvalidInput, match="Leave out certificate_arn"):
        decide(want(pki, new, certificate_arn=arn(1), replace=True), have(old))
    tags = {"team": "shop", "aws:cloudformation:stack-name": "x"}
    plan = decide(want(pki, new, replace=True, tags={"a": "1"}, purge_tags=False), have(old, **tags))
    (step,) = plan.steps
    assert plan.supersedes and "CertificateArn" not in step.members
    assert {tag["Key"]: tag["Value"] for tag in step.members["Tags"]} == {"team": "shop", "a": "1"}


@pytest.mark.parametrize(("users", "warnings"), [((), 0), ((USER,), 1)])
def test_a_certificate_for_other_names_is_imported_only_with_replace(
    pki: Any, users: tuple[str, ...], warnings: int
) -> None:
    old, new = pki.leaf("shop.example.com"), pki.leaf("mail.example.com")
    with pytest.raises(InvalidInput, match="they have no name in common. Correct name_tag web") as caught:
        decide(want(pki, new, name_tag="web"), have(old, users=users, Name="web"))
    assert ("is in use by" in str(caught.value)) is bool(users)
    plan = decide(want(pki, new, name_tag="web", replace=True), have(old, users=users, Name="web"))
    assert plan.operations == ["ImportCertificate"] and len(plan.warnings) == warnings


def test_a_chain_that_the_import_would_remove_is_warned_about(pki: Any) -> None:
    lone = want(pki, pki.leaf(number=7), certificate_chain=None)
    assert [each for each in decide(lone, have(pki.leaf())).warnings if "the import removes it" in each]
    assert decide(lone, have(pki.leaf())._replace(held=Held(pki.leaf().certificate, ()))).warnings == ()


def test_new_tags_are_added_before_old_ones_are_removed_unless_there_is_no_room(pki: Any) -> None:
    def operations(present: int, wanted: int) -> list[str]:
        tags = {f"new{number}": "1" for number in range(wanted)}
        old = {f"old{number}": "1" for number in range(present)}
        return decide(want(pki, pki.leaf(), tags=tags), have(pki.leaf(), **old)).operations

    add, remove = "AddTagsToCertificate", "RemoveTagsFromCertificate"
    assert operations(25, 25) == [add, remove]
    assert operations(26, 25) == [remove, add]
    assert operations(1, 0) == [remove] and operations(0, 1) == [add]
