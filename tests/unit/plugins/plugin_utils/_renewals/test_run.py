# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal run from its beginning to its report, with what modules, hosts and memory may answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.filter.acm_renewals import FilterModule
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import run as runs
from ansible_collections.certops.acm.tests.support.renewal_facts import (
    NOW,
    arn,
    iso,
    make_certificate,
    make_done,
    make_known,
    make_memory,
)

HERE = "eu-central-1"
SECRET = "Passw0rd-of-the-pkcs12"


def begun(hosts: dict[str, list[dict[str, Any]]], **options: Any) -> runs.Run:
    connections = {
        name: [HERE if name == "region" else False] * len(hosts) for name in ("authority", "region", "profile")
    }
    return runs.begin(options, list(hosts), list(hosts.values()), connections, iso(NOW), options.get("is_check", False))


def learnt(run: runs.Run, listing: list[dict[str, Any]], connection: str = HERE, **answers: Any) -> runs.Run:
    exports = [
        next((each for each in listing if each["certificate_arn"] == request.get("certificate_arn")), {"failed": True})
        for request in run["connections"][connection]["requests"]
    ]
    given = {
        "listed": {"certificates": listing},
        "recalled": {"memory": make_memory(), "problems": [], "writable": True},
        "received": {"skipped": True},
        "read": {"exports": exports},
        **answers,
    }
    return runs.learn(run, connection, **given)


def outcome(*done: dict[str, Any], failures: Any = (), reachable: bool = True) -> dict[str, Any]:
    return {"started_at": iso(NOW), "reachable": reachable, "done": list(done), "failures": list(failures)}


def reported(run: runs.Run, outcomes: dict[str, Any], minutes: int = 1, lost: Any = ()) -> runs.Run:
    run = runs.gather(run, outcomes, lost, iso(NOW + timedelta(minutes=minutes)))
    return runs.report(run, HERE, {"certificates": run["connections"][HERE]["listing"]}, {})


def told(run: runs.Run) -> list[str]:
    return [alert["title"] for alert in run["connections"][HERE]["report"]["alerts"]]


ONE = make_certificate(1)
WEB = {"web": [{"certificate_arn": arn(1), "pkcs12_passphrase": SECRET}]}


def test_a_region_next_to_an_authority_is_passed_on_and_two_regions_are_refused() -> None:
    def begin(*regions: str) -> runs.Run:
        hosts = [f"web-{number}" for number, _region in enumerate(regions)]
        entries: list[list[dict[str, Any]]] = [[] for _host in hosts]
        connections = {"authority": ["/srv/acm"] * len(hosts), "region": regions, "profile": [""] * len(hosts)}
        return runs.begin({}, hosts, entries, connections, iso(NOW), False)

    own = next(iter(begin("", HERE, "")["connections"].values()))
    assert own["module_options"] == {"authority": "/srv/acm", "region": HERE}
    with pytest.raises(InvalidInput, match="^acm_deploy_region is .* and .* for hosts of the authority /srv/acm"):
        begin(HERE, "us-east-1")


def test_a_host_that_has_just_begun_has_done_nothing_yet() -> None:
    run = learnt(begun(WEB), [ONE])
    assert runs.begin_host(run, "web", [], iso(NOW)) == {**outcome(), "chosen": [arn(1)]}
    assert runs.begin_host(run, "unknown", [], iso(NOW)) == {}
    assert runs.is_of_run(runs.begin_host(run, "web", [], iso(NOW)), run)


def test_hosts_of_many_connections_are_kept_apart_and_no_secret_is_stored() -> None:
    run = runs.begin(
        {},
        ["a", "b", "c"],
        [[{"domain_name": "x.example.com", "pkcs12_passphrase": SECRET}], [{"certificate_arn": arn(1)}], []],
        {"authority": [False, False, "/srv/acm"], "region": [HERE, "us-east-1", ""], "profile": ["", "shop", None]},
        iso(NOW),
        False,
    )
    assert list(run["connections"]) == [HERE, "us-east-1 shop", "/srv/acm"]
    assert run["connections"]["us-east-1 shop"] == {
        "module_options": {"region": "us-east-1", "profile": "shop"},
        "hosts": {"b": [arn(1)]},
        "requests": [{"certificate_arn": arn(1)}],
    }
    assert run["connections"][HERE]["requests"] == [{"domain_name": "x.example.com"}]
    assert SECRET not in str(run)


def test_every_account_region_and_authority_has_its_own_memory() -> None:
    listings = [[ONE], [make_certificate(1, certificate_arn=arn(1).replace("eu-central-1", "us-east-1"))], []]
    options: list[dict[str, str]] = [
        {},
        {"region": "eu-west-1"},
        {"authority": "/srv/acm"},
        {"authority": "/srv/b/acm"},
    ]
    names = {runs.memory_name(each, listing) for each in options[:2] for listing in listings}
    assert names == {"111122223333-eu-central-1", "111122223333-us-east-1", "aws", "aws-eu-west-1"}
    assert runs.memory_name({"profile": "a"}, [ONE]) == runs.memory_name({"profile": "b"}, [ONE])
    assert len({runs.memory_name(each, []) for each in options}) == 4
    assert runs.memory_name({"authority": "/srv/../srv/acm"}, []) == runs.memory_name({"authority": "/srv/acm"}, [])


def test_two_profiles_of_one_account_share_alerts_and_memory() -> None:
    """They share one memory: neither may lose what the other stores, or mistake it for an earlier run's."""
    two = make_certificate(2)
    connections = {"authority": [False, False], "region": [HERE, HERE], "profile": ["web", "shop"]}
    entries = [[{"certificate_arn": arn(1)}], [{"certificate_arn": arn(2)}, {"certificate_arn": arn(1)}]]
    run = runs.begin({"renew_before": "30"}, ["a", "b"], entries, connections, iso(NOW), False)
    before = make_memory(began_at=iso(NOW - timedelta(hours=2)), ended_at=iso(NOW - timedelta(hours=1)))
    left = {**before, "began_at": iso(NOW), "forced": [{"arn": arn(1), "at": iso(NOW)}]}
    forbidden = {"failed": True, "certificate_arn": arn(1), "msg": "Not authorized to perform acm:GetCertificate."}
    for name, memory, exports in ((f"{HERE} web", before, [ONE]), (f"{HERE} shop", left, [two, forbidden])):
        recalled = {"memory": memory, "problems": [], "writable": True}
        notice = {"kind": "rotated", "certificate_arns": [], "handles": [name]}
        received = {"notifications": [notice], "unknown": [{}]}
        run = learnt(run, [ONE, two], name, recalled=recalled, received=received, read={"exports": exports})
    assert runs.choose(run, "a", [], iso(NOW)) == [arn(1)] and runs.choose(run, "b", [], iso(NOW)) == [arn(2)]
    run = runs.gather(run, {"a": outcome(make_done(ONE)), "b": outcome(make_done(two, swapped=True))}, [], iso(NOW))
    ((name, own),) = run["connections"].items()
    assert own["listing_is_stale"] and runs.suspects(run, name, {"certificates": [ONE, two]}) == []
    run = runs.report(run, name, {"certificates": [ONE, two]}, {})
    own = run["connections"][name]
    assert [alert["title"] for alert in own["report"]["alerts"]] == [
        "host-2.example.com: a new certificate is in place on b",
        "host-1.example.com: ACM does not export it",
    ], "each once, and not that a run did not finish"
    assert own["report"]["acknowledged"] == [f"{HERE} web", f"{HERE} shop"]
    assert "2 notices; 2 certificates in ACM; 2 of 3 certificates on 2 hosts are up to date with ACM." in runs.lines(
        run, {}
    )
    remembered = runs.remember(run, name, {"told": {}}, iso(NOW))
    assert {host: list(known) for host, known in remembered["hosts"].items()} == {"a": [arn(1)], "b": [arn(2)]}
    assert remembered["forced"] == left["forced"]


def test_this_run_is_not_mistaken_for_one_that_did_not_finish() -> None:
    """As where two connections share one memory, and the first one's certificates cannot be read."""
    memory = make_memory(began_at=iso(NOW), ended_at=iso(NOW - timedelta(hours=1)))
    run = learnt(begun(WEB), [ONE], recalled={"memory": memory, "problems": [], "writable": True})
    assert told(reported(run, {"web": outcome(make_done(ONE))})) == []


@pytest.mark.parametrize("entries", ["www.example.com", ["www.example.com"], [{}], [{"name": "x"}], {"a": 1}])
def test_entries_that_name_no_certificate(entries: Any) -> None:
    with pytest.raises(InvalidInput, match="acm_deploy_certificates"):
        begun({"web": entries})


def test_wrong_options_are_reported_in_one_sentence() -> None:
    refused = FilterModule().filters()["acm_renewals_run"]
    given = {"hosts": [], "certificates": [], "connections": {}, "started_at": iso(NOW), "is_check": False}
    assert "acm_deploy_renewals_renew_before is '100%'" in refused({"renew_before": "100%"}, **given)["refusal"]
    assert refused({}, **given)["refusal"] == ""


def test_a_failed_call_to_acm_is_in_the_summary_too() -> None:
    why = "The authority belongs to eu-west-1."
    run = FilterModule().filters()["acm_renewals_learned"](
        begun(WEB), connection=HERE, listed={"failed": True, "msg": why}, recalled={}, received={}, read={}
    )
    said = f"ACM ({HERE}) could not be asked: {why} Nothing was done for its hosts."
    assert runs.lines(run, {}) == runs.faults(run, {}) == [said]


def test_a_run_that_only_watches_says_that_it_deploys_nothing() -> None:
    run = reported(learnt(begun({"localhost": []}), [ONE]), {"localhost": {}})
    assert runs.lines(run, {})[0] == "0 notices; 1 certificate in ACM; none is deployed by this run."


@pytest.mark.parametrize("certificates", [None, "<html>", {"a": 1}, ["x"], [{}], [None]])
def test_an_answer_that_is_not_a_list_is_a_fault(certificates: Any) -> None:
    with pytest.raises(InvalidInput, match="did not answer with a list"):
        learnt(begun(WEB), [], listed={"certificates": certificates})
    with pytest.raises(InvalidInput, match="could not be read"):
        learnt(begun(WEB), [ONE], read={"exports": certificates})


def test_one_malformed_notice_does_not_affect_the_others() -> None:
    good = {"kind": "rotated", "certificate_arns": [arn(1)], "handles": ["h"], "domain_name": "host-1.example.com"}
    run = learnt(begun(WEB), [ONE], received={"notifications": ["x", {}, good, {"handles": 1}], "unknown": [{}]})
    own = run["connections"][HERE]
    assert own["unknown"] == 4
    assert own["notices"] == [{"kind": "rotated", "certificate_arns": [arn(1)], "handles": ["h"]}]
    assert runs.suspects(runs.gather(run, {}, [], iso(NOW)), HERE, {}) == [arn(1)]


@pytest.mark.parametrize(
    "recalled",
    [
        {"failed": True, "msg": "No space left on device"},
        {"unreachable": True, "msg": "No route to host"},
        {"memory": make_memory(), "problems": ["/x.json is damaged."], "writable": False},
    ],
)
def test_without_a_memory_the_run_continues_and_says_so(recalled: dict[str, Any]) -> None:
    """It forces no renewal and sends no alert, because it would do so again in every run."""
    ripe = make_certificate(1, left=20)
    run = learnt(begun(WEB, renew_before="30", has_channels=True), [ripe], recalled=recalled)
    own = run["connections"][HERE]
    assert own["forced"]["due"] == [] and own["forced"]["waiting"] == [
        [arn(1), "the memory of the runs cannot be written"]
    ]
    run = reported(run, {"web": outcome(make_done(ripe))})
    run = runs.close(run, HERE, {"skipped": True}, {"skipped": True}, {"skipped": True})
    said = " ".join(runs.faults(run, {}))
    assert "cannot rely on the memory of earlier runs" in said and "No alert was sent" in said
    assert (recalled.get("msg") or "/x.json is damaged.") in said
    assert not own["writable"]


def test_a_memory_that_merely_was_not_written_is_not_reported_as_unreliable() -> None:
    sentence = "It is in /tmp/x.json instead, because /x.json cannot be written (No space left on device): fix that."
    recalled = {"memory": make_memory(), "problems": [], "unwritten": sentence, "writable": True}
    expected = [f"The memory of the renewal runs could not be written where it belongs. {sentence}"]
    for at_first, at_last in ((recalled, {"unwritten": sentence}), (recalled, {}), ({}, {"unwritten": sentence})):
        answers = {"recalled": at_first} if at_first else {}
        run = reported(learnt(begun(WEB), [ONE], **answers), {"web": outcome(make_done(ONE))})
        assert runs.faults(runs.close(run, HERE, {}, {}, at_last), {}) == expected
    run = reported(learnt(begun(WEB), [ONE]), {"web": outcome(make_done(ONE))})
    (lost,) = runs.faults(runs.close(run, HERE, {}, {}, {"unreachable": True, "msg": "No route to host"}), {})
    assert lost.endswith("where it belongs. No route to host.")


def test_only_renewed_certificates_are_read_again() -> None:
    two = make_certificate(2)
    hosts = {"web": [{"certificate_arn": arn(1)}, {"certificate_arn": arn(2)}]}
    run = learnt(begun(hosts, renew_before="30"), [make_certificate(1, left=20), two])
    assert run["connections"][HERE]["forced"]["requests"] == [{"certificate_arn": arn(1)}]
    assert runs.renewed_requests(run, HERE) == [{"certificate_arn": arn(1)}]
    assert runs.begin_forcing(run, HERE)["forced"] == [{"arn": arn(1), "at": iso(NOW)}]
    fresh = make_certificate(1, left=395, serial="ff")
    run = runs.end_forcing(run, HERE, [{"actions": ["RenewCertificate"]}], {"exports": [fresh]})
    own = run["connections"][HERE]
    assert (own["forced"]["renewed"], own["reads"][arn(1)]["serial"], own["reads"][arn(2)]["serial"]) == (
        [arn(1)],
        "ff",
        "02",
    )


@pytest.mark.parametrize(
    ("result", "field"),
    [
        ({}, "renewed"),
        ({"failed": True, "actions": ["RenewCertificate"], "msg": "It takes long."}, "waiting"),
        ({"failed": True, "msg": "The CA is DISABLED."}, "in_vain"),
    ],
)
def test_the_result_of_a_forced_renewal(result: dict[str, Any], field: str) -> None:
    run = learnt(begun(WEB, renew_before="30"), [make_certificate(1, left=20)])
    forced = runs.end_forcing(run, HERE, [result], {"skipped": True})["connections"][HERE]["forced"]
    assert [name for name in ("renewed", "waiting", "in_vain") if forced[name]] == [field]


def test_hosts_are_held_back_after_failures_and_after_the_limit() -> None:
    run = learnt(begun({"a": WEB["web"], "b": WEB["web"]}, failed_hosts=1, run_limit=10), [ONE])
    failed = outcome(failures=[{"identities": [arn(1)], "reason": "nginx -t failed."}])
    soon, late = iso(NOW + timedelta(minutes=9)), iso(NOW + timedelta(minutes=10))
    assert runs.choose(run, "b", [{}, outcome(make_done(ONE))], soon) == [arn(1)]
    assert runs.choose(run, "b", [failed], soon) == []
    assert runs.choose(run, "b", [{**failed, "started_at": "of an earlier run"}], soon) == [arn(1)]
    assert runs.choose(run, "b", [], late) == []
    over = reported(run, {"a": outcome(make_done(ONE)), "b": {}}, minutes=11)
    assert any(
        "The run had taken 10 minutes" in alert["text"] for alert in over["connections"][HERE]["report"]["alerts"]
    )
    assert any(fault.startswith("The renewal run took too long. The run had") for fault in runs.faults(over, {}))
    assert any("b: host-1.example.com waits." in line for line in runs.lines(over, {}))


CLOSED = {"start": "01:00", "end": "02:00"}  # it is noon
OLD = {"web": {arn(1): make_known(ONE, serial="0f")}}


@pytest.mark.parametrize(
    ("reads", "options", "minutes", "waits"),
    [
        ({"exports": [ONE]}, {"maintenance_window": CLOSED}, 1, "The maintenance window is closed."),
        ({"exports": [ONE]}, {"maintenance_window": CLOSED}, 61, "The maintenance window is closed."),
        ({"exports": [ONE]}, {}, 61, "The run had taken 60 minutes, which is its limit."),
        ({"exports": [ONE]}, {}, 1, "This run did not try it."),  # a play may call the role for some hosts only
        ({"exports": [{"failed": True, "msg": "ACM throttles."}]}, {}, 1, None),
    ],
)
def test_a_host_that_was_not_looked_at_is_not_reported_as_healthy(
    reads: dict[str, Any], options: dict[str, Any], minutes: int, waits: str | None
) -> None:
    """What an earlier run reported about it still holds, and the reason why it waits is given."""
    failed = outcome(failures=[{"identities": [arn(1)], "reason": "nginx -t failed."}])
    memory = make_memory(hosts=OLD, told={f"deploy_failed web {ONE['serial']} first": {"chat": iso(NOW)}})
    recalled = {"memory": memory, "problems": [], "writable": True}
    run = reported(learnt(begun(WEB, **options), [ONE], recalled=recalled, read=reads), {"web": {}}, minutes=minutes)
    own = run["connections"][HERE]
    assert own["report"]["resolved"] == [] and own["report"]["troubles"]["deploy_failed"] == 1
    assert [line for line in runs.lines(run, {}) if "waits" in line] == (
        [f"web: host-1.example.com waits. {waits}"] if waits else []
    )
    assert ("run_limit" in dict(own["problems"])) is (waits is not None and "limit" in waits)
    again = learnt(begun(WEB), [ONE], recalled=recalled)
    assert reported(again, {"web": failed})["connections"][HERE]["report"]["resolved"] == []
    well = reported(again, {"web": outcome(make_done(ONE))})["connections"][HERE]["report"]
    assert well["resolved"] == list(memory["told"]) and well["troubles"]["deploy_failed"] == 0


@pytest.mark.parametrize("strange", ["soon", ["x"], {"started_at": iso(NOW)}, {"started_at": iso(NOW), "done": "all"}])
def test_what_a_host_reports_is_validated_before_use(strange: Any) -> None:
    run = learnt(begun(WEB), [ONE])
    assert runs.choose(run, "web", [strange], iso(NOW)) == [arn(1)]
    reported(run, {"web": strange})


def test_a_host_that_was_lost_is_reported_as_not_answering() -> None:
    run = reported(learnt(begun(WEB), [ONE]), {"web": outcome(make_done(ONE))}, lost=["web"])
    assert told(run) == ["web does not answer, and lacks host-1.example.com"]


def test_events_missed_by_a_channel_are_reported_by_the_next_run() -> None:
    done = outcome(make_done(ONE, swapped=True))
    run = reported(learnt(begun(WEB, has_channels=True), [ONE]), {"web": done})
    (alert,) = run["connections"][HERE]["report"]["alerts"]
    answer = {"told": {}, "undelivered": [{"key": alert["key"], "channel": "chat", "reason": "chat did not answer."}]}
    closed = runs.close(run, HERE, answer, {"skipped": True}, {"problems": []})
    assert runs.faults(closed, {}) == [
        "The channel chat did not get 'host-1.example.com: a new certificate is in place on web': chat did not "
        "answer. The next run tries again."
    ]
    left = runs.remember(run, HERE, answer, iso(NOW + timedelta(minutes=2)))
    assert left["missed"] == [alert] and left["ended_at"] == iso(NOW + timedelta(minutes=2))
    assert left["hosts"]["web"][arn(1)] == {**make_known(ONE), "services": ["nginx"]}
    recalled = {"memory": left, "problems": [], "writable": True}
    again = reported(learnt(begun(WEB, has_channels=True), [ONE], recalled=recalled), {"web": outcome(make_done(ONE))})
    assert again["connections"][HERE]["report"]["alerts"] == [alert]
    heard = {"told": {alert["key"]: {"chat": iso(NOW)}}, "undelivered": []}
    assert runs.remember(again, HERE, heard, iso(NOW))["missed"] == []


def test_the_failure_of_a_run_repeats_why_a_deployment_failed() -> None:
    failures = [{"identities": [arn(1)], "reason": "nginx does not accept its configuration: unknown directive"}]
    run = reported(learnt(begun(WEB), [ONE]), {"web": outcome(failures=failures)})
    assert runs.faults(run, {}) == [
        "web: host-1.example.com could not be deployed. nginx does not accept its configuration: unknown directive."
    ]


def test_tolerated_faults_are_reported_and_do_not_fail_the_run() -> None:
    silent = {"web": outcome(reachable=False)}
    assert runs.faults(reported(learnt(begun(WEB), [ONE]), silent), {}) == [
        "web does not answer, and lacks host-1.example.com."
    ]
    run = reported(learnt(begun(WEB, tolerate=["host_unreachable"]), [ONE]), silent)
    assert runs.faults(run, {}) == [] and told(run) == ["web does not answer, and lacks host-1.example.com"]
    assert "Tolerated: web does not answer, and lacks host-1.example.com." in runs.lines(run, {})


def test_check_mode_says_what_would_happen() -> None:
    ripe = make_certificate(1, left=20)
    run = learnt({**begun(WEB, renew_before="30"), "is_check": True}, [ripe])
    run = runs.end_forcing(run, HERE, [{"failed": False}], {"exports": [ripe]})
    run = reported(run, {"web": outcome(make_done(ripe, swapped=True))})
    said = runs.lines(run, {})
    assert "host-1.example.com: the renewal would be forced." in said
    assert "web: host-1.example.com would be deployed, serial 01." in said
    assert run["connections"][HERE]["report"]["resolved"] == [] and not any("was forced" in line for line in said)


def test_a_quiet_run_is_one_line_and_reads_acm_only_once() -> None:
    run = reported(learnt(begun(WEB), [ONE]), {"web": outcome(make_done(ONE))})
    assert runs.lines(run, {}) == [
        "0 notices; 1 certificate in ACM; 1 of 1 certificate on 1 host is up to date with ACM."
    ]
    checked = runs.lines({**run, "is_check": True}, {})  # nothing has been deployed
    assert checked == ["0 notices; 1 certificate in ACM; 1 of 1 certificate on 1 host would be up to date with ACM."]
    assert runs.faults(run, {}) == [] and not run["connections"][HERE]["listing_is_stale"]


@pytest.mark.parametrize("listed", [{"failed": True, "msg": "The network is down."}, {"certificates": "garbage"}])
def test_an_unreachable_region_does_not_hold_up_the_others(listed: dict[str, Any]) -> None:
    connections = {"authority": [False, False], "region": [HERE, "us-east-1"], "profile": ["", ""]}
    entries = [[{"certificate_arn": arn(1)}]] * 2
    run = runs.begin({}, ["here", "there"], entries, connections, iso(NOW), False)
    decide = FilterModule().filters()["acm_renewals_learned"]
    own = {"recalled": {"memory": make_memory(), "writable": True}, "received": {}, "read": {"exports": [ONE]}}
    run = decide(run, connection="us-east-1", **{**own, "listed": listed})
    run = decide(run, connection=HERE, **{**own, "listed": {"certificates": [ONE]}})
    assert runs.choose(run, "here", [], iso(NOW)) == [arn(1)] and runs.choose(run, "there", [], iso(NOW)) == []
    run = reported(run, {"here": outcome(make_done(ONE))})
    (fault,) = runs.faults(run, {})
    assert "us-east-1" in fault and fault.endswith("Nothing was done for its hosts.")
    assert told(run) == []


@pytest.mark.parametrize("written", [{"failed": True, "msg": "No folder"}, {"unreachable": True, "msg": "No folder"}])
def test_a_textfile_that_cannot_be_written_is_one_fault_among_others(written: dict[str, Any]) -> None:
    def run(**options: Any) -> runs.Run:
        expired = make_certificate(left=-1)
        done = reported(learnt(begun({"a": WEB["web"]}, **options), [expired]), {"a": outcome()})
        return runs.close(done, HERE, {}, {}, {})

    alone = runs.faults(run(), {})
    assert alone and runs.faults(run(), written)[:-1] == alone
    assert "could not be written: No folder. The folder of" in runs.faults(run(), written)[-1]
    assert runs.faults(run(tolerate=["textfile"]), written) == alone
    assert runs.lines(run(tolerate=["textfile"]), written)[-1].startswith("Tolerated: The text file")
