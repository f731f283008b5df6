# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a refusal by AWS, or a missing answer, means to the user, and what can be done about it.

The wording is ours, not botocore's: a clause that follows "… failed with CODE: ".
"""

from __future__ import annotations

import difflib
import re
import typing as t

try:
    import botocore
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule reports it

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
UNKNOWN_KEY = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken")
UNSIGNED = ("MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature")
WRONG_SIGNATURE = ("InvalidSignatureException", "SignatureDoesNotMatch")
NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
NO_LOGIN = ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "LoginTokenLoadError", "SSOError")
# Sent, but not answered
CUT_OFF = ("ConnectionClosedError", "ReadTimeoutError", "HTTPClientError", "ResponseStreamingError")
UNREACHABLE = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionError")
CREDENTIALS = (
    "give access_key and secret_key, or a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where the "
    "module runs"
)
NOT_AWS = "the answer is not from AWS; check the endpoint, and any proxy in front of it"
# The version of botocore that knows exportable public certificates.
NEEDED_BOTOCORE = {"Export": "1.38.38", "RevokeCertificate": "1.38.38"}


def of_answer(error: ClientError, operation: str, members: t.Mapping[str, t.Any], client: t.Any) -> str:
    """The clause for an answer from AWS."""
    answer = error.response.get("Error", {})
    code, words = answer.get("Code") or "", said(answer.get("Message"))
    if not code or code.isdigit():  # AWS's own refusals have a code, other servers' only a status
        return f"{words}; run the task again later" if code.startswith("5") and words != NOT_AWS else NOT_AWS
    if code in DENIED:
        model = getattr(_meta(client), "service_model", None)
        action = f"{getattr(model, 'endpoint_prefix', 'acm')}:{operation}"
        resource = members.get("CertificateArn") or members.get("QueueUrl") or members.get("TopicArn")
        where = f" on {resource}" if resource and str(resource) not in words else ""
        return (
            f"{words}. Allow the action {action}{where}; the notes in the documentation of this module list all "
            "actions that it needs"
        )
    if code in EXPIRED:
        return "the AWS session has expired; log in again, or get new temporary credentials"
    if code in UNKNOWN_KEY:
        return (
            "AWS does not know this access key, or its session token is missing or wrong; check which credentials are "
            "in use (aws sts get-caller-identity), and that they belong to this partition and region"
        )
    if code in WRONG_SIGNATURE:
        return "AWS refuses the signature; check the secret key, and the clock of the machine that the module runs on"
    if code in UNSIGNED:
        return f"the request had no usable credentials; {CREDENTIALS}"
    return words


def of_silence(error: BotoCoreError, client: t.Any) -> str:
    """The clause for a request that was not answered, or not sent at all. A misspelt region comes first: with it,
    whatever else is wrong may only be a consequence."""
    meta = _meta(client)
    region = str(getattr(meta, "region_name", ""))
    # Elsewhere, such as at an endpoint_url, a region may have any name.
    is_in_url = f".{region}." in str(getattr(meta, "endpoint_url", ""))
    return (_region_hint(region) if is_in_url else "") + _of_silence(error, meta)


def _of_silence(error: BotoCoreError, meta: t.Any) -> str:
    code = type(error).__name__
    if code in NO_LOGIN:
        return (
            "the login of AWS IAM Identity Center is missing or has expired; run aws sso login, with the profile in use"
        )
    if code in NO_CREDENTIALS:
        return f"no AWS credentials were found; {CREDENTIALS}"
    url = getattr(error, "kwargs", {}).get("endpoint_url") or getattr(meta, "endpoint_url", "the endpoint")
    if code in UNREACHABLE:
        return f"nothing answers at {url}; check the network, any proxy, and the option endpoint_url"
    if code in CUT_OFF:
        return f"{url} was reached, but did not answer in time or closed the connection; run the task again"
    if code == "SSLError":
        return f"the TLS certificate of {url} is not trusted; check any proxy in front of it, and aws_ca_bundle"
    if code == "UnexpectedAnswerError":
        return NOT_AWS
    if code == "ProxyConnectionError":
        return _of_proxy(str(getattr(error, "kwargs", {}).get("error", "")))
    return one_line(error)


def _of_proxy(cause: str) -> str:
    refusal = re.search(r"Tunnel connection failed: (\d{3})", cause)
    if not refusal:
        return "the proxy does not answer; check HTTPS_PROXY, or add the host to NO_PROXY"
    if refusal[1] == "407":
        return "the proxy does not accept the user name and password; give them as in HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
    return f"the proxy refuses to connect (status {refusal[1]}); allow the host there, or add it to NO_PROXY"


def of_parameters(error: BaseException, operation: str) -> str:
    """A sentence about a request that botocore refused to send."""
    text = one_line(error)
    unknown = re.search(r'Unknown parameter in [^:]*: "(\w+)"', text)
    if unknown:
        return f"{operation} takes {unknown[1]} only with {newer_botocore(unknown[1])}"
    return f"{operation} was not sent: {text}."


def newer_botocore(what: str) -> str:
    """The version required for a member or an operation, as the end of a sentence."""
    version = NEEDED_BOTOCORE.get(what)
    needed = f"boto3 and botocore {version} or newer" if version else "a newer boto3 and botocore"
    return f"{needed}, but botocore {botocore.__version__} is installed: upgrade both."


def of_setup(error: BaseException) -> str:
    """A sentence about connection options with which no client can be created."""
    text = one_line(error)
    if type(error).__name__ == "ProfileNotFound":
        name = getattr(error, "kwargs", {}).get("profile", "")
        return (
            f"The profile {name} is not in the AWS configuration of the user that the module runs as "
            "(~/.aws/config, ~/.aws/credentials): correct the option profile or AWS_PROFILE."
        )
    if type(error).__name__ == "InvalidRegionError":
        region = getattr(error, "kwargs", {}).get("region_name", "")
        return f"{region!r} is not a region of AWS{_near(region, _known_regions())}: correct the option region or AWS_REGION."
    if type(error).__name__ == "PartialCredentialsError":
        missing = str(getattr(error, "kwargs", {}).get("cred_var", "")).replace("aws_secret_access_key", "secret_key")
        return f"AWS credentials are incomplete, {missing.replace('aws_access_key_id', 'access_key')} is missing: give access_key and secret_key together."
    if text.startswith("Invalid endpoint"):
        return f"endpoint_url is {text.rpartition(': ')[2]}, which is not a URL: give a URL such as https://host:port."
    return f"AWS cannot be reached with these settings: {text}."


def of_config(error: BaseException) -> str:
    """A sentence about settings that botocore does not accept in aws_config."""
    return f"aws_config cannot be used: {one_line(error)}: correct it, as botocore documents the parameters of Config."


def said(message: t.Optional[str]) -> str:
    """ACM's message as part of a sentence. A proxy, or a server other than ACM, may answer with a whole web page."""
    words = " ".join((message or "").split()).rstrip(".")
    return NOT_AWS if is_web_page(words.encode()) else words or "no reason was given"


def is_web_page(body: bytes) -> bool:
    return body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _meta(client: t.Any) -> t.Any:
    """A client's own metadata; None if there is no client yet."""
    return getattr(client, "meta", None)


def _region_hint(region: str) -> str:
    """A hint about a region that botocore does not know. It may still exist: botocore may be older than the region."""
    known = _known_regions()
    if not known or region in known:
        return ""
    return f"{region} is not a region that botocore knows{_near(region, known)}; "


def _near(region: str, known: t.Collection[str]) -> str:
    near = difflib.get_close_matches(region.lower().replace("_", "-"), sorted(known), 1)
    return f" (did you mean {near[0]}?)" if near else " (a region has a name such as eu-central-1)"


def _known_regions() -> set[str]:
    try:
        session = botocore.session.Session()
        return {
            name for part in session.get_available_partitions() for name in session.get_available_regions("acm", part)
        }
    except Exception:  # pylint: disable=broad-except
        return set()  # botocore's data is not needed for anything but this hint
