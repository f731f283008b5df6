# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/import.md: its playbooks import the files of certbot and lego, and each successor; its watch reports."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.guide_reader import Reader, pattern, plain
from ansible_collections.certops.acm.tests.support.programs import environment, run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def issue(lineage: Path, days_left: int) -> None:
    """What certbot leaves behind: a certificate of 90 days by a CA of its own, which ends at noon, UTC.

    Alerts count calendar days, so a time of day taken from the clock would add one in the afternoon.
    """
    now = datetime.now(timezone.utc)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def signed(name: str, public_key: ec.EllipticCurvePublicKey, is_ca: bool) -> str:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Root")]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - (90 - days_left) * DAY)
            .not_valid_after(noon + days_left * DAY)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        certificate = builder.sign(ca_key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    leaf, chain = signed(lineage.name, key.public_key(), False), signed("Test Root", ca_key.public_key(), True)
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    lineage.mkdir(parents=True, exist_ok=True)
    for name, text in {"cert": leaf, "chain": chain, "fullchain": leaf + chain, "privkey": pkcs8.decode()}.items():
        (lineage / f"{name}.pem").write_text(text, encoding="utf-8")


@pytest.fixture(name="reader")
def fixture_reader(tmp_path: Path) -> Reader:
    creation.create(str(tmp_path / "acm"), region="eu-central-1").store.close()
    places = {
        "/etc/letsencrypt": str(tmp_path / "letsencrypt"),
        "/opt/acm/bin/ansible-playbook": "ansible-playbook",
        "/opt/acm": str(tmp_path),
        "acm_deploy_region: eu-central-1": f"acm_deploy_authority: {tmp_path}/acm\n    acm_deploy_renewals_path: {tmp_path}/state",
    }
    reader = Reader("import.md", tmp_path, {"CERTOPS_ACM_AUTHORITY": str(tmp_path / "acm")}, places)
    reader.save()
    return reader


def test_guide(reader: Reader) -> None:
    lineage = reader.folder / "letsencrypt" / "live" / "shop.example.com"
    issue(lineage, 89)
    reader.run(f"ansible-playbook import.yml --check --diff -e lineage={lineage}")
    assert "changed=1" in reader.shown
    reader.follow("From Let's Encrypt, with certbot")
    first = run(["ansible-playbook", "import.yml", "-e", f"lineage={lineage}"], reader.folder, reader.env)
    assert "changed=0" in first

    # The hook, as certbot calls it; the successor is one that the watch reports.
    issue(lineage, 20)
    hook = next(block for block in reader.blocks if 'RENEWED_LINEAGE"' in block.text and block.language == "sh")
    path = reader.folder / "hook"
    path.write_text(reader.here(hook.text), encoding="utf-8")
    env = {**reader.env, "RENEWED_LINEAGE": str(lineage)}
    second = run(["sh", str(path)], reader.folder, env)
    assert "changed=1" in second
    assert arn(first) == arn(second)

    # The daily import: every lineage, a word for each that ACM does not have afterwards.
    issue(lineage.with_name("unreadable.example.com"), 20)
    (lineage.with_name("unreadable.example.com") / "privkey.pem").unlink()
    line = next(block.text for block in reader.blocks if block.text.startswith("23 4"))
    done = run(["sh", "-c", reader.here(line.split(maxsplit=5)[5])], reader.folder, reader.env)
    assert [word for word in done.splitlines() if word.startswith("ACM does")] == [
        f"ACM does not have {lineage.with_name('unreadable.example.com')}"
    ]

    told = run(
        ["ansible-playbook", "certops.acm.renew", "-i", str(watch(reader)), "-e", "acm_deploy_hosts=localhost"],
        reader.folder,
        reader.env,
    )
    shown = next(block.text for block in reader.blocks if block.language == "text")
    assert pattern(plain(shown)).search(told), told


def arn(output: str) -> str:
    return re.findall(r"arn:\S+", output)[0]


def watch(reader: Reader) -> Path:
    """watch.yml without its channel: there is no mail server, and a run prints the same."""
    path = reader.folder / "watch.yml"
    inventory = yaml.safe_load(path.read_text(encoding="utf-8"))
    del inventory["all"]["vars"]["acm_deploy_renewals_channels"]
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return path


def test_lego(reader: Reader) -> None:
    issue(reader.folder / "blog.example.com", 89)
    hook = next(block.text for block in reader.blocks if "LEGO_CERT_PATH" in block.text)
    env = {
        **reader.env,
        "LEGO_CERT_PATH": "blog.example.com/fullchain.pem",
        "LEGO_CERT_KEY_PATH": "blog.example.com/privkey.pem",
        "LEGO_CERT_DOMAIN": "blog.example.com",
    }
    assert "changed=1" in run(["sh", "-c", reader.here(hook)], reader.folder, env)
    assert "changed=0" in run(["sh", "-c", reader.here(hook)], reader.folder, env)


@pytest.mark.parametrize(
    ("mistake", "row"),
    [
        ("privkey.pem", "The private key belongs to none of the 2 certificates"),
        ("all", "they have no name in common"),
    ],
)
def test_what_goes_wrong(reader: Reader, mistake: str, row: str) -> None:
    """The sentences of the table are those that the module says."""
    assert any(row in line for line in (Path(str(reader.blocks[0].page))).read_text(encoding="utf-8").splitlines())
    right, other = reader.folder / "shop.example.com", reader.folder / "other" / "shop.example.com"
    issue(right, 89)
    run(["ansible-playbook", "import.yml", "-e", f"lineage={right}"], reader.folder, reader.env)
    issue(reader.folder / "mail.example.com", 89)
    (reader.folder / "other").mkdir()
    os.rename(reader.folder / "mail.example.com", other)
    if mistake == "privkey.pem":
        os.replace(other / mistake, right / mistake)
        other = right
    done = subprocess.run(
        ["ansible-playbook", "import.yml", "-e", f"lineage={other}"],
        cwd=reader.folder, env=environment(reader.env), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and row in done.stdout, done.stdout + done.stderr
