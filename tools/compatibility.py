# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the built collection with each combination of versions that it supports, from the oldest to the newest.

`fetch` downloads what the rows need into .work/matrix/wheels and …/amazon.aws. After that each row is set up from scratch,
without a network: a Python environment, amazon.aws and the artifact. Then it runs the demo, and tests/matrix/play.yml
twice on an authority in a directory and twice on the authority's server.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workbench
from trouble import Trouble, say

FOLDER = workbench.WORK / "matrix"
PLAY = workbench.CHECKOUT / "tests" / "matrix" / "play.yml"
AMAZON_AWS = "git+https://github.com/ansible-collections/amazon.aws"
SERVER = "ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line"
# The ports of the demo that ./run demo does not use.
DEMO_PORTS = {"demo_https_port": 11443, "demo_dns_port": 11053}
SHOWN = ("boto3", "cryptography", "dnspython")
HEADINGS = ("ansible-core", "Python", "Python of a web host", "amazon.aws", *SHOWN, "demo", "authority", "over HTTP")


@dataclasses.dataclass(frozen=True)
class Row:
    """The versions of one environment. `carrier`: the release of the PyPI package ansible that contains its amazon.aws, or a
    tag of amazon.aws's own repository if no release of ansible contains it."""

    core: str
    python: str
    host_python: str
    carrier: str
    is_oldest: bool = False  # the oldest release of each library that requirements.txt allows, instead of the newest


# A web host has the oldest Python that this collection and that ansible-core both support on one.
ROWS = (
    Row("2.17", "3.10", "3.8", f"{AMAZON_AWS},10.0.0", is_oldest=True),
    Row("2.18", "3.11", "3.8", "ansible==12.3.0"),
    Row("2.19", "3.11", "3.8", "ansible==12.3.0"),
    Row("2.20", "3.12", "3.9", "ansible==13.8.0"),
    Row("2.21", "3.13", "3.9", "ansible==14.5.0"),
)


class Failed(Exception):
    """A step of a row failed; the text names the log."""


def run(arguments: list[str]) -> int:
    wanted = [argument for argument in arguments if argument != "fetch"]
    unknown = [core for core in wanted if core not in {row.core for row in ROWS}]
    if unknown:
        raise Trouble(f"There is no row {unknown[0]}: choose from {', '.join(row.core for row in ROWS)}, or use fetch.")
    rows = [row for row in ROWS if row.core in wanted or not wanted]
    workbench.prepare("dev")
    with workbench.turn("matrix", "Another ./run matrix is running in this checkout; waiting for it to finish."):
        if "fetch" in arguments:
            for row in rows:
                fetch(row)
            return 0
        artifact = build()
        lines = [attempt(row, artifact) for row in rows]
    print(table(lines))
    return int(any("failed" in cell for line in lines for cell in line))


def interpreter(minor: str) -> str | None:
    return shutil.which(f"python{minor}", path=workbench.with_real_interpreters(os.environ["PATH"], oldest=8))


def libraries(row: Row) -> list[str]:
    """The lines of the collection's requirements; in the oldest row, with == in place of >=."""
    text = workbench.requirements_text(workbench.CHECKOUT / "requirements-server.txt")
    lines = [line for line in text.splitlines() if line and line[0] not in "#-"]
    return [line.replace(">=", "==") if row.is_oldest else line for line in lines]


def packages(row: Row) -> list[str]:
    return [f"ansible-core~={row.core}.0", *libraries(row)]


# ---------------------------------------------------------------- with a network


def fetch(row: Row) -> None:
    python = interpreter(row.python)
    if python is None:
        say(f"{row.core}: python{row.python} is not installed on this machine.")
        return

    def wheels(target: Path) -> None:
        log = workbench.WORK / "log" / f"matrix-fetch-{row.core}.log"
        target.mkdir()
        options = ("--only-binary=:all:", f"--dest={target}")
        workbench.pip(Path(python), log, "download", *options, *packages(row))

    def collection(target: Path) -> None:
        if row.carrier.startswith("git+"):
            from_its_repository(row.carrier, target)
        else:
            workbench.unpack("dev", "amazon/aws", target, row.carrier)

    made_of = "\n".join([python, *packages(row)])
    workbench.make(FOLDER / "wheels" / row.core, made_of, f"the wheels of row {row.core}", wheels)
    workbench.make(amazon_aws(row), row.carrier, f"amazon.aws (from {row.carrier})", collection)


def from_its_repository(source: str, target: Path) -> None:
    galaxy = str(workbench.python_of("dev").with_name("ansible-galaxy"))
    log = workbench.WORK / "log" / "matrix-amazon-aws.log"
    with tempfile.TemporaryDirectory(dir=workbench.WORK, prefix="tmp-") as folder:
        install = [galaxy, "collection", "install", "--no-deps", "-p", folder, source]
        workbench.run_logged(install, log, f"{source} could not be installed")
        os.replace(Path(folder, "ansible_collections", "amazon", "aws"), target)


def amazon_aws(row: Row) -> Path:
    return FOLDER / "amazon.aws" / re.split("==|,", row.carrier)[1]


# ---------------------------------------------------------------- without one


def build() -> Path:
    folder = FOLDER / "artifact"
    shutil.rmtree(folder, ignore_errors=True)
    log = workbench.WORK / "log" / "matrix-build.log"
    galaxy = str(workbench.python_of("dev").with_name("ansible-galaxy"))
    build_it = [galaxy, "collection", "build", "--output-path", str(folder), str(workbench.COLLECTION)]
    workbench.run_logged(build_it, log, "ansible-galaxy could not build the collection")
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


def attempt(row: Row, artifact: Path) -> list[str]:
    """Try the row; returns its cells in the table."""
    python, host_python = interpreter(row.python), interpreter(row.host_python)
    missing = [name for name, path in ((row.python, python), (row.host_python, host_python)) if path is None]
    if python is None or host_python is None:
        say(f"{row.core}: not run, because this machine does not have Python {', '.join(missing)}.")
        return [row.core, row.python, row.host_python, *["not run"] * (len(HEADINGS) - 3)]
    if not (FOLDER / "wheels" / f"{row.core}.stamp").exists() or not amazon_aws(row).is_dir():
        raise Trouble(f"The packages of row {row.core} are missing: run ./run matrix fetch first, with network access.")
    place = Place(row, FOLDER / row.core, host_python)
    start = time.monotonic()
    say(f"{row.core}: setting up an environment with Python {row.python} …")
    place.make(python, artifact)
    results = []
    for name, step in (("demo", place.demo), ("authority", place.on_a_directory), ("HTTP", place.on_a_server)):
        try:
            step()
            results.append("passed")
        except Failed as error:
            say(f"{row.core}, {name}: {error}")
            results.append("failed")
    say(f"{row.core}: {', '.join(results)}, {time.monotonic() - start:.0f} s")
    return [*place.versions(), *results]


class Place:
    """A row's folder, with its environment, its collections, its home folder, and what its plays write."""

    def __init__(self, row: Row, folder: Path, host_python: str) -> None:
        self.row = row
        self.folder = folder
        self.host_python = host_python
        self.collections = folder / "collections"
        self.python = folder / "venv" / "bin" / "python"

    def make(self, python: str, artifact: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "home").mkdir(parents=True)
        self._logged("venv", [python, "-m", "venv", str(self.folder / "venv")])
        offline = ["--isolated", "--disable-pip-version-check", "install", "--no-index"]
        find = f"--find-links={FOLDER / 'wheels' / self.row.core}"
        self._logged("pip", [str(self.python), "-m", "pip", *offline, find, *packages(self.row)])
        beside = self.collections / "ansible_collections" / "amazon" / "aws"
        shutil.copytree(amazon_aws(self.row), beside)
        galaxy = str(self.python.with_name("ansible-galaxy"))
        install = [galaxy, "collection", "install", "--offline", str(artifact), "-p", str(self.collections)]
        self._logged("galaxy", install)

    def versions(self) -> list[str]:
        code = (
            "import json, platform, sys; from importlib.metadata import version; "
            "print(json.dumps([version('ansible-core'), platform.python_version(), *map(version, sys.argv[1:])]))"
        )
        done = subprocess.run([str(self.python), "-c", code, *SHOWN], capture_output=True, text=True, check=True)
        core, python, *shown = json.loads(done.stdout)
        manifest = self.collections / "ansible_collections" / "amazon" / "aws" / "MANIFEST.json"
        aws = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        return [core, python, self.row.host_python, aws, *shown]

    # ---- what is run

    def demo(self) -> None:
        variables = {"demo_root": str(self.folder / "demo"), **DEMO_PORTS}
        (self.folder / "demo").mkdir()
        self._play("demo", "certops.acm.demo", variables)

    def on_a_directory(self) -> None:
        folder = self.folder / "on-a-directory"
        authority = str(folder / "authority")
        self._twice(folder, {"matrix_authority": authority, "matrix_connection": {"authority": authority}}, {})

    def on_a_server(self) -> None:
        folder = self.folder / "on-a-server"
        authority = folder / "authority"
        folder.mkdir()
        with self._server(authority) as connection:
            self._twice(folder, {"matrix_authority": str(authority), "matrix_connection": {}}, connection)

    def _twice(self, folder: Path, variables: dict[str, object], connection: dict[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        variables = {"matrix_folder": str(folder), **variables}
        inventory = {
            "all": {
                "vars": {"ansible_connection": "local"},
                "hosts": {"localhost": {"ansible_python_interpreter": str(self.python)}},
                "children": {"web": {"hosts": {"www": {"ansible_python_interpreter": self.host_python}}}},
            }
        }
        hosts = workbench.write(folder / "hosts.json", json.dumps(inventory))
        for number in ("first", "second"):
            log = self._play(f"{folder.name}-{number}", str(PLAY), variables, ["-i", str(hosts)], connection)
            changed = sum(map(int, re.findall(r"changed=(\d+)", log.read_text(encoding="utf-8"))))
            if (changed > 0) != (number == "first"):
                raise Failed(f"the {number} run reports {changed} changes; log: {log}")

    @contextmanager
    def _server(self, authority: Path) -> Iterator[dict[str, str]]:
        command = [str(self.python), "-B", "-m", SERVER, "serve", str(authority), "0"]
        log = self._log("server")
        with open(log, "w", encoding="utf-8") as output:
            server = subprocess.Popen(
                command, env=self._env({"PYTHONPATH": str(self.collections)}), stdout=subprocess.PIPE, stderr=output
            )
        assert server.stdout is not None
        try:
            # It starts by printing lines for a shell, of which the last unsets variables.
            lines = []
            for line in map(bytes.decode, server.stdout):
                lines.append(line)
                if line.startswith("unset "):
                    break
            else:
                raise Failed(f"the server did not start; log: {log}")
            yield dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", "".join(lines), flags=re.MULTILINE))
        finally:
            server.terminate()
            server.wait(30)

    def _play(
        self,
        name: str,
        playbook: str,
        variables: dict[str, object],
        options: list[str] | None = None,
        env: dict[str, str] | None = None,
    ) -> Path:
        program = str(self.python.with_name("ansible-playbook"))
        command = [program, playbook, "-e", json.dumps(variables), *(options or [])]
        return self._logged(name, command, env)

    def _logged(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Path:
        log = self._log(name)
        with open(log, "w", encoding="utf-8") as output:
            done = subprocess.run(
                command,
                env=self._env(env or {}),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            raise Failed(f"exit code {done.returncode}; log: {log}")
        return log

    def _log(self, name: str) -> Path:
        return workbench.WORK / "log" / f"matrix-{self.row.core}-{name}.log"

    def _env(self, more: dict[str, str]) -> dict[str, str]:
        """The environment of a new user: without settings for Ansible, AWS, Python or pip."""
        return {
            "PATH": os.pathsep.join([str(self.python.parent), os.environ["PATH"], "/usr/local/sbin", "/usr/sbin"]),
            "HOME": str(self.folder / "home"),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_NOCOLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }


# ---------------------------------------------------------------- the table


def table(lines: list[list[str]]) -> str:
    rows = [list(HEADINGS), ["---"] * len(HEADINGS), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
