# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of certificates (acm-rules §10), by the operations for certificates and by those for all resources."""

from __future__ import annotations

import typing as t

from .call import Call, Fault, Operation
from ..settings import Settings


def tag_dict(tags: t.Sequence[t.Mapping[str, str]]) -> dict[str, str]:
    """Key → value of a request's tags; a tag without a value gets an empty value."""
    wanted = {tag["Key"]: tag.get("Value", "") for tag in tags}
    if len(wanted) != len(tags):
        raise Fault("InvalidParameterException", "The request has the same tag key twice.")
    return wanted


def check_tags(given: t.Mapping[str, str], all_tags: t.Mapping[str, str], settings: Settings) -> None:
    """`given`: the tags in the request. `all_tags`: all tags that the certificate would have afterwards."""
    for key, value in given.items():
        if len(key) > settings.max_tag_key_length or len(value) > settings.max_tag_value_length:
            raise Fault(
                "InvalidTagException",
                f"The tag {key[:40]} is too long: a key has at most {settings.max_tag_key_length} characters, "
                f"a value {settings.max_tag_value_length}.",
            )
        if key.lower().startswith("aws:"):
            raise Fault("InvalidTagException", f"The tag key {key} begins with aws:, which is reserved.")
        if not key.strip():
            raise Fault("InvalidTagException", "A tag key is empty.")
    if len(all_tags) > settings.max_tags:
        raise Fault("TooManyTagsException", f"A certificate has at most {settings.max_tags} tags.")


def list_tags_for_certificate(call: Call) -> dict[str, t.Any]:
    with call.read() as tx:
        tags = tx.tags(call.certificate(tx).id)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def add_tags_to_certificate(call: Call) -> dict[str, t.Any]:
    wanted = tag_dict(call.request["Tags"])
    with call.write() as tx:
        certificate = call.certificate(tx)
        check_tags(wanted, {**tx.tags(certificate.id), **wanted}, call.settings)
        tx.put_tags(certificate.id, wanted)
    return {}


def remove_tags_from_certificate(call: Call) -> dict[str, t.Any]:
    with call.write() as tx:
        certificate = call.certificate(tx)
        present = tx.tags(certificate.id)
        for tag in call.request["Tags"]:
            # With a value, the tag goes only if it has that value (API reference, RemoveTagsFromCertificate).
            if tag.get("Value") in (None, present.get(tag["Key"])):
                tx.remove_tag(certificate.id, tag["Key"])
    return {}


# TagResource, UntagResource and ListTagsForResource work on all resources of ACM; the authority has only certificates.
# Their errors have other names.


def tag_resource(call: Call) -> dict[str, t.Any]:
    try:
        return add_tags_to_certificate(call)
    except Fault as fault:
        code = "ServiceQuotaExceededException" if fault.code == "TooManyTagsException" else "ValidationException"
        raise fault if fault.code == "ResourceNotFoundException" else Fault(code, fault.message) from None


def untag_resource(call: Call) -> dict[str, t.Any]:
    with call.write() as tx:
        certificate = call.certificate(tx)
        for key in call.request["TagKeys"]:
            tx.remove_tag(certificate.id, key)
    return {}


def list_tags_for_resource(call: Call) -> dict[str, t.Any]:
    return list_tags_for_certificate(call)


OPERATIONS = {
    "AddTagsToCertificate": Operation(add_tags_to_certificate, ("CertificateArn", "Tags")),
    "ListTagsForCertificate": Operation(list_tags_for_certificate, ("CertificateArn",), is_short=True),
    "ListTagsForResource": Operation(list_tags_for_resource, ("ResourceArn",), is_short=True),
    "RemoveTagsFromCertificate": Operation(remove_tags_from_certificate, ("CertificateArn", "Tags")),
    "TagResource": Operation(tag_resource, ("ResourceArn", "Tags")),
    "UntagResource": Operation(untag_resource, ("ResourceArn", "TagKeys")),
}
