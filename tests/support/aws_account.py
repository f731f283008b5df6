# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWS account behind a loopback endpoint, for following the guides.

ACM is an embedded authority in each region. moto is the rest. They are connected as on AWS: a public name server answers
from the hosted zones of Route 53, and a certificate's InUseBy lists what uses it.

with aws_account(folder) as aws:
    aws.zone("example.com")
    run(["ansible-playbook", …], cwd, aws.environment)
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import typing as t
import urllib.parse
from pathlib import Path

import boto3
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line, service
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer, Request
from ansible_collections.certops.acm.tests.support.aws_endpoint import SCOPE, AwsEndpoint, mended_moto
from moto.cloudfront import cloudfront_backends
from moto.elbv2 import elbv2_backends
from moto.elbv2 import models as elbv2_models
from moto.route53 import route53_backends
from moto.route53.models import FakeZone

HOME = "123456789012"
REGION = "eu-central-1"
SETTINGS = {"read_interval_s": 0, "validation_emails_delay_s": 0, "validity_days": 198}
PREFIXES = {"tagging": "tag"}  # of actions, if it differs from the service's name in a signature
# The operations of services whose requests name the operation by method and path.
PATHS = {
    "route53": {
        r"GET /[^/]+/hostedzone": "ListHostedZones",
        r"GET /[^/]+/hostedzone/[^/]+": "GetHostedZone",
        r"GET /[^/]+/hostedzone/[^/]+/rrset": "ListResourceRecordSets",
        r"POST /[^/]+/hostedzone/[^/]+/rrset/?": "ChangeResourceRecordSets",
    },
    "cloudfront": {
        r"GET /[^/]+/distribution": "ListDistributions",
        r"GET /[^/]+/distribution/[^/]+": "GetDistribution",
        r"GET /[^/]+/distribution/[^/]+/config": "GetDistributionConfig",
        r"PUT /[^/]+/distribution/[^/]+/config": "UpdateDistribution",
        r"POST /[^/]+/distribution": "CreateDistribution",
        r"GET /[^/]+/tagging": "ListTagsForResource",
    },
}


class PublicDns:
    """Answers over UDP from the public hosted zones of all accounts, and NXDOMAIN for any other name."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:{}".format(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                packet, asker = self._socket.recvfrom(4096)
            except OSError:
                return
            if packet:
                self._socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), asker)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        name = query.question[0].name.to_text().lower()
        wanted = dns.rdatatype.to_text(query.question[0].rdtype)
        there = [each for zone in zones() for each in zone.rrsets if each.name.lower().rstrip(".") == name.rstrip(".")]
        for each in there:
            if each.type in (wanted, "CNAME"):
                answer.answer.append(dns.rrset.from_text(name, int(each.ttl or 60), "IN", each.type, *each.records))
        if not there:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def operation(name: str, request: Request) -> str:
    """The operation that the request calls."""
    if "X-Amz-Target" in request.headers:
        return request.headers["X-Amz-Target"].rpartition(".")[2]
    path = f"{request.method} {urllib.parse.urlsplit(request.target).path}"
    for form, found in PATHS.get(name, {}).items():
        if re.fullmatch(form, path):
            return found
    return urllib.parse.parse_qs(request.body.decode())["Action"][0]


def zones() -> t.Iterator[t.Any]:
    for backends in list(route53_backends.values()):
        yield from (zone for zone in list(backends["aws"].zones.values()) if not zone.private_zone)


class AwsAccount(AwsEndpoint):
    """The endpoint of all the account's services, in every region."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.dns = folder, PublicDns()
        self.actions: set[str] = set()  # the IAM actions that the calls so far needed
        self._services: dict[str, tuple[t.Any, service.Service]] = {}
        self._opening = threading.Lock()
        super().__init__(self.acm_in(REGION)[0])

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make Ansible and boto3 use this account, without an option in any playbook."""
        return {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_REGION": REGION,
        }

    def client(self, service_name: str, region: str = REGION) -> t.Any:
        return boto3.client(service_name, region_name=region, endpoint_url=self.server.url)

    def acm_in(self, region: str) -> tuple[t.Any, service.Service]:
        with self._opening:
            if region not in self._services:
                path = str(self._folder / region)
                settings = {**SETTINGS, "resolvers": [self.dns.endpoint]}
                creation.create(path, region=region, account_id=HOME, settings=settings).store.close()
                authority = command_line.open_or_make(path)
                self._services[region] = (authority, service.Service(authority, is_open=True))
            return self._services[region]

    def zone(self, name: str, identifier: str, account_id: str = HOME) -> None:
        """Create a public hosted zone with this ID."""
        zones_there = route53_backends[account_id]["aws"].zones
        zones_there[identifier] = FakeZone(f"{name}.", identifier, private_zone=False, caller_reference=name)

    def record(self, zone: str, name: str, kind: str, value: str) -> None:
        """Put a record into a hosted zone."""
        for backends in route53_backends.values():
            if zone in backends["aws"].zones:
                record = {"Name": f"{name}.", "Type": kind, "TTL": 60, "ResourceRecords": [value]}
                backends["aws"].zones[zone].upsert_rrset(record)

    def _answer(self, request: Request) -> t.Optional[Answer]:
        region, name = SCOPE.search(request.headers["Authorization"]).groups()  # type: ignore[union-attr]
        self.actions.add(f"{PREFIXES.get(name, name)}:{operation(name, request)}")
        target = request.headers.get("X-Amz-Target", "")
        if not target.startswith(("CertificateManager.", "ResourceGroupsTaggingAPI")):
            return super()._answer(request)
        authority, acm = self.acm_in(region)
        self.calls.append(f"{name} {target.rpartition('.')[2]}")
        self._tell_uses(authority)
        return acm.answer(request)

    def _tell_uses(self, authority: t.Any) -> None:
        users = list(self._users(authority.region))
        with authority.store.read() as tx:
            identifiers = tx.ids_after("", 1000)
        for arn in (f"arn:aws:acm:{authority.region}:{HOME}:certificate/{each}" for each in identifiers):
            approvals.set_in_use_by(authority, arn, sorted({user for user, used in users if used == arn}))

    def _users(self, region: str) -> t.Iterator[tuple[str, str]]:
        """(ARN of the user, ARN of what it uses)."""
        for balancer in elbv2_backends[HOME][region].load_balancers.values():
            for listener in balancer.listeners.values():
                yield from ((balancer.arn, arn) for arn in listener.certificates)
        for distribution in cloudfront_backends[HOME]["aws"].distributions.values():
            yield distribution.arn, distribution.distribution_config.ViewerCertificate.acm_certificate_arn


@contextlib.contextmanager
def aws_account(folder: Path) -> t.Iterator[AwsAccount]:
    """folder: where the authorities are created."""
    with mended_moto(), pytest.MonkeyPatch.context() as patch:
        # moto would look for the certificate of a listener in its own ACM.
        patch.setattr(elbv2_models.ELBv2Backend, "_certificate_exists", lambda self, certificate_arn: True)
        patch.setattr(elbv2_models, "register_certificate", lambda **_others: None)
        account = AwsAccount(folder)
        account.server.start()
        try:
            yield account
        finally:
            account.server.end(grace_s=10)
            account.dns.end()
