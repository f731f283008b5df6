# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/private-ca.md: the CA is made, trusted, used for two hosts, backed up and restored as the guide shows."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.tests.support import real_servers
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.programs import environment, run, require


@pytest.fixture(name="reader")
def fixture_reader(tmp_path: Path) -> Iterator[Reader]:
    """Its hosts are two folders of this machine, with an nginx each that is configured as the guide says, and not
    running."""
    require("nginx")
    places = {path: f"{tmp_path}{path}" for path in ("/srv/acm", "/backup", "/mnt/safe")}
    (tmp_path / "srv").mkdir()
    reader = Reader("private-ca.md", tmp_path, places=places)
    reader.save()
    (files,) = [block.text for block in reader.blocks if block.language == "nginx"]
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text(encoding="utf-8"))
    stop_commands = []
    for host in inventory["web"]["hosts"]:
        folder = tmp_path / host
        folder.mkdir()
        blocks = "server { listen PORT ssl; %s }" % files.replace("/etc/acm", "@").replace("web1.example.com", host)
        nginx = real_servers.nginx_with(folder, folder / "acm", blocks)
        stop_commands.append(nginx.pop("stop_command"))
        inventory["web"]["hosts"][host] = {"acm_deploy_path": f"{folder}/acm", "acm_deploy_services": [nginx]}
        port = nginx["ports"][0]
        reader.places |= {f"{host}:443": f"127.0.0.1:{port}", f"{host} on port 443": f"{host} on port {port}"}
    inventory["web"]["vars"] |= {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "acm_deploy_become": False,
    }
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    yield reader
    for words in stop_commands:
        subprocess.run(words, capture_output=True, check=False)  # a server that never ran cannot be stopped


def test_guide(reader: Reader) -> None:
    require("openssl", "keytool")
    tmp_path = reader.folder
    reader.follow(
        "Carry the software in",
        "Create the CA",
        "Issue and deploy for all hosts",
        "Certificates as files",
        "Back it up",
        "After a loss",
        without=("python3 -m venv ", "systemctl ", "chown "),
    )

    # What the guide says about files with several certificates, and about the one to distribute.
    store = ["-keystore", "trust.p12", "-storepass", "changeit"]
    for number, name in enumerate(("company-ca.crt", "srv/acm/public/trust.pem")):
        run(["keytool", "-importcert", "-noprompt", "-alias", f"a{number}", "-file", name, *store], tmp_path)
    assert (tmp_path / "srv/acm/public/trust.pem").read_text(encoding="utf-8").count("BEGIN") > 1
    assert "contains 2 entries" in run(["keytool", "-list", *store], tmp_path)

    pip = configparser.ConfigParser()
    pip.read_string(next(block.text for block in reader.blocks if block.language == "ini"))
    assert set(pip["global"]) == {"no-index", "find-links"}


def test_key_of_the_wrong_family(reader: Reader) -> None:
    """What goes wrong without key_algorithm, and how to correct it."""
    reader.follow("Create the CA")
    path = reader.folder / "issue.yml"
    right = path.read_text(encoding="utf-8")
    line = "        key_algorithm: EC_prime256v1\n"
    command = ["ansible-playbook", "-i", "inventory.yml", "issue.yml"]
    for text, said in (
        (right.replace(line, ""), "failed with PCA_INVALID_ARGS"),
        (right, "changed=1"),
    ):
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            command, cwd=reader.folder, env=environment(reader.env), capture_output=True, text=True, check=False
        )
        assert said in done.stdout and done.returncode == (0 if said == "changed=1" else 2), done.stdout + done.stderr


def test_restore_without_a_copy(reader: Reader) -> None:
    with pytest.raises(
        AssertionError, match=r"There is no copy of an authority at \S+/backup/\*\.sqlite3: give the path"
    ):
        run(["ansible-playbook", "restore.yml"], reader.folder, reader.env)


def test_trust(tmp_path: Path) -> None:
    """The unchanged playbook, for a host whose trust anchors are in this folder."""
    reader = Reader("private-ca.md", tmp_path)
    reader.save()
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
