# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's server, used by programs that know nothing about it: the AWS CLI, AWS's SDK for JavaScript,
community.aws's modules, and Cloud Custodian."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import opening
from ansible_collections.certops.acm.tests.support.pki import Pki
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.wire.test_command_line import (
    COLLECTION,
    Running,
    ca_arn,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NAME = "imported.example.com"
RUN_MODULE = """
import importlib, json, sys
from ansible.module_utils import basic
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=sys.path, scan_sys_paths=False)._install()
basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(sys.argv[2])}).encode()
basic._ANSIBLE_PROFILE = "legacy"
importlib.import_module(f"ansible_collections.community.aws.plugins.modules.{sys.argv[1]}").main()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    program = Running(tmp_path_factory.mktemp("others") / "authority")
    yield program
    assert program.end() == (0, "")


def environment(running: Running, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
        **running.variables, **more,
    }  # fmt: skip


@pytest.fixture
def aws(running: Running) -> Callable[..., Any]:
    """`aws acm …` → its JSON, or the error code that it shows."""
    program = shutil.which("aws")
    if program is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("The AWS CLI is not installed.")

    def run(*arguments: str) -> Any:
        # Debian's is older than AWS_ENDPOINT_URL_ACM.
        command = [str(program), "acm", "--endpoint-url", running.url, "--output", "json", *arguments]
        done = subprocess.run(command, env=environment(running), capture_output=True, text=True, check=False)
        if done.returncode:
            assert "An error occurred (" in done.stderr, done.stderr
            return done.stderr.partition("(")[2].partition(")")[0]
        return json.loads(done.stdout or "null")

    return run


def test_the_aws_cli(aws: Callable[..., Any], tmp_path: Path) -> None:
    pair = Pki().leaf(NAME, kind="2048")
    for name, text in (("leaf", pair.pem), ("key", pair.key_pem), ("chain", pair.chain_pem)):
        (tmp_path / name).write_text(text)
    material = [f"--certificate=fileb://{tmp_path}/leaf", f"--private-key=fileb://{tmp_path}/key"]
    imported = aws("import-certificate", *material, f"--certificate-chain=fileb://{tmp_path}/chain")["CertificateArn"]
    assert aws("get-certificate", f"--certificate-arn={imported}")["Certificate"] == pair.pem
    requested = aws(
        "request-certificate", "--domain-name=www.example.com", "--subject-alternative-names=*.example.com",
        "--validation-method=DNS", "--idempotency-token=cli", "--tags=Key=team,Value=web",
    )["CertificateArn"]  # fmt: skip
    shown = aws("describe-certificate", f"--certificate-arn={requested}")["Certificate"]
    assert (shown["Status"], shown["KeyAlgorithm"], shown["Type"]) == (
        "PENDING_VALIDATION",
        "RSA-2048",
        "AMAZON_ISSUED",
    )
    assert {each["ResourceRecord"]["Type"] for each in shown["DomainValidationOptions"]} == {"CNAME"}
    # The CLI's own paging: more pages than it is asked to show.
    listed = aws("list-certificates", "--page-size=1", "--includes=keyTypes=RSA_2048")["CertificateSummaryList"]
    assert [each["CertificateArn"] for each in listed] == [requested, imported]
    tags = aws("list-tags-for-certificate", f"--certificate-arn={requested}")["Tags"]
    assert tags == [{"Key": "team", "Value": "web"}]
    assert aws("get-certificate", f"--certificate-arn={requested}") == "RequestInProgressException"
    assert aws("renew-certificate", f"--certificate-arn={imported}") == "ValidationException"
    for arn in (requested, imported):
        assert aws("delete-certificate", f"--certificate-arn={arn}") is None
    assert aws("describe-certificate", f"--certificate-arn={imported}") == "ResourceNotFoundException"


def test_the_examples_of_the_aws_cli(aws: Callable[..., Any], running: Running, tmp_path: Path) -> None:
    """A command for each topic that the AWS CLI documents for ACM, as its examples show it."""
    pair, authority = Pki().leaf("shop.example.org", kind="2048"), opening.open_authority(str(running.path))
    authority.configure({"resolvers": ["127.0.0.1:9"]})  # no name server answers, so what waits goes on waiting
    for name, text in (("leaf", pair.pem), ("key", pair.key_pem), ("chain", pair.chain_pem), ("word", "open sesame")):
        (tmp_path / name).write_text(text)
    file = {name: f"file://{tmp_path}/{name}" for name in ("leaf", "key", "chain", "word")}

    def request(name: str, method: str, *more: str) -> str:
        return str(
            aws("request-certificate", "--domain-name", name, "--validation-method", method, *more)["CertificateArn"]
        )

    # import-certificate, get-certificate
    chain = ("--certificate-chain", file["chain"])
    imported = aws("import-certificate", "--certificate", file["leaf"], *chain, "--private-key", file["key"])[
        "CertificateArn"
    ]
    got = aws("get-certificate", "--certificate-arn", imported)
    assert (got["Certificate"], got["CertificateChain"]) == (pair.pem, pair.chain_pem)

    # request-certificate: one idempotency token serves for several requests
    token = ("--idempotency-token", "91adc45q")
    first = request("www.example.org", "DNS")
    twice = [request("www.example.org", "DNS", *token) for _again in range(2)]
    assert twice[0] == twice[1]
    others = [
        request("example.org", "DNS", *token, "--subject-alternative-names", *names)
        for names in (["www.example.net"], ["www.example.org"], ["*.example.org"], ["b.example.org", "c.example.org"])
    ]
    assert len({first, *twice, *others}) == 6
    where = "DomainName=example.org,ValidationDomain=example.org"
    mailed = request(
        "example.org", "EMAIL", "--subject-alternative-names", "www.example.org", "--domain-validation-options", where
    )
    silent = request("www.example.org", "DNS", "--options", "CertificateTransparencyLoggingPreference=DISABLED")

    # describe-certificate
    def described(arn: str) -> dict[str, Any]:
        return dict(aws("describe-certificate", "--certificate-arn", arn)["Certificate"])

    assert described(silent)["Options"]["CertificateTransparencyLoggingPreference"] == "DISABLED"
    names = {
        option["DomainName"]: option["ValidationDomain"] for option in described(mailed)["DomainValidationOptions"]
    }
    assert names == {"example.org": "example.org", "www.example.org": "www.example.org"}

    # resend-validation-email
    assert (
        aws(
            "resend-validation-email",
            "--certificate-arn",
            mailed,
            "--domain",
            "www.example.org",
            "--validation-domain",
            "example.org",
        )
        is None
    )
    refused = aws(
        "resend-validation-email",
        "--certificate-arn",
        first,
        "--domain",
        "www.example.org",
        "--validation-domain",
        "example.org",
    )
    assert refused == "InvalidStateException"

    # add-tags-to-certificate, list-tags-for-certificate, remove-tags-from-certificate
    tags = ("--tags", "Key=Owner,Value=Ida", "Key=Use,Value=Shop")
    assert aws("add-tags-to-certificate", "--certificate-arn", imported, *tags) is None
    listed = aws("list-tags-for-certificate", "--certificate-arn", imported)["Tags"]
    assert listed == [{"Key": "Owner", "Value": "Ida"}, {"Key": "Use", "Value": "Shop"}]
    assert aws("remove-tags-from-certificate", "--certificate-arn", imported, *tags) is None
    assert aws("list-tags-for-certificate", "--certificate-arn", imported)["Tags"] == []

    # update-certificate-options
    opted_out = ("--options", "CertificateTransparencyLoggingPreference=DISABLED")
    assert aws("update-certificate-options", "--certificate-arn", imported, *opted_out) == "InvalidStateException"
    assert aws("update-certificate-options", "--certificate-arn", mailed, *opted_out) is None
    assert described(mailed)["Options"]["CertificateTransparencyLoggingPreference"] == "DISABLED"

    # list-certificates
    pages = [aws("list-certificates", "--max-items", "2")]
    while "NextToken" in pages[-1]:
        pages.append(aws("list-certificates", "--max-items", "2", "--starting-token", pages[-1]["NextToken"]))
    seen = [each["CertificateArn"] for page in pages for each in page["CertificateSummaryList"]]
    assert (
        seen == [each["CertificateArn"] for each in aws("list-certificates")["CertificateSummaryList"]]
        and len(seen) >= 9
    )
    pending = aws("list-certificates", "--certificate-statuses", "PENDING_VALIDATION")["CertificateSummaryList"]
    assert {first, *twice, *others, mailed, silent} == {each["CertificateArn"] for each in pending}
    includes = "extendedKeyUsage=CODE_SIGNING,keyUsage=DIGITAL_SIGNATURE,keyTypes=RSA_2048"
    assert aws("list-certificates", "--max-items", "10", "--includes", includes)["CertificateSummaryList"] == []

    # export-certificate, of a private certificate
    authority.cas.private("lab", key_algorithm="RSA_2048")
    arn = ca_arn(running.path, "lab")
    private = aws("request-certificate", "--domain-name", "db.internal", "--certificate-authority-arn", arn)[
        "CertificateArn"
    ]
    exported = aws("export-certificate", "--certificate-arn", private, "--passphrase", file["word"])
    assert "ENCRYPTED PRIVATE KEY" in exported["PrivateKey"] and exported["CertificateChain"]
    assert load_pem_private_key(exported["PrivateKey"].encode(), b"open sesame").key_size == 2048

    # delete-certificate
    ours = {imported, private, mailed, silent, first, twice[0], *others}
    for each in ours:
        assert aws("delete-certificate", "--certificate-arn", each) is None
    assert not ours & {each["CertificateArn"] for each in aws("list-certificates")["CertificateSummaryList"]}


def test_the_modules_of_community_aws(running: Running) -> None:
    peers = os.environ.get("ACM_PEERS")
    if not peers:
        pytest.skip("ACM_PEERS names no folder with community.aws; ./run test does.")
    path = os.pathsep.join([str(COLLECTION.parents[2]), peers])
    where = {"endpoint_url": running.url, "region": running.variables["AWS_REGION"]}

    def run(module: str, **arguments: Any) -> dict[str, Any]:
        command = [sys.executable, "-B", "-c", RUN_MODULE, module, json.dumps({**where, **arguments})]
        env = environment(running, PYTHONPATH=path)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return dict(json.loads(done.stdout))

    pki = Pki()
    pair, other = pki.leaf(NAME, kind="2048"), pki.leaf(NAME, kind="2048", number=1)
    wanted = {"certificate": pair.pem, "private_key": pair.key_pem, "certificate_chain": pair.chain_pem}
    made = run("acm_certificate", name_tag="peer", tags={"team": "web"}, **wanted)
    assert made["changed"] and made["certificate"]["domain_name"] == NAME
    arn = made["certificate"]["arn"]
    assert run("acm_certificate", name_tag="peer", tags={"team": "web"}, **wanted)["changed"] is False
    renewed = {"certificate": other.pem, "private_key": other.key_pem, "certificate_chain": other.chain_pem}
    again = run("acm_certificate", name_tag="peer", **renewed)
    assert again["changed"] and again["certificate"]["arn"] == arn, again
    (found,) = run("acm_certificate_info", certificate_arn=arn)["certificates"]
    assert found["certificate"] == other.pem and found["tags"] == {"Name": "peer", "team": "web"}
    assert (found["status"], found["type"], found["key_algorithm"]) == ("ISSUED", "IMPORTED", "RSA-2048")
    assert run("acm_certificate", certificate_arn=arn, state="absent")["changed"]
    assert run("acm_certificate_info", domain_name=NAME)["certificates"] == []


JAVASCRIPT = """
const { createRequire } = require("module");
const acm = createRequire(process.argv[2] + "/")("@aws-sdk/client-acm");
(async () => {
  const client = new acm.ACMClient({ endpoint: process.env.AWS_ENDPOINT_URL_ACM, region: process.env.AWS_REGION });
  const told = {};
  const { CertificateArn } = await client.send(new acm.RequestCertificateCommand(
    { DomainName: "js.example.com", ValidationMethod: "DNS", Tags: [{ Key: "team", Value: "web" }] }));
  const described = await client.send(new acm.DescribeCertificateCommand({ CertificateArn }));
  told.status = described.Certificate.Status;
  told.created = described.Certificate.CreatedAt instanceof Date;
  told.tags = (await client.send(new acm.ListTagsForCertificateCommand({ CertificateArn }))).Tags;
  told.listed = 0;
  for await (const page of acm.paginateListCertificates({ client, pageSize: 1 }, {})) told.listed += page.CertificateSummaryList.length;
  try { await client.send(new acm.GetCertificateCommand({ CertificateArn })); }
  catch (error) { told.pending = [error.name, error instanceof acm.RequestInProgressException]; }
  await client.send(new acm.DeleteCertificateCommand({ CertificateArn }));
  try { await client.send(new acm.DescribeCertificateCommand({ CertificateArn })); }
  catch (error) { told.gone = [error.name, error.$metadata.httpStatusCode, !!error.$metadata.requestId]; }
  console.log(JSON.stringify(told));
})();
"""


def test_the_javascript_sdk(running: Running, tmp_path: Path) -> None:
    """CI brings the SDK into .work/node; elsewhere ACM_NODE names a folder in which npm has installed it."""
    node, folder = shutil.which("node"), os.environ.get("ACM_NODE")
    if node is None or not folder:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("node is not installed." if node is None else "ACM_NODE names no folder with @aws-sdk/client-acm.")
    (tmp_path / "client.js").write_text(JAVASCRIPT)
    done = subprocess.run(
        [str(node), str(tmp_path / "client.js"), str(folder)],
        env=environment(running), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "status": "PENDING_VALIDATION",
        "created": True,
        "tags": [{"Key": "team", "Value": "web"}],
        "listed": 1,
        "pending": ["RequestInProgressException", True],
        "gone": ["ResourceNotFoundException", 400, True],
    }


POLICIES = """
policies:
  - name: not-ours
    resource: aws.acm-certificate
    filters:
      - type: value
        key: DomainName
        op: glob
        value: "*.example.com"
"""


def test_cloud_custodian(running: Running, tmp_path: Path) -> None:
    """CI brings it into .work/custodian; elsewhere ACM_CUSTODIAN names the program."""
    program = os.environ.get("ACM_CUSTODIAN")
    if not program:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("ACM_CUSTODIAN names no program custodian.")
    for name in ("www.example.com", "www.example.net"):
        pair = Pki().leaf(name, kind="2048")
        running.client().import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    (tmp_path / "policies.yml").write_text(POLICIES)
    done = subprocess.run(
        [str(program), "run", "--cache", "", "-r", running.variables["AWS_REGION"], "-s", str(tmp_path / "out"), "policies.yml"],
        cwd=tmp_path, env={**environment(running), "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "not-ours" / "resources.json").read_text())
    assert [each["DomainName"] for each in found] == ["www.example.com"]
