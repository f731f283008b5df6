# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts: which channel wants which alerts, what each has been told, and how many fit into a message. Pure."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta, timezone

from .._rules.errors import InvalidInput
from .._rules.sentences import condense

KINDS = (
    "deployed",
    "action_required",
    "expiring",
    "expired",
    "ineligible",
    "renewal_failed",
    "not_issued",
    "unavailable",
    "deploy_failed",
    "host_unreachable",
    "not_served",
    "run_failed",
    "run_missed",
    "resolved",
)
SEVERITIES = ("info", "warning", "critical")
TITLE_CHARACTERS = 300
TEXT_CHARACTERS = 20_000
_ARN = re.compile(r"arn:[\w-]+:acm:[\w-]+:\d{12}:certificate/[\w-]+", re.ASCII)
_LINE_ENDS = re.compile("\r\n|[\r\n\u000b\u000c\u0085\u2028\u2029]")
# Control characters, and characters that reverse text or make it look like other text.
_UNSEEN = re.compile("[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_HALF = re.compile("[\ud800-\udfff]")

Told = t.Dict[str, t.Dict[str, str]]  # key → name of the channel → when, ISO 8601 in UTC


class DnsRecord(t.NamedTuple):
    name: str
    type: str
    value: str


class Alert(t.NamedTuple):
    """One thing that people should know. key: its identity; each channel gets a key once."""

    key: str
    kind: str
    severity: str
    title: str
    text: str = ""
    certificate_arn: str = ""
    domain_name: str = ""
    expires_at: str = ""
    days_to_expiry: t.Optional[int] = None
    hosts: tuple[str, ...] = ()
    records: tuple[DnsRecord, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    answers: tuple[str, ...] = ()  # keys of earlier alerts; only channels that were told one of them are told this one

    @property
    def subject(self) -> str:
        """What the alert is about: the certificate's ARN, or its key if there is no certificate."""
        return self.certificate_arn or arn_in(self.key) or self.key


def arn_in(key: str) -> str:
    """The certificate's ARN in a key, or None."""
    found = _ARN.search(key)
    return found.group() if found else ""


def read_alerts(given: t.Sequence[t.Mapping[str, t.Any]]) -> list[Alert]:
    """The alerts given to the task, without characters that could disturb a header, a terminal or a reader.

    Of several alerts with the same key the first counts. Raises InvalidInput.
    """
    alerts: dict[str, Alert] = {}
    for number, entry in enumerate(given, 1):
        alert = _read(entry)
        if not alert.key or not alert.title:
            raise InvalidInput(f"alerts, number {number}: key and title must not be empty.")
        alerts.setdefault(alert.key, alert)
    return list(alerts.values())


def _read(entry: t.Mapping[str, t.Any]) -> Alert:
    def line(name: str) -> str:
        return one_line(str(entry.get(name) or ""))

    records = [
        DnsRecord(*(one_line(str(record.get(name) or "")) for name in DnsRecord._fields))
        for record in entry.get("records") or ()
    ]
    facts = [(one_line(str(name)), one_line(_as_text(value))) for name, value in (entry.get("facts") or {}).items()]
    return Alert(
        key=str(entry["key"]),
        kind=entry["kind"],
        severity=entry["severity"],
        title=clip(line("title"), TITLE_CHARACTERS),
        text=condense(clean(str(entry.get("text") or "")), TEXT_CHARACTERS),
        certificate_arn=line("certificate_arn"),
        domain_name=line("domain_name"),
        expires_at=line("expires_at"),
        days_to_expiry=entry.get("days_to_expiry"),
        hosts=tuple(one_line(str(host)) for host in entry.get("hosts") or ()),
        records=tuple(records),
        facts=tuple((name, value) for name, value in facts if name and value),
        answers=tuple(str(key) for key in entry.get("answers") or ()),
    )


def _as_text(value: t.Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def clean(text: str) -> str:
    """The text without control characters; lines end with newlines."""
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text).replace("\t", " "))
    return _HALF.sub("\ufffd", text).strip()


def one_line(text: str) -> str:
    """The text on one line, fit for a header."""
    return " ".join(clean(text).split())


def clip(text: str, most: int) -> str:
    """The text cut to a maximum length, with an ellipsis where characters are missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def by_urgency(alerts: t.Iterable[Alert]) -> list[Alert]:
    """The most severe first, then the earliest to expire; otherwise in the given order."""

    def rank(alert: Alert) -> tuple[int, int]:
        days = alert.days_to_expiry
        return -SEVERITIES.index(alert.severity), 10**6 if days is None else days

    return sorted(alerts, key=rank)


# ---------------------------------------------------------------- what was told


def read_told(given: t.Mapping[str, t.Any]) -> Told:
    """A copy of `told` from earlier runs. Raises InvalidInput."""
    told: Told = {}
    for key, channels in given.items():
        if not isinstance(channels, t.Mapping):
            raise InvalidInput(
                f"told[{str(key)!r}] is not a dictionary of channels and times: give what an earlier run returned as "
                "told."
            )
        told[str(key)] = {str(name): str(at) for name, at in channels.items()}
    return told


def prune(told: Told, now: datetime, forget_after: timedelta) -> Told:
    """What was told no longer than that ago; an unreadable time is kept, because it may be recent."""
    kept = {}
    for key, channels in told.items():
        young = {name: at for name, at in channels.items() if (moment(at) or now) >= now - forget_after}
        if young:
            kept[key] = young
    return kept


def moment(text: str) -> t.Optional[datetime]:
    """ISO 8601 as a moment in UTC; None if the text is not a time."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


def keys_over(told: Told, resolved: t.Collection[str], alerts: t.Sequence[Alert]) -> list[str]:
    """The keys whose trouble is over: those given, and those about a given certificate, except keys of current
    alerts."""
    over, current = set(resolved), {alert.key for alert in alerts}
    return [key for key in told if key not in current and (key in over or arn_in(key) in over)]


# ---------------------------------------------------------------- the channels


class Undelivered(Exception):
    """A message was not delivered. The reason is for people and contains no secret.

    is_transient: another attempt may succeed, after a number of seconds if the other side gave one.
    is_of_content: this message was refused, but another may be accepted.
    was_partly: some recipients have the message; from now on it goes only to the others.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_transient: bool = False,
        is_of_content: bool = False,
        was_partly: bool = False,
        retry_after_s: t.Optional[float] = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_transient = is_transient
        self.is_of_content = is_of_content
        self.was_partly = was_partly
        self.retry_after_s = retry_after_s


class Receipt(t.NamedTuple):
    """The outcome of a message. refused: key of an alert → why this alert alone was not accepted."""

    refused: t.Mapping[str, str] = {}
    warnings: t.Sequence[str] = ()


Attempt = t.Callable[[], Receipt]  # raises Undelivered


class Channel:
    """A way to reach people. settings: an entry of the task's `channels`."""

    default_kinds: t.Sequence[str] = KINDS
    limit_s: t.Optional[float] = None  # of a whole attempt, if the channel's own time-outs are for single steps

    def __init__(self, settings: t.Mapping[str, t.Any], *, is_digest: bool = True) -> None:
        self.name: str = settings["name"]
        self._kinds = frozenset(settings.get("kinds") or self.default_kinds)
        self._least = SEVERITIES.index(settings.get("min_severity") or SEVERITIES[0])
        own = settings.get("digest")
        self._is_digest = is_digest if own is None else own

    def wants(self, alert: Alert, told: t.Optional[t.Mapping[str, t.Mapping[str, str]]] = None) -> bool:
        """told: what the channels were told before. An all-clear goes only to channels that got the alert it
        answers."""
        if alert.answers:
            return any(self.name in (told or {}).get(key, {}) for key in alert.answers)
        return alert.kind in self._kinds and SEVERITIES.index(alert.severity) >= self._least

    def split(self, due: t.Sequence[Alert]) -> list[list[Alert]]:
        """The alerts, message by message."""
        due = by_urgency(due)
        return pack(due, self.share) if self._is_digest else [[alert] for alert in due]

    def share(self, alert: Alert) -> float:
        """The share of the largest message that an alert takes up, 1 for all of it."""
        raise NotImplementedError

    def prepare(self, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Attempt:
        """A message about these alerts; calling it sends it. current: all present alerts that the channel wants."""
        raise NotImplementedError

    def resolve(self, resolved: t.Collection[str], current: t.Sequence[Alert], is_check: bool) -> list[str]:
        """Close what is over, if the channel keeps anything open; returns what was closed. Raises Undelivered."""
        return []


def pack(alerts: t.Sequence[Alert], share: t.Callable[[Alert], float]) -> list[list[Alert]]:
    """As many alerts in each message as fit, in order. An alert that fills a message is sent alone."""
    messages: list[list[Alert]] = []
    filled = 0.0
    for alert in alerts:
        takes = share(alert)
        if not messages or filled + takes > 1:
            messages.append([])
            filled = 0.0
        messages[-1].append(alert)
        filled += takes
    return messages
