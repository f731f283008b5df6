# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX: playbooks/awx.yml with the real awx.awx and a stand-in for its API, surveys and the execution environment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.arguments import OPTIONS
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.options import OPTIONS as RENEWALS
from ansible_collections.certops.acm.tests.support.awx_stand_in import (
    Awx,
    Refused,
    awx_stand_in,
    check_credential_type,
    check_survey,
)
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, run

SURVEYS = {"renew": "renewals", "deploy": "main"}  # playbook → the role's entry point that it runs
SAID = {
    "acm_awx_inventory": "Web servers",
    "acm_awx_execution_environment_image": "registry.example.com/certops-acm:1.0.0",
    "acm_awx_state_host": "web1.example.com",
    "acm_awx_credentials": ["AWS"],
    "acm_awx_webhook": True,
}
SECRETS = {
    "acm_awx_channel_secrets": {"slack_webhook_url": "https://hooks.example.com/a-secret"},
    "acm_awx_authority_passphrase": "another-secret",
}


def set_up(awx: Awx, tmp_path: Path, *options: str, **variables: Any) -> str:
    words = ["ansible-playbook", "certops.acm.awx", "-v", "-e", json.dumps(variables), *options]
    return run(words, cwd=tmp_path, env=awx.environment)


def changed(output: str) -> int:
    return int(re.findall(r"changed=(\d+)", output)[-1])


def test_playbook_sets_up_awx(tmp_path: Path) -> None:
    with awx_stand_in() as awx:
        output = set_up(awx, tmp_path, **SAID, **SECRETS)
        assert not re.search("a-secret|another-secret", output)

        renew, deploy = (awx.one("job_templates", f"{verb} certificates") for verb in ("Renew", "Deploy"))
        names = [awx.stored["credentials"][each]["name"] for each in renew["credentials"]]
        assert sorted(names) == ["AWS", "certops.acm alert channels", "certops.acm authority"]
        assert json.loads(renew["extra_vars"]) == {"acm_deploy_renewals_host": "web1.example.com"}
        assert (renew["webhook_service"], renew["allow_simultaneous"], renew["survey_enabled"]) == (
            "gitlab",
            False,
            True,
        )
        assert [item["variable"] for item in renew["survey_spec"]["spec"]][0] == "acm_deploy_hosts"
        assert deploy["ask_limit_on_launch"] and "webhook_service" not in deploy
        assert awx.one("schedules", "Renew certificates every hour")["unified_job_template"] == renew["id"]
        channels = awx.one("credential_types", "certops.acm alert channels")
        # AWX fills these in, not Ansible.
        assert channels["injectors"]["extra_vars"]["acm_alert_slack_webhook_url"] == "{{ slack_webhook_url }}"
        assert awx.one("credentials", "certops.acm authority")["inputs"] == {"passphrase": "another-secret"}

        # Again, without the secrets, which AWX never shows and which are therefore sent once more.
        changes = awx.changes
        again = ["--start-at-task", "Set up the execution environment"]
        assert changed(set_up(awx, tmp_path, *again, **SAID, **SECRETS)) == 0 and awx.changes == changes


def test_playbook_says_what_is_missing(tmp_path: Path) -> None:
    with awx_stand_in() as awx:
        with pytest.raises(AssertionError, match="Set acm_awx_inventory, acm_awx_execution_environment_image and"):
            set_up(awx, tmp_path)
        assert awx.changes == 0


@pytest.mark.parametrize("name", SURVEYS)
def test_survey_asks_for_variables_that_exist(name: str) -> None:
    """Each variable belongs to the role or the playbook, with the same choices and default, and AWX accepts it."""
    survey = json.loads((COLLECTION / "playbooks" / "files" / f"awx_survey_{name}.json").read_text(encoding="utf-8"))
    playbook = (COLLECTION / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
    specs = yaml.safe_load((COLLECTION / "roles/acm_deploy/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"][SURVEYS[name]]["options"]
    check_survey(survey)
    for item in survey["spec"]:
        option, default = options.get(item["variable"]), item["default"]
        if option:
            # The role checks choices itself, in one sentence; Ansible would print all options.
            renewals = {f"renewals_{name}": option for name, option in RENEWALS.items()}
            own = {**OPTIONS, **renewals}.get(item["variable"].removeprefix("acm_deploy_"), {})
            choices = own.get("choices", "")
            assert option.get("choices", choices) == item["choices"] and option["default"] == default
        else:
            shown = f"'{default}'" if isinstance(default, str) else default
            assert f"{{{{ {item['variable']} | default({shown}) }}}}" in playbook


@pytest.mark.parametrize(
    "wrong",
    [{"default": "sometimes"}, {"type": "choice"}, {"required": "yes"}, {"min": "0"}, {"variable": "acm_deploy_hosts"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_stand_in_refuses_surveys_as_awx_does(wrong: dict[str, Any]) -> None:
    survey = json.loads((COLLECTION / "playbooks" / "files" / "awx_survey_renew.json").read_text(encoding="utf-8"))
    survey["spec"][1].update(wrong)
    with pytest.raises(Refused):
        check_survey(survey)


def test_the_stand_in_refuses_credential_types_as_awx_does() -> None:
    fields = {"fields": [{"id": "token", "label": "Token"}]}
    check_credential_type({"inputs": fields, "injectors": {"env": {"TOKEN": "{{ token }}"}}})
    for injectors in ({"env": {"ANSIBLE_X": "{{ token }}"}}, {"env": {"TOKEN": "{{ tokn }}"}}, {"vars": {}}):
        with pytest.raises(Refused):
            check_credential_type({"inputs": fields, "injectors": injectors})


def test_execution_environment(tmp_path: Path) -> None:
    """ansible-builder accepts the definition, and finds the requirements that the collection declares."""
    definition = COLLECTION / "docs" / "examples" / "execution-environment.yml"
    context = tmp_path / "context"
    run(
        [
            "ansible-builder",
            "create",
            "--file",
            str(definition),
            "--context",
            str(context),
            "--output-filename",
            "Containerfile",
        ],
        cwd=tmp_path,
    )
    made = context / "_build" / "requirements.yml"
    assert yaml.safe_load(made.read_text(encoding="utf-8")) == {"collections": [{"name": "certops.acm"}]}
    assert "FROM $EE_BASE_IMAGE" in (context / "Containerfile").read_text(encoding="utf-8")

    found = tmp_path / "collections"
    (found / "ansible_collections" / "certops").mkdir(parents=True)
    (found / "ansible_collections" / "certops" / "acm").symlink_to(COLLECTION)
    output = run(["ansible-builder", "introspect", str(found)], cwd=tmp_path)
    lines = (COLLECTION / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted and [line for line in wanted if line not in output] == []
