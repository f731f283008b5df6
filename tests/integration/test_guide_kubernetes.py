# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/kubernetes.md and keystores.md: the secret and the keystore are written once, and again after a renewal."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.kubernetes_api import kubernetes_api
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, run, require
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

KUBERNETES = os.environ.get("ACM_KUBERNETES", "")
PEERS = os.environ.get("ACM_PEERS", "")
SECRET = "/api/v1/namespaces/shop/secrets/app-tls"


def authority_with_certificate(folder: Path) -> str:
    authority = creation.create(str(folder / "acm"))
    company = authority.cas.private("company", key_algorithm="EC_prime256v1").arn
    acm = authority_client(authority)
    return str(
        acm.request_certificate(
            DomainName="app.example.com", KeyAlgorithm="EC_prime256v1", CertificateAuthorityArn=company
        )["CertificateArn"]
    )


def renew(reader: Reader, arn: str) -> None:
    words = f"certificate_arn={arn} force_renewal=true wait=true"
    run(["ansible", "localhost", "-m", "certops.acm.acm_certificate", "-a", words], reader.folder, reader.env)


def test_kubernetes(tmp_path: Path) -> None:
    if not KUBERNETES:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("The Python package kubernetes is not there.")
    arn = authority_with_certificate(tmp_path)
    with kubernetes_api() as api:
        env = {
            "CERTOPS_ACM_AUTHORITY": str(tmp_path / "acm"),
            "PYTHONPATH": KUBERNETES,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(COLLECTION.parents[2]), PEERS]),
            "K8S_AUTH_HOST": api.url,
            "K8S_AUTH_API_KEY": "none",
        }
        reader = Reader("kubernetes.md", tmp_path, env)
        reader.save()
        assert "changed=0" in run(["ansible-playbook", "kubernetes.yml", "--check"], tmp_path, reader.env)
        assert api.writes == 0

        reader.follow("The playbook")
        assert api.writes == 1
        first = api.secrets[SECRET]
        assert first["type"] == "kubernetes.io/tls" and set(first["data"]) == {"tls.crt", "tls.key"}
        assert_pair(first["data"])

        renew(reader, arn)
        said = run(["ansible-playbook", "kubernetes.yml", "-vvv", "--diff"], tmp_path, reader.env)
        assert "changed=1" in said and "PRIVATE KEY" not in said and first["data"]["tls.key"][40:80] not in said
        second = api.secrets[SECRET]
        assert_pair(second["data"])
        assert second["metadata"]["annotations"]["serial"] != first["metadata"]["annotations"]["serial"]
        assert second["data"]["tls.key"] not in said


def assert_pair(data: dict[str, str]) -> None:
    key = load_pem_private_key(base64.b64decode(data["tls.key"]), None)
    chain = x509.load_pem_x509_certificates(base64.b64decode(data["tls.crt"]))
    assert key.public_key() == chain[0].public_key() and len(chain) == 2


def test_java(tmp_path: Path) -> None:
    """With the authority and the certificate of authority.md, as the guide says, and a vault that is encrypted."""
    require("keytool")
    places = {"/srv/acm": str(tmp_path / "acm"), "/opt/app": str(tmp_path)}
    password = tmp_path / ".vault-password"
    places["~/.vault-password"] = str(password)
    env = {"CERTOPS_ACM_AUTHORITY": str(tmp_path / "acm")}
    Reader("authority.md", tmp_path, env, places).save()
    run(["ansible-playbook", "authority.yml"], tmp_path, env)
    acm = authority_client(str(tmp_path / "acm"))
    [certificate] = acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]

    reader = Reader("keystores.md", tmp_path, {**env, "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}, places)
    reader.follow("Keystores for Java and Windows", "Java")

    renew(reader, certificate["CertificateArn"])
    assert "changed=1" in run(["ansible-playbook", "keystore.yml", "-e", "@vault.yml"], tmp_path, reader.env)
    write_vault(reader, "another-one-43")
    assert "changed=1" in run(["ansible-playbook", "keystore.yml", "-e", "@vault.yml"], tmp_path, reader.env)
    command = reader.here(next(cell for cell in table(reader, "only JKS") if "importkeystore" in cell).split("`")[1])
    for _renewal in range(2):
        run(["sh", "-c", command], tmp_path, {"KEYSTORE": "another-one-43"})
    shown = run(["keytool", "-list", "-keystore", "keystore.jks", "-storepass", "another-one-43"], tmp_path)
    assert "app, " in shown


def write_vault(reader: Reader, passphrase: str) -> None:
    (reader.folder / "vault.yml").write_text(f"keystore_passphrase: {passphrase}\n", encoding="utf-8")
    run(["ansible-vault", "encrypt", "vault.yml"], reader.folder, reader.env)


def test_vault_without_its_password(tmp_path: Path) -> None:
    """What goes wrong, as Ansible says it."""
    reader = Reader("keystores.md", tmp_path, {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password")})
    reader.save()
    (tmp_path / "password").write_text("the password of the vault\n", encoding="utf-8")
    write_vault(reader, "open-sesame-42")
    with pytest.raises(AssertionError, match=table(reader, "*Attempting")[1].strip(" *")):
        run(["ansible-playbook", "keystore.yml", "-e", "@vault.yml"], tmp_path)


def table(reader: Reader, row: str) -> list[str]:
    text = reader.blocks[0].page.read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith(f"| {row}")).split("|")
