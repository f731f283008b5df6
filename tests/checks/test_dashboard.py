# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Grafana dashboard queries metrics that a renewal run writes, in queries that Prometheus can parse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest

COLLECTION = Path(__file__).resolve().parents[2]
METRICS = (COLLECTION / "plugins/plugin_utils/_renewals/metrics.py").read_text(encoding="utf-8")
DASHBOARD = json.loads((COLLECTION / "docs/examples/acm-renewals.dashboard.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
# What Grafana and Prometheus add to the labels of a metric.
ADDED = {"Time", "Value", "__name__", "job", "instance"}


def written_names() -> set[str]:
    return set(re.findall(r'"(acm_\w+)"', METRICS))


def written_labels() -> set[str]:
    return set(re.findall(r'"(\w+)": ', METRICS))


def queries(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panel_queries_metrics_that_a_run_writes(panel: dict[str, Any]) -> None:
    assert queries(panel)
    for query in queries(panel):
        promql_parser.parse(query)
        asked = set(re.findall(r"\bacm_\w+", query))
        assert asked and asked <= written_names()
        assert set(re.findall(r"(\w+)=~?\"", query)) <= written_labels()
        assert {
            label for each in re.findall(r"by \(([^)]*)\)", query) for label in each.split(", ")
        } <= written_labels()
        for statuses in re.findall(r'status=~?"([^"]+)"', query):
            assert all(f'"{status}"' in METRICS for status in statuses.split("|"))


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panel_uses_labels_that_exist(panel: dict[str, Any]) -> None:
    legends = {label for target in panel["targets"] for label in re.findall(r"{{(\w+)}}", target["legendFormat"])}
    columns = {
        name
        for each in panel.get("transformations", ())
        for kind in ("excludeByName", "renameByName")
        for name in each["options"][kind]
    }
    assert legends | columns <= written_labels() | ADDED


def test_every_metric_is_shown() -> None:
    assert written_names() == {
        name for panel in PANELS for query in queries(panel) for name in re.findall(r"acm_\w+", query)
    }


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        taken |= cells


def test_it_works_wherever_it_is_imported() -> None:
    """The data source is chosen on import, and no panel has its own."""
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    for panel in PANELS:
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert [panel["id"] for panel in PANELS] == list(range(1, len(PANELS) + 1)) and "id" not in DASHBOARD
