# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules import names
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

LABEL_63 = "a" * 63
NAME_253 = ".".join([LABEL_63, LABEL_63, LABEL_63, "b" * 57, "com"])
NAME_64 = "a" * 48 + ".b.example.com" + "ab"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("example.com", "example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("example.com.", "example.com"),
        (" example.com ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("XN--Bcher-KVA.example", "xn--bcher-kva.example"),
        ("_x.example.com", "_x.example.com"),
        (".", ""),
    ],
)
def test_one_spelling_of_a_name(given: str, wanted: str) -> None:
    assert names.to_ascii(given) == wanted
    assert names.to_ascii(wanted) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "www.example.com",
        "*.example.com",
        "*.a.b.example.com",
        "a.co",
        "1.example.com",
        "3com.com",
        "a-b.example.com",
        "a--example.com",
        "abc--example.com",
        "xn--xyz.com",
        "xn--bcher-kva.example",
        "bücher.example",
        f"{LABEL_63}.com",
        NAME_253,
        "example.xn--p1ai",
    ],
)
def test_valid_names(name: str) -> None:
    assert names.check_domain_name(name) == names.to_ascii(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        (".", "empty label"),
        ("example..com", "empty label"),
        (".example.com", "empty label"),
        ("com", "too few labels"),
        ("localhost", "too few labels"),
        ("*", "wrong place"),
        ("*.com", "too few labels"),
        ("*.*.example.com", "wrong place"),
        ("a*.example.com", "wrong place"),
        ("*a.example.com", "wrong place"),
        ("www.*.example.com", "wrong place"),
        ("-a.example.com", "hyphen"),
        ("a-.example.com", "hyphen"),
        ("a_b.example.com", "other than letters"),
        ("a b.example.com", "other than letters"),
        ("10.0.0.10", "IP addresses"),
        ("192.168.1.1", "IP addresses"),
        ("example.c", "top-level domain"),
        (f"a{LABEL_63}.com", "64 octets; at most 63"),
        ("a" + NAME_253, "64 octets; at most 63"),
        (NAME_253.replace("b" * 57, "b" * 58), "254 octets; at most 253"),
        ("ab--example.com", "Punycode rule"),
        ("www.ab--example.com", "Punycode rule"),
        ("xn--example.com", "Punycode rule"),
        ("xn--.com", "hyphen"),
        ("xn--a.com", "Punycode rule"),
        ("a\u2260b.example.com", "internationalised"),
        ("\U0001f4a9.example.com", "internationalised"),
    ],
)
def test_names_that_break_a_rule(name: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        names.check_domain_name(name)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_the_first_name_has_64_octets_at_most() -> None:
    assert len(NAME_64) == 64
    assert names.check_domain_name(NAME_64, first=True) == NAME_64
    assert names.check_domain_name("a" + NAME_64) == "a" + NAME_64
    with pytest.raises(InvalidInput, match="first name"):
        names.check_domain_name("a" + NAME_64, first=True)


def test_length_counts_in_punycode() -> None:
    name = ".".join(["ü" * 12] * 3) + ".example.com"
    assert len(name) < 64
    with pytest.raises(InvalidInput, match="first name"):
        names.check_domain_name(name, first=True)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("https://www.example.com/shop?a=1", "is a URL; give only the name in it, www.example.com."),
        ("https://www.example.com:8443", "is a URL; give only the name in it, www.example.com."),
        ("www.example.com/shop", "is a URL; give only the name in it, www.example.com."),
        ("www.example.com:443", "has a port; a certificate is for a name on all ports, so give only www.example.com."),
        ("admin@example.com", "is a mail address; give only its domain, example.com."),
        ("mailto://admin@example.com", "is a URL; give only the name in it, example.com."),
        (
            "a.example.com, b.example.com",
            "contains 2 names; give each as a separate item of a list: [a.example.com, b.",
        ),
        ("a.example.com b.example.com;c.example.com", "contains 3 names; give each as a separate item"),
        ("2001:db8::1", "is an IP address; ACM issues for domain names only."),
        ("[2001:db8::1]", "is an IP address; ACM issues for domain names only."),
        ("192.0.2.1:443", "has a port; a certificate is for a name on all ports, so give only 192.0.2.1."),
    ],
    ids=str,
)
def test_common_mistakes_in_names(name: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.check_domain_name(name, option="domain_name")
    assert str(caught.value).startswith(f"domain_name: {name!r} {sentence}")


@pytest.mark.parametrize(
    ("pattern", "name", "is_covered"),
    [
        ("example.com", "example.com", True),
        ("EXAMPLE.com.", "example.COM", True),
        ("example.com", "www.example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.Example.com", "WWW.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "*.a.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.bücher.example", "www.xn--bcher-kva.example", True),
        ("www.example.com", "*.example.com", False),
        ("*.com", "example.com", True),
    ],
)
def test_what_a_name_covers(pattern: str, name: str, is_covered: bool) -> None:
    assert names.covers(pattern, name) is is_covered


def test_wildcards_and_their_base() -> None:
    assert names.is_wildcard("*.example.com") and not names.is_wildcard("a.example.com")
    assert names.base_name("*.example.com") == "example.com" == names.base_name("example.com")


def test_names_are_compared_as_a_set() -> None:
    wanted = frozenset({"example.com", "www.example.com"})
    assert names.name_set("example.com", ["WWW.example.com", "example.com."]) == wanted
    assert names.name_set("www.example.com", ["example.com"]) == wanted
    assert names.name_set(None, None) == frozenset() == names.name_set("")


def test_plain_names_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_idna(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "idna":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "idna", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_idna)
    assert names.check_domain_name("*.example.com") == "*.example.com"
    with pytest.raises(InvalidInput, match="package idna"):
        names.check_domain_name("bücher.example")


def test_importing_the_rules_needs_no_third_party_package() -> None:
    folder = str(Path(names.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); import _rules.names; "
        "print('idna' in sys.modules, 'cryptography' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )
