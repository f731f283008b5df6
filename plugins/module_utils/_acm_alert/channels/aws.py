# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of the channels to AWS, and the handling of their faults. botocore retries what is worth retrying."""

from __future__ import annotations

import typing as t

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ..alert import Undelivered
from ..._door import refusals
from ..._rules.errors import InvalidInput

Connect = t.Callable[[str, t.Optional[str]], t.Any]  # (service, region or None for the task's own) → boto3 client
OF_CONTENT = ("InvalidParameter", "InvalidParameterValue", "ValidationException", "ParamValidationError")


def call(connect: Connect, service: str, region: t.Optional[str], method: str, **members: t.Any) -> dict[str, t.Any]:
    """One call. Raises Undelivered."""
    client = None
    try:
        client = connect(service, region)
        return dict(getattr(client, method)(**members))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code") or "UnknownError"
        why = refusals.of_answer(error, error.operation_name, members, client)
        raise Undelivered(
            f"{error.operation_name} failed with {code}: {why}.", is_of_content=code in OF_CONTENT
        ) from error
    except BotoCoreError as error:
        raise Undelivered(
            f"{service} cannot be used: {refusals.of_silence(error, client)}.",
            is_of_content=type(error).__name__ in OF_CONTENT,
        ) from error
    except InvalidInput as error:
        raise Undelivered(str(error)) from error
