# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small site for unattended renewal: an authority with one certificate, and an inventory with one host that gets it.

The host is this machine, without a server to reload.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible_collections.certops.acm.tests.support.acm_endpoint import AcmEndpoint, acm_endpoint

NAME = "www.corp.test"


def write_inventory(folder: Path, **variables: Any) -> Path:
    """Write folder/inventory, with the variables of its group `web` in group_vars; sets go to folder/certificates."""
    inventory = folder / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"web": {"hosts": {"web1.example.com": host}}}
    (inventory / "hosts.yml").write_text(json.dumps(hosts), encoding="utf-8")
    web = {
        "acm_deploy_become": False,
        "acm_deploy_path": str(folder / "certificates"),
        "acm_deploy_renewals_path": str(folder / "state"),
        "acm_deploy_certificates": [{"domain_name": NAME}],
        "acm_deploy_services": [{"name": "app", "ports": [], "reload_command": ["true"]}],
        **variables,
    }
    (inventory / "group_vars" / "web.yml").write_text(json.dumps(web), encoding="utf-8")
    return inventory


def issue(acm: AcmEndpoint) -> str:
    """ARN of an issued private certificate for NAME."""
    ca = acm.authority.cas.private("corp", key_algorithm="EC_prime256v1").arn
    wanted = {"DomainName": NAME, "CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}
    return str(acm.client().request_certificate(**wanted)["CertificateArn"])


def make_authority(folder: Path) -> None:
    """Create an authority with that certificate in this folder."""
    with acm_endpoint(folder) as acm:
        issue(acm)
