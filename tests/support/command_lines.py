# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a command line that a guide shows, according to the programs' own parsers and models, without running
it."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import yaml
from ansible.cli.adhoc import AdHocCLI
from ansible.cli.doc import DocCLI
from ansible.cli.galaxy import GalaxyCLI
from ansible.cli.playbook import PlaybookCLI
from ansible.cli.vault import VaultCLI
from ansible.parsing.splitter import parse_kv
from botocore import xform_name

COLLECTION = Path(__file__).resolve().parents[2]
OURS = "certops.acm."
# Programs that a guide may use, and whose arguments are not checked.
OTHERS = set(
    ". ansible-builder ansible-inventory ansible-lint apt-get awk base64 cat cd certbot certutil chgrp chmod chown cp "
    "curl date dig echo export git grep head install journalctl jq keytool kill kubectl lego ls mkdir mktemp mv named "
    "nginx node npm nsupdate openssl podman printf read rm scp sed set sh sleep ssh ssh-keygen sudo systemctl tail "
    "tar tee trap tsig-keygen "
    "umask unset useradd wait".split()
)
# awscli has these commands besides the operations of a service's model.
AWSCLI_OPTIONS = set(
    "--ca-bundle --cli-input-json --cli-input-yaml --debug --endpoint-url --no-cli-pager --no-paginate --output "
    "--profile "
    "--query --region --max-items --page-size --starting-token".split()
)
AWSCLI_COMMANDS = {"configure", "help", "s3", "sso"}
OPENSSL = set(
    "ciphers crl dgst ec ecparam enc genpkey genrsa ocsp pkcs12 pkcs7 pkey rand req rsa s_client s_server storeutl "
    "verify "
    "version x509".split()
)
WORDS_OF_THE_SHELL = {
    "do",
    "done",
    "else",
    "exec",
    "fi",
    "for",
    "if",
    "then",
    "time",
    "while",
    "until",
    "!",
    "{",
    "}",
    "[",
    "test",
    "true",
}

Check = Callable[[list[str], "Page"], list[str]]


class Page:
    """What else on the page a command may refer to."""

    def __init__(self, text: str, files: set[str]) -> None:
        self.text = text
        self.files = files

    def has_file(self, path: str) -> bool:
        """The page shows it, or names it, or it is in docs/examples."""
        name = Path(path).name
        return (
            name in self.files
            or f"`{name}`" in self.text
            or f"{name})" in self.text
            or (COLLECTION / "docs/examples" / name).exists()
        )


def faults(language: str, text: str, page: Page) -> list[str]:
    """One sentence for each thing that is wrong with the commands of a block."""
    return [
        f"{shlex.join(words)[:60]}: {fault}" for words in commands(language, text) for fault in faults_of(words, page)
    ]


def commands(language: str, text: str) -> Iterator[list[str]]:
    """The words of each simple command; in a console block, only what follows a prompt."""
    if language == "console":
        lines, is_continued = [], False
        for line in text.splitlines():
            if line.startswith("$ ") or is_continued:
                lines.append(line if is_continued else line[2:])
                is_continued = line.endswith("\\")
        text = "\n".join(lines)
    text = re.sub(r"<<-?\s*['\"]?(\w+)['\"]?([^\n]*)\n.*?^\s*\1$", r"\2", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\d?>&\d", "", text.replace("\\\n", " "))
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word and set(word) <= set(";&|()"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def faults_of(words: list[str], page: Page) -> list[str]:
    words = without_redirections(words)
    while words and (words[0] in WORDS_OF_THE_SHELL or re.match(r"[A-Za-z_]\w*=", words[0]) or words[0] == "sudo"):
        if words[0] == "for":
            return []
        words = words[3 if words[:2] == ["sudo", "-u"] else 1 :]
    if not words:
        return []
    if re.fullmatch(r"[\d*/,-]+", words[0]) and len(words) > 5:  # a line for cron
        return faults_of(words[5:], page)
    if f"# {words[0]}\n" in page.text:  # a script that the page shows, below a line with its path
        return []
    program = Path(words[0]).name if words[0].startswith(("/", "~/", "$")) else words[0]
    if program in CHECKS:
        return CHECKS[program](words[1:], page)
    return [] if program in OTHERS else [f"{program} is not a program that guides may use"]


def without_redirections(words: list[str]) -> list[str]:
    kept, is_target = [], False
    for word in words:
        redirects = re.fullmatch(r"\d?(>>?|<)(.*)", word)
        if redirects:
            is_target = not redirects[2]
        elif is_target:
            is_target = False
        else:
            kept.append(word)
    return kept


# --- Ansible ---


def parsed(cli: type[Any], arguments: list[str]) -> argparse.Namespace | str:
    """The arguments as the program's own parser parses them, or its error message."""
    said = io.StringIO()
    program = cli([cli.__name__, *arguments])
    program.init_parser()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return program.parser.parse_args(arguments)
    except SystemExit:
        return said.getvalue().strip().splitlines()[-1]


def ansible_playbook(arguments: list[str], page: Page) -> list[str]:
    options = parsed(PlaybookCLI, arguments)
    if isinstance(options, str):
        return [options]
    found: list[str] = []
    known: set[str] = set()
    for name in options.args:
        if name.startswith(OURS):
            playbook = COLLECTION / "playbooks" / f"{name.removeprefix(OURS)}.yml"
            if not playbook.exists():
                return [f"there is no playbook {name}"]
            known |= variables_of(playbook.stem)
        elif not page.has_file(name):
            found.append(f"the page has no {name}")
    for extra in options.extra_vars or []:
        if extra.startswith("@"):
            found += [] if page.has_file(extra[1:]) else [f"the page has no {extra[1:]}"]
        elif known:
            given = yaml.safe_load(extra) if extra.startswith("{") else parse_kv(extra)
            found += [f"{', '.join(options.args)} has no variable {name}" for name in given if name not in known]
    return found


@functools.lru_cache(maxsize=None)
def variables_of(playbook: str) -> frozenset[str]:
    """The variables that one of our playbooks takes: the role's variables, and the names in the playbook's own templates."""
    files = [COLLECTION / "playbooks" / f"{playbook}.yml", *(COLLECTION / "playbooks").glob(f"t*/{playbook}*")]
    own = {word for file in files for word in re.findall(r"\b[a-z]+_[a-z_]+\b", file.read_text(encoding="utf-8"))}
    # Only names that begin like the playbook's are its variables; all others are Ansible's.
    return frozenset(
        {word for word in own if word.startswith(f"{playbook}_")} | variables_of_roles() | variables_with(own)
    )


def variables_with(own: set[str]) -> set[str]:
    return {word for word in own if word.split("_")[0] in ("awx", "authority", "report", "acm", "demo")}


@functools.lru_cache(maxsize=None)
def variables_of_roles() -> frozenset[str]:
    found: set[str] = set()
    for path in COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            found |= set(spec.get("options", {}))
    return frozenset(found)


def ansible_doc(arguments: list[str], page: Page) -> list[str]:
    options = parsed(DocCLI, arguments)
    if isinstance(options, str):
        return [options]
    return [
        f"there is no {options.type} {name}"
        for name in options.args
        if name.startswith(OURS) and not is_plugin(options.type, name)
    ]


def is_plugin(kind: str, name: str) -> bool:
    own = name.removeprefix(OURS)
    if kind == "role":
        return (COLLECTION / "roles" / own).is_dir()
    folder = "modules" if kind == "module" else kind
    return any((COLLECTION / "plugins" / folder / f"{own}{ending}").exists() for ending in (".py", ".yml"))


def ansible(arguments: list[str], page: Page) -> list[str]:
    options = parsed(AdHocCLI, arguments)
    if isinstance(options, str):
        return [options]
    if not options.module_name.startswith(OURS):
        return []
    if not is_plugin("module", options.module_name):
        return [f"there is no module {options.module_name}"]
    from ansible_collections.certops.acm.tests.support.task_calls import Call, complaints

    given = options.module_args
    arguments_of_module = json.loads(given) if given.startswith("{") else parse_kv(given)
    return complaints(Call("", options.module_name, arguments_of_module))


def only_parsed(cli: type[Any]) -> Check:
    def check(arguments: list[str], page: Page) -> list[str]:
        options = parsed(cli, arguments)
        return [options] if isinstance(options, str) else []

    return check


def ansible_rulebook(arguments: list[str], page: Page) -> list[str]:
    names = [arguments[number + 1] for number, word in enumerate(arguments) if word in ("--rulebook", "-r")]
    ours = [name.removeprefix(OURS) for name in names if name.startswith(OURS)]
    folder = COLLECTION / "extensions" / "eda" / "rulebooks"
    return [f"there is no rulebook {name}" for name in ours if not (folder / f"{name}.yml").exists()]


# --- this checkout ---


def run(arguments: list[str], page: Page) -> list[str]:
    verbs = re.search(
        r"^VERBS: .*?\((demo.*?)\)$", (COLLECTION / "tools" / "verbs.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    known = {name.replace("_", "-") for name in re.findall(r"\w+", verbs[1] if verbs else "")}
    if arguments and arguments[0] not in known:
        return [f"./run has no verb {arguments[0]}"]
    if arguments[:1] == ["bench"]:
        names = [word for word in arguments[1:2] if not word.startswith("-")]
        return [
            f"there is no benchmark {name}" for name in names if not (COLLECTION / "benchmarks" / f"{name}.py").exists()
        ]
    if arguments[:1] == ["play"]:
        return ansible_playbook(arguments[1:], page)
    return []


def python(arguments: list[str], page: Page) -> list[str]:
    if arguments[:1] != ["-m"]:
        return [
            f"the page has no {word}" for word in arguments[:1] if not word.startswith("-") and not page.has_file(word)
        ]
    prefix = "ansible_collections.certops.acm."
    if not arguments[1].startswith(prefix):
        return []
    path = COLLECTION / Path(*arguments[1].removeprefix(prefix).split(".")).with_suffix(".py")
    return authority(arguments[2:], page) if path.exists() else [f"there is no {arguments[1]}"]


def authority(arguments: list[str], page: Page) -> list[str]:
    """The authority's command line, for which a guide has an alias."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line

    source = Path(command_line.__file__).read_text(encoding="utf-8")
    found = [] if not arguments or f'"{arguments[0]}"' in source else [f"the authority has no verb {arguments[0]}"]
    return found + [
        f"{arguments[0]} has no {word}"
        for word in arguments
        if word.startswith("--") and f'"{word.split("=")[0]}"' not in source
    ]


def alias(arguments: list[str], page: Page) -> list[str]:
    return faults_of(shlex.split(arguments[0].partition("=")[2]), page)


def pip(arguments: list[str], page: Page) -> list[str]:
    files = [arguments[number + 1] for number, word in enumerate(arguments) if word in ("-r", "--requirement")]
    return [
        f"there is no {name}"
        for name in files
        if not (COLLECTION / Path(name).name).exists() and not page.has_file(name)
    ]


# --- AWS ---


def aws(arguments: list[str], page: Page) -> list[str]:
    """Check the command against botocore's model of the service, from which awscli's names are derived."""
    words = [word for word in arguments if not word.startswith("--")]
    if words[0] in AWSCLI_COMMANDS:
        return []
    session = botocore.session.get_session()
    if words[0] not in session.get_available_services():
        return [f"there is no service {words[0]}"]
    model = session.get_service_model(words[0])
    if words[1] == "wait":
        waiters = session.get_waiter_model(words[0]).waiter_names
        return (
            [] if words[2] in {xform_name(name, "-") for name in waiters} else [f"{words[0]} has no waiter {words[2]}"]
        )
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if words[1] not in operations:
        return [f"{words[0]} has no operation {words[1]}"]
    shape = model.operation_model(operations[words[1]]).input_shape
    members = {f"--{xform_name(name, '-')}": member for name, member in (shape.members if shape else {}).items()}
    known = set(members) | {f"--no-{name[2:]}" for name, member in members.items() if member.type_name == "boolean"}
    given = {word.split("=")[0] for word in arguments if word.startswith("--")}
    needed = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else [])}
    found = [f"{words[1]} has no option {name}" for name in sorted(given - known - AWSCLI_OPTIONS)]
    if not given & {"--cli-input-json", "--cli-input-yaml"}:
        found += [f"{words[1]} needs {name}" for name in sorted(needed - given)]
    return found


def openssl(arguments: list[str], page: Page) -> list[str]:
    return [] if arguments and arguments[0] in OPENSSL else [f"openssl has no command {arguments[:1]}"]


CHECKS: dict[str, Check] = {
    "acm-authority": authority,
    "alias": alias,
    "ansible": ansible,
    "ansible-doc": ansible_doc,
    "ansible-galaxy": only_parsed(GalaxyCLI),
    "ansible-playbook": ansible_playbook,
    "ansible-rulebook": ansible_rulebook,
    "ansible-vault": only_parsed(VaultCLI),
    "aws": aws,
    "openssl": openssl,
    "pip": pip,
    "python3": python,
    "./run": run,
}
