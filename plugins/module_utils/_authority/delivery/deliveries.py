# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored events, delivered to webhooks and queues: each at least once, and in order.

Every target has a cursor of its own, which never moves past an event that the target has not accepted. So a target
that is down does not hold up the others, and gets everything once it is back; its events are kept until then.
"""

from __future__ import annotations

import json
import logging
import re
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from . import senders
from ..lifecycle import events
from ..authority import Authority
from ..keys.vault import target_context
from ..store.event_targets import TargetRow
from .senders import NotSent
from ..._files.locks import turn
from ..._rules.times import iso, maybe_millis, millis, moment
from ..store.transactions import StoreError
from ..._rules.errors import InvalidInput

SIDE_BY_SIDE = 8
READ_AT_ONCE = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
DETAIL_TYPES = (
    events.AVAILABLE,
    events.APPROACHING,
    events.EXPIRED,
    events.ACTION_REQUIRED,
    events.REVOKED,
    events.HEALTH,
)

Target = t.Mapping[str, t.Any]  # name, kind (webhook or sqs), detail_types, and what its kind needs

log = logging.getLogger(__name__)


# ---------------------------------------------------------------- the targets


def check_targets(wanted: t.Sequence[Target]) -> None:
    """Raise InvalidInput for invalid targets."""
    names = [target["name"] for target in wanted]
    for name in names:
        if not NAME.fullmatch(name):
            raise InvalidInput(f"event_targets has the invalid name {name!r}: use at most 64 letters, digits, - and _.")
        if names.count(name) > 1:
            raise InvalidInput(f"event_targets has the name {name} twice: give each target its own name.")
    for target in wanted:
        senders.check(target)


def set_targets(authority: Authority, wanted: t.Sequence[Target], plan: bool = False) -> bool:
    """Set exactly these targets, and return whether that changes anything. `plan`: only look. Raises InvalidInput."""
    check_targets(wanted)
    by_name = {target["name"]: dict(target) for target in wanted}
    with authority.store.read() as tx:
        present = {row.name: _opened(authority, row) for row in tx.targets.all()}
    if present == by_name:
        return False
    if not plan:
        with authority.store.write() as tx:
            for row in tx.targets.all():
                if row.name not in by_name:
                    tx.targets.remove(row.name)
            for name, target in by_name.items():
                if present.get(name) != target:
                    sealed = authority.vault.seal(json.dumps(target).encode(), target_context(name))
                    tx.targets.put(name, sealed)
    return True


def targets(authority: Authority) -> list[dict[str, t.Any]]:
    """What may be shown of the targets, and their state."""
    with authority.store.read() as tx:
        rows = [(row, tx.targets.waiting(row.cursor)) for row in tx.targets.all()]
    shown = []
    for row, waiting in rows:
        target = _opened(authority, row)
        shown.append(
            {
                "name": row.name,
                "kind": target["kind"],
                "detail_types": target["detail_types"],
                "waiting": waiting,
                "delivered_at": iso(moment(row.delivered_at)) if row.delivered_at else None,
                "failing_since": iso(moment(row.failing_since)) if row.failing_since else None,
                "trouble": row.trouble,
            }
        )
    return shown


def _opened(authority: Authority, row: TargetRow) -> dict[str, t.Any]:
    return dict(json.loads(authority.vault.open(row.sealed, target_context(row.name))))


# ---------------------------------------------------------------- delivery


class Delivered(t.NamedTuple):
    """events: how many the targets accepted in this round."""

    name: str
    events: int
    trouble: t.Optional[str]


def deliver(authority: Authority) -> list[Delivered]:
    """Deliver to every target what it has not received yet, to all targets in parallel."""
    with authority.store.read() as tx:
        names = [row.name for row in tx.targets.all()]
    if not names:
        return []
    with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(names))) as pool:
        return list(pool.map(lambda name: _deliver(authority, name), names))


def _deliver(authority: Authority, name: str) -> Delivered:
    """Events stay in order only if one sweep delivers at a time: if another one is delivering, leave it to that."""
    with turn(f"{authority.store.path}-target-{name}") as is_ours:
        return _deliver_in_turn(authority, name) if is_ours else Delivered(name, 0, None)


def _deliver_in_turn(authority: Authority, name: str) -> Delivered:
    with authority.store.read() as tx:
        row, last = tx.targets.named(name), tx.targets.last_event()
    if row is None:
        return Delivered(name, 0, None)
    target, cursor, count = _opened(authority, row), row.cursor, 0
    sender: t.Optional[senders.Sender] = None
    try:
        while cursor < last:
            with authority.store.read() as tx:
                page = tx.journal.events(cursor, READ_AT_ONCE)
            wanted = [(number, body) for number, body in page if _is_wanted(target, body)]
            if wanted and sender is None:
                timeout_s = authority.settings.delivery_timeout_s
                sender = senders.sender(target, authority.region, timeout_s, lambda: authority.now().timestamp())
            while wanted and sender is not None:
                taken = sender.send([body for _number, body in wanted[: sender.batch]])
                cursor, wanted, count = wanted[taken - 1][0], wanted[taken:], count + taken
                if not _move(authority, name, cursor, authority.now()):
                    return Delivered(name, count, None)  # no longer a target
            cursor = page[-1][0] if page else last  # the target has not subscribed to these
            _move(authority, name, cursor)
    except NotSent as error:
        return _stopped(authority, name, count, str(error))
    except (StoreError, InvalidInput):
        raise
    except Exception as error:  # a bug of ours: the other targets get their events, and the log has the traceback
        log.exception("events cannot be delivered to %s", name)
        return _stopped(authority, name, count, f"unexpected {type(error).__name__}.")
    return Delivered(name, count, None)


def _is_wanted(target: Target, body: str) -> bool:
    return not target["detail_types"] or json.loads(body)["detail-type"] in target["detail_types"]


def _move(authority: Authority, name: str, cursor: int, delivered_at: t.Optional[datetime] = None) -> bool:
    # Not worth waiting for the disk: after a power failure the last events are delivered again.
    with authority.store.write(durable=False) as tx:
        return tx.targets.move(name, cursor, maybe_millis(delivered_at))


def _stopped(authority: Authority, name: str, count: int, said: str) -> Delivered:
    with authority.store.write() as tx:
        tx.targets.not_delivered(name, millis(authority.now()), said)
    return Delivered(name, count, f"Events for {name} could not be delivered and wait for the next sweep: {said}")
