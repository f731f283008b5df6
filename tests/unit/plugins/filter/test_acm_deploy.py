# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role decides: data in, data out."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.certops.acm.plugins.filter.acm_deploy import acm_deploy

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/one"
SERVERS: dict[str, t.Any] = {
    "nginx": {"service_name": "nginx", "check_command": ["nginx", "-t"]},
    "apache": {"os_family": {"Debian": {"service_name": "apache2"}, "RedHat": {"service_name": "httpd"}}},
    "haproxy": {"service_name": "haproxy", "files": ["combined"]},
    "caddy": {"reload_command": ["caddy", "reload"], "group": "caddy"},
    "postfix": {"reload_command": ["postfix", "reload"], "ports": [25], "sni": False},
}
WWW, API = {"domain_name": "www.example.com"}, {"certificate_arn": ARN, "name": "api"}


def export(name: str, fingerprint: str) -> dict[str, str]:
    return {
        "domain_name": name,
        "fingerprint": fingerprint,
        "certificate": f"PEM {name}",
        "chain": "CHAIN",
        "private_key": f"KEY {name}",
    }


EXPORTS = {"www.example.com": export("www.example.com", "f-www"), ARN: export("api.example.com", "f-api")}


def services(*entries: dict[str, t.Any], certificates: t.Any = (WWW, API), family: str = "Debian") -> t.Any:
    return acm_deploy(entries, "services", certificates, SERVERS, family)


def sight(label: str, port: int, name: str | None, fingerprint: str | None, **rest: t.Any) -> dict[str, t.Any]:
    found = {"label": label, "host": "localhost", "port": port, "server_name": name, "starttls": None, **rest}
    return {**found, "reachable": fingerprint is not None, **({"fingerprint": fingerprint} if fingerprint else {})}


def test_every_certificate_is_asked_for_once() -> None:
    assert acm_deploy([WWW, API, dict(WWW, name="again"), WWW], "requests") == [
        {"domain_name": "www.example.com"},
        {"certificate_arn": ARN},
    ]


def test_a_key_never_gets_under_another_certificates_name() -> None:
    mixed_up = {ARN: dict(EXPORTS[ARN], certificate_arn=ARN.replace("one", "two"))}
    with pytest.raises(AnsibleFilterError, match="What was exported as .*/one is .*/two"):
        acm_deploy([API], "sets", services({"name": "nginx"}, certificates=[API]), mixed_up)


def test_a_certificate_without_identity_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="neither certificate_arn nor domain_name"):
        acm_deploy([{"name": "x"}], "requests")


def test_own_words_come_before_the_family_and_that_before_the_server() -> None:
    nginx, apache, second = services(
        {"name": "nginx", "ports": ["8443"], "host": None},
        {"name": "apache"},
        {"name": "second", "server": "apache", "service_name": "apache2@second"},
        family="RedHat",
    )
    assert (nginx["ports"], nginx["host"], nginx["check_command"]) == ([8443], "localhost", ["nginx", "-t"])
    assert (apache["service_name"], second["service_name"]) == ("httpd", "apache2@second")
    assert nginx["certificates"] == ["www.example.com", ARN]


@pytest.mark.parametrize(
    "entries, words",
    [
        ([{"name": "mystery"}], "is none that this role knows"),
        ([{"name": "nginx"}, {"name": "nginx"}], "is given twice"),
        ([{"name": "nginx", "certificates": ["shop"]}], "wants the certificate shop"),
    ],
)
def test_services_that_make_no_sense_are_refused(entries: list[dict[str, t.Any]], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        services(*entries)


def test_a_service_of_ones_own_needs_a_reload_only() -> None:
    (mine,) = services({"name": "mine", "reload_command": ["true"], "certificates": ["api"]})
    assert mine["certificates"] == [ARN]


def test_sets_hold_what_the_services_read() -> None:
    chosen = services(
        {"name": "nginx", "certificates": ["api"]}, {"name": "haproxy"}, {"name": "caddy", "certificates": ["api"]}
    )
    www, api = acm_deploy([WWW, API], "sets", chosen, EXPORTS)
    assert (www["name"], www["files"], www.get("group")) == ("www.example.com", ["combined"], None)
    assert (api["name"], api["files"], api["group"]) == ("api", ["combined", "fullchain", "key"], "caddy")
    assert "KEY" not in str([www, api])


def test_services_that_want_different_groups_are_told() -> None:
    chosen = services({"name": "nginx", "group": "www-data"}, {"name": "caddy"})
    with pytest.raises(AnsibleFilterError, match=r"different things as its group \(caddy, www-data\)"):
        acm_deploy([WWW], "sets", chosen, EXPORTS)
    assert acm_deploy([dict(WWW, group="tls")], "sets", chosen, EXPORTS)[0]["group"] == "tls"


def test_a_wildcard_has_a_folder_and_a_name_to_ask_for() -> None:
    wildcard = {"domain_name": "*.example.com"}
    exports = {"*.example.com": export("*.example.com", "f")}
    chosen = services({"name": "nginx"}, certificates=[wildcard])
    assert acm_deploy([wildcard], "sets", chosen, exports)[0]["name"] == "wildcard.example.com"
    assert acm_deploy([wildcard], "endpoints", chosen, exports)[0]["server_name"] == "www.example.com"


def names_and_expectations(endpoints: list[dict[str, t.Any]]) -> list[tuple[t.Any, t.Any]]:
    return [(endpoint.get("server_name"), endpoint.get("expect_fingerprint")) for endpoint in endpoints]


def test_every_name_is_looked_at_and_once_none() -> None:
    endpoints = acm_deploy([WWW, API], "endpoints", services({"name": "nginx"}), EXPORTS)
    by_name = [("www.example.com", "f-www"), ("api.example.com", "f-api")]
    assert names_and_expectations(endpoints) == [*by_name, (None, None)]


@pytest.mark.parametrize(
    "before, expected",
    [
        (sight("nginx", 443, None, "f-api", names=["api.example.com"]), "f-api"),
        (sight("nginx", 443, None, "f-old", names=["www.example.com"]), "f-www"),
        (sight("nginx", 443, None, "f-old", names=["other.example.com"]), None),
        (sight("nginx", 443, None, None), None),
        (sight("nginx", 8443, None, "f-api", names=["api.example.com"]), None),
    ],
)
def test_without_a_name_the_default_of_before_is_expected(before: dict[str, t.Any], expected: str | None) -> None:
    endpoints = acm_deploy([WWW, API], "endpoints", services({"name": "nginx"}), EXPORTS, [before])
    assert names_and_expectations(endpoints)[-1] == (None, expected)


def test_a_service_that_takes_no_names_shows_its_one_certificate() -> None:
    chosen = services({"name": "postfix", "certificates": ["api"]})
    assert names_and_expectations(acm_deploy([WWW, API], "endpoints", chosen, EXPORTS)) == [(None, "f-api")]


@pytest.mark.parametrize(
    "swapped, served, running, reason",
    [
        (True, "f-old", True, "www.example.com is new"),
        (False, "f-old", True, "port 443 served another certificate than the one on disk"),
        (False, None, True, "port 443 served another certificate than the one on disk"),
        (False, "f-www", True, None),
        (True, "f-old", False, None),
    ],
)
def test_who_reloads(swapped: bool, served: str | None, running: bool, reason: str | None) -> None:
    chosen = services({"name": "nginx"}, certificates=[WWW])
    endpoints = acm_deploy([WWW], "endpoints", chosen, EXPORTS)
    sights = [sight("nginx", 443, "www.example.com", served), sight("nginx", 443, None, served)]
    bundles = [{"name": "www.example.com", "path": "/acm/www.example.com/live", "swapped": swapped}]
    reloads = acm_deploy(chosen, "reloads", [WWW], bundles, endpoints, sights, ["nginx"] if running else [])
    assert [entry["reason"] for entry in reloads] == ([reason] if reason else [])


def test_only_the_services_of_a_new_certificate_reload() -> None:
    chosen = services(
        {"name": "nginx", "certificates": ["api"]}, {"name": "haproxy", "certificates": ["www.example.com"]}
    )
    endpoints = acm_deploy([WWW, API], "endpoints", chosen, EXPORTS)
    sights = [
        sight(entry["label"], 443, entry.get("server_name"), entry.get("expect_fingerprint")) for entry in endpoints
    ]
    bundles = [
        {"name": name, "path": f"/acm/{name}/live", "swapped": name == "www.example.com"}
        for name in ("www.example.com", "api")
    ]
    reloads = acm_deploy(chosen, "reloads", [WWW, API], bundles, endpoints, sights, ["nginx", "haproxy"])
    assert [entry["name"] for entry in reloads] == ["haproxy"]


def test_what_was_swapped_is_undone() -> None:
    bundles = [
        {"name": "a", "swapped": True, "previous_version": "0001-a"},
        {"name": "b", "swapped": True, "previous_version": None},
        {"name": "c", "swapped": False, "previous_version": "0001-c"},
    ]
    assert acm_deploy(bundles, "returns") == {
        "rolled_back": [{"name": "a", "version": "0001-a"}],
        "first": [{"name": "b"}],
    }


def test_a_rollback_looks_where_something_was_served() -> None:
    sights = [sight("nginx", 443, None, "f-old"), sight("nginx", 8443, "x", None), sight("haproxy", 443, None, "f")]
    assert acm_deploy(sights, "as_before", ["nginx"]) == [
        {"label": "nginx", "host": "localhost", "port": 443, "expect_fingerprint": "f-old"}
    ]


def test_the_summary_tells_it_in_a_sentence() -> None:
    chosen = services({"name": "nginx"}, certificates=[WWW])
    endpoints = acm_deploy([WWW], "endpoints", chosen, EXPORTS)
    bundle = {
        "name": "www.example.com",
        "path": "/etc/acm/www.example.com/live",
        "fingerprint": "f-www",
        "serial": "0b",
        "previous_serial": "0a",
        "public_key_fingerprint": "k",
        "previous_public_key_fingerprint": "j",
        "not_after": "2027-06-09T12:00:00Z",
        "changed": True,
    }
    served = [sight("nginx", 443, "www.example.com", "f-www"), sight("nginx", 443, None, "f-www")]
    (line,) = acm_deploy(chosen, "summary", [bundle], endpoints, served, ["nginx"])
    assert acm_deploy(line, "sentence") == (
        "nginx serves www.example.com at port 443: serial 0b, valid until 2027-06-09T12:00:00Z (before: serial 0a)."
    )
    closed = [sight("nginx", 443, "www.example.com", None), sight("nginx", 443, None, None)]
    (line,) = acm_deploy(chosen, "summary", [bundle], endpoints, closed, [])
    assert acm_deploy(line, "sentence").startswith("nginx does not run; www.example.com is in place for its start")


@pytest.mark.parametrize(
    "result, reason",
    [
        ({"msg": "It broke."}, "It broke."),
        ({"msg": "Task failed: The filter plugin 'certops.acm.acm_deploy' failed: Give x a name."}, "Give x a name."),
        ({"msg": "non-zero return code", "stderr": "unknown directive"}, "unknown directive."),
        (
            {"msg": "non-zero return code", "cmd": ["a", "-c"], "rc": 1},
            "The command a -c ended with 1 and said nothing.",
        ),
        ({"msg": "One or more items failed", "results": [{"msg": "ok"}, {"failed": True, "stdout": "bad"}]}, "bad."),
    ],
)
def test_the_reason_of_a_failure(result: dict[str, t.Any], reason: str) -> None:
    assert acm_deploy(result, "reason") == reason


def foretell(name: str, needs_key: bool, fingerprint: str) -> dict[str, t.Any]:
    return {"name": name, "needs_key": needs_key, "fingerprint": fingerprint}


def test_a_host_gets_only_the_keys_that_it_lacks() -> None:
    chosen = services({"name": "nginx"})
    probe = [foretell("www.example.com", False, "f-www"), foretell("api", True, "f-api")]
    www, api = acm_deploy([WWW, API], "sets", chosen, EXPORTS, probe)
    assert "private_key" not in www and api["private_key"] == "KEY api.example.com"
    probe[0]["fingerprint"] = "f-before"  # renewed after the host was asked
    assert acm_deploy([WWW, API], "sets", chosen, EXPORTS, probe)[0]["private_key"] == "KEY www.example.com"


@pytest.mark.parametrize(
    "needs_key, eligibility, depends, due",
    [
        (True, "ELIGIBLE", False, ["www.example.com"]),
        (False, "ELIGIBLE", True, []),
        (False, "INELIGIBLE", True, ["www.example.com"]),
        (False, "INELIGIBLE", False, []),
        (False, None, True, []),
    ],
)
def test_what_is_exported(needs_key: bool, eligibility: str | None, depends: bool, due: list[str]) -> None:
    found = {"www.example.com": {"renewal_eligibility": eligibility, "renewal_depends_on_export": depends}}
    elsewhere = ([WWW], [foretell("www.example.com", False, "f")])
    here = ([WWW], [foretell("www.example.com", needs_key, "f")])
    assert acm_deploy(["www.example.com"], "due", found, [elsewhere, here]) == due
    assert acm_deploy(["www.example.com"], "due", found, [elsewhere, here], {"www.example.com": {}}) == []


def test_a_pkcs12_is_asked_for_under_its_one_passphrase() -> None:
    java = dict(WWW, pkcs12_passphrase="correct horse")
    assert acm_deploy([java, WWW, API], "requests", ["www.example.com"]) == [
        {"domain_name": "www.example.com", "passphrase": "correct horse", "return_pkcs12": True}
    ]
    with pytest.raises(AnsibleFilterError, match="two different pkcs12_passphrase"):
        acm_deploy([java, dict(WWW, pkcs12_passphrase="battery")], "requests")


def test_a_pkcs12_needs_a_passphrase() -> None:
    chosen = services({"name": "java", "files": ["pkcs12"], "reload_command": ["true"]}, certificates=[WWW])
    with pytest.raises(AnsibleFilterError, match="needs a passphrase"):
        acm_deploy([WWW], "sets", chosen, EXPORTS)
    export_of_java = {"www.example.com": dict(EXPORTS["www.example.com"], pkcs12="UDEy")}
    java, probe = dict(WWW, pkcs12_passphrase="correct horse"), [foretell("www.example.com", True, "f-www")]
    (entry,) = acm_deploy([java], "sets", chosen, export_of_java, probe)
    assert (entry["files"], entry["pkcs12"]) == (["pkcs12"], "UDEy")


BUNDLES = [
    {"name": "www.example.com", "path": "/acm/www.example.com/live", "swapped": True},
    {"name": "api", "path": "/acm/api/live", "swapped": False},
]


def test_a_running_haproxy_is_handed_its_own_files() -> None:
    socket = {"server": "haproxy", "runtime_socket": "/run/s"}
    chosen = services({"name": "lb", **socket, "certificates": ["www.example.com"]}, {"name": "haproxy"})
    reloads = acm_deploy(chosen, "reloads", [WWW, API], BUNDLES, [], [], ["lb", "haproxy"])
    assert [entry["combined"] for entry in reloads] == [["/acm/www.example.com/live/combined.pem"], []]
    reloads = acm_deploy(chosen, "reloads", [WWW, API], BUNDLES, [], [], ["lb"], ["lb"])
    assert [(entry["reason"], entry["combined"]) for entry in reloads] == [("a snippet is new", [])]


@pytest.mark.parametrize(
    "result, names",
    [
        ({"certificates": [{"known": True}]}, ["haproxy"]),
        ({"certificates": [{"known": True}, {"known": False}]}, ["lb", "haproxy"]),
        ({"failed": True, "msg": "refused"}, ["lb", "haproxy"]),
        ({"skipped": True}, ["haproxy"]),
    ],
)
def test_what_could_not_be_handed_over_reloads(result: dict[str, t.Any], names: list[str]) -> None:
    reloads = [{"name": "lb"}, {"name": "haproxy"}]
    remaining = acm_deploy(reloads, "remaining", [{"item": {"name": "lb"}, **result}])
    assert [service["name"] for service in remaining] == names


def test_snippets_point_at_the_files() -> None:
    chosen = services(
        {"name": "nginx", "snippets": "/etc/nginx/acm/", "tls_policy": "modern", "certificates": ["api"]},
        {"name": "lb", "server": "haproxy", "snippets": "/etc/haproxy/acm"},
        {"name": "caddy"},
    )
    snippets = acm_deploy(chosen, "snippets", [WWW, API], BUNDLES)
    assert [(each["path"], each["kind"], each["folders"]) for each in snippets] == [
        ("/etc/nginx/acm/api.conf", "certificate", ["/acm/api/live"]),
        ("/etc/nginx/acm/tls-policy.conf", "policy", []),
        ("/etc/haproxy/acm/certificates.list", "list", ["/acm/www.example.com/live", "/acm/api/live"]),
    ]


@pytest.mark.parametrize(
    "service, words",
    [
        ({"name": "postfix", "snippets": "/etc/postfix"}, "There are no snippets for postfix"),
        ({"name": "nginx", "tls_policy": "modern"}, "needs a folder for its snippet"),
        ({"name": "nginx", "runtime_socket": "/run/s"}, "takes combined files"),
    ],
)
def test_options_that_lead_nowhere_are_refused(service: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        services(service)


@pytest.mark.parametrize("word", ["api", ARN, ARN.upper()])
def test_what_is_left_out_is_named_by_any_of_its_words(word: str) -> None:
    assert acm_deploy([WWW, API], "kept", [word, "unknown.example.com"]) == [WWW]


def test_services_go_on_without_what_is_left_out() -> None:
    entries = [
        {"name": "nginx", "certificates": ["www.example.com", "api"], "default_certificate": "api"},
        {"name": "haproxy", "snippets": "/etc/haproxy/acm"},
        {"name": "caddy", "certificates": ["api"]},
        {"name": "postfix"},
    ]
    chosen = acm_deploy(entries, "services", [WWW, API], SERVERS, "", ["api"])
    assert [(each["name"], each["certificates"], each["is_partial"]) for each in chosen] == [
        (name, ["www.example.com"], True) for name in ("nginx", "haproxy", "postfix")
    ]
    assert chosen[0]["default_certificate"] is None
    # whatever Postfix, which takes no names, shows may be the one that is left out
    assert ("postfix", None) in [
        (each["label"], each.get("expect_fingerprint")) for each in acm_deploy([WWW], "endpoints", chosen, EXPORTS)
    ]
    (snippet,) = acm_deploy(chosen, "snippets", [WWW], BUNDLES[:1])
    assert (snippet["kind"], snippet["is_partial"]) == ("list", True)


def test_a_service_still_has_to_want_certificates_that_are_there() -> None:
    with pytest.raises(AnsibleFilterError, match="wants the certificate shop"):
        acm_deploy([{"name": "nginx", "certificates": ["shop"]}], "services", [WWW], SERVERS, "", ["shop"])


VARS = yaml.safe_load((Path(__file__).parents[4] / "roles" / "acm_deploy" / "vars" / "main.yml").read_text("utf-8"))


@pytest.mark.parametrize(
    "family, server, service_name, pid_file, group",
    [
        ("Debian", "nginx", "nginx", "/run/nginx.pid", None),
        ("RedHat", "nginx", "nginx", "/run/nginx.pid", None),
        ("Debian", "apache", "apache2", "/run/apache2/apache2.pid", None),
        ("RedHat", "apache", "httpd", "/run/httpd/httpd.pid", None),
        ("Suse", "apache", "apache2", "/run/httpd.pid", None),
        ("Debian", "haproxy", "haproxy", "/run/haproxy.pid", None),
        ("RedHat", "haproxy", "haproxy", "/run/haproxy.pid", None),
        ("Debian", "lighttpd", "lighttpd", "/run/lighttpd.pid", "www-data"),
        ("RedHat", "lighttpd", "lighttpd", "/run/lighttpd.pid", "lighttpd"),
        ("Suse", "lighttpd", "lighttpd", "/run/lighttpd.pid", "lighttpd"),
        ("Debian", "caddy", None, None, "caddy"),
        ("RedHat", "caddy", None, None, "caddy"),
        ("Debian", "postfix", None, "/var/spool/postfix/pid/master.pid", None),
        ("RedHat", "postfix", None, "/var/spool/postfix/pid/master.pid", None),
    ],
)
def test_the_layouts_of_the_distributions(
    family: str, server: str, service_name: str | None, pid_file: str | None, group: str | None
) -> None:
    (service,) = acm_deploy([{"name": server}], "services", [WWW], VARS["__acm_deploy_servers"], family)
    assert (service["service_name"], service["pid_file"], service["group"]) == (service_name, pid_file, group)
    assert service["check_command"] and (service["service_name"] or service["reload_command"])


def test_a_key_that_clients_do_not_pin_is_refused() -> None:
    exports = {"www.example.com": dict(EXPORTS["www.example.com"], public_key_fingerprint="ab12")}
    chosen = services({"name": "nginx"}, certificates=[WWW])
    with pytest.raises(AnsibleFilterError, match=r"The key of www.example.com \(ab12\) is none of its public_keys"):
        acm_deploy([dict(WWW, public_keys=["cd34"])], "sets", chosen, exports)
    assert acm_deploy([dict(WWW, public_keys=["cd34", "AB:12"])], "sets", chosen, exports)
