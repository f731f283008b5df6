# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy on a host whose Python is the oldest or the newest that modules run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, Lab

NEWEST = 14  # the minor version


def find_python(minor: int) -> str | None:
    """On PATH, or where a version manager or Debian puts it. A shim may exist and still not run."""
    name = f"python3.{minor}"
    managed = Path(os.environ.get("PYENV_ROOT", "~root/.pyenv")).expanduser() / "versions"
    found = [shutil.which(name), *map(str, managed.glob(f"3.{minor}.*/bin/{name}")), f"/usr/bin/{name}"]
    words = ["-c", f"import sys, ssl; sys.exit(sys.version_info[:2] != (3, {minor}))"]
    for path in found:
        if (
            path
            and Path(path).exists()
            and not subprocess.run([path, *words], check=False, capture_output=True).returncode
        ):
            return path
    return None


def check_deployments(lab: Lab, python: str) -> None:
    authority = lab.issue("one", "shop.test")
    certificates = [{"domain_name": "shop.test"}]
    lab.host("web1", acm_deploy_certificates=certificates, ansible_python_interpreter=python)
    play = {"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]}
    for is_new in (True, False):
        done = lab.run(play)
        assert done.returncode == 0 and ("Nothing is due on web1" in done.stdout) is not is_new, done.stdout
    assert lab.live("web1", "shop.test").is_symlink()


def test_the_oldest_python(tmp_path: Path) -> None:
    """3.8 up to ansible-core 2.19, 3.9 after that."""
    lab = Lab(tmp_path)
    version = re.search(r"core (\d+)\.(\d+)", lab.version())
    assert version
    minor = 8 if (int(version[1]), int(version[2])) <= (2, 19) else 9
    python = find_python(minor)
    if python is None:
        pytest.skip(f"Not installed: python3.{minor}.")
    check_deployments(lab, python)


def test_the_newest_python_installed(tmp_path: Path) -> None:
    found = next((path for minor in range(NEWEST, 11, -1) if (path := find_python(minor))), None)
    if found is None:
        pytest.skip(f"Not installed: python3.{NEWEST}, nor any after python3.11.")
    check_deployments(Lab(tmp_path), found)
