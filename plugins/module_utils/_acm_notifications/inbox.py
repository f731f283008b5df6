# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where ACM's notifications wait: an SQS queue, or the embedded authority's own events.

In both, a received message is hidden from others until it is acknowledged or its time is over, and may be delivered
again."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from .._door.acm import Acm, AcmError, call_service
from .._rules.errors import InvalidInput
from .events import Message

BATCH = 10  # the maximum number of messages in one call of SQS
LONGEST_POLL_S = 20  # of one call to SQS
SURE_POLL_S = (
    1  # without waiting, SQS asks only some of its servers, and may return nothing although the queue is not empty
)
ATTEMPTS = 3  # attempts to delete what SQS itself failed to delete
GLANCE_S = 1.0  # between two looks into an inbox that cannot wait on its own
NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class Inbox(t.Protocol):
    def receive(self, limit: int, wait_s: int, hidden_s: int) -> list[Message]:
        """At most `limit` messages, each hidden for `hidden_s`; if there are none, those that arrive within
        `wait_s`."""

    def acknowledge(self, handles: t.Sequence[str]) -> dict[str, str]:
        """Acknowledge these messages. Returns the handles that are no longer valid, each with the reason."""

    def waiting(self) -> int:
        """Approximately how many messages could be received now."""


def open_inbox(
    acm: Acm,
    name: str,
    url: t.Optional[str],
    sleep: t.Callable[[float], None],
    monotonic: t.Callable[[], float],
) -> Inbox:
    """The queue of that name or URL; on an embedded authority, what the consumer of that name has not seen."""
    events = acm.events(name)
    if events is None:
        return SqsInbox(acm.client("sqs"), _checked(url, acm.region) if url else None, name, sleep, monotonic)
    if url:
        raise InvalidInput("An embedded authority has no queue with a URL: leave out queue_url, and give queue_name.")
    return Patient(events, sleep, monotonic)


class SqsInbox:
    """A standard SQS queue; its URL is looked up by name unless given."""

    def __init__(
        self,
        client: t.Any,
        url: t.Optional[str],
        name: str,
        sleep: t.Callable[[float], None],
        monotonic: t.Callable[[], float],
    ) -> None:
        self._client = client
        self._url = url
        self._name = name
        self._sleep = sleep
        self._monotonic = monotonic

    def receive(self, limit: int, wait_s: int, hidden_s: int) -> list[Message]:
        ends_at = self._monotonic() + wait_s
        received: list[Message] = []
        while len(received) < limit:
            left_s = 0 if received else int(ends_at - self._monotonic())
            answer = self._call(
                "ReceiveMessage",
                MaxNumberOfMessages=min(BATCH, limit - len(received)),
                WaitTimeSeconds=max(SURE_POLL_S, min(LONGEST_POLL_S, left_s)),
                VisibilityTimeout=hidden_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
            messages = [_message(each) for each in answer.get("Messages", ())]
            received += messages
            if not messages and (received or ends_at - self._monotonic() < 1):
                break
        return received

    def acknowledge(self, handles: t.Sequence[str]) -> dict[str, str]:
        refused: dict[str, str] = {}
        for start in range(0, len(handles), BATCH):
            refused.update(self._delete(handles[start : start + BATCH]))
        return refused

    def waiting(self) -> int:
        answer = self._call("GetQueueAttributes", AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))

    def _delete(self, handles: t.Sequence[str]) -> dict[str, str]:
        """One batch. Each entry succeeds or fails on its own; entries that failed because of the service are tried
        again."""
        refused: dict[str, str] = {}
        todo = list(handles)
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(0.2 * attempt)
            entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(todo)]
            failed = self._call("DeleteMessageBatch", Entries=entries).get("Failed", ())
            answered = {todo[int(each["Id"])]: _reason(each) for each in failed}
            refused = {**{handle: why for handle, why in refused.items() if handle not in todo}, **answered}
            todo = [todo[int(each["Id"])] for each in failed if not each.get("SenderFault")]
            if not todo:
                break
        return refused

    def _call(self, operation: str, **members: t.Any) -> dict[str, t.Any]:
        try:
            if self._url is None:
                self._url = str(call_service(self._client, "GetQueueUrl", QueueName=self._name)["QueueUrl"])
            return call_service(self._client, operation, QueueUrl=self._url, **members)
        except AcmError as error:
            if error.code not in NO_QUEUE:
                raise
            where = self._url or f"{self._name} in {self._client.meta.region_name}"
            said = f"there is no queue {where}: create it with acm_notification_queue, or choose another"
            raise AcmError(error.operation, error.code, said) from error


class Patient:
    """An authority's inbox, polled while it is empty."""

    def __init__(self, events: t.Any, sleep: t.Callable[[float], None], monotonic: t.Callable[[], float]) -> None:
        self._events = events
        self._sleep = sleep
        self._monotonic = monotonic

    def receive(self, limit: int, wait_s: int, hidden_s: int) -> list[Message]:
        ends_at = self._monotonic() + wait_s
        while True:
            received = [Message(*each) for each in self._events.receive(limit, hidden_s)]
            left_s = ends_at - self._monotonic()
            if received or left_s <= 0:
                return received
            self._sleep(min(GLANCE_S, left_s))

    def acknowledge(self, handles: t.Sequence[str]) -> dict[str, str]:
        gone = "it was acknowledged before, or its time was over and another reader received it"
        return {handle: gone for handle in self._events.acknowledge(handles)}

    def waiting(self) -> int:
        return int(self._events.waiting())


def _checked(url: str, region: str) -> str:
    host = (urlsplit(url).hostname or "").split(".")
    if host[0] == "sqs" and "amazonaws" in host and host[1] != region:
        raise InvalidInput(f"queue_url is in {host[1]}, but the region is {region}: set region to {host[1]}.")
    return url


def _message(answer: t.Mapping[str, t.Any]) -> Message:
    count = answer.get("Attributes", {}).get("ApproximateReceiveCount", 1)
    return Message(answer["MessageId"], answer["ReceiptHandle"], answer.get("Body", ""), int(count))


def _reason(failed: t.Mapping[str, t.Any]) -> str:
    said = " ".join(str(failed.get("Message") or "").split()).rstrip(".")
    return f"{failed.get('Code')}: {said}" if said else str(failed.get("Code"))
