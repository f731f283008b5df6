# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a fleet of any size, as the tasks of certops.acm.report gather it, without ACM and without hosts.

Some of its certificates need attention, and some of its names and tags are hostile.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.now(timezone.utc).replace(microsecond=0)
HOSTILE = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '" autofocus onfocus=window.hacked=1 x="',
    "{{ lookup('pipe', 'touch /dev/null') }}",
    "javascript:window.hacked=1",
    "\u202egnp.exe",
    '=HYPERLINK("http://127.0.0.1:9/")',
)
PLACES = (
    ("eu-central-1", "111122223333", None),
    ("us-east-1", "111122223333", None),
    ("eu-west-1", "444455556666", "shop"),
)


def iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def serial(*words: Any) -> str:
    return hashlib.sha256(repr(words).encode()).digest()[:16].hex(":")


@lru_cache(maxsize=None)
def chain_pem(name: str = "Corporate Issuing CA 1") -> str:
    """A CA certificate, as GetCertificate returns it in CertificateChain."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = (
        builder.serial_number(7).not_valid_before(NOW - timedelta(days=900)).not_valid_after(NOW + timedelta(days=2700))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def certificate(number: int, **changes: Any) -> dict[str, Any]:
    """A certificate as acm_certificate_info returns it: public, issued, validated by DNS, and not yet due for renewal."""
    region, account, _profile = PLACES[number % 3]
    identity = uuid.UUID(int=number + 1)
    name = f"www{number}.example.com"
    not_before = NOW - timedelta(days=number % 120)
    record = {
        "name": f"_{number:032x}.{name}.",
        "type": "CNAME",
        "value": f"_{number + 7:032x}.xyz.acm-validations.aws.",
    }
    made = {
        "certificate_arn": f"arn:aws:acm:{region}:{account}:certificate/{identity}",
        "domain_name": name,
        "subject_alternative_names": [name, f"*.{name}"],
        "status": "ISSUED",
        "type": "AMAZON_ISSUED",
        "key_algorithm": ("RSA_2048", "EC_prime256v1", "EC_secp384r1")[number % 3],
        "serial": serial("now", number),
        "issuer": "Amazon",
        "created_at": iso(not_before - timedelta(days=1)),
        "not_before": iso(not_before),
        "not_after": iso(not_before + timedelta(days=198)),
        "in_use_by": (
            [f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/shop{number}/50dc6c495c0c9188"]
            if number % 4 == 0
            else []
        ),
        "exported": True,
        "renewal_eligibility": "ELIGIBLE",
        "validation_method": "DNS",
        "domain_validation_options": [
            {
                "domain_name": name,
                "validation_domain": name,
                "validation_method": "DNS",
                "validation_status": "SUCCESS",
                "resource_record": record,
            }
        ],
        "options": {"export": "ENABLED"},
        "tags": {"team": f"team-{number % 12}", "service": ("shop", "mail", "api")[number % 3]},
        "certificate_chain": chain_pem(),
        "diagnosis": [],
    }
    return {**made, **changes}


def remembered(name: str, ended_at: str | None) -> dict[str, str]:
    """The memory file of a renewal run, as slurp returns it."""
    document = {"version": 2, "began_at": iso(NOW), "ended_at": ended_at, "hosts": {}, "told": {}}
    content = base64.b64encode(json.dumps(document).encode()).decode()
    return {"source": f"/var/lib/acm-renewals/{name}.json", "content": content}


def troubled() -> list[dict[str, Any]]:
    """A certificate of each kind that needs attention, with numbers above those of the others."""
    imported = {
        "type": "IMPORTED",
        "renewal_eligibility": "INELIGIBLE",
        "issuer": "Example Trust",
        "exported": None,
        "validation_method": None,
        "domain_validation_options": [],
    }
    waiting = certificate(900_001)
    option = {**waiting["domain_validation_options"][0], "validation_status": "PENDING_VALIDATION"}
    missing = {
        "domain_name": waiting["domain_name"],
        "method": "DNS",
        "status": "PENDING_VALIDATION",
        "problem": "record_missing",
        "reason": "DNS has no such record.",
        "remedy": "Publish the record below in the zone example.com.",
    }
    mail = {
        "domain_name": "legacy.example.org",
        "validation_domain": "example.org",
        "validation_method": "EMAIL",
        "validation_status": "PENDING_VALIDATION",
        "validation_emails": ["admin@example.org", "hostmaster@example.org"],
    }
    ends_soon = {"not_before": iso(NOW - timedelta(days=194)), "not_after": iso(NOW + timedelta(days=4))}
    return [
        certificate(
            900_000,
            domain_name="pay.example.com",
            subject_alternative_names=["pay.example.com"],
            **imported,
            **ends_soon,
        ),
        {
            **waiting,
            "domain_name": "api.example.com",
            "subject_alternative_names": ["api.example.com"],
            "not_after": iso(NOW + timedelta(days=19)),
            "renewal_summary": {"renewal_status": "PENDING_VALIDATION", "domain_validation_options": [option]},
            "diagnosis": [missing],
        },
        certificate(
            900_002,
            domain_name="legacy.example.org",
            subject_alternative_names=["legacy.example.org"],
            status="PENDING_VALIDATION",
            serial=None,
            issuer=None,
            not_before=None,
            not_after=None,
            in_use_by=[],
            validation_method="EMAIL",
            created_at=iso(NOW - timedelta(hours=30)),
            domain_validation_options=[mail],
        ),
        certificate(
            900_003,
            domain_name="old.example.com",
            subject_alternative_names=["old.example.com"],
            not_before=iso(NOW - timedelta(days=201)),
            not_after=iso(NOW - timedelta(days=3)),
        ),
        certificate(
            900_004,
            status="FAILED",
            failure_reason="CAA_ERROR",
            serial=None,
            not_after=None,
            not_before=None,
            in_use_by=[],
        ),
        certificate(
            900_005,
            domain_name=HOSTILE[0],
            subject_alternative_names=list(HOSTILE),
            tags={each: each for each in HOSTILE},
        ),
    ]


def host(numbers: list[int], place: int = 0) -> dict[str, Any]:
    """What the tasks note about a host: nginx with these certificates."""
    region, _account, profile = PLACES[place]
    return {
        "connection": {"region": region, **({"profile": profile} if profile else {})},
        "certificates": [{"domain_name": f"www{number}.example.com"} for number in numbers],
        "services": [
            {
                "name": "nginx",
                "certificates": None,
                "host": "localhost",
                "ports": [443],
                "starttls": None,
                "sni": True,
                "default_certificate": None,
            }
        ],
    }


def look(numbers: list[int], outdated: bool = False) -> dict[str, Any]:
    """What such a host serves: ACM's current certificates, or the previous ones."""
    served = []
    for number in numbers:
        entry = certificate(number)
        served.append(
            {
                "host": "localhost",
                "port": 443,
                "server_name": entry["domain_name"],
                "reachable": True,
                "serial": serial("before", number) if outdated else entry["serial"],
                "names": entry["subject_alternative_names"],
                "subject": f"CN={entry['domain_name']}",
                "not_after": iso(NOW + timedelta(days=12)) if outdated else entry["not_after"],
                "protocol": "TLSv1.3",
            }
        )
    return {"changed": False, "served": served}


def gathered(certificates: int = 30, hosts: int = 6, *, with_trouble: bool = True, **changes: Any) -> dict[str, Any]:
    """What the playbook passes to the filter for the report. The hosts take turns with three connections."""
    numbers: dict[int, list[int]] = {place: [] for place in range(3)}
    for number in range(certificates):
        numbers[number % 3].append(number)
    noted: dict[str, Any] = {}
    looks: dict[str, Any] = {}
    for index in range(hosts):
        place = index % 3
        own = numbers[place][index // 3 :: max(hosts // 3, 1)][:12]
        name = f"web-{index:03}.example.com"
        noted[name] = host(own, place)
        looks[name] = look(own, outdated=with_trouble and index % 50 == 4)
    if with_trouble and hosts > 2:
        looks["web-002.example.com"] = {
            "unreachable": True,
            "msg": "Failed to connect to the host via ssh: no route to host",
        }
    reads = []
    for place, (region, _account, profile) in enumerate(PLACES):
        found = [certificate(number) for number in numbers[place]]
        found += [entry for entry in troubled() if f":{region}:" in entry["certificate_arn"]] if with_trouble else []
        reads.append({"item": {"region": region, **({"profile": profile} if profile else {})}, "certificates": found})
    return {
        "made_at": iso(NOW),
        "title": None,
        "renew_before": None,
        "page": "/srv/www/fleet.html",
        "path": "/srv/www/fleet.json",
        "previous": None,
        "reads": reads,
        "sweeps": [],
        "hosts": noted,
        "looks": looks,
        "left_out": [],
        "memories": [remembered("111122223333-eu-central-1", iso(NOW - timedelta(minutes=25)))],
        **changes,
    }
