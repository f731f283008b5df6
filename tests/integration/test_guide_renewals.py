# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/renewals.md: several regions and accounts, and secrets, as the guide sets them up. The rest is in
test_renewals.py and similar files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.certops.acm.tests.support import guides
from ansible_collections.certops.acm.tests.support.programs import environment, run

SECTION = "Several regions or accounts"
INVENTORY = "[frankfurt]\nfra1\n\n[virginia]\nvir1\n\n[web:children]\nfrankfurt\nvirginia\n"


def blocks(heading: str = SECTION) -> dict[str, str]:
    page = guides.GUIDES / "renewals.md"
    return {block.file_name or block.text[:20]: block.text for block in guides.blocks(page) if block.heading == heading}


def test_each_host_has_its_connection(tmp_path: Path) -> None:
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "hosts").write_text(INVENTORY, encoding="utf-8")
    for name, text in blocks().items():
        if name.startswith("inventory/"):
            (tmp_path / name).write_text(text, encoding="utf-8")
    found = json.loads(run(["ansible-inventory", "-i", "inventory", "--list"], cwd=tmp_path))["_meta"]["hostvars"]
    assert found["fra1"] == {"acm_deploy_region": "eu-central-1"}
    assert found["vir1"] == {"acm_deploy_region": "us-east-1", "acm_deploy_profile": "shop"}


def test_profile_assumes_a_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = next(text for text in blocks().values() if "[profile shop]" in text)
    (tmp_path / "config").write_text(text, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    session = botocore.session.Session(profile="shop")
    assert session.get_scoped_config()["role_arn"] == "arn:aws:iam::444455556666:role/acm-renewals"
    assert session.get_config_variable("region") == "us-east-1"


def test_secrets(tmp_path: Path) -> None:
    """The guide's ansible.cfg decrypts what its commands write."""
    [commands] = blocks("Secrets").values()
    places = {
        "/etc/acm-renewals": str(tmp_path),
        "/opt/acm-renewals/bin/": "",
        "chgrp acm-renewals": f"chgrp {os.getgid()}",
    }
    for theirs, ours in places.items():
        commands = commands.replace(theirs, ours)
    (tmp_path / "ansible.cfg").write_text(blocks("The controller")["ansible.cfg"], encoding="utf-8")
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "hosts").write_text("web1\n", encoding="utf-8")
    url = "https://hooks.example.com/services/acm"
    words = ["bash", "-euc", commands]
    env = environment({"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")})
    done = subprocess.run(words, cwd=tmp_path, env=env, input=f"{url}\n", capture_output=True, text=True, check=True)
    assert url not in done.stdout + done.stderr
    assert (tmp_path / "vault-password").stat().st_mode & 0o777 == 0o640
    kept = (tmp_path / "inventory" / "group_vars" / "all.yml").read_text(encoding="utf-8")
    assert kept.startswith("vault_slack_webhook_url: !vault |") and url not in kept
    show = ["ansible", "web1", "-i", "inventory", "-m", "ansible.builtin.debug", "-a", "var=vault_slack_webhook_url"]
    assert url in run(show, tmp_path, {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")})
