# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets on a host according to a module's options: planned, staged all or none, and described afterwards."""

from __future__ import annotations

import base64
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import BundleFault
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.placement import (
    Layout,
    Plan,
    check_names,
    describe,
    locked,
    make_bundle,
    make_plan,
    mend,
    predicted_pruning,
    predicted_version,
    stage,
    unstage,
)
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.sets.conftest import NOW, Authority

Item = t.Dict[str, t.Any]
BARE: Item = dict.fromkeys(("certificate", "chain", "private_key", "owner", "group", "mode"))


def item_of(ca: Authority, name: str = "www", **changes: t.Any) -> Item:
    certificate, chain, key = ca.texts()
    texts = {"certificate": certificate, "chain": chain, "private_key": key}
    return {**BARE, "name": name, **texts, "files": [], "domain_names": [], **changes}


def planned(base: Path, item: Item) -> Plan:
    plan = make_plan(Layout(str(base)), item, NOW)
    plan.look()
    return plan


def put(base: Path, item: Item) -> str:
    plan = planned(base, item)
    with locked([plan]):
        ((_plan, version),) = stage([plan], NOW)
        plan.bundle.commit(version)
    return version


# --- who may read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "own", "key_mode"),
    [
        ({}, {}, 0o600),
        ({"group": "0"}, {}, 0o640),
        ({}, {"group": "0"}, 0o640),
        ({"group": "0", "mode": "0400"}, {}, 0o400),
        ({"mode": "0400"}, {"mode": "0440"}, 0o440),
        ({"mode": 0o640}, {}, 0o640),
        ({"mode": "", "directory_mode": ""}, {}, 0o600),  # as if they were not set
    ],
)
def test_the_mode_of_keys(tmp_path: Path, layout: Item, own: Item, key_mode: int) -> None:
    bundle = make_bundle(Layout(str(tmp_path), **layout), {**BARE, "name": "www", **own})
    assert bundle.access.key_mode == key_mode
    assert bundle.access.directory_mode == 0o755


def test_the_owner_of_one_certificate_overrides_that_of_all(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), owner="1", group="2", directory_mode="0750")
    wanted = ((None, None, (1, 2)), ("3", None, (3, 2)), (None, "4", (1, 4)))
    for owner, group, ids in wanted:
        access = make_bundle(layout, {**BARE, "name": "www", "owner": owner, "group": group}).access
        assert (access.uid, access.gid, access.directory_mode) == (*ids, 0o750)


@pytest.mark.parametrize("mode", ["0604", "0641", "0666"])
def test_a_key_readable_by_everybody_is_refused(tmp_path: Path, mode: str) -> None:
    with pytest.raises(BundleFault, match=f"The mode {mode} of www would let every user read its key"):
        make_bundle(Layout(str(tmp_path), mode=mode), {**BARE, "name": "www"})


# --- what is planned ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"certificate": None}, "The entry www has no certificate"),
        ({"pkcs12": "###"}, "The option pkcs12 of www is not base64"),
        ({"pkcs12": base64.b64encode(b"other").decode()}, "The option pkcs12 of www is not PKCS#12"),
        ({"domain_names": ["shop.example.com"]}, "does not cover shop.example.com"),
    ],
)
def test_what_is_refused(tmp_path: Path, ca: Authority, changes: Item, words: str) -> None:
    with pytest.raises(BundleFault, match=words):
        make_plan(Layout(str(tmp_path)), item_of(ca, **changes), NOW)


def test_a_name_that_is_given_twice() -> None:
    check_names(["a", "b", "A"])
    with pytest.raises(BundleFault, match="The name b is given twice"):
        check_names(["a", "b", "b"])


def reasons(plan: Plan) -> list[str]:
    return [difference.text for difference in plan.differences]


def test_reasons_for_a_new_set(tmp_path: Path, ca: Authority) -> None:
    old, new = item_of(ca), item_of(ca)
    assert reasons(planned(tmp_path, old)) == ["there was no set"]
    put(tmp_path, old)
    assert reasons(planned(tmp_path, old)) == []
    assert reasons(planned(tmp_path, new)) == ["another certificate was in place"]
    (tmp_path / "www" / "live" / "chain.pem").write_text("x")
    assert reasons(planned(tmp_path, old)) == ["chain.pem was altered"]
    assert reasons(planned(tmp_path, {**old, "files": ["cert"]})) == ["other files are wanted"]


def test_a_pkcs12_in_another_form_is_not_reused(tmp_path: Path, ca: Authority) -> None:
    item = item_of(ca, files=["pkcs12"], pkcs12=base64.b64encode(b"\x30\x03one").decode(), pkcs12_form="modern")
    put(tmp_path, item)
    without = {**item, "pkcs12": None}
    assert reasons(planned(tmp_path, without)) == []
    other = planned(tmp_path, {**without, "pkcs12_form": "legacy"})
    assert reasons(other) == ["bundle.p12 was in another form"] and other.needs_key


def test_a_certificate_without_a_key_uses_the_key_on_the_host(tmp_path: Path, ca: Authority) -> None:
    item = item_of(ca)
    put(tmp_path, item)
    same, other = planned(tmp_path, {**item, "private_key": None}), planned(tmp_path, item_of(ca, private_key=None))
    assert (same.needs_key, same.wants_new_set) == (False, False)
    assert (other.needs_key, other.wants_new_set) == (True, True)


# --- what is done is what was predicted ----------------------------------------------------------------------------------


def test_the_new_set_has_the_predicted_name(tmp_path: Path, ca: Authority) -> None:
    for item in (item_of(ca), item_of(ca)):
        predicted = predicted_version(planned(tmp_path, item))
        assert put(tmp_path, item) == predicted == predicted_version(planned(tmp_path, item))


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_the_predicted_sets_are_pruned(tmp_path: Path, ca: Authority, keep: int) -> None:
    for _number in range(3):
        put(tmp_path, item_of(ca))
    item = item_of(ca)
    predicted = predicted_pruning(planned(tmp_path, item), keep)
    put(tmp_path, item)
    plan = planned(tmp_path, item)
    assert predicted_pruning(plan, keep) == predicted == plan.bundle.prune(keep)
    assert len(predicted) == 3 - keep


def test_all_sets_are_staged_or_none(tmp_path: Path, ca: Authority) -> None:
    put(tmp_path, item_of(ca, "a"))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    plans = [planned(tmp_path, item_of(ca, "a")), planned(tmp_path, item_of(ca, "b", private_key=None))]
    with pytest.raises(BundleFault, match="The certificate b comes without its key"):
        with locked(plans):
            stage(plans, NOW)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_an_unstaged_set_is_gone(tmp_path: Path, ca: Authority) -> None:
    plan = planned(tmp_path, item_of(ca))
    with locked([plan]):
        staged = stage([plan], NOW)
        assert os.listdir(tmp_path / "www" / "versions") == [f".new-{staged[0][1]}"]
        unstage(staged)
        assert os.listdir(tmp_path / "www" / "versions") == []


def test_a_mode_is_corrected_without_a_new_set(tmp_path: Path, ca: Authority) -> None:
    item = item_of(ca)
    version = put(tmp_path, item)
    key = tmp_path / "www" / "live" / "privkey.pem"
    key.chmod(0o644)
    plan = planned(tmp_path, item)
    assert (plan.wants_new_set, predicted_version(plan)) == (False, version)
    with locked([plan]):
        assert mend([plan]) and stage([plan], NOW) == []
        plan.look()
        assert not mend([plan])
    assert key.stat().st_mode & 0o777 == 0o600


# --- what is told --------------------------------------------------------------------------------------------------------


def test_a_renewal_is_described(tmp_path: Path, ca: Authority) -> None:
    old = item_of(ca, files=["cert", "key"])
    before = put(tmp_path, old)
    (tmp_path / "www" / "live" / "privkey.pem").unlink()
    plan = planned(tmp_path, item_of(ca, files=["cert", "key"]))
    result = describe(plan, "0002-next", [before])
    assert result["reasons"] == ["another certificate was in place", "privkey.pem was missing"]
    assert (result["changed"], result["swapped"], result["needs_key"]) == (True, True, False)
    assert (result["previous_version"], result["version"], result["pruned"]) == (before, "0002-next", [before])
    assert result["files"] == {
        "cert": f"{tmp_path}/www/live/cert.pem",
        "key": f"{tmp_path}/www/live/privkey.pem",
    }
    assert result["not_after"] == "2027-02-20T12:00:00Z"
    lines = {side: result["diff"][side].splitlines() for side in ("before", "after")}
    assert lines["before"][0] == f"set: {before}" and lines["before"][-2:] == [
        "cert.pem: present",
        "privkey.pem: was missing",
    ]
    assert lines["after"][0] == "set: 0002-next" and lines["after"][-2:] == [
        "cert.pem: present",
        "privkey.pem: present",
    ]
    assert "PRIVATE" not in str(result)


def test_an_up_to_date_set_is_described_as_unchanged(tmp_path: Path, ca: Authority) -> None:
    item = item_of(ca)
    version = put(tmp_path, item)
    result = describe(planned(tmp_path, item), version, [])
    assert (result["changed"], result["swapped"], result["reasons"]) == (False, False, [])
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_set_that_can_no_longer_be_read_is_described_as_such(tmp_path: Path, ca: Authority) -> None:
    item = item_of(ca, files=["cert"])
    version = put(tmp_path, item)
    (tmp_path / "www" / "live" / "cert.pem").write_text("x")
    result = describe(planned(tmp_path, item), version, [])
    assert result["previous_serial"] is None
    assert result["diff"]["before"] == f"set: {version}\ncertificate: not readable\ncert.pem: was altered\n"
