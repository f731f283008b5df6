# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/private-ca.md: the CA is made, trusted, used for two hosts, backed up and restored as the guide shows."""

from __future__ import annotations

import configparser
from pathlib import Path

import yaml
from ansible_collections.certops.acm.tests.support.guide_runs import Reader, needs
from ansible_collections.certops.acm.tests.support.programs import run


def test_guide(tmp_path: Path) -> None:
    needs("openssl", "keytool")
    places = {path: f"{tmp_path}{path}" for path in ("/srv/acm", "/backup", "/mnt/safe", "/etc/acm/")}
    for path in ("srv", "backup", "mnt/safe"):
        (tmp_path / path).mkdir(parents=True)
    reader = Reader("private-ca.md", tmp_path, places, {})
    reader.save_files()
    # Both hosts are this machine, and have no nginx.
    here = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "acm_deploy_become": False,
        "acm_deploy_path": f"{tmp_path}/etc/acm",
    }
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text(encoding="utf-8"))
    inventory["web"]["vars"].update(
        here, acm_deploy_services=[{"name": "app", "ports": [], "reload_command": ["true"]}]
    )
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")

    reader.follow("Carry the software in", "Create the CA", "Issue and deploy for all hosts", "Back it up")

    # What the guide says of files with several certificates, and of the one to distribute.
    store = ["-keystore", "trust.p12", "-storepass", "changeit"]
    for number, name in enumerate(("company-ca.crt", "srv/acm/public/trust.pem")):
        run(["keytool", "-importcert", "-noprompt", "-alias", f"a{number}", "-file", name, *store], tmp_path)
    assert (tmp_path / "srv/acm/public/trust.pem").read_text(encoding="utf-8").count("BEGIN") > 1
    assert "contains 2 entries" in run(["keytool", "-list", *store], tmp_path)

    pip = configparser.ConfigParser()
    pip.read_string(next(block.text for block in reader.blocks if block.language == "ini"))
    assert set(pip["global"]) == {"no-index", "find-links"}


def test_trust(tmp_path: Path) -> None:
    """The playbook as it is, for a host whose anchors are in this folder."""
    reader = Reader("private-ca.md", tmp_path, {}, {})
    reader.save_files()
    (tmp_path / "company-ca.crt").write_text("a certificate\n", encoding="utf-8")
    (tmp_path / "anchors").mkdir()
    anchors = {family: {"path": f"{tmp_path}/anchors", "command": "true"} for family in ("Debian", "RedHat", "Suse")}
    play = yaml.safe_load((tmp_path / "trust.yml").read_text(encoding="utf-8"))[0]
    assert set(play["vars"]["anchors"]) == set(anchors)
    play["vars"]["anchors"] = anchors
    play.update(hosts="localhost", become=False)
    for task in play["tasks"]:
        task["ansible.builtin.copy"] = {
            key: value for key, value in task["ansible.builtin.copy"].items() if key not in ("owner", "group")
        }
    (tmp_path / "trust.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    assert "changed=2" in run(["ansible-playbook", "trust.yml"], tmp_path)
    assert (tmp_path / "anchors" / "company-ca.crt").exists()
    assert "changed=0" in run(["ansible-playbook", "trust.yml"], tmp_path)
