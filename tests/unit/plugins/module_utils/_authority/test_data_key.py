# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new data key for an authority."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import data_key, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import deliveries
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file, vault
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_keys import content, wrapped


def test_every_secret_is_encrypted_again(lab: Lab) -> None:
    arn = lab.private()
    keys = AccessKeys(lab.authority.store, lab.authority.vault)
    owner = keys.owner()
    keys.set([{"kind": "user", "name": "web", "policy": None}])
    web = keys.all()[1]
    lab.authority.smtp_password.replace("of the mail server")
    target = {"name": "hook", "kind": "webhook", "detail_types": [], "url": "https://hooks.example.com/"}
    deliveries.set_targets(lab.authority, [target])
    old = vault.Vault(key_file.unlock(lab.path, lab.authority.store, None))
    with lab.authority.store.read() as tx:
        sealed = [each[2] for each in tx.sealed()]
        secrets = [*sealed, bytes.fromhex(tx.meta("smtp_password") or ""), tx.targets.all()[0].sealed]
    data_key.renew(lab.authority)
    lab.export(arn)
    lab.authority.cas.private("made-after", key_algorithm="EC_prime256v1")
    again = opening.open_authority(lab.path)
    assert lab.private(ca=lab.ca("made-after"))  # secrets created since are encrypted with the new key, too
    assert AccessKeys(again.store, again.vault).all() == [owner, web]
    assert again.smtp_password.read() == "of the mail server"
    assert deliveries.targets(again)[0]["name"] == "hook"
    everything = content(lab)
    assert not any(each in everything for each in secrets)
    with lab.authority.store.read() as tx:
        for table, _row, each, owner in tx.sealed():
            context = (vault.ca_context if table == "cas" else vault.leaf_context)(*owner)
            again.vault.open(each, context)
            with pytest.raises(vault.WrongKey):
                old.open(each, context)


def test_the_data_key_is_not_renewed_while_another_process_is_open(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    other = opening.open_authority(lab.path)
    (before,) = wrapped(lab)
    with pytest.raises(InvalidInput, match="Another process has the authority in .* open"):
        with lab.authority.lease.alone(wait_s=0.1):
            raise AssertionError
    assert wrapped(lab) == [before]
    del other
    data_key.renew(lab.authority)
    assert wrapped(lab) != [before]
