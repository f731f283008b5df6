# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to ACM on AWS: one session for all services, and which requests may be repeated."""

from __future__ import annotations

import socket
import typing as t
from urllib.parse import urlsplit

try:
    import botocore.config
    import botocore.parsers
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from .._rules.errors import InvalidInput
from . import refusals
from .acm import SIDE_BY_SIDE, Acm
from .botocore_tuning import quick
from .pacing import THROTTLED

ATTEMPTS = 8  # of one call, if the connection or the service fails


def open_door(module: t.Any) -> Acm:
    """The door to AWS with the connection options of MODULE, an AnsibleAWSModule. Raises InvalidInput."""
    try:
        region, endpoint_url, connection = get_aws_connection_info(module)
    except (TypeError, ValueError, BotoCoreError) as error:
        raise InvalidInput(refusals.of_config(error)) from error
    if not region:
        raise InvalidInput(
            "No AWS region is known: set the option region, the environment variable AWS_REGION, "
            "or a region in the AWS profile."
        )

    # One session for all services: amazon.aws would create a new one for each, which takes 70 ms.
    try:
        session = strict(quick(botocore.session.Session(profile=connection.pop("profile_name", None))))
    except BotoCoreError as error:
        raise InvalidInput(refusals.of_setup(error)) from error
    config = botocore.config.Config(
        user_agent_extra="Ansible certops.acm",
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=SIDE_BY_SIDE,
    )
    users = connection.pop("aws_config", None)
    config = config.merge(users) if users else config

    def connect(service: str, elsewhere: t.Optional[str] = None) -> t.Any:
        endpoint = None if service != "acm" and is_acm_alone(endpoint_url) else endpoint_url
        try:
            return session.create_client(
                service, region_name=elsewhere or region, endpoint_url=endpoint, config=config, **connection
            )
        except (ValueError, BotoCoreError) as error:
            raise InvalidInput(refusals.of_setup(error)) from error

    client = connect("acm")
    client.meta.events.register_first("needs-retry.acm", veto_retry)
    return Acm(client, connect, is_authority=False)


def strict(session: t.Any) -> t.Any:
    """The same session, whose clients refuse an answer that is not from AWS.

    A proxy or a login page may answer with status 200. botocore's parsers read most of that as an answer without any
    members, as if there were no certificate, and end with AttributeError or the like on the rest."""

    class UnexpectedAnswerError(BotoCoreError):  # type: ignore[misc, unused-ignore]
        fmt = refusals.NOT_AWS

    class Parsers(botocore.parsers.ResponseParserFactory):  # type: ignore[misc, unused-ignore]
        def create_parser(self, protocol_name: str) -> t.Any:
            parser = super().create_parser(protocol_name)
            parse = parser.parse

            def parse_checked(response: dict[str, t.Any], shape: t.Any) -> t.Any:
                # Web pages with status 5xx come from AWS's own load balancers, too, and are retried.
                if response["status_code"] < 500 and refusals.is_web_page(response["body"]):
                    raise UnexpectedAnswerError()
                try:
                    answer = parse(response, shape)
                except (AttributeError, LookupError, TypeError, ValueError, botocore.parsers.ResponseParserError):
                    raise UnexpectedAnswerError() from None
                if _says_nothing(answer, response, shape):
                    raise UnexpectedAnswerError()
                return answer

            parser.parse = parse_checked
            return parser

    session.register_component("response_parser_factory", Parsers())
    return session


def _says_nothing(answer: dict[str, t.Any], response: dict[str, t.Any], shape: t.Any) -> bool:
    """Whether an answer that may have members has none, and is not an empty answer of AWS either."""
    is_told = set(answer) - {"ResponseMetadata"} or response["body"].strip() == b"{}"
    return bool(response["status_code"] < 300 and shape and shape.members and not is_told)


def veto_retry(
    operation: t.Any = None,
    response: t.Any = None,
    caught_exception: t.Any = None,
    request_dict: t.Any = None,
    **_others: t.Any,
) -> None:
    """Raise faults at once that botocore would retry although they must not be retried.

    Throttled calls are left to Acm.call, which knows about all calls. Waiting does not raise a quota, but botocore
    treats LimitExceededException as throttling. An import whose answer was lost, or was a server fault, may have been
    carried out: repeating it would make a second certificate. A re-import may be repeated. A host that does not exist,
    for example because of a misspelt region, will not exist in a minute either."""
    answer = response[1] if response else {}
    is_final = answer.get("Error", {}).get("Code") in (*THROTTLED, "LimitExceededException")
    if caught_exception is not None and _is_unknown_host(caught_exception):
        raise caught_exception
    if operation.name == "ImportCertificate" and b'"CertificateArn"' not in _bytes(request_dict.get("body") or b""):
        if caught_exception is not None:
            raise caught_exception
        is_final = is_final or (response is not None and response[0].status_code >= 500)
    if is_final:
        raise ClientError(answer, operation.name)


def _is_unknown_host(error: BaseException) -> bool:
    cause: t.Optional[BaseException] = getattr(error, "kwargs", {}).get("error") or error.__cause__
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_NONAME
        cause = cause.__cause__ or cause.__context__
    return False


def is_acm_alone(endpoint_url: t.Optional[str]) -> bool:
    """Whether the URL is an ACM endpoint on AWS (regional, FIPS, or a VPC endpoint), where Route 53 is not
    available."""
    host = (urlsplit(endpoint_url or "").hostname or "").split(".")
    return host[-2:] in (["amazonaws", "com"], ["api", "aws"]) and bool({"acm", "acm-fips"} & set(host))


def _bytes(content: t.Union[str, bytes]) -> bytes:
    return content.encode() if isinstance(content, str) else content
