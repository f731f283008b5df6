# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to ACM: the service over HTTPS, or an embedded authority in the same process.

On AWS a request leaves over HTTPS. With `authority: /path` a handler on botocore's `before-call.acm` event hands the
same JSON request to the embedded authority and returns its answer, so that parameter validation, serialization,
paginators and error classes are botocore's on both, and no module knows which one it talks to. What is there to bring
a request over a network (connections, signatures, retries) has no part in it.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

from ansible_collections.certops.acm.plugins.module_utils.loading import no_collection

_loading = contextlib.ExitStack()  # tools do not understand imports in a with block
_loading.enter_context(no_collection())
try:
    import botocore.config
    import botocore.loaders
    import botocore.parsers
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, UnknownServiceError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible.module_utils.basic import env_fallback
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.certops.acm.plugins.module_utils.discreet_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils.names import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils.rates import RATES

_loading.close()

SIDE_BY_SIDE = 10  # connections at once; botocore's pool holds as many
ATTEMPTS = 8  # of one call, where the connection or the service fails
PATIENCE_S = 300.0  # how long one call is repeated because others use up the rate
THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
MANY_REFUSALS = 0.6  # of the last ten calls or so: below that, coming again costs less than coming too late
LONGEST_INTERVAL_S = 0.4
UNEVEN = 1.03  # at one call a second nothing is left over to make up for one that arrives a little early


class AcmError(Exception):
    """ACM, or the way to it, refused a call.

    `code` is ACM's error code, or the name of botocore's exception where no answer came.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Lookout(t.NamedTuple):
    """Where the side that validates looks. resolvers: None for public DNS; addresses: names that it was told about."""

    resolvers: t.Optional[t.Sequence[str]] = None
    addresses: t.Mapping[str, str] = {}


class Acm:
    """Calls to ACM. Members go in and come out in ACM's own spelling (CamelCase, as botocore documents them)."""

    def __init__(
        self,
        client: t.Any,
        other_client: t.Callable[..., t.Any],
        *,
        is_authority: bool,
        sleep: t.Callable[[float], None] = time.sleep,
        monotonic: t.Callable[[], float] = time.monotonic,
        lookout: t.Callable[[], Lookout] = Lookout,
        events: t.Callable[[str], t.Any] = lambda consumer: None,
    ) -> None:
        """events: consumer → its inbox (authority/inbox.py); None on AWS, where a queue of SQS takes its place."""
        self.lookout = lookout
        self.events = events
        self._client = client
        self._other_client = other_client
        self._sleep = sleep
        self._monotonic = monotonic
        self._turnstiles: dict[str, Turnstile] = {}
        self._answered_at: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self.is_authority = is_authority
        self.region: str = client.meta.region_name

    def knows(self, operation: str) -> bool:
        """Whether the installed botocore has the operation (SearchCertificates is younger than many)."""
        return operation in self._client.meta.service_model.operation_names

    def takes(self, operation: str, member: str) -> bool:
        """Whether the installed botocore lets an operation have that member."""
        return (
            self.knows(operation)
            and member in self._client.meta.service_model.operation_model(operation).input_shape.members
        )

    def first_answer_at(self, operation: str) -> t.Optional[datetime]:
        """When, by ACM's own clock, it first answered that operation; None where it did not tell."""
        return self._answered_at.get(operation)

    def call(self, operation: str, **members: t.Any) -> dict[str, t.Any]:
        """Call one operation, in its turn; members that are None are left out. What ACM refuses for the sake of its
        rates is asked again. Raises AcmError, or InvalidInput when botocore itself refuses the members."""
        method = getattr(self._client, _method_name(operation), None)
        if method is None:
            raise AcmError(operation, "UnknownOperation", "the installed botocore does not know this operation")
        given = {name: value for name, value in members.items() if value is not None}
        turn = self._turnstile(operation)
        gives_up_at = self._monotonic() + PATIENCE_S
        while True:
            turn.wait()
            try:
                answer = self._call(operation, method, given)
            except AcmError as error:
                is_throttled = error.code in THROTTLED
                turn.heard(is_throttled)
                if not is_throttled or self._monotonic() >= gives_up_at:
                    raise
                self._sleep(random.uniform(0.05, 0.5))
            else:
                turn.heard(False)
                return answer

    def _call(self, operation: str, method: t.Callable[..., dict[str, t.Any]], members: dict[str, t.Any]) -> t.Any:
        answer = _answer(operation, method, members)
        said_at = (answer.pop("ResponseMetadata", None) or {}).get("HTTPHeaders", {}).get("date")
        if said_at and operation not in self._answered_at:
            with contextlib.suppress(ValueError, TypeError):
                self._answered_at[operation] = parsedate_to_datetime(said_at)
        return answer

    def pages(self, operation: str, **members: t.Any) -> t.Iterator[dict[str, t.Any]]:
        """Every page of a list operation, as long as ACM answers a NextToken."""
        token = None
        while True:
            page = self.call(operation, NextToken=token, **members)
            token = page.pop("NextToken", None)
            yield page
            if not token:
                return

    def each(self, operation: str, requests: t.Sequence[dict[str, t.Any]]) -> list[t.Union[dict[str, t.Any], AcmError]]:
        """Call one operation for every request, side by side but never faster than ACM's rate for it.

        The answers stand in the order of the requests; a failed call leaves its AcmError in its place.
        """
        if not requests:
            return []

        def one(request: dict[str, t.Any]) -> t.Union[dict[str, t.Any], AcmError]:
            try:
                return self.call(operation, **request)
            except AcmError as error:
                return error

        if len(requests) == 1:
            return [one(requests[0])]
        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
            return list(pool.map(one, requests))

    def _turnstile(self, operation: str) -> Turnstile:
        with self._lock:
            if operation not in self._turnstiles:
                rate = None if self.is_authority else RATES.get(operation, 5)
                self._turnstiles[operation] = Turnstile(rate, self._sleep, self._monotonic)
            return self._turnstiles[operation]

    def client(self, service: str, region: t.Optional[str] = None) -> t.Any:
        """A boto3 client of another AWS service with the same credentials, in the same region or another."""
        return self._other_client(service, region) if region else self._other_client(service)


def call_service(client: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
    """Call an operation of another service; members that are None are left out. Raises AcmError, InvalidInput."""
    given = {name: value for name, value in members.items() if value is not None}
    answer = _answer(operation, getattr(client, _method_name(operation)), given)
    answer.pop("ResponseMetadata", None)
    return answer


def _answer(operation: str, method: t.Callable[..., dict[str, t.Any]], members: dict[str, t.Any]) -> dict[str, t.Any]:
    try:
        return method(**members)
    except ParamValidationError as error:
        raise InvalidInput(f"{operation} was not sent: {_one_line(error)}.") from None
    except ClientError as error:
        detail = error.response.get("Error", {})
        code = detail.get("Code") or "UnknownError"
        raise AcmError(operation, code, detail.get("Message") or "no reason was given") from error
    except BotoCoreError as error:
        raise AcmError(operation, type(error).__name__, _one_line(error)) from error


class Turnstile:
    """Lets callers of many threads through at `rate` a second; the first second's worth but one may go at once.

    The rate is the account's, and others may use it too: when much is refused, callers are let through more slowly.
    """

    def __init__(
        self, rate: t.Optional[float], sleep: t.Callable[[float], None], monotonic: t.Callable[[], float]
    ) -> None:
        self._interval_s = self._shortest_s = (UNEVEN if rate <= 1 else 1) / rate if rate else 0.0
        self._refused_share = 0.0
        # One less than a second's worth: calls do not arrive as evenly as they leave.
        self._burst_s = max(self._interval_s, 1.0 - self._interval_s)
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._queue = threading.Lock()
        self._next_at = float("-inf")

    def wait(self) -> None:
        if not self._interval_s:
            return
        with self._queue:  # one leaves after the other: behind one that woke up late the next would come too soon
            now = self._monotonic()
            turn_at = max(self._next_at, now - self._burst_s) + self._interval_s
            if turn_at > now:
                self._sleep(turn_at - now)
            self._next_at = max(turn_at, self._monotonic() - self._burst_s + self._interval_s)

    def heard(self, was_refused: bool) -> None:
        """What came of a call that was let through."""
        if not self._interval_s:
            return
        with self._lock:
            self._refused_share += 0.1 * (was_refused - self._refused_share)
            if was_refused and self._refused_share > MANY_REFUSALS:
                longest_s = max(LONGEST_INTERVAL_S, self._shortest_s)
                self._interval_s = min(self._interval_s * 1.05, longest_s)
            elif not was_refused and self._refused_share < MANY_REFUSALS:
                self._interval_s = max(self._interval_s * 0.7, self._shortest_s)


class AcmModule(AnsibleAWSModule):
    """AnsibleAWSModule with the option `authority` and the door `acm`."""

    def __init__(self, argument_spec: dict[str, t.Any], **settings: t.Any) -> None:
        spec = {"authority": {"type": "path", "fallback": (env_fallback, ["CERTOPS_ACM_AUTHORITY"])}, **argument_spec}
        # amazon.aws has a setting module_class, but looks at its default alone
        AnsibleAWSModule.default_settings["module_class"] = DiscreetModule
        super().__init__(argument_spec=spec, **settings)
        self._acm: t.Optional[Acm] = None

    @property
    def acm(self) -> Acm:
        """The one session and client of this task, made at the first use."""
        if self._acm is None:
            path = self.params.get("authority")
            with no_collection():
                self._acm = self._open_authority(path) if path else self._open_aws()
        return self._acm

    def _open_aws(self) -> Acm:
        region, endpoint_url, connection = get_aws_connection_info(self)
        if not region:
            raise InvalidInput(
                "No AWS region is known: set the option region, the environment variable AWS_REGION, "
                "or a region in the AWS profile."
            )

        # One session for all services: amazon.aws would make a new one for each, at 70 ms.
        session = _quick(botocore.session.Session(profile=connection.pop("profile_name", None)))
        config = botocore.config.Config(
            user_agent_extra="Ansible certops.acm",
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=SIDE_BY_SIDE,
        )
        users = connection.pop("aws_config", None)
        config = config.merge(users) if users else config

        def connect(service: str, elsewhere: t.Optional[str] = None) -> t.Any:
            endpoint = None if service != "acm" and _is_acm_alone(endpoint_url) else endpoint_url
            try:
                return session.create_client(
                    service, region_name=elsewhere or region, endpoint_url=endpoint, config=config, **connection
                )
            except (ValueError, BotoCoreError) as error:
                raise InvalidInput(f"AWS cannot be reached as it is set up: {_one_line(error)}.") from error

        client = connect("acm")
        client.meta.events.register_first("needs-retry.acm", veto_retry)
        return Acm(client, connect, is_authority=False)

    def warn(self, warning: str) -> None:
        # AnsibleAWSModule also puts warnings into the result, which ansible-core 2.19 calls deprecated.
        self._module.warn(warning)

    def _open_authority(self, path: str) -> Acm:
        authority = open_authority(path)
        client = authority_client(path, region=self.params.get("region"), authority=authority)

        def lookout() -> Lookout:
            settings = authority.settings
            return Lookout(settings.resolvers or None, settings.http_addresses)

        def refuse(service: str, _region: t.Optional[str] = None) -> t.Any:
            raise InvalidInput(f"The embedded authority in {path} has no {service}: leave out what needs it.")

        def events(consumer: str) -> t.Any:
            from ansible_collections.certops.acm.plugins.module_utils.authority import inbox

            return inbox.Inbox(authority, consumer)

        return Acm(client, refuse, is_authority=True, lookout=lookout, events=events)


def veto_retry(
    operation: t.Any = None,
    response: t.Any = None,
    caught_exception: t.Any = None,
    request_dict: t.Any = None,
    **_others: t.Any,
) -> None:
    """Raise at once what botocore would repeat, though it must not be.

    What ACM refuses for its rates is Acm.call's business, which knows how all calls fare. A quota is not given back by
    waiting, but botocore takes LimitExceededException for throttling. And an import whose answer was lost, or was
    a server fault, may have been carried out: a second one would make a second certificate. A re-import may be repeated.
    """
    answer = response[1] if response else {}
    is_final = answer.get("Error", {}).get("Code") in (*THROTTLED, "LimitExceededException")
    if operation.name == "ImportCertificate" and b'"CertificateArn"' not in _bytes(request_dict.get("body") or b""):
        if caught_exception is not None:
            raise caught_exception
        is_final = is_final or (response is not None and response[0].status_code >= 500)
    if is_final:
        raise ClientError(answer, operation.name)


def guard(module: AcmModule, action: t.Callable[[], dict[str, t.Any]]) -> t.NoReturn:
    """Run a module's work, and end the module with its result or with one sentence on what went wrong."""
    try:
        result = action()
    except InvalidInput as error:
        module.fail_json(msg=str(error), error={"code": type(error).__name__, "operation": None})
    except AcmError as error:
        module.fail_json(msg=str(error), error={"code": error.code, "operation": error.operation})
    module.exit_json(**result)


# ---------------------------------------------------------------- the embedded authority


def create_authority(path: str, **wanted: t.Any) -> t.Any:
    """Make an embedded authority in a directory that does not exist or is empty (directory.create)."""
    from ansible_collections.certops.acm.plugins.module_utils.authority import directory

    return directory.create(path, **wanted)


def open_authority(path: str, **parts: t.Any) -> t.Any:
    """The embedded authority in a directory (directory.open_authority)."""
    from ansible_collections.certops.acm.plugins.module_utils.authority import directory

    return directory.open_authority(path, **parts)


def authority_client(path: str, *, region: t.Optional[str] = None, authority: t.Any = None, **parts: t.Any) -> t.Any:
    """A boto3 client of ACM whose requests the embedded authority answers.

    region: must be the authority's own where given. Raises InvalidInput when there is no usable authority.
    """
    from ansible_collections.certops.acm.plugins.module_utils.authority import endpoint

    if authority is None:
        authority = open_authority(path, **parts)
    if region and region != authority.region:
        raise InvalidInput(
            f"The embedded authority in {path} is that of region {authority.region}, not of {region}: "
            "leave the option region out, or name the authority of that region."
        )
    # The user's AWS environment and configuration files mean nothing here, and broken ones must not matter.
    unset = {
        name: (None, None, os.devnull if name.endswith("_file") else default, conversion)
        for name, (_key, _variable, default, conversion) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    # Nothing that botocore does to a request in special cases concerns ACM, and it is told its only endpoint.
    session = _quick(botocore.session.Session(unset, include_builtin_handlers=False), knows_endpoints=False)
    client = session.create_client(
        "acm",
        region_name=authority.region,
        endpoint_url="http://authority.invalid",
        config=botocore.config.Config(
            # Nobody looks at these here: no credentials are sought, and no user agent is made anew for each call.
            signature_version=botocore.UNSIGNED,
            user_agent="certops.acm",
            proxies={},
            parameter_validation=True,
        ),
    )
    answer = endpoint.Endpoint(authority, client.meta.service_model).answer
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
            if shape:  # an error has members of its own, too
                parsed.update(parser.parse(response, shape))
        parsed["ResponseMetadata"]["RetryAttempts"] = 0
        return SimpleNamespace(status_code=reply.status, headers=response["headers"], content=reply.body), parsed

    client.meta.events.register("before-call.acm", hand_over)
    return client


def _quick(session: t.Any, *, knows_endpoints: bool = True) -> t.Any:
    """The same session, which makes its clients without a look into each of botocore's four hundred service folders.

    knows_endpoints: or else also without the table of all endpoints of AWS, half of the time that a client takes, and
    without the rules by which one is chosen, for each call anew.
    """

    class Loader(botocore.loaders.Loader):  # type: ignore[misc, unused-ignore]
        def list_available_services(self, type_name: str) -> list[str]:
            return [name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)]

        def load_data_with_path(self, name: str) -> t.Any:
            if name == "endpoints" and not knows_endpoints:
                return {"partitions": []}, self.BUILTIN_DATA_PATH
            return super().load_data_with_path(name)

        def load_service_model(self, service_name: str, type_name: str, api_version: t.Optional[str] = None) -> t.Any:
            if type_name == "endpoint-rule-set-1" and not knows_endpoints:
                raise UnknownServiceError(service_name=service_name, known_service_names="none")
            return super().load_service_model(service_name, type_name, api_version)

    path = session.get_config_variable("data_path")
    more = [os.path.expandvars(os.path.expanduser(each)) for each in path.split(os.pathsep)] if path else []
    session.register_component("data_loader", Loader(extra_search_paths=more))
    return session


def _is_acm_alone(endpoint_url: t.Optional[str]) -> bool:
    """Whether the URL is an endpoint of ACM on AWS (regional, FIPS, or a VPC endpoint), where Route 53 is not found."""
    host = (urlsplit(endpoint_url or "").hostname or "").split(".")
    return host[-2:] in (["amazonaws", "com"], ["api", "aws"]) and bool({"acm", "acm-fips"} & set(host))


def _method_name(operation: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation).lstrip("_")


def _bytes(content: t.Union[str, bytes]) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _said(message: str) -> str:
    """What ACM says, as part of a sentence. A proxy, or what is no ACM at all, may answer a whole page."""
    message = " ".join(message.split())
    if message.startswith("<"):
        return "the answer is a web page and not ACM's: see to the endpoint, and to the proxy before it"
    return message or "no reason was given"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
