# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in docs/examples for unattended renewal: cron and systemd run them, and the alert rules fit the metrics."""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, LIMIT_S, environment, run
from ansible_collections.certops.acm.tests.support.unattended import NAME, make_authority, write_inventory

EXAMPLES = COLLECTION / "docs" / "examples"
HOUR = r"(\d+|\*) (\d+|\*) \* \* \*"


class Site:
    """A machine that renews unattended, with its folders below one of the test's, and its own authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("etc", "home", "bin"):
            (folder / name).mkdir()
        (folder / "bin" / "ansible-playbook").symlink_to(Path(sys.executable).with_name("ansible-playbook"))
        self.textfile = folder / "acm.prom"
        self.authority = folder / "authority"
        write_inventory(
            folder / "etc",
            acm_deploy_authority=str(self.authority),
            acm_deploy_renewals_textfile=str(self.textfile),
        )
        make_authority(self.authority)

    def placed(self, text: str) -> str:
        """The text of an example, with its paths moved below `folder`."""
        return (
            text.replace("/opt/acm-renewals/bin", str(self.folder / "bin"))
            .replace("/etc/acm-renewals", str(self.folder / "etc"))
            .replace("/var/lib/acm-renewals", str(self.folder / "home"))
        )

    def environment(self, **more: str) -> dict[str, str]:
        return environment({"HOME": str(self.folder / "home"), **more})

    def last_run_age_s(self) -> float:
        text = self.textfile.read_text(encoding="utf-8")
        found = re.search(r"^acm_renewals_last_run_timestamp_seconds (\d+)$", text, flags=re.MULTILINE)
        assert found, text
        return datetime.now(timezone.utc).timestamp() - float(found[1])

    @property
    def is_deployed(self) -> bool:
        return (self.folder / "etc" / "certificates" / NAME / "live" / "fullchain.pem").exists()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def entries(text: str) -> tuple[dict[str, str], list[str]]:
    """Variables and entries of a crontab."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    return variables, [line for line in lines if not re.match(r"[A-Z_]+=", line)]


def test_cron_renews_and_reports_only_failures(site: Site) -> None:
    variables, (entry,) = entries(site.placed((EXAMPLES / "acm-renewals.cron").read_text(encoding="utf-8")))
    matched = re.fullmatch(rf"{HOUR} ([\w-]+) (.+)", entry)
    assert matched and matched[3] == "acm-renewals" and "%" not in entry  # cron turns these into new lines
    env = {**site.environment(), **{name: value for name, value in variables.items() if name != "MAILTO"}}
    home = site.folder / "home"

    def cron() -> tuple[int, str]:
        words = [variables["SHELL"], "-c", matched[4]]
        done = subprocess.run(
            words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, check=False
        )
        return done.returncode, done.stdout

    with open(home / "lock", "w", encoding="utf-8") as lock:  # as while another run is at work
        fcntl.flock(lock, fcntl.LOCK_EX)
        (home / "last-run.log").write_text("the log of that run\n", encoding="utf-8")
        assert cron() == (75, "The previous renewal run is still running.\nthe log of that run\n")
    assert cron() == (0, "")
    log = (home / "last-run.log").read_text(encoding="utf-8")
    assert "failed=0" in log and len(log.splitlines()) < 60
    assert cron() == (0, "")
    assert len((home / "last-run.log").read_text(encoding="utf-8").splitlines()) <= 40, "a quiet run fits on a screen"
    assert site.is_deployed and site.last_run_age_s() < LIMIT_S

    moved = site.authority.rename(site.folder / "away")
    site.authority.write_text("no authority", encoding="utf-8")
    mailed = cron()[1]
    assert "failed=1" in mailed and "included: " not in mailed
    site.authority.unlink()
    moved.rename(site.authority)


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_systemd_runs_what_cron_runs() -> None:
    """test_cron_renews_and_reports_only_failures runs it for real; doing so twice takes too long."""
    service = unit((EXAMPLES / "acm-renewals.service").read_text(encoding="utf-8"))["Service"]
    variables, (entry,) = entries((EXAMPLES / "acm-renewals.cron").read_text(encoding="utf-8"))
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).parent == Path(variables["PATH"].split(":")[0])
    assert f" sh -c '{shlex.join([Path(program).name, *words])} >" in entry
    assert service["TimeoutStartSec"] == "3h" and " timeout --kill-after=10m 3h " in entry
    assert f" {service['User']} cd {service['WorkingDirectory']} && " in entry


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("systemd-analyze is not installed")
    names = ["acm-renewals.service", "acm-renewals.timer"]
    for name in names:
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/acm-renewals/bin/ansible-playbook", "/bin/true"))
    # Its exit code ignores what it does not know.
    assert run(["systemd-analyze", "verify", *names], cwd=tmp_path, env={"SYSTEMD_LOG_LEVEL": "warning"}) == ""


def rules() -> list[dict[str, Any]]:
    text = (EXAMPLES / "acm-renewals.rules.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=[rule["alert"] for rule in rules()])
def test_alert_rule_queries_metrics_that_a_run_writes(rule: dict[str, Any]) -> None:
    metrics = (COLLECTION / "plugins/plugin_utils/_renewals/metrics.py").read_text(encoding="utf-8")
    promql_parser.parse(rule["expr"])
    named = re.findall(r"\bacm_\w+", rule["expr"])
    assert named and [name for name in named if f'"{name}"' not in metrics] == []
    for label, value in re.findall(r'(\w+)="(\w+)"', rule["expr"]):
        assert f'"{label}": ' in metrics and (label != "status" or f'"{value}"' in metrics)
    for label in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])):
        assert f'"{label}": ' in metrics
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"} and rule["labels"]["severity"]
