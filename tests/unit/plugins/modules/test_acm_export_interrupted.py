# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_export killed at each of its system calls, next to another run, on a full disk, or without write access."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import (
    execution,
    item,
    lookup,
    options as export_options,
    plan,
    task as export_task,
)
from ansible_collections.certops.acm.plugins.module_utils._files import atomic, locks, certificate_files
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.tests.support.small_disk import small_disk

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000001"
SECRET = {"privkey.pem", "combined.pem", "bundle.p12"}
SYSTEM_CALLS = ("open", "mkdir", "chmod", "fchmod", "lstat", "fstat", "write", "fsync", "rename", "close", "unlink")
FILES: dict[str, dict[str, Any]] = {form: {} for form in certificate_files.FILE_NAMES}


class OneCertificate:
    """An ACM that holds this one certificate, exported already."""

    region, is_authority = "us-east-1", True

    def __init__(self, pair: Any) -> None:
        self.pair = pair
        self.calls: list[str] = []

    def each(self, operation: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self.call(operation, **request) for request in requests]

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        self.calls.append(operation)
        pair = self.pair
        if operation == "DescribeCertificate":
            detail = {
                "CertificateArn": ARN,
                "DomainName": "www.example.com",
                "Status": "ISSUED",
                "Type": "PRIVATE",
                "Serial": pem.serial(pair.certificate),
                "NotAfter": pair.certificate.not_valid_after_utc,
                "RenewalEligibility": "ELIGIBLE",
            }
            return {"Certificate": detail}
        answer = {"Certificate": pair.pem, "CertificateChain": pair.chain_pem}
        if operation == "ExportCertificate":
            answer["PrivateKey"] = pem.encrypted_private_key_pem(pair.key, members["Passphrase"])
        return answer


@pytest.fixture
def export(pki: Any) -> Callable[..., dict[str, Any]]:
    def task(pair: Any, folder: Path | str, **options: Any) -> dict[str, Any]:
        options = {"certificate_arn": ARN, "path": str(folder), "files": FILES, "passphrase": "keystore", **options}
        return export_task.run(lambda: OneCertificate(pair), options, now=pki.now, is_check=False)  # type: ignore[arg-type, return-value]

    return task


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="acm-export-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def in_child(action: Callable[[], None]) -> int:
    """The wait status of a process that does it; 0 if all went well."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def kill_at(number: int) -> None:
    """Let this process die just before the system call with that number, counted from now."""
    left = number

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    for name in SYSTEM_CALLS:
        setattr(atomic.os, name, deadly(getattr(os, name)))


def serials(folder: Path) -> set[str]:
    """The serials of the certificates to which the files, keys included, belong. If there is one, the files match."""
    found = {
        pem.serial(pem.load_certificates((folder / name).read_bytes())[0])
        for name in ("cert.pem", "fullchain.pem", "combined.pem")
    }
    key, leaf, _chain = pkcs12.load((folder / "bundle.p12").read_bytes(), b"keystore")
    assert leaf is not None and pem.key_matches(key, leaf)
    found.add(pem.serial(leaf))
    for name in ("privkey.pem", "combined.pem"):
        if not pem.key_matches(pem.load_private_key((folder / name).read_bytes()), leaf):
            found.add(f"another's key in {name}")
    return found


def test_a_run_killed_at_any_instant_leaves_complete_files_and_the_next_run_repairs_them(
    export: Any, pki: Any, tmp_path: Path
) -> None:
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    export(old, tmp_path / "0")
    good = {path.name: path.read_bytes() for path in (tmp_path / "0").iterdir()}
    number, left_behind = 0, 0
    while True:
        folder = tmp_path / str(number)
        export(old, folder)

        def renew(folder: Path = folder, number: int = number) -> None:
            kill_at(number)
            export(new, folder)

        status = in_child(renew)
        for path in folder.iterdir():
            mode, name = stat.S_IMODE(path.stat().st_mode), path.name.lstrip(".").rpartition(".")[0]
            if path.name in good:
                assert path.read_bytes() == good[path.name] or path.suffix == ".p12" or b"-----END" in path.read_bytes()
                assert mode == (0o600 if path.name in SECRET else 0o644)
            elif path.name == locks.NAME:
                assert (mode, path.stat().st_size) == (0o600, 0)
            else:
                left_behind += 1
                assert mode in (0, 0o600 if name in SECRET else 0o644) and (mode or not path.stat().st_size)
        result = export(new, folder)
        assert not result.get("failed") and sorted(path.name for path in folder.iterdir()) == sorted(good), number
        assert serials(folder) == {pem.serial(new.certificate)}
        assert not export(new, folder)["changed"]
        if status == 0:
            break
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        number += 1
    assert number > 60 and left_behind > 60


def test_a_run_overlapping_another_does_not_mix_their_files(export: Any, pki: Any, tmp_path: Path) -> None:
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    for missing in ("cert.pem", "fullchain.pem", "privkey.pem"):
        export(old, tmp_path)
        (tmp_path / missing).unlink()
        options = {"certificate_arn": ARN, "path": str(tmp_path), "files": FILES, "passphrase": "keystore"}
        slow: Any = OneCertificate(old)
        items = [item.Item(export_options.read(options))]
        lookup.look_up(slow, items, pki.now)
        plan.decide(items)
        assert [change.reasons for change in items[0].changes] == [("it was missing",)]
        export(new, tmp_path)
        execution.execute(slow, items, pki.now)
        assert items[0].error is None and serials(tmp_path) == {pem.serial(old.certificate)}


def test_two_simultaneous_exports(export: Any, pki: Any, tmp_path: Path) -> None:
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    for number in range(10):
        folder, results = tmp_path / str(number) / "tls", []
        start = threading.Barrier(4)

        def run(pair: Any, folder: Path, results: list[Any], start: Any) -> None:
            start.wait()
            results.append(export(pair, folder))

        threads = [threading.Thread(target=run, args=(pair, folder, results, start)) for pair in (old, new, old, new)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [result["msg"] for result in results if result.get("failed")] == []
        assert len(serials(folder)) == 1
        assert len(list(folder.iterdir())) == len(FILES)


def test_a_hanging_run_is_not_waited_for_indefinitely(
    export: Any, pki: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "LOCK_TIMEOUT_S", 0.1)
    with atomic.locked([atomic.FileSpec("cert", str(tmp_path / "cert.pem"), 0o644)]):
        result = export(pki.leaf(), tmp_path)
    assert result["failed"] and "Another run has locked" in result["msg"] and list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_halfway_leaves_the_old_set(export: Any, pki: Any, tmp_path: Path) -> None:
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    export(old, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    largest = max(map(len, before.values()))
    for limit in (0, 1, len(before["cert.pem"]), largest - 100):

        def renew(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            result = export(new, tmp_path)
            assert result["failed"] and not result["changed"], result
            assert "File too large" in result["msg"] and str(tmp_path) in result["msg"]

        assert in_child(renew) == 0
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        assert in_child(lambda: renew()) == 0  # pylint: disable=unnecessary-lambda
    fresh = tmp_path / "new" / "tls"

    def first() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        assert export(new, fresh)["failed"]

    assert in_child(first) == 0 and not fresh.parent.exists()


@pytest.fixture(name="disk")
def fixture_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "64k"):
        yield tmp_path


def test_a_disk_that_is_really_full(export: Any, pki: Any, disk: Path) -> None:
    """With whatever number of free pages it ends, the previous set remains."""
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    folder, ballast = disk / "tls", disk / "ballast"
    export(old, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    page = os.sysconf("SC_PAGESIZE")
    filled, refused = os.statvfs(disk).f_bavail, 0
    while filled >= 0:
        ballast.write_bytes(bytes(filled * page))
        result = export(new, folder)
        if not result.get("failed"):
            break
        refused += 1
        assert not result["changed"] and "There is no space left for" in result["msg"] and str(folder) in result["msg"]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        filled -= 1
    assert refused >= len(FILES) - 1 and serials(folder) == {pem.serial(new.certificate)}
    assert not export(new, folder)["changed"]


@pytest.mark.parametrize("has_files", [False, True])
def test_nothing_changes_without_permission_to_write(
    export: Any, pki: Any, public_folder: Path, has_files: bool
) -> None:
    old, new = pki.leaf(number=1), pki.leaf(number=2)
    folder = public_folder / "tls"
    folder.mkdir()
    if has_files:
        export(old, folder)
        if os.geteuid() == 0:
            for path in folder.iterdir():
                os.chown(path, 65534, -1)
    folder.chmod(0o555)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def renew() -> None:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        for target in (folder, folder / "below"):
            result = export(new, target)
            assert result["failed"] and not result["changed"], result
            assert "Permission denied" in result["msg"] and str(folder) in result["msg"], result

    assert in_child(renew) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    folder.chmod(0o755)


def test_a_folder_that_the_kernel_refuses(export: Any, pki: Any) -> None:
    result = export(pki.leaf(), "/proc/acm/tls")
    assert result["failed"] and not result["changed"] and result["msg"].startswith("/proc/acm")
