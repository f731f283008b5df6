# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An embedded authority with a clock that the test sets, a real BIND to query, and a boto3 client that checks every
answer."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import tempfile
import types
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.authority import Authority
from ansible_collections.certops.acm.plugins.module_utils._authority.parts import Parts
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.model_check import faults
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server

START = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
ZONES = {"example.com": "@ MX 10 mail\nmail A 127.0.0.1", "example.net": "", "nomail.test": "@ MX 0 ."}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


class Lab:
    """What nearly every test of the authority needs. `acm`: the boto3 client, which checks each answer against the model."""

    def __init__(self, path: Path, dns: NameServer, clock: Clock, **settings: t.Any) -> None:
        self.clock = clock
        self.dns = dns
        self.path = str(path)
        wanted = {
            "resolvers": [dns.endpoint],
            "resolver_timeout_s": 2,
            "public_suffixes": ["test"],
            "read_interval_s": 0,  # otherwise, with a clock that stands still, no name would ever be checked again
            "validation_emails_delay_s": 0,
            **settings,
        }
        shutil.copytree(_fresh_authority(), self.path)
        self.authority: Authority = opening.open_authority(self.path, parts=Parts(clock=clock))
        self.authority.configure(wanted)
        self.acm = shared_client(self.authority)

    def set(self, **settings: t.Any) -> None:
        self.authority.configure(settings)

    def ca(self, name: str = "corp", **wanted: t.Any) -> str:
        """ARN of the private CA with this name, which is created if it does not exist."""
        return self.authority.cas.private(name, **{"key_algorithm": "EC_prime256v1", **wanted}).arn

    def private(self, name: str = "www.corp.test", **members: t.Any) -> str:
        """ARN of an issued private certificate, with no names to validate, and an EC key because that is quick."""
        wanted = {"CertificateAuthorityArn": members.pop("ca", None) or self.ca(), "KeyAlgorithm": "EC_prime256v1"}
        return str(self.acm.request_certificate(DomainName=name, **{**wanted, **members})["CertificateArn"])

    def exported(self, name: str = "www.corp.test", **members: t.Any) -> str:
        """ARN of a private certificate that has been exported, so that ACM renews it."""
        arn = self.private(name, **members)
        self.export(arn)
        return arn

    def public(self, name: str = "www.example.com", **members: t.Any) -> str:
        """ARN of a requested public certificate that waits for its CNAME records."""
        wanted = {"ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1", **members}
        return str(self.acm.request_certificate(DomainName=name, **wanted)["CertificateArn"])

    def issued(self, name: str = "www.example.com", **members: t.Any) -> str:
        """ARN of an issued public certificate, whose records are published."""
        arn = self.public(name, **members)
        self.publish(arn)
        assert self.describe(arn)["Status"] == "ISSUED"
        return arn

    def describe(self, arn: str) -> dict[str, t.Any]:
        return dict(self.acm.describe_certificate(CertificateArn=arn)["Certificate"])

    def status(self, arn: str) -> str:
        return str(self.describe(arn)["Status"])

    def export(self, arn: str, passphrase: bytes = b"opensesame") -> dict[str, t.Any]:
        return dict(self.acm.export_certificate(CertificateArn=arn, Passphrase=passphrase))

    def records(self, arn: str) -> list[tuple[str, str]]:
        options = self.describe(arn)["DomainValidationOptions"]
        return sorted({(each["ResourceRecord"]["Name"], each["ResourceRecord"]["Value"]) for each in options})

    def publish(self, arn: str) -> None:
        for name, value in self.records(arn):
            self.dns.remove(name)
            self.dns.add(name, "CNAME", value)

    def unpublish(self, arn: str) -> None:
        for name, _value in self.records(arn):
            self.dns.remove(name)

    def fails(self, operation: str, code: str, **members: t.Any) -> str:
        """Call an operation that ACM refuses with this code; returns the message."""
        with pytest.raises(self.acm.exceptions.ClientError) as caught:
            getattr(self.acm, operation)(**members)
        found = caught.value.response["Error"]
        assert found["Code"] == code, found
        return str(found["Message"])

    def events(self, detail_type: str | None = None) -> list[dict[str, t.Any]]:
        with self.authority.store.read() as tx:
            bodies = [json.loads(body) for _number, body in tx.journal.events()]
        return [body for body in bodies if detail_type in (None, body["detail-type"])]

    def audit(self) -> list[dict[str, t.Any]]:
        with self.authority.store.read() as tx:
            return [json.loads(body) for _number, body in tx.journal.audit()]


@functools.lru_cache(maxsize=None)
def _fresh_authority() -> str:
    """A new authority, to be copied, which takes a tenth of the time of creating another."""
    folder = tempfile.TemporaryDirectory(prefix="authority-")
    atexit.register(folder.cleanup)
    creation.create(f"{folder.name}/authority").store.close()
    return f"{folder.name}/authority"


class Switch:
    """Forwards to the authority of the running test, so that tests share a client: creating one takes a third of a second."""

    def __init__(self, present: t.Any) -> None:
        self.present = present

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self.present, name)


@functools.lru_cache(maxsize=None)
def _switched_client() -> tuple[Switch, t.Any]:
    place = types.SimpleNamespace(path="", region="us-east-1")
    switch = Switch(place)
    return switch, checked_client(switch)


def shared_client(authority: Authority) -> t.Any:
    switch, acm = _switched_client()
    switch.present = authority
    return acm


def checked_client(authority: t.Any) -> t.Any:
    """A separate boto3 client that checks each answer against the model."""
    acm = authority_client(authority)

    def check(http_response: t.Any, model: t.Any, **_others: t.Any) -> None:
        if http_response.status_code == 200 and model.output_shape:
            assert faults(model.output_shape, json.loads(http_response.content)) == []

    acm.meta.events.register("after-call.acm", check)
    return acm


@pytest.fixture(scope="session")
def dns() -> t.Iterator[NameServer]:
    with name_server(ZONES) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lab(dns: NameServer, clock: Clock) -> t.Iterator[Lab]:
    # In memory if there is such a folder: every call waits for the disk, which others may keep busy.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="authority-", dir=memory) as folder:
        yield Lab(Path(folder) / "authority", dns, clock)
