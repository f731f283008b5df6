# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_export on the embedded authority, with calls counted and files watched; a scripted door gives the answers that
ACM should never give."""

from __future__ import annotations

import base64
import json
import shutil
import re
import os
import stat
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import task as export_task
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm
from ansible_collections.certops.acm.plugins.module_utils._files import atomic, certificate_files, locks
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.openssl import openssl, openssl_output


class CountingAcm(acm.Acm):
    """The door to an embedded authority that notes its calls and can be told to refuse some."""

    def __init__(self, path: str) -> None:
        super().__init__(authority_client(path), self._no_other, is_authority=True)
        self.calls: list[str] = []
        self.passphrases: list[bytes] = []
        self.refuse: dict[str, str] = {}  # an operation, or "Operation ARN" → the code of the error
        self.spoil: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}

    @staticmethod
    def _no_other(service: str) -> Any:
        raise AssertionError(f"no {service} here")

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "ExportCertificate":
            self.passphrases.append(members["Passphrase"])
        arn = members.get("CertificateArn", "")
        for key in (operation, f"{operation} {arn}"):
            if key in self.refuse:
                raise AcmError(operation, self.refuse[key], "not now")
        answer = super().call(operation, **members)
        return self.spoil.get(f"{operation} {arn}", dict)(answer)


class Site:
    """An authority with a private CA of each family."""

    def __init__(self, path: str) -> None:
        self.path = path
        authority = creation.create(path)
        self.cas = {
            family: authority.cas.private(family, key_algorithm=kind).arn
            for family, kind in (("EC", "EC_prime256v1"), ("RSA", "RSA_2048"))
        }
        self.acm = CountingAcm(path)
        self._count = 0

    def request(self, *names: str, family: str = "EC", kind: str = "EC_prime256v1") -> str:
        """The ARN of a private certificate that is ISSUED."""
        arn = self.acm.call(
            "RequestCertificate",
            DomainName=names[0],
            SubjectAlternativeNames=list(names),
            CertificateAuthorityArn=self.cas[family],
            KeyAlgorithm=kind,
        )["CertificateArn"]
        assert self.describe(arn)["Status"] == "ISSUED"
        return str(arn)

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self.acm.call("DescribeCertificate", CertificateArn=arn)["Certificate"])

    def renew(self, arn: str) -> None:
        before = self.describe(arn)["Serial"]
        self.acm.call("RenewCertificate", CertificateArn=arn)
        assert self.describe(arn)["Serial"] != before

    def name(self) -> str:
        """A domain name that no other test has."""
        self._count += 1
        return f"www{self._count}.example.com"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(str(tmp_path_factory.mktemp("site") / "authority"))


@pytest.fixture
def acm(site: Site) -> CountingAcm:
    site.acm.refuse.clear()
    site.acm.spoil.clear()
    return site.acm


@pytest.fixture
def run(acm: CountingAcm, pki: Any) -> Callable[..., dict[str, Any]]:
    def task(is_check: bool = False, **options: Any) -> dict[str, Any]:
        acm.calls.clear()
        acm.passphrases.clear()
        result = export_task.run(lambda: acm, options, now=pki.now, is_check=is_check)
        shown = json.dumps(result)
        assert all(passphrase.decode() not in shown for passphrase in acm.passphrases)
        if not options.get("return_private_key") and not options.get("return_pkcs12"):
            assert "PRIVATE KEY" not in shown
        return result

    return task


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in sorted(folder.iterdir())}


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())}


ALL = {form: {} for form in certificate_files.FILE_NAMES}


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize(("family", "kind"), [("EC", "EC_prime256v1"), ("EC", "EC_secp384r1"), ("RSA", "RSA_2048")])
def test_every_file_of_every_kind(run: Any, site: Site, tmp_path: Path, family: str, kind: str) -> None:
    arn, folder = site.request(site.name(), family=family, kind=kind), tmp_path / "tls" / "www"
    result = run(certificate_arn=arn, path=str(folder), files=ALL, passphrase="keystore")["export"]
    assert result["changed"] and result["exported"] and result["key_algorithm"] == kind
    leaf = pem.load_certificate((folder / "cert.pem").read_bytes())
    chain = pem.load_certificates((folder / "chain.pem").read_bytes())
    key = pem.load_private_key((folder / "privkey.pem").read_bytes())
    assert pem.key_matches(key, leaf) and chain and pem.issued_by(leaf, chain[0])
    assert result["serial"] == pem.serial(leaf) == site.describe(arn)["Serial"]
    assert result["fullchain"] == result["certificate"] + result["chain"] == (folder / "fullchain.pem").read_text()
    labels = [block.label for block in pem.blocks((folder / "combined.pem").read_bytes())]
    assert labels == ["CERTIFICATE"] * (1 + len(chain)) + ["PRIVATE KEY"]
    assert pkcs12.load((folder / "bundle.p12").read_bytes(), b"keystore")[1:] == (leaf, chain)
    assert modes(folder) == {
        "bundle.p12": 0o600,
        "cert.pem": 0o644,
        "chain.pem": 0o644,
        "combined.pem": 0o600,
        "fullchain.pem": 0o644,
        "privkey.pem": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_openssl_reads_what_is_written(run: Any, site: Site, tmp_path: Path) -> None:
    run(
        certificate_arn=site.request(site.name()),
        path=str(tmp_path),
        files=ALL,
        passphrase="keystore",
        encrypt_key=True,
    )

    files = {path.stem: path for path in tmp_path.iterdir()}
    public = openssl_output("x509", "-in", files["cert"], "-noout", "-pubkey")
    assert openssl_output("pkey", "-in", files["privkey"], "-passin", "pass:keystore", "-pubout") == public
    assert openssl_output("pkey", "-in", files["combined"], "-pubout") == public
    assert openssl_output("pkcs12", "-in", files["bundle"], "-passin", "pass:keystore", "-nodes", "-nocerts") != b""
    (tmp_path / "root.pem").write_text(
        pem.certificate_pem(pem.load_certificates((tmp_path / "chain.pem").read_text())[-1])
    )
    trust = ("-partial_chain", "-CAfile", tmp_path / "root.pem", "-untrusted", files["chain"])
    assert openssl_output("verify", *trust, files["cert"]).endswith(b"cert.pem: OK\n")


def test_files_with_their_own_names_owners_and_modes(run: Any, site: Site, tmp_path: Path) -> None:
    files = {
        "fullchain": {"path": str(tmp_path / "a" / "www.pem"), "mode": "0444"},
        "key": {"path": "www.key", "mode": "0400", "group": str(os.getgid())},
        "combined": None,
    }
    result = run(certificate_arn=site.request(site.name()), path=str(tmp_path / "b"), files=files, group="root")
    assert [(each["form"], each["path"]) for each in result["export"]["files"]] == [
        ("fullchain", str(tmp_path / "a" / "www.pem")),
        ("key", str(tmp_path / "b" / "www.key")),
    ]
    assert modes(tmp_path / "a") == {"www.pem": 0o444} and modes(tmp_path / "b") == {"www.key": 0o400}


def test_a_group_may_read_the_key(run: Any, site: Site, tmp_path: Path) -> None:
    run(certificate_arn=site.request(site.name()), path=str(tmp_path / "tls"), group=str(os.getgid()))
    assert modes(tmp_path / "tls")["privkey.pem"] == 0o640


# ---------------------------------------------------------------- unchanged, mended, renewed


def test_an_unchanged_run_takes_two_calls_and_no_export(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    arn = site.request(site.name())
    options = {"certificate_arn": arn, "path": str(tmp_path / "tls"), "files": ALL, "passphrase": "keystore"}
    foreseen = run(is_check=True, **options)
    assert foreseen["changed"] and not (tmp_path / "tls").exists()
    assert acm.calls == ["DescribeCertificate", "GetCertificate"]
    made = run(**options)
    assert acm.calls == ["DescribeCertificate", "ExportCertificate", "DescribeCertificate"]
    assert made["diff"] == foreseen["diff"] and set(made["diff"]["before"].values()) == {"absent"}
    before = contents(tmp_path / "tls")
    for is_check in (False, True):
        again = run(is_check=is_check, **options)
        assert not again["changed"] and not again["export"]["exported"] and "diff" not in again
        assert acm.calls == ["DescribeCertificate", "GetCertificate"]
    assert contents(tmp_path / "tls") == before
    assert {**again["export"], "exported": True, "changed": True, "files": 0} == {**made["export"], "files": 0}


def test_a_renewed_certificate_is_exported_again(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    arn = site.request(site.name())
    old = run(certificate_arn=arn, path=str(tmp_path))["export"]
    site.renew(arn)
    foreseen = run(is_check=True, certificate_arn=arn, path=str(tmp_path))
    new = run(certificate_arn=arn, path=str(tmp_path))
    assert new["changed"] and new["export"]["serial"] != old["serial"] and new["diff"] == foreseen["diff"]
    assert all(each["changed"] for each in new["export"]["files"] if each["form"] != "chain")
    assert f"it contained the certificate with serial {old['serial']}" in new["export"]["files"][0]["reasons"]
    assert new["export"]["files"][3]["reasons"] == ["it contained another key"]
    leaf = pem.load_certificate((tmp_path / "cert.pem").read_bytes())
    assert pem.key_matches(pem.load_private_key((tmp_path / "privkey.pem").read_bytes()), leaf)
    assert pem.serial(leaf) == new["export"]["serial"]


@pytest.mark.parametrize("form", list(certificate_files.FILE_NAMES))
@pytest.mark.parametrize("damage", ["missing", "altered", "cut", "empty", "longer", "another"])
def test_a_damaged_file_is_repaired_with_the_key_at_hand(
    run: Any, site: Site, acm: CountingAcm, tmp_path: Path, damage: str, form: str
) -> None:
    arn = getattr(site, "one_arn", None) or site.request(site.name())
    site.one_arn = arn  # type: ignore[attr-defined]
    options = {"certificate_arn": arn, "path": str(tmp_path), "files": ALL, "passphrase": "keystore"}
    run(**options)
    good = {name: content for name, (content, _time) in contents(tmp_path).items()}
    path = tmp_path / certificate_files.FILE_NAMES[form]
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "altered": content.replace(content[40:60], b"A" * 20),
                "cut": content[: len(content) // 2],
                "empty": b"",
                "longer": content + b"# more\n",
                "another": (tmp_path / ("chain.pem" if form == "cert" else "cert.pem")).read_bytes(),
            }[damage]
        )
    if form == "pkcs12" and damage == "longer":
        return  # what follows the structure is not part of it
    result = run(**options)
    assert result["changed"] and "ExportCertificate" not in acm.calls
    assert [each["form"] for each in result["export"]["files"] if each["changed"]] == [form]
    found = {name: content for name, (content, _time) in contents(tmp_path).items()}
    found.pop("bundle.p12"), good.pop("bundle.p12")
    assert found == good
    assert not run(**options)["changed"]


def test_a_missing_or_damaged_key_is_exported_again(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    arn = site.request(site.name())
    run(certificate_arn=arn, path=str(tmp_path))
    key = (tmp_path / "privkey.pem").read_bytes()
    other = pem.private_key_pem(pem.load_private_key(key)).replace("A", "B", 1)
    for content in (b"", other.encode(), None):
        (tmp_path / "privkey.pem").unlink()
        if content is not None:
            (tmp_path / "privkey.pem").write_bytes(content)
        result = run(certificate_arn=arn, path=str(tmp_path))
        assert result["changed"] and result["export"]["exported"]
        assert acm.calls == ["DescribeCertificate", "ExportCertificate"]
        assert (tmp_path / "privkey.pem").read_bytes() == key


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o400, 0o640])
def test_a_wrong_mode_is_corrected_without_rewriting_the_file(run: Any, site: Site, tmp_path: Path, mode: int) -> None:
    arn = site.request(site.name())
    run(certificate_arn=arn, path=str(tmp_path))
    before = contents(tmp_path)
    (tmp_path / "privkey.pem").chmod(mode)
    assert run(is_check=True, certificate_arn=arn, path=str(tmp_path))["changed"]
    assert modes(tmp_path)["privkey.pem"] == mode
    result = run(certificate_arn=arn, path=str(tmp_path))
    assert result["changed"] and result["export"]["files"][3]["reasons"] == [f"its mode was {mode:04o}"]
    assert modes(tmp_path)["privkey.pem"] == 0o600 and contents(tmp_path) == before
    assert f"mode {mode:04o}" in result["diff"]["before"][str(tmp_path / "privkey.pem")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_owner_and_group_are_set_corrected_and_kept(run: Any, site: Site, tmp_path: Path) -> None:
    arn = site.request(site.name())
    run(certificate_arn=arn, path=str(tmp_path), owner="daemon", group="www-data")
    status = (tmp_path / "privkey.pem").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (1, 0o640)
    os.chown(tmp_path / "privkey.pem", 0, 0)
    changed = run(certificate_arn=arn, path=str(tmp_path), owner="daemon", group="www-data")
    assert changed["export"]["files"][3]["reasons"] == ["its owner was 0", "its group was 0"]
    site.renew(arn)
    run(certificate_arn=arn, path=str(tmp_path), mode="0640")
    assert (tmp_path / "privkey.pem").stat().st_uid == 1, "what nobody names is kept"


def test_an_encrypted_key_stays_as_it_is_under_the_same_passphrase(
    run: Any, site: Site, acm: CountingAcm, tmp_path: Path
) -> None:
    options = {"certificate_arn": site.request(site.name()), "path": str(tmp_path), "encrypt_key": True}
    run(**options, passphrase="first")
    text = (tmp_path / "privkey.pem").read_text()
    assert text.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----") and acm.passphrases == [b"first"]
    assert not run(**options, passphrase="first")["changed"]
    assert not run(**options, passphrase="first\n")["changed"]
    assert run(**options, passphrase="second")["changed"]
    assert run(**{**options, "encrypt_key": False})["changed"]
    assert run(**options, passphrase="second")["export"]["exported"] is False


def test_a_public_file_is_written_without_an_export(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    result = run(certificate_arn=site.request(site.name()), path=str(tmp_path), files={"fullchain": {}})
    assert result["changed"] and acm.calls == ["DescribeCertificate", "GetCertificate"]
    assert run(certificate_arn=site.request(site.name()))["export"]["exported"] is False


# ---------------------------------------------------------------- never wider than it will be


def test_no_file_is_ever_more_accessible_than_its_final_mode(
    run: Any, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every name in the folder is examined before and after every call that could widen its access."""
    arn = site.request(site.name())
    seen: list[tuple[str, int, int]] = []

    def look() -> None:
        with os.scandir(tmp_path) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                seen.append((entry.name, stat.S_IMODE(status.st_mode), status.st_size))

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            look()
            answer = real(*arguments, **options)
            look()
            return answer

        return call

    for name in ("open", "fchmod", "chmod", "fchown", "write", "fsync", "rename", "close"):
        monkeypatch.setattr(atomic.os, name, watched(getattr(os, name)))
    previous = os.umask(0)
    try:
        run(certificate_arn=arn, path=str(tmp_path), files=ALL, passphrase="keystore", mode="0400")
    finally:
        os.umask(previous)
    monkeypatch.undo()
    assert {(mode, size) for name, mode, size in seen if name == locks.NAME} == {(0o600, 0)}
    secret = [
        (mode, size) for name, mode, size in seen if name != locks.NAME and "cert" not in name and "chain" not in name
    ]
    assert {mode for mode, _size in secret} == {0, 0o400}, "made without permissions, then as it will be"
    assert {size for mode, size in secret if mode == 0} == {0}, "nothing in it before"
    assert {mode for name, mode, _size in seen if name != locks.NAME} <= {0, 0o400, 0o644}


def test_a_failure_leaves_the_old_set(run: Any, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = site.request(site.name())
    run(certificate_arn=arn, path=str(tmp_path))
    before = contents(tmp_path)
    site.renew(arn)
    real, count = os.fsync, iter(range(100))

    def full(descriptor: int) -> None:
        if next(count) == 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", full)
    result = run(certificate_arn=arn, path=str(tmp_path))
    assert result["failed"] and not result["changed"] and "There is no space left" in result["msg"]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("what", ["symlink", "dangling", "folder", "pipe", "file as folder"])
def test_anything_but_a_regular_file_is_left_alone(
    run: Any, site: Site, acm: CountingAcm, tmp_path: Path, what: str
) -> None:
    target, path = tmp_path / "target", tmp_path / "tls" / "privkey.pem"
    path.parent.mkdir()
    target.write_text("precious")
    if what == "symlink":
        path.symlink_to(target)
    elif what == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    folder = target if what == "file as folder" else path.parent
    result = run(certificate_arn=site.request(site.name()), path=str(folder))
    assert result["failed"] and not result["changed"] and str(folder) in result["msg"]
    assert "ExportCertificate" not in acm.calls and target.read_text() == "precious"
    assert sorted(each.name for each in (tmp_path / "tls").iterdir()) == (
        [] if what == "file as folder" else ["privkey.pem"]
    )


# ---------------------------------------------------------------- which certificate


def test_the_newest_valid_certificate_is_found_by_name(run: Any, site: Site, acm: CountingAcm) -> None:
    name = site.name()
    site.request(name)
    newest = site.request(name)
    with_more = site.request(name, f"api.{name}")
    result = run(domain_name=name.upper(), subject_alternative_names=[])
    assert result["export"]["certificate_arn"] == newest
    assert acm.calls == ["SearchCertificates", "GetCertificate"]
    assert run(domain_name=name)["export"]["certificate_arn"] == with_more
    assert run(domain_name=name, subject_alternative_names=[f"api.{name}"])["export"]["certificate_arn"] == with_more
    result = run(domain_name=name, subject_alternative_names=["nobody.example.com"])
    assert result["failed"] and "but lacks nobody.example.com" in result["msg"]


def test_certificates_that_cannot_be_exported_are_reported_before_the_export(
    run: Any, site: Site, acm: CountingAcm, pki: Any, tmp_path: Path
) -> None:
    name = site.name()
    pending = acm.call("RequestCertificate", DomainName=name, ValidationMethod="DNS")["CertificateArn"]
    exportable = {"Options": {"Export": "ENABLED"}, "ValidationMethod": "DNS"}
    awaited = acm.call("RequestCertificate", DomainName=f"awaited.{name}", **exportable)["CertificateArn"]
    pair = pki.leaf(f"imported.{name}")
    imported = acm.call("ImportCertificate", Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())[
        "CertificateArn"
    ]
    cases = [
        ({"certificate_arn": pending}, "was requested without export"),
        ({"domain_name": name}, "was requested without export"),
        ({"certificate_arn": awaited}, "is still waiting for its validation"),
        ({"certificate_arn": imported}, "was imported"),
        (
            {"domain_name": f"imported.{name}"},
            "was imported, and ACM never gives out the key of an imported certificate",
        ),
        ({"domain_name": f"none.{name}"}, "There is no certificate"),
        ({"certificate_arn": pending[:-1] + "x"}, "There is no certificate"),
        ({"certificate_arn": pending.replace("us-east-1", "eu-west-1")}, "eu-west-1"),
    ]
    for options, reason in cases:
        result = run(**options, path=str(tmp_path / "tls"))
        assert result["failed"] and not result["changed"] and reason in result["msg"], (options, result["msg"])
        if "none." not in str(options):
            foreseen = run(**options, path=str(tmp_path / "tls"), is_check=True)
            assert foreseen["failed"] and foreseen["msg"] == result["msg"]
        assert "ExportCertificate" not in acm.calls and not (tmp_path / "tls").exists()
    assert run(certificate_arn=imported)["export"]["type"] == "IMPORTED"


def test_check_mode_predicts_the_export_of_a_certificate_that_an_earlier_task_requests(
    run: Any, site: Site, acm: CountingAcm, tmp_path: Path
) -> None:
    name, folder = site.name(), tmp_path / "tls"
    options = {"domain_name": name, "path": str(folder), "return_private_key": True}
    foreseen = run(is_check=True, **options)
    assert foreseen["changed"] and not foreseen.get("failed") and "diff" not in foreseen
    assert [each["changed"] for each in foreseen["export"]["files"]] == [True] * 4
    assert {"certificate_arn", "serial", "private_key"}.isdisjoint(foreseen["export"])
    (warning,) = foreseen["warnings"]
    assert warning.startswith(f"There is no certificate for {name}") and "otherwise this task fails" in warning
    assert "ExportCertificate" not in acm.calls and not folder.exists()
    assert run(**options)["failed"], "a misspelt name does not pass"
    for others in ({"return_private_key": True}, {}):  # there is nothing to predict
        assert run(is_check=True, domain_name=name, **others)["failed"]

    arn = site.request(name)
    done = run(**options)
    assert [each["changed"] for each in done["export"]["files"]] == [True] * 4 and done["changed"]
    other = run(is_check=True, certificates=[{**options, "subject_alternative_names": [f"more.{name}"]}])
    assert other["changed"] and arn in other["warnings"][0] and f"lacks more.{name}" in other["warnings"][0]


def test_a_refused_export_quotes_acms_message(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    arn = site.request(site.name())
    acm.refuse = {"ExportCertificate": "AccessDeniedException"}
    result = run(certificate_arn=arn, path=str(tmp_path / "tls"))
    assert result["failed"] and not result["changed"] and not (tmp_path / "tls").exists()
    assert result["error"] == {"code": "AccessDeniedException", "operation": "ExportCertificate"}


# ---------------------------------------------------------------- several


def test_a_wrong_name_next_to_the_right_domain_name(run: Any, site: Site, tmp_path: Path) -> None:
    name = site.name()
    arn = site.request(name, f"api.{name}")
    for names, differences in (
        ([f"apj.{name}"], f"lacks apj.{name} and also has api.{name}"),
        ([f"api.{name}", f"x.{name}"], f"lacks x.{name}"),
        ([], f"also has api.{name}"),
    ):
        result = run(domain_name=name, subject_alternative_names=names, path=str(tmp_path / "tls"))
        assert result["failed"] and f": {arn} has {name}, but {differences}. Correct subject" in result["msg"]


def test_a_list_with_a_failing_item(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    names = [site.name() for _number in range(3)]
    for name in names:
        site.request(name)
    items = [{"domain_name": name, "path": str(tmp_path / name)} for name in names]
    items.insert(1, {"domain_name": "nobody.example.com", "path": str(tmp_path / "nobody")})
    result = run(certificates=items)
    assert (
        result["failed"]
        and result["changed"]
        and result["msg"].startswith("1 of 4 exports failed. Item 2: There is no")
    )
    assert [bool(each.get("failed")) for each in result["exports"]] == [False, True, False, False]
    # one read before, and one after that shows whether the certificates are now eligible for renewal
    assert acm.calls == ["SearchCertificates", *["ExportCertificate"] * 3, "SearchCertificates"]
    assert len(set(acm.passphrases)) == 3
    assert [each.get("renewal_eligibility") for each in result["exports"]] == ["ELIGIBLE", None, "ELIGIBLE", "ELIGIBLE"]
    del items[1]
    again = run(certificates=items)
    assert not again["changed"] and acm.calls == ["SearchCertificates", *["GetCertificate"] * 3]
    for each in again["exports"]:
        site.renew(each["certificate_arn"])
    assert run(is_check=True, certificates=items)["changed"]
    assert acm.calls == ["SearchCertificates", *["GetCertificate"] * 3]
    assert run(certificates=items)["changed"]
    assert acm.calls == ["SearchCertificates", *["ExportCertificate"] * 3, "SearchCertificates"]
    acm.refuse = {"SearchCertificates": "AccessDeniedException", "ListCertificates": "AccessDeniedException"}
    assert run(certificates=items)["failed"] and acm.calls == ["SearchCertificates", "ListCertificates"]


@pytest.mark.parametrize("may_list", [True, False])
def test_many_by_arn_are_read_at_once(run: Any, site: Site, acm: CountingAcm, tmp_path: Path, may_list: bool) -> None:
    arns = [site.request(site.name()) for _number in range(4)]
    if not may_list:
        acm.refuse = {"SearchCertificates": "AccessDeniedException", "ListCertificates": "AccessDeniedException"}
    read = ["SearchCertificates"] if may_list else ["SearchCertificates", "ListCertificates"]
    described = [] if may_list else ["DescribeCertificate"] * 4
    items = [{"certificate_arn": arn, "path": str(tmp_path / str(number))} for number, arn in enumerate(arns)]
    made = run(certificates=items)
    assert made["changed"] and [each["certificate_arn"] for each in made["exports"]] == arns
    assert acm.calls == [*read, *described, *["ExportCertificate"] * 4, *read, *described]
    assert {each["renewal_eligibility"] for each in made["exports"]} == {"ELIGIBLE"} and "warnings" not in made
    assert not run(certificates=items)["changed"]
    assert acm.calls == [*read, *described, *["GetCertificate"] * 4]


def test_a_list_that_lags_behind_does_not_mislead(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    """A certificate listed as unusable, or as not exported after its export, is described before that is reported."""
    arns = [site.request(site.name()) for _number in range(3)]

    def pending(answer: dict[str, Any]) -> dict[str, Any]:
        for each in answer["Results"]:
            each["CertificateMetadata"]["AcmCertificateMetadata"].update(
                Status="PENDING_VALIDATION", RenewalEligibility="INELIGIBLE"
            )
        return answer

    acm.spoil = {"SearchCertificates ": pending}
    items = [{"certificate_arn": arn, "path": str(tmp_path / str(number))} for number, arn in enumerate(arns)]
    made = run(certificates=items)
    assert made["changed"] and not made.get("failed") and "warnings" not in made
    describes = ["DescribeCertificate"] * 3
    assert acm.calls == [
        "SearchCertificates",
        *describes,
        *["ExportCertificate"] * 3,
        "SearchCertificates",
        *describes,
    ]


def test_a_failing_item_does_not_stop_the_others(
    run: Any, site: Site, acm: CountingAcm, pki: Any, tmp_path: Path
) -> None:
    good = [site.request(site.name()) for _number in range(2)]
    refused, damaged, foreign, unreadable, blocked = (site.request(site.name()) for _number in range(5))
    pending = acm.call("RequestCertificate", DomainName=site.name(), ValidationMethod="DNS")["CertificateArn"]
    pair = pki.leaf("imported-too.example.com")
    imported = acm.call("ImportCertificate", Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    other_key = pem.private_key_pem(pki.key("P-256", 5))
    run(certificate_arn=unreadable, path=str(tmp_path / unreadable[-12:]))
    (tmp_path / blocked[-12:]).write_text("a file where a folder should be")
    acm.refuse = {
        f"ExportCertificate {refused}": "AccessDeniedException",
        f"GetCertificate {unreadable}": "InternalFailure",
    }
    acm.spoil = {
        f"ExportCertificate {damaged}": lambda answer: {**answer, "PrivateKey": answer["PrivateKey"][:300]},
        f"ExportCertificate {foreign}": lambda answer: {**answer, "PrivateKey": other_key},
    }
    cases: list[tuple[dict[str, Any], str]] = [
        ({"certificate_arn": good[0]}, ""),
        ({"certificate_arn": refused}, "AccessDeniedException"),
        ({"certificate_arn": damaged}, "pem"),
        ({"certificate_arn": foreign}, "key-matches-certificate"),
        ({"certificate_arn": unreadable}, "InternalFailure"),
        ({"certificate_arn": blocked}, "InvalidInput"),
        ({"certificate_arn": pending}, "InvalidInput"),
        ({"certificate_arn": imported["CertificateArn"]}, "InvalidInput"),
        ({"certificate_arn": good[0][:-1] + "x"}, "InvalidInput"),
        ({"certificate_arn": good[0].replace("us-east-1", "eu-west-1")}, "InvalidInput"),
        ({"certificate_arn": "nonsense"}, "InvalidInput"),
        ({"domain_name": "nobody.example.com"}, "InvalidInput"),
        ({"domain_name": "not a name"}, "InvalidInput"),
        ({"certificate_arn": good[0], "passphrase": "abc"}, "InvalidInput"),
        ({}, "InvalidInput"),
        ({"certificate_arn": good[1]}, ""),
    ]
    items = [
        {**case, "path": str(tmp_path / (case.get("certificate_arn") or f"item-{number}")[-12:])}
        for number, (case, _code) in enumerate(cases)
    ]
    items[13]["path"] = str(tmp_path / "elsewhere")
    for is_check in (True, False):
        result = run(is_check=is_check, certificates=items, return_private_key=True)
        assert result["failed"] and result["changed"] and len(result["exports"]) == len(cases)
        for number, ((case, code), item) in enumerate(zip(cases, result["exports"]), 1):
            if is_check and code in ("AccessDeniedException", "pem", "key-matches-certificate"):
                continue  # only an export shows these
            if is_check and case.get("domain_name") == "nobody.example.com":
                assert (
                    item["changed"] and "nobody.example.com" in result["warnings"][0]
                )  # an earlier task may request it
                continue
            error = item.get("error", {})
            assert error.get("rule", error.get("code", "")) == code, (number, item.get("msg"))
            assert bool(item.get("failed")) is bool(code) and item["changed"] is not bool(code)
            if code:
                assert re.search(rf"\bItems? [^:]*\b{number}\b", result["msg"]), (number, result["msg"])
                assert "private_key" not in item
    assert [bool(each.get("private_key")) for each in result["exports"]] == [not code for _case, code in cases]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == sorted(
        arn[-12:] for arn in (*good, unreadable)
    )


def test_two_items_may_not_write_the_same_file(run: Any, site: Site, acm: CountingAcm, tmp_path: Path) -> None:
    arns = [site.request(site.name()), site.request(site.name())]
    result = run(certificates=[{"certificate_arn": arn, "path": str(tmp_path)} for arn in arns])
    assert [bool(each.get("failed")) for each in result["exports"]] == [False, True]
    assert "items 1 and 2" in result["msg"]
    same = {"cert": {"path": "x.pem"}, "key": {"path": "x.pem"}}
    assert "several forms" in run(certificate_arn=arns[0], path=str(tmp_path), files=same)["msg"]


# ---------------------------------------------------------------- keys, passphrases, renewal


def test_the_key_is_returned_only_on_request(run: Any, site: Site, acm: CountingAcm, pki: Any, tmp_path: Path) -> None:
    arn = site.request(site.name())
    foreseen = run(is_check=True, certificate_arn=arn, return_private_key=True)
    assert not foreseen["changed"] and "private_key" not in foreseen["export"]
    assert "ExportCertificate" not in acm.calls
    result = run(certificate_arn=arn, return_private_key=True)["export"]
    assert not result["changed"] and result["exported"]
    assert pem.key_matches(pem.load_private_key(result["private_key"]), pem.load_certificate(result["certificate"]))
    run(certificate_arn=arn, path=str(tmp_path))
    at_hand = run(certificate_arn=arn, path=str(tmp_path), return_private_key=True)["export"]
    assert at_hand["private_key"] == result["private_key"] and not at_hand["exported"]
    store = run(certificate_arn=arn, return_pkcs12=True, passphrase="keystore")["export"]["pkcs12"]
    assert pkcs12.load(base64.b64decode(store), b"keystore")[1] == pem.load_certificate(result["certificate"])


def test_an_export_keeps_the_renewal_alive(run: Any, site: Site, tmp_path: Path) -> None:
    arn = site.request(site.name())
    idle = run(certificate_arn=arn)
    assert idle["export"]["renewal_eligibility"] == "INELIGIBLE" and idle["export"]["renewal_depends_on_export"]
    assert "will not renew" in idle["warnings"][0]
    exported = run(certificate_arn=arn, path=str(tmp_path))
    assert exported["export"]["renewal_eligibility"] == "ELIGIBLE" and "warnings" not in exported
    site.renew(arn)
    assert "warnings" in run(certificate_arn=arn)
    assert run(certificate_arn=arn, path=str(tmp_path))["export"]["renewal_eligibility"] == "ELIGIBLE"


@pytest.mark.parametrize(("changes", "warns"), [({}, True), ({"Serial": "0a:0b"}, False)])
def test_a_renewal_right_after_the_export_causes_no_warning(
    run: Any, site: Site, acm: CountingAcm, tmp_path: Path, changes: dict[str, str], warns: bool
) -> None:
    """The new one is INELIGIBLE until it is exported in turn, which the next run does."""
    arn = site.request(site.name())

    def seen(answer: dict[str, Any]) -> dict[str, Any]:
        if "ExportCertificate" in acm.calls:
            answer["Certificate"].update(RenewalEligibility="INELIGIBLE", **changes)
        return answer

    acm.spoil[f"DescribeCertificate {arn}"] = seen
    warnings = run(certificate_arn=arn, path=str(tmp_path)).get("warnings", [])
    assert [("still reports INELIGIBLE after this export" in each) for each in warnings] == [True] * warns


# ---------------------------------------------------------------- the way to AWS


def test_over_http(run_module: Any, site: Site, tmp_path: Path) -> None:
    name = site.name()
    site.request(name)
    with acm_endpoint(site.path, throttle_share=0.2, seed=3) as acm:
        options = {**acm.connection, "domain_name": name, "path": str(tmp_path / "tls")}
        made = run_module("acm_export", options)
        assert made["changed"] and made["export"]["renewal_eligibility"] == "ELIGIBLE"
        acm.knobs.throttle_share, acm.knobs.unknown = 0.0, ("SearchCertificates",)
        acm.calls.clear()
        assert not run_module("acm_export", options)["changed"]
        done = [call.operation for call in acm.calls if call.outcome == "ok"]
        assert set(done[:-1]) == {"ListCertificates"} and done[-1] == "GetCertificate"


# ---------------------------------------------------------------- the module as a whole


def test_the_module_from_arguments_to_files(run_module: Any, site: Site, tmp_path: Path) -> None:
    arn = site.request(site.name())
    options = {"authority": site.path, "certificate_arn": arn, "path": str(tmp_path / "tls"), "_ansible_diff": True}
    made = run_module("acm_export", options)
    assert made["changed"] and made["export"]["renewal_eligibility"] == "ELIGIBLE"
    key = (tmp_path / "tls" / "privkey.pem").read_text()
    assert key.splitlines()[1] not in json.dumps(made) and "PRIVATE KEY" not in json.dumps(made)
    assert not run_module("acm_export", options)["changed"]
    assert run_module("acm_export", {"authority": site.path})["failed"]
    listed = {"authority": site.path, "certificates": [{"certificate_arn": arn}], "path": "/x"}
    assert "certificates and path cannot be given together" in run_module("acm_export", listed)["msg"]


def test_a_pkcs12_is_recreated_when_its_alias_or_encryption_changes(run: Any, site: Site, tmp_path: Path) -> None:
    """Checked with OpenSSL, which needs its legacy provider for Triple DES."""
    arn, store = site.request(site.name()), tmp_path / "bundle.p12"
    options = {
        "certificate_arn": arn,
        "path": str(tmp_path),
        "files": {"pkcs12": {}, "key": {}},
        "passphrase": "keystore",
    }

    def seen(*more: str) -> str:
        done = openssl("pkcs12", "-in", store, "-passin", "pass:keystore", "-nokeys", "-info", *more)
        return done.stdout + done.stderr if done.returncode == 0 else ""

    assert run(**options)["changed"] and "AES-256-CBC" in seen()
    forms: list[dict[str, Any]] = [{"pkcs12_alias": "tomcat"}, {"pkcs12_alias": "tomcat", "pkcs12_legacy": True}, {}]
    for form in forms:
        foreseen = run(is_check=True, **options, **form)
        made = run(**options, **form)
        assert made["changed"] and made["diff"] == foreseen["diff"]
        assert [each["changed"] for each in made["export"]["files"]] == [True, False]
        assert not made["export"]["exported"]  # the key was at hand
        assert not run(**options, **form)["changed"]
        if form.get("pkcs12_legacy"):
            assert "friendlyName: tomcat" in seen("-legacy") and "pbeWithSHA1And3-KeyTripleDES-CBC" in seen("-legacy")
        elif form:
            assert "friendlyName: tomcat" in seen()
    assert "AES-256-CBC" in seen()


@pytest.mark.skipif(shutil.which("keytool") is None, reason="There is no keytool (default-jre-headless).")
@pytest.mark.parametrize("is_legacy", [False, True])
def test_java_finds_the_key_under_its_alias(run: Any, site: Site, tmp_path: Path, is_legacy: bool) -> None:
    form = {"files": {"pkcs12": {}}, "passphrase": "keystore", "pkcs12_alias": "tomcat", "pkcs12_legacy": is_legacy}
    run(certificate_arn=site.request(site.name()), path=str(tmp_path), **form)
    command = [
        "keytool",
        "-list",
        "-keystore",
        str(tmp_path / "bundle.p12"),
        "-storepass",
        "keystore",
        "-storetype",
        "PKCS12",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "tomcat" in done.stdout and "PrivateKeyEntry" in done.stdout, done.stdout + done.stderr
