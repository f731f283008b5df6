# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration snippets: which exist, and where each is written. Their text is in the role's templates. Pure.

Every path comes from the role's variables, never from a host's answer.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

Entry = t.Mapping[str, t.Any]

# The names of a server's snippets: for one certificate, for all its certificates, for its TLS policy.
FILE_NAMES: dict[str, dict[str, str]] = {
    "nginx": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "apache": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "lighttpd": {"certificate": "{}.conf", "policy": "tls-policy.conf"},
    "caddy": {"certificate": "{}.conf"},
    "haproxy": {"list": "certificates.list", "policy": "tls-policy.cfg"},
}


def check_snippets(service: Entry) -> None:
    """Raise InvalidInput unless the requested snippets exist for the service."""
    name, folder = service["name"], service.get("snippets")
    if service.get("tls_policy") and not folder:
        raise InvalidInput(f"The tls_policy of {name} needs a folder for its snippet; give snippets.")
    if not folder:
        return
    if service["server"] not in FILE_NAMES:
        raise InvalidInput(
            f"There are no snippets for {name}, only for {', '.join(sorted(FILE_NAMES))}; leave out snippets."
        )
    if not str(folder).startswith("/"):
        raise InvalidInput(
            f"The folder {folder} for the snippets of {name} is not an absolute path; give an absolute path."
        )


def list_snippets(services: t.Iterable[Entry], base: str) -> list[dict[str, t.Any]]:
    """For each snippet its path and the data for its template. base: acm_deploy_path.

    A snippet with is_partial is missing the left-out certificates, so it must not replace one that may have them.
    """
    snippets: list[dict[str, t.Any]] = []
    for service in services:
        if not service.get("snippets"):
            continue
        names, used = FILE_NAMES[service["server"]], list(service["certificates"])
        wanted: list[tuple[str, str, list[str]]] = []
        if "certificate" in names:
            wanted += [("certificate", names["certificate"].format(folder), [folder]) for folder in used]
        if "list" in names:
            wanted.append(("list", names["list"], used))
        if "policy" in names and service.get("tls_policy"):
            wanted.append(("policy", names["policy"], []))
        for kind, file_name, shown in wanted:
            snippets.append(
                {
                    "service": service["name"],
                    "server": service["server"],
                    "tls_policy": service.get("tls_policy"),
                    "kind": kind,
                    "path": posixpath.join(str(service["snippets"]), file_name),
                    "folders": [posixpath.join(base, folder, "live") for folder in shown],
                    "is_partial": kind == "list" and bool(service["is_partial"]),
                }
            )
    return snippets
