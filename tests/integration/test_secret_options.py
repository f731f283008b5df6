# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options with a secret reach their module through the connection: Ansible's temporary folder is never created.

targets/certificate_bundle and targets/acm_export show the same for private keys.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.module_secrets import argument_spec, every_secret, misshapen

SECRET = "c2VjcmV0IG9mIGEgdGVzdA=="
LIMIT_S = 120


def options(folder: Path) -> dict[str, dict[str, Any]]:
    authority = str(folder / "authority")
    return {
        "acm_authority of wrong shape": {"path": authority, "passphrase": SECRET, "smtp": "127.0.0.1"},
        "acm_export of wrong shape": {
            "authority": authority,
            "domain_name": "a.example.com",
            "passphrase": SECRET,
            "files": {"key": "/x/y"},
        },
        "acm_export of one name": {"authority": authority, "passphrase": SECRET, "certificates": ["a.example.com"]},
        "acm_certificate of wrong shape": {
            "authority": authority,
            "domain_name": "a.example.com",
            "publish": {"rfc2136": {"server": "127.0.0.1", "key_name": "a", "key_secret": SECRET, "port": ["x"]}},
        },
        "certificate_bundle with the key elsewhere": {
            "path": authority,
            "certificates": [{"name": "a", "certificate": f"-----BEGIN PRIVATE KEY-----{SECRET}"}],
        },
        "acm_authority": {"path": authority, "passphrase": SECRET},
        "acm_authority without a secret": {"path": authority},
        "acm_authority with targets": {
            "path": authority,
            "smtp": {"host": "127.0.0.1", "password": SECRET},
            "event_targets": [{"name": "one", "webhook": {"url": "http://127.0.0.1:9/", "token": SECRET}}],
        },
        "acm_alert": {"channels": [{"name": "one", "type": "webhook", "url": f"http://127.0.0.1:9/{SECRET}"}]},
        "acm_alert by url": {"channels": [{"name": "one", "type": "webhook", "url": "{{ item }}"}]},
        "acm_alert by headers": {
            "channels": [{"name": "one", "type": "webhook", "url": "http://127.0.0.1:9/", "headers": "{{ item }}"}]
        },
        "acm_certificate": {
            "authority": authority,
            "certificates": [{"domain_name": "www.example.com"}],
            "publish": {"rfc2136": {"server": "127.0.0.1", "key_name": "acm", "key_secret": SECRET}},
        },
    }


def play(folder: Path, name: str, loop: list[Any] | None = None, **environment: str) -> tuple[dict[str, Any], str]:
    """What one task with these options returned, and all of Ansible's output."""
    module = f"certops.acm.{name.split()[0]}"
    looped = {"loop": loop} if loop else {}
    work = {module: options(folder)[name], "register": "answer", "ignore_errors": True, **looped}
    shown = {"ansible.builtin.copy": {"content": "{{ answer | to_json }}", "dest": f"{folder}/answer.json"}}
    variables = {"ansible_remote_tmp": f"{folder}/temporary", "ansible_python_interpreter": sys.executable}
    tasks = [work, {**shown, "vars": {"ansible_remote_tmp": f"{folder}/other"}}]
    plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-vvvv", "-i", "localhost,", "play.yml"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "answer.json").read_text(encoding="utf-8")), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["acm_authority", "acm_authority with targets", "acm_alert", "acm_certificate"])
def test_no_temporary_file_is_written(tmp_path: Path, name: str) -> None:
    answer, said = play(tmp_path, name, ANSIBLE_PIPELINING="false")
    assert "Nothing was sent" not in str(answer.get("msg")) and "MODULE FAILURE" not in said
    assert not (tmp_path / "temporary").exists()
    assert SECRET not in said


@pytest.mark.parametrize(
    ("name", "item"),
    [("acm_alert by url", f"http://127.0.0.1:9/{SECRET}"), ("acm_alert by headers", {"Authorization": SECRET})],
)
def test_an_item_that_contains_a_secret_is_not_shown(tmp_path: Path, name: str, item: Any) -> None:
    answer, said = play(tmp_path, name, [item], ANSIBLE_PIPELINING="false")
    assert answer["results"] and SECRET not in said
    assert "give all channels to one task" in " ".join(said.split())


@pytest.mark.parametrize(
    "name", [name for name in options(Path("/")) if "wrong shape" in name or "one name" in name or "elsewhere" in name]
)
def test_a_mistake_elsewhere_does_not_reveal_the_secret(tmp_path: Path, name: str) -> None:
    """AnsibleModule masks only well-formed secrets, and shows all arguments of a task that fails for another reason."""
    answer, said = play(tmp_path, name)
    assert answer["failed"] and SECRET not in said and SECRET not in json.dumps(answer)


@pytest.mark.parametrize("name", ["acm_authority", "acm_alert", "acm_certificate"])
def test_tasks_that_would_need_a_temporary_file_are_refused(tmp_path: Path, name: str) -> None:
    answer, said = play(tmp_path, name, ANSIBLE_KEEP_REMOTE_FILES="true")
    assert answer["failed"] and answer["msg"].endswith(
        "would be written to a temporary file, as ANSIBLE_KEEP_REMOTE_FILES is set; unset it. Nothing was sent."
    )
    assert not (tmp_path / "temporary").exists() and not (tmp_path / "authority").exists()
    assert SECRET not in said


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_task_without_a_secret_writes_no_temporary_file_on_the_controller(tmp_path: Path, is_kept: bool) -> None:
    """That is faster, and whoever debugs a module still gets its files."""
    environment = {"ANSIBLE_PIPELINING": "false", **({"ANSIBLE_KEEP_REMOTE_FILES": "true"} if is_kept else {})}
    answer, said = play(tmp_path, "acm_authority without a secret", **environment)
    assert answer["changed"] is True and "MODULE FAILURE" not in said
    assert (tmp_path / "temporary").exists() is is_kept


@pytest.mark.parametrize("module", sorted({name for name, _path in every_secret()}))
def test_a_secret_of_any_shape_is_never_shown(tmp_path: Path, module: str) -> None:
    """At -vvvv, in a separate task and in a loop. Every case has its own secret, so that a leak can be traced."""
    cases: dict[str, str] = {}
    tasks: list[dict[str, Any]] = []
    for number in range(len(list(misshapen(module, "")))):
        for is_looped in (False, True):
            secret = f"{SECRET}{len(cases)}_"
            what, arguments = list(misshapen(module, secret))[number]
            cases[secret] = f"{what}, in a loop" if is_looped else what
            if "authority" in argument_spec(module):
                arguments.setdefault("authority", "/nowhere/authority")  # it asks nobody
            task: dict[str, Any] = {f"certops.acm.{module}": arguments}
            if is_looped:
                task = {f"certops.acm.{module}": {name: f"{{{{ item.{name} }}}}" for name in arguments}}
                task["loop"] = [arguments]
            tasks.append({**task, "check_mode": True, "ignore_errors": True})
    said = said_by(tmp_path, tasks)
    assert said.count("TASK [") == len(tasks)
    assert {what for secret, what in cases.items() if secret in said} == set()


def said_by(folder: Path, tasks: list[dict[str, Any]]) -> str:
    variables = {"ansible_remote_tmp": f"{folder}/temporary", "ansible_python_interpreter": sys.executable}
    plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-vvvv", "-i", "localhost,", "play.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S * 10, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout + done.stderr


def test_async_without_a_secret(tmp_path: Path) -> None:
    """These modules may take long, so keeping secrets out of files must not prevent async."""
    command = [
        str(Path(sys.executable).with_name("ansible")), "localhost", "-B", "60", "-P", "1", "-m", "certops.acm.acm_authority",
        "-e", f"ansible_python_interpreter={sys.executable}", "-a", f"path={tmp_path}/authority",
    ]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_ASYNC_DIR": str(tmp_path / "async")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0 and (tmp_path / "authority" / "acm.sqlite3").exists(), done.stdout + done.stderr
