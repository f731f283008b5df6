# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/deploy.md: what its fleet prints, on two hosts of this machine with an nginx each."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.programs import require, run
from ansible_collections.certops.acm.tests.support.name_server import free_port

HOSTS = ("web1.example.com", "web2.example.com")
INVENTORY = "inventory/site.yml"
NGINX = """\
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/acm/www.example.com/live/fullchain.pem;
        ssl_certificate_key {folder}/acm/www.example.com/live/privkey.pem;
    }}
}}
"""


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path) -> Iterator[Path]:
    """An authority with a certificate, an inventory, and an nginx for each host that starts once it has files."""
    require("nginx")
    authority = creation.create(str(tmp_path / "authority"))
    company = authority.cas.private("company", key_algorithm="EC_prime256v1").arn
    authority_client(authority).request_certificate(
        DomainName="www.example.com", KeyAlgorithm="EC_prime256v1", CertificateAuthorityArn=company
    )
    hosts = {}
    for host in HOSTS:
        folder, port = tmp_path / host, free_port()
        folder.mkdir()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
        nginx = ["nginx", "-c", f"{folder}/nginx.conf"]
        hosts[host] = {
            "acm_deploy_path": f"{folder}/acm",
            "acm_deploy_services": [
                {
                    "name": "nginx",
                    "ports": [port],
                    "host": "127.0.0.1",
                    "check_command": [*nginx, "-t"],
                    "reload_command": [*nginx, "-s", "reload"],
                    "start_command": nginx,
                    "pid_file": f"{folder}/nginx.pid",
                }
            ],
        }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "acm_deploy_become": False,
        "acm_deploy_when_stopped": "start",
        "acm_deploy_authority": str(tmp_path / "authority"),
        "acm_deploy_certificates": [{"domain_name": "www.example.com"}],
    }
    inventory = {"web": {"hosts": hosts, "vars": variables}}
    (tmp_path / "inventory").mkdir()
    (tmp_path / INVENTORY).write_text(yaml.safe_dump(inventory), encoding="utf-8")
    yield tmp_path
    for host in HOSTS:
        with contextlib.suppress(FileNotFoundError):
            pid = (tmp_path / host / "nginx.pid").read_text(encoding="utf-8").strip()
            subprocess.run(["kill", pid], check=False)


def test_your_own_nginx(site: Path) -> None:
    """It starts with its new files, and is seen to serve them at both ports."""
    reader = Reader("deploy.md", site, places={"/srv/shop": str(site / HOSTS[0])})
    [block] = [block for block in reader.blocks if "name: shop" in block.text]
    own = yaml.safe_load(reader.here(block.text))
    (service,) = own["acm_deploy_services"]
    ports = service["ports"] = [free_port() for _port in service["ports"]]
    assert len(ports) == 2
    set_folder = f"{own['acm_deploy_path']}/www.example.com/live"
    text = NGINX.format(folder=site / HOSTS[0], port=ports[0]).replace(
        f"{site / HOSTS[0]}/acm/www.example.com/live", set_folder
    )
    text = text.replace("listen ", f"listen 127.0.0.1:{ports[1]} ssl;\n        listen ", 1)
    (site / HOSTS[0] / "nginx.conf").write_text(text, encoding="utf-8")
    inventory = yaml.safe_load((site / INVENTORY).read_text(encoding="utf-8"))
    inventory["web"]["hosts"] = {HOSTS[0]: own}
    (site / INVENTORY).write_text(yaml.safe_dump(inventory), encoding="utf-8")
    printed = run(["ansible-playbook", "certops.acm.deploy", "-i", "inventory"], site)
    assert f"shop serves www.example.com on port {ports[0]}, {ports[1]}: " in printed


def test_fleet(site: Path) -> None:
    Reader("deploy.md", site).follow("A fleet", without="ansible-playbook ")
