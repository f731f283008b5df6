# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with an IAM policy, as far as AWS's own descriptions of its services show."""

from __future__ import annotations

import functools
import re
from typing import Any

import botocore.session

VERSION = "2012-10-17"
# IAM's name for a service, and botocore's names for its models where they differ.
SERVICES = {"tag": ["resourcegroupstaggingapi"], "elasticloadbalancing": ["elb", "elbv2"]}
# An action is an operation of the service's API, except for these.
ONLY_ACTIONS = {
    "apigateway": {"DELETE", "GET", "PATCH", "POST", "PUT"},
    "iam": {"PassRole"},
    "lambda": {"InvokeFunction"},
    "s3": {"ListAllMyBuckets", "ListBucket"},
    "sts": {"SetSourceIdentity", "TagSession"},
}
ONLY_OPERATIONS = {
    "apigateway": re.compile(".*"),
    "lambda": re.compile("Invoke.*"),
    "s3": re.compile(r"ListObjects(V2)?|ListBuckets|HeadObject|HeadBucket|CopyObject"),
    "sns": re.compile("PublishBatch"),
    "sqs": re.compile(".*Batch"),
}
# Actions for which IAM knows no resource: a policy can only say "*".
WITHOUT_RESOURCE = {
    "acm": {
        "GetAccountConfiguration",
        "ListCertificates",
        "PutAccountConfiguration",
        "RequestCertificate",
        "SearchCertificates",
    },
    "acm-pca": {"CreateCertificateAuthority", "ListCertificateAuthorities"},
    "cloudfront": {"ListDistributions"},
    "elasticloadbalancing": {
        "DescribeListenerCertificates",
        "DescribeListeners",
        "DescribeLoadBalancers",
        "DescribeRules",
        "DescribeTags",
        "DescribeTargetGroups",
    },
    "kms": {"CreateKey", "ListAliases", "ListKeys"},
    "route53": {"ListHostedZones", "ListHostedZonesByName"},
    "sns": {"ListTopics"},
    "sqs": {"ListQueues"},
    "sts": {"GetCallerIdentity"},
    "tag": {"GetResources", "GetTagKeys", "GetTagValues"},
}
CONDITION_KEYS = {
    "acm": {
        "CertificateAuthority",
        "CertificateTransparencyLogging",
        "DomainNames",
        "Export",
        "KeyAlgorithm",
        "ValidationMethod",
    },
    "route53": {
        "ChangeResourceRecordSetsActions",
        "ChangeResourceRecordSetsNormalizedRecordNames",
        "ChangeResourceRecordSetsRecordTypes",
        "VPCs",
    },
}
STATEMENT = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def faults(policy: dict[str, Any], *, is_any_resource_explained: bool = False) -> list[str]:
    """One sentence for each thing that is wrong; `"Resource": "*"` needs a reason, unless IAM has no other resource for
    the action."""
    found = [] if policy.get("Version") == VERSION else [f"Version is not {VERSION}"]
    statements = as_list(policy["Statement"])
    names = [statement["Sid"] for statement in statements if "Sid" in statement]
    if len(set(names)) < len(names) or any(not re.fullmatch(r"[A-Za-z0-9]+", name) for name in names):
        found.append(f"the Sids {names} are not letters and digits, each once")
    for number, statement in enumerate(statements, 1):
        place = statement.get("Sid", f"statement {number}")
        found += [f"{place}: {fault}" for fault in faults_of(statement, is_any_resource_explained)]
    return found


def faults_of(statement: dict[str, Any], is_any_resource_explained: bool) -> list[str]:
    found = [f"unknown element {name}" for name in sorted(set(statement) - STATEMENT)]
    if statement.get("Effect") not in ("Allow", "Deny"):
        found.append("Effect is neither Allow nor Deny")
    actions = as_list(statement.get("Action", []))
    found += ["no Action"] if not actions else []
    found += [f"there is no action {action}" for action in actions if not is_action(action)]
    resources = as_list(statement.get("Resource", []))
    # A policy with a principal is attached to a resource or a role (a queue's policy, a trust policy), and may omit it.
    if not resources and "Principal" not in statement:
        found.append("no Resource")
    if "*" in resources and "Condition" not in statement and not is_any_resource_explained:
        found += [f"{action} is allowed on any resource" for action in actions if not is_without_resource(action)]
    found += [
        f"{resource} is not an ARN" for resource in resources if resource != "*" and not resource.startswith("arn:aws")
    ]
    for operator in statement.get("Condition", {}).values():
        found += [f"there is no condition key {key}" for key in operator if not is_condition_key(key)]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_action(action: str) -> bool:
    prefix, _colon, name = action.partition(":")
    return name in actions_of(prefix)


def is_without_resource(action: str) -> bool:
    prefix, _colon, name = action.partition(":")
    return name in WITHOUT_RESOURCE.get(prefix, ())


def is_condition_key(key: str) -> bool:
    prefix, _colon, name = key.partition(":")
    return name in CONDITION_KEYS[prefix] if prefix in CONDITION_KEYS else prefix in ("aws", "sts", "kms", "iam")


@functools.lru_cache(maxsize=None)
def actions_of(prefix: str) -> frozenset[str]:
    """The actions that IAM knows for a service; none for an unknown service."""
    names = set(ONLY_ACTIONS.get(prefix, ()))
    session = botocore.session.get_session()
    for service in SERVICES.get(prefix, [prefix]):
        if service in session.get_available_services():
            names |= set(session.get_service_model(service).operation_names)
    return frozenset(
        name for name in names if name in ONLY_ACTIONS.get(prefix, ()) or not is_only_operation(prefix, name)
    )


def is_only_operation(prefix: str, name: str) -> bool:
    return prefix in ONLY_OPERATIONS and bool(ONLY_OPERATIONS[prefix].fullmatch(name))
