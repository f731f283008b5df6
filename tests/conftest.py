# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let plain pytest import `ansible_collections.certops.acm…` the way Ansible does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from xdist.scheduler import LoadScopeScheduling

COLLECTION = Path(__file__).resolve().parents[1]

if COLLECTION.parts[-3:] != ("ansible_collections", "certops", "acm"):
    pytest.exit(
        "Ansible imports a collection only from …/ansible_collections/certops/acm: ./run test keeps such a copy.",
        returncode=4,
    )
# Nobody's own collections (~/.ansible, site-packages) take part: only those beside this one.
_AnsibleCollectionFinder(paths=[str(COLLECTION.parents[2])], scan_sys_paths=False)._install()


class OneFileOneWorker(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of one file stay together, for they share fixtures; so do all checks, for they share the tree's caches."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        return "checks" if path.startswith("tests/checks/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFileOneWorker:
    """Not --dist=loadgroup: xdist 3.8 marks node ids in a way that pytest 9.2 no longer sees."""
    return OneFileOneWorker(config, log)
