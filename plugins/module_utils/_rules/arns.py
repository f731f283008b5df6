# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon Resource Names, taken apart and checked. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import InvalidInput


class Arn(NamedTuple):
    """The parts of an Amazon Resource Name."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


def parse_arn(text: str) -> Arn:
    """Split an ARN into its parts, or raise InvalidInput."""
    parts = text.split(":", 5) if isinstance(text, str) else []
    if len(parts) != 6 or parts[0] != "arn" or not (parts[1] and parts[2] and parts[5]):
        raise InvalidInput(f"{text!r} is not an ARN; an ARN looks like arn:aws:acm:REGION:ACCOUNT:certificate/ID.")
    return Arn(*parts[1:])


def check_certificate_arn(text: str, region: str | None = None, option: str = "certificate_arn") -> None:
    """Raise InvalidInput unless TEXT is the ARN of a certificate in ACM, in REGION if that is given.

    option: where it was given.
    """
    check_arn(text, option, "acm", "certificate", region)


def check_arn(text: str, option: str, service: str, kind: str, region: str | None = None) -> None:
    """The same for a resource KIND/ID of another SERVICE."""
    try:
        arn = parse_arn(text)
    except InvalidInput:
        raise InvalidInput(
            f"{option} is {text!r}, which is not an ARN: "
            f"an ARN looks like arn:aws:{service}:{region or 'REGION'}:ACCOUNT:{kind}/ID."
        ) from None
    is_whole = re.fullmatch(r"\d{12}", arn.account) and re.fullmatch(re.escape(kind) + "/[A-Za-z0-9-]+", arn.resource)
    if arn.service != service or not is_whole:
        raise InvalidInput(
            f"{option} is {text if text.isprintable() else repr(text)}, which is not the ARN of a {kind.replace('-', ' ')}: "
            f"it should look like arn:{arn.partition}:{service}:{region or 'REGION'}:ACCOUNT:{kind}/ID."
        )
    if region and arn.region != region:
        raise InvalidInput(
            f"{option} has {text} in region {arn.region or '(none)'}, but this task works in {region}: "
            f"set the option region to {arn.region or 'that of the certificate'}, or give the ARN of a {kind} in "
            f"{region}."
        )
