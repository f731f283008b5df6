# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results from a compromised host."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins import action, modules
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import (
    drop_what_ansible_obeys,
    refusal_of_facts,
    variables_from_facts,
)
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction

INTERPRETER = {"discovered_interpreter_python": "/usr/bin/python3"}


@pytest.mark.parametrize(
    ("obeyed", "kept"),
    [
        ({"ansible_facts": {"acm_deploy_path": "/"}}, {}),
        ({"ansible_facts": {"acm_deploy_path": "/", **INTERPRETER}}, {"ansible_facts": INTERPRETER}),
        ({"ansible_facts": ["acm_deploy_path"]}, {}),
        ({"add_host": {"host_name": "web2", "host_vars": {"ansible_host": "192.0.2.1"}}}, {}),
        ({"add_group": "web", "parent_groups": ["all"]}, {"parent_groups": ["all"]}),
        ({"ansible_stats": {"data": {"ok": 1}}}, {}),
    ],
)
def test_results_that_ansible_would_act_on_are_dropped(obeyed: dict[str, Any], kept: dict[str, Any]) -> None:
    result = {"changed": True, **obeyed}
    drop_what_ansible_obeys(result)
    assert result == {"changed": True, **kept}


def test_facts_that_name_our_variables_are_refused() -> None:
    assert variables_from_facts({"os_family": "Debian", "acm_deploy_path": "/", "__acm_deploy_host": {}}) == [
        "__acm_deploy_host",
        "acm_deploy_path",
    ]
    assert "acm_deploy_path" in refusal_of_facts("web1", {"acm_deploy_path": "/"})
    assert refusal_of_facts("web1", {"os_family": "Debian"}) == refusal_of_facts("web1", None) == ""


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(modules.__path__)])
def test_every_module_has_an_action_that_drops_them(name: str) -> None:
    plugin = importlib.import_module(f"{action.__name__}.{name}").ActionModule
    assert issubclass(plugin, PipelinedAction)
