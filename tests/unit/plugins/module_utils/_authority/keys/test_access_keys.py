# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access keys with policies: which exist, and which are impossible."""

from __future__ import annotations

import json

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def test_impossible_keys(lab: Lab) -> None:
    keys = AccessKeys(lab.authority.store, lab.authority.vault)
    alice = {"kind": "user", "name": "Alice", "policy": None}
    for wanted, said in (
        ([{**alice, "name": "owner", "policy": EVERYTHING}], "so that you cannot lock yourself out"),
        ([{**alice, "name": "a/b"}], "access_keys has the invalid name 'a/b'"),
        ([alice, alice], "access_keys has the user Alice twice"),
        ([{**alice, "policy": {"Statement": []}}], "The policy of Alice has no Statement"),
    ):
        with pytest.raises(InvalidInput, match=said):
            keys.set(wanted)
    assert keys.all() == []


def test_keys_are_created_kept_and_removed(lab: Lab) -> None:
    keys = AccessKeys(lab.authority.store, lab.authority.vault)
    owner = keys.owner()
    alice = {"kind": "user", "name": "Alice", "policy": None}
    role = {"kind": "role", "name": "Alice", "policy": EVERYTHING}
    assert keys.set([alice], plan=True) and keys.all() == [owner]
    assert keys.set([alice, role]) and not keys.set([alice, role])
    _owner, first, second = keys.all()
    assert (first.kind, second.kind) == ("user", "role") and first.secret != second.secret
    assert keys.set([{**alice, "policy": EVERYTHING}])
    assert keys.find(second.identifier) is None
    kept = keys.find(first.identifier)
    assert kept and kept.secret == first.secret and kept.policy and json.loads(kept.policy) == EVERYTHING
    with lab.authority.store.read() as tx:
        assert first.secret not in str(tx.meta("access_keys"))
