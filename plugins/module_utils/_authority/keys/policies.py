# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity policies as in IAM (IAM user guide, "JSON policy elements"), for the actions and condition keys of
ACM. Pure.

A document that cannot be understood as a whole is refused when it is given, not when a request comes.
"""

from __future__ import annotations

import functools
import glob
import ipaddress
import json
import re
import typing as t
from fnmatch import fnmatchcase

from ..settings import CONDITIONS as ACM_KEYS, without_sets
from ..._rules.times import read_iso
from ..._rules.errors import InvalidInput

ACTIONS = (
    "AddTagsToCertificate DeleteCertificate DescribeCertificate ExportCertificate GetAccountConfiguration "
    "GetCertificate ImportCertificate ListCertificates ListTagsForCertificate PutAccountConfiguration "
    "RemoveTagsFromCertificate RenewCertificate RequestCertificate ResendValidationEmail RevokeCertificate "
    "SearchCertificates UpdateCertificateOptions TagResource UntagResource ListTagsForResource "
    "ListCertificateDomainValidations"
).split()
AWS_KEYS = (
    "aws:TagKeys aws:PrincipalArn aws:PrincipalAccount aws:username aws:SourceIp aws:SecureTransport aws:CurrentTime "
    "aws:RequestedRegion aws:UserAgent"
).split()
TAG_KEYS = ("aws:ResourceTag/", "aws:RequestTag/")  # followed by a tag's key
ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
SETS = ("ForAllValues", "ForAnyValue")
VARIABLE = re.compile(r"\$\{([^}]*)\}")

Values = t.Mapping[str, t.Sequence[str]]  # condition key in lower case → its value in the request


class Request(t.NamedTuple):
    """action: acm:Name. resource: an ARN, or * for actions that have none. values: for conditions; absent keys are
    absent."""

    action: str
    resource: str
    values: Values


@functools.lru_cache(maxsize=256)
def parsed(text: str) -> Policy:
    """A document that has been checked before, from JSON."""
    return Policy.of(json.loads(text), "")


def check(document: t.Any, where: str) -> None:
    """Raise InvalidInput, in one sentence that begins with `where`, for a document that cannot be understood."""
    Policy.of(document, where)


class Statement(t.NamedTuple):
    """The excluded patterns are in not_actions and not_resources."""

    is_allowing: bool
    actions: t.Optional[tuple[str, ...]]
    not_actions: tuple[str, ...]
    resources: t.Optional[tuple[str, ...]]
    not_resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def applies(self, request: Request) -> bool:
        return (
            _is_meant(request.action.lower(), self.actions, self.not_actions, request.values)
            and _is_meant(request.resource, self.resources, self.not_resources, request.values)
            and all(condition.holds(request.values) for condition in self.conditions)
        )


class Policy(t.NamedTuple):
    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, document: t.Any, where: str) -> Policy:
        if not isinstance(document, dict):
            raise InvalidInput(f"{where} is not a policy: give an object with Version and Statement.")
        for name in document:
            if name not in ("Version", "Id", "Statement"):
                raise InvalidInput(
                    f"{where} has the unknown element {name}: a policy can have Version, Id and Statement."
                )
        if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
            raise InvalidInput(f"{where} has the version {document['Version']}: write 2012-10-17, in quotes.")
        statements = _listed(document.get("Statement"))
        if not statements:
            raise InvalidInput(f"{where} has no Statement.")
        return cls(tuple(_statement(each, f"{where}, statement {place},") for place, each in enumerate(statements, 1)))

    def refusal(self, request: Request) -> t.Optional[str]:
        """Why the request is refused, as the end of AWS's sentence; None if it is allowed."""
        applying = [statement for statement in self.statements if statement.applies(request)]
        if any(not statement.is_allowing for statement in applying):
            return "with an explicit deny in an identity-based policy"
        if not applying:
            return f"because no identity-based policy allows the {request.action} action"
        return None


class Condition(t.NamedTuple):
    """set: ForAllValues, ForAnyValue or empty. operator: without IfExists. key: lower case."""

    set: str
    operator: str
    is_if_exists: bool
    key: str
    wanted: tuple[str, ...]

    def holds(self, values: Values) -> bool:
        given = values.get(self.key)
        if self.operator == "Null":
            return (given is None) == (self.wanted[0].lower() == "true")
        if not given:
            if self.set:
                return self.set == "ForAllValues"
            return self.is_if_exists or self.operator in NEGATED
        is_met = functools.partial(self._is_met, values=values)
        if self.set == "ForAnyValue":
            return any(is_met(value) for value in given)
        if self.set == "ForAllValues" or self.operator in NEGATED:
            return all(is_met(value) for value in given)
        return any(is_met(value) for value in given)

    def _is_met(self, value: str, values: Values) -> bool:
        operator = NEGATED.get(self.operator, self.operator)
        is_one = any(OPERATORS[operator](value, wanted, values) for wanted in self.wanted)
        return not is_one if self.operator in NEGATED else is_one


# ---------------------------------------------------------------- operators


def _equals(value: str, wanted: str, values: Values) -> bool:
    return value == _substituted(wanted, values)


def _equals_ignoring_case(value: str, wanted: str, values: Values) -> bool:
    return value.lower() == (_substituted(wanted, values) or "").lower()


def _like(value: str, wanted: str, values: Values) -> bool:
    pattern = _pattern(wanted, values)
    return pattern is not None and fnmatchcase(value, pattern)  # in linear time, however many * it has


def _arn_like(value: str, wanted: str, values: Values) -> bool:
    """Part by part, so that a * does not match across a colon."""
    wanted_parts, parts = wanted.split(":", 5), value.split(":", 5)
    return len(parts) == len(wanted_parts) and all(_like(*pair, values) for pair in zip(parts, wanted_parts))


def _bool(value: str, wanted: str, _values: Values) -> bool:
    return value.lower() == wanted.lower()


def _in_network(value: str, wanted: str, _values: Values) -> bool:
    return ipaddress.ip_address(value.partition("%")[0]) in ipaddress.ip_network(wanted, strict=False)


def _before(value: str, wanted: str, _values: Values) -> bool:
    return read_iso(value) < read_iso(wanted)


def _after(value: str, wanted: str, _values: Values) -> bool:
    return read_iso(value) > read_iso(wanted)


OPERATORS: dict[str, t.Callable[[str, str, Values], bool]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _bool,
    "IpAddress": _in_network,
    "DateLessThan": _before,
    "DateGreaterThan": _after,
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "DateLessThanEquals": "DateGreaterThan",
    "DateGreaterThanEquals": "DateLessThan",
}


def _substituted(text: str, values: Values) -> t.Optional[str]:
    """The text with its policy variables replaced; None if the request has no value for one of them."""
    parts, last = [], 0
    for found in VARIABLE.finditer(text):
        value = _variable(found[1], values)
        if value is None:
            return None
        parts += [text[last : found.start()], value]
        last = found.end()
    return "".join([*parts, text[last:]])


def _variable(name: str, values: Values) -> t.Optional[str]:
    if name in ("*", "?", "$"):
        return name
    given = values.get(name.lower())
    return given[0] if given and len(given) == 1 else None


def _pattern(text: str, values: Values) -> t.Optional[str]:
    """An IAM pattern (* and ?) as one of fnmatch's, which have [sets], too; the values of variables are taken
    literally."""
    parts, last = [], 0
    for found in VARIABLE.finditer(text):
        value = _variable(found[1], values)
        if value is None:
            return None
        parts += [without_sets(text[last : found.start()]), glob.escape(value)]
        last = found.end()
    return "".join([*parts, without_sets(text[last:])])


def _is_meant(what: str, patterns: t.Optional[tuple[str, ...]], excluded: tuple[str, ...], values: Values) -> bool:
    if patterns is None:
        return not any(_like(what, pattern, values) for pattern in excluded)
    return any(_like(what, pattern, values) for pattern in patterns)


# ---------------------------------------------------------------- reading a document


def _statement(given: t.Any, where: str) -> Statement:
    if not isinstance(given, dict):
        raise InvalidInput(f"{where} is not an object.")
    for name in given:
        if name in ("Principal", "NotPrincipal"):
            raise InvalidInput(f"{where} has a {name}: leave it out, since the access key is the policy's principal.")
        if name not in ELEMENTS:
            raise InvalidInput(f"{where} has the unknown element {name}: use {', '.join(ELEMENTS)}.")
    if given.get("Effect") not in ("Allow", "Deny"):
        raise InvalidInput(f"{where} has the Effect {given.get('Effect')}: write Allow or Deny.")
    actions, not_actions = _either(given, "Action", where)
    resources, not_resources = _either(given, "Resource", where)
    for action in actions or not_actions:
        _check_action(action, where)
    for resource in resources or not_resources:
        if resource != "*" and not re.match(r"arn:[^:]*:[^:]*:", resource):
            raise InvalidInput(f"{where} has the resource {resource}: write * or an ARN.")
    conditions = given.get("Condition", {})
    if not isinstance(conditions, dict):
        raise InvalidInput(f"{where} has a Condition that is not an object.")
    return Statement(
        is_allowing=given["Effect"] == "Allow",
        actions=tuple(action.lower() for action in actions) if "Action" in given else None,
        not_actions=tuple(action.lower() for action in not_actions),
        resources=tuple(resources) if "Resource" in given else None,
        not_resources=tuple(not_resources),
        conditions=tuple(
            condition for name, keys in conditions.items() for condition in _conditions(name, keys, where)
        ),
    )


def _either(given: t.Mapping[str, t.Any], name: str, where: str) -> tuple[list[str], list[str]]:
    if (name in given) == (f"Not{name}" in given):
        raise InvalidInput(f"{where} needs either {name} or Not{name}.")
    return _texts(given.get(name, []), name, where), _texts(given.get(f"Not{name}", []), f"Not{name}", where)


def _check_action(action: str, where: str) -> None:
    """Actions of other services are accepted: a policy may cover more than ACM."""
    if action == "*":
        return
    service, colon, name = action.lower().partition(":")
    if not colon or not service:
        raise InvalidInput(
            f"{where} has the action {action}: write it with its service, for example acm:ListCertificates."
        )
    if service == "acm" and not any(fnmatchcase(each.lower(), without_sets(name)) for each in ACTIONS):
        raise InvalidInput(f"{where} has the action {action}, which ACM does not have.")


def _conditions(name: str, keys: t.Any, where: str) -> t.Iterator[Condition]:
    prefix, colon, operator = name.rpartition(":")
    is_if_exists = operator.endswith("IfExists")
    operator = operator[: -len("IfExists")] if is_if_exists else operator
    if (colon and prefix not in SETS) or (operator not in (*OPERATORS, *NEGATED, "Null")):
        known = ", ".join(sorted([*OPERATORS, *NEGATED, "Null"]))
        raise InvalidInput(
            f"{where} has the unknown condition operator {name}: use {known}, optionally after ForAllValues: or "
            "ForAnyValue:."
        )
    if not isinstance(keys, dict):
        raise InvalidInput(f"{where} has a {name} that is not an object.")
    for key, wanted in keys.items():
        _check_key(key, where)
        texts = _texts(wanted, key, where)
        if not texts:
            raise InvalidInput(f"{where} has no value for {key}.")
        for text in texts:
            _check_value(NEGATED.get(operator, operator), text, where)
        yield Condition(prefix, operator, is_if_exists, key.lower(), tuple(texts))


def _check_key(key: str, where: str) -> None:
    low = key.lower()
    if low in {each.lower() for each in (*ACM_KEYS, *AWS_KEYS)}:
        return
    if any(low.startswith(tag.lower()) and len(low) > len(tag) for tag in TAG_KEYS):
        return
    known = ", ".join([*ACM_KEYS, *(f"{tag}KEY" for tag in TAG_KEYS), *AWS_KEYS])
    raise InvalidInput(f"{where} has the condition key {key}, which the authority does not know: use {known}.")


def _check_value(operator: str, text: str, where: str) -> None:
    try:
        if operator == "IpAddress":
            ipaddress.ip_network(text, strict=False)
        elif operator.startswith("Date"):
            read_iso(text)
        elif operator in ("Null", "Bool") and text.lower() not in ("true", "false"):
            raise ValueError
    except ValueError:
        raise InvalidInput(f"{where} has the value {text}, which is not valid for {operator}.") from None


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(value: t.Any, name: str, where: str) -> list[str]:
    texts = [("true" if each else "false") if isinstance(each, bool) else each for each in _listed(value)]
    if not all(isinstance(each, str) for each in texts):
        raise InvalidInput(f"{where} has a value for {name} that is not a string.")
    return texts
