#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate
short_description: Request, adopt, renew, revoke and delete certificates of AWS Certificate Manager
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Makes sure that a certificate exists in AWS Certificate Manager (ACM), is validated, tagged and renewed in time,
    or that it is revoked or deleted.
  - An existing certificate is adopted, never requested a second time. It is found by O(certificate_arn); otherwise by its
    set of names, and its type, CA, key algorithm and export option as far as these are given, where neither order nor case
    of the names matters and the newest valid certificate wins; otherwise by O(name_tag).
  - With O(certificates), one task manages many certificates and reads the existing ones only once. A certificate that fails
    does not stop the others.
  - To import a certificate, use M(certops.acm.acm_import); to get its private key, use M(certops.acm.acm_export).
requirements:
  - cryptography >= 45 (with O(authority))
  - dnspython >= 2.6.1 (with O(authority) or O(publish.rfc2136), and to report what blocks a name)
  - idna >= 3.4 (for internationalized names)
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.actiongroup_acm
  - certops.acm.connection
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
    details:
      - No operation that writes is called. The validation records of a certificate that does not exist yet cannot be known.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(force_renewal=true) renews at each run, and O(resend_validation_email=true) sends mail at each run.
options:
  certificates:
    description:
      - Certificates to manage in one task, in place of O(domain_name) or O(certificate_arn).
      - Options that an item leaves out are taken from the task, except for those that identify the certificate.
      - The result of each item is in RV(certificates). If one fails, the task fails after all others are done.
    type: list
    elements: dict
    suboptions:
      certificate_arn:
        description: See O(certificate_arn).
        type: str
        aliases: [arn]
      domain_name:
        description: See O(domain_name).
        type: str
        aliases: [name]
      subject_alternative_names:
        description: See O(subject_alternative_names).
        type: list
        elements: str
        aliases: [alternative_names]
      name_tag:
        description: See O(name_tag).
        type: str
      state:
        description: See O(state).
        type: str
        choices: [present, absent, revoked]
      validation_method:
        description: See O(validation_method).
        type: str
        choices: [DNS, EMAIL, HTTP]
      domain_validation_options:
        description: See O(domain_validation_options).
        type: list
        elements: dict
        suboptions:
          domain_name:
            description: See O(domain_validation_options[].domain_name).
            type: str
            required: true
          validation_domain:
            description: See O(domain_validation_options[].validation_domain).
            type: str
            required: true
      certificate_authority_arn:
        description: See O(certificate_authority_arn).
        type: str
      key_algorithm:
        description: See O(key_algorithm).
        type: str
        choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
      options:
        description: See O(options).
        type: dict
        suboptions:
          certificate_transparency_logging_preference:
            description: See O(options.certificate_transparency_logging_preference).
            type: str
            choices: [ENABLED, DISABLED]
          export:
            description: See O(options.export).
            type: str
            choices: [ENABLED, DISABLED]
      managed_by:
        description: See O(managed_by).
        type: str
        choices: [CLOUDFRONT]
      root_hierarchy_type:
        description: See O(root_hierarchy_type).
        type: str
        choices: [N2_AMAZON_MANAGED, N2_SFG2_AMAZON_MANAGED]
      certificate_usage:
        description: See O(certificate_usage).
        type: str
        choices: [CLIENT_AND_SERVER_AUTH, CLIENT_AUTH_ONLY]
      tags:
        description: See O(tags).
        type: dict
        aliases: [resource_tags]
      purge_tags:
        description: See O(purge_tags).
        type: bool
      publish:
        description: See O(publish).
        type: dict
        suboptions:
          route53:
            description: See O(publish.route53).
            type: dict
            suboptions:
              profile:
                description: See O(publish.route53.profile).
                type: str
              role_arn:
                description: See O(publish.route53.role_arn).
                type: str
              external_id:
                description: See O(publish.route53.external_id).
                type: str
              zone_ids:
                description: See O(publish.route53.zone_ids).
                type: list
                elements: str
              ttl:
                description: See O(publish.route53.ttl).
                type: int
          rfc2136:
            description: See O(publish.rfc2136).
            type: dict
            suboptions:
              server:
                description: See O(publish.rfc2136.server).
                type: str
                required: true
              port:
                description: See O(publish.rfc2136.port).
                type: int
              key_name:
                description: See O(publish.rfc2136.key_name).
                type: str
              key_secret:
                description: See O(publish.rfc2136.key_secret).
                type: str
              key_algorithm:
                description: See O(publish.rfc2136.key_algorithm).
                type: str
                choices: [hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
              zone:
                description: See O(publish.rfc2136.zone).
                type: str
              ttl:
                description: See O(publish.rfc2136.ttl).
                type: int
      wait:
        description: See O(wait).
        type: bool
      renew_before:
        description: See O(renew_before).
        type: str
      force_renewal:
        description: See O(force_renewal).
        type: bool
      resend_validation_email:
        description: See O(resend_validation_email).
        type: bool
      revocation_reason:
        description: See O(revocation_reason).
        type: str
        choices:
          - UNSPECIFIED
          - KEY_COMPROMISE
          - CA_COMPROMISE
          - AFFILIATION_CHANGED
          - SUPERCEDED
          - SUPERSEDED
          - CESSATION_OF_OPERATION
          - CERTIFICATE_HOLD
          - REMOVE_FROM_CRL
          - PRIVILEGE_WITHDRAWN
          - A_A_COMPROMISE
      replace:
        description: See O(replace).
        type: bool
      all_matching:
        description: See O(all_matching).
        type: bool
  certificate_arn:
    description:
      - The ARN of the certificate. It must exist in the region of the task.
    type: str
    aliases: [arn]
  domain_name:
    description:
      - The first name of the certificate (its common name), such as V(www.example.com) or V(*.example.com).
      - An internationalized name may be given in Unicode.
    type: str
    aliases: [name]
  subject_alternative_names:
    description:
      - Further names. The first name may be repeated here.
      - ACM never changes the names of a certificate. See O(replace).
    type: list
    elements: str
    aliases: [alternative_names]
  name_tag:
    description:
      - Value of the tag C(Name), which is set and distinguishes this certificate from others.
      - If several certificates have the wanted names, the one with this tag is used; a certificate with another C(Name) tag
        is never used. If none has the names, the certificate with this tag is used.
    type: str
  state:
    description:
      - V(present) requests the certificate unless it exists, and changes what can be changed.
      - V(absent) deletes it. Without O(certificate_arn) and O(subject_alternative_names), every requested
        certificate with that first name matches, whatever its status. An imported certificate matches only by its ARN, or
        by O(name_tag) without O(domain_name).
      - V(revoked) revokes it, whether public or private. ACM does that only for certificates that were exported. It cannot be undone.
    type: str
    choices: [present, absent, revoked]
    default: present
  validation_method:
    description:
      - How control over the names of a public certificate is proved. A request without it uses V(DNS).
      - V(HTTP) works only for CloudFront, see O(managed_by).
      - If a certificate is validated by e-mail and this is V(DNS), it is changed to DNS where ACM supports that.
    type: str
    choices: [DNS, EMAIL, HTTP]
  domain_validation_options:
    description:
      - Where validation e-mail is sent, for O(validation_method=EMAIL) and O(resend_validation_email).
    type: list
    elements: dict
    suboptions:
      domain_name:
        description:
          - A name of the certificate.
        type: str
        required: true
      validation_domain:
        description:
          - The domain whose addresses (postmaster and so on) get the mail, which is that name or a parent domain.
        type: str
        required: true
  certificate_authority_arn:
    description:
      - The ARN of the private CA that issues the certificate. Without it, a public certificate is requested.
      - With O(authority), the name of one of its private CAs is enough.
    type: str
  key_algorithm:
    description:
      - The algorithm of the key. A request without it creates an C(RSA_2048) key. A private CA signs only keys of its own family, RSA or EC.
      - If it is left out, an existing certificate with any algorithm is adopted.
    type: str
    choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
  options:
    description:
      - Options of a public certificate.
    type: dict
    suboptions:
      certificate_transparency_logging_preference:
        description:
          - Whether the certificate is put into public transparency logs. It can be changed.
          - AWS has ended the opt-out. Browsers do not trust certificates that are not in any log.
        type: str
        choices: [ENABLED, DISABLED]
      export:
        description:
          - Whether the certificate and its key can be exported. It cannot be changed, and AWS charges for it, see
            RV(cost).
          - If it is left out, an existing certificate with either value is adopted, and a new one is requested without export.
        type: str
        choices: [ENABLED, DISABLED]
  managed_by:
    description:
      - The only service that can use the certificate. Required for O(validation_method=HTTP).
    type: str
    choices: [CLOUDFRONT]
  root_hierarchy_type:
    description:
      - The root hierarchy of an Amazon N2 certificate, which is a public certificate that can also be for TLS clients. Without it, a standard
        public certificate is requested.
      - It is validated by DNS, and is not in any transparency log. It needs botocore 1.44.8 or later.
    type: str
    choices: [N2_AMAZON_MANAGED, N2_SFG2_AMAZON_MANAGED]
  certificate_usage:
    description:
      - What an Amazon N2 certificate is for. Only with O(root_hierarchy_type); V(CLIENT_AUTH_ONLY) only with
        V(N2_AMAZON_MANAGED).
      - If it is left out, an existing certificate with either value is adopted, and a new one is requested for both.
    type: str
    choices: [CLIENT_AND_SERVER_AUTH, CLIENT_AUTH_ONLY]
  tags:
    description:
      - Tags of the certificate. They are part of the request, so that the certificate never exists without them.
      - Tags are left alone when this is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that are not in O(tags) are removed if O(tags) is set. AWS's own tags (C(aws:)) are always kept.
    type: bool
    default: true
  publish:
    description:
      - How to publish the records that prove control over the names in DNS. Without it they are returned in
        RV(validation_records), so that you can publish them by other means.
      - They are checked at each run, because ACM needs them for each renewal, and are never removed.
      - Before a certificate is requested, the module checks that there is a zone for each name.
      - A name, its wildcard and every later certificate of the account share one record, which is published once.
    type: dict
    suboptions:
      route53:
        description:
          - In Amazon Route 53, each record in the public hosted zone that matches its name best.
        type: dict
        suboptions:
          profile:
            description:
              - The AWS profile that may change the zones, if it is not the task's.
            type: str
          role_arn:
            description:
              - The ARN of the role to assume for the zones, for example in the account that owns them.
            type: str
          external_id:
            description:
              - The external ID that the role requires.
            type: str
          zone_ids:
            description:
              - Use only these hosted zones.
            type: list
            elements: str
          ttl:
            description:
              - Time to live of the records in seconds. By default 300.
            type: int
      rfc2136:
        description:
          - Through a name server that accepts dynamic updates (RFC 2136), such as BIND, Knot or PowerDNS.
        type: dict
        suboptions:
          server:
            description:
              - Name or address of the server.
            type: str
            required: true
          port:
            description:
              - Its TCP port. By default 53.
            type: int
          key_name:
            description:
              - Name of the TSIG key that signs the updates. Without it they are not signed.
            type: str
          key_secret:
            description:
              - The secret of the key in base64, as C(tsig-keygen) shows it.
            type: str
          key_algorithm:
            description:
              - Algorithm of the key. By default V(hmac-sha256).
            type: str
            choices: [hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
          zone:
            description:
              - The zone to update. Without it the server is asked for the zone of each name.
            type: str
          ttl:
            description:
              - Time to live of the records in seconds. By default 300.
            type: int
  wait:
    description:
      - Whether to wait until the certificate is issued, a renewal has produced the new certificate, or a certificate that is
        to be deleted is no longer in use.
      - While it waits, the task displays which names are waiting for what, after ten seconds and then at growing intervals.
      - Waiting ends immediately if ACM gives up. If time runs out, the message says what blocks which name. To find that
        out, the module looks in DNS for a few more seconds if the Python package C(dnspython) is installed.
    type: bool
    default: false
  wait_timeout:
    description:
      - The maximum number of seconds to wait, for all certificates together.
    type: int
    default: 900
  wait_interval:
    description:
      - How many seconds to wait between two checks. Waiting begins with shorter intervals.
    type: int
    default: 5
  renew_before:
    description:
      - Renew now if the certificate expires within this time. Either days, as in V(30), or a share of its lifetime,
        as in V(33%).
      - A time as long as the lifetime is refused, because every run would renew again.
      - ACM automatically renews certificates that are in use, or were exported since they were issued. On demand it renews
        only certificates that were exported before.
      - If the certificate is given by name, and the existing one has more names or is private, the task fails and names
        that certificate instead of requesting another one.
    type: str
  force_renewal:
    description:
      - Renew now, no matter when it expires. A certificate that this task has just requested is left alone.
      - With O(wait), the task waits for a renewal that is already under way.
    type: bool
    default: false
  resend_validation_email:
    description:
      - Send the validation e-mail again for every name that is still waiting for approval.
    type: bool
    default: false
  revocation_reason:
    description:
      - The reason for O(state=revoked). By default V(UNSPECIFIED).
    type: str
    choices:
      - UNSPECIFIED
      - KEY_COMPROMISE
      - CA_COMPROMISE
      - AFFILIATION_CHANGED
      - SUPERCEDED
      - SUPERSEDED
      - CESSATION_OF_OPERATION
      - CERTIFICATE_HOLD
      - REMOVE_FROM_CRL
      - PRIVILEGE_WITHDRAWN
      - A_A_COMPROMISE
  replace:
    description:
      - What to do if the existing certificate differs in something that ACM cannot change, such as its names, or has expired,
        or if the last request for it failed.
      - With V(true) a new certificate is requested in addition, and once that is issued, RV(superseded) identifies the old
        one. Otherwise the task fails and says what differs.
    type: bool
    default: false
  all_matching:
    description:
      - Whether O(state=absent) and O(state=revoked) may apply to several certificates if several match.
    type: bool
    default: false
  resolvers:
    description:
      - Name servers for finding out what blocks which name if time runs out, each an IP address with a port if that is not 53.
      - By default those of the system, or with O(authority) those that the authority uses. They should see what ACM sees,
        which is public DNS.
    type: list
    elements: str
  details:
    description:
      - Whether to read every certificate in detail for the result, even if nothing else needs that.
      - The default is V(true) for one certificate and V(false) with O(certificates), where the result of a certificate that
        needs no change has only what one call returns for all of them, such as status, serial, names and dates.
    type: bool
  prices:
    description:
      - What AWS charges for an exportable public certificate, for RV(cost).
    type: dict
    suboptions:
      name:
        description:
          - For each name that is not a wildcard. By default 7.
        type: float
      wildcard:
        description:
          - For each wildcard. By default 79.
        type: float
      currency:
        description:
          - The currency of both. By default C(USD).
        type: str
notes:
  - "Least IAM policy: C(acm:SearchCertificates) (without it C(acm:ListCertificates) is used), C(acm:DescribeCertificate),
    C(acm:RequestCertificate)."
  - "With O(tags) or O(name_tag) also C(acm:ListTagsForCertificate), C(acm:AddTagsToCertificate),
    C(acm:RemoveTagsFromCertificate) and, to read the tags of many certificates in one call, C(tag:GetResources)."
  - "For the corresponding options also C(acm:UpdateCertificateOptions), C(acm:RenewCertificate), C(acm:ResendValidationEmail),
    C(acm:RevokeCertificate) and C(acm:DeleteCertificate). For private certificates C(acm-pca:IssueCertificate),
    C(acm-pca:GetCertificate) and C(acm-pca:DescribeCertificateAuthority) on the CA."
  - "With O(publish.route53) also C(route53:ListHostedZones) (with O(publish.route53.zone_ids) C(route53:GetHostedZone)
    instead), C(route53:ListResourceRecordSets) and C(route53:ChangeResourceRecordSets); if
    O(publish.route53.role_arn) is set, that role needs these permissions, and the task needs C(sts:AssumeRole) for it."
  - "O(publish.rfc2136) needs the Python package C(dnspython). O(publish.rfc2136.key_secret) is sent to the module only
    through the connection. If that does not support pipelining, the task fails instead of writing it to a temporary file."
seealso:
  - module: certops.acm.acm_certificate_info
  - module: certops.acm.acm_import
  - module: certops.acm.acm_export
  - module: certops.acm.acm_authority
"""

EXAMPLES = r"""
- name: Request a public certificate, validated through Route 53
  certops.acm.acm_certificate:
    domain_name: www.example.com
    subject_alternative_names:
      - example.com
      - "*.example.com"
    publish:
      route53: {}
    wait: true
    tags:
      service: shop

- name: Request a certificate whose zones belong to another account
  certops.acm.acm_certificate:
    domain_name: www.example.com
    publish:
      route53:
        role_arn: arn:aws:iam::111122223333:role/dns-records
    wait: true

- name: Request a certificate whose key can be exported, with records on our own name server
  certops.acm.acm_certificate:
    domain_name: mail.example.com
    key_algorithm: EC_prime256v1
    options:
      export: ENABLED
    publish:
      rfc2136:
        server: ns1.example.com
        key_name: acm
        key_secret: "{{ vault_tsig_secret }}"
    wait: true

- name: Request a private certificate
  certops.acm.acm_certificate:
    domain_name: db.internal.example.com
    certificate_authority_arn: arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/12345678-1234-1234-1234-123456789012
    wait: true

- name: Request a certificate from an embedded authority, without an AWS account
  certops.acm.acm_certificate:
    authority: /srv/acm
    domain_name: db.internal.example.com
    certificate_authority_arn: "{{ authority.certificate_authorities[0].arn }}"
    wait: true

- name: Manage many certificates in one task
  certops.acm.acm_certificate:
    publish:
      route53: {}
    wait: true
    certificates:
      - domain_name: www.example.com
      - domain_name: shop.example.com
        subject_alternative_names: [pay.example.com]
      - domain_name: api.example.com
        key_algorithm: EC_prime256v1

- name: Renew an exported certificate in the last third of its lifetime
  certops.acm.acm_certificate:
    domain_name: mail.example.com
    renew_before: 33%
    wait: true

- name: Change the names, which means a new certificate in addition to the old one
  certops.acm.acm_certificate:
    certificate_arn: "{{ old_arn }}"
    domain_name: www.example.com
    subject_alternative_names: [new.example.com]
    replace: true
    publish:
      route53: {}
    wait: true
  register: site

- name: Delete the old certificate once it is no longer in use
  certops.acm.acm_certificate:
    certificate_arn: "{{ site.superseded.certificate_arn }}"
    state: absent
    wait: true
  when: site.superseded is defined

- name: Revoke a certificate whose key has leaked
  certops.acm.acm_certificate:
    certificate_arn: "{{ leaked_arn }}"
    state: revoked
    revocation_reason: KEY_COMPROMISE
"""

RETURN = r"""
certificate:
  description:
    - The certificate as it now is, or in check mode as it would be. Empty after O(state=absent).
    - It has what C(DescribeCertificate) returns, in snake_case. A member that ACM does not return is missing.
  returned: when O(certificates) is not used
  type: dict
  contains:
    certificate_arn:
      description: The ARN. It stays the same through every renewal. Missing in check mode if the certificate does not exist yet.
      returned: when it exists
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
      returned: when issued and read in detail
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
      description: ARNs of the resources that use it.
      returned: when read in detail
      type: list
      elements: str
    in_use:
      description: Whether anything uses it.
      returned: when known
      type: bool
    exported:
      description: Whether it was ever exported.
      returned: when a list has it
      type: bool
    renewal_eligibility:
      description: Whether ACM renews it automatically, C(ELIGIBLE) or C(INELIGIBLE).
      returned: when known
      type: str
    renewal_summary:
      description:
        - The state of the last renewal that ACM began. Missing until one has begun. Its members are described in
          M(certops.acm.acm_certificate_info).
      returned: when there was a renewal
      type: dict
      sample: {"renewal_status": "SUCCESS", "updated_at": "2026-11-23T16:51:00Z"}
    validation_method:
      description: How its names are validated.
      returned: for public certificates
      type: str
      sample: DNS
    domain_validation_options:
      description: How each name is validated, with its record, redirect or mail addresses.
      returned: for public certificates, when read in detail
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
      returned: for private certificates, when read in detail
      type: str
    update_summary:
      description: The state of the change from validation by e-mail to validation by DNS. Missing if there was none.
      returned: when such a change was requested, when read in detail
      type: dict
      sample: {"status": "PENDING_DOMAIN_VALIDATION", "type": "DOMAIN_VALIDATION_METHOD"}
    certificate_key_pair_origin:
      description: Who created the key, C(AWS_MANAGED), C(ACME) or C(CUSTOMER_PROVIDED).
      returned: when ACM tells it
      type: str
      sample: AWS_MANAGED
    root_hierarchy_type:
      description: The root hierarchy of an Amazon N2 certificate.
      returned: for Amazon N2 certificates
      type: str
      sample: N2_AMAZON_MANAGED
    certificate_usage:
      description: What an Amazon N2 certificate is for.
      returned: for Amazon N2 certificates
      type: str
      sample: CLIENT_AUTH_ONLY
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
      description: Extended key usages, each with C(name) and, when read in detail, C(oid).
      returned: when issued
      type: list
      elements: dict
      sample: [{"name": "TLS_WEB_SERVER_AUTHENTICATION", "oid": "1.3.6.1.5.5.7.3.1"}]
    tags:
      description: Its tags.
      returned: when O(tags) or O(name_tag) is used
      type: dict
      sample: {"service": "shop"}
certificates:
  description:
    - One item for each item of O(certificates), in the same order. Each has the members of RV(certificate), and also
      C(changed), C(failed), C(msg), C(error), and what else is returned for a single certificate.
  returned: when O(certificates) is used
  type: list
  elements: dict
actions:
  description: The operations of ACM that were called to change something, or in check mode would be.
  returned: when O(certificates) is not used
  type: list
  elements: str
  sample: [RequestCertificate, publish]
validation_records:
  description: The DNS records that prove control over the names. They must stay for the renewals.
  returned: for public certificates validated by DNS, when known
  type: list
  elements: dict
  sample:
    - name: _0123456789abcdef.www.example.com.
      type: CNAME
      value: _fedcba9876543210.xyz.acm-validations.aws.
published:
  description:
    - The changes to DNS that were made, or in check mode would be. Empty if all records existed already.
    - C(zone) has the hosted zone's ID after its name if it is a Route 53 zone.
  returned: with O(publish)
  type: list
  elements: dict
  sample:
    - action: create
      zone: example.com
      name: _0123456789abcdef.www.example.com.
      type: CNAME
      value: _fedcba9876543210.xyz.acm-validations.aws.
      ttl: 300
      before: []
renewal:
  description: Whether a renewal was due, and why or why not.
  returned: with O(renew_before) or O(force_renewal), when the certificate exists
  type: dict
  sample: {"due": false, "reason": "It expires in 150 days; renewal is due in 84 days."}
cost:
  description: What AWS charges for what was done, and will charge again for each renewal.
  returned: when an exportable public certificate is requested or renewed on AWS
  type: dict
  sample: {"names": 1, "wildcards": 1, "amount": 86.0, "currency": "USD"}
superseded:
  description: The certificate that has been replaced and can be deleted once nothing uses it.
  returned: with O(replace), when the new one is issued
  type: dict
  contains:
    certificate_arn:
      description: Its ARN.
      returned: always
      type: str
    in_use_by:
      description: ARNs of the resources that still use it.
      returned: always
      type: list
      elements: str
deleted:
  description: ARNs of the certificates that were deleted, or in check mode would be.
  returned: with O(state=absent)
  type: list
  elements: str
error:
  description: What went wrong; with O(certificates), in the first item that failed.
  returned: on failure
  type: dict
  contains:
    code:
      description:
        - ACM's error code, or C(InvalidInput) if the module itself refused.
        - C(TimedOut) if the change did not happen within O(wait_timeout), C(RequestFailed) if the request or renewal failed
          at ACM, and C(PublishError) if the validation records could not be published.
      returned: always
      type: str
      sample: LimitExceededException
    operation:
      description: The operation that failed.
      returned: always
      type: str
      sample: RequestCertificate
"""

import os
import time
import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._rules.key_algorithms import REQUEST_KEY_ALGORITHMS
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import options as wanted, task
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate.item import Clock, Look, Settings
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate.progress import ProgressFile
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.progress_file import VARIABLE

LOOK_S = 8.0
DEFAULTS = {
    "state": "present",
    "purge_tags": True,
    "wait": False,
    "force_renewal": False,
    "resend_validation_email": False,
    "replace": False,
    "all_matching": False,
}

TSIG_ALGORITHMS = ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
PUBLISH_OPTIONS: dict[str, t.Any] = {
    "route53": {
        "type": "dict",
        "options": {
            "profile": {"type": "str"},
            "role_arn": {"type": "str"},
            "external_id": {"type": "str"},
            "zone_ids": {"type": "list", "elements": "str"},
            "ttl": {"type": "int"},
        },
    },
    "rfc2136": {
        "type": "dict",
        "options": {
            "server": {"type": "str", "required": True},
            "port": {"type": "int"},
            "key_name": {"type": "str", "no_log": False},
            "key_secret": {"type": "str", "no_log": True},
            "key_algorithm": {"type": "str", "choices": list(TSIG_ALGORITHMS), "no_log": False},
            "zone": {"type": "str"},
            "ttl": {"type": "int"},
        },
    },
}


def certificate_options() -> dict[str, t.Any]:
    """The options of one certificate, without defaults: an item of a list inherits the task's options."""
    return {
        "certificate_arn": {"type": "str", "aliases": ["arn"]},
        "domain_name": {"type": "str", "aliases": ["name"]},
        "subject_alternative_names": {"type": "list", "elements": "str", "aliases": ["alternative_names"]},
        "name_tag": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "revoked"]},
        "validation_method": {"type": "str", "choices": ["DNS", "EMAIL", "HTTP"]},
        "domain_validation_options": {
            "type": "list",
            "elements": "dict",
            "options": {
                "domain_name": {"type": "str", "required": True},
                "validation_domain": {"type": "str", "required": True},
            },
        },
        "certificate_authority_arn": {"type": "str"},
        "key_algorithm": {"type": "str", "choices": list(REQUEST_KEY_ALGORITHMS)},
        "options": {
            "type": "dict",
            "options": {
                "certificate_transparency_logging_preference": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
                "export": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
            },
        },
        "managed_by": {"type": "str", "choices": ["CLOUDFRONT"]},
        "root_hierarchy_type": {"type": "str", "choices": ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]},
        "certificate_usage": {"type": "str", "choices": ["CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY"]},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool"},
        "publish": {"type": "dict", "options": PUBLISH_OPTIONS},
        "wait": {"type": "bool"},
        "renew_before": {"type": "str"},
        "force_renewal": {"type": "bool"},
        "resend_validation_email": {"type": "bool"},
        "revocation_reason": {"type": "str", "choices": list(wanted.REVOCATION_REASONS)},
        "replace": {"type": "bool"},
        "all_matching": {"type": "bool"},
    }


def argument_spec() -> dict[str, t.Any]:
    spec = certificate_options()
    for option, default in DEFAULTS.items():
        spec[option] = {**spec[option], "default": default}
    spec["certificates"] = {"type": "list", "elements": "dict", "options": certificate_options()}
    spec["wait_timeout"] = {"type": "int", "default": 900}
    spec["wait_interval"] = {"type": "int", "default": 5}
    spec["resolvers"] = {"type": "list", "elements": "str"}
    spec["details"] = {"type": "bool"}
    spec["prices"] = {
        "type": "dict",
        "options": {"name": {"type": "float"}, "wildcard": {"type": "float"}, "currency": {"type": "str"}},
    }
    return spec


def looking(acm: Acm, resolvers: t.Optional[list[str]]) -> Look:
    """Looks at DNS and the web for LOOK_S at most, and imports the required code only then."""
    if resolvers:
        from ansible_collections.certops.acm.plugins.module_utils._net import resolver

        for text in resolvers:
            resolver.endpoint(text)

    def look(details: t.Sequence[t.Mapping[str, t.Any]]) -> list[list[dict[str, str]]]:
        from ansible_collections.certops.acm.plugins.module_utils._diagnosis import obstacles

        lookout = acm.lookout()
        servers = resolvers or lookout.resolvers
        return obstacles.look(details, obstacles.eyes(servers, lookout.addresses, LOOK_S, also_inside=bool(resolvers)))

    return look


def run(module: AcmModule) -> dict[str, t.Any]:
    params, acm = module.params, module.acm
    if params["wait_timeout"] < 0 or params["wait_interval"] < 1:
        raise InvalidInput("wait_timeout must be at least 0 and wait_interval at least 1 second.")
    for what in ("name", "wildcard"):
        price = (params["prices"] or {}).get(what)
        if price is not None and not 0 <= price < float("inf"):
            raise InvalidInput(f"prices.{what} is {price:g}: give AWS's price, a number of at least 0.")
    is_list = params.get("certificates") is not None
    progress = ProgressFile(os.environ.get(VARIABLE))
    settings = Settings(
        now=datetime.now(timezone.utc),
        clock=Clock(time.sleep, time.monotonic),
        timeout_s=params["wait_timeout"],
        interval_s=params["wait_interval"],
        details=not is_list if params["details"] is None else params["details"],
        prices=params["prices"],
        look=looking(acm, params["resolvers"]),
        report=progress,
    )
    with progress:
        result = task.run(acm, params, settings, is_check=module.check_mode)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    return result


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority, which knows the operations that this module calls."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import (
        certificates,
        lists,
        requests,
        tags,
    )

    return open_door(path, region, certificates.OPERATIONS | lists.OPERATIONS | requests.OPERATIONS | tags.OPERATIONS)


def main() -> None:
    identity = list(wanted.IDENTITY_OPTIONS)
    module = AcmModule(
        argument_spec(),
        embedded=open_embedded,
        supports_check_mode=True,
        mutually_exclusive=[["certificates", option] for option in identity],
        required_one_of=[["certificates", "certificate_arn", "domain_name", "name_tag"]],
    )
    guard(module, lambda: run(module))


if __name__ == "__main__":
    main()
