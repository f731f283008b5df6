# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often the role acm_deploy runs something on a host, for every server that it knows."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support import real_servers
from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, Lab

KNOWN = sorted(set(real_servers.SERVERS) - {"keytool"})


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Lab]:
    """In a folder with a short name, for sockets, which every server's user may reach."""
    folder = Path(tempfile.mkdtemp(prefix="d-"))
    folder.chmod(0o755)
    yield Lab(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", KNOWN)
def test_a_host_runs_one_module_when_nothing_is_due_and_two_otherwise(lab: Lab, name: str) -> None:
    program, _write = real_servers.SERVERS[name]
    if not shutil.which(program, path=real_servers.PATH):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"Not installed: {program}.")
    (lab.folder / "s").mkdir()
    described = real_servers.describe(lab.folder / "s", lab.folder / "web1", [name])
    if described["missing"]:
        pytest.skip(f"{name} runs as root only.")
    (service,) = described["services"]
    stop = service.pop("stop_command")
    runs, python = lab.folder / "runs", lab.folder / "python"
    python.write_text(f'#!/bin/sh\necho run >>{shlex.quote(str(runs))}\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    if name == "postfix":
        service = {"starttls": "smtp", "sni": False, **service}
    authority = lab.issue("ca", *real_servers.NAMES)
    lab.host(
        "web1",
        acm_deploy_authority=authority,
        acm_deploy_certificates=[{"domain_name": each} for each in real_servers.NAMES],
        acm_deploy_services=[service],
        acm_deploy_when_stopped="start",
        ansible_python_interpreter=str(python),
    )

    def deploy() -> int:
        runs.write_text("")
        done = lab.run({"hosts": "web", "tasks": [ROLE]})
        assert done.returncode == 0, done.stdout
        return len(runs.read_text().splitlines())

    try:
        counted = [deploy(), deploy()]
        found = lab.module("acm_certificate_info", authority=authority)["certificates"]
        lab.renew(authority, *(each["certificate_arn"] for each in found))
        counted += [deploy(), deploy()]
    finally:
        subprocess.run(stop, check=False, capture_output=True)
    assert counted == [2, 1, 2, 1]
