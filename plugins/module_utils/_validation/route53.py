# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records in Amazon Route 53: the right public zone for every name, several zones at once, in this or another
account."""

from __future__ import annotations

import typing as t

try:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
except ImportError:
    pass  # AnsibleAWSModule reports it

from .dns_records import CREATE, REPLACE, Change, PublishError, Record, batches, ttl_of
from .._door import refusals
from .._rules.arns import parse_arn
from .._rules.errors import InvalidInput
from .._rules.names import is_below, plain

RECORDS_A_BATCH = 400  # Route 53 accepts 1,000 in a batch and counts an UPSERT twice
SESSION_NAME = "certops.acm"

Connect = t.Callable[[str], t.Any]


class Zone(t.NamedTuple):
    name: str
    id: str

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class Route53:
    """A Publisher for the hosted zones of one account.

    settings: profile or role_arn (with external_id) for another account's zones, zone_ids to use only these zones, ttl.
    connect: service name → boto3 client of the task's own session.
    """

    def __init__(self, settings: t.Mapping[str, t.Any], connect: Connect) -> None:
        self._profile: t.Optional[str] = settings.get("profile")
        self._role_arn: t.Optional[str] = settings.get("role_arn")
        self._external_id: t.Optional[str] = settings.get("external_id")
        self._zone_ids = [zone.rpartition("/")[2] for zone in settings.get("zone_ids") or ()]
        self._ttl = ttl_of(settings)
        self._connect = connect
        self._client: t.Any = None
        self._zones: t.Optional[list[Zone]] = None
        if self._external_id and not self._role_arn:
            raise InvalidInput(
                "publish.route53.external_id is only valid together with role_arn: give both or neither."
            )
        if self._role_arn:
            _check_role(self._role_arn)

    # Publisher

    def check(self, names: t.Iterable[str]) -> None:
        for name in names:
            self._zone_of(name)

    def plan(self, records: t.Sequence[Record]) -> list[Change]:
        changes = []
        for record in records:
            zone = self._zone_of(record.name)
            there = self._read(zone, record.name)
            values = _values(there)
            if there is not None and ("SetIdentifier" in there or "AliasTarget" in there):
                raise PublishError(
                    f"{record.name} is an alias or a routing policy in the zone {zone}, where ACM needs a plain CNAME: "
                    "remove it."
                )
            if values != (record.value,):
                changes.append(Change(REPLACE if values else CREATE, str(zone), record, self._ttl, values))
        return changes

    def apply(self, changes: t.Sequence[Change]) -> None:
        done: list[Change] = []
        for zone, batch in batches(changes, RECORDS_A_BATCH):
            try:
                self._call(
                    "change_resource_record_sets",
                    HostedZoneId=zone.rpartition("(")[2].rstrip(")"),
                    ChangeBatch={"Comment": "certops.acm", "Changes": [_request(change) for change in batch]},
                )
            except PublishError as error:
                error.done = done
                raise
            done.extend(batch)

    # reading

    def _zone_of(self, name: str) -> Zone:
        if self._zones is None:
            self._zones = self._read_zones()
        holding = [zone for zone in self._zones if is_below(name, zone.name)]
        if not holding:
            raise PublishError(f"No public hosted zone {self._where()} contains {name}: {self._remedy()}.")
        longest = max(len(zone.name) for zone in holding)
        nearest = [zone for zone in holding if len(zone.name) == longest]
        if len(nearest) > 1:
            raise PublishError(
                f"Several public hosted zones are called {nearest[0].name} ({', '.join(z.id for z in nearest)}): "
                "give the ID of the delegated zone in publish.route53.zone_ids."
            )
        return nearest[0]

    def _where(self) -> str:
        if self._zone_ids:
            return "of publish.route53.zone_ids"
        if self._role_arn:
            return f"in the account of {self._role_arn}"
        return f"in the account of the profile {self._profile}" if self._profile else "in this account"

    def _remedy(self) -> str:
        if self._zone_ids:
            return "add the ID of the zone that does, or leave out zone_ids so that the zone of each name is found automatically"
        if self._role_arn or self._profile:
            option = "role_arn" if self._role_arn else "profile"
            return f"create it, or correct publish.route53.{option} if another account has it"
        return "create it, or give the account that has it with publish.route53.profile or publish.route53.role_arn"

    def _read_zones(self) -> list[Zone]:
        if self._zone_ids:
            answers = [self._call("get_hosted_zone", Id=zone)["HostedZone"] for zone in self._zone_ids]
            private = next((zone for zone in answers if _is_private(zone)), None)
            if private:
                raise PublishError(f"The hosted zone {private['Name']} is private: ACM looks in public zones only.")
            return [Zone(plain(zone["Name"]), zone["Id"].rpartition("/")[2]) for zone in answers]
        zones, marker = [], None
        while True:
            page = self._call("list_hosted_zones", **({"Marker": marker} if marker else {}))
            zones += [
                Zone(plain(zone["Name"]), zone["Id"].rpartition("/")[2])
                for zone in page["HostedZones"]
                if not _is_private(zone)
            ]
            marker = page.get("NextMarker")
            if not page.get("IsTruncated"):
                return zones

    def _read(self, zone: Zone, name: str) -> t.Optional[dict[str, t.Any]]:
        page = self._call(
            "list_resource_record_sets",
            HostedZoneId=zone.id,
            StartRecordName=name,
            StartRecordType="CNAME",
            MaxItems="1",
        )
        for there in page["ResourceRecordSets"]:
            if plain(there["Name"]) == name and there["Type"] == "CNAME":
                return dict(there)
        return None

    # the way to AWS

    def _call(self, method: str, **members: t.Any) -> dict[str, t.Any]:
        try:
            if self._client is None:
                self._client = self._open()
            return dict(getattr(self._client, method)(**members))
        except ClientError as error:
            raise PublishError(self._refusal(error, members)) from error
        except ProfileNotFound as error:
            raise PublishError(f"publish.route53: {refusals.of_setup(error)}") from error
        except BotoCoreError as error:
            raise PublishError(f"Route 53 cannot be used: {refusals.of_silence(error, self._client)}.") from error

    def _refusal(self, error: ClientError, members: t.Mapping[str, t.Any]) -> str:
        code = error.response.get("Error", {}).get("Code")
        if code in ("NoSuchHostedZone", "InvalidInput") and error.operation_name == "GetHostedZone":
            return (
                f"publish.route53.zone_ids names {members.get('Id')}, which is not a hosted zone of this account: "
                "correct it, or leave out zone_ids so that the zone of each name is found automatically."
            )
        said = refusals.of_answer(error, error.operation_name, members, self._client)
        return f"Route 53: {error.operation_name} failed with {code}: {said}."

    def _open(self) -> t.Any:
        connect = self._connect
        if self._profile:
            session = boto3.session.Session(profile_name=self._profile)
            connect = session.client
        if not self._role_arn:
            return connect("route53")
        request = {"RoleArn": self._role_arn, "RoleSessionName": SESSION_NAME}
        if self._external_id:
            request["ExternalId"] = self._external_id
        sts = connect("sts")
        lent = sts.assume_role(**request)["Credentials"]
        session = boto3.session.Session(
            aws_access_key_id=lent["AccessKeyId"],
            aws_secret_access_key=lent["SecretAccessKey"],
            aws_session_token=lent["SessionToken"],
            region_name=sts.meta.region_name,  # decides which partition's Route 53 is meant
        )
        return session.client("route53")


def _check_role(text: str) -> None:
    try:
        arn = parse_arn(text)
        is_role = arn.service == "iam" and arn.resource.startswith("role/")
    except InvalidInput:
        is_role = False
    if not is_role:
        raise InvalidInput(
            f"publish.route53.role_arn is {text}, which is not the ARN of a role: "
            "a role ARN looks like arn:aws:iam::ACCOUNT:role/NAME."
        )


def _is_private(zone: t.Mapping[str, t.Any]) -> bool:
    return bool(zone.get("Config", {}).get("PrivateZone"))


def _values(there: t.Optional[t.Mapping[str, t.Any]]) -> tuple[str, ...]:
    return tuple(plain(record["Value"]) for record in (there or {}).get("ResourceRecords", ()))


def _request(change: Change) -> dict[str, t.Any]:
    return {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": change.record.name + ".",
            "Type": "CNAME",
            "TTL": change.ttl,
            "ResourceRecords": [{"Value": change.record.value + "."}],
        },
    }
