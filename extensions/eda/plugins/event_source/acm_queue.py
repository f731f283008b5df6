# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source for ansible-rulebook: it signals that ACM's notices are waiting, and acts as a clock. It removes nothing from the queue.

Whoever receives a notice must not acknowledge it before the work is done, and an event source cannot know when that is. So the
playbook receives, works and acknowledges; whatever happens to the rulebook, no notice is lost.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Optional, Protocol

DOCUMENTATION = r"""
---
short_description: Send an event when notices of AWS Certificate Manager are waiting, and at regular intervals
description:
  - Watches the SQS queue that the module certops.acm.acm_notification_queue creates, and sends an event when notices are waiting in it.
  - It neither receives nor deletes them. That is left to the action that the event starts, usually the playbook certops.acm.renew.
    So no notice is lost, whatever happens to the rulebook.
  - Notices are best effort, so it also sends an event for a sweep, when it starts and then every O(sweep_every) seconds.
  - An event has C(acm.reason), which is C(notices) or C(sweep). An event with C(notices) also has C(acm.queue) and C(acm.waiting), the number
    of messages that are waiting.
  - If the queue cannot be read, the error is logged and the source tries again at growing intervals. Sweeps continue in the meantime.
requirements:
  - boto3, for a queue
options:
  queue_name:
    description:
      - The name of the queue. Without it and O(queue_url), as for an embedded authority, there are only sweeps.
    type: str
  queue_url:
    description:
      - The URL of the queue, if it belongs to another account.
    type: str
  interval:
    description:
      - How many seconds to wait between two checks of the queue.
    type: float
    default: 20
  pause:
    description:
      - The minimum number of seconds between two events about notices, so that notices which arrive together are
        processed together.
    type: float
    default: 60
  repeat_after:
    description:
      - After how many seconds notices that are still waiting cause another event, for example those for a host that is down.
    type: float
    default: 900
  sweep_every:
    description:
      - How many seconds to wait between two events for a sweep. With V(0) there are none.
    type: float
    default: 3600
  region:
    description:
      - The AWS region of the queue. By default the region that boto3 is configured with.
    type: str
  profile:
    description:
      - The AWS profile. Without it and O(access_key), boto3 looks for credentials in its usual places.
    type: str
  access_key:
    description:
      - The AWS access key.
    type: str
  secret_key:
    description:
      - The AWS secret key.
    type: str
  session_token:
    description:
      - The session token of temporary credentials.
    type: str
  endpoint_url:
    description:
      - The SQS endpoint URL, if it is not the AWS endpoint.
    type: str
notes:
  - "Least IAM policy, on the queue: C(sqs:GetQueueAttributes), and C(sqs:GetQueueUrl) without O(queue_url)."
"""

EXAMPLES = r"""
- certops.acm.acm_queue:
    queue_name: certops-acm
    region: eu-central-1

- certops.acm.acm_queue:
    sweep_every: 900
"""

MAX_WAIT_S = 300.0  # between two attempts, however often they failed

log = logging.getLogger("certops.acm.acm_queue")


class Options(NamedTuple):
    queue_name: Optional[str] = None
    queue_url: Optional[str] = None
    interval: float = 20
    pause: float = 60
    repeat_after: float = 900
    sweep_every: float = 3600
    region: Optional[str] = None
    profile: Optional[str] = None
    access_key: Optional[str] = None
    secret_key: Optional[str] = None
    session_token: Optional[str] = None
    endpoint_url: Optional[str] = None

    @property
    def queue(self) -> Optional[str]:
        return self.queue_url or self.queue_name


LEAST_S = {"interval": 1.0, "pause": 0.0, "repeat_after": 1.0, "sweep_every": 0.0}


def options_from(args: dict[str, Any]) -> Options:
    """Raises ValueError. Values that a rulebook's template leaves empty count as not set; numbers may be strings."""
    # ansible-rulebook adds the latter if a rulebook requests feedback
    unknown = sorted(set(args) - set(Options._fields) - {"eda_feedback_queue"})
    if unknown:
        raise ValueError(f"acm_queue has no option {unknown[0]}; its options are {', '.join(Options._fields)}.")
    given = {name: args[name] for name in Options._fields if args.get(name) not in (None, "")}
    for name, least in LEAST_S.items():
        if name in given:
            try:
                given[name] = float(given[name])
            except (TypeError, ValueError):
                given[name] = math.nan
            if not least <= given[name] < math.inf:
                raise ValueError(f"acm_queue: {name} must be a number of seconds, {least:.0f} or more.")
    options = Options(**given)
    if options.queue_name and options.queue_url:
        raise ValueError("acm_queue: give queue_name or queue_url, not both.")
    if not options.queue and not options.sweep_every:
        raise ValueError(
            "acm_queue: give a queue_name, or a sweep_every greater than 0; otherwise there is nothing to do."
        )
    if bool(options.access_key) != bool(options.secret_key):
        raise ValueError("acm_queue: access_key and secret_key belong together.")
    return options


class Present(NamedTuple):
    """How many messages a queue has, as far as SQS knows. in_flight: received, but neither deleted nor visible again."""

    waiting: int
    in_flight: int


class Bell:
    """Decides when waiting messages are worth an event.

    It compares all messages, not only the waiting ones: a message that comes back because nobody acknowledged it is not new.
    """

    def __init__(self, pause_s: float, repeat_after_s: float) -> None:
        self._pause_s = pause_s
        self._repeat_after_s = repeat_after_s
        self._known = 0
        self._silent_since = -math.inf

    def rings(self, present: Present, now: float) -> bool:
        total = present.waiting + present.in_flight
        needed_s = self._pause_s if total > self._known else self._repeat_after_s
        is_due = present.waiting > 0 and now - self._silent_since >= needed_s
        self._known = total if is_due else min(self._known, total)
        if is_due:
            self.silence(now)
        return is_due

    def silence(self, now: float) -> None:
        """Note that a run has just been started, by this bell or otherwise."""
        self._silent_since = now


class Look(Protocol):
    def __call__(self) -> Present: ...


class Queue(Protocol):
    async def put(self, data: dict[str, Any]) -> None: ...


class SqsQueue:
    """Checks an SQS queue. It blocks for at most half a minute."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client: Any = None
        self._url: Optional[str] = options.queue_url

    def __call__(self) -> Present:
        try:
            return self._look()
        except Exception:
            # The next attempt starts over: with new credentials, a new connection, and a new lookup of the queue's URL.
            self._client, self._url = None, self._options.queue_url
            raise

    def _look(self) -> Present:
        if self._client is None:
            self._client = self._connect()
        if self._url is None:
            self._url = self._client.get_queue_url(QueueName=self._options.queue_name)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return Present(*(int(found[name]) for name in names))

    def _connect(self) -> Any:
        import boto3
        from botocore.config import Config

        options = self._options
        session = boto3.Session(
            profile_name=options.profile,
            region_name=options.region,
            aws_access_key_id=options.access_key,
            aws_secret_access_key=options.secret_key,
            aws_session_token=options.session_token,
        )
        config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
        return session.client("sqs", endpoint_url=options.endpoint_url, config=config)


class Watch:
    """look: checks the queue; it may block. clock and sleep: from time and asyncio."""

    def __init__(
        self,
        options: Options,
        queue: Queue,
        look: Look,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._options = options
        self._queue = queue
        self._look = look
        self._clock = clock
        self._sleep = sleep
        self._bell = Bell(options.pause, options.repeat_after)
        self._failures = 0

    async def run(self) -> None:
        """Run until cancelled."""
        started_at = self._clock()
        sweep_at = started_at if self._options.sweep_every else math.inf
        look_at = started_at if self._options.queue else math.inf
        while True:
            if self._clock() >= sweep_at:
                sweep_at = self._clock() + self._options.sweep_every
                await self._tell({"reason": "sweep"})
            if self._clock() >= look_at:
                wait_s = await self._look_once()
                look_at = self._clock() + wait_s
            await self._sleep(max(0.0, min(sweep_at, look_at) - self._clock()))

    async def _look_once(self) -> float:
        """Check the queue; returns the seconds until the next check."""
        try:
            present = await asyncio.to_thread(self._look)
        except Exception as error:  # whatever the fault, it may be temporary, and the sweeps must continue
            self._failures += 1
            # The exponent is bounded too: a fault may last for weeks.
            wait_s = min(self._options.interval * 2 ** min(self._failures, 10), max(MAX_WAIT_S, self._options.interval))
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            log.warning("Cannot check the queue %s: %s. Trying again in %.0f s.", self._options.queue, reason, wait_s)
            return wait_s
        if self._failures:
            log.warning("The queue %s can be checked again.", self._options.queue)
            self._failures = 0
        if self._bell.rings(present, self._clock()):
            await self._tell({"reason": "notices", "queue": self._options.queue, "waiting": present.waiting})
        return self._options.interval

    async def _tell(self, what: dict[str, Any]) -> None:
        self._bell.silence(self._clock())
        await self._queue.put({"acm": what})


async def main(queue: Queue, args: dict[str, Any]) -> None:
    """The entry point for ansible-rulebook."""
    options = options_from(args)
    if options.queue:
        try:
            import boto3  # noqa: F401  # pylint: disable=unused-import
        except ImportError:
            raise ImportError(
                "acm_queue: boto3 is not installed for the Python that runs ansible-rulebook: install it with `pip install boto3`."
            ) from None
    await Watch(options, queue, SqsQueue(options)).run()
