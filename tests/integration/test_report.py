# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook certops.acm.report: two ACMs, two hosts that serve, one that is silent, and where the page goes."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.acm_endpoint import AcmEndpoint, acm_endpoint
from ansible_collections.certops.acm.tests.support.moto_server import ACCOUNT, REGION, moto_server
from ansible_collections.certops.acm.tests.support.pki import Pki
from ansible_collections.certops.acm.tests.support.programs import finish

PASSPHRASE = b"a passphrase"
NAMES = ("www.corp.test", "api.corp.test")


class TlsServer:
    """Serves one certificate on loopback, and counts who looks."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, password=PASSPHRASE)
        self.looks = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _address = self._socket.accept()
            except OSError:
                return
            self.looks += 1
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(1)
            except OSError:
                pass

    def close(self) -> None:
        self._socket.close()


class Fleet:
    def __init__(self, folder: Path, acm: AcmEndpoint, lab: AcmEndpoint) -> None:
        self.folder, self.acm, self.lab = folder, acm, lab
        self.page = folder / "www" / "fleet.html"
        self.page.parent.mkdir()
        ca = acm.authority.cas.private("corp", key_algorithm="EC_prime256v1").arn
        request = {"CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}
        client = acm.client()
        self.arns = [str(client.request_certificate(DomainName=name, **request)["CertificateArn"]) for name in NAMES]
        self.servers = [TlsServer(self.exported(client, arn)) for arn in self.arns]
        self.lab.client().import_certificate(**hostile_import())
        _identifier, secret = acm.connection["access_key"], acm.connection["secret_key"]
        self.env = {
            "HOME": str(folder / "home"),
            "AWS_ACCESS_KEY_ID": _identifier,
            "AWS_SECRET_ACCESS_KEY": secret,
            "ANSIBLE_SHOW_CUSTOM_STATS": "true",
        }
        (folder / "home").mkdir()
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {
            f"web{number + 1}": {
                **local,
                "acm_deploy_certificates": [{"domain_name": name}],
                "acm_deploy_services": [{"name": "app", "host": "127.0.0.1", "ports": [server.port]}],
            }
            for number, (name, server) in enumerate(zip(NAMES, self.servers))
        }
        silent = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_timeout": 2}
        hosts["web3"] = {**hosts["web2"], **silent}
        variables = {"acm_deploy_region": acm.region, "acm_deploy_endpoint_url": acm.url}
        inventory = {"all": {"children": {"web": {"hosts": hosts, "vars": variables}}}}
        self.inventory = folder / "hosts.json"
        self.inventory.write_text(json.dumps(inventory), encoding="utf-8")

    def exported(self, client: Any, arn: str) -> Path:
        answer = client.export_certificate(CertificateArn=arn, Passphrase=PASSPHRASE)
        path = self.folder / f"{arn[-12:]}.pem"
        path.write_text("\n".join(answer[part] for part in ("Certificate", "CertificateChain", "PrivateKey")))
        return path

    def report(self, *words: str, inventory: Path | None = None, fails: bool = False, **variables: Any) -> str:
        given = {
            "acm_report_path": str(self.page),
            "acm_report_connections": [{"authority": str(self.lab.authority.path)}],
            "acm_report_diagnose": False,
            **variables,
        }
        everywhere = ["-i", str(inventory or self.inventory), "-e", json.dumps(given), *words]
        done = finish(["ansible-playbook", "certops.acm.report", *everywhere], self.folder, self.env)
        assert bool(done.returncode) is fails, done.stdout
        return " ".join(done.stdout.split())

    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.page.with_suffix(".json").read_text(encoding="utf-8")))

    def states(self) -> dict[str, list[str]]:
        return {host["name"]: [place["state"] for place in host["places"]] for host in self.data()["hosts"]}

    def close(self) -> None:
        for server in self.servers:
            server.close()


HOSTILE = "{{ lookup('pipe', 'touch $HOME/hacked') }}</script><b>"


def hostile_import() -> dict[str, bytes]:
    """Its issuer is a template that touches a file, and ends a script."""
    pair = Pki().issue(HOSTILE, names=("imported.corp.test",), not_before=-300, days=320)
    return {"Certificate": pair.pem.encode(), "PrivateKey": pair.key_pem.encode()}


@pytest.fixture(name="fleet", scope="module")
def fixture_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("r")
    with acm_endpoint(folder / "acm") as acm, acm_endpoint(folder / "lab") as lab:
        fleet = Fleet(folder, acm, lab)
        yield fleet
        fleet.close()


def test_one_read_of_acm_and_one_look_per_host(fleet: Fleet) -> None:
    fleet.acm.calls.clear()
    said = fleet.report()
    assert fleet.acm.count("SearchCertificates") + fleet.acm.count("ListCertificates") == 1
    assert fleet.acm.count("DescribeCertificate") == fleet.acm.count("GetCertificate") == 2
    assert [server.looks for server in fleet.servers] == [1, 1]
    assert fleet.states() == {"localhost": [], "web1": ["current"], "web2": ["current"], "web3": ["unknown"]}
    data = fleet.data()
    assert len(data["certificates"]) == 3 and {each["account"] for each in data["certificates"]} == {"123456789012"}
    kinds = {item["kind"]: item for item in data["attention"]}
    assert kinds["host_unreachable"]["hosts"] == ["web3"]
    assert kinds["expiring"]["title"].startswith("imported.corp.test expires on ")
    assert f"{fleet.page} shows 3 certificates and 3 hosts" in said
    assert '"certificates": 3' in said or "certificates: 3" in said  # the artifacts of an AWX job


def test_names_from_outside_are_neither_templates_nor_html(fleet: Fleet) -> None:
    (issuer,) = [each["issuer"] for each in fleet.data()["certificates"] if each["type"] == "IMPORTED"]
    assert issuer == HOSTILE
    assert not (fleet.folder / "home" / "hacked").exists()
    page = fleet.page.read_text(encoding="utf-8")
    assert (
        "{{ lookup('pipe', 'touch $HOME/hacked') }}\\u003c/script\\u003e\\u003cb\\u003e" in page and "<b>" not in page
    )


def test_the_second_run_changes_only_the_time(fleet: Fleet) -> None:
    before = fleet.data()
    said = fleet.report()
    after = fleet.data()
    assert "changed=0" in said and "changed=1" not in said
    for data in (before, after):
        data.pop("made_at")
    assert before == after
    modes = {path.name: path.stat().st_mode & 0o777 for path in fleet.page.parent.iterdir()}
    assert modes == {"fleet.html": 0o644, "fleet.json": 0o644, "fleet.csv": 0o644}  # and nothing else is left there


def test_check_mode_writes_nothing(fleet: Fleet) -> None:
    contents = {path: path.read_bytes() for path in fleet.page.parent.iterdir()}
    said = fleet.report("--check", "--diff", acm_report_title="Another")
    assert "changed=1" in said
    assert {path: path.read_bytes() for path in fleet.page.parent.iterdir()} == contents
    said = fleet.report("--check", acm_report_path=str(fleet.folder / "new.html"))
    assert not (fleet.folder / "new.html").exists() and "would" not in said


def test_a_limited_report_says_what_is_missing(fleet: Fleet) -> None:
    fleet.report("--limit", "web1")
    data = fleet.data()
    assert data["missing"]["hosts"] == ["web2", "web3"]
    assert fleet.states() == {"web1": ["current"], "web2": ["unknown"], "web3": ["unknown"]}
    assert "host_unreachable" not in [item["kind"] for item in data["attention"]]
    assert "2 hosts were left out of this run" in fleet.page.read_text(encoding="utf-8")


def test_a_renewal_that_is_not_deployed_yet(fleet: Fleet) -> None:
    client = fleet.acm.client()
    before = client.describe_certificate(CertificateArn=fleet.arns[0])["Certificate"]["Serial"]
    client.renew_certificate(CertificateArn=fleet.arns[0])
    now = client.describe_certificate(CertificateArn=fleet.arns[0])["Certificate"]["Serial"]
    assert before != now
    said = fleet.report()
    assert "changed=1" in said
    assert fleet.states()["web1"] == ["outdated"] and fleet.states()["web2"] == ["current"]
    assert [each["serial"] for each in fleet.data()["history"][fleet.arns[0]]] == [now, before]
    assert "web1 serves an earlier certificate for www.corp.test" in fleet.page.read_text(encoding="utf-8")


def test_acm_that_cannot_be_read(fleet: Fleet) -> None:
    """The page is there, says so, and the play fails."""
    missing = fleet.folder / "not-mounted"
    history = fleet.data()["history"]
    said = fleet.report(fails=True, acm_report_connections=[{"authority": str(missing)}])
    assert "The report was written, but ACM could not be read everywhere." in said and not missing.exists()
    data = fleet.data()
    assert data["attention"][0]["title"] == f"ACM could not be read: authority {missing}"
    assert data["history"] == history


def test_without_details_thousands_take_one_call(fleet: Fleet) -> None:
    fleet.acm.calls.clear()
    fleet.report(acm_report_details=False, acm_report_path=str(fleet.folder / "short.html"), acm_report_mode="0600")
    assert fleet.acm.count() == 1
    assert (fleet.folder / "short.html").stat().st_mode & 0o777 == 0o600
    data = json.loads((fleet.folder / "short.json").read_text(encoding="utf-8"))
    assert {host["name"]: [place["state"] for place in host["places"]] for host in data["hosts"]}["web2"] == ["current"]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"acm_report_path": "/srv/x"}, "acm_report_path is '/srv/x': give the path of a file that ends in .html."),
        ({"acm_report_path": "/srv/no/such/x.html"}, "The folder /srv/no/such does not exist on localhost: create it"),
        ({"acm_report_pth": "x"}, "acm_report_pth is not a variable of certops.acm.report"),
    ],
)
def test_mistakes_are_reported_before_anything_is_read(fleet: Fleet, variables: dict[str, Any], sentence: str) -> None:
    fleet.acm.calls.clear()
    assert sentence in fleet.report(fails=True, **variables)
    assert fleet.acm.calls == []


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_other_files_are_left_alone(fleet: Fleet, tmp_path: Path, suffix: str) -> None:
    theirs = tmp_path / f"package{suffix}"
    theirs.write_text('{"name": "theirs"}', encoding="utf-8")
    said = fleet.report(fails=True, acm_report_path=str(tmp_path / "package.html"))
    assert "exists" in said and "choose another acm_report_path" in said
    assert theirs.read_text(encoding="utf-8") == '{"name": "theirs"}' and list(tmp_path.iterdir()) == [theirs]


def test_it_is_uploaded_to_s3(fleet: Fleet) -> None:
    with moto_server() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})
        place = {"bucket": "reports", "object": "certificates/index.html", "region": REGION, "endpoint_url": aws.url}
        fleet.report(acm_report_s3=place)
        kinds = {}
        for suffix in ("html", "json", "csv"):
            found = s3.get_object(Bucket="reports", Key=f"certificates/index.{suffix}")
            kinds[suffix] = found["ContentType"]
            assert found["Body"].read() == fleet.page.with_suffix(f".{suffix}").read_bytes()
        assert kinds == {
            "html": "text/html; charset=utf-8",
            "json": "application/json; charset=utf-8",
            "csv": "text/csv; charset=utf-8",
        }
    assert ACCOUNT  # any will do for moto: those of the environment were used


def test_certificates_are_reported_without_any_host(fleet: Fleet, tmp_path: Path) -> None:
    """An account whose certificates are on load balancers alone."""
    (tmp_path / "hosts.json").write_text("{}", encoding="utf-8")
    fleet.report(
        inventory=tmp_path / "hosts.json",
        acm_report_path=str(tmp_path / "page.html"),
        acm_report_connections=[{"authority": str(fleet.lab.authority.path)}],
    )
    data = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert len(data["certificates"]) == 1 and data["connections"][0]["is_authority"]
