# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a user wants in ACM: options and files read and checked before ACM is called."""

from __future__ import annotations

import os
import stat
import typing as t
from dataclasses import dataclass
from datetime import datetime

from .._rules import tags as tag_rules
from .._rules.arns import check_certificate_arn
from .._rules.errors import InvalidInput, InvalidMaterial
from .._x509 import pem
from .._x509.material import Ready, holds_private_key, make_ready, refuse_misplaced_key
from .._x509.source_reading import MAX_SOURCE_OCTETS, Source
from .trust_list import is_issuer_trusted

KINDS = ("certificate", "private_key", "certificate_chain", "bundle")
PATHS = tuple(f"{kind}_path" for kind in KINDS)
# Options that may name an item in messages if its options are refused; none of them can contain a secret
SHOWN_OPTIONS = ("name_tag", "certificate_arn", "certificate_path", "bundle_path")
# Options of a single certificate, which a task with `certificates` cannot have
ONE_CERTIFICATE = (*KINDS, *PATHS, "certificate_arn", "name_tag")


@dataclass(frozen=True)
class Wanted:
    """One certificate as a user wants it in ACM. None: not given, so nothing is changed."""

    ready: Ready
    arn: t.Optional[str] = None
    name_tag: t.Optional[str] = None
    tags: t.Optional[dict[str, str]] = None
    purge_tags: bool = True
    replace: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return pem.describe(self.ready.certificate)

    @property
    def key_algorithm(self) -> str:
        return pem.key_algorithm(self.ready.certificate.public_key())

    @property
    def all_tags(self) -> t.Optional[dict[str, str]]:
        """The tags, including the name tag; None if no tag was given, so that tags are ignored."""
        if self.name_tag is None:
            return self.tags
        return {**(self.tags or {}), "Name": self.name_tag}

    def tags_after(self, present: dict[str, str]) -> dict[str, str]:
        return tag_rules.changed(present, self.tag_change(present))

    def tag_change(self, present: dict[str, str]) -> tag_rules.Change:
        return tag_rules.change(present, self.all_tags or {}, self.purge_tags and self.tags is not None)


def read(options: t.Mapping[str, t.Any], now: datetime, *, shared_passphrase: t.Optional[str] = None) -> Wanted:
    """The certificate described by the options of a task, or of one of its items. Raises InvalidInput.

    shared_passphrase: the task's passphrase for all items, which not all of them may need.
    """
    refuse_misplaced_key(dict(options))
    arn, name_tag, tags = _text(options, "certificate_arn"), _text(options, "name_tag"), options.get("tags")
    if arn:
        check_certificate_arn(arn)
    if name_tag is not None and (tags or {}).get("Name", name_tag) != name_tag:
        raise InvalidInput("name_tag and the tag Name in tags differ; leave one of them out.")
    passphrase = options.get("passphrase")
    ready = make_ready(
        _sources(options),
        passphrase.encode("utf-8", "surrogateescape") if passphrase else None,
        now,
        keep_root=bool(options.get("keep_root")),
        is_trusted=is_issuer_trusted,
    )
    warnings = list(ready.warnings)
    if passphrase and passphrase != shared_passphrase and not ready.was_encrypted:
        warnings.append(
            f"A passphrase was given for {pem.describe(ready.certificate)}, but its private key is not encrypted: "
            "check that nobody else can read it."
        )
    wanted = Wanted(
        ready=ready,
        arn=arn,
        name_tag=name_tag,
        tags=None if tags is None else tag_rules.check(tags),
        purge_tags=options.get("purge_tags") is not False,
        replace=bool(options.get("replace")),
        warnings=tuple(warnings),
    )
    tag_rules.check(wanted.all_tags or {})
    return wanted


def check_region(wanted: Wanted, region: str) -> None:
    """Raise InvalidInput if the certificate to replace is in a region other than the task's."""
    if wanted.arn:
        check_certificate_arn(wanted.arn, region)


def misplaced_keys(options: t.Mapping[str, t.Any]) -> set[str]:
    """Texts with a private key in an option that is shown in logs."""
    every = [options, *(item for item in options.get("certificates") or () if item)]
    texts = [each.get(option) for each in every for option in ("certificate", "certificate_chain")]
    return {text for text in texts if holds_private_key(text)}


def _text(options: t.Mapping[str, t.Any], name: str) -> t.Optional[str]:
    """An option's text; None if it is empty, which is what templates make of a missing value."""
    value = options.get(name)
    return value if value and value.strip() else None


def _sources(options: t.Mapping[str, t.Any]) -> list[Source]:
    found = []
    for kind in KINDS:
        text, path = options.get(kind), options.get(f"{kind}_path")
        if text is not None:
            found.append(Source(kind, kind, text.encode("utf-8", "surrogateescape")))
        if path:
            where = f"{kind}_path {path}"
            found.append(Source(where, kind, _content(path, where)))
    if not found:
        raise InvalidInput(
            "There is nothing to import; give certificate and private_key, or bundle, or their _path options."
        )
    return found


def _content(path: str, where: str) -> bytes:
    try:
        # a pipe or a device must not make the task wait, or read forever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InvalidMaterial("file", f"{where} is not a regular file.")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(MAX_SOURCE_OCTETS + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidMaterial):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, FileNotFoundError):
            folder = "" if os.path.isabs(path) else f" in {os.getcwd()}"
            reason = f"there is no such file{folder} on the host that the module runs on"
        raise InvalidMaterial("file", f"{where} cannot be read: {reason}.") from error
