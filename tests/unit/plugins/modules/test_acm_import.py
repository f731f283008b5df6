# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_import on the embedded authority, calls counted, and the table of inputs that must be refused before any call."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible.module_utils import basic
from ansible_collections.certops.acm.plugins.module_utils._acm_import import task as import_task
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.tests.support import broken_material
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.broken_material import given
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

READ = ("DescribeCertificate", "GetCertificate", "SearchCertificates", "ListCertificates", "ListTagsForCertificate")
SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


class CountingAcm(acm.Acm):
    """The door to an embedded authority that notes its calls and can be told to refuse some."""

    def __init__(self, path: str) -> None:
        super().__init__(authority_client(path), self._no_other, is_authority=True)
        self.calls: list[str] = []
        self.refuse: dict[str, str] = {}

    @staticmethod
    def _no_other(service: str) -> Any:
        raise AssertionError(f"no {service} here")

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if operation in self.refuse:
            raise AcmError(operation, self.refuse[operation], "not now")
        return super().call(operation, **members)

    @property
    def writes(self) -> list[str]:
        return [operation for operation in self.calls if operation not in READ]


@pytest.fixture
def acm(tmp_path: Path) -> CountingAcm:
    creation.create(str(tmp_path / "authority"))
    return CountingAcm(str(tmp_path / "authority"))


@pytest.fixture
def run(acm: CountingAcm, pki: Any) -> Callable[..., dict[str, Any]]:
    def task(is_check: bool = False, **options: Any) -> dict[str, Any]:
        acm.calls.clear()
        options = {"keep_root": False, "replace": False, "purge_tags": True, **options}
        result = import_task.run(lambda: acm, options, now=pki.now, is_check=is_check)
        assert "PRIVATE KEY" not in json.dumps(result)
        return result

    return task


def held(acm: CountingAcm, arn: str) -> tuple[x509.Certificate, list[x509.Certificate]]:
    answer = acm.call("GetCertificate", CertificateArn=arn)
    return pem.load_certificate(answer["Certificate"]), pem.load_certificates(answer.get("CertificateChain", ""))


def tags(acm: CountingAcm, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in acm.call("ListTagsForCertificate", CertificateArn=arn)["Tags"]}


# ---------------------------------------------------------------- import, again, anew


def test_import_then_no_change_then_the_successor(run: Any, acm: CountingAcm, pki: Any) -> None:
    first, second = pki.leaf("www.example.com", number=1), pki.leaf("www.example.com", number=2)
    foreseen = run(is_check=True, **given(first))
    assert foreseen["changed"] and acm.writes == [], foreseen
    assert "certificate_arn" not in foreseen["certificate"]

    made = run(**given(first))
    assert made["changed"] and made["actions"] == ["ImportCertificate"]
    assert acm.calls == ["SearchCertificates", "ImportCertificate", "DescribeCertificate"]
    arn = made["certificate"]["certificate_arn"]
    assert held(acm, arn) == (first.certificate, list(first.issuers[:1]))
    for key, value in foreseen["certificate"].items():
        if key != "issuer":
            assert made["certificate"][key] == value, key
    assert made["diff"] == foreseen["diff"]
    assert made["diff"]["before"] == {} and made["diff"]["after"]["serial"] == pem.serial(first.certificate)

    again = run(**given(first))
    assert not again["changed"] and again["actions"] == [] and "diff" not in again
    assert acm.calls[0] == "SearchCertificates"
    assert sorted(acm.calls[1:]) == ["DescribeCertificate", "GetCertificate"], "side by side"
    assert again["certificate"] == made["certificate"]

    foreseen = run(is_check=True, **given(second))
    assert foreseen["changed"] and acm.writes == [], foreseen
    assert foreseen["certificate"]["certificate_arn"] == arn
    successor = run(**given(second))
    assert successor["changed"] and successor["certificate"]["certificate_arn"] == arn
    assert acm.calls == ["SearchCertificates", "GetCertificate", "ImportCertificate", "DescribeCertificate"]
    assert held(acm, arn)[0] == second.certificate
    assert successor["diff"]["before"]["serial"] == pem.serial(first.certificate)
    assert successor["diff"] == foreseen["diff"]
    assert successor["certificate"]["fingerprint"] == pem.fingerprint(second.certificate)
    assert foreseen["certificate"]["serial"] == successor["certificate"]["serial"]


def test_another_chain_is_a_change(run: Any, acm: CountingAcm, pki: Any) -> None:
    pair = pki.leaf()
    arn = run(**given(pair, certificate_chain=None))["certificate"]["certificate_arn"]
    changed = run(**given(pair))
    assert changed["actions"] == ["ImportCertificate"] and changed["certificate"]["certificate_arn"] == arn
    assert held(acm, arn)[1] == list(pair.issuers[:1])
    with_root = {**given(pair), "certificate_chain": pair.chain_pem + pem.certificate_pem(pair.root)}
    assert not run(**with_root)["changed"]
    assert run(**with_root, keep_root=True)["changed"]
    assert held(acm, arn)[1] == list(pair.issuers)
    assert not run(**with_root, keep_root=True)["changed"]


def test_a_missing_chain_is_warned_about(run: Any, pki: Any) -> None:
    assert "No chain was given" in run(**given(pki.leaf(), certificate_chain=None))["warnings"][0]
    assert "warnings" not in run(**given(pki.leaf()))
    assert "warnings" not in run(**given(pki.issue("self.example.com")))


def test_by_arn(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = run(**given(pki.leaf("old.example.com")))["certificate"]["certificate_arn"]
    successor = given(pki.leaf("new.example.org", "old.example.com", number=3), certificate_arn=arn)
    other = run(**successor)
    assert other["certificate"]["certificate_arn"] == arn and other["certificate"]["domain_name"] == "new.example.org"
    assert acm.calls == ["DescribeCertificate", "GetCertificate", "ImportCertificate", "DescribeCertificate"]
    run(**successor)
    assert acm.calls == ["DescribeCertificate", "GetCertificate"]


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (
            "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
            "There is no certificate",
        ),
        ("arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000", "eu-west-1"),
        ("arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x", "not the ARN of a certificate"),
        (
            "arn:aws:acm:us-east-1:12345:certificate/1",
            "certificate_arn is arn:aws:acm:us-east-1:12345:certificate/1, which is",
        ),
        ("arn:aws:acm:us-east-1:123456789012:certificate/1\n", "not the ARN of a certificate"),
        ("certificate/1", "is not an ARN"),
    ],
)
def test_an_arn_that_does_not_exist(run: Any, acm: CountingAcm, pki: Any, arn: str, reason: str) -> None:
    result = run(**given(pki.leaf(), certificate_arn=arn))
    assert result["failed"] and not result["changed"] and reason in result["msg"]
    assert acm.writes == []


def test_a_requested_certificate_is_not_imported_over(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = acm.call("RequestCertificate", DomainName="www.example.com", ValidationMethod="DNS")["CertificateArn"]
    result = run(**given(pki.leaf(), certificate_arn=arn))
    assert result["failed"] and "AMAZON_ISSUED" in result["msg"] and acm.writes == []
    assert run(**given(pki.leaf()))["certificate"]["certificate_arn"] != arn


def test_each_key_algorithm_is_a_separate_certificate(run: Any, pki: Any) -> None:
    one = run(**given(pki.leaf("www.example.com", kind="P-256")))["certificate"]
    two = run(**given(pki.leaf("www.example.com", kind="2048")))["certificate"]
    assert one["certificate_arn"] != two["certificate_arn"]
    assert (one["key_algorithm"], two["key_algorithm"]) == ("EC_prime256v1", "RSA_2048")
    assert not run(**given(pki.leaf("www.example.com", kind="P-256")))["changed"]


def test_names_in_any_order_and_case_are_the_same_certificate(run: Any, pki: Any) -> None:
    arn = run(**given(pki.leaf("www.example.com", "example.com")))["certificate"]["certificate_arn"]
    again = run(**given(pki.leaf("EXAMPLE.com", "WWW.example.com", number=4)))
    assert again["certificate"]["certificate_arn"] == arn
    other = run(**given(pki.leaf("www.example.com", number=5)))
    assert other["certificate"]["certificate_arn"] != arn


def test_a_common_name_that_is_not_a_domain_does_not_matter(run: Any, pki: Any) -> None:
    made = run(**given(pki.issue("Web server 3", names=("www.example.com",))))
    again = run(**given(pki.issue("Web server 3", names=("www.example.com",))))
    assert again["changed"] and again["certificate"]["certificate_arn"] == made["certificate"]["certificate_arn"]


# ---------------------------------------------------------------- the second run changes nothing


# What is imported → how it is made; each is imported, imported again, and looked at in check mode, alone and among others
CERTIFICATES: dict[str, Callable[[Any], Any]] = {
    "a name": lambda pki: pki.leaf("www.example.com"),
    "many names": lambda pki: pki.issue("a.example.com", names=tuple(f"n{number}.example.com" for number in range(100))),
    "a wildcard": lambda pki: pki.issue("*.example.com"),
    "upper case": lambda pki: pki.issue("WWW.Example.COM"),
    "mixed case": lambda pki: pki.issue("Www.example.com", names=("Www.example.com", "EXAMPLE.com")),
    "a name twice": lambda pki: pki.issue("www.example.com", names=("www.example.com", "WWW.example.com")),
    "a trailing dot": lambda pki: pki.issue("www.example.com.", names=("www.example.com.",)),
    "blanks": lambda pki: pki.issue("my name", names=(" www.example.com ", "my name")),
    "an underscore": lambda pki: pki.issue("vpn_server.example.com"),
    "no name at all in a label": lambda pki: pki.issue("www..example.com"),
    "a label alone": lambda pki: pki.issue("localhost"),
    "Punycode": lambda pki: pki.issue("xn--bcher-kva.example.com"),
    "bad Punycode": lambda pki: pki.issue("xn--999999999.example.com"),
    "Unicode in the subject": lambda pki: pki.issue("bücher.example.com", names=("xn--bcher-kva.example.com",)),
    "Unicode in the subject alone": lambda pki: pki.issue("bücher.example.com", names=()),
    "an address as a name": lambda pki: pki.issue("192.0.2.1", names=("192.0.2.1",)),
    "odd letters": lambda pki: pki.issue("odd", names=("localhost.localstack.cloudIP:127.0.0.1", "*.*.example.com", "a@b")),
    "a common name that is no domain": lambda pki: pki.issue("Web server 3", names=("www.example.com",)),
    "a common name beside the names": lambda pki: pki.issue("other.example.com", names=("www.example.com",)),
    "a common name alone": lambda pki: pki.issue("www.example.com", names=()),
    "CN=server": lambda pki: pki.issue("server", pki.authority(), names=()),
    "a service": lambda pki: pki.issue("My Awesome Service", pki.authority(), names=()),
    "a root": lambda pki: pki.authority("My root"),
    "an address": lambda pki: pki.issue(None, pki.authority(), addresses=("192.0.2.1",)),
    "two addresses": lambda pki: pki.issue(None, pki.authority(), addresses=("2001:db8::1", "192.0.2.1")),
    "an address as common name": lambda pki: pki.issue("192.0.2.1", pki.authority(), names=(), addresses=("192.0.2.1",)),
    "an address as common name alone": lambda pki: pki.issue("192.0.2.2", pki.authority(), names=()),
    "a subject without a common name": lambda pki: pki.issue(
        None, pki.authority(), more=(x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]),)
    ),
    "RSA": lambda pki: pki.leaf("www.example.com", kind="2048"),
    "RSA below EC": lambda pki: pki.issue("www.example.com", pki.authority(), key=pki.key("2048")),
}  # fmt: skip


@pytest.mark.parametrize("has_search", [True, False])
@pytest.mark.parametrize("what", CERTIFICATES)
def test_the_second_run_changes_nothing(run: Any, acm: CountingAcm, pki: Any, what: str, has_search: bool) -> None:
    if not has_search:
        acm.refuse = {"SearchCertificates": "UnknownOperationException"}
    for neighbour in (
        pki.leaf("neighbour.example.com"),
        pki.issue("client", pki.authority(), names=()),
        pki.issue(None, pki.authority(), addresses=("192.0.2.9",)),
        pki.authority("Another root"),
    ):
        run(**given(neighbour))
    options = given(CERTIFICATES[what](pki))
    foreseen = run(is_check=True, **options)
    assert foreseen["changed"] and acm.writes == [], foreseen
    made = run(**options)
    assert made["actions"] == ["ImportCertificate"]
    arn = made["certificate"]["certificate_arn"]
    for is_check in (True, False, True):
        again = run(is_check=is_check, **options)
        assert (again["changed"], again["actions"], acm.writes) == (False, [], [])
        assert again["certificate"] == made["certificate"]
    for key in ("serial", "subject", "key_algorithm", "signature_algorithm", "not_after", "fingerprint"):
        assert foreseen["certificate"].get(key) == made["certificate"].get(key), key
    assert shown_names(foreseen["certificate"]) == shown_names(made["certificate"])
    successor = given(CERTIFICATES[what](Successors(pki)))
    replaced = run(**successor)
    assert (replaced["certificate"]["certificate_arn"], replaced["actions"]) == (arn, ["ImportCertificate"])
    assert not run(**successor)["changed"]


def shown_names(certificate: dict[str, Any]) -> set[str]:
    """In one spelling: what matters here is that exactly the existing names are predicted."""
    names = [certificate.get("domain_name"), *certificate.get("subject_alternative_names", [])]
    return {name.lower() for name in names if name}


class Successors:
    """Makes the same certificates with later dates."""

    def __init__(self, pki: Any) -> None:
        self._pki = pki

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pki, name)

    def issue(self, *arguments: Any, **options: Any) -> Any:
        return self._pki.issue(*arguments, **{"days": 200, **options})

    def leaf(self, name: str, kind: str = "P-256") -> Any:
        return self._pki.leaf(name, kind=kind, number=77)

    def authority(self, name: str = "root") -> Any:
        return (
            self._pki.issue(name, key=self._pki.key(), is_ca=True, names=(), days=4000)
            if name == "My root"
            else self._pki.authority(name)
        )


@pytest.mark.parametrize("has_search", [True, False])
def test_duplicates_in_the_account(run: Any, acm: CountingAcm, pki: Any, has_search: bool) -> None:
    """People and other tools import the same names twice, and the same certificate twice."""
    if not has_search:
        acm.refuse = {"SearchCertificates": "UnknownOperationException"}
    first, second = pki.leaf(number=1), pki.leaf(number=2)
    arns = []
    for pair in (first, second, first):
        members = {"Certificate": pair.pem, "PrivateKey": pair.key_pem, "CertificateChain": pair.chain_pem}
        arns.append(acm.call("ImportCertificate", **members)["CertificateArn"])
    found = run(**given(second))
    assert not found["changed"] and found["certificate"]["certificate_arn"] == arns[1]
    chosen = {run(**given(first), is_check=is_check)["certificate"]["certificate_arn"] for is_check in (True, False)}
    assert len(chosen) == 1 and chosen < {arns[0], arns[2]} and acm.writes == []
    third = run(**given(pki.leaf(number=3)))
    assert third["actions"] == ["ImportCertificate"] and third["certificate"]["certificate_arn"] in arns
    again = run(**given(pki.leaf(number=3)))
    assert not again["changed"] and again["certificate"]["certificate_arn"] == third["certificate"]["certificate_arn"]


def test_a_certificate_imported_by_another_tool_with_itself_in_the_chain(run: Any, acm: CountingAcm, pki: Any) -> None:
    pair = pki.leaf()
    members = {"Certificate": pair.pem, "PrivateKey": pair.key_pem, "CertificateChain": pair.pem + pair.chain_pem}
    arn = acm.call("ImportCertificate", **members)["CertificateArn"]
    found = run(**given(pair))
    assert not found["changed"] and found["certificate"]["certificate_arn"] == arn


# ---------------------------------------------------------------- nothing is overwritten by mistake


def in_use(acm: CountingAcm, monkeypatch: pytest.MonkeyPatch, *users: str) -> None:
    real = acm.call

    def call(operation: str, **members: Any) -> dict[str, Any]:
        answer = real(operation, **members)
        if operation == "DescribeCertificate":
            answer["Certificate"]["InUseBy"] = list(users)
        return answer

    monkeypatch.setattr(acm, "call", call)


@pytest.mark.parametrize("how", ["certificate_arn", "name_tag"])
def test_a_certificate_for_other_names_does_not_replace_it(
    run: Any, acm: CountingAcm, pki: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    arn = run(**given(pki.leaf("shop.example.com")), name_tag="shop")["certificate"]["certificate_arn"]
    meant = {"certificate_arn": arn} if how == "certificate_arn" else {"name_tag": "shop"}
    other = given(pki.leaf("blog.example.org", number=4), **meant)
    for is_check in (True, False):
        refused = run(**other, is_check=is_check)
        assert refused["failed"] and not refused["changed"] and acm.writes == []
        for part in (arn, "shop.example.com", "blog.example.org", f"Correct {how}", "replace: true"):
            assert part in refused["msg"], part
        assert "in use" not in refused["msg"]
    in_use(acm, monkeypatch, "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/x/1")
    refused = run(**other)
    assert "is in use by arn:aws:elasticloadbalancing" in refused["msg"]
    replaced = run(**other, replace=True)
    assert replaced["actions"] == ["ImportCertificate"] and replaced["certificate"]["certificate_arn"] == arn
    assert "in use by arn:aws:elasticloadbalancing" in replaced["warnings"][0]
    assert not run(**other)["changed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("www.example.com",), ("www.example.com", "example.com")),
        (("a.example.com", "b.example.com"), ("b.example.com",)),
        (("www.example.com",), ("*.example.com",)),
        (("*.example.com",), ("www.example.com",)),
        (("WWW.example.com",), ("www.EXAMPLE.com",)),
    ],
)
def test_names_in_common_are_enough(run: Any, pki: Any, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    arn = run(**given(pki.issue(old[0], names=old)))["certificate"]["certificate_arn"]
    assert run(**given(pki.issue(new[0], names=new)), certificate_arn=arn)["actions"] == ["ImportCertificate"]


def test_an_empty_name_tag_or_arn_counts_as_not_given(run: Any, acm: CountingAcm, pki: Any) -> None:
    arns = {
        run(**given(pki.leaf(f"{name}.example.com", number=number)), name_tag=empty, certificate_arn=empty)["certificate"]["certificate_arn"]
        for number, name in enumerate("abc")
        for empty in ("", " ", "\n")
    }  # fmt: skip
    assert len(arns) == 3 and tags(acm, arns.pop()) == {}


def test_an_empty_chain_counts_as_not_given(run: Any, pki: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("\n")
    pair = pki.leaf()
    for chain in ({"certificate_chain": ""}, {"certificate_chain_path": str(tmp_path / "empty.pem")}):
        options = {"certificate": pair.pem, "private_key": pair.key_pem, **chain}
        assert "No chain was given" in run(**options)["warnings"][0]


def test_a_chain_that_would_be_removed_is_reported(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = run(**given(pki.leaf(number=1)))["certificate"]["certificate_arn"]
    successor = given(pki.leaf(number=2), certificate_chain=None)
    for is_check in (True, False):
        result = run(**successor, is_check=is_check)
        assert result["changed"] and any("the import removes it" in warning for warning in result["warnings"])
    # ACM answers the certificate itself where there is no chain
    assert held(acm, arn)[1] == [pki.leaf(number=2).certificate] and not any(
        "removes" in warning for warning in run(**successor)["warnings"]
    )


def test_replace_cannot_help_an_arn(run: Any, pki: Any) -> None:
    arn = run(**given(pki.issue("www.example.com")))["certificate"]["certificate_arn"]
    other = given(pki.issue("www.example.com", key=pki.key("P-384")), certificate_arn=arn, replace=True)
    result = run(**other)
    assert result["failed"] and "Leave out certificate_arn to import it under a new ARN." in result["msg"]


def test_a_passphrase_for_a_clear_key_is_reported_unless_it_is_for_all_items(run: Any, pki: Any) -> None:
    pair = given(pki.leaf())
    assert "is not encrypted" in run(**pair, passphrase="secret")["warnings"][0]
    assert "is not encrypted" in run(certificates=[{**pair, "passphrase": "secret"}])["warnings"][0]
    assert "warnings" not in run(certificates=[pair], passphrase="secret")


# ---------------------------------------------------------------- tags


def test_the_name_tag_comes_with_the_import(run: Any, acm: CountingAcm, pki: Any) -> None:
    made = run(**given(pki.leaf(number=1), name_tag="www", tags={"Team": "web", "Port": 443}))
    arn = made["certificate"]["certificate_arn"]
    assert made["actions"] == ["ImportCertificate"]
    assert tags(acm, arn) == {"Name": "www", "Team": "web", "Port": "443"} == made["certificate"]["tags"]
    run(**given(pki.leaf("other.example.com", number=2), name_tag="other"))
    again = run(**given(pki.leaf("www.example.com", "completely.example.org", number=3), name_tag="www"))
    assert again["changed"] and again["certificate"]["certificate_arn"] == arn
    assert tags(acm, arn) == {"Name": "www", "Team": "web", "Port": "443"}


def test_an_untagged_certificate_is_adopted_by_its_names(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = run(**given(pki.leaf()))["certificate"]["certificate_arn"]
    adopted = run(**given(pki.leaf(), name_tag="www"))
    assert adopted["certificate"]["certificate_arn"] == arn and adopted["actions"] == ["AddTagsToCertificate"]
    assert adopted["diff"]["before"]["tags"] == {} and adopted["diff"]["after"]["tags"] == {"Name": "www"}
    someone_elses = run(**given(pki.leaf(), name_tag="another"))
    assert someone_elses["certificate"]["certificate_arn"] != arn


def test_two_certificates_with_the_same_name_tag(run: Any, acm: CountingAcm, pki: Any) -> None:
    first, second = pki.leaf("a.example.com", number=1), pki.leaf("b.example.com", number=2)
    arns = [run(**given(pair))["certificate"]["certificate_arn"] for pair in (first, second)]
    for arn in arns:
        acm.call("AddTagsToCertificate", CertificateArn=arn, Tags=[{"Key": "Name", "Value": "www"}])
    assert run(**given(second, name_tag="www"))["certificate"]["certificate_arn"] == arns[1]
    result = run(**given(pki.leaf("c.example.com", number=3), name_tag="www"))
    assert result["failed"] and "certificate_arn" in result["msg"] and acm.writes == []


def test_tags_change_after_a_reimport(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = run(**given(pki.leaf(number=1), tags={"a": "1", "b": "2"}))["certificate"]["certificate_arn"]
    changed = run(**given(pki.leaf(number=2), tags={"b": "3", "c": "4"}))
    assert changed["actions"] == ["ImportCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate"]
    assert tags(acm, arn) == {"b": "3", "c": "4"} == changed["certificate"]["tags"]
    assert not run(**given(pki.leaf(number=2), tags={"c": "4"}, purge_tags=False))["changed"]
    assert not run(**given(pki.leaf(number=2)))["changed"]
    assert run(**given(pki.leaf(number=2), tags={}))["actions"] == ["RemoveTagsFromCertificate"]


def test_fifty_tags_are_replaced_by_fifty_others(run: Any, acm: CountingAcm, pki: Any) -> None:
    old, new = ({f"{letter}{number}": "x" for number in range(50)} for letter in "ab")
    arn = run(**given(pki.leaf(), tags=old))["certificate"]["certificate_arn"]
    assert run(**given(pki.leaf(), tags=new))["actions"] == ["RemoveTagsFromCertificate", "AddTagsToCertificate"]
    assert tags(acm, arn) == new


def test_a_certificate_survives_tags_that_cannot_be_set(run: Any, acm: CountingAcm, pki: Any) -> None:
    """The rival deletes the live certificate here."""
    first, second = pki.leaf(number=1), pki.leaf(number=2)
    arn = run(**given(first, tags={"a": "1"}))["certificate"]["certificate_arn"]
    acm.refuse = {"AddTagsToCertificate": "AccessDeniedException"}
    result = run(**given(second, tags={"a": "2"}))
    assert result["failed"] and result["changed"] and result["actions"] == ["ImportCertificate"]
    assert (
        "AccessDeniedException" in result["msg"]
        and arn in result["msg"]
        and "What was done before remains: the certificate was imported" in result["msg"]
    )
    assert result["error"] == {"code": "AccessDeniedException", "operation": "AddTagsToCertificate"}
    assert acm.writes == ["ImportCertificate", "AddTagsToCertificate"]
    acm.refuse = {}
    assert held(acm, arn)[0] == second.certificate and tags(acm, arn) == {"a": "1"}
    assert run(**given(second, tags={"a": "2"}))["actions"] == ["AddTagsToCertificate"]


def test_a_refused_import_changes_nothing(run: Any, acm: CountingAcm, pki: Any) -> None:
    arn = run(**given(pki.leaf(number=1), tags={"a": "1"}))["certificate"]["certificate_arn"]
    acm.refuse = {"ImportCertificate": "LimitExceededException"}
    result = run(**given(pki.leaf(number=2), tags={"a": "2"}))
    assert result["failed"] and not result["changed"] and acm.writes == ["ImportCertificate"]
    assert result["msg"] == "ImportCertificate failed with LimitExceededException: not now."
    assert result["certificate"]["serial"] == pem.serial(pki.leaf(number=1).certificate)
    assert tags(acm, arn) == {"a": "1"}


@pytest.mark.parametrize("is_carried_out", [True, False])
@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("has_search", [True, False])
def test_a_lost_answer_causes_no_second_certificate(
    run: Any,
    acm: CountingAcm,
    pki: Any,
    monkeypatch: pytest.MonkeyPatch,
    is_carried_out: bool,
    is_new: bool,
    has_search: bool,
) -> None:
    if not is_new:
        run(**given(pki.leaf(number=1)))
    if not has_search:
        acm.refuse = {"SearchCertificates": "UnknownOperationException"}
    real, lost = acm.call, iter([True, False])

    def call(operation: str, **members: Any) -> dict[str, Any]:
        if operation == "ImportCertificate" and next(lost):
            if is_carried_out:
                real(operation, **members)
            raise AcmError(operation, "ConnectionClosedError", "Connection was closed")
        return real(operation, **members)

    monkeypatch.setattr(acm, "call", call)
    made = run(**given(pki.leaf(number=2)), tags={"a": "b"})
    assert made["changed"] and not made.get("failed")
    assert made["actions"][0] == "ImportCertificate" and made["certificate"]["serial"] == pem.serial(
        pki.leaf(number=2).certificate
    )
    assert acm.calls.count("ImportCertificate") == 1
    types = {"keyTypes": ["EC_prime256v1"]}
    assert len(real("ListCertificates", Includes=types)["CertificateSummaryList"]) == 1
    assert tags(acm, made["certificate"]["certificate_arn"]) == {"a": "b"}


# ---------------------------------------------------------------- the rules of a re-import


@pytest.mark.parametrize(
    ("successor", "rule"),
    [
        (lambda pki: pki.issue("www.example.com", key=pki.key("P-384")), "reimport-key-algorithm"),
        (lambda pki: pki.issue("www.example.com", key_usage=("key_agreement",)), "reimport-key-usage"),
        (lambda pki: pki.issue("www.example.com", extended_key_usage=(CLIENT_AUTH,)), "reimport-extended-key-usage"),
        (lambda pki: pki.issue("192.0.2.1", names=(), addresses=("192.0.2.1",)), "reimport-names"),
    ],
)
def test_certificates_that_cannot_replace_the_old_one(
    run: Any, acm: CountingAcm, pki: Any, successor: Any, rule: str
) -> None:
    arn = run(**given(pki.issue("www.example.com"), name_tag="www", tags={"a": "1"}))["certificate"]["certificate_arn"]
    for is_check in (True, False):
        result = run(**given(successor(pki), name_tag="www"), is_check=is_check)
        assert result["failed"] and not result["changed"] and arn in result["msg"]
        assert result["error"]["rule"] == rule and acm.writes == []
    replaced = run(**given(successor(pki), name_tag="www"), replace=True)
    assert replaced["superseded"] == {"certificate_arn": arn}
    assert replaced["certificate"]["certificate_arn"] != arn
    assert replaced["certificate"]["tags"] == {"Name": "www", "a": "1"}
    assert tags(acm, arn) == {"Name": "www", "a": "1"}


def test_replace_creates_no_third_certificate(run: Any, pki: Any) -> None:
    run(**given(pki.issue("www.example.com"), name_tag="www"))
    pair = pki.issue("www.example.com", key=pki.key("P-384"))
    made = run(**given(pair, name_tag="www"), replace=True)
    again = run(**given(pair, name_tag="www"), replace=True)
    assert not again["changed"] and again["certificate"]["certificate_arn"] == made["certificate"]["certificate_arn"]


# ---------------------------------------------------------------- several


def test_a_list_in_one_read(run: Any, acm: CountingAcm, pki: Any) -> None:
    pairs = [pki.leaf(f"{name}.example.com", number=number) for number, name in enumerate("abc")]
    items = [given(pair, name_tag=f"tag-{number}") for number, pair in enumerate(pairs)]
    made = run(certificates=items, tags={"Origin": "test"})
    assert made["changed"] and [item["domain_name"] for item in made["certificates"]] == [
        "a.example.com",
        "b.example.com",
        "c.example.com",
    ]
    assert acm.calls == ["SearchCertificates", *["ImportCertificate"] * 3, *["DescribeCertificate"] * 3]
    assert made["certificates"][1]["tags"] == {"Name": "tag-1", "Origin": "test"}
    again = run(certificates=items, tags={"Origin": "test"})
    assert not again["changed"] and acm.writes == []
    assert acm.calls.count("SearchCertificates") == 1


def test_a_failing_item_does_not_stop_the_others(run: Any, acm: CountingAcm, pki: Any) -> None:
    good, bad = given(pki.leaf("a.example.com")), {
        **given(pki.leaf("b.example.com")),
        "private_key": pki.leaf("x", number=9).key_pem,
    }
    result = run(certificates=[bad, good, good])
    assert result["failed"] and result["changed"]
    assert [bool(item.get("failed")) for item in result["certificates"]] == [True, False, True]
    assert result["certificates"][0]["error"]["rule"] == "key-matches-certificate"
    assert (
        result["msg"].startswith("2 of 3 certificates failed. Item 1: ")
        and "means the same certificate as item 2" in result["msg"]
    )
    assert acm.writes == ["ImportCertificate"]


# ---------------------------------------------------------------- any material in


def test_any_form_of_material_is_accepted(run: Any, acm: CountingAcm, pki: Any, tmp_path: Path) -> None:
    pair = pki.leaf()
    leaf, issuers = pair.pem, "".join(pem.certificate_pem(each) for each in pair.issuers)
    backwards = "".join(pem.certificate_pem(each) for each in reversed(pair.issuers))
    store = pkcs12.packed("www", pair.key, pair.certificate, pair.issuers, b"abcd")
    p7 = pkcs7.serialize_certificates([*reversed(pair.issuers), pair.certificate], serialization.Encoding.PEM).decode()
    der = pair.certificate.public_bytes(serialization.Encoding.DER)
    key_der = pair.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"abcd")
    )
    clear_der = pair.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    def file(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    dh = "-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n"
    ec = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    forms: list[dict[str, Any]] = [
        given(pair),
        {"bundle": leaf + issuers + pair.key_pem},
        {"bundle": pair.key_pem + backwards + leaf},
        {"bundle": backwards + dh + pair.key_pem_in("TraditionalOpenSSL") + leaf + leaf + issuers},
        {
            "bundle": ("\ufeff" + ec + pair.key_pem + "\nBag Attributes\n  x: y\n" + leaf + issuers).replace(
                "\n", "\r\n"
            )
        },
        {"bundle": leaf + issuers + pair.key_pem_in("PKCS8", b"abcd"), "passphrase": "abcd"},
        {"bundle": leaf + issuers + pair.key_pem_in("TraditionalOpenSSL", b"abcd"), "passphrase": "abcd"},
        {"bundle": p7 + pair.key_pem},
        {"bundle": base64.b64encode(store).decode(), "passphrase": "abcd"},
        {"bundle_path": file("store.p12", store), "passphrase": "abcd"},
        {"bundle_path": file("utf16.pem", (leaf + issuers + pair.key_pem).encode("utf-16"))},
        {"bundle_path": file("all.pem", (leaf + issuers + pair.key_pem).encode())},
        {"certificate": leaf + issuers, "private_key": pair.key_pem},
        {**given(pair), "certificate_chain": leaf + backwards},
        {
            "certificate_path": file("leaf.der", der),
            "certificate_chain": issuers,
            "private_key_path": file("key.der", key_der),
            "passphrase": "abcd",
        },
        {
            "certificate_path": file("leaf.der", der),
            "certificate_chain": issuers,
            "private_key_path": file("clear.der", clear_der),
        },
        {
            "certificate": leaf.replace("\n", " \n"),
            "certificate_chain": issuers,
            "private_key_path": file("k", b"# x" * 3000 + b"\n" + pair.key_pem.encode()),
        },
    ]
    arn = run(**forms[0])["certificate"]["certificate_arn"]
    for number, form in enumerate(forms):
        result = run(**form)
        assert not result["changed"], (number, result)
        assert result["certificate"]["certificate_arn"] == arn
    for form in forms[::5]:
        acm.call("DeleteCertificate", CertificateArn=arn)
        arn = run(**form)["certificate"]["certificate_arn"]
        assert held(acm, arn) == (pair.certificate, list(pair.issuers[:1]))


def test_the_named_certificate_of_two_with_the_same_key(run: Any, pki: Any) -> None:
    old, new = (pki.issue("www.example.com", key=pki.key(), not_before=start) for start in (-80, -1))
    result = run(**given(new, certificate_chain=old.pem))
    assert result["certificate"]["serial"] == pem.serial(new.certificate)


# ---------------------------------------------------------------- what must be refused before any call


def test_broken_material_is_refused_before_anything_is_called(pki: Any, tmp_path: Path) -> None:
    opened = []

    def closed() -> Any:
        opened.append(name)
        raise AcmError("-", "-", "the door was opened")

    cases = broken_material.cases(pki, tmp_path)
    assert len(cases) >= 60
    listing = sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    wrong = []
    secrets = {
        line
        for pair in (pki.leaf(), pki.leaf("other.example.com", number=7))
        for line in pair.key_pem.splitlines()[1:3]
    }
    for name, (options, rule) in cases.items():
        try:
            result = import_task.run(closed, {"purge_tags": True, **options}, now=pki.now, is_check=False)
        except AcmError:
            continue
        message, error = result.get("msg", ""), result.get("error", {})
        if error.get("rule", error.get("code")) != rule:
            wrong.append((name, rule, error, message))
        assert result["failed"] and not result["changed"], name
        assert message.endswith(".") and "\n" not in message and len(message) < 600, (name, message)
        for secret in (*secrets, "hushed", "PRIVATE KEY-----"):
            assert secret not in json.dumps(result), name
        listed = import_task.run(closed, {"certificates": [options]}, now=pki.now, is_check=False)
        assert listed["certificates"][0]["error"] == error, name
    assert (wrong, opened) == ([], [])
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == listing


def test_a_task_full_of_broken_material_calls_nothing_writes_nothing_and_logs_no_key(
    run_module: Any, pki: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole table through the module, over HTTP, as one list; then everything that the module left behind."""
    (tmp_path / "material").mkdir()
    (tmp_path / "temporary").mkdir()
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, message, log_args=None: logged.append(str(message)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    cases = broken_material.cases(pki, tmp_path / "material")
    for left_out in ("key in certificate", "key in chain"):  # the action plugin sends these to no host
        del cases[left_out]
    del cases["file name with NUL"]  # refused as an option, before any item
    for empty in ("certificate", "key", "bundle"):  # as an option of the module, an empty text is not given
        del cases[f"empty {empty}"]
    with acm_endpoint(tmp_path / "authority") as acm:
        listing = sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
        items = [
            {key: value for key, value in options.items() if value is not None} for options, _rule in cases.values()
        ]
        result = run_module("acm_import", {**acm.connection, "certificates": items, "_ansible_verbosity": 5})
        assert acm.calls == []
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == listing
    assert result["failed"] and "certificates" in result, result["msg"]
    assert not result["changed"] and len(result["certificates"]) == len(cases) >= 60
    for (name, (_options, rule)), item in zip(cases.items(), result["certificates"]):
        assert item["error"].get("rule", item["error"]["code"]) == rule, (name, item["msg"])
    assert logged
    secrets = {
        line for pair in (pki.leaf(), pki.leaf("other.example.com", number=7)) for line in pair.key_pem.split("\n")[1:3]
    }
    for secret in (*secrets, "hushed"):
        assert secret not in json.dumps(result) and not [line for line in logged if secret in line], name


@pytest.mark.parametrize("make", ["san only", "address only", "single label", "underscore", "no usage", "CA", "cycle"])
def test_odd_material_that_is_fine(run: Any, pki: Any, make: str) -> None:
    root = pki.authority()
    one, two = pki.key("P-256", 901), pki.key("P-256", 902)
    pair = {
        "san only": lambda: pki.issue(None, root, names=("www.example.com",)),
        "address only": lambda: pki.issue(None, root, addresses=("2001:db8::1",)),
        "single label": lambda: pki.issue("localhost", root),
        "underscore": lambda: pki.issue("a_b.example.com", root),
        "no usage": lambda: pki.issue("www.example.com", root, key_usage=None, extended_key_usage=None),
        "CA": lambda: pki.issue("ca.example.com", root, is_ca=True),
        "cycle": lambda: pki.issue(
            "www.example.com", pki.issue("one", pki.issue("two", key=two, is_ca=True), key=one, is_ca=True)
        ),
    }[make]()
    options = given(pair, name_tag="odd", certificate_chain="".join(pem.certificate_pem(each) for each in pair.issuers))
    assert run(**options)["changed"]
    assert not run(**options)["changed"]


# ---------------------------------------------------------------- the way to AWS


def test_over_http_with_name_tags(run_module: Any, pki: Any, tmp_path: Path) -> None:
    with acm_endpoint(tmp_path / "authority") as acm:
        options = {**acm.connection, **given(pki.leaf(number=1)), "name_tag": "www", "tags": {"a": "b"}}
        made = run_module("acm_import", options)
        assert made["changed"] and [call.operation for call in acm.calls] == [
            "SearchCertificates",
            "GetResources",
            "ImportCertificate",
            "DescribeCertificate",
        ]
        acm.calls.clear()
        assert not run_module("acm_import", options)["changed"]
        assert {call.operation: acm.count(call.operation) for call in acm.calls} == {
            "SearchCertificates": 1,
            "GetResources": 1,
            "ListTagsForCertificate": 1,
            "GetCertificate": 1,
            "DescribeCertificate": 1,
        }
        successor = run_module("acm_import", {**options, **given(pki.leaf(number=2)), "tags": {"a": "c"}})
        assert successor["certificate"]["certificate_arn"] == made["certificate"]["certificate_arn"]
        assert successor["actions"] == ["ImportCertificate", "AddTagsToCertificate"]


@pytest.mark.parametrize(
    "unknown", [(), ("GetResources",), ("SearchCertificates",), ("SearchCertificates", "GetResources")]
)
def test_the_result_is_the_same_without_search_or_tagging_api(
    run_module: Any, pki: Any, tmp_path: Path, unknown: Any
) -> None:
    with acm_endpoint(tmp_path / "authority", unknown=unknown) as acm:
        first, other = pki.leaf("a.example.com", "b.example.com", number=1), pki.leaf("c.example.com", kind="P-384")
        arns = {
            run_module("acm_import", {**acm.connection, **given(pair), **more})["certificate"]["certificate_arn"]
            for pair in (first, other)
            for more in ({}, {"name_tag": pem.common_name(pair.certificate)}, {"certificate_arn": None})
        }
        assert len(arns) == 2
        successor = run_module(
            "acm_import", {**acm.connection, **given(pki.leaf("b.example.com", "a.example.com", number=2))}
        )
        assert successor["changed"] and successor["certificate"]["certificate_arn"] in arns


def test_throttled_calls_are_retried(run_module: Any, pki: Any, tmp_path: Path) -> None:
    with acm_endpoint(tmp_path / "authority", throttle_share=0.3, seed=4) as acm:
        items = [given(pki.leaf(f"{name}.example.com", number=number)) for number, name in enumerate("abc")]
        made = run_module("acm_import", {**acm.connection, "certificates": items})
        assert made["changed"] and not made.get("failed")
        assert acm.count(outcome="ThrottlingException") > 0
        assert acm.count("ImportCertificate", "ok") == 3


@pytest.mark.parametrize("operation", ["SearchCertificates", "ImportCertificate"])
def test_a_denied_operation_is_reported(run_module: Any, pki: Any, tmp_path: Path, operation: str) -> None:
    deny = (operation, "ListCertificates") if operation == "SearchCertificates" else (operation,)
    with acm_endpoint(tmp_path / "authority", deny=deny) as acm:
        result = run_module("acm_import", {**acm.connection, **given(pki.leaf())})
        assert result["failed"] and result["error"]["code"] == "AccessDeniedException"
        assert f"acm:{result['error']['operation']}" in result["msg"]


# ---------------------------------------------------------------- the module as a whole


def test_a_key_in_the_wrong_option_is_hidden(run_module: Any, pki: Any, tmp_path: Path) -> None:
    creation.create(str(tmp_path / "authority"))
    pair = pki.leaf()
    output = run_module(
        "acm_import", {"authority": str(tmp_path / "authority"), "certificate": pair.pem + pair.key_pem}
    )
    assert output["failed"] and output["error"]["rule"] == "key-hidden"
    assert pair.key_pem.splitlines()[1] not in json.dumps(output)


def test_the_module_from_arguments_to_result(run_module: Any, pki: Any, tmp_path: Path) -> None:
    creation.create(str(tmp_path / "authority"))
    options = {"authority": str(tmp_path / "authority"), **given(pki.leaf()), "tags": {"a": "b"}}
    made = run_module("acm_import", {**options, "_ansible_diff": True})
    assert made["changed"] and made["certificate"]["tags"] == {"a": "b"} and made["diff"]["before"] == {}
    assert not run_module("acm_import", options)["changed"]
    assert pki.leaf().key_pem.splitlines()[1] not in json.dumps(made)
    assert run_module("acm_import", {**options, "bundle": "x", "bundle_path": "y"})["failed"]


def test_a_missing_file_is_reported_with_the_path_that_was_tried(
    run: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(certificate_path="shop.pem", private_key_path="/no/such.key")
    assert result["failed"] and result["msg"] == (
        f"certificate_path shop.pem cannot be read: there is no such file in {tmp_path} on the host that the module "
        "runs on."
    )
