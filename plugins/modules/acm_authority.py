#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_authority
short_description: Create, configure and sweep an embedded certificate authority that answers as ACM does
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - An embedded authority is a directory in which ACM lives without an AWS account. The other modules of this collection
    use it instead of AWS when their option O(certops.acm.acm_certificate#module:authority) names that directory.
  - It validates domain names by DNS, e-mail or HTTP, issues from its own roots or from private CAs, renews, exports and
    revokes by the rules of ACM. Nothing has to be running. What is due is done when a certificate is read, and by
    a sweep.
  - It is meant for labs, CI, air-gapped sites and small fleets. It has its own roots, so clients must trust RV(authority.trust_file).
extends_documentation_fragment:
  - certops.acm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - A sweep changes something whenever something is due.
options:
  path:
    description:
      - Directory of the authority. It is created, with its parents, if it does not exist or is empty.
      - If anything else is in it, that is left alone and the task fails.
      - It must be an absolute path, such as V({{ playbook_dir }}/acm), or begin with C(~), so that the task finds the same
        authority from wherever it is started.
    type: path
    required: true
  region:
    description:
      - AWS region that the authority pretends to be. It cannot be changed later.
      - By default a new authority is in V(us-east-1).
    type: str
  account_id:
    description:
      - AWS account that the authority pretends to be; twelve digits in quotes. It cannot be changed later.
      - By default a new authority has V(123456789012).
      - Validation records are derived from it, so two authorities of the same account use the same records.
    type: str
  key_file:
    description:
      - Path of the key-encryption key, which opens the private keys. It cannot be changed later.
      - By default it is a file in O(path) that only its owner can read. Elsewhere, for example on a device that is
        mounted for the purpose, a stolen copy of the directory is worth nothing.
    type: path
  passphrase:
    description:
      - Protects the private keys with a passphrase instead of a key file. Needed again whenever the authority is used.
      - The E(CERTOPS_ACM_AUTHORITY_PASSPHRASE) environment variable may also be used; it is the one that the other modules read.
    type: str
  rotate_key:
    description:
      - Replace the key-encryption key, once. A key file gets a new random key; a passphrase is replaced by
        O(new_passphrase).
      - Certificates and their keys stay as they are. Programs that have the authority open continue to work.
    type: bool
    default: false
  backup_to:
    description:
      - Copy the authority into this file, even while it is in use. The file must not exist. This is the last thing that the
        task does.
      - Private keys in the copy are encrypted. The key file is not copied.
    type: path
  restore_from:
    description:
      - Restore the authority from this copy, unless O(path) has one already. Otherwise nothing is done.
      - Region, account, settings and all certificates are those of the copy.
    type: path
  restore_key_from:
    description:
      - The copy of the key file that opens O(restore_from). It becomes the key file in O(path).
    type: path
  renew_data_key:
    description:
      - Replace the data key as well, once. That is the key that the key-encryption key opens. All private keys and other secrets
        are encrypted again.
      - Nothing else may have the authority open in the meantime. Stop its server first.
      - An older copy of the authority stays readable with the key that it had then.
    type: bool
    default: false
  new_passphrase:
    description:
      - The passphrase with which O(rotate_key) replaces O(passphrase).
    type: str
  settings:
    description:
      - Numbers and rules of ACM that should differ on this authority. Settings that are not given are not changed.
    type: dict
    suboptions:
      validity_days:
        description:
          - How long a public certificate is valid, in days (1 to 36500). By default 395, as in the AWS user guide; since February 2026 the live
            service issues for 198.
        type: int
      private_validity_days:
        description:
          - How long a certificate of a private CA is valid, in days (1 to 36500). By default 395.
        type: int
      validity_minutes:
        description:
          - For labs. How long every certificate is valid, in minutes (0 to 36500), instead of the days. By default V(0), which means that the days
            count.
        type: int
      ca_validity_days:
        description:
          - How long a CA of the authority is valid, in days (1 to 36500). A public root is valid for twice as long. By default 3650.
        type: int
      max_names:
        description:
          - How many names a certificate may have, including the first (1 or more). By default 10; ACM allows up to 100 by quota.
        type: int
      request_key_algorithms:
        description:
          - Key algorithms that can be requested, of V(RSA_2048), V(EC_prime256v1) and V(EC_secp384r1). By default all of them.
        type: list
        elements: str
      public_rsa_ca_key_algorithm:
        description:
          - Key of the CAs that sign public RSA certificates, V(RSA_2048) or V(RSA_4096). By default V(RSA_2048). Another value creates new CAs.
        type: str
      public_ec_ca_key_algorithm:
        description:
          - Key of the CAs that sign public EC certificates, V(EC_prime256v1) or V(EC_secp384r1). By default V(EC_prime256v1). Another value creates new
            CAs.
        type: str
      service_linked_role:
        description:
          - Whether the account has ACM's service-linked role. Without it, certificates from a private CA of another account are not renewed. By
            default true.
        type: bool
      private_ca_key_families:
        description:
          - Key families of private CAs that sign, of V(RSA) and V(EC). By default both; the AWS user guide mentions only V(RSA).
        type: list
        elements: str
      import_one_key_family:
        description:
          - Whether an imported certificate's key must be of the same family, RSA or EC, as the key that signed it. An older rule of ACM. By default
            false.
        type: bool
      never_issued:
        description:
          - Domains for which, and below which, no public certificate is issued (V(DOMAIN_NOT_ALLOWED)). By default V(amazonaws.com),
            V(cloudfront.net) and V(elasticbeanstalk.com).
        type: list
        elements: str
      public_suffixes:
        description:
          - Suffixes that count as public although public DNS does not have them, such as V(lab.test) or V(lan). By default none, so that names
            below a top-level domain that does not exist fail with V(INVALID_PUBLIC_DOMAIN).
        type: list
        elements: str
      failure_reasons:
        description:
          - Makes requests fail, to test how failures are handled. Maps a domain to the reason for which requests for it, or for a name below it, fail, such as
            V(ADDITIONAL_VERIFICATION_REQUIRED) or V(PCA_REQUEST_FAILED). Renewals have the reason too. By default none.
        type: dict
      public_client_auth:
        description:
          - Whether public certificates are also for TLS clients, as they were until June 2025. By default false.
        type: bool
      publication_url:
        description:
          - URL below which clients find the files in the directory C(public/). It is written into certificates. By default V(http://pki.acm.internal).
        type: str
      crl_days:
        description:
          - How long a revocation list is valid, in days (1 to 36500). By default 7.
        type: int
      ocsp_url:
        description:
          - URL of the OCSP responder. It is written into certificates; empty for none. By default V(http://ocsp.acm.internal).
        type: str
      ocsp_hours:
        description:
          - How long an OCSP response is valid, in hours (1 to 36500). By default 24.
        type: int
      idempotency_minutes:
        description:
          - How long an idempotency token is remembered, in minutes (1 to 36500). By default 60.
        type: int
      idempotency_one_request:
        description:
          - Whether an idempotency token that is used again with other parameters is an error. By default false, so that it counts as another request.
        type: bool
      validation_hours:
        description:
          - How long names may take to be validated, in hours (1 to 36500); also how long the link in an approval mail is valid. By default 72.
        type: int
      validation_suffix:
        description:
          - Domain below which the values of the validation records are. By default V(acm-validations.aws).
        type: str
      resolvers:
        description:
          - Name servers to ask, each as C(address:port) or C(address). By default those of the system.
        type: list
        elements: str
      resolver_timeout_s:
        description:
          - How long a name server may take to answer, in seconds (0 or more). By default 5.
        type: float
      max_cname_chain:
        description:
          - How many CNAME records may lead from a validation record's name to its value (0 or more). By default 5.
        type: int
      caa_issuers:
        description:
          - Issuers in CAA records that allow the authority to issue. By default those of ACM, V(amazon.com), V(amazontrust.com), V(awstrust.com) and
            V(amazonaws.com).
        type: list
        elements: str
      validation_interval_s:
        description:
          - How long names that are waiting for validation are left alone between two checks, in seconds (0 or more), for requests and renewals. Lists,
            searches and a running server check what is due; a sweep checks immediately. Just after the request, checks are more frequent. By
            default 60.
        type: float
      read_interval_s:
        description:
          - Like O(settings.validation_interval_s), for reads of the certificate itself, in seconds (0 or more). By default 5.
        type: float
      resource_record_delay_s:
        description:
          - How long after a request its validation records are not yet returned, in seconds (0 or more). By default 0.
        type: float
      validation_emails_delay_s:
        description:
          - How long after a request with e-mail validation its addresses are not yet returned, and it cannot fail for lack of a mail server,
            in seconds (0 or more). By default 2.
        type: float
      approval_url:
        description:
          - URL of the page that an approval mail links to. C({region}) in it stands for the region; empty for mail without a link. By default
            V(https://certificates.acm.internal/approvals).
        type: str
      http_addresses:
        description:
          - For validation by HTTP. Maps a name to the C(address:port) to use for it instead of its address in DNS. By default none.
        type: dict
      email_to_dns:
        description:
          - Whether a certificate can change from e-mail to DNS validation, as the live service allows. By default true.
        type: bool
      renewal_window_days:
        description:
          - How long before its expiry the renewal of a certificate begins, in days (1 to 36500); never more than half of its lifetime. By default 60.
        type: int
      renewal_window_email_days:
        description:
          - The same for certificates that are validated by e-mail. By default 45.
        type: int
      renewal_window_percent:
        description:
          - The renewal window as a share of the lifetime, in percent (0 to 99), instead of the days. By default V(0), which means that the days
            count.
        type: int
      renewal_attempts_a_day:
        description:
          - How often a private CA that could not renew is asked again, as a number of times a day (1 to 36500). By default 24.
        type: int
      renewal_notice_days:
        description:
          - How many days before expiry the authority sends an event about a renewal that needs the customer, as a list. By default 45, 30, 15, 7, 3 and 1.
        type: list
        elements: int
      days_before_expiry:
        description:
          - How many days before expiry the daily events begin (1 to O(settings.max_days_before_expiry)), unless the account's configuration says
            otherwise. By default 45.
        type: int
      max_days_before_expiry:
        description:
          - The maximum for the account's configuration, in days (1 to 36500). By default 45.
        type: int
      events_kept_days:
        description:
          - How long events are kept, in days (1 to 36500); longer if they still have to be delivered to a target. By default 400.
        type: int
      audit_kept_days:
        description:
          - How long the records of calls are kept, in days (1 to 36500). By default 90.
        type: int
      delivery_timeout_s:
        description:
          - How long a target of events may take to answer, in seconds (0 or more). By default 10.
        type: float
      quota_certificates:
        description:
          - How many public certificates the account may have, including expired and revoked ones (0 or more). By default 2500.
        type: int
      quota_requests_a_year:
        description:
          - How many public certificates may be requested in 365 days (0 or more). By default 5000.
        type: int
      quota_imported:
        description:
          - How many imported certificates the account may have (0 or more). By default 2500.
        type: int
      quota_imports_a_year:
        description:
          - How many certificates may be imported in 365 days (0 or more). By default 5000.
        type: int
      quota_private_cas:
        description:
          - How many private CAs the authority may have (0 or more). By default 200.
        type: int
      quota_certificates_a_ca:
        description:
          - How many certificates a private CA may sign in its life (0 or more). By default 1000000.
        type: int
      rate_limits:
        description:
          - Whether calls beyond ACM's rates are refused with C(ThrottlingException). By default false.
        type: bool
      rates:
        description:
          - Maps an operation of ACM to the calls a second that are allowed (1 or more), where that is not ACM's own number. It counts only with
            O(settings.rate_limits). By default none.
        type: dict
      max_tags:
        description:
          - How many tags a certificate may have (0 or more). By default 50.
        type: int
      max_tag_key_length:
        description:
          - How long the key of a tag may be, in characters (0 or more). By default 127.
        type: int
      max_tag_value_length:
        description:
          - How long the value of a tag may be, in characters (0 or more). By default 255.
        type: int
      request_policy:
        description:
          - Conditions on requests. Maps a condition key of IAM, such as V(acm:DomainNames), to a list of patterns, of which every value of a request
            must match one. By default none.
        type: dict
  smtp:
    description:
      - The mail server for validation by e-mail. Without one, names can be approved with O(approve).
    type: dict
    suboptions:
      host:
        description:
          - Name or address of the mail server.
        type: str
        required: true
      port:
        description:
          - Its port.
        type: int
        default: 25
      security:
        description:
          - How the connection is protected. With V(starttls) no mail is sent unencrypted.
        type: str
        choices: [none, starttls, tls]
        default: none
      username:
        description:
          - User to log in as.
        type: str
      password:
        description:
          - Password of that user. It is stored as securely as the private keys.
        type: str
      sender:
        description:
          - Address that the mails come from.
        type: str
  event_targets:
    description:
      - Where a sweep delivers the authority's events about renewals, expirations and everything else that ACM reports. They
        have the form of EventBridge's.
      - This is the complete list. A target that is not in it is removed, and an empty list removes all. Without this option
        targets stay as they are.
      - A new target gets the events that happen from then on. Each event arrives at least once, and in order. A target that does
        not accept an event gets it, and all that follow, from a later sweep. The others do not wait for it.
      - All options of a target are stored as securely as the private keys.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the target within the authority.
        type: str
        required: true
      detail_types:
        description:
          - Only events of these kinds. By default all.
        type: list
        elements: str
        default: []
        choices:
          - ACM Certificate Available
          - ACM Certificate Approaching Expiration
          - ACM Certificate Expired
          - ACM Certificate Renewal Action Required
          - ACM Certificate Revoked
          - AWS Health Event
      webhook:
        description:
          - An HTTP server that gets one POST for each event. It must answer with a status of 200 to 299.
        type: dict
        suboptions:
          url:
            description:
              - Its URL. It is treated as a secret, because for many services it is one.
            type: str
            required: true
          token:
            description:
              - Sent in the header C(Authorization) as a bearer token.
            type: str
          secret:
            description:
              - Key with which each event is signed, as L(Standard Webhooks,https://www.standardwebhooks.com) describes
                it. Headers C(webhook-id), C(webhook-timestamp) and C(webhook-signature).
            type: str
          trust_file:
            description:
              - PEM file with the CAs trusted to issue the server's certificate. By default those of the system.
            type: path
      sqs:
        description:
          - An SQS queue, which needs botocore. Each message is an event as EventBridge would send it.
          - It needs the permission C(sqs:SendMessage).
        type: dict
        suboptions:
          queue_url:
            description:
              - URL of the queue. A queue whose name ends in C(.fifo) keeps the order.
            type: str
            required: true
          region:
            description:
              - Region of the queue. By default the authority's.
            type: str
          endpoint_url:
            description:
              - Endpoint to use instead of the AWS endpoint.
            type: str
          access_key:
            description:
              - Access key ID. By default botocore looks for credentials in its usual places.
            type: str
          secret_key:
            description:
              - Secret access key.
            type: str
          profile:
            description:
              - Profile of the AWS configuration files.
            type: str
  certificate_authorities:
    description:
      - Private CAs that must exist, for certificates with O(certops.acm.acm_certificate#module:certificate_authority_arn).
      - CAs that are not listed are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the CA within the authority.
        type: str
        required: true
      key_algorithm:
        description:
          - Kind of the CA's key. The certificates that it signs must have a key of the same family.
        type: str
        choices: [RSA_2048, RSA_4096, EC_prime256v1, EC_secp384r1]
        default: RSA_2048
      common_name:
        description:
          - Common name in the CA's certificate. By default its name followed by C(CA).
        type: str
      validity_days:
        description:
          - How long the CA is valid. By default the setting V(ca_validity_days).
          - It must outlive the certificates that it signs.
        type: int
      account_id:
        description:
          - The account that owns the CA, if it is another account that shares it. By default the authority's own.
          - Such certificates are renewed only as long as the setting V(service_linked_role) is true.
        type: str
      permitted_domains:
        description:
          - Name constraints of the CA. It signs for these domains and their subdomains; by default for any name.
        type: list
        elements: str
        default: []
      permitted:
        description:
          - Whether ACM may issue from the CA, which on AWS is a permission that the owner of the CA gives. Without it, requests fail with
            V(PCA_ACCESS_DENIED).
        type: bool
        default: true
      status:
        description:
          - Status of the CA. Only an V(ACTIVE) CA signs.
        type: str
        choices: [CREATING, PENDING_CERTIFICATE, ACTIVE, DELETED, DISABLED, EXPIRED, FAILED]
        default: ACTIVE
  approve:
    description:
      - Names that are waiting for validation by e-mail and should be approved now.
    type: list
    elements: dict
    default: []
    suboptions:
      token:
        description:
          - The token of the approval mail.
        type: str
      certificate_arn:
        description:
          - The certificate, if a name is approved without its mail.
        type: str
      domain_name:
        description:
          - The name of that certificate.
        type: str
  access_keys:
    description:
      - Users and roles that may send requests to the authority's server, each with its own access key, in addition to the
        owner's key. C(python3 -m ansible_collections.certops.acm.plugins.module_utils._authority.wire.command_line credentials) shows a key.
      - This is the complete list. A key that is not in it is removed, and an empty list removes all but the owner's. Without
        this option keys stay as they are.
      - Playbooks that use the authority's directory need no key, and no policy applies to them.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the user or role, as in IAM.
        type: str
        required: true
      kind:
        description:
          - What the caller is in policies, messages and records.
        type: str
        choices: [user, role]
        default: user
      policy:
        description:
          - An identity policy, as in IAM. Actions, resources, the condition keys of ACM, and those for tags.
          - Without a policy, the key allows everything.
        type: dict
  renew_access_keys:
    description:
      - Names of access keys that get a new ID and a new secret, once; V(owner) for the owner's. The old ones are refused from then on, by
        a running server, too.
    type: list
    elements: str
    default: []
  in_use_by:
    description:
      - Which services use a certificate. On AWS, load balancers and other services report this themselves; a certificate in
        use cannot be deleted, and is renewed without having been exported.
    type: list
    elements: dict
    default: []
    suboptions:
      certificate_arn:
        description:
          - The certificate.
        type: str
        required: true
      services:
        description:
          - ARNs of the services that use it; an empty list for none.
        type: list
        elements: str
        required: true
  sweep:
    description:
      - Do everything that is due now, which means pending validations, renewals, notices of expiry and revocation lists.
      - Run it from a timer, cron or a job schedule, for example every hour. It is safe at any time, even while others use the
        authority.
    type: bool
    default: false
requirements:
  - cryptography >= 45
  - dnspython >= 2.6.1
  - idna >= 3.4 (for internationalized names)
  - botocore >= 1.38.38 (where O(event_targets) has a queue)
notes:
  - Passphrases, passwords and tokens are sent to the module only through the connection. If that does not support pipelining, the task
    fails instead of writing them to a temporary file. The E(CERTOPS_ACM_AUTHORITY_PASSPHRASE) environment variable works everywhere.
seealso:
  - module: certops.acm.acm_certificate
"""

EXAMPLES = r"""
- name: Create an authority with a private CA
  certops.acm.acm_authority:
    path: /srv/acm
    certificate_authorities:
      - name: corp
        key_algorithm: EC_prime256v1
  register: corp

- name: Request a certificate from it, as from AWS
  certops.acm.acm_certificate:
    authority: /srv/acm
    domain_name: intranet.example.com
    key_algorithm: EC_prime256v1
    certificate_authority_arn: "{{ corp.authority.certificate_authorities[0].arn }}"

- name: Create a lab whose names are in its own zone
  certops.acm.acm_authority:
    path: /srv/lab
    region: eu-central-1
    settings:
      public_suffixes: [lab.test]
      resolvers: ["127.0.0.1:5353"]
      validity_days: 47
      renewal_window_percent: 33

- name: Do what is due, every hour
  ansible.builtin.cron:
    name: sweep the authority
    special_time: hourly
    job: ansible localhost -m certops.acm.acm_authority -a 'path=/srv/acm sweep=true'

- name: Send events to other programs
  certops.acm.acm_authority:
    path: /srv/acm
    event_targets:
      - name: chat
        webhook:
          url: https://hooks.example.com/services/acm
          secret: "{{ webhook_secret }}"
        detail_types:
          - ACM Certificate Expired
          - ACM Certificate Renewal Action Required
      - name: renewals
        sqs:
          queue_url: https://sqs.eu-central-1.amazonaws.com/123456789012/acm-events
          region: eu-central-1

- name: Create a key that may only read and request names below one domain
  certops.acm.acm_authority:
    path: /srv/acm
    access_keys:
      - name: web-team
        policy:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: [acm:Describe*, acm:Get*, acm:List*, acm:RequestCertificate]
              Resource: "*"
            - Effect: Deny
              Action: acm:RequestCertificate
              Resource: "*"
              Condition:
                ForAnyValue:StringNotLike:
                  acm:DomainNames: ["*.web.example.com"]

- name: Make a copy every day
  certops.acm.acm_authority:
    path: /srv/acm
    backup_to: /backup/acm-{{ now(utc=true, fmt='%Y-%m-%d') }}.sqlite3

- name: Restore the authority on another machine, unless it exists there
  certops.acm.acm_authority:
    path: /srv/acm
    restore_from: /backup/acm-2026-11-28.sqlite3
    restore_key_from: /mnt/safe/acm.key

- name: Approve a name, as the mail would
  certops.acm.acm_authority:
    path: /srv/acm
    approve:
      - certificate_arn: arn:aws:acm:us-east-1:123456789012:certificate/5c8fbd24-1b2c-4b8e-9f0e-0f6d8a8a7a11
        domain_name: shop.example.com
"""

RETURN = r"""
authority:
  description: The authority as it is now; in check mode, if it does not exist yet, what is known about it.
  returned: success
  type: dict
  contains:
    path:
      description: Directory of the authority.
      returned: success
      type: str
      sample: /srv/acm
    region:
      description: AWS region that it pretends to be.
      returned: success
      type: str
      sample: us-east-1
    account_id:
      description: AWS account that it pretends to be.
      returned: success
      type: str
      sample: "123456789012"
    settings:
      description: All settings, including defaults. Passwords are not included.
      returned: success
      type: dict
    certificate_authorities:
      description: The private CAs.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name within the authority.
          returned: success
          type: str
          sample: corp
        arn:
          description: The ARN for O(certops.acm.acm_certificate#module:certificate_authority_arn).
          returned: success
          type: str
          sample: arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/6cf0a0e6-0d7a-4f6f-8b62-7c9b0a1c2d3e
        status:
          description: Status of the CA.
          returned: success
          type: str
          sample: ACTIVE
        permitted:
          description: Whether ACM may issue from it.
          returned: success
          type: bool
          sample: true
        key_algorithm:
          description: Kind of its key.
          returned: success
          type: str
          sample: EC_prime256v1
        not_after:
          description: When it expires.
          returned: success
          type: str
          sample: "2036-11-20T16:51:00Z"
        certificate:
          description: Its certificate, PEM.
          returned: success
          type: str
    trust_file:
      description: PEM file with all root certificates of the authority, for clients that should trust it.
      returned: success
      type: str
      sample: /srv/acm/public/trust.pem
    access_keys:
      description: The access keys of the server, without their secrets. The owner's is included once it has been created.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name of the user or the role; V(owner) for the owner's.
          returned: success
          type: str
          sample: web-team
        kind:
          description: V(owner), V(user) or V(role).
          returned: success
          type: str
          sample: user
        access_key_id:
          description: The ID of the key. Empty in check mode for a key that would be created.
          returned: success
          type: str
          sample: AKIAQ3EGT7LZJ2XKW5DA
        policy:
          description: Its policy; null if everything is allowed.
          returned: success
          type: dict
    event_targets:
      description: Where events are delivered, and how far delivery has come. Addresses and secrets are not included.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name within the authority.
          returned: success
          type: str
          sample: chat
        kind:
          description: C(webhook) or C(sqs).
          returned: success
          type: str
          sample: webhook
        detail_types:
          description: The kinds of events that it gets; empty for all.
          returned: success
          type: list
          elements: str
        waiting:
          description: How many events it has not been offered yet. Missing in check mode for a target that would be created.
          returned: success
          type: int
          sample: 0
        delivered_at:
          description: When it last accepted an event.
          returned: success
          type: str
          sample: "2026-11-23T16:51:00Z"
        failing_since:
          description: Since when it has not accepted the next event; null if all is well.
          returned: success
          type: str
          sample: "2026-11-23T16:51:00Z"
        trouble:
          description: Why it has not accepted the event.
          returned: success
          type: str
          sample: https://hooks.example.com/… answered 503, not 2xx.
    last_sweep_at:
      description: When the last sweep began; null before the first one.
      returned: success
      type: str
      sample: "2026-11-23T16:51:00Z"
swept:
  description: What the sweep did.
  returned: when O(sweep=true), outside of check mode
  type: dict
  contains:
    looked_at:
      description: How many certificates had something due.
      returned: success
      type: int
      sample: 3
    issued:
      description: ARNs of the certificates that were issued.
      returned: success
      type: list
      elements: str
    renewed:
      description: ARNs of the certificates that were renewed.
      returned: success
      type: list
      elements: str
    failed:
      description: ARNs of the requests that failed.
      returned: success
      type: list
      elements: str
    delivered:
      description: How many events were delivered, each counted once for each target.
      returned: success
      type: int
      sample: 5
    troubles:
      description: What could not be checked or delivered, and why. The next sweep tries again. The task also warns about each.
      returned: success
      type: list
      elements: str
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: The kind of fault.
      returned: always
      type: str
      sample: InvalidInput
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import json
import os
import typing as t

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible_collections.certops.acm.plugins.module_utils._x509.certificate import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    HAS_CRYPTOGRAPHY,
)
from ansible_collections.certops.acm.plugins.module_utils._authority import (
    backup,
    cas,
    creation,
    data_key,
    directory,
    opening,
    sweep,
)
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import deliveries
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import access_keys, key_file, key_making
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import LONGEST_DAYS, Settings
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso, moment
from ansible_collections.certops.acm.plugins.module_utils._authority.store.authorities import CaRow
from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule, log_as_warnings
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.names import check_domain_name, is_wildcard

NEW = {"region": "us-east-1", "account_id": "123456789012"}  # region and account of a new authority by default

SHOWN_OF_TARGET = ("name", "kind", "detail_types")

TYPES = {bool: "bool", int: "int", float: "float", str: "str", dict: "dict", list: "list"}
# The mail server has an option of its own because of its password.
SETTINGS = {
    name: {
        "type": TYPES[type(default)],
        **({"elements": TYPES[type(default[0])] if default else "str"} if isinstance(default, list) else {}),
        **({"no_log": False} if "key" in name else {}),
    }
    for name, default in Settings._field_defaults.items()
    if name != "smtp"
}
LONGEST_COMMON_NAME = 64  # characters (RFC 5280, ub-common-name)
ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "region": {"type": "str"},
    "account_id": {"type": "str"},
    "key_file": {"type": "path", "no_log": False},
    "passphrase": {"type": "str", "no_log": True, "fallback": (env_fallback, [key_file.PASSPHRASE_VARIABLE])},
    "rotate_key": {"type": "bool", "default": False, "no_log": False},
    "backup_to": {"type": "path"},
    "restore_from": {"type": "path"},
    "restore_key_from": {"type": "path", "no_log": False},
    "renew_data_key": {"type": "bool", "default": False, "no_log": False},
    "new_passphrase": {"type": "str", "no_log": True},
    "settings": {"type": "dict", "options": SETTINGS},
    "smtp": {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 25},
            "security": {"type": "str", "default": "none", "choices": ["none", "starttls", "tls"]},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "sender": {"type": "str"},
        },
    },
    "event_targets": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "detail_types": {
                "type": "list",
                "elements": "str",
                "default": [],
                "choices": list(deliveries.DETAIL_TYPES),
            },
            "webhook": {
                "type": "dict",
                "options": {
                    "url": {"type": "str", "required": True, "no_log": True},
                    "token": {"type": "str", "no_log": True},
                    "secret": {"type": "str", "no_log": True},
                    "trust_file": {"type": "path"},
                },
            },
            "sqs": {
                "type": "dict",
                "options": {
                    "queue_url": {"type": "str", "required": True},
                    "region": {"type": "str"},
                    "endpoint_url": {"type": "str"},
                    "access_key": {"type": "str", "no_log": False},
                    "secret_key": {"type": "str", "no_log": True},
                    "profile": {"type": "str"},
                },
            },
        },
        "required_one_of": [("webhook", "sqs")],
        "mutually_exclusive": [("webhook", "sqs")],
    },
    "certificate_authorities": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "key_algorithm": {
                "type": "str",
                "default": "RSA_2048",
                "choices": ["RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"],
                "no_log": False,
            },
            "common_name": {"type": "str"},
            "validity_days": {"type": "int"},
            "account_id": {"type": "str"},
            "permitted_domains": {"type": "list", "elements": "str", "default": []},
            "permitted": {"type": "bool", "default": True},
            "status": {"type": "str", "default": "ACTIVE", "choices": list(cas.CA_STATUSES)},
        },
    },
    "approve": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "token": {"type": "str", "no_log": True},
            "certificate_arn": {"type": "str"},
            "domain_name": {"type": "str"},
        },
        "required_together": [("certificate_arn", "domain_name")],
        "required_one_of": [("token", "certificate_arn")],
        "mutually_exclusive": [("token", "certificate_arn")],
    },
    "access_keys": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "kind": {"type": "str", "default": "user", "choices": list(access_keys.KINDS)},
            "policy": {"type": "dict"},
        },
    },
    "renew_access_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "in_use_by": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "certificate_arn": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
        },
    },
    "sweep": {"type": "bool", "default": False},
}


class AuthorityModule(DiscreetModule):
    MAY_BE_EMPTY = ("settings.ocsp_url", "settings.approval_url")  # for none


def main() -> None:
    module = AuthorityModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if not HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography >= 45"), exception=CRYPTOGRAPHY_IMPORT_ERROR)
    try:
        with log_as_warnings(module.warn):
            result = run(module.params, module.check_mode)
    except InvalidInput as error:
        module.fail(error)
    for trouble in result.get("swept", {}).get("troubles", []):
        module.warn(trouble)
    module.exit_json(**result)


def run(wanted: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Bring the authority into the state that the options describe; returns the module's result."""
    if wanted["new_passphrase"] and not wanted["rotate_key"]:
        raise InvalidInput("The option new_passphrase is for rotate_key: set rotate_key to true, or leave it out.")
    if wanted["restore_key_from"] and not wanted["restore_from"]:
        raise InvalidInput("The option restore_key_from is for restore_from: give that, too, or leave it out.")
    if wanted["access_keys"] is not None:
        access_keys.check_keys(wanted["access_keys"])
    names = [ca["name"] for ca in wanted["certificate_authorities"]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"certificate_authorities has the name {twice} twice: give each CA its own name.")
    wanted = {
        **wanted,
        "settings": _settings(wanted),
        "event_targets": _event_targets(wanted),
        "certificate_authorities": [_checked_ca(ca) for ca in wanted["certificate_authorities"]],
    }
    if wanted["backup_to"] and os.path.lexists(wanted["backup_to"]):
        raise InvalidInput(f"{wanted['backup_to']} already exists and is not overwritten: give a new name.")
    before: dict[str, t.Any] = {}
    if wanted["restore_from"] and not directory.exists(wanted["path"]):
        creation.check_free(wanted["path"])
        if check_mode:
            shown = {"path": os.path.abspath(wanted["path"]), "settings": Settings()._asdict()}
            return {"changed": True, "diff": {"before": {}, "after": {"path": shown["path"]}}, "authority": shown}
        backup.restore(
            wanted["restore_from"],
            wanted["path"],
            key_from=wanted["restore_key_from"],
            passphrase=wanted["passphrase"],
        )
        return {**run({**wanted, "restore_from": None, "restore_key_from": None}, check_mode), "changed": True}
    if directory.exists(wanted["path"]):
        authority = opening.open_authority(wanted["path"], passphrase=wanted["passphrase"])
        _check_fixed(authority, wanted)
        before = _state(authority)
        _check_renewed_keys(wanted, before["access_keys"])
    else:
        _check_renewed_keys(wanted, [])
        if wanted["passphrase"] and wanted["key_file"]:
            raise InvalidInput(
                f"A passphrase (passphrase or {key_file.PASSPHRASE_VARIABLE}) and key_file cannot both protect the new "
                "authority: give one of them."
            )
        place: dict[str, t.Any] = {name: wanted[name] or default for name, default in NEW.items()}
        if check_mode:
            creation.check_place(wanted["path"], key_file=wanted["key_file"], **place)
            after = _planned({**wanted, **place}, {"settings": Settings()._asdict()})
            return {"changed": True, "diff": {"before": {}, "after": _shown(after)}, "authority": after}
        authority = creation.create(
            wanted["path"],
            settings=wanted["settings"],
            key_file=wanted["key_file"],
            passphrase=wanted["passphrase"],
            **place,
        )
        authority.cas.ensure_public()
    if check_mode:
        changed = _carry_out(authority, wanted, plan=True) or bool(wanted["backup_to"])
        return _result(before, _planned(wanted, before), changed)
    _bring(authority, wanted)
    changed = _carry_out(authority, wanted)
    result = {}
    if wanted["sweep"]:
        swept = sweep.sweep(authority)
        changed = changed or bool(swept.issued or swept.renewed or swept.failed or swept.delivered)
        result["swept"] = swept._asdict()
    if wanted["backup_to"]:
        backup.back_up(authority.path, wanted["backup_to"])
        changed = True
    return {**_result(before, _state(authority), changed), **result}


def _settings(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """The settings in the options."""
    settings = {name: value for name, value in (wanted["settings"] or {}).items() if value is not None}
    if wanted["smtp"] is None:
        return settings
    server = {name: value for name, value in wanted["smtp"].items() if name != "password" and value is not None}
    return {**settings, "smtp": server}


def _checked_ca(ca: dict[str, t.Any]) -> dict[str, t.Any]:
    """The CA with its domains in the spelling used for comparisons."""
    if ca["account_id"] is not None:
        creation.check_account(ca["account_id"])
    if ca["validity_days"] is not None and not 1 <= ca["validity_days"] <= LONGEST_DAYS:
        raise InvalidInput(
            f"The private CA {ca['name']} has validity_days {ca['validity_days']}: it must be 1 to {LONGEST_DAYS}."
        )
    common_name = ca["common_name"] or f"{ca['name']} CA"
    if len(common_name) > LONGEST_COMMON_NAME or not common_name.isprintable():
        raise InvalidInput(
            f"The private CA {ca['name']} has the common name {common_name[:80]!r}: give a common_name of at most "
            f"{LONGEST_COMMON_NAME} printable characters."
        )
    domains = sorted({check_domain_name(domain) for domain in ca["permitted_domains"]})
    if any(is_wildcard(domain) for domain in domains):
        raise InvalidInput(
            f"The private CA {ca['name']} has a wildcard among its permitted_domains: a domain already includes its "
            "subdomains."
        )
    return {**ca, "permitted_domains": domains}


def _event_targets(wanted: dict[str, t.Any]) -> t.Optional[list[dict[str, t.Any]]]:
    """The targets as deliveries.set_targets takes them, checked; None to leave them unchanged."""
    if wanted["event_targets"] is None:
        return None
    targets = []
    for each in wanted["event_targets"]:
        kind = "webhook" if each["webhook"] else "sqs"
        given = {name: value for name, value in each[kind].items() if value is not None}
        targets.append({"name": each["name"], "kind": kind, "detail_types": sorted(set(each["detail_types"])), **given})
    deliveries.check_targets(targets)
    return targets


def _bring(authority: t.Any, wanted: dict[str, t.Any]) -> None:
    """Apply the options that show in the state: settings and CAs."""
    if wanted["settings"]:
        authority.configure(wanted["settings"])
    for ca in wanted["certificate_authorities"]:
        row = authority.cas.private(
            ca["name"],
            key_algorithm=ca["key_algorithm"],
            common_name=ca["common_name"],
            validity_days=ca["validity_days"],
            account_id=ca["account_id"],
            permitted_domains=ca["permitted_domains"],
        )
        _check_ca(row, ca)
        if row.status != ca["status"]:
            authority.cas.set_status(ca["name"], ca["status"])
        if row.is_permitted != ca["permitted"]:
            authority.cas.permit(ca["name"], ca["permitted"])


def _carry_out(authority: t.Any, wanted: dict[str, t.Any], plan: bool = False) -> bool:
    """Apply the options that do not show in the state; returns whether they change anything. `plan`: only look."""
    changed = False
    if wanted["smtp"] is not None:
        password = wanted["smtp"].get("password") or ""
        is_other = (authority.smtp_password.read() or "") != password
        changed = is_other
        if is_other and not plan:
            authority.smtp_password.replace(password)
    if wanted["event_targets"] is not None:
        changed = deliveries.set_targets(authority, wanted["event_targets"], plan=plan) or changed
    if wanted["access_keys"] is not None:
        changed = _keys(authority).set(wanted["access_keys"], plan=plan) or changed
    if wanted["renew_access_keys"]:
        changed = True
        if not plan:
            _keys(authority).renew(wanted["renew_access_keys"])
    for use in wanted["in_use_by"]:
        changed = approvals.set_in_use_by(authority, use["certificate_arn"], use["services"], plan=plan) or changed
    for approval in wanted["approve"]:
        if approval["token"]:
            _certificate, is_new = approvals.approve_token(authority, approval["token"], plan=plan)
        else:
            _certificate, is_new = approvals.approve(
                authority, approval["certificate_arn"], approval["domain_name"], plan=plan
            )
        changed = is_new or changed
    if wanted["rotate_key"]:
        changed = True
        if not plan:
            key_making.rotate(authority.path, authority.store, wanted["passphrase"], wanted["new_passphrase"])
    if wanted["renew_data_key"]:
        changed = True
        if not plan:
            passphrase = wanted["new_passphrase"] if wanted["rotate_key"] else None
            data_key.renew(authority, passphrase or wanted["passphrase"])
    return changed


def _keys(authority: t.Any) -> access_keys.AccessKeys:
    return access_keys.AccessKeys(authority.store, authority.vault)


def _check_renewed_keys(wanted: dict[str, t.Any], present: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    keys = present if wanted["access_keys"] is None else wanted["access_keys"]
    access_keys.check_renewal(wanted["renew_access_keys"], [key["name"] for key in keys])


def _check_fixed(authority: t.Any, wanted: dict[str, t.Any]) -> None:
    """Refuse impossible changes before anything is changed."""
    for name, present in (("region", authority.region), ("account_id", authority.place.account_id)):
        if wanted[name] not in (None, present):
            raise InvalidInput(
                f"The authority in {authority.path} has the {name} {present}, which cannot be changed: "
                f"leave out {name}, or create another authority for {wanted[name]}."
            )
    _check_key(authority, wanted)
    authority.settings.changed(wanted["settings"])
    with authority.store.read() as tx:
        present_cas = {row.name: row for row in tx.cas.all()}
    for ca in wanted["certificate_authorities"]:
        if ca["name"] in present_cas:
            _check_ca(present_cas[ca["name"]], ca)


def _check_key(authority: t.Any, wanted: dict[str, t.Any]) -> None:
    """What opens the authority is chosen when it is created. A passphrase in the environment may be another authority's."""
    file = key_file.file_of(authority.path, authority.store)
    is_own = wanted["passphrase"] and wanted["passphrase"] != os.environ.get(key_file.PASSPHRASE_VARIABLE)
    if file and is_own:
        raise InvalidInput(
            f"The authority in {authority.path} is protected by the key file {file}, which cannot be changed to a "
            "passphrase: leave out passphrase."
        )
    if wanted["key_file"] and (not file or os.path.realpath(wanted["key_file"]) != os.path.realpath(file)):
        raise InvalidInput(
            f"The authority in {authority.path} is protected by {f'the key file {file}' if file else 'a passphrase'}, which "
            "cannot be changed: leave out key_file."
        )


def _check_ca(row: CaRow, wanted: dict[str, t.Any]) -> None:
    account = wanted["account_id"]
    if account and f":{account}:" not in row.arn:
        raise InvalidInput(
            f"The private CA {row.name} is {row.arn}, and its account cannot be changed: leave out account_id, or give "
            "another name."
        )
    domains = wanted["permitted_domains"]
    if domains and domains != json.loads(row.facts).get("permitted_domains"):
        raise InvalidInput(
            f"The private CA {row.name} has other permitted_domains, which cannot be changed: give another name for a "
            "new CA."
        )
    if row.key_algorithm != wanted["key_algorithm"]:
        raise InvalidInput(
            f"The private CA {row.name} has a key of type {row.key_algorithm}, which cannot be changed: "
            f"give this type, or another name for a new CA with {wanted['key_algorithm']}."
        )


def _state(authority: t.Any) -> dict[str, t.Any]:
    with authority.store.read() as tx:
        rows, last_sweep_at = tx.cas.all(), tx.meta("last_sweep_at")
    return {
        "path": authority.path,
        "region": authority.region,
        "account_id": authority.place.account_id,
        "settings": authority.settings._asdict(),
        "certificate_authorities": [
            {
                "name": row.name,
                "arn": row.arn,
                "status": row.status,
                "permitted": row.is_permitted,
                "key_algorithm": row.key_algorithm,
                "not_after": iso(moment(row.not_after)),
                "certificate": row.pem,
            }
            for row in rows
            if row.role == "private"
        ],
        "trust_file": authority.cas.trust_file,
        "access_keys": [
            {
                "name": key.name,
                "kind": key.kind,
                "access_key_id": key.identifier,
                "policy": None if key.policy is None else json.loads(key.policy),
            }
            for key in _keys(authority).all()
        ],
        "event_targets": deliveries.targets(authority),
        "last_sweep_at": last_sweep_at,
    }


def _planned(wanted: dict[str, t.Any], before: dict[str, t.Any]) -> dict[str, t.Any]:
    """The state as it would be; the ARN of a new CA is unknown and left out."""
    authorities = {ca["name"]: dict(ca) for ca in before.get("certificate_authorities", [])}
    for ca in wanted["certificate_authorities"]:
        present = authorities.setdefault(ca["name"], {"name": ca["name"], "key_algorithm": ca["key_algorithm"]})
        present.update({"status": ca["status"], "permitted": ca["permitted"]})
    targets = before.get("event_targets", [])
    if wanted["event_targets"] is not None:
        fare = {target["name"]: target for target in targets}
        shown = ({name: target[name] for name in SHOWN_OF_TARGET} for target in wanted["event_targets"])
        targets = sorted(({**fare.get(each["name"], {}), **each} for each in shown), key=lambda each: each["name"])
    keys = before.get("access_keys", [])
    if wanted["access_keys"] is not None:
        present = {(key["kind"], key["name"]): key["access_key_id"] for key in keys}
        keys = [key for key in keys if key["kind"] == access_keys.OWNER] + [
            {**key, "access_key_id": present.get((key["kind"], key["name"]), "")} for key in wanted["access_keys"]
        ]
    return {
        "path": os.path.abspath(wanted["path"]),
        "region": before.get("region", wanted["region"]),
        "account_id": before.get("account_id", wanted["account_id"]),
        "settings": Settings.of({**before["settings"], **wanted["settings"]})._asdict(),
        "certificate_authorities": list(authorities.values()),
        "access_keys": keys,
        "event_targets": targets,
        "trust_file": before.get("trust_file", os.path.join(wanted["path"], "public", "trust.pem")),
        "last_sweep_at": before.get("last_sweep_at"),
    }


def _result(before: dict[str, t.Any], after: dict[str, t.Any], changed: bool) -> dict[str, t.Any]:
    shown = {"before": _shown(before), "after": _shown(after)}
    return {"changed": changed or shown["before"] != shown["after"], "diff": shown, "authority": after}


def _shown(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The parts of the authority shown in a diff: neither the time of the sweep nor whole certificates."""
    shown = {name: value for name, value in state.items() if name not in ("last_sweep_at", "trust_file")}
    if "settings" in shown:
        shown["settings"] = Settings(**shown["settings"]).differing()
    shown["certificate_authorities"] = [
        {name: value for name, value in ca.items() if name in ("name", "status", "permitted", "key_algorithm")}
        for ca in state.get("certificate_authorities", [])
    ]
    shown["access_keys"] = [
        {name: key[name] for name in ("name", "kind", "policy")} for key in state.get("access_keys", [])
    ]
    shown["event_targets"] = [
        {name: target[name] for name in SHOWN_OF_TARGET} for target in state.get("event_targets", [])
    ]
    return shown if state else {}


if __name__ == "__main__":
    main()
