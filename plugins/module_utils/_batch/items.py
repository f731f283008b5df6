# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many items in one task: each is read, carried out and can fail on its own. results.py turns them into results."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._certificates.certificate import Certificate
from .._door.acm import AcmError
from .._rules.errors import InvalidInput

LIST = "certificates"  # the option that takes many items instead of one


class Wanted(t.Protocol):
    """What every module's wanted item knows about itself."""

    @property
    def arn(self) -> t.Optional[str]:
        """The ARN that the user gave."""

    @property
    def label(self) -> str:
        """The item's name in messages."""


class Named(Wanted, t.Protocol):
    """A wanted item that may identify its certificate by the first name."""

    @property
    def domain_name(self) -> t.Optional[str]:
        """The name that the user gave."""


W = t.TypeVar("W", bound=Wanted)
N = t.TypeVar("N", bound=Named)


@dataclass
class Item(t.Generic[W]):
    """One item of a task, from what is wanted to the outcome.

    wanted: None if the options were refused; `error` then says why.
    """

    wanted: t.Optional[W]
    error: t.Optional[Exception] = None
    called: str = ""  # its name in the options, for messages about refused options
    done: list[str] = field(default_factory=list)  # operations carried out, in order
    warnings: list[str] = field(default_factory=list)

    @property
    def want(self) -> W:
        """What is wanted, for an item whose options were accepted. Raises LookupError for others."""
        if self.wanted is None:
            raise LookupError(f"The options of {self.called} were refused.")
        return self.wanted

    @property
    def is_open(self) -> bool:
        return self.error is None

    @property
    def label(self) -> str:
        return self.wanted.label if self.wanted is not None else self.called

    @property
    def known_arn(self) -> t.Optional[str]:
        """The ARN of the certificate that this item is about, as far as it is known."""
        return self.wanted.arn if self.wanted is not None else None


@dataclass
class CertificateItem(Item[W]):
    """An item about a certificate. certificate: the certificate in ACM that is meant; None if it does not exist
    (yet)."""

    certificate: t.Optional[Certificate] = None

    @property
    def existing(self) -> Certificate:
        """The certificate, for steps that only items with a certificate reach. Raises LookupError for others."""
        if self.certificate is None:
            raise LookupError(f"{self.label} has no certificate.")
        return self.certificate

    @property
    def arn(self) -> str:
        """The ARN of the certificate, if it was found."""
        return self.existing.arn

    @property
    def known_arn(self) -> t.Optional[str]:
        return self.certificate.arn if self.certificate is not None else super().known_arn


@dataclass
class NamedItem(CertificateItem[N]):
    """An item whose certificate the user may identify by name."""

    @property
    def label(self) -> str:
        """The name of a certificate that the user gave by ARN or tag, as far as it is known."""
        is_nameless = self.wanted is not None and not self.wanted.domain_name
        name = self.certificate.domain_name if self.certificate is not None and is_nameless else None
        return name or super().label


I = t.TypeVar("I", bound="Item[t.Any]")
Options = t.Mapping[str, t.Any]


def read(
    task: Options,
    judge: t.Callable[[dict[str, t.Any]], W],
    make: t.Callable[..., I],
    *,
    own: t.Collection[str],
    shown: t.Optional[t.Collection[str]] = None,
) -> list[I]:
    """The items of a task: those of its option `certificates`, or the task itself.

    judge: options → what is wanted; InvalidInput is kept with its item. make: the class of the items. own: the options
    that identify the certificate. All other options default to the task's. shown: the identifying options that messages
    may show, if some contain secrets."""
    given = task.get(LIST)
    items = []
    for options in [task] if given is None else [inherit(item, task, own) for item in given]:
        called = next((str(options[name]) for name in (own if shown is None else shown) if options.get(name)), "")
        try:
            items.append(make(judge(dict(options)), called=called))
        except InvalidInput as error:
            items.append(make(None, error, called=called))
    return items


def inherit(item: Options, task: Options, own: t.Collection[str]) -> dict[str, t.Any]:
    """An item's options, completed by the task's options for all items."""
    return {
        **{name: value for name, value in task.items() if name not in own and name != LIST},
        **{name: value for name, value in item.items() if value is not None},
    }


def still_open(items: t.Iterable[I]) -> list[I]:
    """The items that have not failed."""
    return [item for item in items if item.is_open]


def attempt(items: t.Iterable[I], action: t.Callable[[I], object]) -> None:
    """Run the action for every item that has not failed. InvalidInput is kept with its item."""
    for item in still_open(items):
        try:
            action(item)
        except InvalidInput as error:
            item.error = error


class Calls(t.Protocol):
    """What is needed of _door.acm.Acm."""

    def each(self, operation: str, requests: t.Sequence[dict[str, t.Any]]) -> list[t.Any]: ...


def ask(
    acm: Calls,
    operation: str,
    items: t.Sequence[I],
    members: t.Callable[[I], dict[str, t.Any]] = lambda item: {"CertificateArn": item.known_arn},
) -> t.Iterator[tuple[I, dict[str, t.Any]]]:
    """Call one operation for every item, in parallel; yields each item with ACM's answer. A refusal is kept with its
    item."""
    for item, answer in zip(items, acm.each(operation, [members(item) for item in items])):
        if isinstance(answer, AcmError):
            item.error = answer
        else:
            yield item, answer


def refuse_twins(
    items: t.Sequence[I],
    identity: t.Callable[[I], t.Optional[t.Hashable]],
    sentence: t.Callable[[I, int], str] = lambda item, first: (
        f"It means the same certificate as item {first}: leave one of them out."
    ),
) -> None:
    """Refuse every item with the same certificate as an earlier item: they would undo each other's work.

    identity: None for an item that has none yet. sentence: the item and the number of the earlier item → the message.
    """
    seen: dict[t.Hashable, int] = {}
    for number, item in enumerate(items, 1):
        own = identity(item) if item.is_open else None
        if own is not None:
            first = seen.setdefault(own, number)
            if first != number:
                item.error = InvalidInput(sentence(item, first))
