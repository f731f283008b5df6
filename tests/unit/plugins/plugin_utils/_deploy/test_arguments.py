# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's options, as templates and people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.arguments import (
    CERTIFICATE,
    OPTIONS,
    SERVICE,
    read_arguments,
)

SPECS = Path(__file__).resolve().parents[5] / "roles" / "acm_deploy" / "meta" / "argument_specs.yml"
MAIN = yaml.safe_load(SPECS.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
NEEDED: dict[str, Any] = {"certificates": [{"domain_name": "www.example.com"}], "services": [{"name": "nginx"}]}


@pytest.mark.parametrize(
    ("given", "option", "value"),
    [
        ({"services": [{"name": "web", "ports": "9544"}]}, "ports", [9544]),
        ({"services": [{"name": "web", "ports": 9544}]}, "ports", [9544]),
        ({"services": [{"name": "web", "ports": ["443", "8443"]}]}, "ports", [443, 8443]),
        ({"services": [{"name": "web", "ports": []}]}, "ports", []),
        ({"services": [{"name": "web", "sni": "no"}]}, "sni", False),
        ({"services": [{"name": "web", "certificates": "api"}]}, "certificates", ["api"]),
        ({"services": [{"name": "web", "check_command": "nginx -t"}]}, "check_command", "nginx -t"),
    ],
)
def test_options_of_services_get_their_types(given: dict[str, Any], option: str, value: Any) -> None:
    assert read_arguments({**NEEDED, **given})["services"][0][option] == value


def test_options_get_their_types_and_empty_ones_count_as_not_given() -> None:
    read = read_arguments(
        {**NEEDED, "leave_out": "www.example.com", "keep": "3", "timeout": "0.5", "owner": "", "group": None}
    )
    assert (read["leave_out"], read["keep"], read["timeout"]) == (["www.example.com"], 3, 0.5)
    assert not {"owner", "group", "mode"} & set(read)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"certificates": None}, r"^acm_deploy_certificates is not set; give a list of certificates such as \["),
        ({"services": None}, "^acm_deploy_services is not set"),
        ({"certificates": "www.example.com"}, "^acm_deploy_certificates is text; give a list"),
        ({"certificates": ["www.example.com"]}, "^Item 1 of acm_deploy_certificates is text"),
        ({"services": {"name": "nginx"}}, "^acm_deploy_services is a dictionary"),
        (
            {"certificates": [{"domain": "x"}]},
            "Item 1 of acm_deploy_certificates has the option domain.* did you mean domain_name",
        ),
        (
            {"services": [{"name": "nginx"}, {"name": "x", "port": 1}]},
            "^Item 2 of acm_deploy_services .* did you mean ports",
        ),
        ({"services": [{"server": "nginx"}]}, "^In acm_deploy_services: missing required arguments: name.$"),
        ({"when_stopped": "restart"}, "^acm_deploy_when_stopped is 'restart'; give ignore or start or fail.$"),
        ({"keep": "two"}, "^acm_deploy_keep is 'two'; give a whole number.$"),
        ({"keep": 2.5}, "^acm_deploy_keep is 2.5; give a whole number.$"),
        ({"keep": True}, "^acm_deploy_keep is True; give a whole number.$"),
        ({"keep": [2]}, "^acm_deploy_keep is a list; give a whole number.$"),
        ({"timeout": "ten"}, "^acm_deploy_timeout is 'ten'; give a number of seconds.$"),
        ({"keep": -1}, "^acm_deploy_keep is -1; give a whole number, 1 or more.$"),
        ({"keep": "0"}, "^acm_deploy_keep is 0; give a whole number, 1 or more.$"),
        (
            {"timeout": float("nan")},
            "^acm_deploy_timeout is nan; give a number of seconds, 0 or more and at most 3600.$",
        ),
        ({"timeout": "-1"}, "^acm_deploy_timeout is -1; give a number of seconds"),
        ({"steady_for": float("inf")}, "^acm_deploy_steady_for is inf; give a number of seconds"),
        ({"command_timeout": 0}, "^acm_deploy_command_timeout is 0; give a number of seconds, more than 0"),
        ({"steady_for": {"seconds": 1}}, "^acm_deploy_steady_for is a dictionary; give a number of seconds.$"),
        ({"command_timeout": "1m"}, "^acm_deploy_command_timeout is '1m'; give a number of seconds.$"),
        ({"require_valid": "maybe"}, "^acm_deploy_require_valid is 'maybe'; give true or false.$"),
        ({"leave_out": {"name": "www"}}, "^acm_deploy_leave_out is a dictionary; give a list of strings.$"),
        ({"leave_out": [["www"]]}, "^acm_deploy_leave_out is not a list of strings; give a list of strings.$"),
        ({"leave_out": 5}, "^acm_deploy_leave_out is 5; give a list of strings.$"),
        ({"path": ["/etc/acm"]}, "^acm_deploy_path is a list; give text.$"),
        ({"authority": {"path": "/srv"}}, "^acm_deploy_authority is a dictionary; give text.$"),
        (
            {"services": [{"name": "x"}, {"name": "y", "ports": ["https"]}]},
            "^ports in item 2 of acm_deploy_services is not a list of whole numbers; give a list of whole numbers.$",
        ),
        (
            {"services": [{"name": "x", "sni": "maybe"}]},
            "^sni in item 1 of acm_deploy_services is 'maybe'; give true or false.$",
        ),
        (
            {"services": [{"name": "x", "starttls": "http"}]},
            "^starttls in item 1 of acm_deploy_services is 'http'; give smtp or lmtp or imap or pop3 or ftp or sieve or",
        ),
        (
            {"services": [{"name": "x", "proxy_protocol": "v3"}]},
            "^proxy_protocol in item 1 of acm_deploy_services is 'v3'; give v1 or v2.$",
        ),
        ({"services": [None]}, "^Item 1 of acm_deploy_services is empty; give a list of services such as"),
        (
            {"services": [{"name": "x", "tls_policy": "old"}]},
            "^tls_policy in item 1 of acm_deploy_services is 'old'; give modern or intermediate.$",
        ),
        (
            {"certificates": [{"domain_name": ["www.example.com"]}]},
            "^domain_name in item 1 of acm_deploy_certificates is a list; give text.$",
        ),
        (
            {"certificates": [{"domain_name": "x", "pkcs12_passphrase": {"a": "secret"}}]},
            "^pkcs12_passphrase in item 1 of acm_deploy_certificates is a dictionary; give text.$",
        ),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as error:
        read_arguments({**NEEDED, **given})
    assert "<class" not in str(error.value) and "secret" not in str(error.value)


def test_the_documentation_has_the_same_options() -> None:
    documented = {name.removeprefix("acm_deploy_"): option for name, option in MAIN.items()}
    assert set(documented) == set(OPTIONS)
    # what Ansible's own check refuses is told with the whole file
    assert {option["type"] for option in documented.values()} <= {"raw", "str"}
    assert not any("choices" in option or "required" in option for option in documented.values())
    for name, spec in (("certificates", CERTIFICATE), ("services", SERVICE)):
        inner = documented[name]["options"]
        assert set(inner) == set(spec)
        for option, details in spec.items():
            assert details.get("choices") == inner[option].get("choices") or "choices" not in details, option
