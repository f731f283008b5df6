# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.policy import Policy, read_policy


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc)


# 2026-11-27 is a Friday.
@pytest.mark.parametrize(
    ("window", "now", "is_open"),
    [
        ({"start": "01:00", "end": "05:00"}, "2026-11-27 01:00", True),
        ({"start": "01:00", "end": "05:00"}, "2026-11-27 04:59", True),
        ({"start": "01:00", "end": "05:00"}, "2026-11-27 05:00", False),
        ({"start": "22:00", "end": "02:00"}, "2026-11-27 23:00", True),
        ({"start": "22:00", "end": "02:00"}, "2026-11-27 01:59", True),
        ({"start": "22:00", "end": "02:00"}, "2026-11-27 21:59", False),
        ({"start": "22:00", "end": "02:00", "weekdays": ["fri"]}, "2026-11-28 01:00", True),
        ({"start": "22:00", "end": "02:00", "weekdays": ["fri"]}, "2026-11-27 01:00", False),
        ({"start": "22:00", "end": "02:00", "weekdays": ["sat"]}, "2026-11-27 23:00", False),
        ({"start": "00:00", "end": "00:00", "weekdays": ["fri"]}, "2026-11-27 12:00", True),
        ({"start": "00:00", "end": "00:00", "weekdays": ["fri"]}, "2026-11-28 12:00", False),
        # 01:00 in Berlin is midnight UTC in winter, and 23:00 of the day before in summer
        ({"start": "01:00", "end": "02:00", "time_zone": "Europe/Berlin"}, "2026-11-27 00:30", True),
        ({"start": "01:00", "end": "02:00", "time_zone": "Europe/Berlin"}, "2026-07-27 23:30", True),
        ({"start": "01:00", "end": "02:00", "time_zone": "Europe/Berlin"}, "2026-07-27 00:30", False),
    ],
)
def test_maintenance_window(window: dict[str, Any], now: str, is_open: bool) -> None:
    assert read_policy({"maintenance_window": window}).is_open(at(now)) is is_open


@pytest.mark.parametrize(
    ("days_left", "lifetime_days", "notice"),
    [
        (60, 395, None),
        (46, 395, None),
        (45, 395, 45),
        (31, 395, 45),
        (30, 395, 30),
        (2, 395, 3),
        (1, 395, 1),
        (0, 395, 1),
        (45, 198, 45),
        # 45 and 30 days before the end, one of 47 days has just been issued
        (45, 47, None),
        (30, 47, None),
        (15, 47, 15),
        (30, 90, 30),
        (30, 89.96, 30),
    ],
)
def test_notice(days_left: int, lifetime_days: float, notice: int | None) -> None:
    assert Policy().notice(days_left, timedelta(days=lifetime_days)) == notice


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"notice_days": [30, -1]}, "acm_deploy_renewals_notice_days is -1"),
        ({"notice_days": ["soon"]}, "acm_deploy_renewals_notice_days is 'soon': give a number of at least 0."),
        ({"renew_before": "100%"}, "acm_deploy_renewals_renew_before is '100%'"),
        ({"run_limit": 0.5}, "acm_deploy_renewals_run_limit is"),
        ({"failed_hosts": 0}, "acm_deploy_renewals_failed_hosts is 0: give a number of at least 1."),
        ({"stalled_after": "never"}, "acm_deploy_renewals_stalled_after is 'never': give a number of hours."),
        ({"tolerate": ["host_unreachabel"]}, "did you mean host_unreachable?"),
        ({"tolerate": ["everything"]}, "use any of expired, action_required"),
        ({"forced_a_day": -1}, "acm_deploy_renewals_forced_a_day is -1"),
        ({"renew_before": "soon"}, "acm_deploy_renewals_renew_before is 'soon'"),
        ({"urgent_before": "120%"}, "acm_deploy_renewals_urgent_before is '120%'"),
        ({"maintenance_window": {"start": "1am", "end": "05:00"}}, "maintenance_window.start is '1am'"),
        ({"maintenance_window": {"start": 3600, "end": "05:00"}}, "hours and minutes in quotes"),
        ({"maintenance_window": {"start": "01:00", "end": "24:00"}}, "maintenance_window.end is '24:00'"),
        ({"maintenance_window": {"start": "01:00", "end": "02:00", "time_zone": "Europe/Bärlin"}}, "Europe/Bärlin"),
        ({"maintenance_window": {"start": "01:00", "end": "02:00", "time_zone": "../passwd"}}, "../passwd"),
    ],
)
def test_bad_policy(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_policy(options)
    assert said in str(caught.value)
