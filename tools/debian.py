# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages: the only thing that ./run changes outside .work, and only as root. It says when it installs one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trouble import Trouble, say

POLICY = Path("/usr/sbin/policy-rc.d")


def may_install_packages() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(names: list[str], log: Path) -> None:
    say(f"Installing the Debian packages {', '.join(names)} …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *names]
    with no_service_starts(), open(log, "w", encoding="utf-8") as output:

        def succeeds(command: list[str]) -> bool:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, check=False)
            return done.returncode == 0

        # On a fresh machine the package lists may be missing or old; they are fetched only if the first attempt fails.
        if not (succeeds(install) or (succeeds(["apt-get", "update", "--quiet"]) and succeeds(install))):
            raise Trouble(
                f"apt-get could not install {' '.join(names)}: install them yourself, then run this again. Details: {log}"
            )


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Keep a package from starting its server on installation: the demo starts its own, on its own port."""
    if POLICY.exists():
        yield
        return
    try:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink(missing_ok=True)
