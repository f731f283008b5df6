# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports point one way: a file imports its own room and the rooms that ROOMS lists for it; likewise inside the authority.

Imports inside functions count too, because Ansible follows them when it packages a module. What runs on a web host imports only
Python's standard library.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.certops.acm.plugins."
# Each room, and the rooms that its files may import besides their own. A room is listed after those that it may import.
ROOMS: dict[str, tuple[str, ...]] = {
    "_rules": (),
    "_ansible": ("_rules",),
    "_x509": ("_rules",),
    "_net": ("_rules",),
    "_files": ("_rules",),
    "_web_host": ("_rules", "_files"),
    "_renewals": ("_rules", "_files"),
    "_authority": ("_rules", "_x509", "_net", "_files"),
    "_door": ("_rules", "_ansible", "_x509", "_net", "_files", "_authority"),
    "_certificates": ("_rules", "_ansible", "_x509", "_net", "_files", "_door"),
    "_validation": ("_rules", "_ansible", "_x509", "_net", "_files", "_door"),
    "_diagnosis": ("_rules", "_ansible", "_x509", "_net", "_files", "_door", "_certificates", "_validation"),
    "_batch": ("_rules", "_ansible", "_x509", "_net", "_files", "_door", "_certificates", "_validation", "_diagnosis"),
}
BELOW_MODULES = tuple(room for room in ROOMS if room not in ("_web_host", "_renewals", "_authority"))
ROOMS.update({f"_acm_{name}": BELOW_MODULES for name in ("certificate", "import", "export", "notifications", "alert")})
# The same inside _authority; a file directly in it counts as a room.
AUTHORITY: dict[str, tuple[str, ...]] = {
    "settings": (),
    "lifecycle": ("settings",),
    "store": ("settings", "lifecycle"),
    "signing": ("settings", "lifecycle"),
    "keys": ("settings", "lifecycle", "store", "signing"),
    "parts": (),
    "announcements": ("settings", "lifecycle", "store"),
    "directory": ("settings", "lifecycle", "store"),
    "cas": ("settings", "lifecycle", "store", "signing", "keys", "parts"),
    "authority": ("settings", "lifecycle", "store", "signing", "keys", "parts", "announcements", "cas"),
    "opening": ("settings", "lifecycle", "store", "signing", "keys", "parts", "directory", "cas", "authority"),
}
OPEN = tuple(AUTHORITY)
AUTHORITY["audit"] = ("settings", "lifecycle", "store")
AUTHORITY["data_key"] = AUTHORITY["creation"] = OPEN
AUTHORITY["backup"] = (*OPEN, "creation")
AUTHORITY["issuing"] = OPEN
AUTHORITY["delivery"] = OPEN
AUTHORITY["operations"] = (*OPEN, "issuing", "delivery")
AUTHORITY["sweep"] = (*OPEN, "issuing", "delivery")
AUTHORITY["wire"] = (*OPEN, "creation", "data_key", "backup", "audit", "issuing", "delivery", "sweep", "operations")
# The same inside _web_host.
WEB_HOST: dict[str, tuple[str, ...]] = {
    "sets": (),
    "servers": (),
    "tls": ("sets",),
    "deployments": ("sets", "servers", "tls"),
}
INNER_ROOMS = (("_authority", AUTHORITY), ("_web_host", WEB_HOST))
# Only this file of the door may import the authority. Modules pass it in, so that other modules do not ship it.
TO_THE_AUTHORITY = "module_utils._door.embedded"
# And this is what modules pass to it: the operations that they call, or the events that they read.
HANDED_IN = ("module_utils._authority.operations.", "module_utils._authority.delivery.inbox")
# Modules that do with an authority what no operation of ACM does.
OPERATORS = ("modules.acm_authority", "modules.acm_authority_records_info")
# What runs on the controller may import these, because none of them loads boto3.
ON_THE_CONTROLLER = (
    "_rules",
    "_ansible",
    "_x509",
    "_files.certificate_files",
    "_web_host.servers.known_servers",
    "_renewals.memory",
    "_certificates.certificate",
    "_certificates.renewal_window",
)
HOST_MODULES = (
    "acm_renewals_memory",
    "certificate_bundle",
    "certificate_deployment",
    "haproxy_certificate",
    "served_certificate_info",
)


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it; ours without the collection's prefix."""
    here = ["plugins", *path.relative_to(PLUGINS).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(OURS) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(["ansible_collections.certops.acm", *here[: -node.level], *filter(None, [base])])
            # `from package import name` may import a module `package.name`: both spellings count.
            yield from (own_name(f"{base}.{alias.name}") for alias in node.names)


def own_name(dotted: str) -> str:
    """The name of one of our files, without the prefix and without what is imported from it."""
    if not dotted.startswith(OURS):
        return dotted
    parts = dotted.removeprefix(OURS).split(".")
    while (
        len(parts) > 1
        and not PLUGINS.joinpath(*parts).with_suffix(".py").exists()
        and not PLUGINS.joinpath(*parts).is_dir()
    ):
        parts.pop()
    return ".".join(parts)


GRAPH = {
    ".".join(path.relative_to(PLUGINS).with_suffix("").parts): sorted(set(imports_of(path)))
    for path in sorted(PLUGINS.rglob("*.py"))
}


def reached_from(start: str) -> set[str]:
    """Everything that `start` imports, directly or through our files."""
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in GRAPH.get(todo.pop(), []):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def room_of(name: str) -> str:
    """The room of a file in module_utils: `module_utils._x509.pem` → `_x509`; elsewhere the empty string."""
    parts = name.split(".")
    return parts[1] if parts[0] == "module_utils" and len(parts) > 1 else ""


def inner_room_of(name: str, room: str) -> str:
    """The part of a room that a file is in: `module_utils._authority.store.facts` → `store`; empty for other rooms."""
    return name.split(".")[2] if room_of(name) == room and name.count(".") > 1 else ""


def strays(importers: list[str], is_stray: Callable[[str, str], bool]) -> dict[str, list[str]]:
    """What `importers` import that they must not."""
    return {name: found for name in importers if (found := [used for used in GRAPH[name] if is_stray(name, used)])}


def test_every_file_is_in_a_room() -> None:
    assert [name for name in GRAPH if name.startswith("module_utils.") and room_of(name) not in ROOMS] == []
    for room, order in INNER_ROOMS:
        assert [name for name in GRAPH if inner_room_of(name, room) not in ("", *order)] == []


def test_the_architecture_has_a_sentence_for_every_room() -> None:
    page = (PLUGINS.parent / "docs" / "developing" / "architecture.md").read_text(encoding="utf-8")
    cells = [row.split("|")[1] for row in page.splitlines() if row.startswith("| ")]
    told = [name.removesuffix("/").removesuffix(".py") for cell in cells for name in re.findall("`([^`]+)`", cell)]
    parts = [part for _room, order in INNER_ROOMS for part in order]
    assert {*ROOMS, *parts} - {*told} == set()
    here = {path.name for path in (PLUGINS / "module_utils").iterdir()}
    assert {name for name in told if name.startswith("_")} == here == {*ROOMS}


def test_no_folder_has_too_many_files() -> None:
    """At most a dozen files; but Ansible wants all modules in one folder, and all action plugins in another."""
    folders = {path.parent for path in PLUGINS.rglob("*.py") if path.parent.parent != PLUGINS}
    assert {str(folder) for folder in folders if len(list(folder.glob("*.py"))) > 12} == set()


def test_rooms_import_the_rooms_before_them() -> None:
    def is_stray(name: str, used: str) -> bool:
        there = room_of(used)
        return bool(there) and there not in (room_of(name), *ROOMS[room_of(name)])

    assert strays([name for name in GRAPH if room_of(name)], is_stray) == {}


@pytest.mark.parametrize(("room", "order"), INNER_ROOMS)
def test_the_order_inside_a_room(room: str, order: dict[str, tuple[str, ...]]) -> None:
    def is_stray(name: str, used: str) -> bool:
        here, there = inner_room_of(name, room), inner_room_of(used, room)
        return bool(there) and there not in (here, *order[here])

    assert strays([name for name in GRAPH if inner_room_of(name, room)], is_stray) == {}


def test_no_cycle_between_files() -> None:
    assert [name for name in GRAPH if name in reached_from(name)] == []


def test_nothing_imports_a_module() -> None:
    assert strays(list(GRAPH), lambda name, used: used.startswith("modules.")) == {}


def test_one_file_of_the_door_imports_the_authority() -> None:
    """But never its server, which no module ships."""
    outside = [name for name in GRAPH if room_of(name) != "_authority" and name not in (TO_THE_AUTHORITY, *OPERATORS)]

    def is_stray(name: str, used: str) -> bool:
        return room_of(used) == "_authority" and not (name.startswith("modules.") and used.startswith(HANDED_IN))

    assert strays(outside, is_stray) == {}
    modules = [name for name in GRAPH if name.startswith("modules.")]
    shipped = set().union(*(reached_from(name) for name in (TO_THE_AUTHORITY, *modules)))
    wire = {name for name in shipped if name.startswith("module_utils._authority.wire.")}
    assert wire <= {f"module_utils._authority.wire.{name}" for name in ("endpoint", "shapes")}
    assert "aiohttp" not in {name.split(".")[0] for name in shipped}


def test_no_room_imports_the_embedded_door() -> None:
    """A module passes it to AcmModule; if a room imported it, every module that uses the room would ship it."""
    rooms = [name for name in GRAPH if room_of(name)]
    assert strays(rooms, lambda name, used: used == TO_THE_AUTHORITY) == {}


def test_the_controller_loads_no_boto3() -> None:
    allowed = tuple(f"module_utils.{name}." for name in ON_THE_CONTROLLER)
    plugins = [name for name in GRAPH if name.startswith(("action.", "filter.", "plugin_utils."))]
    assert strays(plugins, lambda name, used: bool(room_of(used)) and not f"{used}.".startswith(allowed)) == {}
    roots = {used.split(".")[0] for name in plugins for used in reached_from(name)}
    assert roots.isdisjoint({"boto3", "botocore"})


def test_rules_and_the_authority_do_not_know_ansible() -> None:
    below = [name for name in GRAPH if room_of(name) in ("_rules", "_x509", "_net", "_files", "_authority")]
    assert strays(below, lambda name, used: used.startswith(("ansible.", "ansible_collections."))) == {}


def test_only_modules_and_the_door_know_ansible_module() -> None:
    """Code that decides takes plain arguments, so that it can be tested without Ansible."""
    known = (
        "ansible.module_utils.basic",
        "ansible_collections.amazon.aws.plugins.module_utils.modules",
        "module_utils._ansible.secret_module",
    )
    rules = [name for name in GRAPH if room_of(name) not in ("", "_door", "_ansible")]
    assert strays(rules, lambda name, used: used.startswith(known)) == {}


@pytest.mark.parametrize("name", HOST_MODULES)
def test_host_modules_need_the_standard_library_only(name: str) -> None:
    """A web host may have neither boto3 nor cryptography. Ansible ships ansible.module_utils with every module."""
    reached = reached_from(f"modules.{name}")
    assert f"modules.{name}" in GRAPH
    roots = {
        used.split(".")[0] for used in reached if used not in GRAPH and not used.startswith("ansible.module_utils.")
    }
    assert roots <= {*sys.stdlib_module_names, "module_utils"}
