# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items of a task: what they inherit, and that each fails on its own."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.certops.acm.plugins.module_utils._batch import items as batch
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.scripted_acm import ScriptedAcm, arn

OWN = ("certificate_arn", "domain_name")


class Wanted(t.NamedTuple):
    label: str
    arn: t.Optional[str] = None


@dataclass
class Item(batch.Item[Wanted]):
    answer: t.Optional[dict[str, t.Any]] = None


def judge(options: dict[str, t.Any]) -> Wanted:
    if options["domain_name"] == "bad":
        raise InvalidInput("It is bad.")
    return Wanted(options["domain_name"], options.get("certificate_arn"))


def test_items_inherit_everything_except_what_identifies_a_certificate() -> None:
    task = {"certificates": [{}], "certificate_arn": arn(1), "wait": True, "tags": {"a": "1"}, "replace": False}
    item = {"domain_name": "a.example.com", "wait": None, "tags": None, "replace": True, "certificate_arn": None}
    assert batch.inherit(item, task, OWN) == {
        "domain_name": "a.example.com",
        "wait": True,
        "tags": {"a": "1"},
        "replace": True,
    }


def test_an_invalid_item_fails_alone() -> None:
    task = {"certificates": [{"domain_name": "a"}, {"domain_name": "bad"}, {"domain_name": "c"}], "wait": True}
    items = batch.read(task, judge, Item, own=OWN)
    assert [(item.is_open, item.label, str(item.error or "")) for item in items] == [
        (True, "a", ""),
        (False, "bad", "It is bad."),
        (True, "c", ""),
    ]
    assert [item.label for item in batch.still_open(items)] == ["a", "c"]

    def refuse_c(item: Item) -> None:
        if item.label == "c":
            raise InvalidInput("no")

    batch.attempt(items, refuse_c)
    assert [str(item.error or "") for item in items] == ["", "It is bad.", "no"]


def test_a_task_without_a_list_is_one_item() -> None:
    assert [item.label for item in batch.read({"domain_name": "a"}, judge, Item, own=OWN)] == ["a"]
    assert batch.read({"certificates": []}, judge, Item, own=OWN) == []


def test_an_item_that_acm_refuses_fails_alone() -> None:
    items = [Item(Wanted(str(number), arn(number))) for number in range(3)]
    gone = AcmError("GetCertificate", "ResourceNotFoundException", "gone")
    acm = ScriptedAcm(
        *(
            ("GetCertificate", {"CertificateArn": arn(number)}, gone if number == 1 else {"Certificate": str(number)})
            for number in range(3)
        )
    )
    for item, answer in batch.ask(acm, "GetCertificate", items):
        item.answer = answer
    assert [item.error for item in items] == [None, gone, None]
    assert [item.answer for item in items] == [{"Certificate": "0"}, None, {"Certificate": "2"}]


def test_two_items_may_not_mean_the_same_certificate() -> None:
    items = [Item(Wanted(label)) for label in ("a", "b", "a", "a")]
    items[0].error = InvalidInput("It has failed already, so the next one may have it.")
    batch.refuse_twins(items, lambda item: item.label)
    assert [str(item.error or "")[:46] for item in items[1:]] == [
        "",
        "",
        "It means the same certificate as item 3: leave",
    ]
