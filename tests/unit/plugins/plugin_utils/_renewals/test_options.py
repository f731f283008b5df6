# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of renewal runs, as templates and people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.options import OPTIONS, read_options

ROLE = Path(__file__).resolve().parents[5] / "roles" / "acm_deploy"
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
RENEWALS = SPECS["argument_specs"]["renewals"]["options"]


def test_options_get_their_types_and_empty_ones_count_as_not_given() -> None:
    window = {"weekdays": "sat,sun", "start": "22:30", "end": "05:00"}
    given = {"notice_days": "45, 7", "failed_hosts": "2", "tolerate": "memory", "maintenance_window": window}
    read = read_options({**given, "renew_before": "", "resolvers": None, "become": "no", "has_channels": True})
    assert read == {
        "notice_days": [45, 7],
        "failed_hosts": 2,
        "tolerate": ["memory"],
        "maintenance_window": {**window, "weekdays": ["sat", "sun"]},
        "become": False,
        "has_channels": True,
    }
    assert read_options({"maintenance_window": {}, "has_sound_channels": True}) == {"has_sound_channels": True}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"wait": "soon"}, "^acm_deploy_renewals_wait is 'soon'; give a whole number.$"),
        ({"wait": -1}, "^acm_deploy_renewals_wait is -1; give a number of seconds from 0 to 600.$"),
        ({"wait": "601"}, "^acm_deploy_renewals_wait is 601; give a number of seconds from 0 to 600.$"),
        ({"queue": ["certops-acm"]}, "^acm_deploy_renewals_queue is a list; give text.$"),
        ({"path": "state"}, "^acm_deploy_renewals_path is 'state'; give an absolute path.$"),
        ({"textfile": "acm.prom"}, "^acm_deploy_renewals_textfile is 'acm.prom'; give an absolute path.$"),
        ({"watch": "some"}, "^acm_deploy_renewals_watch is 'some'; give all or deployed.$"),
        ({"notice_days": "soon"}, "^acm_deploy_renewals_notice_days is not a list of whole numbers; give"),
        ({"notice_days": [45, "soon"]}, "^acm_deploy_renewals_notice_days is not a list of whole numbers; give"),
        ({"notice_days": {"days": 3}}, "^acm_deploy_renewals_notice_days is a dictionary; give a list of whole"),
        (
            {"maintenance_window": "22:30"},
            "^acm_deploy_renewals_maintenance_window is not a dictionary; give a dictionary",
        ),
        ({"maintenance_window": {"start": "22:30"}}, "missing required arguments: end"),
        ({"maintenance_window": {"start": "1:00", "end": "2:00", "weekdays": ["sunday"]}}, "weekdays .* sunday"),
        (
            {"maintenance_window": {"days": ["sun"], "start": "1:00"}},
            "^acm_deploy_renewals_maintenance_window has the option days, which does not exist; did you mean weekdays",
        ),
        ({"forced_a_day": [20]}, "^acm_deploy_renewals_forced_a_day is a list; give a whole number.$"),
        ({"timeout": "5m"}, "^acm_deploy_renewals_timeout is '5m'; give a whole number.$"),
        ({"failed_hosts": True}, "^acm_deploy_renewals_failed_hosts is True; give a whole number.$"),
        ({"run_limit": 2.5}, "^acm_deploy_renewals_run_limit is 2.5; give a whole number.$"),
        (
            {"tolerate": {"memory": True}},
            "^acm_deploy_renewals_tolerate is a dictionary; give a list of strings.$",
        ),
        ({"stalled_after": "2d"}, "^acm_deploy_renewals_stalled_after is '2d'; give a number of hours.$"),
        ({"resolvers": 5}, "^acm_deploy_renewals_resolvers is 5; give a list of strings.$"),
        ({"become": "maybe"}, "^acm_deploy_renewals_become is 'maybe'; give true or false.$"),
        ({"has_sound_channels": False}, "^acm_deploy_renewals_channels is not a list of dictionaries; give a list"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as error:
        read_options(given)
    assert "<class" not in str(error.value)


def test_the_argument_spec_leaves_validation_to_this_code() -> None:
    documented = {name.removeprefix("acm_deploy_renewals_"): option for name, option in RENEWALS.items()}
    assert {option["type"] for option in documented.values()} <= {"raw", "str"}
    assert not any("choices" in option or "required" in option for option in documented.values())
    judged = {name for name, option in documented.items() if option["type"] == "raw"}
    assert judged - {"channels"} <= set(OPTIONS) <= set(documented)
    assert set(documented["maintenance_window"]["options"]) == set(OPTIONS["maintenance_window"]["options"])
