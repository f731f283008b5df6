# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin of acm_certificate refuses before anything is sent."""

from __future__ import annotations

import types

import pytest
from ansible_collections.certops.acm.plugins.action.acm_certificate import ActionModule
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


@pytest.mark.parametrize("name", ["certificate", "private_key", "certificate_chain"])
def test_a_task_of_community_aws_that_imports_is_pointed_to_acm_import(name: str) -> None:
    plugin = ActionModule.__new__(ActionModule)
    plugin._task = types.SimpleNamespace(action="certops.acm.acm_certificate")
    with pytest.raises(InvalidInput) as caught:
        plugin.check({name: "-----BEGIN PRIVATE KEY-----MIGH"})
    said = f"certops.acm.acm_certificate has no option {name}: use certops.acm.acm_import to import a certificate."
    assert str(caught.value) == said
