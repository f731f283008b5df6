# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host should have, according to its options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.wanted import passphrases, read_wanted

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/one"
WWW, API = {"domain_name": "www.example.com"}, {"certificate_arn": ARN, "name": "api"}


def wanted(certificates: list[dict[str, Any]], *services: dict[str, Any], **options: Any) -> dict[str, Any]:
    return read_wanted(
        {"path": "/etc/acm", "certificates": certificates, "services": services or [{"name": "nginx"}], **options}
    )


@pytest.mark.parametrize(
    ("name", "identity", "folder"),
    [
        ("www.example.com", "www.example.com", "www.example.com"),
        ("WWW.Example.COM.", "www.example.com", "www.example.com"),
        ("b\u00fccher.example.com", "xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("*.example.com", "*.example.com", "wildcard.example.com"),
    ],
)
def test_every_spelling_of_a_name_means_one_folder(name: str, identity: str, folder: str) -> None:
    (certificate,) = wanted([{"domain_name": name}])["certificates"]
    assert (certificate["identity"], certificate["folder"]) == (identity, folder)


def test_server_names_are_normalised_on_the_controller() -> None:
    names = ["straße.example.com", "*.Example.com.", "192.0.2.1", "2001:DB8::1"]
    (certificate,) = wanted([{**WWW, "server_names": names}])["certificates"]
    expected = ["xn--strae-oqa.example.com", "*.example.com", "192.0.2.1", "2001:db8::1"]
    assert certificate["server_names"] == expected


def test_a_certificate_may_have_two_folders_each_for_its_own_service() -> None:
    entries = [{**WWW, "name": "for-web", "group": "web"}, {**WWW, "name": "for-mail", "group": "mail"}]
    both = wanted(entries, {"name": "web", "certificates": ["for-web"]}, {"name": "mail", "certificates": ["for-mail"]})
    assert [certificate["identity"] for certificate in both["certificates"]] == ["www.example.com"] * 2
    assert [service["certificates"] for service in both["services"]] == [["for-web"], ["for-mail"]]
    with pytest.raises(InvalidInput, match="could be any of for-web, for-mail; use a name to say which"):
        wanted(entries, {"name": "web", "certificates": ["www.example.com"]})


@pytest.mark.parametrize("word", ["api", ARN, ARN.upper()])
def test_a_certificate_may_be_left_out_by_any_of_its_identifiers(word: str) -> None:
    found = wanted([WWW, API], {"name": "nginx"}, leave_out=[word])
    assert [certificate["folder"] for certificate in found["certificates"]] == ["www.example.com"]
    assert found["services"][0]["certificates"] == ["www.example.com"] and found["services"][0]["is_partial"]


def test_a_service_with_nothing_left_is_left_out_too() -> None:
    services = [{"name": "nginx", "certificates": ["api"]}, {"name": "mail", "default_certificate": "api"}]
    found = wanted([WWW, API], *services, leave_out=["api"])
    assert [service["name"] for service in found["services"]] == ["mail"]
    assert "default_certificate" not in found["services"][0]


@pytest.mark.parametrize(
    ("certificates", "service", "options", "sentence"),
    [
        ([{"name": "x"}], {}, {}, "Item 1 of acm_deploy_certificates has neither"),
        ([{"certificate_arn": "one"}], {}, {}, "not an ARN"),
        ([{"domain_name": "https://www.example.com"}], {}, {}, "www.example.com"),
        (
            [WWW, {"domain_name": "WWW.example.com"}],
            {},
            {},
            "Items 1 and 2 .* folder www.example.com; give each its own name",
        ),
        (
            [WWW],
            {"certificates": ["shop"]},
            {},
            "nginx uses the certificate shop, which is not in acm_deploy_certificates",
        ),
        ([WWW], {"certificates": ["ww.example.com"]}, {}, "did you mean www.example.com"),
        ([WWW], {}, {"path": "acm"}, "acm_deploy_path is 'acm'; give an absolute path"),
        ([WWW], {"files": ["pkcs12"]}, {}, "The PKCS#12 of www.example.com needs a passphrase"),
        ([{**WWW, "pkcs12_passphrase": "abc"}], {}, {}, "The passphrase has 3 bytes; ACM requires 4 to 128"),
        ([WWW], {"tls_policy": "modern"}, {}, "needs a folder for its snippet"),
        ([WWW], {"server": "dovecot", "snippets": "/etc/x"}, {}, "There are no snippets for nginx, only for apache"),
        ([WWW], {"snippets": "x"}, {}, "is not an absolute path"),
    ],
)
def test_invalid_combinations_are_refused(
    certificates: list[dict[str, Any]], service: dict[str, Any], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        wanted(certificates, {"name": "nginx", **service}, **options)


def test_passphrases_are_kept_separately() -> None:
    entries = [{**WWW, "pkcs12_passphrase": "correct horse"}]
    found = wanted(entries, {"name": "app", "files": ["pkcs12"]}, authority="/srv/acm", profile="x")
    assert "correct horse" not in str(found) and found["certificates"][0]["wants_pkcs12"]
    assert passphrases(entries) == {"www.example.com": "correct horse"}
    assert found["connection"] == {"authority": "/srv/acm", "profile": "x"}


def test_the_host_gets_the_form_of_a_pkcs12_as_one_string() -> None:
    """A set with a different text is replaced, and one from before there was a text is not."""
    plain = {**WWW, "pkcs12_passphrase": "keystore"}
    service = {"name": "nginx", "files": ["pkcs12"]}
    (certificate,) = wanted([plain], service)["certificates"]
    assert "pkcs12_form" not in certificate
    (certificate,) = wanted([{**plain, "pkcs12_alias": "tomcat", "pkcs12_legacy": True}], service)["certificates"]
    assert certificate["pkcs12_form"] == "pkcs12_alias tomcat, pkcs12_legacy True"
    assert (certificate["pkcs12_alias"], certificate["pkcs12_legacy"]) == ("tomcat", True)
    (certificate,) = wanted([{**plain, "pkcs12_legacy": False, "pkcs12_alias": ""}], service)["certificates"]
    assert "pkcs12_form" not in certificate
