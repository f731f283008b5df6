# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags (ACM.md §10)."""

from __future__ import annotations

import typing as t

from .call import Fault
from ..settings import Settings


def tag_dict(tags: t.Sequence[t.Mapping[str, str]]) -> dict[str, str]:
    """Key → value of a request's tags; a tag without a value has an empty one."""
    wanted = {tag["Key"]: tag.get("Value", "") for tag in tags}
    if len(wanted) != len(tags):
        raise Fault("InvalidParameterException", "A tag key stands twice in the request.")
    return wanted


def check_tags(given: t.Mapping[str, str], all_tags: t.Mapping[str, str], settings: Settings) -> None:
    """`given` are the request's tags, `all_tags` what the certificate would have then."""
    for key, value in given.items():
        if len(key) > settings.max_tag_key_length or len(value) > settings.max_tag_value_length:
            raise Fault(
                "InvalidTagException",
                f"The tag {key[:40]} is too long: a key has at most {settings.max_tag_key_length} characters, "
                f"a value {settings.max_tag_value_length}.",
            )
        if key.lower().startswith("aws:"):
            raise Fault("InvalidTagException", f"The tag key {key} begins with aws:, which is reserved.")
        if not key.strip():
            raise Fault("InvalidTagException", "A tag key is empty.")
    if len(all_tags) > settings.max_tags:
        raise Fault("TooManyTagsException", f"A certificate has at most {settings.max_tags} tags.")
