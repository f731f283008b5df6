# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS behind a loopback endpoint: ACM by an embedded authority, SQS, EventBridge, SNS and STS by moto.

The authority's events go to moto's EventBridge, as ACM's go to the real one, and from there wherever the rules send them.

with aws_endpoint(folder) as aws:
    run_target("acm_notifications", …, aws.connection)
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import typing as t
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line, service
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer, Reply, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Server
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.events.models import Rule
from moto.sqs.models import Queue

SCOPE = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9-]+)/")


@contextlib.contextmanager
def mended_moto() -> t.Iterator[None]:
    """moto, corrected: its SetQueueAttributes drops a policy that is not given again; SQS keeps it.

    And an event reaches a target unchanged; moto would rebuild it without its account.
    """
    whole, send = Queue._set_attributes, Rule.send_to_targets

    def set_attributes(queue: t.Any, attributes: dict[str, t.Any], now: t.Any = None) -> None:
        kept = getattr(queue, "_policy_json", None)
        whole(queue, attributes, now)
        if "Policy" not in attributes and kept:
            queue._policy_json = kept

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(Queue, "_set_attributes", set_attributes)
        patch.setattr(Rule, "send_to_targets", lambda rule, event, *_others: send(rule, event, transform_input=False))
        yield


class AwsEndpoint:
    """A running endpoint. `calls`: service and operation of each request, as far as its headers show them."""

    def __init__(self, authority: t.Any) -> None:
        self.authority = authority
        self.calls: list[str] = []
        self._acm = service.Service(authority, is_open=True)
        self._moto = BotocoreStubber()
        self._events = boto3.client("events", region_name=authority.region)
        self._told = 0
        self._telling = threading.Lock()
        self.server = Server(self._answer)

    @property
    def connection(self) -> dict[str, str]:
        """The arguments that make an Ansible module use this endpoint."""
        region = self.authority.region
        return {"endpoint_url": self.server.url, "region": region, "access_key": "anyone", "secret_key": "anyone"}

    def _answer(self, request: Request) -> t.Optional[Answer]:
        target = request.headers.get("X-Amz-Target", "")
        if target.startswith("CertificateManager."):
            self.calls.append(f"acm {target.rpartition('.')[2]}")
            return self._acm.answer(request)
        self._tell()
        region, service = SCOPE.search(request.headers["Authorization"]).groups()  # type: ignore[union-attr]
        self.calls.append(f"{service} {target.rpartition('.')[2]}".rstrip())
        prepared = AWSPreparedRequest(
            request.method,
            f"https://{service}.{region}.amazonaws.com{request.target}",
            HeadersDict(dict(request.headers.items())),
            request.body,
            False,
        )
        answer = self._moto.process_request(prepared)
        assert answer is not None, f"moto has no {service}"
        status, headers, body = answer
        content = body.encode() if isinstance(body, str) else body
        kept = {name: str(value) for name, value in headers.items() if name.lower() not in ("content-length", "server")}
        return Reply(int(status), kept, content)

    def _tell(self) -> None:
        """Send EventBridge the authority's events since the last call."""
        with self._telling:
            with self.authority.store.read() as tx:
                new = tx.journal.events(self._told)
            for number, body in new:
                event = json.loads(body)
                entry = {"Source": event["source"], "DetailType": event["detail-type"], "Resources": event["resources"]}
                self._events.put_events(Entries=[{**entry, "Detail": json.dumps(event["detail"])}])
                self._told = number


@contextlib.contextmanager
def aws_endpoint(folder: Path) -> t.Iterator[AwsEndpoint]:
    """folder: the authority's, which is created if it does not exist."""
    with mended_moto():
        endpoint = AwsEndpoint(command_line.open_or_make(str(folder)))
        endpoint.server.start()
        try:
            yield endpoint
        finally:
            endpoint.server.end(grace_s=10)
