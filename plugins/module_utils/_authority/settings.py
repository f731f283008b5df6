# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every number and rule of ACM that the operator of an embedded authority can set."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta
from fnmatch import fnmatchcase

from .._rules.key_algorithms import DEFAULT_KEY_ALGORITHM, REQUEST_KEY_ALGORITHMS
from .._rules.errors import InvalidInput
from .._rules.names import ACM_ISSUERS, NEVER_ISSUED, base_name, is_below
from .._rules import acm_limits

CA_KEY_ALGORITHMS = ("RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1")

# Of an Amazon N2 certificate, by its root hierarchy (API reference, RequestCertificate)
N2_VALIDITY_DAYS = {"N2_AMAZON_MANAGED": 395, "N2_SFG2_AMAZON_MANAGED": 98}
FAILURE_REASONS = (
    "NO_AVAILABLE_CONTACTS",
    "ADDITIONAL_VERIFICATION_REQUIRED",
    "DOMAIN_NOT_ALLOWED",
    "INVALID_PUBLIC_DOMAIN",
    "DOMAIN_VALIDATION_DENIED",
    "CAA_ERROR",
    "PCA_LIMIT_EXCEEDED",
    "PCA_INVALID_ARN",
    "PCA_INVALID_STATE",
    "PCA_REQUEST_FAILED",
    "PCA_NAME_CONSTRAINTS_VALIDATION",
    "PCA_RESOURCE_NOT_FOUND",
    "PCA_INVALID_ARGS",
    "PCA_INVALID_DURATION",
    "PCA_ACCESS_DENIED",
    "SLR_NOT_FOUND",
    "OTHER",
)
KINDS: dict[type, str] = {
    bool: "true or false",
    int: "an integer of 0 or more",
    float: "a number of 0 or more",
    str: "a string",
    list: "a list",
    dict: "a dictionary",
}

SMTP_KEYS = ("host", "port", "security", "username", "trust_file", "timeout_s", "sender")
LONGEST_DAYS = 36500  # a century: anything longer is a mistake, and would overflow dates


class Settings(t.NamedTuple):
    """The numbers of acm-rules; the defaults follow the AWS user guide. Names end in their unit."""

    # §2, §4: certificates
    validity_days: int = 395
    private_validity_days: int = 395
    validity_minutes: int = 0  # for labs: how long every certificate is valid, instead of the days; 0: the days count
    ca_validity_days: int = 3650
    max_names: int = 10
    request_key_algorithms: list[str] = list(REQUEST_KEY_ALGORITHMS)
    public_rsa_ca_key_algorithm: str = "RSA_2048"
    public_ec_ca_key_algorithm: str = "EC_prime256v1"
    service_linked_role: bool = True  # without it, no renewals from a CA of another account
    private_ca_key_families: list[str] = ["RSA", "EC"]
    import_one_key_family: bool = False  # whether an import's key must be of the family of the key that signed it
    never_issued: list[str] = list(NEVER_ISSUED)
    public_suffixes: list[str] = []
    failure_reasons: dict[str, str] = {}  # domain → the FailureReason of every request for it or its subdomains
    public_client_auth: bool = False  # whether public leaves are also for client authentication, as until June 2025
    publication_url: str = "http://pki.acm.internal"
    crl_days: int = 7
    ocsp_url: str = "http://ocsp.acm.internal"  # empty: no responder in certificates
    ocsp_hours: int = 24  # how long a response of the responder is valid
    # §2: idempotency
    idempotency_minutes: int = 60
    idempotency_one_request: bool = False  # whether a token with other parameters is an error
    # §3: validation
    validation_hours: int = acm_limits.VALIDATION_HOURS
    validation_suffix: str = "acm-validations.aws"
    resolvers: list[str] = []
    resolver_timeout_s: float = 5.0
    max_cname_chain: int = 5
    caa_issuers: list[str] = list(ACM_ISSUERS)
    validation_interval_s: float = 60.0  # between two checks of pending names, by lists and by a server
    read_interval_s: float = 5.0  # the same when the certificate itself is read
    resource_record_delay_s: float = 0.0
    validation_emails_delay_s: float = 2.0
    smtp: dict[str, t.Any] = {}
    approval_url: str = "https://certificates.acm.internal/approvals"
    http_addresses: dict[str, str] = {}
    email_to_dns: bool = (
        True  # whether UpdateCertificateOptions changes the method; according to the older guide it does not
    )
    # §7: managed renewal
    renewal_window_days: int = acm_limits.RENEWAL_DAYS
    renewal_window_email_days: int = acm_limits.RENEWAL_DAYS_BY_EMAIL
    renewal_window_percent: int = 0  # of the lifetime; 0: counted in days
    renewal_attempts_a_day: int = 24
    renewal_notice_days: list[int] = list(acm_limits.RENEWAL_NOTICE_DAYS)
    # §8: events
    days_before_expiry: int = 45
    max_days_before_expiry: int = 45
    events_kept_days: int = 400
    audit_kept_days: int = 90
    delivery_timeout_s: float = 10.0
    # §11: quotas
    quota_certificates: int = 2500
    quota_requests_a_year: int = 5000
    quota_imported: int = 2500
    quota_imports_a_year: int = 5000
    quota_private_cas: int = 200
    quota_certificates_a_ca: int = 1_000_000
    rate_limits: bool = False
    rates: dict[str, int] = {}  # operation → calls a second
    # §10: tags
    max_tags: int = 50
    max_tag_key_length: int = 127
    max_tag_value_length: int = 255
    # §12: conditions on RequestCertificate, see `forbids`
    request_policy: dict[str, list[str]] = {}

    @classmethod
    def of(cls, stored: t.Mapping[str, t.Any]) -> Settings:
        """Settings from stored or wanted values; raises InvalidInput that names the invalid setting."""
        for name, value in stored.items():
            if name not in cls._fields:
                import difflib  # rarely needed

                near = difflib.get_close_matches(name, cls._fields, n=1)
                hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(cls._fields))}."
                raise InvalidInput(f"settings.{name} is not a setting of the authority: {hint}")
            _check_kind(name, value, cls._field_defaults[name])
        settings = cls(**dict(stored))
        settings._check()
        return settings

    def changed(self, wanted: t.Mapping[str, t.Any]) -> Settings:
        """These settings with some of them replaced."""
        return Settings.of({**self._asdict(), **wanted})

    def differing(self) -> dict[str, t.Any]:
        """The settings that differ from the defaults. Only these are stored, so a new default takes effect
        everywhere."""
        return {name: value for name, value in self._asdict().items() if value != self._field_defaults[name]}

    def _check(self) -> None:
        for name, value in self._asdict().items():
            if name.endswith(("_days", "_hours", "_minutes", "_day")) and isinstance(value, int):
                least = 0 if name == "validity_minutes" else 1
                if not least <= value <= LONGEST_DAYS:
                    raise InvalidInput(f"settings.{name} is {value}: it must be {least} to {LONGEST_DAYS}.")
        if not 1 <= self.days_before_expiry <= self.max_days_before_expiry:
            raise InvalidInput(
                f"settings.days_before_expiry is {self.days_before_expiry}: it must be 1 to "
                f"{self.max_days_before_expiry}, which is settings.max_days_before_expiry."
            )
        for name, allowed in (
            ("request_key_algorithms", REQUEST_KEY_ALGORITHMS),
            ("private_ca_key_families", ("RSA", "EC")),
        ):
            strange = set(getattr(self, name)) - set(allowed)
            if strange:
                raise InvalidInput(f"settings.{name} has {sorted(strange)[0]}: use only {', '.join(allowed)}.")
        for name, family in (("public_rsa_ca_key_algorithm", "RSA_"), ("public_ec_ca_key_algorithm", "EC_")):
            kinds = [each for each in CA_KEY_ALGORITHMS if each.startswith(family)]
            if getattr(self, name) not in kinds:
                raise InvalidInput(f"settings.{name} is {getattr(self, name)}: it must be one of {', '.join(kinds)}.")
        if not 0 <= self.renewal_window_percent <= 99:
            raise InvalidInput(
                f"settings.renewal_window_percent is {self.renewal_window_percent}: it must be 1 to 99, "
                "or 0 to count in days."
            )
        for domain, reason in self.failure_reasons.items():
            if reason not in FAILURE_REASONS:
                raise InvalidInput(
                    f"settings.failure_reasons has {reason!r} for {domain}: it must be one of "
                    f"{', '.join(FAILURE_REASONS)}."
                )
        if any(days < 1 for days in self.renewal_notice_days):
            raise InvalidInput(
                f"settings.renewal_notice_days has {min(self.renewal_notice_days)}: use numbers of 1 or more."
            )
        if not re.fullmatch(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", self.validation_suffix, re.IGNORECASE):
            raise InvalidInput(f"settings.validation_suffix is {self.validation_suffix!r}: it must be a domain name.")
        if not re.match(r"https?://[^/\s]+", self.publication_url):
            raise InvalidInput(f"settings.publication_url is {self.publication_url}: it must be an http or https URL.")
        if self.ocsp_url and not re.match(r"https?://[^/\s]+", self.ocsp_url):
            raise InvalidInput(
                f"settings.ocsp_url is {self.ocsp_url}: it must be an http or https URL, or empty for none."
            )
        if self.approval_url and not re.match(r"https?://[^/\s]+", self.approval_url):
            raise InvalidInput(
                f"settings.approval_url is {self.approval_url}: it must be an http or https URL, or empty for none."
            )
        for name in ("never_issued", "public_suffixes", "caa_issuers", "failure_reasons"):
            for domain in getattr(self, name):
                if re.search(r"[\s/:*@]", domain) or not domain.strip("."):
                    raise InvalidInput(f"settings.{name} has {domain!r}: it must be a domain name such as example.com.")
        _check_addresses("resolvers", self.resolvers)
        _check_addresses("http_addresses", [str(each) for each in self.http_addresses.values()])
        if not 0 < self.smtp.get("port", 25) < 65536:
            raise InvalidInput(f"smtp.port is {self.smtp['port']}: it must be a TCP port, 1 to 65535.")
        strange = set(self.smtp) - set(SMTP_KEYS)
        if strange or (self.smtp and not self.smtp.get("host")):
            raise InvalidInput(
                f"settings.smtp has {sorted(self.smtp)}: it must have host, and may have {', '.join(SMTP_KEYS[1:])}."
            )
        for operation, rate in self.rates.items():
            if operation not in acm_limits.RATES or not isinstance(rate, int) or isinstance(rate, bool) or rate < 1:
                raise InvalidInput(
                    f"settings.rates has {operation}: {rate!r}; it must map operations of ACM to calls per second, 1 "
                    "or more."
                )
        strange = set(self.request_policy) - set(CONDITIONS)
        if strange:
            raise InvalidInput(
                f"settings.request_policy has {sorted(strange)[0]}: the condition keys are {', '.join(CONDITIONS)}."
            )
        for key, patterns in self.request_policy.items():
            if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
                raise InvalidInput(f"settings.request_policy has {patterns!r} for {key}: give a list of patterns.")

    # ---- rules that depend on settings alone

    def validity(self, certificate_type: str, root_hierarchy: t.Optional[str] = None) -> timedelta:
        if self.validity_minutes:
            return timedelta(minutes=self.validity_minutes)
        if root_hierarchy:
            return timedelta(days=N2_VALIDITY_DAYS[root_hierarchy])
        return timedelta(days=self.private_validity_days if certificate_type == "PRIVATE" else self.validity_days)

    def renewal_window(self, validation_method: t.Optional[str], lifetime: timedelta) -> timedelta:
        """How long before a certificate's expiry its renewal begins (acm-rules §7).

        Never more than half of the lifetime, whatever the number of days: if the window were as long as the lifetime,
        the certificate would be renewed over and over.
        """
        if self.renewal_window_percent:
            return lifetime * self.renewal_window_percent / 100
        days = self.renewal_window_email_days if validation_method == "EMAIL" else self.renewal_window_days
        return min(timedelta(days=days), lifetime / 2)

    def rate(self, operation: str) -> t.Optional[int]:
        """The number of calls per second that are allowed, or None for any number."""
        return self.rates.get(operation, acm_limits.RATES.get(operation)) if self.rate_limits else None

    def failure_reason(self, name: str) -> t.Optional[str]:
        """The FailureReason that is set for the name or a domain above it, or None."""
        plain = base_name(name)
        return next((reason for domain, reason in self.failure_reasons.items() if is_in(plain, domain)), None)

    def forbids(self, request: t.Mapping[str, t.Any]) -> t.Optional[str]:
        """The first condition key of the request policy that a RequestCertificate does not satisfy, or None.

        The policy maps a condition key to patterns (`*` and `?`); every value must match one of them, as with IAM's
        ForAllValues:StringLike.
        """
        values = condition_values(request) if self.request_policy else {}
        for key, patterns in self.request_policy.items():
            for value in values[key]:
                if not any(fnmatchcase(value, without_sets(each)) for each in patterns):
                    return key
        return None


def condition_values(request: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """The values of ACM's condition keys. A member that the request leaves out counts with its default; one that it
    cannot have (the validation method of a private certificate, the CA of a public one) has none."""
    options = request.get("Options") or {}
    ca = request.get("CertificateAuthorityArn")
    names = [request["DomainName"], *request.get("SubjectAlternativeNames", [])]
    return {
        "acm:ValidationMethod": [] if ca else [request.get("ValidationMethod", "EMAIL")],
        "acm:DomainNames": [name.lower() for name in names],
        "acm:KeyAlgorithm": [request.get("KeyAlgorithm", DEFAULT_KEY_ALGORITHM)],
        "acm:CertificateTransparencyLogging": [options.get("CertificateTransparencyLoggingPreference", "ENABLED")],
        "acm:CertificateAuthority": [ca] if ca else [],
        "acm:Export": [options.get("Export", "DISABLED")],
    }


def is_in(name: str, domain: str) -> bool:
    """domain: as operators write it, perhaps with a dot before it."""
    return is_below(name, domain.strip(".").lower())


CONDITIONS = tuple(condition_values({"DomainName": ""}))


def _check_addresses(name: str, addresses: t.Sequence[str]) -> None:
    for text in addresses:
        from .._net.resolver import endpoint  # few authorities set any

        try:
            endpoint(text)
        except InvalidInput:
            raise InvalidInput(
                f"settings.{name} has {text!r}: give an IP address, or one with a port (192.0.2.1:5353, [2001:db8::1]:5353)."
            ) from None


def _check_kind(name: str, value: t.Any, default: t.Any) -> None:
    if isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    else:
        fits = isinstance(value, type(default))
    if not fits:
        raise InvalidInput(f"settings.{name} is {value!r}: it must be {KINDS[type(default)]}, for example {default!r}.")
    if isinstance(default, list):
        inner = int if name == "renewal_notice_days" else str
        if any(not isinstance(each, inner) for each in value):
            raise InvalidInput(f"settings.{name} is {value!r}: each entry must be {KINDS[inner]}.")


def without_sets(pattern: str) -> str:
    """IAM patterns have no [sets]; fnmatch's do."""
    return pattern.replace("[", "[[]")
