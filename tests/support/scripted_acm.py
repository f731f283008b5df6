# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two stand-ins for client.Acm: one expects exact requests, the other has a fleet and counts calls.

acm = ScriptedAcm(
    ("DescribeCertificate", {"CertificateArn": ARN}, {"Certificate": detail}),
    ("DeleteCertificate", {"CertificateArn": ARN}, AcmError("DeleteCertificate", "ResourceInUseException", "in use")),
)
…
acm.check_is_done()
"""

from __future__ import annotations

import collections
import typing as t
from datetime import datetime, timedelta, timezone

from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._certificates.inventory import NO_ANSWER
from botocore.exceptions import ClientError

REGION = "eu-central-1"
READS = ("Describe", "List", "Search", "Get")
CREATED_AT = datetime(2026, 6, 1, tzinfo=timezone.utc)


def arn(number: int) -> str:
    return f"arn:aws:acm:{REGION}:123456789012:certificate/{number:08d}-0000-0000-0000-000000000000"


class _Door:
    """What both have in common: every kind of call ends in `answer`."""

    region = REGION

    def __init__(self, is_authority: bool) -> None:
        self.is_authority = is_authority
        self.calls: list[tuple[str, dict[str, t.Any]]] = []

    def answer(self, operation: str, members: dict[str, t.Any]) -> dict[str, t.Any]:
        raise NotImplementedError

    @property
    def counts(self) -> dict[str, int]:
        return dict(collections.Counter(operation for operation, _members in self.calls))

    @property
    def writes(self) -> list[str]:
        return [operation for operation, _members in self.calls if not operation.startswith(READS)]

    def call(self, operation: str, **members: t.Any) -> dict[str, t.Any]:
        members = {name: value for name, value in members.items() if value is not None}
        self.calls.append((operation, members))
        return self.answer(operation, members)

    def pages(self, operation: str, **members: t.Any) -> t.Iterator[dict[str, t.Any]]:
        token = None
        while True:
            page = dict(self.call(operation, NextToken=token, **members))
            token = page.pop("NextToken", None)
            yield page
            if not token:
                return

    def each(self, operation: str, requests: t.Sequence[dict[str, t.Any]]) -> list[t.Any]:
        answers: list[t.Any] = []
        for request in requests:
            try:
                answers.append(self.call(operation, **request))
            except AcmError as error:
                answers.append(error)
        return answers

    def takes(self, operation: str, member: str) -> bool:
        return True

    def first_answer_at(self, operation: str) -> t.Optional[datetime]:
        return None

    def client(self, service: str) -> t.Any:
        assert service == "resourcegroupstaggingapi"
        return self

    def get_resources(self, **members: t.Any) -> dict[str, t.Any]:
        return self.call("GetResources", **members)


class ScriptedAcm(_Door):
    """Expects these calls (operation, members, answer) in this order; an answer may be an error to raise."""

    def __init__(self, *script: tuple[str, dict[str, t.Any], t.Any], is_authority: bool = False) -> None:
        super().__init__(is_authority)
        self._script = list(script)

    def answer(self, operation: str, members: dict[str, t.Any]) -> dict[str, t.Any]:
        assert self._script, f"unexpected {operation} {members}"
        expected, wanted, answer = self._script.pop(0)
        assert (operation, members) == (expected, wanted)
        if isinstance(answer, Exception):
            raise answer
        return t.cast("dict[str, t.Any]", answer)

    def check_is_done(self) -> None:
        assert self._script == []


class Fleet(_Door):
    """Has the public certificates 0 to N-1 (www<number>.example.com, tag number=<number>) and counts every call.

    can_search, can_tag: whether SearchCertificates and the tagging API are available. exported: ARNs.
    """

    def __init__(self, size: int, *, can_search: bool = True, can_tag: bool = True, is_authority: bool = False) -> None:
        super().__init__(is_authority)
        self.can_search = can_search
        self.can_tag = can_tag
        self.details = {arn(number): self._detail(number) for number in range(size)}
        self.exported: set[str] = set()
        self.tags = {arn(number): {"number": str(number), "fleet": "blue"} for number in range(size)}

    def _detail(self, number: int) -> dict[str, t.Any]:
        name = f"www{number}.example.com"
        created_at = CREATED_AT + timedelta(minutes=number)
        return {
            "CertificateArn": arn(number),
            "DomainName": name,
            "SubjectAlternativeNames": [name],
            "Status": "ISSUED",
            "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": "RSA-2048",
            "Serial": f"{number // 256:02x}:{number % 256:02x}",
            "CreatedAt": created_at,
            "IssuedAt": created_at,
            "NotBefore": created_at,
            "NotAfter": created_at + timedelta(days=395),
            "InUseBy": [],
            "RenewalEligibility": "INELIGIBLE",
            "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
            "DomainValidationOptions": [
                {
                    "DomainName": name,
                    "ValidationMethod": "DNS",
                    "ValidationStatus": "SUCCESS",
                    "ResourceRecord": record(name),
                }
            ],
        }

    def answer(self, operation: str, members: dict[str, t.Any]) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", getattr(self, f"_{operation}")(members))

    def _SearchCertificates(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        if not self.can_search:
            raise AcmError("SearchCertificates", "AccessDeniedException", "not authorized")
        statement = members.get("FilterStatement")
        everything = [
            {**known, "Exported": known["CertificateArn"] in self.exported} for known in self.details.values()
        ]
        found = [known for known in everything if statement is None or _holds(statement, known)]
        return _page("Results", [_search_result(known) for known in found], members, members.get("MaxResults", 100))

    def _ListCertificates(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        types = members.get("Includes", {}).get("keyTypes") or ["RSA_1024", "RSA_2048"]
        origins = members.get("CertificateKeyPairOrigins") or ["AWS_MANAGED", "CUSTOMER_PROVIDED"]
        found = [
            {**known, "Exported": known["CertificateArn"] in self.exported}
            for known in self.details.values()
            if known["KeyAlgorithm"].replace("-", "_") in types
            and known.get("CertificateKeyPairOrigin", "AWS_MANAGED") in origins
            and known.get("RootHierarchyType") in (members.get("RootHierarchyTypes") or [None])
        ]
        return _page(
            "CertificateSummaryList", [_summary(known) for known in found], members, members.get("MaxItems", 100)
        )

    def _DescribeCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        if members["CertificateArn"] not in self.details:
            raise AcmError("DescribeCertificate", "ResourceNotFoundException", "no such certificate")
        return {"Certificate": self.details[members["CertificateArn"]]}

    def _GetCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        return {"Certificate": "PEM of " + members["CertificateArn"]}

    def _ListTagsForCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        return {"Tags": _tags(self.tags[members["CertificateArn"]])}

    def _AddTagsToCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        self.tags[members["CertificateArn"]].update({tag["Key"]: tag["Value"] for tag in members["Tags"]})
        return {}

    def _RemoveTagsFromCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        for tag in members["Tags"]:
            self.tags[members["CertificateArn"]].pop(tag["Key"], None)
        return {}

    def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        number = len(self.details)
        detail = self._detail(number)
        names = [members["DomainName"], *members.get("SubjectAlternativeNames", ())]
        detail.update(DomainName=names[0], SubjectAlternativeNames=names)
        detail["KeyAlgorithm"] = members.get("KeyAlgorithm", "RSA_2048")
        self.details[arn(number)] = detail
        self.tags[arn(number)] = {tag["Key"]: tag["Value"] for tag in members.get("Tags", ())}
        return {"CertificateArn": arn(number)}

    def _DeleteCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        del self.details[members["CertificateArn"]]
        return {}

    def _GetResources(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
        if not self.can_tag:
            assert ClientError in NO_ANSWER
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetResources")
        wanted = [(each["Key"], each.get("Values")) for each in members.get("TagFilters", ())]
        assert len(members.get("ResourceARNList", ())) <= 100
        found = [
            (arn, tags)
            for arn, tags in self.tags.items()
            if arn in members.get("ResourceARNList", [arn])
            if all(key in tags and (not values or tags[key] in values) for key, values in wanted)
        ]
        start = int(members.get("PaginationToken") or 0)
        end = start + members.get("ResourcesPerPage", 100)
        mapping = [{"ResourceARN": arn, "Tags": _tags(tags)} for arn, tags in found[start:end]]
        return {"ResourceTagMappingList": mapping, "PaginationToken": str(end) if end < len(found) else ""}


def record(name: str) -> dict[str, str]:
    return {"Name": f"_a79865eb4cd1a6ab.{name}.", "Type": "CNAME", "Value": "_c1d2.xyz.acm-validations.aws."}


def _page(key: str, found: list[t.Any], members: dict[str, t.Any], size: int) -> dict[str, t.Any]:
    start = int(members.get("NextToken") or 0)
    page = {key: found[start : start + size]}
    return {**page, "NextToken": str(start + size)} if start + size < len(found) else page


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _holds(statement: dict[str, t.Any], known: dict[str, t.Any]) -> bool:
    if "And" in statement:
        assert len(statement["And"]) <= 15
        return all(_holds(each, known) for each in statement["And"])
    if "Or" in statement:
        assert len(statement["Or"]) <= 15
        return any(_holds(each, known) for each in statement["Or"])
    condition = statement["Filter"]
    if "CertificateArn" in condition:
        return bool(condition["CertificateArn"] == known["CertificateArn"])
    if "AcmCertificateMetadataFilter" in condition:
        ((member, value),) = condition["AcmCertificateMetadataFilter"].items()
        return bool({"InUse": bool(known["InUseBy"])}.get(member, known.get(member)) == value)
    ((member, value),) = condition["X509AttributeFilter"].items()
    if member == "SubjectAlternativeName":
        return value["DnsName"]["Value"] in known["SubjectAlternativeNames"]
    if member == "NotAfter":
        return bool(value.get("Start", known["NotAfter"]) <= known["NotAfter"] <= value["End"])
    return bool(known[member].replace("-", "_") == value)


def _search_result(known: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "CertificateArn": known["CertificateArn"],
        "X509Attributes": {
            "Subject": {"CommonName": known["DomainName"]},
            "Issuer": {"CommonName": "Amazon RSA 2048 M01", "Organization": "Amazon"},
            "SubjectAlternativeNames": [{"DnsName": name} for name in known["SubjectAlternativeNames"]],
            "KeyAlgorithm": known["KeyAlgorithm"],
            "SerialNumber": known["Serial"],
            "NotBefore": known["NotBefore"],
            "NotAfter": known["NotAfter"],
        },
        "CertificateMetadata": {
            "AcmCertificateMetadata": {
                "CreatedAt": known["CreatedAt"],
                "IssuedAt": known["IssuedAt"],
                "Status": known["Status"],
                "Type": known["Type"],
                "InUse": bool(known["InUseBy"]),
                "Exported": known["Exported"],
                "RenewalEligibility": known["RenewalEligibility"],
                "ExportOption": known["Options"]["Export"],
                "ValidationMethod": "DNS",
                **{key: known["RenewalSummary"][key] for key in ("RenewalStatus",) if "RenewalSummary" in known},
            }
        },
    }


def _summary(known: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "CertificateArn": known["CertificateArn"],
        "DomainName": known["DomainName"],
        "SubjectAlternativeNameSummaries": known["SubjectAlternativeNames"],
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": known["Status"],
        "Type": known["Type"],
        "KeyAlgorithm": known["KeyAlgorithm"],
        "InUse": bool(known["InUseBy"]),
        "Exported": known["Exported"],
        "RenewalEligibility": known["RenewalEligibility"],
        "ExportOption": known["Options"]["Export"],
        "NotBefore": known["NotBefore"],
        "NotAfter": known["NotAfter"],
        "CreatedAt": known["CreatedAt"],
        "IssuedAt": known["IssuedAt"],
    }
