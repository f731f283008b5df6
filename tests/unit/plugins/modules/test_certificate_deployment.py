# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it: a process of its own, arguments in, JSON out, and a server that it deploys to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.modules.certificate_deployment import describe_fault
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.outcome import find_reason
from ansible_collections.certops.acm.tests.support.deployment_host import API, WWW, Host, issue, wait_for, without_key


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    host.server.stop()


@pytest.fixture(name="live_host")
def fixture_live_host(host: Host) -> Host:
    """One whose server runs and serves the certificates in `host.first`."""
    host.begin()
    return host


def test_the_first_deployment_starts_the_server_and_the_second_changes_nothing(host: Host) -> None:
    certificates = [issue(WWW), issue(API)]
    answer = host.run(*certificates, when_stopped="start")
    assert answer["changed"] and [line["state"] for line in answer["summary"]] == ["served", "served"], answer
    assert answer["services"][0]["action"] == "start" and answer["services"][0]["state"] == "running"
    assert [host.served(WWW), host.served(API)] == [each["fingerprint"] for each in certificates]

    answer = host.run(*map(without_key, certificates))
    assert not answer["changed"] and not answer["due"] and not answer["needs_key"]
    assert answer["services"][0]["action"] == "none" and "steps" not in answer
    assert answer["summary"][0]["served"] and "serves www.example.com" in answer["sentences"][0]


def test_a_renewal_reloads_once_and_reports_what_was_and_is_served(live_host: Host) -> None:
    first, renewed = live_host.first, [issue(WWW), issue(API)]
    answer = live_host.run(*renewed)
    assert answer["changed"] and [step["step"] for step in answer["steps"]].count("reload") == 1
    before = {each["server_name"]: each["fingerprint"] for each in answer["served_before"]}
    after = {each["server_name"]: each["fingerprint"] for each in answer["served_after"]}
    assert before == {WWW: first[0]["fingerprint"], API: first[1]["fingerprint"], None: first[0]["fingerprint"]}
    assert after == {WWW: renewed[0]["fingerprint"], API: renewed[1]["fingerprint"], None: renewed[0]["fingerprint"]}
    line = answer["summary"][0]
    assert line["old_serial"] != line["new_serial"] and line["old_serial"] in line["sentence"]


def test_check_mode_looks_without_a_key_and_changes_nothing(live_host: Host) -> None:
    renewed = without_key(issue(WWW))
    answer = live_host.run(renewed, without_key(live_host.first[1]), check=True)
    assert answer["changed"] and answer["due"] and answer["needs_key"]
    assert [bundle["needs_key"] for bundle in answer["bundles"]] == [True, False]
    assert answer["services"][0]["action"] == "reload" and "would be reloaded" in " ".join(answer["sentences"])
    assert len(answer["diff"]) == 1 and answer["served_after"] == []
    assert live_host.served() == live_host.first[0]["fingerprint"]

    answer = live_host.run(renewed, without_key(live_host.first[1]))
    assert answer["failed"] and answer["restored"] and "comes without its key" in answer["msg"]
    assert live_host.served() == live_host.first[0]["fingerprint"]


def test_check_mode_predicts_the_deployment_on_a_new_host(host: Host) -> None:
    answer = host.run(without_key(issue(WWW)), check=True, when_stopped="start")
    assert answer["changed"] and answer["needs_key"] and not host.acm.exists()


def test_a_configuration_that_the_server_refuses_is_rolled_back(live_host: Host) -> None:
    renewed, live = issue(WWW), live_host.live()
    live_host.server.refuse(renewed["certificate"])
    answer = live_host.run(renewed, live_host.first[1])
    assert answer["failed"] and answer["restored"] and not answer["changed"], "all is as it was"
    assert "is refused" in answer["msg"] and "The previous sets are live again on web1." in answer["msg"]
    assert "All ports serve what they served before." in answer["msg"]
    assert live_host.live() == live and live_host.served() == live_host.first[0]["fingerprint"]
    assert "bundles" not in answer and "summary" not in answer  # nothing that says that it is in place


def test_a_proof_that_fails_says_why_and_where(live_host: Host) -> None:
    renewed = issue(WWW)
    services = [live_host.server.service(reload_command=["true"])]
    answer = live_host.run(renewed, live_host.first[1], services=services)
    lines = answer["msg"].splitlines()
    assert answer["failed"] and answer["restored"] and len(lines) == 4, answer["msg"]
    serial = "[0-9a-f:]+"
    assert re.fullmatch(
        f"stand-in on 127.0.0.1:{live_host.server.port}, asked for {WWW}, should serve {WWW} "
        rf"\(serial ({serial})\), but serves CN={WWW} \(serial (?!\1)({serial})\)\.",
        lines[0],
    )
    assert lines[1].startswith("It still serves the previous certificate.")
    assert lines[2] == "Failed too: the same port without SNI."
    assert lines[3].startswith("The previous sets are live again on web1.")


def test_a_reload_that_was_lost_is_made_up_for(live_host: Host) -> None:
    renewed = [issue(WWW), live_host.first[1]]
    silent = [{"name": "stand-in", "ports": [], "reload_command": ["true"]}]
    assert live_host.run(*renewed, services=silent)["changed"]
    assert live_host.served() == live_host.first[0]["fingerprint"]
    answer = live_host.run(*map(without_key, renewed))
    assert answer["changed"] and answer["services"][0]["reason"].startswith(
        f"port {live_host.server.port} served a certificate other"
    )
    assert not any(bundle["swapped"] for bundle in answer["bundles"])
    assert live_host.served() == renewed[0]["fingerprint"]


def test_a_running_service_with_a_silent_port_fails_and_does_not_count_as_stopped(live_host: Host) -> None:
    services = [live_host.server.service(ports=[1], reload_command=["true"])]
    for certificates in ([issue(WWW), live_host.first[1]], live_host.first):
        answer = live_host.run(*certificates, services=services, timeout=0.2)
        assert answer["failed"] and answer["services"][0]["state"] == "not_observed", answer
        assert "nothing listens there" in answer["msg"] and answer["restored"] and not answer["changed"]
        assert answer["msg"].endswith("No port answered before, so there is nothing to compare.")
    assert live_host.served() == live_host.first[0]["fingerprint"]


def test_whatever_a_rollback_leaves_is_a_change(host: Host) -> None:
    """The first sets stay, and a server that was started keeps running."""
    services = [host.server.service(ports=[1])]
    answer = host.run(issue(WWW), issue(API), services=services, when_stopped="start", timeout=0.2)
    assert answer["failed"] and answer["changed"] and host.acm.joinpath(WWW, "live").exists(), answer
    assert "The new sets stay on web1, because there were none before." in answer["msg"]
    assert "No port answered before" in answer["msg"]


def test_services_not_looked_at_are_not_reported_as_served(host: Host) -> None:
    services = [{"name": "other", "ports": [], "reload_command": ["true"]}]
    answer = host.run(issue(WWW), services=services)
    assert not answer.get("failed") and answer["services"][0]["state"] == "assumed"
    assert answer["summary"][0]["state"] == "not_looked_at" and not answer["summary"][0]["served"]


def test_a_set_that_no_service_uses_is_reported_as_in_place(host: Host) -> None:
    answer = host.run(issue(WWW), services=[])
    assert answer["summary"] == []
    first, *_others = answer["bundles"]
    said = (
        f"{first['name']} is in place in {first['path']}: serial {first['serial']}, valid until {first['not_after']}."
    )
    assert said in answer["sentences"]


def test_a_pid_file_known_only_from_the_table_decides_nothing(host: Host, tmp_path: Path) -> None:
    """Neither that the service is stopped, nor, in a rollback, that it went down and has to be started."""
    own = {"name": "own", "server": "lighttpd", "ports": [], "certificates": [WWW], "check_command": [], "group": None}
    own["reload_command"] = ["sh", "-c", f"echo reloaded >> {tmp_path}/log"]
    own["start_command"] = ["sh", "-c", f"echo started >> {tmp_path}/log"]
    first = issue(WWW)
    answer = host.run(first, services=[own])
    assert answer["services"][0]["state"] in ("assumed", "running") and answer["summary"][0]["state"] == "not_looked_at"
    broken = {"name": "broken", "ports": [], "reload_command": ["false"]}
    answer = host.run(issue(WWW), services=[own, broken])
    assert answer["failed"] and "own is not running" not in answer["msg"], answer["msg"]
    assert (tmp_path / "log").read_text().split() == ["reloaded"] * 3


def test_sets_that_were_not_seen_do_not_count_as_served(host: Host) -> None:
    host.begin()
    renewed = [issue(WWW), host.first[1]]
    other = {"name": "other", "host": "127.0.0.1", "ports": [1], "reload_command": ["true"]}
    answer = host.run(*renewed, services=[host.server.service(), other])
    (told,) = [step["text"] for step in answer["steps"] if step["step"] == "prove"]
    assert not answer.get("failed") and re.fullmatch(r"Served as expected at (\d+) of \d+ endpoints\.", told)


@pytest.mark.parametrize("command, state", [("true", "unknown"), ("false", "stopped")])
def test_a_service_known_only_by_a_refused_port_is_reloaded(host: Host, command: str, state: str) -> None:
    services = [{"name": "other", "host": "127.0.0.1", "ports": [1], "reload_command": [command]}]
    answer = host.run(issue(WWW), services=services)
    assert not answer.get("failed") and answer["services"][0]["state"] == state, answer
    assert "nothing listens there" in " ".join(answer["sentences"]) or state == "stopped"
    assert not answer["summary"][0]["served"]
    assert not host.run(issue(WWW), services=services, check=True)["summary"][0]["served"]


def test_a_port_without_tls_does_not_count_as_stopped(host: Host, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_in_clear() -> None:
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                connection.sendall(b"220 clear only\r\n")
                connection.close()

        threading.Thread(target=answer_in_clear, daemon=True).start()
        services = [
            {
                "name": "clear",
                "host": "127.0.0.1",
                "ports": [listener.getsockname()[1]],
                "pid_file": str(tmp_path / "no.pid"),
                "reload_command": ["true"],
            }
        ]
        answer = host.run(issue(WWW), services=services, timeout=0.2)
        assert answer["failed"] and answer["services"][0]["state"] == "not_observed", answer


@pytest.mark.parametrize("check", [True, False])
def test_the_unit_of_a_package_is_not_started_in_place_of_another_instance(host: Host, check: bool) -> None:
    services = [host.server.service(server="nginx", start_command=None)]
    answer = host.run(issue(WWW), services=services, when_stopped="start", check=check)
    assert answer["failed"] and answer["restored"] and not host.acm.joinpath(WWW).exists(), answer
    assert answer["msg"] == (
        "stand-in is not running and cannot be started; give it start_command or service_name. Nothing was changed."
    )


def test_a_rollback_does_not_start_the_unit_of_a_package_either(live_host: Host) -> None:
    down = live_host.server.words("stop")
    services = [live_host.server.service(server="nginx", start_command=None, reload_command=down)]
    answer = live_host.run(issue(WWW), live_host.first[1], services=services, timeout=0.2)
    assert answer["failed"] and not answer["restored"], answer
    assert "stand-in is not running and cannot be started; give it start_command or service_name." in answer["msg"]
    assert not any(step["step"] == "start" for step in answer["steps"])


def test_a_stopped_service_is_refused_on_request(host: Host) -> None:
    answer = host.run(issue(WWW), when_stopped="fail")
    assert answer["failed"] and answer["restored"]
    assert "stand-in is not running on web1; start it" in answer["msg"] and not (host.acm / WWW).exists()


def test_a_broken_configuration_is_not_touched_unless_a_lost_set_broke_it(live_host: Host) -> None:
    first = live_host.first
    live_host.server.refuse(first[1]["certificate"])
    answer = live_host.run(issue(WWW), first[1])
    assert answer["failed"] and "was already broken: stand-in:" in answer["msg"], answer["msg"]
    assert answer["msg"].endswith("Nothing was changed.") and live_host.served() == first[0]["fingerprint"]

    live_host.server.refuse("\nnothing")
    (live_host.acm / API / "live" / "privkey.pem").unlink()
    answer = live_host.run(*first)
    assert not answer.get("failed") and f"{API} was corrected: privkey.pem was missing." in answer["sentences"]
    assert not any("corrected" in text for text in live_host.run(*first)["sentences"])


def test_snippets_and_links_come_and_go_with_the_sets(live_host: Host) -> None:
    folder = live_host.folder / "snippets"
    first = [{**each, "files": ["fullchain", "key", "combined"]} for each in live_host.first]
    snippet = {"service": "stand-in", "path": str(folder / "www.conf"), "content": "one\n"}
    services = [live_host.server.service(link_directory=str(live_host.folder / "flat"), files=["combined"])]
    answer = live_host.run(*first, services=services, snippets=[snippet])
    assert answer["changed"] and not answer.get("failed"), answer
    assert (folder / "www.conf").read_text() == "one\n" and answer["services"][0]["reason"] == "a snippet is new"
    link = live_host.folder / "flat" / f"{WWW}.pem"
    assert link.is_symlink() and link.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert not live_host.run(*first, services=services, snippets=[snippet])["changed"]

    renewed = {**issue(WWW), "files": first[0]["files"]}
    live_host.server.refuse(renewed["certificate"])
    new = {"service": "stand-in", "path": str(folder / "deep" / "new.conf"), "content": "new\n"}
    answer = live_host.run(
        renewed, first[1], services=services, snippets=[{**snippet, "content": "two\n", "mode": "u=rw,g="}, new]
    )
    assert answer["failed"] and answer["restored"]
    assert (folder / "www.conf").read_text() == "one\n" and not (folder / "deep" / "new.conf").exists()
    assert os.stat(folder / "www.conf").st_mode & 0o777 == 0o644
    assert [each.name for each in folder.rglob(".*")] == []

    live_host.server.refuse("\nnothing")
    kept = {**snippet, "content": "three\n", "replace": False}
    assert not live_host.run(*first, services=services, snippets=[kept])["changed"]


def test_options_are_accepted_as_people_write_them(live_host: Host) -> None:
    service = live_host.server.service()
    service.update(
        ports=str(service["ports"][0]),
        check_command=" ".join(service["check_command"]),
        reload_command=" ".join(service["reload_command"]),
    )
    answer = live_host.run(
        {**issue(WWW), "server_names": [f"{WWW.upper()}."]},
        live_host.first[1],
        services=[service],
        mode="u=rw,g=r",
    )
    assert not answer.get("failed") and answer["summary"][0]["served"], answer
    assert os.stat(live_host.acm / WWW / "live" / "privkey.pem").st_mode & 0o777 == 0o640
    number = live_host.run(*live_host.first, services=[{**service, "ports": service["ports"]}], check=True)
    assert number["services"][0]["state"] == "running"


def test_a_command_that_hangs_is_killed_with_its_children(live_host: Host) -> None:
    child = live_host.folder / "child"
    words = ["sh", "-c", f"sleep 600 & echo $! > {child}; wait"]
    services = [live_host.server.service(reload_command=words)]
    answer = live_host.run(issue(WWW), live_host.first[1], services=services, command_timeout=0.5)
    assert answer["failed"] and "did not end within 0.5 s and was killed" in answer["msg"]
    assert live_host.served() == live_host.first[0]["fingerprint"]
    for _attempt in range(200):
        try:
            os.kill(int(child.read_text()), 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child.read_text().strip()}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("The child of the command lives.")


def test_a_daemon_started_by_a_command_is_not_waited_for(live_host: Host) -> None:
    """Its output is a file, and it does not inherit ignored signals."""
    found = live_host.folder / "signals"
    script = (
        f"(grep -E 'Sig(Ign|Blk)' /proc/self/status > {found}; sleep 30) & {' '.join(live_host.server.words('reload'))}"
    )
    services = [live_host.server.service(reload_command=["sh", "-c", script])]
    began = time.monotonic()
    answer = live_host.run(issue(WWW), live_host.first[1], services=services)
    assert not answer.get("failed") and time.monotonic() - began < 25
    masks = [int(line.split()[1], 16) for line in found.read_text().splitlines()]
    dangerous = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM))
    assert [mask & dangerous for mask in masks] == [0, 0]


def test_sigterm_starts_a_rollback(live_host: Host) -> None:
    begun, hang = live_host.folder / "begun", live_host.folder / "hang"
    hang.touch()
    script = f"if rm {hang}; then touch {begun}; sleep 600; fi; {' '.join(live_host.server.words('reload'))}"
    services = [live_host.server.service(reload_command=["sh", "-c", script])]
    process = live_host.start(issue(WWW), live_host.first[1], services=services)
    wait_for(begun)
    process.send_signal(signal.SIGTERM)
    answer = json.loads(process.communicate(timeout=60)[0])
    assert answer["failed"] and answer["restored"] and "was asked to stop (SIGTERM)" in answer["msg"], answer
    assert live_host.served() == live_host.first[0]["fingerprint"]
    answer = live_host.run(*live_host.first)
    assert not answer["changed"] and "recovered" not in answer and "lost_outcome" not in answer


def test_the_next_run_reports_the_result_after_a_lost_connection(live_host: Host) -> None:
    begun, go = live_host.folder / "begun", live_host.folder / "go"
    script = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done; {' '.join(live_host.server.words('reload'))}"
    services = [live_host.server.service(reload_command=["sh", "-c", script])]
    renewed = issue(WWW)
    process = live_host.start(renewed, live_host.first[1], services=services)
    wait_for(begun)
    process.kill()  # as a lost connection may end it: the deployment continues
    process.communicate()
    second = live_host.start(without_key(renewed), live_host.first[1])  # as a reconnection by ssh would: it waits
    time.sleep(0.3)
    assert second.poll() is None
    go.touch()
    output, errors = second.communicate(timeout=60)
    answer = json.loads(output)
    assert not answer.get("failed") and answer["lost_outcome"]["failed"] is False and answer["changed"], errors
    assert answer["lost_outcome"]["started_at"] <= answer["lost_outcome"]["finished_at"]
    assert live_host.served() == renewed["fingerprint"]
    answer = live_host.run(without_key(renewed), live_host.first[1])
    assert "lost_outcome" not in answer and not answer["changed"]


def test_a_second_deployment_waits_for_a_limited_time(live_host: Host) -> None:
    begun = live_host.folder / "begun"
    services = [live_host.server.service(reload_command=["sh", "-c", f"touch {begun}; sleep 4"])]
    first = live_host.start(issue(WWW), live_host.first[1], services=services, timeout=0.1)
    wait_for(begun)
    answer = live_host.run(issue(WWW), live_host.first[1], lock_timeout=0.2)
    assert answer["failed"] and answer["restored"] and "Another deployment has locked" in answer["msg"], answer
    first.communicate(timeout=60)


@pytest.mark.parametrize("check", [True, False])
def test_an_incomplete_journal_is_reported_in_a_sentence(live_host: Host, check: bool) -> None:
    journal = live_host.acm / ".deployment" / "journal.json"
    journal.write_text('{"format": 1}')
    answer = live_host.run(issue(WWW), live_host.first[1], check=check)
    assert answer["failed"] and f"The journal {journal} cannot be read. Unless another version" in answer["msg"]
    assert live_host.served() == live_host.first[0]["fingerprint"] and journal.read_text() == '{"format": 1}'


def test_a_folder_that_others_may_write_is_refused(host: Host) -> None:
    host.acm.mkdir()
    host.acm.chmod(0o777)
    answer = host.run(issue(WWW), services=[])
    assert answer["failed"] and "could replace these files" in answer["msg"], answer["msg"]
    assert not list(host.acm.iterdir())


@pytest.mark.parametrize(
    "options, words",
    [
        ({"keep": -1}, "keep cannot be negative"),
        ({"command_timeout": 0}, "command_timeout is 0; give a number of seconds, more than 0 and at most 3600."),
        ({"timeout": "nan"}, "timeout is nan; give a number of seconds, 0 or more and at most 3600."),
        ({"steady_for": "inf"}, "steady_for is inf; give"),
        ({"steady_for": 3601}, "steady_for is 3601; give"),
        ({"lock_timeout": -1}, "lock_timeout is -1; give a number of seconds, 0 or more and at most 86400."),
        ({"directory_mode": "0777"}, "The directory_mode 0777 would let others than the owner replace the files"),
        ({"directory_mode": "u=rwx,g=rwx,o="}, "The directory_mode 0770 would let others"),
        ({"services": [{"name": "ngnix"}]}, "did you mean nginx?"),
        ({"services": [{"name": "own"}]}, "set reload_command or service_name"),
        ({"services": [{"name": "nginx"}, {"name": "apache"}]}, "The services nginx and apache both have port 443"),
        ({"services": [{"name": "nginx"}, {"name": "nginx"}]}, "is given twice"),
        ({"services": [{"name": "nginx", "certificates": ["x"]}]}, "uses the certificate x, which is not in"),
        (
            {"services": [{"name": "nginx", "check_command": "nginx -t && true"}]},
            "needs a shell, but it is run without one",
        ),
        ({"services": [{"name": "nginx", "ports": [0]}]}, "ports are numbers from 1 to 65535"),
        ({"services": [{"name": "nginx", "runtime_socket": "/run/x"}]}, "add combined to its files"),
        ({"snippets": [{"service": "x", "path": "/x", "content": "y"}]}, "which is not in services"),
        ({"mode": "0644"}, "would let every user read its key"),
        ({"mode": "u+s"}, "is not a file mode"),
        ({"owner": "nobody-of-this-name"}, "has no owner nobody-of-this-name"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(host: Host, options: dict[str, t.Any], words: str) -> None:
    for check in (True, False):
        answer = host.run(issue(WWW), check=check, **{"services": [], **options})
        assert answer["failed"] and answer["restored"] and words in answer["msg"], answer["msg"]
        assert answer["msg"].endswith("Nothing was changed.") and not host.acm.exists()


def test_an_internal_error_is_reported_without_arguments() -> None:
    said = ""
    try:
        raise KeyError("-----BEGIN PRIVATE KEY-----")
    except KeyError as error:
        said = describe_fault(error)
    assert "KeyError in test_certificate_deployment.py line" in said and "PRIVATE" not in said


def test_a_stopped_service_is_reported_once(host: Host) -> None:
    answer = host.run(issue(WWW))
    assert [text for text in answer["sentences"] if "stand-in is not running" in text] == [
        line["sentence"] for line in answer["summary"]
    ], answer["sentences"]


def test_a_configuration_that_names_another_certificate_is_fully_explained(live_host: Host) -> None:
    """It was not reloaded since it was changed. So what was served before does not come back, and the role's limit
    keeps that."""
    other, foreign = live_host.folder / "other", issue("other.example.com")
    other.mkdir()
    (other / "fullchain.pem").write_text(foreign["certificate"])
    (other / "privkey.pem").write_text(foreign["private_key"])
    config = live_host.server.folder / "config.json"
    sites = {WWW: str(other), API: str(other)}
    config.write_text(json.dumps({"port": live_host.server.port, "sites": sites}))
    answer = live_host.run(issue(WWW), issue(API))
    assert answer["failed"] and answer["restored"] is False, answer
    for message in (answer["msg"], find_reason({"msg": answer["msg"]})):
        for sentence in (
            f"stand-in on 127.0.0.1:{live_host.server.port}, asked for {WWW}, should serve {WWW} (serial ",
            "but serves CN=other.example.com (serial ",
            "Check which virtual host answers, and that its configuration points at ",
            "The previous sets are live again on web1. But not every port serves what it served before: 127.0.0.1:",
        ):
            assert sentence in message, message
