#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate_info
short_description: Find certificates in AWS Certificate Manager and see their state
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Lists the certificates of a region that satisfy all given conditions, valid certificates first, and among these the newest first.
  - Makes as few calls as possible. One or a few calls list thousands of certificates; each is read in detail only
    if O(details), O(pem) or O(diagnose) asks for that.
  - Finds certificates of every key type, including expired and failed ones.
requirements:
  - cryptography >= 45 (with O(authority))
  - dnspython >= 2.6.1 (with O(authority) or O(diagnose))
  - idna >= 3.4 (for internationalized names)
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.info_module
  - certops.acm.attributes.actiongroup_acm
  - certops.acm.connection
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    details: &state
      - On AWS this action does not modify state.
      - With O(authority), the authority may validate, issue or renew a certificate when it is read, in check mode as well.
  diff_mode:
    details: *state
  idempotent:
    details: *state
options:
  certificate_arns:
    description:
      - Only the certificates with these ARNs. Each is read in detail, in parallel.
      - A certificate that does not exist is missing from the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [certificate_arn, arn, arns]
  domain_names:
    description:
      - Certificates that have all these names, as first or as further names.
      - Internationalized names may be given in Unicode.
    type: list
    elements: str
    aliases: [domain_name, name, names]
  covering:
    description:
      - Whether a name in O(domain_names) also matches a wildcard that covers it, as C(*.example.com) covers
        V(www.example.com).
    type: bool
    default: false
  tags:
    description:
      - Certificates with all these tags. An empty or null value matches any value.
    type: dict
    aliases: [resource_tags]
  statuses:
    description:
      - Certificates with one of these statuses.
      - V(ISSUED) finds only certificates that have not expired, whatever ACM reports.
    type: list
    elements: str
    choices: [PENDING_VALIDATION, ISSUED, INACTIVE, EXPIRED, VALIDATION_TIMED_OUT, REVOKED, FAILED]
    aliases: [status]
  types:
    description:
      - Certificates of one of these types.
    type: list
    elements: str
    choices: [AMAZON_ISSUED, PRIVATE, IMPORTED]
    aliases: [type]
  key_algorithms:
    description:
      - Certificates with one of these kinds of key.
    type: list
    elements: str
    choices: [RSA_1024, RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1]
    aliases: [key_algorithm, key_types]
  export:
    description:
      - Certificates with this export option. ACM also reports V(ENABLED) for private certificates.
    type: str
    choices: [ENABLED, DISABLED]
  in_use:
    description:
      - Certificates that are in use, or that are not.
    type: bool
  exported:
    description:
      - Certificates that were exported at least once, or never.
    type: bool
  renewal_eligibility:
    description:
      - Certificates that ACM renews automatically, or that it does not.
    type: str
    choices: [ELIGIBLE, INELIGIBLE]
  expires_within:
    description:
      - Certificates that are valid now and expire within this number of days.
    type: int
  details:
    description:
      - Whether to read each certificate in detail.
      - Certificates in O(certificate_arns) always are. With V(true) they are also looked up in a list, because only a list says
        whether each was exported (RV(certificates[].exported)).
    type: bool
    default: false
  pem:
    description:
      - Whether to get the certificates themselves and their chains. Private keys are not included.
    type: bool
    default: false
  include_tags:
    description:
      - Whether to read the tags of each certificate.
    type: bool
    default: false
  diagnose:
    description:
      - Whether to report for each certificate what blocks its validation or renewal, and what to do about it.
      - It reads each public certificate in detail and looks up each of its names in DNS (or, with validation by HTTP, on the
        web), as ACM does. So it also finds a record that was removed and will be missing at the next renewal.
      - Among private certificates it reads those that failed or whose renewal is under way.
      - It needs the Python package C(dnspython).
    type: bool
    default: false
  sort:
    description:
      - V(newest) lists valid certificates first, and among these the newest first.
      - V(expiry) lists the certificates in the order in which they expire. Certificates that have not been issued come last.
      - V(name) sorts by the first name, domain by domain, so that V(www.example.com) follows V(example.com).
    type: str
    choices: [newest, expiry, name]
    default: newest
    version_added: 1.0.0
  resolvers:
    description:
      - Name servers to use for O(diagnose), each an IP address with a port if that is not 53, such as V(192.0.2.1) or
        V([2001:db8::1]:5353).
      - They should see what ACM sees, which is public DNS. If you give any, the system's resolver is also asked, to
        distinguish a record in a private zone from a missing one.
      - By default the name servers of the system, or with O(authority) those that the authority uses.
    type: list
    elements: str
notes:
  - "Least IAM policy: C(acm:SearchCertificates), without which C(acm:ListCertificates) is used."
  - "For the options in parentheses also C(acm:DescribeCertificate) (O(certificate_arns), O(details), O(diagnose)),
    C(acm:GetCertificate) (O(pem)), C(acm:ListTagsForCertificate) and C(tag:GetResources) (O(tags), O(include_tags))."
  - Without C(tag:GetResources), tags cost one call for each certificate.
seealso:
  - module: certops.acm.acm_certificate
  - module: certops.acm.acm_export
"""

EXAMPLES = r"""
- name: List all certificates
  certops.acm.acm_certificate_info:
  register: all

- name: List the certificates that are valid for a name, the best one first
  certops.acm.acm_certificate_info:
    domain_name: www.example.com
    covering: true
    statuses: [ISSUED]
  register: usable

- name: Use the best one
  ansible.builtin.debug:
    msg: "{{ usable.certificates[0].certificate_arn }}"
  when: usable.certificates | length > 0

- name: List what expires within a month and will not be renewed by ACM
  certops.acm.acm_certificate_info:
    expires_within: 30
    renewal_eligibility: INELIGIBLE

- name: List the certificates of one service, with everything that ACM knows
  certops.acm.acm_certificate_info:
    tags:
      service: shop
    details: true
    pem: true
    include_tags: true

- name: Read the state of some renewals, and what each needs
  certops.acm.acm_certificate_info:
    certificate_arns: "{{ my_arns }}"
    details: true
    diagnose: true
  register: fleet

- name: Show the certificates that ACM cannot renew automatically
  ansible.builtin.debug:
    msg: "{{ item.domain_name }}: {{ item.renewal_summary.renewal_status_reason | default('it waits for validation') }}"
  loop: "{{ fleet.certificates | selectattr('renewal_summary.renewal_status', 'in', ['PENDING_VALIDATION', 'FAILED']) }}"
  loop_control:
    label: "{{ item.certificate_arn }}"

- name: Find the records that pending certificates are waiting for
  certops.acm.acm_certificate_info:
    statuses: [PENDING_VALIDATION]
    details: true
  register: pending

- name: Write them into a CSV file, for the people who look after DNS
  ansible.builtin.copy:
    dest: validation-records.csv
    mode: "0644"
    content: |
      name,type,value
      {% for record in pending.validation_records %}
      {{ record.name }},{{ record.type }},{{ record.value }}
      {% endfor %}

- name: Find out why certificates are still pending
  certops.acm.acm_certificate_info:
    statuses: [PENDING_VALIDATION]
    diagnose: true
"""

RETURN = r"""
certificates:
  description:
    - The certificates that were found. Members that ACM does not return are missing.
  returned: always
  type: list
  elements: dict
  contains:
    certificate_arn:
      description: The ARN. It stays the same through every renewal.
      returned: always
      type: str
      sample: arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012
    domain_name:
      description: The first name.
      returned: when known
      type: str
      sample: www.example.com
    subject_alternative_names:
      description: All names.
      returned: when known
      type: list
      elements: str
      sample: [www.example.com, example.com]
    status:
      description: >-
        One of C(PENDING_VALIDATION), C(ISSUED), C(INACTIVE), C(EXPIRED), C(VALIDATION_TIMED_OUT), C(REVOKED), C(FAILED).
      returned: always
      type: str
      sample: ISSUED
    failure_reason:
      description: Why a request failed, for example C(CAA_ERROR).
      returned: when it failed
      type: str
    type:
      description: C(AMAZON_ISSUED), C(PRIVATE) or C(IMPORTED).
      returned: always
      type: str
      sample: AMAZON_ISSUED
    key_algorithm:
      description: The algorithm of the key, always spelled with an underscore.
      returned: always
      type: str
      sample: RSA_2048
    signature_algorithm:
      description: The algorithm of the CA's signature.
      returned: when issued, with O(details=true) or O(certificate_arns)
      type: str
      sample: SHA256WITHRSA
    serial:
      description: The serial number. It changes with each renewal.
      returned: when issued
      type: str
      sample: "0a:1b:2c:3d:4e:5f:60:71:82:93:a4:b5:c6:d7:e8:f9"
    subject:
      description: The subject.
      returned: when known
      type: str
      sample: CN=www.example.com
    issuer:
      description: The issuer.
      returned: when issued
      type: str
      sample: Amazon
    created_at:
      description: When it was requested.
      returned: when known
      type: str
      sample: "2026-11-23T16:51:00Z"
    issued_at:
      description: When it was issued.
      returned: when issued
      type: str
      sample: "2026-11-23T16:53:00Z"
    imported_at:
      description: When it was imported, or last imported again.
      returned: when imported
      type: str
      sample: "2026-11-23T16:51:00Z"
    not_before:
      description: When it becomes valid.
      returned: when issued
      type: str
      sample: "2026-11-23T00:00:00Z"
    not_after:
      description: When it expires.
      returned: when issued
      type: str
      sample: "2027-06-09T23:59:59Z"
    revoked_at:
      description: When it was revoked.
      returned: when revoked
      type: str
    revocation_reason:
      description: Why it was revoked.
      returned: when revoked
      type: str
    in_use_by:
      description: ARNs of the resources that use it, which get a renewed certificate automatically. Empty if nothing does.
      returned: with O(details=true) or O(certificate_arns)
      type: list
      elements: str
      sample: ["arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188"]
    in_use:
      description: Whether anything uses it.
      returned: when known
      type: bool
    exported:
      description: Whether it was ever exported.
      returned: when ACM allows a list, for O(certificate_arns) with O(details=true) only
      type: bool
    renewal_eligibility:
      description:
        - Whether ACM renews it automatically, C(ELIGIBLE) or C(INELIGIBLE).
        - A certificate that is not in use and was not exported since it was issued or last renewed is C(INELIGIBLE), and so is an imported certificate.
      returned: when known
      type: str
      sample: ELIGIBLE
    renewal_summary:
      description: The state of the last renewal that ACM began. Missing until one has begun.
      returned: when there was a renewal
      type: dict
      contains:
        renewal_status:
          description: >-
            C(PENDING_AUTO_RENEWAL) while ACM does everything automatically, C(PENDING_VALIDATION) while it waits for a name to be
            validated, C(SUCCESS), or C(FAILED) once the certificate has expired without being renewed.
          returned: always
          type: str
          sample: PENDING_VALIDATION
        renewal_status_reason:
          description: Why the renewal does not continue, spelled as RV(certificates[].failure_reason) is.
          returned: when ACM tells it, with O(details=true), O(certificate_arns) or O(diagnose=true)
          type: str
          sample: CAA_ERROR
        updated_at:
          description: When this last changed.
          returned: with O(details=true), O(certificate_arns) or O(diagnose=true)
          type: str
          sample: "2026-11-23T16:51:00Z"
        domain_validation_options:
          description: The state of each name in this renewal, in the form of RV(certificates[].domain_validation_options).
          returned: for public certificates, with O(details=true), O(certificate_arns) or O(diagnose=true)
          type: list
          elements: dict
          sample:
            - domain_name: www.example.com
              validation_domain: www.example.com
              validation_method: DNS
              validation_status: PENDING_VALIDATION
              resource_record:
                name: _0123456789abcdef.www.example.com.
                type: CNAME
                value: _fedcba9876543210.xyz.acm-validations.aws.
    validation_method:
      description: How its names are validated.
      returned: for public certificates
      type: str
      sample: DNS
    domain_validation_options:
      description: How each name is validated, with its record, redirect or mail addresses.
      returned: for public certificates, with O(details=true) or O(certificate_arns)
      type: list
      elements: dict
      sample:
        - domain_name: www.example.com
          validation_domain: www.example.com
          validation_method: DNS
          validation_status: SUCCESS
          resource_record:
            name: _0123456789abcdef.www.example.com.
            type: CNAME
            value: _fedcba9876543210.xyz.acm-validations.aws.
    options:
      description: Its options.
      returned: when known
      type: dict
      sample: {"certificate_transparency_logging_preference": "ENABLED", "export": "DISABLED"}
    certificate_authority_arn:
      description: The private CA that issued it.
      returned: for private certificates, with O(details=true) or O(certificate_arns)
      type: str
    update_summary:
      description: The state of the change from validation by e-mail to validation by DNS. Missing if there was none.
      returned: when such a change was requested, with O(details=true) or O(certificate_arns)
      type: dict
      sample: {"status": "PENDING_DOMAIN_VALIDATION", "type": "DOMAIN_VALIDATION_METHOD"}
    certificate_key_pair_origin:
      description: Who created the key, C(AWS_MANAGED), C(ACME) or C(CUSTOMER_PROVIDED).
      returned: when ACM tells it
      type: str
      sample: AWS_MANAGED
    managed_by:
      description: The service that it is reserved for.
      returned: when reserved
      type: str
    key_usages:
      description: Key usages, each with C(name).
      returned: when issued
      type: list
      elements: dict
      sample: [{"name": "DIGITAL_SIGNATURE"}]
    extended_key_usages:
      description: Extended key usages, each with C(name) and, with O(details=true), C(oid).
      returned: when issued
      type: list
      elements: dict
      sample: [{"name": "TLS_WEB_SERVER_AUTHENTICATION", "oid": "1.3.6.1.5.5.7.3.1"}]
    tags:
      description: Its tags.
      returned: with O(tags) or O(include_tags)
      type: dict
      sample: {"service": "shop"}
    certificate:
      description: The certificate in PEM, without its chain.
      returned: with O(pem=true), when issued
      type: str
    certificate_chain:
      description: Its chain in PEM.
      returned: with O(pem=true), when there is one
      type: str
    validation_records:
      description:
        - The DNS records that prove control over its names, each with C(name), C(type) and C(value). They must stay for
          the renewals. Empty for a certificate that is not validated by DNS, or that has ended.
      returned: for public certificates, with O(details=true), O(certificate_arns) or O(diagnose=true)
      type: list
      elements: dict
      sample:
        - name: _0123456789abcdef.www.example.com.
          type: CNAME
          value: _fedcba9876543210.xyz.acm-validations.aws.
    diagnosis:
      description: What blocks its validation or renewal. Empty if nothing does.
      returned: with O(diagnose=true)
      type: list
      elements: dict
      contains:
        domain_name:
          description: The name that is stuck.
          returned: always
          type: str
        method:
          description: How it is validated.
          returned: always
          type: str
        status:
          description: The state of its validation.
          returned: always
          type: str
        reason:
          description: What is wrong, in a sentence.
          returned: always
          type: str
        problem:
          description:
            - What is wrong, in a word. C(pending) if ACM is still waiting and nothing else is wrong, C(ended) if only a new
              request helps, C(renewal_stuck) if something other than a name blocks the renewal, such as the private CA.
            - Otherwise one of C(record_not_told), C(record_missing), C(record_doubled), C(record_without_underscore),
              C(record_flattened), C(record_wrong_type), C(record_private), C(value_wrong), C(value_with_zone),
              C(value_with_dot), C(chain_too_long), C(zone_undelegated), C(zone_broken), C(resolver_silent),
              C(resolver_refuses), C(caa_forbids), C(caa_unknown), C(mail_impossible), C(mail_unknown),
              C(redirect_not_told), C(redirect_wrong) or C(redirect_unreachable).
          returned: always
          type: str
          sample: record_doubled
        remedy:
          description: What to do about it, in a sentence.
          returned: when there is something to do
          type: str
          sample: Give the provider only _0123456789abcdef as the name.
validation_records:
  description: The validation records of all these certificates, each once, since certificates of one account share them.
  returned: always
  type: list
  elements: dict
  sample:
    - name: _0123456789abcdef.www.example.com.
      type: CNAME
      value: _fedcba9876543210.xyz.acm-validations.aws.
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: ACM's error code, or the kind of fault.
      returned: always
      type: str
      sample: AccessDeniedException
    operation:
      description: The operation that failed, if one was called.
      returned: always
      type: str
"""

import typing as t
from datetime import datetime, timedelta, timezone

from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._rules.key_algorithms import KEY_ALGORITHMS
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._certificates import inventory, survey
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import (
    STATUSES,
    TYPES,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.arns import check_certificate_arn
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.names import check_domain_name
from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import MAX_DAYS
from ansible_collections.certops.acm.plugins.module_utils._validation import proof_records

NAMES = ["domain_name", "name", "names"]  # other spellings of domain_names
ARGUMENT_SPEC: dict[str, t.Any] = {
    "certificate_arns": {"type": "list", "elements": "str", "aliases": ["certificate_arn", "arn", "arns"]},
    "domain_names": {"type": "list", "elements": "str", "aliases": NAMES},
    "covering": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "statuses": {"type": "list", "elements": "str", "choices": list(STATUSES), "aliases": ["status"]},
    "types": {"type": "list", "elements": "str", "choices": list(TYPES), "aliases": ["type"]},
    "key_algorithms": {
        "type": "list",
        "elements": "str",
        "choices": list(KEY_ALGORITHMS),
        "aliases": ["key_algorithm", "key_types"],
        "no_log": False,
    },
    "export": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "in_use": {"type": "bool"},
    "exported": {"type": "bool"},
    "renewal_eligibility": {"type": "str", "choices": ["ELIGIBLE", "INELIGIBLE"]},
    "expires_within": {"type": "int"},
    "details": {"type": "bool", "default": False},
    "pem": {"type": "bool", "default": False},
    "include_tags": {"type": "bool", "default": False},
    "diagnose": {"type": "bool", "default": False},
    "sort": {"type": "str", "choices": list(survey.SORTS), "default": survey.NEWEST},
    "resolvers": {"type": "list", "elements": "str"},
}


def read_query(params: dict[str, t.Any]) -> inventory.Query:
    """The conditions, checked. Raises InvalidInput."""
    names = params["domain_names"]
    option = next((alias for alias in NAMES if params.get(alias)), "domain_names")  # as it was given
    if params["covering"] and not names:
        raise InvalidInput("covering needs domain_names: give the names to be covered.")
    days = params["expires_within"]
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise InvalidInput(f"expires_within is {days}: give a number of days from 0 to {MAX_DAYS}.")

    def chosen(option: str) -> t.Optional[tuple[str, ...]]:
        return tuple(params[option]) if params[option] else None

    arns = params["certificate_arns"]
    return inventory.Query(
        arns=None if arns is None else tuple(dict.fromkeys(arns)),
        names=tuple(check_domain_name(name, option=option) for name in names) if names else None,
        covering=params["covering"],
        statuses=chosen("statuses"),
        types=chosen("types"),
        key_algorithms=chosen("key_algorithms"),
        export=params["export"],
        is_in_use=params["in_use"],
        was_exported=params["exported"],
        renewal_eligibility=params["renewal_eligibility"],
        expires_within=None if days is None else timedelta(days=days),
    )


def diagnosing(acm: Acm, resolvers: t.Optional[list[str]]) -> survey.Diagnose:
    """Looks at DNS and the web. What that needs is imported only here."""
    from ansible_collections.certops.acm.plugins.module_utils._diagnosis import obstacles

    lookout = acm.lookout()
    servers = resolvers or lookout.resolvers
    through = obstacles.eyes(servers, lookout.addresses, also_inside=bool(resolvers))
    return lambda details: obstacles.diagnose(details, through)


def _check_resolvers(resolvers: t.Sequence[str]) -> None:
    """Raise InvalidInput if one cannot be used, even if nothing has to be diagnosed this time."""
    for text in resolvers:
        from ansible_collections.certops.acm.plugins.module_utils._net.resolver import endpoint

        endpoint(text)


def run(module: AcmModule) -> dict[str, t.Any]:
    params = module.params
    query = read_query(params)
    _check_resolvers(params["resolvers"] or ())
    tags = None
    if params["tags"]:
        tags = {str(key): None if value in (None, "") else str(value) for key, value in params["tags"].items()}
    acm = module.acm
    for arn in query.arns or ():
        check_certificate_arn(arn, acm.region, "certificate_arns")
    wishes = survey.Wishes(params["details"], params["pem"], params["include_tags"], params["diagnose"], params["sort"])
    now = datetime.now(timezone.utc)
    diagnose = diagnosing(acm, params["resolvers"]) if wishes.diagnosis else None
    found = survey.survey(acm, query, tags, wishes, now, diagnose, proof_records.records)
    return {"changed": False, "certificates": found, "validation_records": survey.all_records(found)}


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority, which knows the operations that this module calls."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import certificates, lists, tags

    return open_door(path, region, certificates.OPERATIONS | lists.OPERATIONS | tags.OPERATIONS)


def main() -> None:
    module = AcmModule(ARGUMENT_SPEC, embedded=open_embedded, supports_check_mode=True)
    guard(module, lambda: run(module))


if __name__ == "__main__":
    main()
