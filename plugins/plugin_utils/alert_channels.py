# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find mistakes in the channels of acm_alert before Ansible reads them.

AnsibleModule recognizes secret values only in options of the right name and type, and shows all others at -vvv. So
misspelt or malformed options are refused on the controller, in a sentence that repeats no value.
"""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, kind_of

CHOICES: dict[str, tuple[str, ...]] = {
    "type": ("webhook", "mail", "sns", "security_hub"),
    "format": ("slack", "teams", "json"),
    "security": ("none", "starttls", "tls"),
    "min_severity": ("info", "warning", "critical"),
}
OPTIONS = tuple(
    "name type kinds min_severity digest url format headers signing_secret host port security username password sender "
    "recipients ca_file timeout topic_arn region product_arn".split()
)


def check_channels(channels: t.Any) -> None:
    """Raises InvalidInput that names the channel and the invalid option."""
    if channels is None:
        return  # AnsibleModule reports that it is required
    if not isinstance(channels, (list, tuple)):
        raise InvalidInput(f"channels is {kind_of(channels)}: give a list of channels, each with a name and a type.")
    for number, channel in enumerate(channels, 1):
        if not isinstance(channel, t.Mapping):
            raise InvalidInput(
                f"channels, number {number}, is {kind_of(channel)}: give a dictionary with a name and a type."
            )
        name = channel.get("name")
        where = f"Channel {name}" if isinstance(name, str) and name else f"channels, number {number}"
        for option in channel:
            if option not in OPTIONS:
                raise InvalidInput(f"{where}: {option} is not an option of a channel{_hint(option, OPTIONS) or '.'}")
        for option, choices in CHOICES.items():
            value = channel.get(option)
            if value is not None and value not in choices:
                shown = value if isinstance(value, str) and len(value) <= 20 else "something else"
                if option == "type" and value in CHOICES["format"]:
                    raise InvalidInput(f"{where}: type is {value}: give type: webhook and format: {value}.")
                otherwise = f": it must be one of {', '.join(choices)}."
                raise InvalidInput(f"{where}: {option} is {shown}{_hint(value, choices) or otherwise}")
        headers = channel.get("headers")
        if headers is not None and not isinstance(headers, t.Mapping):
            raise InvalidInput(f"{where}: headers is {kind_of(headers)}: give a dictionary of names and values.")
        for option in ("url", "password", "signing_secret"):
            value = channel.get(option)
            if value is not None and isinstance(value, (list, tuple, t.Mapping)):
                raise InvalidInput(f"{where}: {option} is {kind_of(value)}: give a single text.")


def _hint(given: t.Any, choices: t.Sequence[str]) -> str:
    near = difflib.get_close_matches(str(given).lower(), choices, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""
