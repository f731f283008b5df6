# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy in situations that occur in practice: how servers choose certificates, and how options are
written."""

from __future__ import annotations

import grp
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, look
from ansible_collections.certops.acm.tests.support import real_servers
from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, Lab

block = real_servers.nginx_block
SHOW = {"ansible.builtin.debug": {"msg": "{{ acm_deploy_summary | map(attribute='state') | unique | join() }}."}}


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


class Site:
    """A host with a real nginx."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.stop_commands: list[list[str]] = []
        self.authority = ""
        self.cas: dict[str, str] = {}

    def issue(self, name: str, *others: str, key_algorithm: str = "EC_prime256v1") -> str:
        """The ARN of one certificate for these names."""
        path = str(self.lab.folder / "authority")
        if key_algorithm not in self.cas:
            wanted = [{"name": key_algorithm, "key_algorithm": key_algorithm}]
            made = self.lab.module("acm_authority", path=path, certificate_authorities=wanted)
            found = {each["name"]: each["arn"] for each in made["authority"]["certificate_authorities"]}
            self.authority, self.cas[key_algorithm] = path, found[key_algorithm]
        wanted_now = {"domain_name": name, "subject_alternative_names": list(others)}
        ca = self.cas[key_algorithm]
        return self.lab.request(path, wanted_now, ca=ca, key_algorithm=key_algorithm)[0]

    def nginx(self, *blocks: str, **variables: Any) -> int:
        """The port of an nginx with these server blocks, on the host web1."""
        service = real_servers.nginx_with(self.lab.folder, self.lab.folder / "web1", "".join(blocks))
        self.stop_commands.append(service.pop("stop_command"))
        self.lab.host("web1", acm_deploy_services=[service], acm_deploy_when_stopped="start", **variables)
        return int(service["ports"][0])

    def deploy(self, fails: bool = False, **variables: Any) -> str:
        given = {"acm_deploy_authority": self.authority, **variables}
        done = self.lab.run({"hosts": "web", "vars": given, "tasks": [ROLE, SHOW]})
        assert bool(done.returncode) is fails, done.stdout
        return done.stdout

    def served(self, port: int, name: str | None, key_type: str | None = None) -> str:
        return look(Endpoint("127.0.0.1", port, name, key_type=key_type), 10).leaf.serial

    def on_disk(self, name: str) -> str:
        words = ["openssl", "x509", "-noout", "-serial", "-in", str(self.lab.live("web1", name) / "fullchain.pem")]
        text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        return text.strip().partition("=")[2]


@pytest.fixture(name="site")
def fixture_site(lab: Lab) -> Iterator[Site]:
    if not shutil.which("nginx", path=real_servers.PATH):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("nginx is not installed.")
    site = Site(lab)
    yield site
    for command in site.stop_commands:
        subprocess.run(command, check=False, capture_output=True)


def plain(serial: str) -> int:
    return int(serial.replace(":", ""), 16)


def renew_and_repeat(site: Site, *arns: str) -> None:
    """Deploy, do nothing, renew, do nothing."""
    assert "changed=0" not in site.deploy()
    assert "changed=0" in (told := site.deploy()) and '"served."' in told, told
    site.lab.renew(site.authority, *arns)
    told = site.deploy()
    assert "changed=0" not in told and '"served."' in told, told
    assert "changed=0" in site.deploy()


def test_the_default_certificate_also_covers_the_name_of_another(site: Site) -> None:
    site.issue("shop.test")
    arn = site.issue("www.shop.test", "shop.test")
    port = site.nginx(
        block("PORT ssl default_server", "www.shop.test", "www.shop.test"),
        block("PORT ssl", "shop.test", "shop.test"),
        acm_deploy_certificates=[{"domain_name": "shop.test"}, {"domain_name": "www.shop.test"}],
    )
    renew_and_repeat(site, arn)
    assert plain(site.served(port, None)) == plain(site.on_disk("www.shop.test"))
    assert plain(site.served(port, "shop.test")) == plain(site.on_disk("shop.test"))


def test_two_certificates_for_the_same_name_are_told_apart_by_their_keys(site: Site) -> None:
    arns = [site.issue("shop.test", key_algorithm="RSA_2048"), site.issue("shop.test")]
    names = ("rsa", "ec")
    site.nginx(
        block("PORT ssl", "shop.test", *names),
        acm_deploy_certificates=[{"certificate_arn": arn, "name": name} for arn, name in zip(arns, names)],
    )
    renew_and_repeat(site, *arns)


def test_a_wildcard_is_deployed_next_to_a_certificate_for_a_name_it_covers(site: Site) -> None:
    arns = [site.issue("www.shop.test"), site.issue("*.shop.test")]
    port = site.nginx(
        block("PORT ssl", "www.shop.test", "www.shop.test"),
        block("PORT ssl", "*.shop.test", "wildcard.shop.test"),
        acm_deploy_certificates=[{"domain_name": "www.shop.test"}, {"domain_name": "*.shop.test"}],
    )
    renew_and_repeat(site, *arns)
    assert plain(site.served(port, "any.shop.test")) == plain(site.on_disk("wildcard.shop.test"))


def test_a_certificate_deployed_under_two_names_has_snippets_and_reloads_for_each(site: Site) -> None:
    """The servers' usual PID files do not exist, and say nothing about services with their own commands."""
    site.issue("shop.test")
    folder = site.lab.folder
    services: list[dict[str, Any]] = [
        {"name": "web", "server": "nginx", "certificates": ["for-web"], "snippets": str(folder / "snippets")},
        {"name": "mail", "server": "postfix", "certificates": ["for-mail"]},
    ]
    for service in services:
        service.update(
            ports=[], check_command=[], reload_command=["touch", str(folder / f"reloaded-{service['name']}")]
        )
    entries = [{"domain_name": "shop.test", "name": name} for name in ("for-web", "for-mail")]
    entries[1]["mode"] = "0640"
    site.lab.host("web1", acm_deploy_certificates=entries, acm_deploy_services=services)
    site.deploy()
    assert [each.name for each in (folder / "snippets").iterdir()] == ["for-web.conf"]
    assert f"{folder}/web1/for-web/live/" in (folder / "snippets" / "for-web.conf").read_text(encoding="utf-8")
    key = site.lab.live("web1", "for-mail") / "privkey.pem"
    assert key.stat().st_mode & 0o777 == 0o640

    for name in ("web", "mail"):
        (folder / f"reloaded-{name}").unlink()
    assert "changed=0" in site.deploy()
    assert not list(folder.glob("reloaded-*"))
    for name in ("web", "mail"):
        shutil.rmtree(folder / "web1" / f"for-{name}")
        site.deploy()
        assert [each.name for each in folder.glob("reloaded-*")] == [f"reloaded-{name}"]
        (folder / f"reloaded-{name}").unlink()


def test_numbers_and_lists_may_be_given_as_text(site: Site) -> None:
    arn = site.issue("shop.test")
    port = site.nginx(
        block("PORT ssl", "shop.test", "shop.test"), acm_deploy_certificates=[{"domain_name": "shop.test"}]
    )
    (service,) = site.lab.hosts["web1"]["acm_deploy_services"]
    service["check_command"] = " ".join(service["check_command"])
    for ports in (str(port), port, [str(port)]):
        service.update(ports=ports, sni="yes")
        told = site.deploy()
        assert '"served."' in told and "changed=0" not in told, told
        assert plain(site.served(port, "shop.test")) == plain(site.on_disk("shop.test"))
        site.lab.renew(site.authority, arn)

    shutil.rmtree(site.lab.folder / "web1")
    service.update(ports=[])
    assert "There is nothing to deploy." in site.deploy(acm_deploy_leave_out="shop.test")
    assert not (site.lab.folder / "web1").exists()
    service.update(ports="https")
    told = site.deploy(fails=True)
    assert "ports in item 1 of acm_deploy_services is not a list of whole numbers" in told, told


def test_become_on_hosts_does_not_apply_to_the_controller(lab: Lab) -> None:
    authority = lab.issue("one", "shop.test")
    sudo = lab.folder / "sudo"
    sudo.write_text(
        "#!/bin/sh\necho used >> '" + str(lab.folder / "used") + "'\n"
        'while [ $# -gt 0 ]; do case $1 in -u) shift 2 ;; -*) shift ;; *) break ;; esac; done\nexec "$@"\n'
    )
    sudo.chmod(0o755)
    lab.everywhere = {"ansible_become": True, "ansible_become_exe": str(lab.folder / "no-sudo-on-the-controller")}
    lab.environment = {"ANSIBLE_BECOME_ALLOW_SAME_USER": "1"}
    lab.host("web1", acm_deploy_certificates=[{"domain_name": "shop.test"}], ansible_become_exe=str(sudo))
    done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]})
    assert done.returncode == 0, done.stdout
    assert lab.live("web1", "shop.test").is_symlink() and (lab.folder / "used").exists()


def test_the_very_first_run_may_be_in_check_mode(lab: Lab) -> None:
    """Request, export and deploy, when neither ACM nor the host has anything yet."""
    authority = lab.issue("one")
    lab.host("web1", acm_deploy_certificates=[{"domain_name": "shop.test"}])
    asking = {"authority": authority, "domain_name": "shop.test"}
    controller = {"ansible.builtin.set_fact": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    request = {"certops.acm.acm_certificate": {**asking, "options": {"export": "ENABLED"}}}
    export = {"certops.acm.acm_export": {**asking, "path": str(lab.folder / "exported")}, "ignore_errors": True}
    done = lab.run(
        {"hosts": "localhost", "tasks": [controller, request, export]},
        {"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]},
        options=["--check"],
    )
    assert (
        done.returncode == 0 and "shop.test: ACM does not have it yet. It would be deployed." in done.stdout
    ), done.stdout
    assert not (lab.folder / "web1").exists() and not (lab.folder / "exported").exists()


def test_a_name_has_one_folder_however_it_is_spelled(lab: Lab) -> None:
    authority = lab.issue("one", "straße.shop.test", "plain.shop.test")
    spellings = {
        "web1": {"domain_name": "straße.shop.test"},
        "web2": {"domain_name": "Plain.SHOP.test."},
        "web3": {"domain_name": "xn--strae-oqa.shop.test", "server_names": ["straße.shop.test"]},
    }
    for host, entry in spellings.items():
        lab.host(host, acm_deploy_certificates=[entry])
    done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]})
    assert done.returncode == 0, done.stdout
    found = {each.parent.name for each in lab.folder.glob("web*/*/live")}
    assert len(found) == 2 and "plain.shop.test" in found and all(name.isascii() for name in found), found


def test_a_misspelt_variable_is_refused_on_a_host_and_in_the_play(lab: Lab) -> None:
    authority = lab.issue("one", "shop.test")
    wanted = [{"domain_name": "shop.test"}]
    lab.host("web1", acm_deploy_certificates=wanted)
    lab.host("web2", acm_deploy_certificates=wanted, acm_deploy_keeps=3)
    variables = {"acm_deploy_authority": authority}
    done = lab.run({"hosts": "web", "vars": variables, "tasks": [ROLE, SHOW]})
    assert done.returncode != 0, done.stdout
    assert "The role acm_deploy has no variable acm_deploy_keeps; did you mean acm_deploy_keep?" in done.stdout
    assert lab.live("web1", "shop.test").is_symlink() and not (lab.folder / "web2").exists(), done.stdout
    done = lab.run({"hosts": "web1", "vars": {**variables, "acm_deploy_leaveout": ["shop.test"]}, "tasks": [ROLE]})
    assert done.returncode != 0 and "did you mean acm_deploy_leave_out?" in done.stdout, done.stdout


# What is wrong, and how the message of its host begins and ends.
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no-certificates": ({"acm_deploy_certificates": None}, "acm_deploy_certificates is not set; give a list of"),
    "one-certificate": ({"acm_deploy_certificates": "shop.test"}, "acm_deploy_certificates is text; give a list of"),
    "domain": ({"acm_deploy_certificates": [{"domain": "shop.test"}]}, "did you mean domain_name?"),
    "url": ({"acm_deploy_certificates": [{"domain_name": "https://shop.test"}]}, "shop.test"),
    "relative": ({"acm_deploy_path": "acm"}, "acm_deploy_path is 'acm'; give an absolute path such as /etc/acm."),
    "keep": ({"acm_deploy_keep": "two"}, "acm_deploy_keep is 'two'; give a whole number."),
    "timeout": ({"acm_deploy_timeout": "1m"}, "acm_deploy_timeout is '1m'; give a number of seconds."),
    "valid": ({"acm_deploy_require_valid": "maybe"}, "acm_deploy_require_valid is 'maybe'; give true or false."),
    "stopped": (
        {"acm_deploy_when_stopped": "wait"},
        "acm_deploy_when_stopped is 'wait'; give ignore or start or fail.",
    ),
    "leave-out": ({"acm_deploy_leave_out": {"name": "x"}}, "acm_deploy_leave_out is a dictionary; give a list"),
    "service": ({"acm_deploy_services": [{"name": "ngnix"}]}, "did you mean nginx?"),
    "lacking": (
        {"acm_deploy_services": [{"name": "nginx", "certificates": ["shop.tets"]}]},
        "uses the certificate shop.tets, which is not in acm_deploy_certificates; did you mean shop.test?",
    ),
    "one-port": ({"acm_deploy_services": [{"name": "nginx"}, {"name": "caddy"}]}, "443"),
    "command": (
        {"acm_deploy_services": [{"name": "own", "ports": [], "reload_command": "a && b"}]},
        "The reload_command of own needs a shell, but it is run without one",
    ),
}


def test_each_mistake_is_reported_in_one_sentence_on_the_host_that_has_it(lab: Lab) -> None:
    """Without Ansible's wrapping, and without the types of all options."""
    authority = lab.issue("one", "shop.test")
    for host, (wrong, _sentence) in MISTAKES.items():
        lab.host(host, **{"acm_deploy_certificates": [{"domain_name": "shop.test"}], **wrong})
    note = {"ansible.builtin.copy": {"content": "{{ acm_deploy_failure | to_json }}", "dest": "{{ note }}"}}
    for host, variables in lab.hosts.items():
        variables["note"] = str(lab.folder / f"{host}.json")
    play = {"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [{"block": [ROLE], "rescue": [note]}]}
    done = lab.run(play)
    assert done.returncode == 0, done.stdout
    for host, (_wrong, sentence) in MISTAKES.items():
        failure = json.loads((lab.folder / f"{host}.json").read_text())
        message = failure["message"]
        assert sentence in message and failure["restored"], (host, message)
        assert len(message) < 300 and "template" not in message and "Nothing was changed." in message, (host, message)
    assert "argument_spec" not in done.stdout


def test_snippets_are_identical_to_what_ansibles_template_module_writes(lab: Lab) -> None:
    names, folder = ["straße.shop.test", "plain.shop.test"], lab.folder / "sníppets {{ 'x' }}"
    services = [
        {
            "name": server,
            "ports": [],
            "check_command": [],
            "reload_command": ["true"],
            "snippets": str(folder / server),
            "tls_policy": policy,
        }
        for server, policy in zip(
            ("nginx", "apache", "lighttpd", "haproxy", "caddy"), ("modern", "intermediate", "modern") * 2
        )
    ]
    (lab.folder / "expected").mkdir()
    lab.host(
        "web1",
        acm_deploy_certificates=[{"domain_name": name, "group": grp.getgrgid(os.getgid()).gr_name} for name in names],
        services_file=str(lab.folder / "services.json"),
    )
    (lab.folder / "services.json").write_text(json.dumps(services))
    role = Path(__file__).resolve().parents[2] / "roles" / "acm_deploy"
    write = {
        "ansible.builtin.template": {
            "src": f"{role}/templates/{{{{ item.server }}}}.j2",
            "dest": f"{lab.folder}/expected/{{{{ item.service }}}}-{{{{ item.path | basename }}}}",
        },
        "loop": "{{ __acm_deploy_host.snippets }}",
    }
    given = {
        "acm_deploy_authority": lab.issue("one", *names),
        "acm_deploy_services": "{{ lookup('ansible.builtin.file', services_file) | from_json }}",
    }
    tasks = [ROLE, {"ansible.builtin.include_vars": f"{role}/vars/main.yml"}, write]
    done = lab.run({"hosts": "web", "vars": given, "tasks": tasks})
    assert done.returncode == 0, done.stdout
    written = {f"{path.parent.name}-{path.name}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    expected = {path.name: path.read_bytes() for path in (lab.folder / "expected").iterdir()}
    assert written == expected and len(written) == 2 * 4 + 1 + 4
    assert all(text.endswith(b"\n") and not text.endswith(b"\n\n\n") for text in written.values())
