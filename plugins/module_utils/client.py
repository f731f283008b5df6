# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to ACM: the service over HTTPS, or an embedded authority in the same process.

On AWS a request leaves over HTTPS. With `authority: /path` a handler on botocore's `before-send.acm` event hands the
same signed JSON request to the embedded authority and returns its answer, so that parameter validation, paginators,
error classes and retries are botocore's on both, and no module knows which one it talks to.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

try:
    import botocore.config
    import botocore.session
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible.module_utils.basic import env_fallback
from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_conn, get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.certops.acm.plugins.module_utils.names import InvalidInput

# Calls a second that ACM lets through, each operation in a bucket of its own (ACM.md §11).
RATES = {
    "AddTagsToCertificate": 5,
    "DeleteCertificate": 10,
    "DescribeCertificate": 10,
    "ExportCertificate": 10,
    "GetAccountConfiguration": 1,
    "GetCertificate": 10,
    "ImportCertificate": 1,
    "ListCertificates": 8,
    "ListTagsForCertificate": 10,
    "PutAccountConfiguration": 1,
    "RemoveTagsFromCertificate": 5,
    "RenewCertificate": 5,
    "RequestCertificate": 5,
    "ResendValidationEmail": 1,
    "RevokeCertificate": 5,
    "SearchCertificates": 5,
    "UpdateCertificateOptions": 5,
}
SIDE_BY_SIDE = 10  # connections at once; botocore's pool holds as many
ATTEMPTS = 8  # of one call, throttling and connection faults only


class AcmError(Exception):
    """ACM, or the way to it, refused a call.

    `code` is ACM's error code, or the name of botocore's exception where no answer came.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Acm:
    """Calls to ACM. Members go in and come out in ACM's own spelling (CamelCase, as botocore documents them)."""

    def __init__(
        self,
        client: t.Any,
        other_client: t.Callable[[str], t.Any],
        *,
        is_authority: bool,
        sleep: t.Callable[[float], None] = time.sleep,
        monotonic: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._other_client = other_client
        self._sleep = sleep
        self._monotonic = monotonic
        self.is_authority = is_authority
        self.region: str = client.meta.region_name

    def knows(self, operation: str) -> bool:
        """Whether the installed botocore has the operation (SearchCertificates is younger than many)."""
        return operation in self._client.meta.service_model.operation_names

    def call(self, operation: str, **members: t.Any) -> dict[str, t.Any]:
        """Call one operation; members that are None are left out. Raises AcmError, or InvalidInput when botocore
        itself refuses the members."""
        method = getattr(self._client, _method_name(operation), None)
        if method is None:
            raise AcmError(operation, "UnknownOperation", "the installed botocore does not know this operation")
        try:
            answer = method(**{name: value for name, value in members.items() if value is not None})
        except ParamValidationError as error:
            raise InvalidInput(f"{operation} was not sent: {_one_line(error)}.") from None
        except ClientError as error:
            detail = error.response.get("Error", {})
            code = detail.get("Code") or "UnknownError"
            raise AcmError(operation, code, detail.get("Message") or "no reason was given") from error
        except BotoCoreError as error:
            raise AcmError(operation, type(error).__name__, _one_line(error)) from error
        answer.pop("ResponseMetadata", None)
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

    def each(
        self, operation: str, requests: t.Sequence[dict[str, t.Any]]
    ) -> list[t.Union[dict[str, t.Any], AcmError]]:
        """Call one operation for every request, side by side but never faster than ACM's rate for it.

        The answers stand in the order of the requests; a failed call leaves its AcmError in its place.
        """
        if not requests:
            return []
        turn = Turnstile(None if self.is_authority else RATES.get(operation, 5), self._sleep, self._monotonic)

        def one(request: dict[str, t.Any]) -> t.Union[dict[str, t.Any], AcmError]:
            turn.wait()
            try:
                return self.call(operation, **request)
            except AcmError as error:
                return error

        with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(requests))) as pool:
            return list(pool.map(one, requests))

    def client(self, service: str) -> t.Any:
        """A boto3 client of another AWS service with the same credentials."""
        return self._other_client(service)


class Turnstile:
    """Lets callers of many threads through at `rate` a second; the first second's worth may go at once."""

    def __init__(
        self, rate: t.Optional[float], sleep: t.Callable[[float], None], monotonic: t.Callable[[], float]
    ) -> None:
        self._interval_s = 1 / rate if rate else 0.0
        self._burst_s = 1.0 if rate else 0.0
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = float("-inf")

    def wait(self) -> None:
        if not self._interval_s:
            return
        with self._lock:
            now = self._monotonic()
            self._next_at = max(self._next_at, now - self._burst_s) + self._interval_s
            pause_s = self._next_at - now
        if pause_s > 0:
            self._sleep(pause_s)


class AcmModule(AnsibleAWSModule):
    """AnsibleAWSModule with the option `authority` and the door `acm`."""

    def __init__(self, argument_spec: dict[str, t.Any], **settings: t.Any) -> None:
        spec = {"authority": {"type": "path", "fallback": (env_fallback, ["CERTOPS_ACM_AUTHORITY"])}, **argument_spec}
        super().__init__(argument_spec=spec, **settings)
        self._acm: t.Optional[Acm] = None

    @property
    def acm(self) -> Acm:
        """The one session and client of this task, made at the first use."""
        if self._acm is None:
            path = self.params.get("authority")
            self._acm = self._open_authority(path) if path else self._open_aws()
        return self._acm

    def _open_aws(self) -> Acm:
        region, endpoint_url, connection = get_aws_connection_info(self)
        if not region:
            raise InvalidInput(
                "No AWS region is known: set the option region, the environment variable AWS_REGION, "
                "or a region in the AWS profile."
            )

        def connect(service: str, **extra: t.Any) -> t.Any:
            endpoint = None if service != "acm" and _is_acm_alone(endpoint_url) else endpoint_url
            return boto3_conn(
                self, "client", resource=service, region=region, endpoint=endpoint, **{**connection, **extra}
            )

        config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, max_pool_connections=SIDE_BY_SIDE
        )
        return Acm(connect("acm", config=config), connect, is_authority=False)

    def _open_authority(self, path: str) -> Acm:
        client = authority_client(path, region=self.params.get("region"))

        def refuse(service: str) -> t.Any:
            raise InvalidInput(f"The embedded authority in {path} has no {service}: leave out what needs it.")

        return Acm(client, refuse, is_authority=True)


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
    # The user's AWS profile and configuration files mean nothing here, and a broken one must not matter.
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    client = session.create_client(
        "acm",
        region_name=authority.region,
        endpoint_url="http://authority.invalid",
        aws_access_key_id="authority",
        aws_secret_access_key="authority",
        config=botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            proxies={},
            parameter_validation=True,
        ),
    )
    answer = endpoint.Endpoint(authority, client.meta.service_model).answer

    def hand_over(request: t.Any, **_kwargs: t.Any) -> t.Any:
        target = request.headers.get("X-Amz-Target", "")
        body = request.body or b""
        reply = answer(
            target if isinstance(target, str) else target.decode(),
            body if isinstance(body, bytes) else body.encode(),
        )
        return AWSResponse(request.url, reply.status, reply.headers, _Body(reply.body))

    client.meta.events.register("before-send.acm", hand_over)
    return client


class _Body:
    """What botocore reads an answer's bytes from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_args: t.Any, **_kwargs: t.Any) -> t.Iterator[bytes]:
        yield self._content


def _is_acm_alone(endpoint_url: t.Optional[str]) -> bool:
    """Whether the URL is an endpoint of ACM on AWS (regional, FIPS, or a VPC endpoint), where Route 53 is not found."""
    host = (urlsplit(endpoint_url or "").hostname or "").split(".")
    return host[-2:] in (["amazonaws", "com"], ["api", "aws"]) and bool({"acm", "acm-fips"} & set(host))


def _method_name(operation: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation).lstrip("_")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
