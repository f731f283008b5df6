# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing by RFC 2136, with a real BIND and with the demo's stand-in, which must behave the same."""

from __future__ import annotations

import base64
import socket
import threading
import typing as t

import dns.update
import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import PublishError, Record
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Resolver
from ansible_collections.certops.acm.plugins.module_utils._validation.rfc2136 import Rfc2136
from ansible_collections.certops.acm.tests.support.name_server import NameServer, free_port, name_server, silent_server
from ansible_collections.certops.acm.tests.support.stand_in_name_server import StandIn, stand_in

ZONES = {
    "example.com": "www CNAME cdn.example.net.\nsub NS ns.elsewhere.test.\n",
    "deep.example.com": "",
    "example.net": "",
}
ONE = Record("_a.example.com", "_1.acm-validations.aws")
DEEP = Record("_b.www.deep.example.com", "_2.acm-validations.aws")
OTHER = Record("_c.example.net", "_3.acm-validations.aws")
UNDER_AN_ALIAS = Record("_d.www.example.com", "_4.acm-validations.aws")

Server = t.Union[NameServer, StandIn]


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server(ZONES, broken=["broken.test"], extra="allow-query { any; };") as server:
        yield server


@pytest.fixture(scope="module")
def small() -> t.Iterator[StandIn]:
    zones = {**ZONES, "example.com": "www CNAME cdn.example.net.\n"}  # it knows no delegation
    with stand_in(zones) as server:
        yield server


@pytest.fixture(params=["bind", "small"])
def server(request: pytest.FixtureRequest) -> t.Iterator[Server]:
    running: Server = request.getfixturevalue(request.param)
    yield running
    publisher = Rfc2136(running.rfc2136())
    for record in (ONE, DEEP, OTHER, UNDER_AN_ALIAS):
        if seen(running, record.name):
            zone = "example.net" if record.name.endswith("example.net") else "example.com"
            update = dns.update.UpdateMessage(zone)
            update.delete(record.name + ".", "CNAME")
            publisher._exchange(update)


def seen(server: Server, name: str) -> tuple[str, ...]:
    return Resolver([server.endpoint]).lookup(name, "CNAME").records


def quick(server: Server, **others: t.Any) -> Rfc2136:
    return Rfc2136(server.rfc2136(**others), timeout_s=3, sleep=lambda _s: None)


def test_records_of_several_zones_at_once(server: Server) -> None:
    records = [ONE, DEEP, OTHER, UNDER_AN_ALIAS]
    publisher = quick(server)
    changes = publisher.plan(records)
    assert [(c.action, c.zone) for c in changes] == [
        ("create", "example.com"),
        ("create", "deep.example.com"),
        ("create", "example.net"),
        ("create", "example.com"),
    ]
    assert [seen(server, record.name) for record in records] == [(), (), (), ()]  # planning changes nothing
    publisher.apply(changes)
    assert [seen(server, record.name) for record in records] == [(record.value,) for record in records]


def test_a_second_run_has_nothing_to_do(server: Server) -> None:
    quick(server).apply(quick(server).plan([ONE, DEEP]))
    assert quick(server).plan([ONE, DEEP]) == []


def test_a_wrong_value_is_replaced(server: Server) -> None:
    wrong = Record(ONE.name, "_old.acm-validations.aws")
    quick(server).apply(quick(server).plan([wrong]))
    (change,) = quick(server).plan([ONE])
    assert (change.action, change.zone, change.before) == ("replace", "example.com", (wrong.value,))
    quick(server).apply([change])
    assert seen(server, ONE.name) == (ONE.value,)


def test_what_a_change_looks_like_in_a_result(server: Server) -> None:
    (change,) = quick(server, ttl=60).plan([ONE])
    assert change.as_result() == {
        "action": "create",
        "zone": "example.com",
        "name": "_a.example.com.",
        "type": "CNAME",
        "value": "_1.acm-validations.aws.",
        "ttl": 60,
        "before": [],
    }


def test_whether_there_is_a_zone_is_known_before_anything_is_requested(server: Server) -> None:
    quick(server).check(["www.example.com", "a.example.net"])
    with pytest.raises(PublishError, match="has no zone for www.example.org"):
        quick(server).check(["www.example.com", "www.example.org"])
    with pytest.raises(PublishError, match="a.example.net is not in the zone example.com"):
        quick(server, zone="example.com").check(["a.example.net"])


def test_a_given_zone_is_used_and_must_match(server: Server) -> None:
    (change,) = quick(server, zone="Example.COM.").plan([ONE])
    assert change.zone == "example.com"
    with pytest.raises(PublishError, match="_c.example.net is not in the zone example.com"):
        quick(server, zone="example.com").plan([OTHER])


def test_the_server_has_no_zone_for_the_name(server: Server) -> None:
    with pytest.raises(PublishError, match="has no zone for _x.elsewhere.test"):
        quick(server).plan([Record("_x.elsewhere.test", "_1.acm-validations.aws")])


def test_an_unknown_key_is_detected_before_anything_is_sent(server: Server) -> None:
    with pytest.raises(PublishError, match="does not know the key stranger|cannot be trusted"):
        quick(server, key_name="stranger").plan([ONE])


def test_a_wrong_secret_is_detected_and_never_shown(server: Server) -> None:
    secret = base64.b64encode(b"something else entirely").decode()
    with pytest.raises(PublishError, match="another secret for the key|cannot be trusted") as caught:
        quick(server, key_secret=secret).plan([ONE])
    assert secret not in str(caught.value)


def test_updates_without_a_key_are_refused(server: Server) -> None:
    unsigned = quick(server, key_name=None, key_secret=None)
    changes = unsigned.plan([ONE])
    with pytest.raises(PublishError, match="refuses updates without a key for the zone example.com"):
        unsigned.apply(changes)
    assert seen(server, ONE.name) == ()


def test_a_name_with_conflicting_records_is_reported(server: Server) -> None:
    import dns.query
    import dns.tsigkeyring
    import dns.update

    key = server.rfc2136()
    update = dns.update.UpdateMessage(
        "example.com", keyring=dns.tsigkeyring.from_text({key["key_name"]: key["key_secret"]})
    )
    update.add("_taken.example.com.", 60, "TXT", "here")
    dns.query.tcp(update, server.address, port=server.port, timeout=3)
    publisher = quick(server)
    with pytest.raises(PublishError, match="remove the other records at that name"):
        publisher.apply(publisher.plan([Record("_taken.example.com", "_1.acm-validations.aws")]))


def test_what_was_done_before_a_failure_is_reported(server: Server) -> None:
    publisher = quick(server)
    changes = publisher.plan([ONE])
    foreign = changes[0]._replace(zone="not-here.test", record=Record("_x.not-here.test", "_1.acm-validations.aws"))
    with pytest.raises(PublishError, match="is not the primary server of the zone not-here.test") as caught:
        publisher.apply([*changes, foreign])
    assert caught.value.done == changes
    assert seen(server, ONE.name) == (ONE.value,)


def test_hundreds_of_records_are_sent_in_a_few_updates(server: Server) -> None:
    records = [Record(f"_{number}.many.example.net", "_v.acm-validations.aws") for number in range(250)]
    publisher = quick(server)
    publisher.apply(publisher.plan(records))
    assert publisher.plan(records) == []


def test_a_delegated_zone_is_not_touched(bind: NameServer) -> None:
    with pytest.raises(PublishError, match="delegated elsewhere"):
        quick(bind).plan([Record("_x.sub.example.com", "_1.acm-validations.aws")])


def test_a_broken_zone(bind: NameServer) -> None:
    with pytest.raises(PublishError, match="answered SERVFAIL about _x.broken.test"):
        quick(bind).plan([Record("_x.broken.test", "_1.acm-validations.aws")])


def test_a_name_too_long_for_dns(bind: NameServer) -> None:
    name = ".".join(["x" * 60] * 4) + ".example.com"
    with pytest.raises(PublishError, match="longer than DNS allows"):
        quick(bind).plan([Record(f"_{'0' * 32}.{name}", "_1.acm-validations.aws")])


@pytest.mark.parametrize("algorithm", ["hmac-sha224", "hmac-sha384", "hmac-sha512", "hmac-sha1", "hmac-md5"])
def test_every_key_algorithm(algorithm: str) -> None:
    with name_server({"example.com": ""}, key_algorithm=algorithm) as server:
        publisher = quick(server)
        publisher.apply(publisher.plan([ONE]))
        assert seen(server, ONE.name) == (ONE.value,)
        with pytest.raises(PublishError):
            quick(server, key_algorithm="hmac-sha256").plan([DEEP])


def test_a_key_that_may_not_change_the_zone() -> None:
    with name_server({"example.com": ""}, update_policy="name other.example.com. ANY") as server:
        publisher = quick(server)
        with pytest.raises(PublishError, match="refuses the key tests-key for the zone example.com"):
            publisher.apply(publisher.plan([ONE]))


def test_nothing_listens() -> None:
    port = free_port()
    with pytest.raises(
        PublishError,
        match=f"127.0.0.1 port {port} cannot be reached over TCP: Connection refused; check publish.rfc2136.server and port",
    ):
        Rfc2136({"server": "127.0.0.1", "port": port}).plan([ONE])
    with pytest.raises(PublishError, match="ns.invalid port 53 cannot be reached"):
        Rfc2136({"server": "ns.invalid"}).plan([ONE])


def test_a_silent_server() -> None:
    with silent_server() as silent:
        port = int(silent.rpartition(":")[2])
        with pytest.raises(PublishError, match="did not answer within 0.2 s over TCP; check publish.rfc2136.server"):
            Rfc2136({"server": "127.0.0.1", "port": port}, timeout_s=0.2).plan([ONE])


def test_a_server_that_closes_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _address = listener.accept()
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(PublishError, match="cannot be reached over TCP"):
            Rfc2136({"server": "127.0.0.1", "port": listener.getsockname()[1]}, timeout_s=1).plan([ONE])


def test_a_closed_connection_is_reopened(bind: NameServer) -> None:
    publisher = quick(bind)
    with publisher:
        publisher._ask("example.com", "SOA")
        assert publisher._connection is not None
        publisher._connection.shutdown(socket.SHUT_RDWR)
        publisher._ask("example.com", "SOA")


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({}, "publish.rfc2136.server is missing"),
        ({"server": "192.0.2.1", "key_name": "k"}, "key_name and key_secret together"),
        ({"server": "192.0.2.1", "key_secret": "c2VjcmV0"}, "key_name and key_secret together"),
        ({"server": "192.0.2.1", "key_name": "k", "key_secret": "not base64!"}, "key_secret is not base64"),
        ({"server": "192.0.2.1", "key_name": "k", "key_secret": "schlüssel"}, "key_secret is not base64"),
        ({"server": "192.0.2.1", "key_algorithm": "rot13"}, "key_algorithm is 'rot13'"),
    ],
)
def test_invalid_settings(settings: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        Rfc2136(settings)
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize("added", ["\n", "\r\n", " ", "\n\n"])
def test_the_line_break_that_a_vault_adds_is_not_part_of_the_key(added: str) -> None:
    publisher = Rfc2136({"server": "192.0.2.1", "key_name": "k", "key_secret": f"c2VjcmV0{added}"})
    assert publisher._key_secret == "c2VjcmV0"
