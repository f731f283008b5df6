# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change three times: in check mode, for real, and again. ACM's own log shows the calls."""

from __future__ import annotations

import typing as t

import dns.query
import dns.rdatatype
import dns.zone
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.acm_endpoint import AcmEndpoint, acm_endpoint
from ansible_collections.certops.acm.tests.support.mail_server import MailServer, mail_server
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server

READS = ("Describe", "List", "Search", "Get")
ONLY_AFTERWARDS = ("validation_records",)  # of what does not exist yet
AGAIN = {"ResendValidationEmail", "RenewCertificate"}  # done in each run, the latter because the window is so wide

Result = t.Dict[str, t.Any]


class Stage:
    """An authority behind an endpoint, with BIND, a mail server and one private CA."""

    def __init__(
        self, run_module: t.Callable[..., Result], acm: AcmEndpoint, bind: NameServer, mail: MailServer, ca: str
    ) -> None:
        self._run_module = run_module
        self.acm = acm
        self.mail = mail
        self.ca = {"certificate_authority_arn": ca, "key_algorithm": "EC_prime256v1"}
        self.public = {"key_algorithm": "EC_prime256v1", "publish": {"rfc2136": bind.rfc2136()}}
        self.bind = bind

    def task(self, **options: t.Any) -> Result:
        wait = {"wait_timeout": 20, "wait_interval": 1}
        return self._run_module("acm_certificate", {**self.acm.connection, **wait, **options})

    def made(self, **options: t.Any) -> str:
        """The ARN of a certificate that already exists."""
        result = self.task(wait=True, **options)
        assert "failed" not in result, result["msg"]
        return str(result["certificate"]["certificate_arn"])

    def export(self, arn: str) -> None:
        self.acm.client().export_certificate(CertificateArn=arn, Passphrase=b"only for a test")

    @property
    def writes(self) -> list[str]:
        return [call.operation for call in self.acm.calls if not call.operation.startswith(READS)]


@pytest.fixture(name="stage", scope="module")
def fixture_stage(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[t.Callable[..., Stage]]:
    path = str(tmp_path_factory.mktemp("check") / "authority")
    zones = {"example.com": "@ MX 10 mail\nmail A 127.0.0.1\nposted MX 10 mail"}
    with name_server(zones, extra="allow-transfer { any; };") as bind, mail_server() as mail:
        smtp = {"host": "127.0.0.1", "port": mail.port}
        authority = creation.create(path, settings={"resolvers": [bind.endpoint], "smtp": smtp})
        ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
        with acm_endpoint(path) as acm:
            yield lambda run_module: Stage(run_module, acm, bind, mail, ca)


def a_private_request(stage: Stage) -> Result:
    return {"domain_name": "a.example.com", **stage.ca, "tags": {"a": "1"}, "name_tag": "a", "wait": True}


def a_public_request(stage: Stage) -> Result:
    names = {"domain_name": "b.example.com", "subject_alternative_names": ["*.b.example.com"]}
    return {**names, **stage.public, "options": {"export": "ENABLED"}, "wait": True}


def a_record(stage: Stage) -> Result:
    arn = stage.made(domain_name="c.example.com", **stage.public)
    described = stage.acm.client().describe_certificate(CertificateArn=arn)["Certificate"]
    stage.bind.remove(described["DomainValidationOptions"][0]["ResourceRecord"]["Name"])
    return {"certificate_arn": arn, **stage.public}


def tags(stage: Stage) -> Result:
    arn = stage.made(domain_name="d.example.com", **stage.ca, tags={"a": "1", "b": "1"})
    return {"certificate_arn": arn, "tags": {"b": "2", "c": "1"}}


def an_option(stage: Stage) -> Result:
    arn = stage.made(domain_name="e.example.com", **stage.public)
    return {"certificate_arn": arn, "options": {"certificate_transparency_logging_preference": "DISABLED"}}


def mail_again(stage: Stage) -> Result:
    asked = stage.task(domain_name="posted.example.com", validation_method="EMAIL", key_algorithm="EC_prime256v1")
    return {"certificate_arn": asked["certificate"]["certificate_arn"], "resend_validation_email": True}


def a_renewal(stage: Stage) -> Result:
    arn = stage.made(domain_name="f.example.com", **stage.ca)
    stage.export(arn)
    return {"certificate_arn": arn, "renew_before": "99.9999%", "wait": True}


def a_replacement(stage: Stage) -> Result:
    arn = stage.made(domain_name="g.example.com", **stage.ca, tags={"a": "1"})
    names = {"domain_name": "g.example.com", "subject_alternative_names": ["h.example.com"]}
    return {"certificate_arn": arn, **names, **stage.ca, "replace": True, "wait": True}


def a_revocation(stage: Stage) -> Result:
    arn = stage.made(domain_name="i.example.com", **stage.public, options={"export": "ENABLED"})
    stage.export(arn)
    return {"certificate_arn": arn, "state": "revoked", "revocation_reason": "SUPERSEDED"}


def a_deletion(stage: Stage) -> Result:
    stage.made(domain_name="j.example.com", **stage.ca)
    stage.made(domain_name="j.example.com", subject_alternative_names=["k.example.com"], **stage.ca)
    return {"domain_name": "j.example.com", "state": "absent", "all_matching": True}


def a_list(stage: Stage) -> Result:
    arn = stage.made(domain_name="l.example.com", **stage.ca, tags={"a": "1"})
    items = [{"certificate_arn": arn, "tags": {"a": "2"}}, {"domain_name": "m.example.com", "tags": {"b": "1"}}]
    return {"certificates": items, **stage.ca, "wait": True}


CHANGES = {
    a_private_request: ["RequestCertificate"],
    a_public_request: ["RequestCertificate"],
    a_record: ["publish"],
    tags: ["RemoveTagsFromCertificate", "AddTagsToCertificate"],
    an_option: ["UpdateCertificateOptions"],
    mail_again: ["ResendValidationEmail"],
    a_renewal: ["RenewCertificate"],
    a_replacement: ["RequestCertificate"],
    a_revocation: ["RevokeCertificate"],
    a_deletion: ["DeleteCertificate", "DeleteCertificate"],
    a_list: ["AddTagsToCertificate", "RequestCertificate"],
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_check_mode_writes_nothing_and_predicts_what_the_run_does(
    change: t.Callable[[Stage], Result], run_module: t.Any, stage: t.Callable[..., Stage]
) -> None:
    here = stage(run_module)
    wanted = change(here)
    before = (here.writes, len(here.mail.mails), zone(here))
    checked = here.task(**wanted, _ansible_check_mode=True, _ansible_diff=True)
    assert (here.writes, len(here.mail.mails), zone(here)) == before
    assert checked["changed"] and actions(checked) == CHANGES[change]

    done = here.task(**wanted, _ansible_diff=True)
    assert "failed" not in done and done["changed"]
    written = here.writes[len(before[0]) :]
    assert sorted(written) == sorted(operation for operation in CHANGES[change] if operation != "publish")
    assert [each for each in actions(done) if each != "publish"] == [
        each for each in actions(checked) if each != "publish"
    ]
    assert told(done) == told(checked)

    again = here.task(**wanted)
    assert again["changed"] is bool(AGAIN & set(written))


def zone(stage: Stage) -> list[str]:
    """The CNAME records in DNS, as BIND stores them."""
    found = dns.zone.from_xfr(dns.query.xfr(stage.bind.address, "example.com", port=stage.bind.port))
    return sorted(str(name) for name, _rdataset in found.iterate_rdatasets(dns.rdatatype.CNAME))


def actions(result: Result) -> list[str]:
    items = result.get("certificates", [result])
    return [operation for item in items for operation in item["actions"]]


def told(result: Result) -> list[Result]:
    """The diffs, without what is known only afterwards."""
    diffs = result["diff"] if isinstance(result["diff"], list) else [result["diff"]]
    return [
        (
            {side: {key: each for key, each in diff[side].items() if key not in ONLY_AFTERWARDS} for side in diff}
            if "before_header" not in diff
            else diff
        )
        for diff in diffs
    ]
