# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host reads ACM for which others, and whose keys go where."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._deploy import fleet, orders, wanted

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/one"
WWW, API = {"domain_name": "www.example.com"}, {"certificate_arn": ARN, "name": "api"}
OURS, THEIRS = {"authority": "/srv/ours"}, {"authority": "/srv/theirs"}
EARLY, LATE = "2026-11-29T10:00:00.000001", "2026-11-29T10:00:00.000002"
FINGERPRINT = {"www.example.com": "aa", ARN: "bb"}


def told(identity: str, issuer: str = "ours", **more: Any) -> dict[str, Any]:
    """What acm_export returns about a certificate."""
    return {
        "certificate_arn": identity if identity.startswith("arn:") else f"arn of {identity}",
        "domain_name": identity,
        "fingerprint": FINGERPRINT[identity],
        "public_key_fingerprint": "cc",
        "serial": "01:02",
        "not_before": "2026-11-01T00:00:00Z",
        "not_after": "2027-11-01T00:00:00Z",
        "certificate": f"PEM {identity} by {issuer}",
        "chain": "CHAIN",
        **more,
    }


class Play:
    """Hosts, and what the role has set on each."""

    def __init__(self, **hosts: dict[str, Any]) -> None:
        self.variables: dict[str, dict[str, Any]] = {}
        for name, options in hosts.items():
            self.variables[name] = {"ansible_facts": {}, "options": options}

    @property
    def batch(self) -> list[str]:
        return list(self.variables)

    def begin(self, *names: str, at: str = EARLY, reads_since: str = "") -> None:
        for name in names or self.batch:
            given = {
                "path": "/etc/acm",
                "services": [{"name": "nginx"}],
                "connection": OURS,
                **self.variables[name]["options"],
            }
            given.update(given.pop("connection"))
            facts = self.variables[name]["ansible_facts"]
            self.variables[name][fleet.HOST] = fleet.begin(given, name, facts, at, reads_since)

    def host(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.variables[name][fleet.HOST]
        return found

    def read(self, name: str, *identities: str, at: str = LATE, **more: Any) -> None:
        requests = [{"certificate_arn" if "arn:" in each else "domain_name": each} for each in identities]
        answer = {"exports": [told(each, **more) for each in identities]}
        self.variables[name][fleet.ANSWER] = fleet.keep_answer(answer, requests, self.host(name)["connection"], at)

    def settle(self, *names: str) -> None:
        for name in names or self.batch:
            read = fleet.find_read(self.host(name), self.batch, self.variables)
            self.variables[name][fleet.HOST] = orders.settle(self.host(name), read, is_check=False)

    def look(self, name: str, *lacking: str) -> None:
        host = self.host(name)
        bundles = [
            {
                "name": each["folder"],
                "needs_key": each["folder"] in lacking,
                "changed": True,
                "swapped": True,
                **{
                    key: host["read"][each["identity"]][key]
                    for key in ("serial", "fingerprint", "not_before", "not_after")
                },
            }
            for each in host["certificates"]
        ]
        self.variables[name][fleet.SEEN] = {
            "due": bool(lacking),
            "needs_key": bool(lacking),
            "bundles": bundles,
            "summary": [],
            "sentences": [],
        }

    def export(self, name: str, asked: dict[str, Any], earlier: Any = (), **more: Any) -> None:
        results = []
        for request in asked["requests"]:
            identity = request.get("certificate_arn") or request["domain_name"]
            results.append(
                {**told(identity), "private_key": f"KEY {identity}", "pkcs12": request.get("passphrase"), **more}
            )
        kept = fleet.keep_exports({"exports": results}, asked, self.host(name)["connection"], dict(earlier))
        self.variables[name][fleet.EXPORTS] = kept


def test_one_host_reads_for_all_that_share_its_connection() -> None:
    play = Play(
        web1={"certificates": [WWW]},
        web2={"certificates": [WWW, API]},
        web3={"certificates": [WWW], "connection": THEIRS},
    )
    play.begin()
    assert fleet.choose_reader(play.batch, play.variables, OURS) == "web1"
    assert fleet.choose_reader(play.batch, play.variables, THEIRS) == "web3"
    sharing = fleet.colleagues(play.batch, play.variables, OURS)
    assert fleet.list_reads(sharing, play.variables) == [{"domain_name": "www.example.com"}, {"certificate_arn": ARN}]


def test_hosts_of_two_authorities_never_get_each_others_certificate() -> None:
    play = Play(web1={"certificates": [WWW]}, web2={"certificates": [WWW], "connection": THEIRS})
    play.begin()
    play.read("web1", "www.example.com")
    assert fleet.find_read(play.host("web2"), play.batch, play.variables) == {}
    play.read("web2", "www.example.com", issuer="theirs")
    play.settle()
    for name, issuer in (("web1", "ours"), ("web2", "theirs")):
        (one,) = orders.list_sets(play.host(name), {})
        assert one["certificate"] == f"PEM www.example.com by {issuer}"
        play.look(name, "www.example.com")
    play.export("web1", fleet.list_exports(play.host("web1"), {}, ["web1"], play.variables, {}))
    assert set(fleet.find_keys(play.host("web1"), play.batch, play.variables)) == {"www.example.com"}
    assert fleet.find_keys(play.host("web2"), play.batch, play.variables) == {}


@pytest.mark.parametrize(("at", "is_found"), [(EARLY, True), (LATE, True), ("2026-11-29T09:59:59.000000", False)])
def test_answers_from_before_this_host_began_do_not_count(at: str, is_found: bool) -> None:
    play = Play(web1={"certificates": [WWW]}, web2={"certificates": [WWW]})
    play.begin()
    play.read("web1", "www.example.com", at=at)
    assert bool(fleet.find_read(play.host("web2"), play.batch, play.variables)) is is_found


RUN_BEGAN = "2026-11-29T09:55:00"


@pytest.mark.parametrize(
    ("at", "connection", "since", "is_found"),
    [
        ("2026-11-29T09:55:01.000000", OURS, RUN_BEGAN, True),
        ("2026-11-29T09:55:00.400000", OURS, RUN_BEGAN, True),
        ("2026-11-29T09:54:59.000000", OURS, RUN_BEGAN, False),  # of the run before
        ("2026-11-29T09:55:01.000000", THEIRS, RUN_BEGAN, False),
        ("2026-11-29T09:55:01.000000", OURS, "", False),  # a deployment that belongs to no renewal run
        ("2026-11-29T09:44:59.000000", OURS, "2026-11-29T09:00:00", False),  # a long run: ACM may have renewed it since
        ("2026-11-29T09:45:01.000000", OURS, "2026-11-29T09:00:00", True),
    ],
)
def test_certificates_read_by_the_renewal_run_are_not_read_again(
    at: str, connection: Any, since: str, is_found: bool
) -> None:
    play = Play(web1={"certificates": [WWW]})
    play.begin(reads_since=since)
    requests = [{"domain_name": "WWW.Example.com"}]  # as the inventory spells it
    answer = fleet.keep_answer({"exports": [told("www.example.com")]}, requests, connection, at)
    play.variables["localhost"] = {fleet.EARLIER_ANSWERS: {"ours": answer}}
    assert bool(fleet.find_read(play.host("web1"), ["web1"], play.variables)) is is_found


def test_a_renewal_run_reads_only_what_it_has_not_read_yet() -> None:
    play = Play(web1={"certificates": [WWW, API]})
    play.begin(reads_since=RUN_BEGAN)
    answer = fleet.keep_answer({"exports": [told(ARN)]}, [{"certificate_arn": ARN}], OURS, EARLY)
    play.variables["localhost"] = {fleet.EARLIER_ANSWERS: {"ours": answer}}
    known = fleet.find_earlier(play.host("web1"), play.variables)
    assert fleet.list_reads(["web1"], play.variables, known) == [{"domain_name": "www.example.com"}]
    play.read("web1", "www.example.com")
    assert set(fleet.find_read(play.host("web1"), ["web1"], play.variables)) == {"www.example.com", ARN}


def test_a_finished_refused_or_hostile_host_reads_for_no_other() -> None:
    play = Play(
        done={"certificates": [WWW]},
        refused={"certificates": []},
        hostile={"certificates": [WWW]},
        web={"certificates": [WWW]},
    )
    play.begin()
    play.variables["done"][fleet.HOST]["has_ended"] = True
    play.variables["refused"][fleet.HOST]["fault"] = "x"
    play.variables["hostile"]["ansible_facts"] = {fleet.HOST: {}}
    assert fleet.choose_reader(play.batch, play.variables, OURS) == "web"


def test_facts_that_set_our_variables_are_refused_before_the_options_are_read() -> None:
    play = Play(web={"certificates": 1})
    play.variables["web"]["ansible_facts"] = {"acm_deploy_certificates": 1}
    play.begin()
    assert "acm_deploy_certificates" in play.host("web")["fault"] and play.host("web")["certificates"] == []


def test_a_certificate_that_fails_stops_only_its_own_hosts() -> None:
    play = Play(web1={"certificates": [WWW]}, web2={"certificates": [WWW, API]})
    play.begin()
    requests = [{"domain_name": "www.example.com"}, {"certificate_arn": ARN}]
    answer = {"failed": True, "exports": [told("www.example.com"), {"failed": True, "msg": "Item 2: It is revoked."}]}
    play.variables["web1"][fleet.ANSWER] = fleet.keep_answer(answer, requests, OURS, LATE)
    play.settle()
    assert play.host("web1")["fault"] == "" and play.host("web2")["fault"] == "It is revoked."


def test_a_key_is_exported_once_and_every_host_gets_only_what_it_lacks() -> None:
    play = Play(web1={"certificates": [WWW, API]}, web2={"certificates": [WWW, API]}, web3={"certificates": [API]})
    play.begin()
    play.read("web1", "www.example.com", ARN)
    play.settle()
    play.look("web1")
    play.look("web2", "api")
    play.look("web3", "api")
    exporting = list(fleet.list_exporting(play.batch, play.variables, OURS))
    assert exporting == ["web2", "web3"]
    asked = fleet.list_exports(play.host("web2"), {}, exporting, play.variables, {})
    assert asked == {"requests": [{"certificate_arn": ARN}], "folders": [""]}
    play.export("web2", asked)
    keys = {name: fleet.find_keys(play.host(name), play.batch, play.variables) for name in play.batch}
    assert {name: set(found) for name, found in keys.items()} == {"web1": set(), "web2": {"api"}, "web3": {"api"}}
    sets = orders.list_sets(play.host("web2"), keys["web2"])
    assert [one.get("private_key") for one in sets] == [None, f"KEY {ARN}"]
    earlier = play.variables["web2"][fleet.EXPORTS]["keys"]
    assert fleet.list_exports(play.host("web3"), {}, exporting, play.variables, earlier)["requests"] == []


@pytest.mark.parametrize(
    ("eligibility", "depends", "is_due"),
    [("INELIGIBLE", True, True), ("ELIGIBLE", True, False), ("INELIGIBLE", False, False)],
)
def test_an_export_that_keeps_a_certificate_eligible_is_due_even_if_no_host_lacks_a_key(
    eligibility: str, depends: bool, is_due: bool
) -> None:
    play = Play(web={"certificates": [WWW]})
    play.begin()
    play.read("web", "www.example.com", renewal_eligibility=eligibility, renewal_depends_on_export=depends)
    play.settle()
    play.look("web")
    assert fleet.is_export_due(play.host("web"), play.variables["web"][fleet.SEEN]) is is_due


def test_no_host_has_the_passphrase_or_the_pkcs12_of_another() -> None:
    services = [{"name": "app", "files": ["pkcs12"], "reload_command": "true"}]
    sealed = {"certificates": [{**WWW, "pkcs12_passphrase": "anything"}], "services": services}
    play = Play(web1=sealed, web2=sealed)
    play.begin()
    play.read("web1", "www.example.com")
    play.settle()
    play.look("web1", "www.example.com")
    play.look("web2", "www.example.com")
    asked = fleet.list_exports(play.host("web1"), {"www.example.com": "mine"}, play.batch, play.variables, {})
    assert [request["passphrase"] for request in asked["requests"]] == ["mine"]
    play.export("web1", asked)
    assert fleet.find_keys(play.host("web1"), play.batch, play.variables)["www.example.com"]["pkcs12"] == "mine"
    assert fleet.find_keys(play.host("web2"), play.batch, play.variables) == {}


def test_a_key_is_never_stored_under_another_certificates_name() -> None:
    play = Play(web={"certificates": [API]})
    play.begin()
    play.read("web", ARN)
    play.settle()
    play.look("web", "api")
    asked = fleet.list_exports(play.host("web"), {}, ["web"], play.variables, {})
    play.export("web", asked, certificate_arn=ARN.replace("one", "two"))
    assert "The export of" in fleet.find_keys(play.host("web"), play.batch, play.variables)["api"]["fault"]


def test_a_renewal_in_between_is_not_mixed_up() -> None:
    play = Play(web={"certificates": [API]})
    play.begin()
    play.read("web", ARN)
    play.settle()
    play.look("web", "api")
    play.export("web", fleet.list_exports(play.host("web"), {}, ["web"], play.variables, {}), fingerprint="dd")
    found = fleet.find_keys(play.host("web"), play.batch, play.variables)
    assert found == {} and fleet.lacks_exports(play.host("web"), play.variables["web"][fleet.SEEN], found)


def test_a_pinned_key_is_checked_before_anything_is_done() -> None:
    play = Play(web={"certificates": [{**WWW, "public_keys": ["DD:EE"]}]})
    play.begin()
    play.read("web", "www.example.com")
    play.settle()
    assert "not among its public_keys" in play.host("web")["fault"]


def test_arns_without_a_name_get_the_folder_of_their_domain() -> None:
    other = ARN.replace("one", "two")
    FINGERPRINT[other] = "ee"
    play = Play(web={"certificates": [{"certificate_arn": ARN}, {"certificate_arn": other}]})
    play.begin()
    play.read("web", ARN, other, domain_name="*.example.com")
    play.settle()
    assert "would use the folder wildcard.example.com" in play.host("web")["fault"]


def test_a_fault_names_the_roles_variables() -> None:
    answer = {
        "exports": [{"failed": True, "msg": f"The task works in us-east-1: set the option region to {ARN[12:24]}."}]
    }
    read = fleet.keep_answer(answer, [{"certificate_arn": ARN}], {}, LATE)["certificates"]
    assert [one["fault"] for one in read.values()] == [
        f"The task works in us-east-1: set acm_deploy_region to {ARN[12:24]}."
    ]


def test_check_mode_predicts_what_acm_does_not_have_yet() -> None:
    host = fleet.begin({"path": "/etc/acm", "services": [{"name": "nginx"}], "certificates": [WWW]}, "web", {}, EARLY)
    answer = {"exports": [{"failed": True, "msg": "Item 1: There is no certificate for www.example.com; request it."}]}
    read = fleet.keep_answer(answer, [{"domain_name": "www.example.com"}], {}, LATE)["certificates"]
    settled = orders.settle(host, read, is_check=True)
    assert (settled["fault"], settled["to_come"], settled["certificates"]) == ("", ["www.example.com"], [])
    assert orders.settle(host, read, is_check=False)["fault"].startswith("There is no certificate")


def test_a_certificate_without_a_passphrase_has_none() -> None:
    assert wanted.passphrases([WWW]) == {}


@pytest.mark.parametrize("step", [1, -1])  # the order of the inventory, and reverse_inventory
def test_the_last_batch_is_known_without_looking_at_all_hosts_in_each(step: int) -> None:
    """Ansible assembles a host's variables at every access."""
    names = [f"web-{number:03}" for number in range(200)]

    class Looks(dict[str, dict[str, Any]]):
        count = 0

        def __getitem__(self, name: str) -> dict[str, Any]:
            self.count += 1
            return super().__getitem__(name)

    variables, order, told = Looks({name: {} for name in names}), names[::step], []
    for number in range(0, len(order), 10):
        batch = order[number : number + 10]
        variables.update({name: {fleet.HOST: {}} for name in batch})
        told.append(fleet.is_last_batch(names, variables, batch))
    assert told == [False] * 19 + [True]
    assert variables.count <= 2 * len(names)
    assert fleet.is_last_batch(names, variables, names)
