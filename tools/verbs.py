# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verbs of ./run."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

import compatibility
import documentation
import new_module as skeleton
import workbench
from debian import install_packages, may_install_packages
from processes import run_to_the_end
from trouble import Trouble, say

AUTHORITY_VERBS = ("serve", "credentials", "records", "metric", "backup", "restore", "-h", "--help")
# Server program → the Debian package that contains it.
DEMO_SERVERS = {"nginx": "nginx", "named": "bind9"}


def demo(arguments: list[str]) -> int:
    """issue, serve and renew real certificates on this machine, without an AWS account"""
    start = time.monotonic()
    workbench.prepare("controller")
    env = workbench.sealed_environment("controller")
    # Readable output: no skipped tasks, results as YAML rather than JSON, no warning about the inventory.
    env.update(ANSIBLE_DISPLAY_SKIPPED_HOSTS="false", ANSIBLE_CALLBACK_RESULT_FORMAT="yaml")
    env.update(ANSIBLE_INVENTORY_UNPARSED_WARNING="false", ANSIBLE_LOCALHOST_WARNING="false")
    missing = [program for program in DEMO_SERVERS if not shutil.which(program, path=env["PATH"])]
    if missing and may_install_packages():
        install_packages([DEMO_SERVERS[program] for program in missing], workbench.WORK / "log" / "apt-demo.log")
    elif missing:
        packages = " ".join(DEMO_SERVERS[program] for program in missing)
        say(
            f"Not installed: {', '.join(missing)}. The demo uses small stand-ins of its own instead. "
            f"To install the real ones, as root: apt-get install {packages}"
        )
    root = workbench.WORK / "demo"
    root.mkdir(exist_ok=True)
    command = ["ansible-playbook", "certops.acm.demo", "-e", json.dumps({"demo_root": str(root)}), *arguments]
    with workbench.turn("demo", "Another ./run demo is running in this checkout; waiting for it to finish."):
        code = run_to_the_end(command, env, cwd=root)
    print(f"\n./run demo took {time.monotonic() - start:.0f} s.")
    return code


def play(arguments: list[str]) -> int:
    """run ansible-playbook with this collection: ./run play PLAYBOOK [options]; PLAYBOOK is a path or certops.acm.NAME"""
    if not arguments:
        raise Trouble("./run play needs a playbook: a path, or a name such as certops.acm.deploy.")
    workbench.prepare("controller")
    env = workbench.ansible_environment("controller")
    if not any(argument.startswith(("-i", "--inv")) for argument in arguments) and "ANSIBLE_INVENTORY" not in env:
        # The play runs on this machine only, so Ansible's temporary files need not go to ~/.ansible.
        env.setdefault("ANSIBLE_REMOTE_TMP", str(workbench.WORK / "ansible" / "tmp"))
    return replace_by(["ansible-playbook", *arguments], env)


def test(arguments: list[str]) -> int:
    """run all tests and checks, or those that pytest's arguments select: ./run test -k wildcard"""
    # The slow files come first in the alphabet, so pytest keeps that order.
    side_by_side = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadscope", "--no-loadscope-reorder"]
    return pytest(arguments or ["tests", *side_by_side])


def lint(arguments: list[str]) -> int:
    """run only the checks on the code itself: sanity, ansible-lint, docs, types, imports, packaging"""
    return pytest(["tests/checks", *arguments])


def pytest(arguments: list[str]) -> int:
    workbench.prepare("dev", "importer")
    workbench.make_collections("dev", workbench.TREE, "awx/awx")  # what playbooks/awx.yml calls
    workbench.furnish_home()
    workbench.make_peers("dev")
    env = {**workbench.sealed_environment("dev"), "ACM_PEERS": str(workbench.PEERS)}
    env["PATH"] = workbench.with_real_interpreters(env["PATH"])
    # Other projects' programs that some tests need; .ci/run installs them.
    for name, path in (
        ("ACM_NODE", workbench.WORK / "node"),
        ("ACM_KUBERNETES", workbench.WORK / "kubernetes"),
        ("ACM_CUSTODIAN", workbench.WORK / "custodian" / "bin" / "custodian"),
    ):
        if path.exists():
            env[name] = str(path)
    env["ACM_IMPORTER_PYTHON"] = str(workbench.python_of("importer"))
    with workbench.turn("test", "Another ./run test is running in this checkout; waiting for it to finish."):
        return run_to_the_end(
            [str(workbench.python_of("dev")), "-m", "pytest", *arguments], env, cwd=workbench.COLLECTION
        )


def docs(arguments: list[str]) -> int:
    """build the HTML documentation into .work/docs"""
    workbench.prepare("dev")
    env = workbench.sealed_environment("dev")

    def run(command: list[str]) -> None:
        log = workbench.WORK / "log" / f"docs-{command[0]}.log"
        program = str(workbench.python_of("dev").with_name(command[0]))
        workbench.run_logged([program, *command[1:]], log, f"{command[0]} failed", env=env)

    print(documentation.build(workbench.COLLECTION, workbench.WORK / "docs", run))
    return 0


def bench(arguments: list[str]) -> int:
    """run all benchmarks, or the named ones; options are passed to each: ./run bench NAME --help"""
    names = list(itertools.takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(names) :]
    workbench.prepare("dev")
    programs = {path.stem: path for path in sorted((workbench.COLLECTION / "benchmarks").glob("*.py"))}
    unknown = [name for name in names if name not in programs]
    if unknown:
        raise Trouble(f"There is no benchmark {unknown[0]}: choose from {', '.join(programs)}.")
    workbench.make_peers("dev")
    env = {**workbench.sealed_environment("dev"), "ACM_PEERS": str(workbench.PEERS)}
    python = str(workbench.python_of("dev"))
    codes = [
        run_to_the_end([python, str(programs[name]), *options], env, cwd=workbench.COLLECTION)
        for name in names or programs
    ]
    return max(codes)


def matrix(arguments: list[str]) -> int:
    """try the built collection with each supported ansible-core: ./run matrix fetch, then ./run matrix [2.17 …]"""
    return compatibility.run(arguments)


def authority(arguments: list[str]) -> int:
    """serve ACM's protocol from an embedded authority: ./run authority DIR PORT [options]; other verbs: ./run authority --help"""
    workbench.prepare("server")
    env = {**workbench.ansible_environment("server"), "PYTHONPATH": str(workbench.TREE)}
    verb = [] if not arguments or arguments[0] in AUTHORITY_VERBS else ["serve"]
    program = "ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line"
    return replace_by([str(workbench.python_of("server")), "-B", "-m", program, *verb, *arguments], env)


def new_module(arguments: list[str]) -> int:
    """create the skeleton of a module, with its documentation, test and entries: ./run new-module NAME"""
    if len(arguments) != 1:
        raise Trouble("./run new-module needs a name, such as acm_account_info or certificate_backup.")
    for path in skeleton.make(workbench.CHECKOUT, arguments[0]):
        print(path.relative_to(workbench.CHECKOUT))
    say("Now describe it in its documentation and in its row in README.md, and write a test of what it should do.")
    return 0


def replace_by(command: list[str], env: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    os.execvpe(command[0], command, env)


VERBS: tuple[Callable[[list[str]], int], ...] = (demo, play, test, lint, matrix, bench, docs, authority, new_module)


def main(arguments: list[str]) -> int:
    verbs = {verb.__name__.replace("_", "-"): verb for verb in VERBS}
    verb = verbs.get(arguments[0]) if arguments else None
    if verb is None:
        print("./run VERB [arguments]\n" + "\n".join(f"  {name:10} {verb.__doc__}" for name, verb in verbs.items()))
        return 0 if not arguments or arguments[0] in ("help", "-h", "--help") else 2
    for wanted in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, lambda number, frame: sys.exit(128 + number))
    try:
        return verb(arguments[1:])
    except Trouble as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
