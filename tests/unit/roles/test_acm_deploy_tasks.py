# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the role acm_deploy."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

TASKS = Path(__file__).resolve().parents[3] / "roles" / "acm_deploy" / "tasks"
MODULE = "certops.acm.certificate_deployment"


def calls(tasks: t.Iterable[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    for task in tasks:
        if MODULE in task:
            yield dict(task[MODULE])
        for name in ("block", "rescue", "always"):
            yield from calls(task.get(name, ()))


def test_both_runs_on_a_host_get_the_same_arguments_except_keys() -> None:
    look, deploy = (
        call
        for name in ("main.yml", "deploy.yml")
        for call in calls(yaml.safe_load((TASKS / name).read_text(encoding="utf-8")))
    )
    without, with_keys = look.pop("certificates"), deploy.pop("certificates")
    assert look == deploy
    assert without == with_keys.replace("(__acm_deploy_keys)", "({})") != with_keys
