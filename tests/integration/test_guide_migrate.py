# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/migrate-from-community-aws.md: both playbooks, one after the other, and a row for each option there was."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.tests.support import guide_reader, guides
from ansible_collections.certops.acm.tests.support.aws_account import aws_account
from ansible_collections.certops.acm.tests.support.guide_reader import YAML, Reader
from ansible_collections.certops.acm.tests.support.task_calls import ROOTS

PAGE = "migrate-from-community-aws.md"
FILES = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out chain.pem -days 60 -subj "/O=Example/CN=Example CA"
openssl req -newkey rsa:2048 -nodes -keyout www.key -out www.csr -subj /CN=www.example.com
printf 'subjectAltName=DNS:www.example.com\\nbasicConstraints=CA:FALSE\\n' > extensions
openssl x509 -req -in www.csr -CA chain.pem -CAkey ca.key -CAcreateserial -days 30 -out www.pem -extfile extensions
"""
# The same, with a root above the CA at the end of chain.pem.
WITH_ROOT = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 90 -subj "/O=Example/CN=Example Root"
openssl x509 -x509toreq -in chain.pem -signkey ca.key -out ca.csr
printf 'basicConstraints=critical,CA:TRUE\\n' > extensions
openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 60 -out chain.pem -extfile extensions
cat root.pem >> chain.pem
"""
pytestmark = pytest.mark.skipif(len(ROOTS) < 2, reason="community.aws is not installed.")


def test_a_chain_with_its_root(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        reader = Reader(PAGE, tmp_path, aws.environment | YAML)
        reader.run(FILES + WITH_ROOT)
        reader.save("A playbook before and after")
        files = {"Certificate": "www.pem", "PrivateKey": "www.key", "CertificateChain": "chain.pem"}
        material = {member: (tmp_path / name).read_bytes() for member, name in files.items()}
        tags = [{"Key": "Name", "Value": "www"}, {"Key": "Team", "Value": "web"}]
        arn = aws.client("acm").import_certificate(**material, Tags=tags)["CertificateArn"]
        playbook = (tmp_path / "after.yml").read_text(encoding="utf-8")
        keeping = playbook.replace("name_tag: www", "name_tag: www\n        keep_root: true")
        (tmp_path / "keeping.yml").write_text(keeping, encoding="utf-8")
        reader.run("ansible-playbook keeping.yml")
        assert "changed=0" in reader.shown
        reader.run("ansible-playbook after.yml")
        assert "changed=1" in reader.shown
        assert [each["CertificateArn"] for each in aws.client("acm").list_certificates()["CertificateSummaryList"]] == [
            arn
        ]
        reader.run("ansible-playbook after.yml")
        assert "changed=0" in reader.shown


def test_before_and_after(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        collections = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], os.environ["ACM_PEERS"]])
        reader = Reader(PAGE, tmp_path, {**aws.environment, **YAML, "ANSIBLE_COLLECTIONS_PATH": collections})
        reader.run(FILES)
        reader.follow("A playbook before and after")
        assert aws.client("acm").list_certificates()["CertificateSummaryList"] == []
        unused = {"acm:RemoveTagsFromCertificate"}
        assert aws.actions == guide_reader.allowed(PAGE, "Before you start", 0) - unused


@pytest.mark.parametrize("module", ["acm_certificate", "acm_certificate_info"])
def test_every_option_has_a_row(module: str) -> None:
    source = (ROOTS[1] / "community" / "aws" / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    documented = re.search(r'^DOCUMENTATION = r"""(.*?)^"""', source, re.MULTILINE | re.DOTALL)
    assert documented
    options = set(yaml.safe_load(documented[1])["options"])
    text = (
        (guides.GUIDES / PAGE)
        .read_text(encoding="utf-8")
        .partition(f"## Options of {module}\n")[2]
        .partition("\n## ")[0]
    )
    told = {name for row in re.findall(r"^\| ([^|]+)\|", text, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert options <= told
