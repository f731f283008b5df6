# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# /// script
# dependencies = ["nox>=2025.02.09", "antsibull-nox"]
# ///

"""The sessions that other Ansible collections have, for those who are used to them; ./run has these checks and all others.

antsibull-nox.toml says which there are: `nox --list`, `nox -e ansible-test-sanity-2.19`, `nox -e license-check` … Those with
ansible-test in their names need Docker or Podman.
"""

from __future__ import annotations

import antsibull_nox
import nox

antsibull_nox.load_antsibull_nox_toml()


@nox.session(python=False, default=False)
def units(session: nox.Session) -> None:
    """Run the unit tests"""
    session.run("./run", "test", "tests/unit", *session.posargs, external=True)


if __name__ == "__main__":
    nox.main()
