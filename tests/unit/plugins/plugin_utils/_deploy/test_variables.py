# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of variables with the role's prefix: those that exist, and those that are misspelt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.fleet import begin
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.variables import KNOWN, OF_PLAYBOOKS, check_names
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import run as runs

COLLECTION = Path(__file__).resolve().parents[5]
ROLE = COLLECTION / "roles" / "acm_deploy"


def test_every_option_of_both_entry_points_is_known() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]
    documented = {name for spec in specs.values() for name in spec["options"]}
    assert len(documented) > 30
    assert documented <= KNOWN
    check_names(documented)


def test_everything_known_is_in_the_role_or_a_playbook() -> None:
    files = [*ROLE.rglob("*.yml"), *(COLLECTION / "playbooks").rglob("*.yml")]
    used = set(re.findall(r"\bacm_deploy_[a-z_]+", "\n".join(file.read_text("utf-8") for file in files)))
    assert KNOWN <= used
    assert all(f"acm_deploy_{name}" in used for name in OF_PLAYBOOKS)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "acm_deploy_certificate",
            "^The role acm_deploy has no variable acm_deploy_certificate; did you mean acm_deploy_certificates",
        ),
        ("acm_deploy_steady", "did you mean acm_deploy_steady_for"),
        ("acm_deploy_renewals_notice_day", "did you mean acm_deploy_renewals_notice_days"),
        ("acm_deploy_renewal_path", "did you mean acm_deploy_renewals_path"),
        ("acm_deploy_Path", "did you mean acm_deploy_path"),
        ("acm_deploy_datacentre", "choose names that do not begin with acm_deploy_"),
        ("acm_deploy_", "has no variable acm_deploy_;"),
    ],
)
def test_an_unknown_variable_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        check_names(["acm_deploy_path", name, "acm_deploy_summary"])


def test_a_host_with_a_misspelt_variable_is_not_deployed_to() -> None:
    options = {
        "certificates": [{"domain_name": "www.example.com"}],
        "services": [{"name": "nginx"}],
        "path": "/etc/acm",
    }
    at = "2026-11-29T03:00:00"
    assert begin(options, "web1", {}, at, "", ["acm_deploy_path"])["fault"] == ""
    fault = begin(options, "web1", {}, at, "", ["acm_deploy_path", "acm_deploy_whenstopped"])["fault"]
    assert fault == "The role acm_deploy has no variable acm_deploy_whenstopped; did you mean acm_deploy_when_stopped?"


def test_a_renewal_run_with_a_misspelt_variable_does_not_begin() -> None:
    with pytest.raises(InvalidInput, match="did you mean acm_deploy_renewals_channels"):
        runs.begin({}, [], [], {}, "2026-11-29T03:00:00Z", False, ["acm_deploy_renewals_chanels"])


@pytest.mark.parametrize(
    ("authority", "sentence"),
    [
        ("", "acm_deploy_authority is empty; give the path of an authority, or leave it out to use AWS."),
        (" ", "acm_deploy_authority is empty; give the path of an authority, or leave it out to use AWS."),
        ("lab", "acm_deploy_authority is 'lab'; give an absolute path such as /srv/acm."),
        (True, "acm_deploy_authority is True; give an absolute path such as /srv/acm."),
    ],
)
def test_an_empty_or_relative_authority_is_refused(authority: str, sentence: str) -> None:
    options = {"authority": authority, "path": "/etc/acm", "certificates": [], "services": []}
    given = begin(options, "web1", {}, "2026-01-01T00:00:00")
    assert given["fault"] == sentence and given["connection"] == {}
    connections = {"authority": [authority], "region": [""], "profile": [""]}
    with pytest.raises(InvalidInput) as refused:
        runs.begin({}, ["web1"], [[]], connections, "2026-01-01T00:00:00Z", False)
    assert str(refused.value) == sentence


def test_an_authority_that_is_not_given_is_aws() -> None:
    options = {"authority": False, "path": "/etc/acm", "certificates": [], "services": []}
    assert begin(options, "web1", {}, "2026-01-01T00:00:00")["fault"] == ""
