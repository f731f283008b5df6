# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GetResources of the tagging API, for certificates: tools use it to read the tags of all of them at once."""

from __future__ import annotations

import functools
import json
import typing as t

from ..authority import Authority
from ..operations.call import Fault
from . import shapes
from .endpoint import members_of
from .messages import Reply, error

TARGET = "ResourceGroupsTaggingAPI_20170126.GetResources"
PAGE_SIZE = 50  # if the request names no number
MOST_ARNS = 100

Tags = t.Mapping[str, str]


def get_resources(authority: Authority, body: bytes) -> Reply:
    """The tags of certificates that have any, page by page."""
    try:
        members = shapes.read(_shape(), members_of(body))
    except Fault as fault:
        return _refused(fault.message)
    wanted_arns = members.get("ResourceARNList") or []
    filters = [(each.get("Key"), each.get("Values") or []) for each in members.get("TagFilters") or []]
    types = set(members.get("ResourceTypeFilters") or ["acm"])
    size = members.get("ResourcesPerPage") or (MOST_ARNS if wanted_arns else PAGE_SIZE)
    last = members.get("PaginationToken") or ""
    if wanted_arns and (filters or members.get("ResourcesPerPage")):
        return _refused("Give neither filters nor pagination with ARNs.")
    if not 1 <= size <= 100 or not all(key for key, _values in filters):
        return _refused("Give 1 to 100 resources per page, and each filter a key.")
    found: list[tuple[str, Tags]] = []
    if types & {"acm", "acm:certificate"}:
        for arn, tags in _chosen(authority, wanted_arns) if wanted_arns else _tagged(authority, last):
            if all(key in tags and (not values or tags[key] in values) for key, values in filters):
                found.append((arn, tags))
            if len(found) > size:
                break
    token = found[size - 1][0].rpartition("/")[2] if len(found) > size else ""
    shown = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": tags[key]} for key in tags]} for arn, tags in found[:size]
    ]
    answer = {"PaginationToken": token, "ResourceTagMappingList": shown}
    return error(200, "", "")._replace(body=json.dumps(answer).encode())


@functools.lru_cache(maxsize=1)
def _shape() -> t.Any:
    """botocore's model of the request."""
    import botocore.session

    tagging = botocore.session.Session().get_service_model("resourcegroupstaggingapi")
    return tagging.operation_model("GetResources").input_shape


def _refused(message: str) -> Reply:
    return error(400, "InvalidParameterException", message)


def _chosen(authority: Authority, arns: t.Iterable[str]) -> t.Iterator[tuple[str, Tags]]:
    """ARN and tags of the given certificates, without those that do not exist or have no tags."""
    with authority.store.read() as tx:
        for arn in arns:
            found = tx.certificate(arn.rpartition("/")[2])
            tags = tx.tags(found.id) if found and found.arn == arn else {}
            if tags:
                yield arn, tags


def _tagged(authority: Authority, last: str) -> t.Iterator[tuple[str, Tags]]:
    """ARN and tags of every certificate that has tags, beginning after the id `last`."""
    while True:
        with authority.store.read() as tx:
            page = [(each, tx.tags(each)) for each in tx.ids_after(last, 200)]
        if not page:
            return
        last = page[-1][0]
        yield from ((authority.arn("acm", f"certificate/{each}"), tags) for each, tags in page if tags)
