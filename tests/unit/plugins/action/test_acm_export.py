# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action of acm_export refuses before anything is sent."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.action.acm_export import ActionModule
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

REFUSED = r"^{} does not say how to write fullchain and key; for the usual names write \{{fullchain: \{{\}}, key: \{{\}}\}}\.$"


def check(**arguments: t.Any) -> None:
    ActionModule.check(ActionModule.__new__(ActionModule), arguments)


@pytest.mark.parametrize("files", [{"fullchain": None, "key": None}, '{"fullchain": null, "key": null}'])
def test_files_without_any_options(files: t.Any) -> None:
    with pytest.raises(InvalidInput, match=REFUSED.format("files")):
        check(domain_name="www.example.com", path="/etc/tls", files=files)
    with pytest.raises(InvalidInput, match=REFUSED.format("files in item 2")):
        check(certificates=[{"domain_name": "a.example.com"}, {"domain_name": "b.example.com", "files": files}])


@pytest.mark.parametrize("files", [None, "", {}, {"fullchain": {}, "key": {}}, {"fullchain": {}, "key": None}])
def test_files_as_a_dictionary_or_left_out(files: t.Any) -> None:
    check(domain_name="www.example.com", path="/etc/tls", files=files)
    check(certificates=[{"domain_name": "b.example.com", "files": files}])
