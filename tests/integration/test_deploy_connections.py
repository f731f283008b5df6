# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy where hosts differ: in their connection, their pace, their honesty, and the spelling of names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, Lab

# A Python that makes every module return more than it should.
LIAR = """#!{python}
import json, subprocess, sys
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
text = done.stdout
try:
    answer = json.loads(text[text.index("{{"):])
    answer.setdefault("ansible_facts", {{}}).update({{"acm_deploy_certificates": [{{"domain_name": "api.example.com"}}]}})
    answer["add_host"] = {{"host_name": "web2", "host_vars": {{"acm_deploy_path": {path!r}}}}}
    text = json.dumps(answer)
except ValueError:
    pass
sys.stdout.write(text)
sys.exit(done.returncode)
"""


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_every_host_gets_the_certificate_of_its_own_authority(lab: Lab, strategy: str) -> None:
    certificates = [{"domain_name": "www.example.com"}]
    for host, authority in (("web1", "first"), ("web2", "second"), ("web3", "first")):
        path = (
            str(lab.folder / authority)
            if (lab.folder / authority).exists()
            else lab.issue(authority, "www.example.com")
        )
        lab.host(host, acm_deploy_authority=path, acm_deploy_certificates=certificates)
    done = lab.run({"hosts": "web", "strategy": strategy, "tasks": [ROLE]})
    assert done.returncode == 0, done.stdout
    for host, authority in (("web1", "first"), ("web2", "second"), ("web3", "first")):
        assert f"{authority} CA" in lab.issuer(host, "www.example.com")


def test_a_certificate_that_fails_stops_only_its_own_hosts(lab: Lab) -> None:
    authority = lab.issue("one", "www.example.com")
    lab.host("web1", acm_deploy_certificates=[{"domain_name": "nowhere.example.com"}])
    lab.host("web2", acm_deploy_certificates=[{"domain_name": "WWW.Example.com."}])
    done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]})
    assert done.returncode != 0 and "There is no certificate for nowhere.example.com" in done.stdout, done.stdout
    assert not (lab.folder / "web1").exists() and (lab.folder / "web2" / "www.example.com" / "live").is_symlink()


def test_what_a_host_says_about_other_hosts_is_ignored(lab: Lab) -> None:
    authority = lab.issue("one", "www.example.com", "api.example.com")
    liar = lab.folder / "python"
    liar.write_text(LIAR.format(python=sys.executable, path=str(lab.folder / "elsewhere")), encoding="utf-8")
    liar.chmod(0o755)
    certificates = [{"domain_name": "www.example.com"}]
    lab.host("web1", acm_deploy_certificates=certificates, ansible_python_interpreter=str(liar))
    lab.host("web2", acm_deploy_certificates=certificates)
    play = {"hosts": "web", "vars": {"acm_deploy_authority": authority}}
    done = lab.run({**play, "tasks": [ROLE, ROLE]})
    assert done.returncode == 0, done.stdout
    assert not list(lab.folder.glob("*/api.example.com")) and not (lab.folder / "elsewhere").exists()

    done = lab.run({**play, "tasks": [{"ansible.builtin.ping": {}}, ROLE]})
    assert "The facts of web1 set acm_deploy_certificates" in done.stdout, done.stdout
    assert done.stdout.count("failed=1") == 1 and not list(lab.folder.glob("*/api.example.com"))


def test_check_mode_predicts_certificates_that_acm_does_not_have_yet(lab: Lab) -> None:
    authority = lab.issue("one", "www.example.com")
    lab.host("web1", acm_deploy_certificates=[{"domain_name": "new.example.com"}, {"domain_name": "www.example.com"}])
    done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]}, options=["--check"])
    assert done.returncode == 0 and "new.example.com: ACM does not have it yet." in done.stdout, done.stdout
    assert not (lab.folder / "web1").exists()


def test_a_host_runs_a_module_once_when_nothing_is_due_and_twice_otherwise(lab: Lab) -> None:
    authority = lab.issue("one", "b\u00fccher.example.com")
    lab.host("web1", acm_deploy_certificates=[{"domain_name": "b\u00fccher.example.com"}])
    counter = lab.folder / "python"
    counter.write_text(f'#!/bin/sh\necho run >> {lab.folder}/runs\nexec {sys.executable} "$@"\n', encoding="utf-8")
    counter.chmod(0o755)
    lab.hosts["web1"]["ansible_python_interpreter"] = str(counter)
    for runs in (2, 1):
        (lab.folder / "runs").unlink(missing_ok=True)
        done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]})
        assert done.returncode == 0, done.stdout
        assert (lab.folder / "runs").read_text().count("run") == runs
    assert (lab.folder / "web1" / "xn--bcher-kva.example.com" / "live").is_symlink()
