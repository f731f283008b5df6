# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""haproxy_certificate against a real HAProxy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.haproxy import Runtime
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, Unreachable, look
from ansible_collections.certops.acm.plugins.modules.haproxy_certificate import update

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import real_servers  # noqa: E402  # pylint: disable=wrong-import-position

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def write_combined(path: Path, name: str) -> str:
    """A fresh self-signed certificate with its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = ["openssl", "req", "-x509", *NEW_KEY, "-days", "9", "-subj", f"/CN={name}", "-keyout", "-"]
    path.write_bytes(subprocess.run(words, check=True, capture_output=True).stdout)
    return str(path)


def served(service: dict[str, Any], name: str) -> str:
    return look(Endpoint("127.0.0.1", service["ports"][0], name, None), 5, None).leaf.fingerprint


@pytest.fixture(name="haproxy")
def fixture_haproxy() -> Iterator[tuple[dict[str, Any], list[str]]]:
    folder = Path(tempfile.mkdtemp(prefix="h-"))  # a short name, for the socket
    paths = [write_combined(folder / name / "live" / "combined.pem", name) for name in real_servers.NAMES]
    described = real_servers.describe(folder, folder, ["haproxy-runtime"])
    if described["missing"]:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("haproxy is not installed.")
    (service,) = described["services"]
    subprocess.run(service["start_command"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                served(service, real_servers.NAMES[0])
                break
            except Unreachable:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield service, paths
    finally:
        subprocess.run(service["stop_command"], check=False, capture_output=True)
        shutil.rmtree(folder)


def test_every_name_gets_its_own_new_certificate(haproxy: tuple[dict[str, Any], list[str]]) -> None:
    service, paths = haproxy
    runtime = Runtime(service["runtime_socket"])
    before = [served(service, name) for name in real_servers.NAMES]
    for path, name in zip(paths, real_servers.NAMES):
        write_combined(Path(path), name)
    # a run that was killed at the wrong moment left this behind
    left = Path(paths[1]).read_text()
    assert "Transaction created" in runtime.ask(f"set ssl cert {paths[1]} <<\n{left}\n")

    results = update(runtime, paths, False, False)
    assert [result["changed"] for result in results] == [True, True]
    sights = [look(Endpoint("127.0.0.1", service["ports"][0], name, None), 5, None).leaf for name in real_servers.NAMES]
    assert [sight.subject for sight in sights] == [f"CN={name}" for name in real_servers.NAMES]
    assert not {sight.fingerprint for sight in sights} & set(before)
    assert not any(result["changed"] for result in update(runtime, paths, False, False))
