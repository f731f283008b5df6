# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelt or malformed channels: the message names the mistake, and shows no value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.modules import acm_alert
from ansible_collections.certops.acm.plugins.plugin_utils import alert_channels

SECRET = "https://hooks.example.com/T0KEN"
SOUND = {"name": "chat", "type": "webhook", "format": "slack", "url": SECRET}


def test_it_knows_the_options_and_choices_of_the_module() -> None:
    spec = acm_alert.ARGUMENT_SPEC["channels"]["options"]
    assert set(alert_channels.OPTIONS) == set(spec)
    for option, choices in alert_channels.CHOICES.items():
        assert set(choices) == set(spec[option]["choices"])


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (SECRET, "channels is text: give a list of channels, each with a name and a type."),
        (SOUND, "channels is a dictionary: give a list of channels, each with a name and a type."),
        ([SECRET], "channels, number 1, is text: give a dictionary with a name and a type."),
        ([[SOUND]], "channels, number 1, is a list: give a dictionary with a name and a type."),
        ([SOUND, {**SOUND, "type": "webhok"}], "Channel chat: type is webhok, did you mean webhook?"),
        (
            [{**SOUND, "type": "pager"}],
            "Channel chat: type is pager: it must be one of webhook, mail, sns, security_hub.",
        ),
        ([{**SOUND, "type": "slack"}], "Channel chat: type is slack: give type: webhook and format: slack."),
        ([{**SOUND, "format": "Slack"}], "Channel chat: format is Slack, did you mean slack?"),
        ([{"name": "chat", "type": SECRET}], "Channel chat: type is something else"),
        (
            [{"name": "chat", "type": "webhook", "ulr": SECRET}],
            "Channel chat: ulr is not an option of a channel, did you mean url?",
        ),
        ([{"type": "webhook", "xyz": SECRET}], "channels, number 1: xyz is not an option of a channel."),
        ([{**SOUND, "headers": f"Authorization: {SECRET}"}], "Channel chat: headers is text: give a dictionary"),
        ([{**SOUND, "url": {"to": SECRET}}], "Channel chat: url is a dictionary: give a single text."),
    ],
)
def test_mistakes(channels: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        alert_channels.check_channels(channels)
    assert str(caught.value).startswith(said)
    assert "T0KEN" not in str(caught.value)


@pytest.mark.parametrize("channels", [None, [], [SOUND], [{**SOUND, "headers": {"X": "1"}}]])
def test_valid_channels(channels: Any) -> None:
    alert_channels.check_channels(channels)
