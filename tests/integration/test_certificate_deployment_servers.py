# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_deployment with real servers: the commands of each, and the ways in which servers select certificates."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, look
from ansible_collections.certops.acm.tests.support import real_servers
from ansible_collections.certops.acm.tests.support.deployment_host import Host, issue, without_key
from ansible_collections.certops.acm.tests.support.programs import require

WWW, API = real_servers.NAMES
block = real_servers.nginx_block


@pytest.fixture(name="folder")
def fixture_folder() -> Iterator[Path]:
    """A short name, for sockets, which every server's user may reach."""
    folder = Path(tempfile.mkdtemp(prefix="d-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # a server that ends removes its pid file meanwhile


class Site(Host):
    """A host with a real server; `words` is its command."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.services: list[dict[str, t.Any]] = []
        self.stop_commands: list[list[str]] = []

    def add(self, service: dict[str, t.Any]) -> None:
        self.stop_commands.append(service.pop("stop_command"))
        self.services.append(service)

    def deploy(self, *certificates: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
        return self.run(*certificates, **{"services": self.services, "timeout": 10, "steady_for": 0.25, **options})

    def nginx(self, blocks: str) -> int:
        """An nginx with these server blocks, where @ stands for the folder of the sets and PORT for its port."""
        require("nginx")
        self.add(real_servers.nginx_with(self.folder, self.acm, blocks))
        return int(self.services[-1]["ports"][0])

    def haproxy(self, bind: str, **options: t.Any) -> int:
        """A HAProxy with this bind line."""
        require("haproxy")
        port, config, pid = real_servers.free_port(), self.folder / "haproxy.cfg", self.folder / "haproxy.pid"
        config.write_text(
            "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n"
            f"frontend tls\n  bind 127.0.0.1:{port} {bind}\n  http-request return status 200\n"
        )
        self.add(
            {
                "name": "haproxy",
                "host": "127.0.0.1",
                "ports": [port],
                "check_command": ["haproxy", "-c", "-f", str(config)],
                "reload_command": real_servers.signal_words("USR2", pid),
                "start_command": ["haproxy", "-q", "-f", str(config), "-W", "-D", "-p", str(pid)],
                "stop_command": real_servers.signal_words("TERM", pid),
                "pid_file": str(pid),
                **options,
            }
        )
        return port


@pytest.fixture(name="site")
def fixture_site(folder: Path) -> Iterator[Site]:
    site = Site(folder)
    yield site
    for command in site.stop_commands:
        subprocess.run(command, check=False, capture_output=True)


def renew_and_repeat(
    site: Site, *certificates: dict[str, t.Any], renewed: list[dict[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """Deploy, do nothing, renew, do nothing; returns the final summary."""
    answer = site.deploy(*certificates, when_stopped="start")
    assert not answer.get("failed") and answer["changed"], answer
    answer = site.deploy(*map(without_key, certificates))
    assert not answer.get("failed") and not answer["changed"], answer
    answer = site.deploy(*renewed)
    assert not answer.get("failed") and answer["changed"], answer
    assert [step["step"] for step in answer["steps"]].count("undo") == 0
    answer = site.deploy(*map(without_key, renewed))
    assert not answer.get("failed") and not answer["changed"], answer
    return list(answer["summary"])


@pytest.mark.parametrize("name", sorted(set(real_servers.SERVERS) - {"keytool"}))
def test_every_known_server_is_started_reloaded_and_rolled_back(site: Site, name: str) -> None:
    program, _write = real_servers.SERVERS[name]
    require(program)
    (site.folder / "s").mkdir()
    described = real_servers.describe(site.folder / "s", site.acm, [name])
    if described["missing"]:
        pytest.skip(f"{name} runs as root only.")
    (service,) = described["services"]
    site.add({"starttls": "smtp", "sni": False, **service} if name == "postfix" else service)
    certificates = [issue(WWW), issue(API)]
    summary = renew_and_repeat(site, *certificates, renewed=[issue(WWW), certificates[1]])
    assert {line["state"] for line in summary} == {"served"}, summary

    live = os.readlink(site.acm / WWW / "live")
    site.services[0] = {**site.services[0], "check_command": ["false"]}
    answer = site.deploy(issue(WWW), certificates[1])
    assert answer["failed"] and "was already broken" in answer["msg"]
    site.services[0].update(check_command=[], reload_command=["false"], runtime_socket=None)
    answer = site.deploy(issue(WWW), certificates[1])
    assert answer.get("failed") and answer.get("restored"), answer
    assert os.readlink(site.acm / WWW / "live") == live


def test_the_default_certificate_covers_the_name_of_another(site: Site) -> None:
    site.nginx(block("PORT ssl default_server", "www.a.test", "www.a.test") + block("PORT ssl", "a.test", "a.test"))
    apex, www = issue("a.test"), issue("www.a.test", "a.test")
    summary = renew_and_repeat(site, apex, www, renewed=[apex, issue("www.a.test", "a.test")])
    assert {line["state"] for line in summary} == {"served"}


def test_rsa_and_ecdsa_for_the_same_name(site: Site) -> None:
    site.nginx(block("PORT ssl", "w.test", "rsa", "ec"))

    def both() -> list[dict[str, t.Any]]:
        return [{**issue("w.test", kind="rsa"), "name": "rsa"}, {**issue("w.test"), "name": "ec"}]

    summary = renew_and_repeat(site, *both(), renewed=both())
    assert {line["state"] for line in summary} == {"served"}


def test_a_wildcard_next_to_a_certificate_for_a_name_it_covers(site: Site) -> None:
    site.nginx(block("PORT ssl", "www.w.test", "www.w.test") + block("PORT ssl", "*.w.test", "wildcard.w.test"))
    summary = renew_and_repeat(
        site, issue("www.w.test"), issue("*.w.test"), renewed=[issue("www.w.test"), issue("*.w.test")]
    )
    assert {line["state"] for line in summary} == {"served"}


def test_one_certificate_in_two_sets_with_different_owners_and_services(site: Site) -> None:
    certificate = issue("w.test")
    sets = [{**certificate, "name": "for-web", "mode": "0600"}, {**certificate, "name": "for-mail", "mode": "0640"}]
    services = [
        {
            "name": name,
            "ports": [],
            "certificates": [f"for-{name}"],
            "reload_command": ["touch", str(site.folder / name)],
        }
        for name in ("web", "mail")
    ]
    assert not site.deploy(*sets, services=services).get("failed")
    for name in ("web", "mail"):
        (site.folder / name).unlink()
    shutil.rmtree(site.acm / "for-web")
    answer = site.deploy(*sets, services=services)
    assert (site.folder / "web").exists() and not (site.folder / "mail").exists()
    assert [(line["service"], line["name"], line["changed"]) for line in answer["summary"]] == [
        ("web", "for-web", True),
        ("mail", "for-mail", False),
    ]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_flat_folder_behind_the_proxy_protocol(site: Site, version: str) -> None:
    flat = site.folder / "flat"
    site.haproxy(f"accept-proxy ssl crt {flat}", proxy_protocol=version, link_directory=str(flat), files=["combined"])
    summary = renew_and_repeat(site, issue(WWW), issue(API), renewed=[issue(WWW), issue(API)])
    assert {line["state"] for line in summary} == {"served"}
    assert sorted(each.name for each in flat.iterdir()) == [f"{API}.pem", f"{WWW}.pem"]


def test_a_server_that_requires_client_certificates_over_tls_1_2(site: Site) -> None:
    authority = site.folder / "ca.pem"
    authority.write_text(issue("ca")["certificate"])
    crt = site.acm / WWW / "live" / "combined.pem"
    site.haproxy(f"ssl crt {crt} verify required ca-file {authority} ssl-max-ver TLSv1.2", files=["combined"])
    summary = renew_and_repeat(site, issue(WWW), renewed=[issue(WWW)])
    assert {line["state"] for line in summary} == {"served"}


def test_postfix_reads_the_key_and_the_chain_from_one_file(site: Site) -> None:
    require("postfix", "postconf")
    if os.getuid() != 0:
        pytest.skip("Postfix runs as root only.")
    service = {**real_servers.postfix(site.folder, site.acm, port := real_servers.free_port())}
    home = Path(service["check_command"][2])
    main = (home / "main.cf").read_text().splitlines()
    chain = f"smtpd_tls_chain_files = {site.acm / WWW / 'live' / 'combined.pem'}"
    main = [line for line in main if not line.startswith(("smtpd_tls_cert_file", "smtpd_tls_key_file"))]
    (home / "main.cf").write_text("\n".join([*main, chain, ""]))
    site.add(
        {
            "name": "postfix",
            "host": "127.0.0.1",
            "ports": [port],
            "starttls": "smtp",
            "sni": False,
            **service,
            "files": ["combined"],
        }
    )
    summary = renew_and_repeat(site, issue(WWW), renewed=[issue(WWW)])
    assert summary[0]["state"] == "served"
    assert "key not first" not in (home / "mail.log").read_text()


def test_keys_in_the_traditional_form(site: Site) -> None:
    """As openssl reads them, and writes them with -traditional."""
    require("openssl")
    for kind, label in (("rsa", "RSA"), ("ec", "EC")):
        certificate = {**issue("w.test", kind=kind), "name": kind, "files": ["fullchain", "pkcs1"]}
        assert not site.deploy(certificate, services=[]).get("failed")
        path = site.acm / kind / "live" / "privkey-pkcs1.pem"
        assert (
            path.read_text().startswith(f"-----BEGIN {label} PRIVATE KEY-----") and path.stat().st_mode & 0o777 == 0o600
        )
        words = ["openssl", "pkey", "-traditional", "-in", str(path)]
        assert subprocess.run(words, capture_output=True, check=True, text=True).stdout == path.read_text()
        assert not site.deploy(without_key(certificate), services=[])["changed"]


def test_a_server_killed_by_its_reload_is_started_again(site: Site) -> None:
    port = site.nginx(block("PORT ssl", WWW, WWW))
    first = issue(WWW)
    assert not site.deploy(first, when_stopped="start").get("failed")
    pid = site.folder / "nginx.pid"
    site.services[0]["reload_command"] = ["sh", "-c", f'kill -KILL -- "-$(ps -o pgid= "$(cat {pid})" | tr -d " ")"']
    answer = site.deploy(issue(WWW))
    assert answer["failed"] and answer["restored"], answer
    assert look(Endpoint("127.0.0.1", port, WWW), 10).leaf.fingerprint == first["fingerprint"]
