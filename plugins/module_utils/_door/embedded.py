# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to an embedded authority: botocore's requests, answered in this process.

A handler on botocore's `before-call.acm` event hands the JSON request to the authority and returns its answer, so that
parameter validation, serialization, paginators and error classes are botocore's. What brings a request over a network
(connections, signatures, retries) is not involved. A module that speaks ACM passes in the operations that it calls, and
ships no others. The authority is imported where it is opened, so tasks on AWS do not pay for it.
"""

from __future__ import annotations

import os
import typing as t
from types import SimpleNamespace

try:
    import botocore
    import botocore.config
    import botocore.parsers
    import botocore.session
except ImportError:
    pass  # AnsibleAWSModule reports it

from .._rules.errors import InvalidInput
from .acm import Acm, Lookout
from .botocore_tuning import quick


def open_door(
    path: str,
    region: t.Optional[str] = None,
    operations: t.Optional[t.Mapping[str, t.Any]] = None,
    events: t.Optional[t.Callable[[t.Any, str], t.Any]] = None,
) -> Acm:
    """The door to the authority in the directory PATH. Raises InvalidInput if there is no usable authority.

    region: if given, must be the authority's. operations: those that the module calls, as the files in
    _authority/operations/ list them. events: (authority, consumer) → inbox, for a module that reads events.
    """
    from .._authority import opening

    authority = opening.open_authority(path)
    if region and region != authority.region:
        raise InvalidInput(
            f"The embedded authority in {path} is for region {authority.region}, not {region}: "
            "leave out the option region, or give the authority for that region."
        )

    def lookout() -> Lookout:
        settings = authority.settings
        return Lookout(settings.resolvers or None, settings.http_addresses)

    def refuse(service: str, _region: t.Optional[str] = None) -> t.Any:
        raise InvalidInput(f"The embedded authority in {path} has no {service}: leave out the options that need it.")

    def private_cas() -> dict[str, str]:
        with authority.store.read() as tx:
            return {row.name: row.arn for row in tx.cas.all() if row.role == "private"}

    return Acm(
        client_of(authority, operations or {}),
        refuse,
        is_authority=True,
        lookout=lookout,
        events=lambda consumer: events(authority, consumer) if events else None,
        private_cas=private_cas,
    )


def client_of(authority: t.Any, operations: t.Mapping[str, t.Any]) -> t.Any:
    """A boto3 client of ACM whose requests the embedded authority answers, as far as they are among the operations."""
    from .._authority.wire import endpoint

    # The user's AWS environment and configuration files do not apply here; broken ones must not matter.
    unset = {
        name: (None, None, os.devnull if name.endswith("_file") else default, conversion)
        for name, (_key, _variable, default, conversion) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    # None of botocore's special handling of requests concerns ACM, and there is only one endpoint.
    session = quick(botocore.session.Session(unset, include_builtin_handlers=False), knows_endpoints=False)
    client = session.create_client(
        "acm",
        region_name=authority.region,
        endpoint_url="http://authority.invalid",
        config=botocore.config.Config(
            # Not used; set so that botocore neither looks for credentials nor builds a user agent for each call.
            signature_version=botocore.UNSIGNED,
            user_agent="certops.acm",
            proxies={},
            parameter_validation=True,
        ),
    )
    answer = endpoint.Endpoint(authority, operations, client.meta.service_model).answer
    parser = botocore.parsers.create_parser("json")

    def hand_over(model: t.Any, params: dict[str, t.Any], **_others: t.Any) -> tuple[t.Any, dict[str, t.Any]]:
        reply = answer(params["headers"]["X-Amz-Target"], params["body"])
        response = {
            "headers": {name.lower(): value for name, value in reply.headers.items()},
            "status_code": reply.status,
            "body": reply.body,
            "context": {"operation_name": model.name},
        }
        parsed = parser.parse(response, model.output_shape)
        if "Error" in parsed:
            shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
            if shape:  # an error has members too
                parsed.update(parser.parse(response, shape))
        parsed["ResponseMetadata"]["RetryAttempts"] = 0
        return SimpleNamespace(status_code=reply.status, headers=response["headers"], content=reply.body), parsed

    client.meta.events.register("before-call.acm", hand_over)
    return client
