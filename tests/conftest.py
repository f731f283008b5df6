# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let plain pytest import `ansible_collections.certops.acm…` the way Ansible does."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

COLLECTION = Path(__file__).resolve().parents[1]

if COLLECTION.parts[-3:] != ("ansible_collections", "certops", "acm"):
    pytest.exit(
        "Ansible imports a collection only from …/ansible_collections/certops/acm: ./run test keeps such a copy.",
        returncode=4,
    )
# Nobody's own collections (~/.ansible, site-packages) take part: only those beside this one.
_AnsibleCollectionFinder(paths=[str(COLLECTION.parents[2])], scan_sys_paths=False)._install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, the tests of one file stay together, and so do all checks: they share the tree's caches and output."""
    for item in items:
        folder = item.path.parent
        item.add_marker(pytest.mark.xdist_group("checks" if folder.name == "checks" else str(item.path)))
