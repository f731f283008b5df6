# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import alerts, plan
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.policy import read_policy
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.seen import Concern, Seen
from ansible_collections.certops.acm.tests.support.renewal_facts import NOW, arn, iso, make_certificate, make_memory

RECORD = {"name": "_a.host-1.example.com.", "type": "CNAME", "value": "_b.acm-validations.aws."}
MISSING = {
    "renewal_summary": {"renewal_status": "PENDING_VALIDATION", "renewal_status_reason": "PENDING_DOMAIN_VALIDATION"},
    "validation_method": "DNS",
    "domain_validation_options": [
        {"domain_name": "host-1.example.com", "resource_record": RECORD},
        {"domain_name": "fine.example.com", "resource_record": {**RECORD, "name": "_c.fine.example.com."}},
    ],
    "diagnosis": [
        {"domain_name": "host-1.example.com", "reason": "There is no such record.", "remedy": "Publish it."},
    ],
}


def standing(one: dict[str, Any], *, host: str = "web", state: str = "deployed", **changes: Any) -> plan.Standing:
    return plan.Standing(
        **{
            "host": host,
            "identity": one["certificate_arn"],
            "arn": one["certificate_arn"],
            "domain_name": one["domain_name"],
            "state": state,
            "serial": one.get("serial"),
            "served_serial": one.get("serial"),
            "served_until": plan.maybe_moment(one.get("not_after")),
            **changes,
        }
    )


def found(
    listing: list[dict[str, Any]], *standings: plan.Standing, policy: dict[str, Any] | None = None, **seen: Any
) -> list[Concern]:
    given = {"memory": make_memory(), **seen}
    return alerts.concerns(Seen(NOW, listing, {}, standings, **given), read_policy(policy or {}))


def told(*arguments: Any, **named: Any) -> list[dict[str, Any]]:
    return [concern.alert for concern in found(*arguments, **named)]


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, []),
        ({"left": 46}, []),
        ({"left": 44}, []),  # ACM may have just begun; it renews from 60 or 45 days on
        ({"left": 29}, ["expiring"]),
        ({"left": 44, "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        ({"left": 44, "type": "IMPORTED", "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        ({"left": 44, **MISSING}, ["action_required"]),
        ({"left": 59, **MISSING}, []),  # ACM has just begun; the first notice is at 45 days
        ({"left": 44, **MISSING, "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        (
            {"left": 44, "renewal_summary": {"renewal_status": "FAILED", "updated_at": "x"}},
            ["renewal_failed"],
        ),
        ({"left": 20, "lifetime": 47}, []),
        ({"left": 14, "lifetime": 47}, ["expiring"]),
        (
            {"left": 44, "renewal_summary": {"renewal_status": "PENDING_VALIDATION"}, "validation_method": "EMAIL"},
            ["action_required"],
        ),
        ({"left": -1}, ["expired"]),
        ({"left": -8}, []),  # old history
        ({"left": -8, "in_use": True}, ["expired"]),
        ({"left": -1, "status": "EXPIRED"}, ["expired"]),
        ({"left": -1, "status": "REVOKED"}, []),
        ({"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=23))}, []),
        (
            {"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=25))},
            ["not_issued"],
        ),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=2))}, ["not_issued"]),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=20))}, []),
        ({"not_after": None, "not_before": None, "created_at": None}, []),
        ({"domain_name": None, "subject_alternative_names": None, "left": 14}, ["expiring"]),
    ],
)
def test_alerts_about_a_certificate_that_is_not_deployed(members: dict[str, Any], kinds: list[str]) -> None:
    one = make_certificate(**members)
    assert [alert["kind"] for alert in told([one])] == kinds
    assert told([one], policy={"watch": "deployed"}) == []


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, []),
        ({"left": -8}, ["expired"]),
        ({"status": "REVOKED"}, ["unavailable"]),
        ({"status": "INACTIVE"}, ["unavailable"]),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=20))}, ["not_issued"]),
        ({"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=23))}, []),
        (
            {"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=25))},
            ["not_issued"],
        ),
        ({"renewal_eligibility": "INELIGIBLE"}, ["ineligible"]),
        ({"renewal_eligibility": "INELIGIBLE", "left": 44}, ["expiring"]),
        ({"renewal_eligibility": "INELIGIBLE", "type": "IMPORTED"}, []),
        ({"renewal_eligibility": "INELIGIBLE", "options": {"export": "DISABLED"}}, []),
    ],
)
def test_alerts_about_a_certificate_that_is_deployed(members: dict[str, Any], kinds: list[str]) -> None:
    one = make_certificate(**members)
    assert [alert["kind"] for alert in told([one], standing(one), policy={"watch": "deployed"})] == kinds


def test_a_replaced_certificate_expires_without_an_alert() -> None:
    names = ["www.example.com", "example.com"]
    old = make_certificate(1, left=20, domain_name=names[0], subject_alternative_names=names)
    new = make_certificate(2, left=300, domain_name=names[1], subject_alternative_names=[*names, "more.example.com"])
    assert told([old, new]) == []
    assert [alert["kind"] for alert in told([{**old, "in_use": True}, new])] == ["expiring"]
    assert [alert["kind"] for alert in told([old, new], standing(old))] == ["expiring"]
    assert [alert["kind"] for alert in told([old, {**new, "subject_alternative_names": names[:1]}])] == []
    assert len(told([old, {**new, "domain_name": "other.example.com", "subject_alternative_names": names[:1]}])) == 1


def test_a_request_that_failed_says_why_once_and_what_to_do() -> None:
    failed = make_certificate(status="FAILED", not_after=None, serial=None, created_at=iso(NOW - timedelta(days=2)))
    again = "Once the cause is fixed, request it again with certops.acm.acm_certificate and replace: true."
    (alert,) = told([{**failed, "failure_reason": "CAA_ERROR"}])
    assert alert["text"] == f"A CAA record in DNS forbids it (CAA_ERROR). {again}"
    why = "The request for host-1.example.com failed with CAA_ERROR: CAA records do not allow Amazon to issue."
    finding = {"domain_name": "host-1.example.com", "problem": "ended", "reason": why}
    (alert,) = told([{**failed, "failure_reason": "CAA_ERROR", "diagnosis": [finding]}])
    assert alert["text"] == f"{why} {again}"


def test_action_required_says_what_to_do_and_by_when() -> None:
    (alert,) = told([make_certificate(left=14.5, **MISSING)])
    assert alert["text"] == ("There is no such record. Publish it. Once that is done, ACM continues within hours.")
    assert alert["records"] == [RECORD]  # not that of the name that is fine
    assert alert["days_to_expiry"] == 15
    assert alert["severity"] == "warning"
    assert alert["key"] == f"action_required {arn(1)} 01 15"
    assert alert["title"] == (
        "host-1.example.com: the renewal needs your action, and the certificate expires in 15 days, on "
        "2026-12-10 00:00 UTC"
    )


def test_a_name_is_given_where_there_are_several() -> None:
    (alert,) = told([make_certificate(left=14.5, **MISSING, subject_alternative_names=["fine.example.com"])])
    assert alert["text"].startswith("host-1.example.com: There is no such record.")


def test_action_required_by_mail() -> None:
    mail = {"renewal_summary": {"renewal_status": "PENDING_VALIDATION"}, "validation_method": "EMAIL"}
    (alert,) = told([make_certificate(left=1.4, **mail)])
    assert "resend_validation_email" in alert["text"]
    assert alert["severity"] == "critical"
    assert (
        alert["title"]
        == "host-1.example.com: the renewal needs your action, and the certificate expires tomorrow, on 2026-11-26 21:36 UTC"
    )


def test_each_notice_day_has_its_own_key() -> None:
    members: dict[str, Any] = {"type": "IMPORTED"}
    keys = [told([make_certificate(left=left + 0.25, **members)])[0]["key"] for left in range(45, -1, -1)]
    assert [key.split(" ")[-1] for key in dict.fromkeys(keys)] == ["45", "30", "15", "7", "3", "1"]
    assert keys.index(f"expiring {arn(1)} 01 30") == 45 - 30


def test_a_deployment_is_reported_once_for_all_hosts() -> None:
    one = make_certificate()
    hosts = [standing(one, host=f"web-{number}", was_new=True, services=("nginx",)) for number in (2, 1)]
    (alert,) = told([one], *hosts, standing(one, host="web-3"))
    assert (alert["kind"], alert["severity"], alert["hosts"]) == ("deployed", "info", ["web-1", "web-2"])
    assert alert["title"] == "host-1.example.com: a new certificate is in place on web-1 and web-2"
    assert alert["text"] == "nginx serves it."
    (alert,) = told([one], standing(one, was_new=True))  # without ports nobody saw it served
    assert alert["text"] == "Its files are in place; no port was checked."


OLD = {"served_serial": "0f", "served_until": NOW + timedelta(days=20)}


def test_a_failed_host_is_reported_immediately_and_on_the_notice_days() -> None:
    one = make_certificate()
    keys = []
    for left in (50, 40, 20, 2):
        served = {**OLD, "served_until": NOW + timedelta(days=left)}
        (alert,) = told([one], standing(one, state="failed", reason="nginx -t failed", **served))
        keys.append(alert["key"])
        assert alert["kind"] == "deploy_failed"
        assert alert["severity"] == "critical"
        assert alert["text"].startswith(
            "nginx -t failed. The server still has the previous certificate, which expires in"
        )
    assert [key.split(" ")[-1] for key in keys] == ["first", "45", "30", "3"]


def test_a_silent_host_is_reported_only_if_it_lacks_something() -> None:
    one, two = make_certificate(1), make_certificate(2)
    assert told([one], standing(one, state="unreachable")) == []
    (alert,) = told([one, two], standing(one, state="unreachable", **OLD), standing(two, state="unreachable", **OLD))
    assert (alert["kind"], alert["severity"]) == ("host_unreachable", "warning")
    assert alert["title"] == "web does not answer, and lacks host-1.example.com and host-2.example.com"
    (alert,) = told([one], standing(one, state="unreachable", served_serial=None, served_until=None))
    assert "It is not known which certificate the server has." in alert["text"]


def test_an_entry_without_a_certificate_in_acm() -> None:
    gone = plan.Standing(
        "web", "www.example.com", None, "www.example.com", "left_out", None, None, None, reason="None."
    )
    (alert,) = told([], gone, gone._replace(host="web-2"))
    assert (alert["kind"], alert["hosts"]) == ("unavailable", ["web", "web-2"])
    assert alert["title"] == "www.example.com: ACM has no certificate to deploy"
    assert "certificate_arn" not in alert


def test_a_valid_certificate_that_acm_does_not_export() -> None:
    one = make_certificate()
    unread = standing(one, state="left_out", serial=None, reason="Not authorized to perform acm:GetCertificate")
    (alert,) = told([one], unread)
    assert (alert["kind"], alert["severity"], alert["hosts"]) == ("unavailable", "critical", ["web"])
    assert alert["title"] == "host-1.example.com: ACM does not export it"
    assert alert["text"] == "Not authorized to perform acm:GetCertificate. Hosts keep their present certificates."


def test_a_failed_forced_renewal() -> None:
    (alert,) = told([make_certificate()], forced_in_vain=[(arn(1), "The CA is DISABLED.")])
    assert (alert["kind"], alert["domain_name"]) == ("renewal_failed", "host-1.example.com")
    assert alert["text"].startswith("The CA is DISABLED.")


@pytest.mark.parametrize(
    ("memory", "title"),
    [
        ({}, None),
        ({"began_at": iso(NOW - timedelta(hours=47)), "ended_at": iso(NOW - timedelta(hours=46))}, None),
        (
            {"began_at": iso(NOW - timedelta(hours=50)), "ended_at": iso(NOW - timedelta(hours=49))},
            "No renewal run for 2 days",
        ),
        (
            {"began_at": iso(NOW - timedelta(hours=1)), "ended_at": iso(NOW - timedelta(hours=2))},
            "The renewal run of 2026-11-25 11:00 UTC did not finish",
        ),
        (
            {"began_at": iso(NOW - timedelta(hours=1))},
            "The renewal run of 2026-11-25 11:00 UTC did not finish",
        ),
    ],
)
def test_runs_that_were_missed_or_did_not_finish(memory: dict[str, Any], title: str | None) -> None:
    assert [alert["title"] for alert in told([], memory=make_memory(**memory))] == ([title] if title else [])


def seen_with(told_before: list[str], *standings: plan.Standing, **others: Any) -> Seen:
    memory = make_memory(told={key: {"chat": iso(NOW)} for key in told_before})
    listing = [make_certificate(1, left=28), make_certificate(2), make_certificate(4, left=-20)]
    return Seen(NOW, listing, {}, standings, memory, **others)


def test_resolved() -> None:
    """A problem is resolved when its subject has none; the next notice of an expiry does not resolve the previous one."""
    keys = [
        f"expiring {arn(1)} 01 45",
        f"expiring {arn(1)} 01 30",
        f"expiring {arn(2)} 02 45",
        f"deployed {arn(2)} 02 web",
        "host_unreachable web 01 first",
        "host_unreachable elsewhere 01 first",  # which is not in this play, as with --limit
        f"expired {arn(3)} 03",  # which ACM does not have any more
        f"expired {arn(4)} 04",  # so long ago that nobody is alerted any more
    ]
    seen = seen_with(keys, standing(make_certificate(2)))
    current = alerts.concerns(seen, read_policy({}))
    assert alerts.resolved(current, seen, read_policy({})) == [keys[2], keys[4], keys[6]]
    assert alerts.resolved(current, seen, read_policy({"watch": "deployed"})) == [keys[2], keys[4], keys[6]]
    assert alerts.resolved(current, seen._replace(is_check=True), read_policy({})) == []


@pytest.mark.parametrize(
    ("states", "is_over"),
    [
        (("deployed", "deployed"), True),
        (("deployed", "held_back"), False),
        (("deployed", "left_out"), False),
        (("deployed", "unreachable"), False),
        (("held_back", "left_out"), False),
        (("unreachable", "unreachable"), False),
    ],
)
@pytest.mark.parametrize("kind", ["deploy_failed", "host_unreachable", "not_served"])
def test_a_host_has_recovered_when_all_its_certificates_were_seen(
    kind: str, states: tuple[str, ...], is_over: bool
) -> None:
    """A host that was held back, unreadable or unreachable was not checked, even if it lacks nothing."""
    key, elsewhere = f"{kind} web 01 first", f"{kind} elsewhere 01 first"
    listing = [make_certificate(1), make_certificate(2, status="REVOKED")]
    here = [standing(one, state=state) for one, state in zip(listing, states)]
    memory = make_memory(told={key: {"chat": iso(NOW)}, elsewhere: {"chat": iso(NOW)}})
    seen = Seen(NOW, listing, {}, [*here, standing(listing[0], host="web-2")], memory)
    current = [each for each in alerts.concerns(seen, read_policy({})) if each.alert["kind"] != "unavailable"]
    over = alerts.resolved(current, seen, read_policy({}))
    assert over == ([key] if is_over else [])
    assert alerts.still_open(current, over, seen) == ([] if is_over else [kind])


def test_a_certificate_that_acm_still_does_not_export_is_not_reported_as_available() -> None:
    pending = make_certificate(status="PENDING_VALIDATION", not_after=None, created_at=iso(NOW))
    left_out = standing(pending, identity="www.example.com", state="left_out", serial=None)
    memory = make_memory(told={"unavailable www.example.com absent": {"chat": iso(NOW)}})
    for state, over in (("left_out", []), ("deployed", list(memory["told"]))):
        seen = Seen(NOW, [pending], {}, [left_out._replace(state=state)], memory)
        assert alerts.resolved(alerts.concerns(seen, read_policy({})), seen, read_policy({})) == over


def test_a_certificate_is_renewed_again_only_if_acm_says_so() -> None:
    """It is not enough that a host lacks the certificate, and that it will therefore be exported."""
    memory = make_memory(told={f"ineligible {arn(1)} 01": {"chat": iso(NOW)}})
    for eligibility, over in (("INELIGIBLE", []), ("ELIGIBLE", list(memory["told"]))):
        one = make_certificate(renewal_eligibility=eligibility)
        seen = Seen(NOW, [one], {}, [standing(one, state="unreachable", served_serial=None)], memory)
        assert alerts.resolved(alerts.concerns(seen, read_policy({})), seen, read_policy({})) == over


def test_all_clear() -> None:
    keys = [f"expiring {arn(2)} 02 45", f"action_required {arn(2)} 02 30", "host_unreachable web 01 first"]
    certificate, host = (concern.alert for concern in alerts.all_clear(keys, seen_with(keys)))
    assert certificate["title"] == "host-2.example.com: all clear"
    assert certificate["text"] == (
        "The certificate no longer expires soon. The renewal is no longer waiting for anybody. "
        "The certificate is valid until 2027-03-05 12:00 UTC."
    )
    renewed = [key.replace(" 02 ", " 01 ") for key in keys]
    certificate, _host = (concern.alert for concern in alerts.all_clear(renewed, seen_with(renewed)))
    assert certificate["text"] == (
        "The renewal is no longer waiting for anybody. The certificate was renewed and is now valid until "
        "2027-03-05 12:00 UTC."
    )
    certificate, _host = (concern.alert for concern in alerts.all_clear(keys, seen_with(keys)))
    assert certificate["answers"] == keys[:2] and certificate["kind"] == "resolved"
    assert (host["title"], host["hosts"]) == ("web: all clear", ["web"])
    assert host["text"] == "The server answers again and is up to date."


def test_check_mode_reports_nothing_that_only_a_run_could_make_true() -> None:
    """A certificate that check mode did not export is not eligible for renewal, and needs no alert."""
    one = make_certificate(renewal_eligibility="INELIGIBLE")
    assert [alert["kind"] for alert in told([one], standing(one, was_new=True))] == ["deployed", "ineligible"]
    assert told([one], standing(one, was_new=True), is_check=True) == []


PENDING = {"status": "PENDING_VALIDATION", "not_after": None, "not_before": None, "serial": None}
UNSERVED = (("nginx", "nginx is not running"),)
FAILED = {"renewal_summary": {"renewal_status": "FAILED", "renewal_status_reason": "CAA_ERROR", "updated_at": "x"}}


@pytest.mark.parametrize(
    ("members", "state", "situation", "severity", "title", "text", "days"),
    [
        (
            {"left": -0.75},
            {},
            "expired",
            "critical",
            "host-1.example.com: the certificate expired yesterday",
            "It was valid until 2026-11-24 18:00 UTC. It is in use, so clients refuse to connect. ACM does not renew "
            "expired certificates: request a new one with certops.acm.acm_certificate, and deploy it.",
            -1,
        ),
        (
            {"left": 20, **MISSING},
            {},
            "action_required",
            "warning",
            "host-1.example.com: the renewal needs your action, and the certificate expires in 20 days, on "
            "2026-12-15 12:00 UTC",
            "There is no such record. Publish it. Once that is done, ACM continues within hours, "
            "and the next run deploys the new certificate.",
            20,
        ),
        (
            {"left": 40, **MISSING},  # ACM may take its time still
            {},
            None,
            "warning",
            "host-1.example.com: the renewal needs your action, and the certificate expires in 40 days, on "
            "2027-01-04 12:00 UTC",
            "There is no such record. Publish it. Once that is done, ACM continues within hours, "
            "and the next run deploys the new certificate.",
            40,
        ),
        (
            {"left": 14, "type": "IMPORTED"},
            {},
            None,
            "warning",
            "host-1.example.com: the certificate expires in 14 days, on 2026-12-09 12:00 UTC",
            "It was imported, and ACM never renews imported certificates. Import its successor with "
            "certops.acm.acm_import.",
            14,
        ),
        (
            {"left": 50, **FAILED},
            {},
            "renewal_failed",
            "critical",
            "host-1.example.com: the renewal has failed",
            "The cause: a CAA record in DNS forbids it (CAA_ERROR). Request the renewal again with force_renewal of "
            "certops.acm.acm_certificate; if that fails too, request a new certificate. The certificate expires in 50 "
            "days, on ",
            50,
        ),
        (
            {"status": "REVOKED", "revocation_reason": "KEY_COMPROMISE"},
            {"state": "left_out", "serial": None},
            "unavailable",
            "critical",
            "host-1.example.com: the certificate was revoked",
            "The reason given is KEY_COMPROMISE. Request a new certificate with certops.acm.acm_certificate, and "
            "deploy that instead.",
            None,
        ),
        (
            {**PENDING, "created_at": iso(NOW - timedelta(hours=25)), **{k: MISSING[k] for k in ("diagnosis",)}},
            {"state": "left_out", "serial": None},
            "unavailable",
            "critical",
            "host-1.example.com: the request is still waiting for validation",
            "There is no such record. Publish it. ACM gives up 72 hours after the request (by "
            "2026-11-27 11:00 UTC).",
            None,
        ),
        (
            {},
            {"state": "failed", "reason": "nginx: [emerg] unknown directive", **OLD},
            "deploy_failed",
            "critical",
            "web: host-1.example.com could not be deployed",
            "nginx: [emerg] unknown directive. The server still has the previous certificate, which expires in 20 "
            "days. The next run tries again.",
            20,
        ),
        (
            {},
            {"state": "failed", "reason": "nginx: [emerg] unknown directive"},
            "deploy_failed",
            "critical",
            "web: host-1.example.com could not be checked",
            "nginx: [emerg] unknown directive. The server has the newest certificate of ACM, which expires in 100 "
            "days. The next run tries again.",
            100,
        ),
        (
            {},
            {"state": "unreachable", **OLD, "served_until": NOW - timedelta(days=3)},
            "host_unreachable",
            "critical",
            "web does not answer, and lacks host-1.example.com",
            "The server still has the previous certificate, which expired 3 days ago. Check that the server is up and "
            "that Ansible can log in; the next run tries again.",
            -3,
        ),
        (
            {},
            {"unserved": UNSERVED},
            "not_served",
            "critical",
            "web: nginx was not seen serving host-1.example.com",
            "nginx is not running. The files are in place. Check that the server is running, and that its host and "
            "ports in acm_deploy_services are those on which it listens.",
            100,
        ),
    ],
)
def test_situations(
    members: dict[str, Any],
    state: dict[str, Any],
    situation: str | None,
    severity: str,
    title: str,
    text: str,
    days: int | None,
) -> None:
    """What makes a run fail, what people are told then, and by when they have to act."""
    one = make_certificate(**members)
    (concern,) = found([one], standing(one, **state))
    alert = concern.alert
    assert (concern.situation, alert["severity"], alert["title"]) == (situation, severity, title)
    assert alert["text"].startswith(text)
    assert alert.get("days_to_expiry") == days
    assert alert["hosts"] == ["web"]
    assert "None" not in str(alert) and alert["key"] not in alert["title"] + alert["text"]
