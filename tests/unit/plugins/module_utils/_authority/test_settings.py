# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings: the defaults of acm-rules, and one sentence for each mistake."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

DEFAULTS = {
    "validity_days": 395,
    "max_names": 10,
    "idempotency_minutes": 60,
    "validation_hours": 72,
    "max_cname_chain": 5,
    "renewal_window_days": 60,
    "renewal_window_email_days": 45,
    "renewal_notice_days": [45, 30, 15, 7, 3, 1],
    "days_before_expiry": 45,
    "quota_certificates": 2500,
    "quota_requests_a_year": 5000,
    "quota_imported": 2500,
    "quota_imports_a_year": 5000,
    "quota_private_cas": 200,
    "quota_certificates_a_ca": 1_000_000,
    "max_tags": 50,
    "max_tag_key_length": 127,
    "max_tag_value_length": 255,
    "request_key_algorithms": ["RSA_2048", "EC_prime256v1", "EC_secp384r1"],
    "caa_issuers": ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"],
}


def test_defaults_are_those_of_the_guide() -> None:
    shown = Settings()._asdict()
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    "wanted, said",
    [
        ({"validity_dys": 3}, "did you mean validity_days"),
        ({"zzzzzz": 3}, "use one of"),
        ({"validity_days": 0}, "1 to 36500"),
        ({"validity_days": 10**9}, "1 to 36500"),
        ({"validity_days": "395"}, "for example 395"),
        ({"validity_days": True}, "for example 395"),
        ({"validity_days": -1}, "for example 395"),
        ({"resolver_timeout_s": float("nan")}, "it must be a number of 0 or more"),
        ({"resolver_timeout_s": float("inf")}, "it must be a number of 0 or more"),
        ({"renewal_attempts_a_day": 0}, "1 to"),
        ({"renewal_window_percent": 100}, "1 to 99"),
        ({"validity_minutes": 36501}, "0 to"),
        ({"validity_minutes": "10"}, "an integer"),
        ({"renewal_window_percent": 1.5}, "an integer"),
        ({"resolvers": "127.0.0.1"}, "a list"),
        ({"resolvers": ["localhost"]}, "settings.resolvers has 'localhost': give an IP address"),
        ({"http_addresses": {"www.example.com": "web:80"}}, "settings.http_addresses has 'web:80': give an IP address"),
        ({"http_addresses": {"www.example.com": 80}}, "settings.http_addresses has '80': give an IP address"),
        ({"renewal_notice_days": [7, 0]}, "settings.renewal_notice_days has 0: use numbers of 1 or more"),
        ({"never_issued": ["http://x"]}, "settings.never_issued has 'http://x': it must be a domain name"),
        ({"public_suffixes": ["*.lan"]}, "settings.public_suffixes has '*.lan': it must be a domain name"),
        ({"caa_issuers": [""]}, "settings.caa_issuers has '': it must be a domain name"),
        ({"failure_reasons": {"a b": "OTHER"}}, "settings.failure_reasons has 'a b': it must be a domain name"),
        ({"approval_url": "junk"}, "settings.approval_url is junk: it must be an http or https URL, or empty"),
        ({"validation_suffix": "a b"}, "settings.validation_suffix is 'a b': it must be a domain name"),
        ({"validation_suffix": ""}, "settings.validation_suffix is '': it must be a domain name"),
        ({"smtp": {"host": "a", "port": 0}}, "smtp.port is 0: it must be a TCP port"),
        ({"smtp": {"host": "a", "port": 65536}}, "smtp.port is 65536: it must be a TCP port"),
        ({"resolvers": [53]}, "each entry"),
        ({"request_key_algorithms": ["DSA"]}, "use only"),
        ({"public_rsa_ca_key_algorithm": "EC_prime256v1"}, "must be one of"),
        ({"private_ca_key_families": ["DSA"]}, "RSA, EC"),
        ({"publication_url": "ftp://x"}, "http or https"),
        ({"smtp": {"port": 25}}, "must have host"),
        ({"smtp": {"host": "a", "colour": "b"}}, "colour"),
        ({"request_policy": {"acm:Colour": ["x"]}}, "condition keys"),
        ({"request_policy": {"acm:KeyAlgorithm": "EC_*"}}, "a list of patterns"),
        ({"rates": {"Describe": 1}}, "calls per second"),
        ({"rates": {"DescribeCertificate": 0}}, "calls per second"),
        ({"rate_limits": 1}, "true or false"),
        ({"days_before_expiry": 46}, "max_days_before_expiry"),
    ],
)
def test_wrong_settings_are_named(wanted: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings.of(wanted)
    assert said in str(caught.value) and next(iter(wanted)) in str(caught.value)


@pytest.mark.parametrize(
    "settings, method, lifetime, window",
    [
        ({}, "DNS", 395, 60),
        ({}, "HTTP", 395, 60),
        ({}, None, 395, 60),
        ({}, "EMAIL", 395, 45),
        ({}, "DNS", 47, 23.5),
        ({"renewal_window_percent": 33}, "EMAIL", 100, 33),
        ({"renewal_window_days": 10}, "DNS", 395, 10),
    ],
)
def test_windows(settings: dict[str, t.Any], method: t.Optional[str], lifetime: int, window: float) -> None:
    assert Settings.of(settings).renewal_window(method, timedelta(days=lifetime)) == timedelta(days=window)


def test_a_failure_reason_applies_to_all_subdomains_with_or_without_a_leading_dot():
    for domain in ("example.com", ".Example.com"):
        settings = Settings(failure_reasons={domain: "CAA_ERROR"})
        assert settings.failure_reason("*.a.example.com") == "CAA_ERROR"
        assert settings.failure_reason("example.com") == "CAA_ERROR"
        assert settings.failure_reason("notexample.com") is None
