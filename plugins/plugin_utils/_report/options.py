# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the variables of the playbook certops.acm.report: one sentence for each invalid variable. Pure."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import parse_window
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._deploy import wanted
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.variables import check_authority
from .moments import Entry

CONNECTION = (*wanted.CONNECTION, "endpoint_url")
S3 = ("bucket", "object", "region", "profile", "endpoint_url")
BOOLEANS = ("acm_report_details", "acm_report_diagnose", "acm_report_become")
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
MAX_TITLE = 200


def read_options(given: Entry, here: str) -> dict[str, t.Any]:
    """The variables, with an absolute path in acm_report_path, and the path of the files next to it as `stem`.

    given: the variables acm_report_… that are set. here: the folder in which the playbook was started. Raises
    InvalidInput with all faults.
    """
    wrong = [*_unknown(given), *_wrong_path(given), *_wrong_booleans(given), *_wrong_mode(given)]
    wrong += [*_wrong_connections(given), *_wrong_s3(given), *_wrong_title(given), *_wrong_window(given)]
    wrong += [*_wrong_timeout(given), *_wrong_resolvers(given)]
    if wrong:
        raise InvalidInput(" ".join(wrong))
    path = given["acm_report_path"]
    if path.startswith("~/") and _is_here(given):
        path = posixpath.expanduser(path)
    path = posixpath.normpath(posixpath.join(here, path))
    return {
        **given,
        **{name: is_true(given[name]) for name in BOOLEANS if name in given},
        "acm_report_path": path,
        "stem": path.rsplit(".", 1)[0],
    }


KNOWN = (
    "acm_report_path",
    "acm_report_mode",
    "acm_report_title",
    "acm_report_hosts",
    "acm_report_host",
    "acm_report_connections",
    "acm_report_resolvers",
    "acm_report_s3",
    "acm_report_timeout",
    "acm_deploy_renewals_renew_before",
    *BOOLEANS,
)


def is_true(value: t.Any) -> bool:
    return str(value).lower() in TRUE


def _unknown(given: Entry) -> t.Iterator[str]:
    for name in sorted(set(given) - set(KNOWN)):
        yield f"{name} is not a variable of certops.acm.report; its variables are {', '.join(sorted(KNOWN))}."


def _wrong_path(given: Entry) -> t.Iterator[str]:
    path = given.get("acm_report_path")
    if not isinstance(path, str) or not re.search(r"[^/]\.html$", path):
        yield f"acm_report_path is {path!r}: give the path of a file that ends in .html."
    elif not path.startswith("/") and not _is_here(given):
        yield f"acm_report_path is {path!r}: give an absolute path, because it is on another host or for another user."


def _is_here(given: Entry) -> bool:
    return given.get("acm_report_host", "localhost") == "localhost" and not is_true(given.get("acm_report_become"))


def _wrong_booleans(given: Entry) -> t.Iterator[str]:
    for name in BOOLEANS:
        if name in given and str(given[name]).lower() not in (*TRUE, *FALSE):
            yield f"{name} is {given[name]!r}: give true or false."


def _wrong_mode(given: Entry) -> t.Iterator[str]:
    mode = given.get("acm_report_mode")
    if mode is not None and not (isinstance(mode, str) and re.fullmatch(r"0?[0-7]{3}", mode)):
        yield f"acm_report_mode is {mode!r}: give the mode of the files in octal digits in quotes, for example '0640'."


def _wrong_connections(given: Entry) -> t.Iterator[str]:
    connections = given.get("acm_report_connections", [])
    if not isinstance(connections, (list, tuple)) or not all(isinstance(each, t.Mapping) for each in connections):
        yield "acm_report_connections is not a list of dictionaries such as {region: eu-central-1, profile: shop}."
        return
    for number, connection in enumerate(connections, 1):
        yield from _unknown_keys("acm_report_connections", connection, CONNECTION)
        try:
            check_authority(connection.get("authority"), f"authority in item {number} of acm_report_connections")
        except InvalidInput as error:
            yield str(error)
        if connection.get("authority") and any(connection.get(key) for key in CONNECTION[1:]):
            yield (
                f"acm_report_connections has the authority {connection['authority']} with a region, profile or "
                "endpoint: an authority needs none of them."
            )


def _wrong_s3(given: Entry) -> t.Iterator[str]:
    s3 = given.get("acm_report_s3")
    if s3 is None:
        return
    if not isinstance(s3, t.Mapping):
        yield "acm_report_s3 is not a dictionary such as {bucket: reports, object: certificates/index.html}."
        return
    yield from _unknown_keys("acm_report_s3", s3, S3)
    if not s3.get("bucket"):
        yield "acm_report_s3 has no bucket."
    if s3.get("object") is not None and not re.search(r"[^/]\.html$", str(s3["object"])):
        yield f"acm_report_s3.object is {s3['object']!r}: give a name that ends in .html."


def _wrong_title(given: Entry) -> t.Iterator[str]:
    title = given.get("acm_report_title")
    if title is not None and not (isinstance(title, str) and 0 < len(title) <= MAX_TITLE):
        yield f"acm_report_title must be a text of 1 to {MAX_TITLE} characters."


def _wrong_timeout(given: Entry) -> t.Iterator[str]:
    timeout = given.get("acm_report_timeout")
    try:
        is_right = timeout is None or 0 < float(timeout) < float("inf")
    except (TypeError, ValueError):
        is_right = False
    if not is_right:
        yield f"acm_report_timeout is {timeout!r}: give a number of seconds greater than 0."


def _wrong_resolvers(given: Entry) -> t.Iterator[str]:
    resolvers = given.get("acm_report_resolvers")
    if resolvers is not None and not isinstance(resolvers, (list, tuple)):
        yield "acm_report_resolvers is not a list of addresses such as [192.0.2.1]."


def _wrong_window(given: Entry) -> t.Iterator[str]:
    if given.get("acm_deploy_renewals_renew_before"):
        try:
            parse_window(given["acm_deploy_renewals_renew_before"], "acm_deploy_renewals_renew_before")
        except InvalidInput as error:
            yield str(error)


def _unknown_keys(name: str, given: Entry, known: t.Sequence[str]) -> t.Iterator[str]:
    for key in sorted(set(map(str, given)) - set(known)):
        yield f"{name} has {key!r}, which is not one of {', '.join(known)}."
