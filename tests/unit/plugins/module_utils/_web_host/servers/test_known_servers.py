# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import (
    SERVERS,
    complete,
    os_family_of,
    read_os_family,
)


@pytest.mark.parametrize(
    "text, family",
    [
        ("ID=debian\n", "Debian"),
        ('ID=ubuntu\nID_LIKE="debian"\n', "Debian"),
        ("NAME=x\nID=linuxmint\nID_LIKE='ubuntu debian'\n", "Debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "RedHat"),
        ('ID="amzn"\nID_LIKE="fedora"\n', "RedHat"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "Suse"),
        ("ID=alpine\n", "Alpine"),
        ("ID=arch\n", "Archlinux"),
        ("VERSION_ID=1\nBUILD_ID=debian\n", ""),
        ("", ""),
    ],
)
def test_the_family_of_an_operating_system(text: str, family: str) -> None:
    assert os_family_of(text) == family


def test_the_first_existing_os_release_counts(tmp_path: Path) -> None:
    (tmp_path / "second").write_text("ID=alpine\n")
    assert read_os_family([str(tmp_path / "first"), str(tmp_path / "second")]) == "Alpine"
    assert read_os_family([str(tmp_path / "first")]) == ""


@pytest.mark.parametrize(
    "server, family, expected",
    [
        ("apache", "Debian", ("apache2", "/run/apache2/apache2.pid", None)),
        ("apache", "RedHat", ("httpd", "/run/httpd/httpd.pid", None)),
        ("apache", "", ("apache2", None, None)),
        ("lighttpd", "Debian", ("lighttpd", "/run/lighttpd.pid", "www-data")),
        ("lighttpd", "Suse", ("lighttpd", "/run/lighttpd.pid", "lighttpd")),
        ("nginx", "Debian", ("nginx", "/run/nginx.pid", None)),
    ],
)
def test_what_is_known_by_server_and_family(server: str, family: str, expected: tuple[t.Any, ...]) -> None:
    (service,) = complete([{"name": server}], ["www"], family)
    assert (service.service_name, service.pid_file, service.group) == expected
    assert service.certificates == ["www"] and service.ports == [443] and service.sni is True


def test_the_users_values_take_precedence_and_null_means_not_given() -> None:
    entry = {"name": "mail", "server": "postfix", "ports": [465], "starttls": None, "check_command": [], "sni": True}
    (service,) = complete([entry], ["www"], "")
    assert (service.ports, service.starttls, service.check_command, service.sni) == ([465], "smtp", None, True)
    assert service.reload_command == ["postfix", "reload"] and service.server == "postfix"


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_every_known_server_needs_nothing_but_its_name(name: str) -> None:
    (service,) = complete([{"name": name}], ["www"], "Debian")
    assert (service.reload_command or service.service_name) and service.files


def test_the_same_port_on_two_hosts_is_not_a_mistake() -> None:
    entries = [{"name": "nginx"}, {"name": "apache", "host": "127.0.0.2"}, {"name": "caddy", "ports": []}]
    assert len(complete(entries, ["www"], "")) == 3


@pytest.mark.parametrize(
    "name, hint",
    [("ngnix", "did you mean nginx?"), ("Apache", "did you mean apache?"), ("zzz", "these are apache, caddy")],
)
def test_a_misspelt_server_gets_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        complete([{"name": name}], ["www"], "")
    assert hint in str(caught.value)


def test_the_unit_of_a_package_says_nothing_about_another_instance() -> None:
    def known(**options: t.Any) -> tuple[bool, str | None]:
        (service,) = complete([{"name": "web", "server": "nginx", **options}], ["www"], "")
        return service.knows_pid_file, service.service_name

    assert known() == (True, "nginx")
    assert known(reload_command=["touch", "/x"]) == (False, None)
    assert known(reload_command=["touch", "/x"], pid_file="/run/own.pid") == (True, None)
    assert known(reload_command=["touch", "/x"], service_name="own") == (False, "own")
