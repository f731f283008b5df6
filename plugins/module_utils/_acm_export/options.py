# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One export as a user wants it: options read and checked before ACM is called."""

from __future__ import annotations

import os
import typing as t

from .._files.atomic import FileSpec
from .._files.certificate_files import FILE_NAMES, SECRET_FORMS, read_id, read_mode
from .._rules.arns import check_certificate_arn
from .._rules.errors import InvalidInput
from .._rules.names import check_domain_name, name_set
from .._rules.passphrases import check_passphrase, octets
from .item import Item, Wanted

DEFAULT_FORMS = ("cert", "chain", "fullchain", "key")
# Options that only one export can have, so a task that has `certificates` cannot have them.
ONE_EXPORT = ("certificate_arn", "domain_name", "subject_alternative_names", "path", "files")


def read(options: dict[str, t.Any]) -> Wanted:
    """Check the options of one export. Raises InvalidInput."""
    arn, domain_name = options.get("certificate_arn"), options.get("domain_name")
    alternatives, passphrase = options.get("subject_alternative_names"), options.get("passphrase")
    if bool(arn) == bool(domain_name):
        raise InvalidInput("Specify the certificate with either certificate_arn or domain_name.")
    if alternatives is not None and arn:
        raise InvalidInput("subject_alternative_names is only for domain_name; leave it out with certificate_arn.")
    names = None
    if arn:
        check_certificate_arn(arn)
    else:
        domain_name = check_domain_name(str(domain_name), option="domain_name")
        if alternatives is not None:
            names = name_set(
                domain_name, [check_domain_name(name, option="subject_alternative_names") for name in alternatives]
            )
    secret = None if passphrase is None else octets(passphrase)
    if secret is not None:
        check_passphrase(secret)
    files = tuple(_files(options))
    for what, is_asked in (
        ("A PKCS#12", options.get("return_pkcs12") or any(spec.form == "pkcs12" for spec in files)),
        ("encrypt_key", options.get("encrypt_key")),
    ):
        if is_asked and secret is None:
            raise InvalidInput(f"{what} needs a passphrase, otherwise nobody could open the result; give passphrase.")
    return Wanted(
        arn=arn,
        domain_name=domain_name,
        names=names,
        passphrase=secret,
        files=files,
        encrypts_key=bool(options.get("encrypt_key")),
        returns_key=bool(options.get("return_private_key") or options.get("return_pkcs12")),
        returns_pkcs12=bool(options.get("return_pkcs12")),
        pkcs12_alias=options.get("pkcs12_alias") or None,
        is_pkcs12_legacy=bool(options.get("pkcs12_legacy")),
    )


def _files(options: dict[str, t.Any]) -> t.Iterator[FileSpec]:
    folder, files = options.get("path"), options.get("files")
    chosen: dict[str, dict[str, t.Any]] = {form: each for form, each in (files or {}).items() if each is not None}
    if folder and not chosen:
        chosen = {form: {} for form in DEFAULT_FORMS}
    for form, own in chosen.items():
        name = os.path.expanduser(own.get("path") or FILE_NAMES[form])
        if not os.path.isabs(name) and not folder:
            raise InvalidInput(f"files.{form} has no folder; give path, or an absolute path in files.{form}.path.")
        path = os.path.normpath(os.path.join(folder or "/", name))
        group = own.get("group") or options.get("group")
        default = 0o644 if form not in SECRET_FORMS else 0o640 if group else 0o600
        option, wanted = f"files.{form}.mode", own.get("mode")
        if form in SECRET_FORMS and wanted in (None, ""):
            option, wanted = "mode", options.get("mode")
        mode = read_mode(option, wanted, default)
        if form in SECRET_FORMS and mode & 0o007:
            raise InvalidInput(
                f"The mode {mode:04o} of {path} would let every user read its key; use 0640 and a group, or 0600."
            )
        yield FileSpec(
            form,
            path,
            mode,
            read_id("owner", own.get("owner") or options.get("owner")),
            read_id("group", group),
        )


def refuse_shared_files(items: t.Sequence[Item]) -> None:
    seen: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        for spec in item.wanted.files if item.wanted else ():
            first = seen.setdefault(spec.path, number)
            if first != number:
                item.error = InvalidInput(
                    f"{spec.path} is a file of both items {first} and {number}; give them different files."
                )
            elif [each.path for each in item.want.files].count(spec.path) > 1:
                item.error = InvalidInput(f"{spec.path} is given for several forms; give a different file for each.")
