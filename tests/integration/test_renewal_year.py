# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A year of unattended renewal: fifty certificates of all kinds, daily runs, and everything that goes wrong in a year.

DNS records that vanish, a CAA record that appears, mails that nobody answers, a host that is down for a month and one that
dies for good, a queue that loses one notice in five and repeats others, and a second region with hosts of its own on the
same controller. In the end every certificate that could be renewed is served by every host, of every other people were told
on the right days with the right reason, each once, nothing was deployed twice, and nobody was told about what was well.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import time_machine
from ansible_collections.certops.acm.tests.support.name_server import NameServer, NotStarted, name_server
from ansible_collections.certops.acm.tests.support.pki import Pki
from ansible_collections.certops.acm.tests.support.renewal_year import Host, Renewals, call, one_client_for_all
from ansible_collections.certops.acm.tests.support.web_server import web_server

START = datetime(2027, 1, 4, 6, 0, tzinfo=timezone.utc)  # a Monday
DAYS = 367  # ends on a Thursday, after the maintenance window of that day
TROUBLE_AT = 100  # the day on which records vanish and a CAA record appears
DOWN = range(120, 150)
DEAD_FROM = 200
POLICY = {
    "watch": "all",
    "renew_before": "35%",
    "forced_a_day": 5,
    "maintenance_window": {"weekdays": ["tue", "thu"], "start": "05:00", "end": "07:00"},
}
NOTICES = [45, 30, 15, 7, 3, 1]


class World:
    """The clock, DNS, and what an operator does in a year."""

    def __init__(self, folder: Path, dns: NameServer) -> None:
        self.folder = folder
        self.dns = dns
        self.authority = str(folder / "authority")
        self.other_region = str(folder / "other-region")
        self.clock = time_machine.travel(START, tick=True)
        self.traveller = self.clock.start()
        self.records: dict[str, list[tuple[str, str]]] = {}
        self.arns: dict[str, str] = {}
        made = call(
            "acm_authority",
            path=self.authority,
            settings={"resolvers": [dns.endpoint], "validity_days": 198, "private_validity_days": 90},
            certificate_authorities=[{"name": "corp", "key_algorithm": "EC_prime256v1"}],
        )
        self.ca = made["authority"]["certificate_authorities"][0]["arn"]
        made = call(
            "acm_authority",
            path=self.other_region,
            region="eu-central-1",
            settings={"resolvers": [dns.endpoint], "private_validity_days": 90},
            certificate_authorities=[{"name": "corp", "key_algorithm": "EC_prime256v1"}],
        )
        self.other_ca = made["authority"]["certificate_authorities"][0]["arn"]

    def tomorrow(self) -> datetime:
        self.traveller.shift(timedelta(days=1))
        return datetime.now(timezone.utc)

    @contextmanager
    def real_time(self) -> Iterator[None]:
        """BIND has its own clock, and refuses updates signed at another time."""
        now = datetime.now(timezone.utc)
        self.clock.stop()
        try:
            yield
        finally:
            self.clock = time_machine.travel(now, tick=True)
            self.traveller = self.clock.start()

    def acm(self, **options: Any) -> dict[str, Any]:
        answer = call("acm_certificate", **{"authority": self.authority, **options})
        assert not answer.get("failed"), answer["msg"]
        return answer

    def request(self, name: str, **options: Any) -> str:
        answer = self.acm(domain_name=name, key_algorithm="EC_prime256v1", **options)
        arn = str(answer["certificate"]["certificate_arn"])
        self.arns[name] = arn
        records = [
            option.get("resource_record") for option in answer["certificate"].get("domain_validation_options", ())
        ]
        self.records[name] = [(record["name"], record["value"]) for record in records if record]
        return arn

    def publish(self, *names: str) -> None:
        with self.real_time():
            for name in names:
                for owner, value in self.records[name]:
                    self.dns.add(owner, "CNAME", value)

    def unpublish(self, *names: str) -> None:
        with self.real_time():
            for name in names:
                for owner, _value in self.records[name]:
                    self.dns.remove(owner)

    def approve(self, name: str) -> None:
        approval = {"certificate_arn": self.arns[name], "domain_name": name}
        answer = call("acm_authority", path=self.authority, approve=[approval])
        assert not answer.get("failed"), answer["msg"]

    def bring(self, name: str, days: int) -> None:
        """Import a self-signed certificate, or the successor of one."""
        pair = Pki(datetime.now(timezone.utc)).issue(name, not_before=0, days=days)
        answer = call(
            "acm_import",
            authority=self.authority,
            certificate_arn=self.arns.get(name),
            certificate=pair.pem,
            private_key=pair.key_pem,
        )
        assert not answer.get("failed"), answer["msg"]
        self.arns[name] = str(answer["certificate"]["certificate_arn"])


def names_of(kind: str, number: int, zone: str = "example.com") -> list[str]:
    return [f"{kind}-{each}.{zone}" for each in range(1, number + 1)]


SITES = names_of("site", 13)  # public, exportable, on three web servers
FORGETFUL = names_of("forgetful", 1)  # as these, but the record vanishes, and is published again after an alert
LOST = names_of("lost", 1)  # as these, but the record vanishes for good
FORBIDDEN = names_of("forbidden", 1, "example.net")  # as these, until a CAA record forbids it
INSIDE = names_of("inside", 12, "corp.example.com")  # private, on two application servers
ANSWERED = names_of("answered", 2)  # validated by mail, on a web server, and approved after an alert
UNANSWERED = names_of("unanswered", 2)  # as these, but nobody reads the mail
BALANCED = names_of("balanced", 5)  # public, not exportable, used by a load balancer
UNBALANCED = names_of("unbalanced", 1)  # as these, but the record vanishes
BROUGHT = {"brought-47.example.com": 47, "brought-90.example.com": 90, "brought-200.example.com": 200}  # imported
CARED_FOR = {
    "cared-90.example.com": 90,
    "cared-200.example.com": 200,
}  # as these, and its successor after an alert
UNUSED = names_of("unused", 3)  # public, exportable, never exported
IDLE = names_of("idle", 2, "corp.example.com")  # private, never exported
ABROAD = names_of("abroad", 4, "corp.example.com")  # private, in the other region, on two servers, of which one dies
NEVER = names_of("never", 2)  # requested, and never validated
BY_DNS = [*SITES, *FORGETFUL, *LOST, *FORBIDDEN, *BALANCED, *UNBALANCED, *UNUSED]
HEALTHY = [*SITES, *INSIDE, *BALANCED]


def test_there_are_fifty_certificates() -> None:
    assert len([*BY_DNS, *INSIDE, *ANSWERED, *UNANSWERED, *BROUGHT, *CARED_FOR, *IDLE, *NEVER]) == 50


@pytest.fixture(name="dns", scope="module")
def fixture_dns() -> Iterator[NameServer]:
    mail = "\n".join(f"{name}. MX 10 mail" for name in [*ANSWERED, *UNANSWERED])
    zones = {"example.com": f"{mail}\nmail A 127.0.0.1", "example.net": ""}
    try:
        with name_server(zones) as server:
            yield server
    except NotStarted as error:
        pytest.skip(str(error))


def test_a_year(tmp_path: Path, dns: NameServer) -> None:
    with one_client_for_all(), web_server({"/told": b"thanks"}) as people:
        world = World(tmp_path, dns)
        try:
            live_through(world, f"http://{people.address}/told")
        finally:
            world.clock.stop()


def live_through(world: World, people: str) -> None:
    for name in BY_DNS:
        options = {"export": "DISABLED" if name in BALANCED + UNBALANCED else "ENABLED"}
        world.request(name, validation_method="DNS", options=options)
    for name in [*INSIDE, *IDLE]:
        world.request(name, certificate_authority_arn=world.ca)
    for name in ABROAD:
        world.request(name, authority=world.other_region, certificate_authority_arn=world.other_ca)
    for name in [*ANSWERED, *UNANSWERED]:
        world.request(name, validation_method="EMAIL", options={"export": "ENABLED"})
        world.approve(name)
    world.publish(*BY_DNS)
    for name, days in {**BROUGHT, **CARED_FOR}.items():
        world.bring(name, days)
    balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/1"
    uses = [{"certificate_arn": world.arns[name], "services": [balancer]} for name in [*BALANCED, *UNBALANCED]]
    assert call("acm_authority", path=world.authority, sweep=True, in_use_by=uses)["swept"]["failed"] == []
    for name in NEVER:
        world.request(name, validation_method="DNS")

    def host(name: str, *names: str, authority: str = world.authority) -> Host:
        entries = [{"certificate_arn": world.arns[each], "name": each} for each in names]
        return Host(name, world.folder / name, entries, authority)

    shared = [*SITES, *FORGETFUL, *LOST, *FORBIDDEN]
    webs = [host("web-1", *shared, *ANSWERED, *UNANSWERED), host("web-2", *shared), host("web-3", *shared)]
    inside = [host("app-1", *INSIDE), host("app-2", *INSIDE)]
    abroad = [host(name, *ABROAD, authority=world.other_region) for name in ("abroad-1", "abroad-2")]
    hosts = [*webs, *inside, *abroad]
    renewals = Renewals(
        hosts,
        [{"name": "log", "type": "webhook", "format": "json", "url": people}],
        POLICY,
        random.Random(20270104),
        world.folder / "memory",
        drops=0.2,
        repeats=0.2,
    )
    name_of = {arn: name for name, arn in world.arns.items()}
    faults: list[str] = []
    begun = len(renewals.told)
    for day in range(DAYS):
        if day == TROUBLE_AT:
            world.unpublish(*FORGETFUL, *LOST, *UNBALANCED)
            with world.real_time():
                dns = world.dns
                dns.add(FORBIDDEN[0], "CAA", '0 issue ";"')
        webs[2].is_up = day not in DOWN
        abroad[1].is_up = day < DEAD_FROM
        renewals.run()
        for _at, alert in renewals.told[begun:]:
            name = name_of.get(alert.get("certificate_arn", ""), "")
            if alert["kind"] == "action_required" and name in FORGETFUL:
                world.publish(name)
            elif alert["kind"] == "action_required" and name in ANSWERED:
                world.approve(name)
            elif alert["kind"] == "expiring" and name in CARED_FOR and alert["days_to_expiry"] <= 15:
                world.bring(name, CARED_FOR[name])
        begun = len(renewals.told)
        faults += expired_somewhere(hosts, name_of, day)
        world.tomorrow()
    assert faults == []
    check_hosts(hosts, world, name_of)
    check_told(renewals, world, name_of)
    assert renewals.dropped > 10 and renewals.repeated > 10, "the queue was not bad enough"
    rest = call("acm_notifications", authority=world.authority, queue_name="renewals", visibility_timeout=1)
    assert rest["waiting"] + len(rest["notifications"]) <= renewals.repeated


def expired_somewhere(hosts: list[Host], name_of: dict[str, str], day: int) -> list[str]:
    """Certificates that could have been renewed and that a host still serves although they have expired."""
    now = datetime.now(timezone.utc)
    return [
        f"day {day}: {host.name} serves {bundle['name']}, expired at {bundle['not_after']}"
        for host in hosts
        for identity, bundle in host.served.items()
        if host.is_up
        and name_of[identity] in [*HEALTHY, *ABROAD, *FORGETFUL, *ANSWERED]
        and datetime.fromisoformat(bundle["not_after"].replace("Z", "+00:00")) <= now
    ]


def check_hosts(hosts: list[Host], world: World, name_of: dict[str, str]) -> None:
    """Every living host serves what ACM has, and each certificate was deployed once."""
    listing = [
        certificate
        for authority in (world.authority, world.other_region)
        for certificate in call("acm_certificate_info", authority=authority)["certificates"]
    ]
    serials = {one["certificate_arn"]: one["serial"] for one in listing if "serial" in one}
    for host in hosts:
        assert set(host.swaps.values()) == {1}
        if not host.is_up:
            continue
        served = {name_of[identity]: bundle["serial"] for identity, bundle in host.served.items()}
        assert served == {entry["name"]: serials[entry["certificate_arn"]] for entry in host.entries}
        renewed = [name for name, serial in host.swaps if name in [*HEALTHY, *ABROAD]]
        assert all(renewed.count(name) >= 2 for name in renewed), "a year is longer than any lifetime here"


def check_told(renewals: Renewals, world: World, name_of: dict[str, str]) -> None:
    told: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    texts: dict[str, str] = {}

    def subject(alert: dict[str, Any]) -> str:
        """A host that is down may lack one certificate only, which the alert then names too."""
        name = "" if _is_of_host(alert) else name_of.get(alert.get("certificate_arn", ""), "")
        return name or str(alert["hosts"][0])

    for _at, alert in renewals.told:
        if alert["kind"] == "resolved":
            continue
        name = subject(alert)
        texts[f"{name} {alert['kind']}"] = f"{alert['title']} {alert['text']}"
        if alert["kind"] != "deployed":
            told[name].append((alert["kind"], alert.get("days_to_expiry")))

    def notices(kind: str, days: list[int]) -> list[tuple[str, int]]:
        return [*((kind, each) for each in days), ("expired", 0)]

    expected: dict[str, list[tuple[str, Any]]] = {
        **{name: notices("action_required", NOTICES) for name in [*LOST, *FORBIDDEN, *UNANSWERED, *UNBALANCED]},
        **{name: notices("expiring", NOTICES) for name in UNUSED},
        **{name: notices("expiring", NOTICES[1:]) for name in IDLE},
        **{name: [("not_issued", None), ("not_issued", None)] for name in NEVER},
        "brought-47.example.com": notices("expiring", NOTICES[2:]),
        "brought-90.example.com": notices("expiring", NOTICES[1:]),
        "brought-200.example.com": notices("expiring", NOTICES),
    }
    missed = {name: (told.get(name), wanted) for name, wanted in expected.items() if told.get(name) != wanted}
    assert missed == {}
    rightly = {*expected, *FORGETFUL, *ANSWERED, *CARED_FOR, "web-3", "abroad-2"}
    wrongly = [(str(at), alert) for at, alert in renewals.told if subject(alert) not in rightly]
    assert [each for each in wrongly if each[1]["kind"] != "deployed"] == [], "somebody was told of what was well"
    assert set(told) == rightly
    assert {kind for kind, _left in told["web-3"]} == {"host_unreachable"} == {kind for kind, _left in told["abroad-2"]}
    for name in [*FORGETFUL, *ANSWERED]:
        assert {kind for kind, _left in told[name]} == {"action_required"}
    assert {left for _kind, left in told["cared-200.example.com"]} == {45, 30, 15}

    assert "lost-1.example.com" in texts["lost-1.example.com action_required"]
    for name, words in {
        LOST[0]: "has no CNAME record",
        UNBALANCED[0]: "has no CNAME record",
        FORBIDDEN[0]: "CAA",
        UNANSWERED[0]: "resend_validation_email",
    }.items():
        assert words in texts[f"{name} action_required"], texts[f"{name} action_required"]
    assert "acm_import" in texts["brought-90.example.com expiring"]
    assert "was not exported" in texts[f"{UNUSED[0]} expiring"]

    check_all_clears(renewals, name_of)
    sent = [alert["key"] for _at, alert in renewals.told]
    assert len(sent) == len(set(sent)), "somebody was told the same twice"
    assert len(list((world.folder / "memory").iterdir())) == 2
    assert any("abroad-2 does not answer" in fault for fault in renewals.faults)


def _is_of_host(alert: dict[str, Any]) -> bool:
    return alert["kind"] == "host_unreachable" or alert["title"].endswith(("web-3: all clear", "abroad-2: all clear"))


def check_all_clears(renewals: Renewals, name_of: dict[str, str]) -> None:
    """Whoever was alerted to a problem is told when it is over, and nobody else."""
    clears = [alert for _at, alert in renewals.told if alert["kind"] == "resolved"]
    about = {name_of.get(alert.get("certificate_arn", ""), "") or alert["hosts"][0] for alert in clears}
    assert {*FORGETFUL, *ANSWERED, *CARED_FOR, "web-3"} <= about
    assert about.isdisjoint({*BROUGHT, *LOST, *FORBIDDEN, *UNANSWERED, *UNUSED, *ABROAD, "abroad-2"})
