# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it: a process of its own, arguments in, JSON out."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.pki import Pki

COLLECTION = Path(__file__).resolve().parents[4]
MODULE = COLLECTION / "plugins" / "modules" / "certificate_bundle.py"

# Two PKCS#12 files, as far as the module examines them: a sequence
ONE, ANOTHER = b"\x30\x03one", b"\x30\x07another"
Run = t.Callable[..., t.Dict[str, t.Any]]


def make(name: str = "www.example.com") -> dict[str, str]:
    """A self-signed certificate as the module takes it."""
    pair = Pki().issue(name, days=2)
    return {"name": name, "certificate": pair.pem, "private_key": pair.key_pem}


@pytest.fixture(name="run")
def fixture_run(tmp_path: Path) -> Run:
    """run(certificates, **options): the module's answer. No secret of the arguments may be in it."""

    def run(*certificates: dict[str, t.Any], check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        arguments = {"path": str(tmp_path / "acm"), "certificates": list(certificates), **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        done = subprocess.run(
            [sys.executable, str(MODULE)],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={**os.environ, "PYTHONPATH": str(COLLECTION.parents[2])},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        for certificate in certificates:
            for line in certificate.get("private_key", "").splitlines()[1:-1]:
                assert line not in done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def tree(path: Path) -> dict[str, str]:
    """Every file below, with its mode and content; links with their target."""
    found = {}
    for entry in sorted(path.rglob("*")):
        name = str(entry.relative_to(path))
        if entry.is_symlink():
            found[name] = os.readlink(entry)
        else:
            found[name] = f"{entry.stat().st_mode:o} " + (entry.read_text() if entry.is_file() else "")
    return found


def test_check_mode_predicts_the_run_and_a_second_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    www = make()
    told = run(www, check=True)
    assert told["changed"] and tree(tmp_path) == {}
    done = run(www)
    assert {**done, "invocation": None} == {**told, "invocation": None}
    before = tree(tmp_path)
    again = run(www)
    assert not again["changed"] and again["diff"] == [] and tree(tmp_path) == before


def test_check_mode_predicts_a_renewal_and_its_pruning(run: Run, tmp_path: Path) -> None:
    old, new = make(), make()
    run(old)
    before = tree(tmp_path)
    told = run(new, check=True, keep=0)
    assert tree(tmp_path) == before
    done = run(new, keep=0)
    assert {**done, "invocation": None} == {**told, "invocation": None}
    (bundle,) = done["bundles"]
    assert bundle["previous_serial"] != bundle["serial"]
    assert bundle["pruned"] == [bundle["previous_version"]]
    assert bundle["swapped"]


def test_check_mode_and_diff_report_a_corrected_mode(run: Run, tmp_path: Path) -> None:
    www = make()
    key = Path(run(www)["bundles"][0]["files"]["key"])
    key.chmod(0o644)
    told = run(www, check=True)
    done = run(www)
    assert {**done, "invocation": None} == {**told, "invocation": None}
    (bundle,) = done["bundles"]
    assert bundle["reasons"] == ["privkey.pem had mode 0644, not 0600"] and not bundle["swapped"]
    assert "privkey.pem: had mode 0644, not 0600\n" in done["diff"][0]["before"]
    assert key.stat().st_mode & 0o777 == 0o600


def test_check_mode_needs_no_key(run: Run) -> None:
    old, new = make(), make()
    run(old)
    without_key = [{key: value for key, value in item.items() if key != "private_key"} for item in (old, new)]
    assert not run(without_key[0], check=True)["changed"]
    told = run(without_key[1], check=True)
    done = run(new)
    assert [told["bundles"][0].pop("needs_key"), done["bundles"][0].pop("needs_key")] == [True, False]
    assert {**done, "invocation": None} == {**told, "invocation": None}


def test_the_key_of_the_live_set_is_used_when_none_is_given(run: Run, tmp_path: Path) -> None:
    www = make()
    run(www)
    before = tree(tmp_path)
    without_key = {key: value for key, value in www.items() if key != "private_key"}
    again = run(without_key)
    assert not again["changed"] and not again["bundles"][0]["needs_key"] and tree(tmp_path) == before
    more = run({**without_key, "files": ["combined"]})
    assert more["bundles"][0]["swapped"]
    assert www["private_key"] in Path(more["bundles"][0]["files"]["combined"]).read_text()
    assert run(without_key)["bundles"][0]["swapped"]  # out of the combined file


@pytest.mark.parametrize("damage", ["another's", "garbage", "gone"])
def test_a_key_is_needed_if_the_present_one_does_not_match(run: Run, damage: str) -> None:
    www = make()
    key = Path(run(www)["bundles"][0]["files"]["key"])
    key.write_text({"another's": make()["private_key"], "garbage": "x", "gone": ""}[damage])
    if damage == "gone":
        key.unlink()
    without_key = {key: value for key, value in www.items() if key != "private_key"}
    told = run(without_key, check=True)
    assert told["changed"] and told["bundles"][0]["needs_key"]
    assert "comes without its key" in run(without_key)["msg"]
    assert run(www)["bundles"][0]["swapped"] and not run(without_key)["changed"]


def test_a_pkcs12_is_needed_until_it_exists(run: Run) -> None:
    www = make()
    run(www)
    without_key = {**{key: value for key, value in www.items() if key != "private_key"}, "files": ["key", "pkcs12"]}
    assert run(without_key, check=True)["bundles"][0]["needs_key"]
    done = run({**without_key, "pkcs12": base64.b64encode(b"\x30\x03P12").decode()})
    assert Path(done["bundles"][0]["files"]["pkcs12"]).read_bytes() == b"\x30\x03P12"
    assert not run(without_key)["changed"]
    Path(done["bundles"][0]["files"]["pkcs12"]).write_bytes(b"other")
    assert run(without_key, check=True)["bundles"][0]["needs_key"]


@pytest.mark.parametrize("check", [True, False])
def test_one_bad_certificate_prevents_all_from_going_live(run: Run, tmp_path: Path, check: bool) -> None:
    run(make("a.example.com"))
    before = tree(tmp_path)
    bad = {**make("b.example.com"), "private_key": make()["private_key"]}
    answer = run(make("a.example.com"), bad, check=check)
    assert answer["failed"]
    assert answer["msg"].startswith("The private key of b.example.com does not belong to its certificate")
    assert tree(tmp_path) == before


def test_one_set_that_cannot_be_written_prevents_all_from_going_live(run: Run, tmp_path: Path) -> None:
    run(make("a.example.com"))
    (tmp_path / "acm" / "b.example.com").write_text("in the way")
    before = tree(tmp_path)
    answer = run(make("a.example.com"), make("b.example.com"))
    assert answer["msg"].endswith("b.example.com is not a folder; move it away, or choose another name.")
    assert tree(tmp_path) == before


def test_a_rollback_is_reported(run: Run) -> None:
    old, new = make(), make()
    first = run(old)["bundles"][0]
    second = run(new)["bundles"][0]
    name = {"name": "www.example.com"}
    told = run(name, state="rolled_back", check=True)
    done = run(name, state="rolled_back")
    assert {**done, "invocation": None} == {**told, "invocation": None}
    assert done["bundles"][0]["serial"] == first["serial"]
    assert done["bundles"][0]["previous_serial"] == second["serial"]
    pinned = {**name, "version": first["version"]}
    assert not run(pinned, state="rolled_back")["changed"]
    assert "no set was live before" in run(name, state="rolled_back")["msg"]


def test_absent_removes_only_what_the_module_created(run: Run, tmp_path: Path) -> None:
    run(make())
    (tmp_path / "acm" / "www.example.com" / "notes.txt").write_text("mine")
    name = {"name": "www.example.com"}
    assert run(name, state="absent", check=True)["changed"]
    assert run(name, state="absent")["changed"]
    assert list(tree(tmp_path)) == ["acm", "acm/www.example.com", "acm/www.example.com/notes.txt"]
    assert not run(name, state="absent")["changed"]


def test_a_pkcs12_is_not_rewritten_because_of_its_salt(run: Run, tmp_path: Path) -> None:
    www = make()
    first = run({**www, "pkcs12": base64.b64encode(ONE).decode()})["bundles"][0]
    again = run({**www, "pkcs12": base64.b64encode(ANOTHER).decode()})
    assert not again["changed"]
    assert Path(first["files"]["pkcs12"]).read_bytes() == ONE
    Path(first["files"]["pkcs12"]).write_bytes(b"spoilt")
    assert run({**www, "pkcs12": base64.b64encode(ANOTHER).decode()})["changed"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"mode": "0644"}, "would let every user read its key"),
        ({"mode": "rw"}, "write octal digits in quotes"),
        ({"mode": 640}, "write octal digits in quotes"),
        ({"owner": "nobody-of-that-name"}, "has no owner nobody-of-that-name"),
        ({"group": "nogroup-of-that-name"}, "has no group nogroup-of-that-name"),
        ({"keep": -1}, "cannot be negative"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(run: Run, tmp_path: Path, options: dict[str, t.Any], words: str) -> None:
    answer = run(make(), **options)
    assert answer["failed"] and words in answer["msg"] and answer["msg"].endswith(".")
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"private_key": None}, "comes without its key"),
        ({"certificate": None}, "has no certificate; give it as PEM"),
        ({"pkcs12": "###"}, "is not base64"),
        ({"domain_names": ["shop.example.com"]}, "does not cover shop.example.com"),
    ],
)
def test_bad_certificates_are_refused_in_a_sentence(
    run: Run, tmp_path: Path, change: dict[str, t.Any], words: str
) -> None:
    item = {key: value for key, value in {**make(), **change}.items() if value is not None}
    answer = run(item)
    assert answer["failed"] and words in answer["msg"] and answer["msg"].endswith(".")
    assert tree(tmp_path) == {}


def test_a_name_given_twice_is_refused(run: Run) -> None:
    assert "is given twice" in run(make(), make())["msg"]


def test_an_unquoted_mode_means_what_yaml_makes_of_it(run: Run) -> None:
    bundle = run(make(), mode=0o640)["bundles"][0]
    assert os.stat(bundle["files"]["key"]).st_mode & 0o777 == 0o640


def test_empty_files_mean_the_default_ones(run: Run, tmp_path: Path) -> None:
    (bundle,) = run({**make(), "files": []})["bundles"]
    assert set(bundle["files"]) == {"cert", "fullchain", "key"}  # it has no chain
    assert (tmp_path / "acm/www.example.com/live/privkey.pem").exists()


@pytest.mark.parametrize("given", [b"notap12", b"\x30\x05abc", b""])
def test_data_that_is_not_pkcs12_is_refused(run: Run, tmp_path: Path, given: bytes) -> None:
    text = base64.b64encode(given).decode()
    result = run({**make(), "pkcs12": text or "=", "files": ["pkcs12", "key"]})
    assert result["failed"] and "pkcs12 of www.example.com" in result["msg"] and not (tmp_path / "acm").exists()


def test_a_name_too_long_for_a_folder_is_refused(run: Run) -> None:
    assert "has 300 characters; use at most 200" in run({**make(), "name": "a" * 300})["msg"]


@pytest.mark.skipif(os.getuid() != 0, reason="Only root can give files to a group that it is not in.")
def test_the_next_set_keeps_the_group_of_its_folder(run: Run, tmp_path: Path) -> None:
    """A server that may enter the old folder only through its group may enter the new one."""
    run(make(), group="4242", directory_mode="0750")
    run(make(), directory_mode="0750")
    live = (tmp_path / "acm/www.example.com/live").resolve()
    assert live.name.startswith("0002-")
    assert live.stat().st_gid == 4242 and (live / "privkey.pem").stat().st_gid == 4242


def test_the_folder_above_all_sets_is_open_whatever_the_mode_of_those_below(run: Run, tmp_path: Path) -> None:
    run(make(), directory_mode="0750")
    modes = [oct((tmp_path / path).stat().st_mode)[-3:] for path in ("acm", "acm/www.example.com")]
    assert modes == ["755", "750"]
