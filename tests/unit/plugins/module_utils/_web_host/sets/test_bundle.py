# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of certificate files: what is on disk afterwards, and what a kill at any instant leaves."""

from __future__ import annotations

import errno
import os
import ssl
import stat
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets import bundle as bundle_module
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.bundle import Access, Bundle, explain
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.der import pem_certificates, read_certificate
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import (
    BundleFault,
    KeyPair,
    read_key_pair,
)
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.sets.conftest import NOW, Authority

FILES = ["cert", "chain", "fullchain", "key", "combined"]
ACCESS = Access(uid=None, gid=None, key_mode=0o600, directory_mode=0o755)


def put(base: Path, pair: KeyPair, access: Access = ACCESS, keep: int = 2, name: str = "www") -> str:
    """What certificate_bundle does for a certificate that differs from the live set."""
    bundle = Bundle(str(base), name, access)
    files = pair.render(FILES)
    with bundle.locked(make=True):
        live = bundle.live()
        if live and live.manifest["fingerprint"] == pair.facts.fingerprint and not bundle.differences(live, files):
            bundle.prune(keep)
            return live.id
        version = bundle.stage(pair, files, live, NOW)
        bundle.commit(version)
        bundle.prune(keep)
    return version


def served(base: Path, name: str = "www") -> str:
    """The fingerprint of the set that a server would load now; raises unless it is complete and consistent."""
    live = base / name / "live"
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(live / "fullchain.pem", live / "privkey.pem")
    return read_certificate(pem_certificates((live / "cert.pem").read_bytes())[0]).fingerprint


@pytest.mark.parametrize("name", ["", ".", "..", ".deployment", "a/b", "-a", "../x", "*.example.com", "a b", "é"])
def test_names_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        BundleFault, match="is not a valid name for a folder; .*, and begin with a letter, a digit or an underscore"
    ):
        Bundle(str(tmp_path), name, ACCESS)


# --- what is on the disk -----------------------------------------------------------------------------------------------


def test_a_set_on_disk(tmp_path: Path, ca: Authority) -> None:
    pair = ca.pair()
    version = put(tmp_path / "acm", pair)
    live = tmp_path / "acm" / "www" / "live"
    assert os.readlink(live) == f"versions/{version}"
    assert version == f"0001-{pair.facts.fingerprint[:12]}"
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in live.iterdir()} == {
        "cert.pem": "0o644",
        "chain.pem": "0o644",
        "fullchain.pem": "0o644",
        "combined.pem": "0o600",
        "privkey.pem": "0o600",
        "set.json": "0o644",
    }
    assert (live / "fullchain.pem").read_text() == pair.certificate + pair.chain
    assert (live / "combined.pem").read_text() == pair.private_key + pair.certificate + pair.chain
    assert pair.private_key.splitlines()[1] not in (live / "set.json").read_text()
    assert served(tmp_path / "acm") == pair.facts.fingerprint


def test_nobody_can_open_a_file_before_its_owner_and_mode_are_right(
    tmp_path: Path, ca: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    real_write = os.write

    def write(descriptor: int, data: memoryview) -> int:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and b"PRIVATE KEY" in bytes(data) and status.st_nlink:
            seen.append((stat.S_IMODE(status.st_mode), status.st_size))
        return real_write(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    old_umask = os.umask(0)
    try:
        put(tmp_path, ca.pair(), ACCESS._replace(key_mode=0o400))
    finally:
        os.umask(old_umask)
    assert seen == [(0o400, 0), (0o400, 0)]  # key and combined: right, and still empty, when the key is written


def test_a_set_that_is_up_to_date_is_left_alone(tmp_path: Path, ca: Authority) -> None:
    pair = ca.pair()
    assert put(tmp_path, pair) == put(tmp_path, pair)


@pytest.mark.parametrize(
    "spoil, text, is_content",
    [
        (lambda live: (live / "privkey.pem").unlink(), "privkey.pem was missing", True),
        (lambda live: (live / "chain.pem").write_text("x"), "chain.pem was altered", True),
        (lambda live: replace_by_link(live / "cert.pem"), "cert.pem was missing", True),
        (lambda live: (live / "privkey.pem").chmod(0o644), "privkey.pem had mode 0644, not 0600", False),
    ],
)
def test_damage_is_detected(
    tmp_path: Path, ca: Authority, spoil: t.Callable[[Path], t.Any], text: str, is_content: bool
) -> None:
    pair = ca.pair()
    put(tmp_path, pair)
    spoil(tmp_path / "www" / "live")
    bundle = Bundle(str(tmp_path), "www", ACCESS)
    live = bundle.live()
    assert live is not None
    assert [tuple(found) for found in bundle.differences(live, pair.render(FILES))] == [(is_content, text)]


def replace_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def test_a_mode_is_corrected_in_place(tmp_path: Path, ca: Authority) -> None:
    pair = ca.pair()
    put(tmp_path, pair)
    key = tmp_path / "www" / "live" / "privkey.pem"
    key.chmod(0o666)
    bundle = Bundle(str(tmp_path), "www", ACCESS)
    live = bundle.live()
    assert live is not None
    bundle.mend_access(live, pair.render(FILES))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not bundle.differences(live, pair.render(FILES))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_kept_by_a_renewal(tmp_path: Path, ca: Authority) -> None:
    put(tmp_path, ca.pair(), ACCESS._replace(uid=1234, gid=2345, key_mode=0o640))
    put(tmp_path, ca.pair())
    status = (tmp_path / "www" / "live" / "privkey.pem").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


def test_previous_sets_are_kept_and_older_ones_pruned(tmp_path: Path, ca: Authority) -> None:
    versions = [put(tmp_path, ca.pair(), keep=1) for _number in range(4)]
    assert sorted(os.listdir(tmp_path / "www" / "versions")) == versions[-2:]


def test_other_files_are_never_removed(tmp_path: Path, ca: Authority) -> None:
    put(tmp_path, ca.pair())
    foreign = tmp_path / "www" / "versions" / "0001-aaaaaaaaaaaa"
    foreign.mkdir()
    (foreign / "set.json").write_text("{}")
    (tmp_path / "www" / "notes.txt").write_text("mine")
    put(tmp_path, ca.pair(), keep=0)
    bundle = Bundle(str(tmp_path), "www", ACCESS)
    with bundle.locked(make=False):
        bundle.remove()
    assert foreign.is_dir()
    assert sorted(os.listdir(tmp_path / "www")) == ["notes.txt", "versions"]


def test_a_rollback_restores_what_was_live(tmp_path: Path, ca: Authority) -> None:
    first, second = ca.pair(), ca.pair()
    put(tmp_path, first)
    put(tmp_path, second)
    bundle = Bundle(str(tmp_path), "www", ACCESS)
    live = bundle.live()
    assert live is not None and live.previous_id is not None
    before = bundle.version(live.previous_id)
    assert before is not None
    bundle.go_back(before)
    assert served(tmp_path) == first.facts.fingerprint
    version = put(tmp_path, second)
    assert version.startswith("0003-")
    assert bundle.version(version).previous_id == before.id  # type: ignore[union-attr]


def test_a_rollback_skips_a_damaged_set(tmp_path: Path, ca: Authority) -> None:
    old = put(tmp_path, ca.pair())
    put(tmp_path, ca.pair())
    (tmp_path / "www" / "versions" / old / "privkey.pem").unlink()
    bundle = Bundle(str(tmp_path), "www", ACCESS)
    with pytest.raises(BundleFault, match="has no privkey.pem"):
        bundle.go_back(bundle.version(old))  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("/etc")])
def test_a_foreign_live_is_left_alone(tmp_path: Path, ca: Authority, make: t.Callable[[Path], None]) -> None:
    (tmp_path / "www").mkdir()
    make(tmp_path / "www" / "live")
    with pytest.raises(BundleFault, match="was not created by this module"):
        put(tmp_path, ca.pair())


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, ca: Authority) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "www").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleFault, match="is not a folder"):
        put(tmp_path, ca.pair())


def test_context_is_set_before_the_content_and_for_the_final_path(tmp_path: Path, ca: Authority) -> None:
    asked: dict[str, tuple[str, int]] = {}

    def restore(path: str, final_path: str) -> bool:
        asked[os.path.basename(path)] = (final_path, os.lstat(path).st_size)
        return False

    bundle = Bundle(str(tmp_path), "www", ACCESS, restore)
    with bundle.locked(make=True):
        version = bundle.stage(ca.pair(), ca.pair().render(["cert"]), None, NOW)
    assert asked["cert.pem"] == (str(tmp_path / "www" / "versions" / version / "cert.pem"), 0)


# --- when something goes wrong -----------------------------------------------------------------------------------------


def test_a_full_disk_changes_nothing(tmp_path: Path, ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ca.pair(), ca.pair()
    put(tmp_path, old)
    before = tree(tmp_path)

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError) as caught:
        put(tmp_path, new)
    monkeypatch.undo()
    assert "no space left" in explain(caught.value, "www")
    assert tree(tmp_path) == before
    assert served(tmp_path) == old.facts.fingerprint


def test_a_first_set_that_fails_leaves_no_folder(tmp_path: Path, ca: Authority) -> None:
    certificate, chain, _key = ca.texts()
    mismatched = read_key_pair("www", certificate, chain, ca.leaf().key_pem)
    with pytest.raises(BundleFault):
        put(tmp_path / "acm", mismatched)
    assert tree(tmp_path) == []


def test_another_run_is_waited_for_but_not_indefinitely(
    tmp_path: Path, ca: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, "LOCK_TIMEOUT_S", 0)
    pair = ca.pair()
    put(tmp_path, pair)
    with Bundle(str(tmp_path), "www", ACCESS).locked(make=False):
        with pytest.raises(InvalidInput, match="Another run has locked"):
            put(tmp_path, pair)


def tree(path: Path) -> list[str]:
    return sorted(str(found.relative_to(path)) for found in path.rglob("*"))


STEPS = {"open", "os.mkdir", "os.rename", "os.symlink", "os.chmod", "os.chown", "os.remove", "os.rmdir"}


def run_and_die(base: Path, pair: KeyPair, step: int) -> bool:
    """put() in a child that dies before its STEPth change; whether it died."""
    child = os.fork()
    if child == 0:
        code, count = 1, 0

        def hook(event: str, arguments: tuple[t.Any, ...]) -> None:
            nonlocal count
            if event not in STEPS or (event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)):
                return
            if count == step:
                os._exit(99)
            count += 1

        try:
            sys.addaudithook(hook)
            put(base, pair, keep=0)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 99)
    return code == 99


def test_a_run_killed_between_any_two_steps_leaves_a_whole_set_and_the_next_run_converges(
    tmp_path: Path, ca: Authority
) -> None:
    old, new = ca.pair(), ca.pair()
    allowed = {old.facts.fingerprint, new.facts.fingerprint}
    seen = set()
    for step in range(200):
        base = tmp_path / str(step)
        put(base, old)
        died = run_and_die(base, new, step)
        seen.add(served(base))
        assert seen <= allowed
        for path in base.rglob("*"):
            if path.is_file() and b"PRIVATE" in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
        put(base, new, keep=0)
        assert served(base) == new.facts.fingerprint
        assert [name for name in tree(base) if "/.new" in name or "/.old" in name or "/.live" in name] == []
        assert len(os.listdir(base / "www" / "versions")) == 1
        if not died:
            break
    assert step > 15
    assert seen == allowed


def test_the_next_run_converges_if_the_first_one_is_killed(tmp_path: Path, ca: Authority) -> None:
    pair = ca.pair()
    for step in range(200):
        base = tmp_path / str(step)
        base.mkdir()
        died = run_and_die(base, pair, step)
        put(base, pair)
        assert served(base) == pair.facts.fingerprint
        if not died:
            break
    assert step > 15
