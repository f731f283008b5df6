# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services of a host: the data of the known servers, completed by the user's options. Standard library only, pure
except for reading os-release."""

from __future__ import annotations

import difflib
import re
import typing as t

from ..._rules.errors import InvalidInput
from .commands import read_words

Data = t.Mapping[str, t.Any]

# Commands are lists of words and run without a shell. Without reload_command the init system reloads service_name.
SERVERS: dict[str, dict[str, t.Any]] = {
    "nginx": {"service_name": "nginx", "check_command": ["nginx", "-t"], "pid_file": "/run/nginx.pid"},
    "apache": {
        "check_command": ["apachectl", "configtest"],
        "service_name": "apache2",
        "os_family": {
            "Debian": {"pid_file": "/run/apache2/apache2.pid"},
            "RedHat": {"service_name": "httpd", "pid_file": "/run/httpd/httpd.pid"},
            "Suse": {"pid_file": "/run/httpd.pid"},
            "Alpine": {"pid_file": "/run/apache2/httpd.pid"},
            "Archlinux": {"service_name": "httpd", "pid_file": "/run/httpd/httpd.pid"},
        },
    },
    "haproxy": {
        "service_name": "haproxy",
        "check_command": ["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"],
        "pid_file": "/run/haproxy.pid",
        "files": ["combined"],
    },
    "lighttpd": {
        "service_name": "lighttpd",
        "check_command": ["lighttpd", "-tt", "-f", "/etc/lighttpd/lighttpd.conf"],
        "pid_file": "/run/lighttpd.pid",
        # It reloads as its unprivileged user, and exits if that user may not read the key.
        "os_family": {
            "Debian": {"group": "www-data"},
            "RedHat": {"group": "lighttpd"},
            "Suse": {"group": "lighttpd"},
            "Alpine": {"group": "lighttpd"},
        },
    },
    "caddy": {
        "check_command": ["caddy", "validate", "--config", "/etc/caddy/Caddyfile"],
        "reload_command": ["caddy", "reload", "--config", "/etc/caddy/Caddyfile", "--force"],
        "group": "caddy",
    },
    "postfix": {
        "check_command": ["postfix", "check"],
        "reload_command": ["postfix", "reload"],
        "pid_file": "/var/spool/postfix/pid/master.pid",
        "ports": [25],
        "starttls": "smtp",
        "sni": False,
    },
}
DEFAULTS: dict[str, t.Any] = {
    "host": "localhost",
    "ports": [443],
    "starttls": None,
    "proxy_protocol": None,
    "sni": True,
    "default_certificate": None,
    "files": ["fullchain", "key"],
    "owner": None,
    "group": None,
    "pid_file": None,
    "check_command": None,
    "reload_command": None,
    "start_command": None,
    "service_name": None,
    "runtime_socket": None,
    "link_directory": None,
}
COMMANDS = ("check_command", "reload_command", "start_command")
# ID and ID_LIKE of os-release(5), by Ansible's names for the families
FAMILIES = {
    "debian": "Debian",
    "ubuntu": "Debian",
    "rhel": "RedHat",
    "fedora": "RedHat",
    "centos": "RedHat",
    "amzn": "RedHat",
    "suse": "Suse",
    "opensuse": "Suse",
    "sles": "Suse",
    "alpine": "Alpine",
    "arch": "Archlinux",
}
OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


class Service(t.NamedTuple):
    """One service with everything known about it. certificates: names of entries, in order."""

    name: str
    server: str
    certificates: list[str]
    is_partial: bool  # some of the service's certificates are left out of this run
    default_certificate: str | None
    host: str
    ports: list[int]
    starttls: str | None
    proxy_protocol: str | None
    sni: bool
    files: list[str]
    owner: str | None
    group: str | None
    pid_file: str | None
    check_command: list[str] | None
    reload_command: list[str] | None
    start_command: list[str] | None
    service_name: str | None
    runtime_socket: str | None
    link_directory: str | None
    # whether the process certainly belongs to this service, so that it can show that the service is not running
    knows_pid_file: bool = True

    @property
    def can_start(self) -> bool:
        return bool(self.start_command or self.service_name)


def read_os_family(paths: t.Iterable[str] = OS_RELEASE) -> str:
    """The family of this host's operating system; the empty string if it is unknown."""
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return os_family_of(file.read())
        except OSError:
            continue
    return ""


def os_family_of(text: str) -> str:
    """The family according to an os-release file."""
    values = dict(re.findall(r"^(ID|ID_LIKE)=[\"']?([^\"'\n]*)", text, re.MULTILINE))
    for word in [values.get("ID", ""), *values.get("ID_LIKE", "").split()]:
        for known in (word, word.partition("-")[0]):
            if known in FAMILIES:
                return FAMILIES[known]
    return ""


def complete(entries: t.Iterable[Data], certificates: t.Sequence[str], os_family: str) -> list[Service]:
    """Every service: its own options override the server's data, which overrides the defaults. CERTIFICATES: the names
    of all entries.

    Raises InvalidInput for contradictory options.
    """
    services = [_complete(entry, certificates, os_family) for entry in entries]
    _refuse_doubles(services)
    return services


def _complete(entry: Data, certificates: t.Sequence[str], os_family: str) -> Service:
    name, server = entry["name"], entry.get("server") or entry["name"]
    data = SERVERS.get(server, {})
    own = {key: value for key, value in entry.items() if value is not None}
    merged = {**DEFAULTS, **data, **data.get("os_family", {}).get(os_family, {}), **own}
    # With a reload_command of its own it may not be the instance that the package runs, whose unit is not its unit.
    may_be_another = bool(own.get("reload_command"))
    if may_be_another:
        merged["service_name"] = own.get("service_name")
    for option in COMMANDS:
        merged[option] = read_words(option, name, merged[option]) or None
    chosen = list(certificates) if entry.get("certificates") is None else list(entry["certificates"])
    for each in [*chosen, *filter(None, [merged["default_certificate"]])]:
        if each not in certificates:
            raise InvalidInput(f"The service {name} uses the certificate {each}, which is not in certificates.")
    for option in ("runtime_socket", "link_directory"):
        if merged[option] and "combined" not in merged["files"]:
            raise InvalidInput(f"The {option} of {name} needs combined files; add combined to its files.")
    if merged["default_certificate"] and merged["default_certificate"] not in chosen:
        raise InvalidInput(f"The default_certificate of {name} is not among its certificates; add it there.")
    for port in merged["ports"]:
        if not 0 < port < 65536:
            raise InvalidInput(f"The service {name} has the invalid port {port}; ports are numbers from 1 to 65535.")
    if not merged["reload_command"] and not merged["service_name"]:
        raise InvalidInput(_unknown(name, server))
    return Service(
        server=server,
        certificates=chosen,
        is_partial=bool(entry.get("is_partial")),
        knows_pid_file=bool(own.get("pid_file")) or not may_be_another,
        **{key: merged[key] for key in ("name", *DEFAULTS)},
    )


def _unknown(name: str, server: str) -> str:
    near = difflib.get_close_matches(server.lower(), list(SERVERS), 1, 0.6)
    hint = f"did you mean {near[0]}? The known servers are" if near else "these are"
    return (
        f"The service {name} is not one of the known servers ({hint} {', '.join(sorted(SERVERS))}); "
        "correct the name, or set reload_command or service_name."
    )


def _refuse_doubles(services: t.Sequence[Service]) -> None:
    names: set[str] = set()
    places: dict[tuple[str, int], str] = {}
    for service in services:
        if service.name in names:
            raise InvalidInput(
                f"The service {service.name} is given twice; give each its own name, and set server to what it is."
            )
        names.add(service.name)
        for port in service.ports:
            other = places.setdefault((service.host, port), service.name)
            if other != service.name:
                raise InvalidInput(
                    f"The services {other} and {service.name} both have port {port} of {service.host}; "
                    "only one of them can listen there. Correct the ports."
                )
