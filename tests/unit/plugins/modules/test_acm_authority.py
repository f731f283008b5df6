# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_authority: what the task does, reports in check mode, and refuses."""

from __future__ import annotations

import os
import re
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority import opening
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._authority.parts import Parts
from ansible_collections.certops.acm.plugins.modules import acm_authority
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.authority_lab import Lab, checked_client, clock, dns, lab
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, web_server

__all__ = ["clock", "dns", "lab"]

SERVICE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
CORP = {"name": "corp", "key_algorithm": "EC_prime256v1"}


class Task:
    """Runs the module with the options of one path; an Ansible task without Ansible around it."""

    def __init__(self, path: t.Any) -> None:
        self.path = str(path)

    def __call__(self, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(acm_authority.ARGUMENT_SPEC).validate({"path": self.path, **options})
        assert checked.error_messages == []
        return acm_authority.run(checked.validated_parameters, check)

    def fails(self, **options: t.Any) -> str:
        with pytest.raises(InvalidInput) as caught:
            self(**options)
        with pytest.raises(InvalidInput):
            self(check=True, **options)
        return str(caught.value)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path / "authority")


# ---------------------------------------------------------------- made, and again


@pytest.mark.parametrize("setting", ["ocsp_url", "approval_url"])
def test_an_empty_url_is_a_valid_setting(task: Task, setting: str) -> None:
    """Certificates then name no responder, and mails no page; null still leaves it unchanged."""
    assert task(settings={setting: "http://lab.example.com"})["authority"]["settings"][setting]
    assert task(settings={setting: None})["changed"] is False
    emptied = task(settings={setting: ""})
    assert emptied["changed"] and emptied["authority"]["settings"][setting] == ""
    assert task(settings={setting: ""})["changed"] is False


def test_created_and_then_unchanged(task: Task) -> None:
    first = task(certificate_authorities=[CORP], settings={"validity_days": 47})
    assert first["changed"]
    shown = first["authority"]
    assert (shown["path"], shown["region"], shown["account_id"]) == (task.path, "us-east-1", "123456789012")
    assert shown["settings"]["validity_days"] == 47 and shown["settings"]["max_names"] == 10
    (ca,) = shown["certificate_authorities"]
    assert (ca["name"], ca["status"], ca["key_algorithm"]) == ("corp", "ACTIVE", "EC_prime256v1")
    assert pem.load_certificate(ca["certificate"]) and re.fullmatch(
        r"arn:aws:acm-pca:.*:certificate-authority/.*", ca["arn"]
    )
    assert shown["last_sweep_at"] is None
    again = task(certificate_authorities=[CORP], settings={"validity_days": 47})
    assert (again["changed"], again["authority"]) == (False, shown)
    assert again["diff"]["before"] == again["diff"]["after"]
    assert task()["changed"] is False  # what is not named stays


def test_the_trust_file_has_every_root_from_the_start(task: Task) -> None:
    trust = Path(task(certificate_authorities=[CORP])["authority"]["trust_file"])
    names = [pem.common_name(root) for root in pem.load_certificates(trust.read_bytes())]
    assert sorted(map(str, names)) == ["certops.acm EC prime256v1 Root", "certops.acm RSA 2048 Root", "corp CA"]


ALLOW: dict[str, t.Any] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "acm:List*", "Resource": "*"},
}
STEPS: list[dict[str, t.Any]] = [
    {},
    {"certificate_authorities": [CORP], "settings": {"validity_days": 47}},
    {"certificate_authorities": [{**CORP, "status": "DISABLED"}]},
    {"settings": {"validity_days": 395}},
    {"smtp": {"host": "mail.example.com", "port": 587, "security": "starttls", "username": "u", "password": "p"}},
    {"smtp": {"host": "mail.example.com", "port": 587, "security": "starttls", "username": "u", "password": "q"}},
    {"event_targets": [{"name": "chat", "webhook": {"url": "https://hooks.example.com/s", "token": "one"}}]},
    {"event_targets": [{"name": "chat", "webhook": {"url": "https://hooks.example.com/s", "token": "two"}}]},
    {
        "event_targets": [
            {"name": "queue", "sqs": {"queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/acm"}},
            {"name": "chat", "webhook": {"url": "https://hooks.example.com/s"}, "detail_types": ["AWS Health Event"]},
        ]
    },
    {"event_targets": []},
    {"access_keys": [{"name": "web", "policy": ALLOW}, {"name": "Deploy", "kind": "role"}]},
    {"access_keys": [{"name": "web"}]},
    {"renew_access_keys": ["web", "owner"]},
    {"access_keys": []},
    {"rotate_key": True},
]
ONCE = {"rotate_key", "renew_access_keys"}  # options that are carried out again by every run


def test_check_mode_reports_what_would_happen_and_does_nothing(task: Task) -> None:
    for options in STEPS:
        present = task(check=True)["authority"] if os.path.exists(task.path) else None
        foretold = task(check=True, **options)
        assert (task(check=True)["authority"] if os.path.exists(task.path) else None) == present
        done = task(**options)
        assert foretold["changed"] is done["changed"] is True, options
        assert foretold["diff"] == done["diff"], options
        if not ONCE & options.keys():
            assert task(check=True, **options)["changed"] is task(**options)["changed"] is False, options


def test_a_diff_shows_settings_that_differ_from_the_defaults_and_no_secret(task: Task) -> None:
    task()
    done = task(settings={"validity_days": 47}, smtp={"host": "m", "username": "u", "password": "hidden"})
    assert done["diff"]["before"]["settings"] == {}
    assert done["diff"]["after"]["settings"]["validity_days"] == 47
    assert "hidden" not in str(done)
    assert opening.open_authority(task.path).smtp_password.read() == "hidden"
    assert task(settings={"validity_days": 395})["diff"]["after"]["settings"].keys() == {"smtp"}


def test_keys_are_returned_without_their_secrets(task: Task) -> None:
    task()
    done = task(access_keys=[{"name": "web", "policy": ALLOW}])
    (shown,) = done["authority"]["access_keys"]
    assert (shown["name"], shown["kind"], shown["policy"]) == ("web", "user", ALLOW)
    authority = opening.open_authority(task.path)
    (key,) = AccessKeys(authority.store, authority.vault).all()
    assert shown["access_key_id"] == key.identifier and key.secret not in str(done)
    broken = {**ALLOW, "Statement": {**ALLOW["Statement"], "Action": "acm:Dance"}}
    said = task.fails(access_keys=[{"name": "web", "policy": broken}], settings={"validity_days": 47})
    assert said == "The policy of web, statement 1, has the action acm:Dance, which ACM does not have."
    assert task()["authority"]["settings"]["validity_days"] == 395  # nothing was changed


def test_access_keys_are_renewed(task: Task) -> None:
    """The named ones get another ID and secret and keep their policies; a name that is unknown is refused first."""
    task(access_keys=[{"name": "web", "policy": ALLOW}, {"name": "mail"}], renew_access_keys=["owner"])
    authority = opening.open_authority(task.path)
    keys = AccessKeys(authority.store, authority.vault)
    owner = keys.owner()
    _owner, web, mail = keys.all()
    said = task.fails(renew_access_keys=["web", "wbe"], settings={"validity_days": 47})
    assert said == "renew_access_keys has the name wbe, but the keys are those of owner, web, mail."
    assert keys.all() == [owner, web, mail] and task()["authority"]["settings"]["validity_days"] == 395
    done = task(renew_access_keys=["owner", "web"])
    new_owner, new_web, kept = keys.all()
    assert kept == mail and new_web.policy == web.policy
    assert not {owner.identifier, owner.secret, web.identifier, web.secret} & {*new_owner, *new_web}
    assert keys.find(owner.identifier) is keys.find(web.identifier) is None
    assert new_web.secret not in str(done)


def test_events_are_delivered_by_a_sweep(task: Task) -> None:
    with web_server({"/hook": Answer(204)}) as web:
        hook = {"name": "hook", "webhook": {"url": f"http://{web.address}/hook", "token": "hidden"}}
        made = task(certificate_authorities=[CORP], event_targets=[hook])
        (shown,) = made["authority"]["event_targets"]
        assert (shown["kind"], shown["waiting"], shown["delivered_at"]) == ("webhook", 0, None)
        acm = authority_client(task.path)
        acm.request_certificate(
            DomainName="a.corp.test", KeyAlgorithm="EC_prime256v1",
            CertificateAuthorityArn=made["authority"]["certificate_authorities"][0]["arn"],
        )  # fmt: skip
        done = task(sweep=True)
        assert done["changed"] and done["swept"]["delivered"] == 1 == len(web.requests)
        assert done["authority"]["event_targets"][0]["waiting"] == 0
        assert not task(sweep=True)["changed"] and "hidden" not in str(done)


def test_region_and_account_cannot_change(task: Task) -> None:
    shown = task(region="eu-central-1", account_id="000000000001")["authority"]
    assert (shown["region"], shown["account_id"]) == ("eu-central-1", "000000000001")
    assert task()["changed"] is False
    assert "cannot be changed" in task.fails(region="us-east-1")
    assert "cannot be changed" in task.fails(account_id="123456789012")
    arn = authority_client(task.path).request_certificate(DomainName="a.amazonaws.com")["CertificateArn"]
    assert arn.startswith("arn:aws:acm:eu-central-1:000000000001:")


@pytest.mark.parametrize(
    "options, said",
    [
        ({"settings": {"validity_days": 0}}, "1 to 36500"),
        ({"region": "nowhere"}, "not the name of an AWS region"),
        ({"account_id": "1"}, "twelve digits"),
        ({"new_passphrase": "x"}, "rotate_key"),
        ({"restore_key_from": "/k"}, "restore_key_from is for restore_from"),
        ({"passphrase": "x", "key_file": "/k"}, "cannot both protect the new authority"),
    ],
)
def test_mistakes_are_refused_before_anything_is_created(task: Task, options: dict[str, t.Any], said: str) -> None:
    assert said in task.fails(**options)
    assert not os.path.exists(task.path)


def test_what_protects_the_keys_cannot_be_changed_by_naming_something_else(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task()
    own = f"{task.path}/key-encryption-key"
    assert f"is protected by the key file {own}, which cannot be changed to a passphrase" in task.fails(passphrase="x")
    assert f"is protected by the key file {own}, which cannot be changed: " in task.fails(key_file=str(tmp_path / "k"))
    assert task(key_file=own)["changed"] is False
    monkeypatch.setenv("CERTOPS_ACM_AUTHORITY_PASSPHRASE", "of another authority")
    assert task(passphrase="of another authority")["changed"] is False
    other = Task(tmp_path / "other")
    other(passphrase="of another authority")
    assert "is protected by a passphrase, which cannot be changed: leave out key_file" in other.fails(
        passphrase="of another authority", key_file=own
    )


def test_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert "is a link to a directory that does not exist: create it" in Task(tmp_path / "link").fails()


def test_a_file_that_is_no_copy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InvalidInput, match=f"^{tmp_path}/file is not a copy of an authority that can be restored: give"
    ):
        Task(tmp_path / "authority")(restore_from=str(tmp_path / "file"))
    assert not (tmp_path / "authority").exists()


def test_a_directory_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    assert "is not empty" in Task(tmp_path).fails()


# ---------------------------------------------------------------- CAs


@pytest.mark.parametrize(
    "cas, said",
    [
        ([{"name": "x", "validity_days": 0}], "The private CA x has validity_days 0: it must be 1 to 36500"),
        ([{"name": "x", "validity_days": -1}], "validity_days -1: it must be 1 to 36500"),
        ([{"name": "x", "validity_days": 10**7}], "validity_days 10000000: it must be 1 to 36500"),
        ([{"name": "x", "common_name": "y" * 65}], "give a common_name of at most 64 printable characters"),
        ([{"name": "x" * 62}], "give a common_name of at most 64 printable characters"),
        ([{"name": "x", "common_name": "a\0b"}], "has the common name 'a\\x00b': give a common_name"),
        ([{"name": "x"}, {"name": "x", "status": "DISABLED"}], "certificate_authorities has the name x twice"),
    ],
)
def test_cas_that_cannot_exist(task: Task, cas: list[dict[str, t.Any]], said: str) -> None:
    assert said in task.fails(certificate_authorities=cas)
    assert not os.path.exists(task.path)


def test_the_key_of_a_ca_cannot_change(task: Task) -> None:
    task(certificate_authorities=[CORP])
    assert "cannot be changed" in task.fails(certificate_authorities=[{**CORP, "key_algorithm": "EC_secp384r1"}])


def test_the_owner_and_constraints_of_a_ca_cannot_change(task: Task) -> None:
    narrow = {**CORP, "account_id": "999999999999", "permitted_domains": ["Corp.test", "bücher.example"]}
    (ca,) = task(certificate_authorities=[narrow])["authority"]["certificate_authorities"]
    assert ca["arn"].split(":")[4] == "999999999999"
    assert task(certificate_authorities=[narrow])["changed"] is task(certificate_authorities=[CORP])["changed"] is False
    assert "its account cannot be changed" in task.fails(
        certificate_authorities=[{**CORP, "account_id": "111111111111"}]
    )
    assert "cannot be changed" in task.fails(certificate_authorities=[{**CORP, "permitted_domains": ["example.com"]}])
    assert "twelve digits" in task.fails(certificate_authorities=[{**CORP, "name": "b", "account_id": "1"}])
    assert "wildcard" in task.fails(certificate_authorities=[{**CORP, "name": "b", "permitted_domains": ["*.a.test"]}])


def test_unlisted_cas_are_left_alone(task: Task) -> None:
    task(certificate_authorities=[CORP])
    shown = task(certificate_authorities=[{**CORP, "name": "other", "common_name": "Other Ltd", "validity_days": 500}])
    other, corp = sorted(shown["authority"]["certificate_authorities"], key=lambda ca: str(ca["name"]), reverse=True)
    assert (other["name"], corp["name"]) == ("other", "corp")
    certificate = pem.load_certificate(other["certificate"])
    assert pem.common_name(certificate) == "Other Ltd"
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=500, seconds=-1)


def test_a_disabled_ca_signs_nothing(task: Task) -> None:
    ca = task(certificate_authorities=[CORP])["authority"]["certificate_authorities"][0]["arn"]
    acm = authority_client(task.path)

    def request() -> str:
        wanted = {"DomainName": "a.corp.test", "CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}
        arn = acm.request_certificate(**wanted)["CertificateArn"]
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    assert request() == "ISSUED"
    assert task(certificate_authorities=[{**CORP, "status": "DISABLED"}])["changed"]
    assert request() == "FAILED"
    task(certificate_authorities=[CORP])
    assert request() == "ISSUED"


# ---------------------------------------------------------------- approvals, uses, sweeps (the lab's authority)


def test_approve_by_name(lab: Lab) -> None:
    task = Task(lab.path)
    lab.authority.parts = Parts()  # the task looks at the real clock
    arn, other = lab.public(ValidationMethod="EMAIL"), lab.public(ValidationMethod="EMAIL")
    approve = [{"certificate_arn": arn, "domain_name": "www.example.com"}]
    assert task(check=True, approve=approve)["changed"] is True
    assert lab.status(arn) == "PENDING_VALIDATION"
    assert task(approve=approve)["changed"] is True
    assert lab.status(arn) == "ISSUED"
    assert task(check=True, approve=approve)["changed"] is task(approve=approve)["changed"] is False
    assert "is not a name of" in task.fails(approve=[{"certificate_arn": other, "domain_name": "x.example.com"}])
    assert "unknown" in task.fails(approve=[{"token": "none"}])


def test_approve_by_token(tmp_path: Path, dns: t.Any) -> None:
    task = Task(tmp_path / "authority")
    with mail_server() as server:
        task(
            settings={"resolvers": [dns.endpoint]},
            smtp={"host": "127.0.0.1", "port": server.port, "sender": "ca@example.com"},
        )
        acm = authority_client(task.path)
        wanted = {"DomainName": "www.example.com", "KeyAlgorithm": "EC_prime256v1", "ValidationMethod": "EMAIL"}
        arn = acm.request_certificate(**wanted)["CertificateArn"]
        (mail,) = server.wait_for(1)
    assert mail["From"] == "ca@example.com"
    found = re.search(r"context=(\S+)", mail.get_content())
    assert found and task(approve=[{"token": found[1]}])["changed"]
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_in_use_by(task: Task) -> None:
    ca = task(certificate_authorities=[CORP])["authority"]["certificate_authorities"][0]["arn"]
    acm = checked_client(opening.open_authority(task.path))
    wanted = {"DomainName": "a.corp.test", "CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}
    arn = acm.request_certificate(**wanted)["CertificateArn"]
    use = [{"certificate_arn": arn, "services": [SERVICE]}]
    assert task(check=True, in_use_by=use)["changed"] and task(in_use_by=use)["changed"]
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == [SERVICE]
    assert task(check=True, in_use_by=use)["changed"] is task(in_use_by=use)["changed"] is False
    assert task(in_use_by=[{"certificate_arn": arn, "services": []}])["changed"]
    assert "has no certificate" in task.fails(in_use_by=[{"certificate_arn": arn + "0", "services": []}])


def test_sweep(lab: Lab) -> None:
    task = Task(lab.path)
    lab.authority.parts = Parts()  # the task looks at the real clock
    arn = lab.public("task.example.com")
    first = task(sweep=True)
    assert first["changed"] is False and first["swept"] == {
        "looked_at": 1,
        "issued": [],
        "renewed": [],
        "failed": [],
        "troubles": [],
        "delivered": 0,
    }
    for each in lab.describe(arn)["DomainValidationOptions"]:
        lab.dns.add(each["ResourceRecord"]["Name"], "CNAME", each["ResourceRecord"]["Value"])
    assert "swept" not in task(check=True, sweep=True)
    second = task(sweep=True)
    assert second["changed"] is True and second["swept"]["issued"] == [arn]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", second["authority"]["last_sweep_at"])
    lab.unpublish(arn)


def test_a_passphrase_and_its_rotation(task: Task) -> None:
    task(passphrase="old")
    assert "passphrase" in task.fails()
    assert task(passphrase="old")["changed"] is False
    assert task(passphrase="old", rotate_key=True, new_passphrase="new")["changed"]
    assert "does not open" in task.fails(passphrase="old")
    assert task(passphrase="new")["changed"] is False


# ---------------------------------------------------------------- what the documentation says of settings


def documented_settings() -> dict[str, t.Any]:
    options = yaml.safe_load(acm_authority.DOCUMENTATION)["options"]
    return dict(options["settings"]["suboptions"])


def test_every_setting_is_documented_with_its_default() -> None:
    found = documented_settings()
    assert set(found) == set(Settings._fields) - {"smtp"}
    for name, default in Settings._field_defaults.items():
        if name == "smtp":
            continue
        text = " ".join(found[name]["description"])
        said = re.sub(r"[VCO]\((.*?)\)", r"\1", text)
        words = {True: "true", False: "false"}.get(default) if isinstance(default, bool) else None
        if isinstance(default, (list, dict)):
            values = [str(value) for value in default]
        else:
            values = [words or (f"{default:g}" if isinstance(default, float) else str(default))]
        assert "By default" in said or "The same" in said, name
        if name != "request_key_algorithms" and values not in (["RSA", "EC"],):
            assert all(value in said for value in values), (name, values, said)
        if (
            isinstance(default, (int, float))
            and not isinstance(default, bool)
            and "The same for certificates" not in said
        ):
            assert re.search(r"\(\d+ (to|or) ", said), name  # its range


@pytest.mark.parametrize("settings", [{"validity_dys": 1}, {"smtp": {"host": "m"}}, {"validity_days": "many"}])
def test_unknown_and_invalid_settings(settings: dict[str, t.Any]) -> None:
    checked = ArgumentSpecValidator(acm_authority.ARGUMENT_SPEC).validate({"path": "x", "settings": settings})
    assert next(iter(settings)) in " ".join(checked.error_messages)


def test_a_setting_may_be_given_as_text(task: Task) -> None:
    """As a template does."""
    shown = task(settings={"validity_days": "47", "rate_limits": "yes", "resolver_timeout_s": "2"})["authority"]
    assert (shown["settings"]["validity_days"], shown["settings"]["rate_limits"]) == (47, True)
    assert shown["settings"]["resolver_timeout_s"] == 2


def test_a_ca_that_acm_may_not_use(task: Task) -> None:
    task(certificate_authorities=[CORP])
    done = task(certificate_authorities=[{**CORP, "permitted": False}])
    assert done["changed"] and not done["authority"]["certificate_authorities"][0]["permitted"]
    assert done["diff"]["after"]["certificate_authorities"][0]["permitted"] is False
    assert not task(certificate_authorities=[{**CORP, "permitted": False}])["changed"]
    assert task(certificate_authorities=[CORP])["changed"]
