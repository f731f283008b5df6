# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel that keeps one finding per certificate in AWS Security Hub, in the AWS Security Finding Format.

The finding's Id is the certificate's ARN, so that later alerts update it. It describes everything that is wrong with
the certificate at present, and is archived once nothing is wrong any more."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from datetime import datetime, timezone

from .. import text
from . import aws
from ..alert import (
    KINDS,
    Alert,
    Attempt,
    Channel,
    Receipt,
    Undelivered,
    by_urgency,
    clip,
    one_line,
)
from ..._rules.errors import InvalidInput
from ..._rules.sentences import condense

SERVICE = "securityhub"
FINDINGS_A_CALL = 100
GENERATOR = "certops.acm/acm_alert"
TYPE = "Software and Configuration Checks/AWS Config Analysis"  # as the sample of the ACM user guide has it
_LABELS = {"info": "INFORMATIONAL", "warning": "MEDIUM", "critical": "HIGH"}
_COMPLIANCE = {"info": "PASSED", "warning": "WARNING", "critical": "FAILED"}
_KEYS = "certops.acm/keys"
_ARN = re.compile(r"arn:(?P<partition>[\w-]+):acm:(?P<region>[\w-]+):(?P<account>\d{12}):certificate/(?P<id>[\w-]+)")
_PRODUCT = re.compile(r"arn:[\w-]+:securityhub:(?P<region>[\w-]*):(?P<account>\d{12}):product/[\w-]+/[\w-]+")
# The members of GetFindings' answer that BatchImportFindings accepts.
_OWN = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "Types",
    "CreatedAt",
    "Severity",
    "Title",
    "Description",
    "Remediation",
    "ProductFields",
    "Resources",
)


class SecurityHub(Channel):
    default_kinds = tuple(
        kind for kind in KINDS if kind not in ("deployed", "resolved")
    )  # findings are about things that are wrong

    def __init__(
        self,
        settings: t.Mapping[str, t.Any],
        *,
        is_digest: bool = True,
        connect: aws.Connect,
        now: t.Callable[[], datetime],
    ) -> None:
        super().__init__(settings, is_digest=is_digest)
        self._region: t.Optional[str] = settings.get("region")
        self._product_arn: t.Optional[str] = settings.get("product_arn")
        if self._product_arn and not _PRODUCT.fullmatch(self._product_arn):
            raise InvalidInput(
                f"Channel {self.name}: product_arn {self._product_arn!r} is not the ARN of a Security Hub product."
            )
        self._connect = connect
        self._now = now
        self._filed_under: t.Optional[tuple[str, str]] = None
        self._open: t.Optional[list[dict[str, t.Any]]] = None

    def wants(self, alert: Alert, told: t.Optional[t.Mapping[str, t.Mapping[str, str]]] = None) -> bool:
        return not alert.answers and super().wants(alert, told)  # what is over is archived

    def split(self, due: t.Sequence[Alert]) -> list[list[Alert]]:
        subjects: dict[str, list[Alert]] = {}
        for alert in by_urgency(due):
            subjects.setdefault(alert.subject, []).append(alert)
        each = list(subjects.values())
        starts = range(0, len(each), FINDINGS_A_CALL)
        return [[alert for there in each[start : start + FINDINGS_A_CALL] for alert in there] for start in starts]

    def prepare(self, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Attempt:
        def attempt() -> Receipt:
            product_arn, account_id = self._product()
            at = self._now()
            subjects = dict.fromkeys(alert.subject for alert in alerts)
            about = {subject: [alert for alert in current if alert.subject == subject] for subject in subjects}
            since = {
                existing["Id"]: existing["CreatedAt"]
                for existing in self._active(product_arn)
                if "CreatedAt" in existing
            }
            made = {}
            for subject in subjects:
                each = finding(about[subject], product_arn, account_id, at)
                made[each["Id"]] = subject, {**each, "CreatedAt": since.get(each["Id"], each["CreatedAt"])}
            refused = self._import([each for _subject, each in made.values()])
            words = {made[identifier][0]: said for identifier, said in refused.items() if identifier in made}
            return Receipt(refused={alert.key: words[alert.subject] for alert in alerts if alert.subject in words})

        return attempt

    def resolve(self, resolved: t.Collection[str], current: t.Sequence[Alert], is_check: bool) -> list[str]:
        if not resolved:
            return []
        product_arn, _account_id = self._product()
        still = {finding_id(alert.subject) for alert in current}
        over = [
            existing
            for existing in self._active(product_arn)
            if existing["Id"] not in still and is_over(existing, resolved)
        ]
        if over and not is_check:
            self._archive(over)
        return [_subject_of(existing) for existing in over]

    def _archive(self, findings: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Resolve, then archive: a finding for which either fails is still active, and so is found again the next
        time."""
        at = _time(self._now())
        for start in range(0, len(findings), FINDINGS_A_CALL):
            batch = findings[start : start + FINDINGS_A_CALL]
            answer = self._call(
                "batch_update_findings",
                FindingIdentifiers=[{"Id": existing["Id"], "ProductArn": existing["ProductArn"]} for existing in batch],
                Workflow={"Status": "RESOLVED"},
            )
            refused = {
                problem["FindingIdentifier"][
                    "Id"
                ]: f"{problem['ErrorCode']}: {problem.get('ErrorMessage') or 'no reason was given'}"
                for problem in answer.get("UnprocessedFindings") or ()
            }
            taken = [archived(existing, at) for existing in batch if existing["Id"] not in refused]
            refused.update(self._import(taken) if taken else {})
            if refused:
                said = next(iter(refused.values())).rstrip(".")
                raise Undelivered(f"Security Hub did not close {len(refused)} of the obsolete findings: {said}.")

    def _active(self, product_arn: str) -> list[dict[str, t.Any]]:
        """Our open findings, read once."""
        if self._open is None:
            self._open = [existing for existing in self._read(product_arn) if is_open(existing)]
        return self._open

    def _read(self, product_arn: str) -> t.Iterator[dict[str, t.Any]]:
        equals = {"Comparison": "EQUALS"}
        filters = {
            "ProductArn": [{"Value": product_arn, **equals}],
            "GeneratorId": [{"Value": GENERATOR, **equals}],
            "RecordState": [{"Value": "ACTIVE", **equals}],
        }
        token: dict[str, str] = {}
        while True:
            page = self._call("get_findings", Filters=filters, MaxResults=FINDINGS_A_CALL, **token)
            yield from page["Findings"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _import(self, findings: t.Sequence[dict[str, t.Any]]) -> dict[str, str]:
        """Returns what was refused: Id → why."""
        answer = self._call("batch_import_findings", Findings=list(findings))
        return {
            problem["Id"]: f"Security Hub refuses the finding ({problem['ErrorCode']}): {problem['ErrorMessage']}"
            for problem in answer.get("FailedFindings") or ()
        }

    def _product(self) -> tuple[str, str]:
        """The product's ARN, and the account that findings are filed under: by default the task's own."""
        if self._filed_under is None:
            client = self._client(SERVICE)
            self._region = self._region or client.meta.region_name
            caller = aws.call(self._connect, "sts", None, "get_caller_identity")
            account_id, partition = str(caller["Account"]), str(caller["Arn"]).split(":")[1]
            own = f"arn:{partition}:securityhub:{self._region}:{account_id}:product/{account_id}/default"
            self._filed_under = self._product_arn or own, account_id
        return self._filed_under

    def _client(self, service: str) -> t.Any:
        try:
            return self._connect(service, self._region)
        except InvalidInput as error:
            raise Undelivered(str(error)) from error

    def _call(self, method: str, **members: t.Any) -> dict[str, t.Any]:
        return aws.call(self._connect, SERVICE, self._region, method, **members)


# ---------------------------------------------------------------- findings, pure


def finding_id(subject: str) -> str:
    """An ARN unchanged; something longer than Security Hub accepts as its digest."""
    return subject if len(subject) <= 512 else "sha256:" + hashlib.sha256(subject.encode("utf-8")).hexdigest()


def finding(alerts: t.Sequence[Alert], product_arn: str, account_id: str, at: datetime) -> dict[str, t.Any]:
    """All alerts of one subject as one finding (ASFF 2018-10-08)."""
    alerts = by_urgency(alerts)
    worst = alerts[0]
    arn = _ARN.fullmatch(worst.subject)
    label = "CRITICAL" if (worst.kind, worst.severity) == ("expired", "critical") else _LABELS[worst.severity]
    recommendation = {"Text": condense(one_line(worst.text) or text.MEANINGS[worst.kind], 512)}
    if arn:
        recommendation["Url"] = _console(arn)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id(worst.subject),
        "ProductArn": product_arn,
        "GeneratorId": GENERATOR,
        "AwsAccountId": account_id,
        "Types": [TYPE],
        "CreatedAt": _time(at),
        "UpdatedAt": _time(at),
        "Severity": {"Label": label, "Original": worst.severity},
        "Title": clip(worst.title, 256),
        "Description": clip(_description(alerts, 1024), 1024),
        "Remediation": {"Recommendation": recommendation},
        "ProductFields": _product_fields(alerts),
        "Resources": [_resource(worst, arn, account_id, product_arn)],
        "Compliance": {"Status": _COMPLIANCE[worst.severity]},
        "RecordState": "ACTIVE",
    }


def _description(alerts: t.Sequence[Alert], most: int) -> str:
    """The texts of the alerts, each of which gets an equal share of the space."""
    if len(alerts) == 1:
        return condense(one_line(alerts[0].text) or text.MEANINGS[alerts[0].kind], most)
    told = [one_line(f"({number}) {alert.title}: {alert.text}") for number, alert in enumerate(alerts, 1)]
    if len(" ".join(told)) > most:
        told = [condense(each, most // len(alerts) - 1) for each in told]
    return " ".join(told)


def _product_fields(alerts: t.Sequence[Alert]) -> dict[str, str]:
    keys = json.dumps(sorted(alert.key for alert in alerts))
    fields = {_KEYS: keys} if len(keys) <= 2048 else {}
    for alert in alerts:
        known = [("kind", alert.kind), *((name, value) for name, value in text.facts(alert) if name != "ARN")]
        known += [(f"record {number}", " ".join(record)) for number, record in enumerate(alert.records, 1)]
        for name, value in known:
            fields.setdefault(f"certops.acm/{name}"[:128], value)
    return {name: clip(value, 2048) for name, value in list(fields.items())[:50]}


def _resource(worst: Alert, arn: t.Optional[t.Match[str]], account_id: str, product_arn: str) -> dict[str, t.Any]:
    if arn is None:
        _arn, partition, _service, region = product_arn.split(":")[:4]
        about = {"Type": "Other", "Id": finding_id(worst.subject)}
        return {**about, "Partition": partition, **({"Region": region} if region else {})}
    facts: dict[str, t.Any] = {"DomainName": worst.domain_name} if worst.domain_name else {}
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", worst.expires_at):
        facts["NotAfter"] = worst.expires_at
    resource = {
        "Type": "AwsCertificateManagerCertificate",
        "Id": arn.group(),
        "Partition": arn["partition"],
        "Region": arn["region"],
    }
    return {**resource, "Details": {"AwsCertificateManagerCertificate": facts}} if facts else resource


def _console(arn: t.Match[str]) -> str:
    host = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}.get(
        arn["partition"], "console.aws.amazon.com"
    )
    return f"https://{host}/acm/home?region={arn['region']}#/certificates/{arn['id']}"


def _subject_of(existing: t.Mapping[str, t.Any]) -> str:
    """What a finding is about: an ARN, or the key in it."""
    if _ARN.fullmatch(existing["Id"]):
        return str(existing["Id"])
    return next(iter(_keys_of(existing)), str(existing["Id"]))


def _keys_of(existing: t.Mapping[str, t.Any]) -> list[str]:
    """The keys of the alerts in a finding; none if there were too many."""
    try:
        return list(json.loads((existing.get("ProductFields") or {}).get(_KEYS) or "[]"))
    except ValueError:
        return []


def is_open(existing: t.Mapping[str, t.Any]) -> bool:
    return existing.get("GeneratorId") == GENERATOR and existing.get("RecordState", "ACTIVE") == "ACTIVE"


def is_over(existing: t.Mapping[str, t.Any], resolved: t.Collection[str]) -> bool:
    """Whether everything in a finding is over: its certificate, or all its keys."""
    keys = _keys_of(existing)
    return existing["Id"] in resolved or (bool(keys) and set(keys) <= set(resolved))


def archived(existing: t.Mapping[str, t.Any], at: str) -> dict[str, t.Any]:
    """The finding as it is imported to be archived. If it comes back, Security Hub makes it NEW again automatically."""
    kept = {name: existing[name] for name in _OWN if name in existing}
    return {**kept, "UpdatedAt": at, "Compliance": {"Status": "PASSED"}, "RecordState": "ARCHIVED"}


def _time(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
