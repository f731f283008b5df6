# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CAs of an authority."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_trust_is_published_before_the_first_request(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "authority"))
    authority.cas.ensure_public()
    roots = pem.load_certificates(Path(authority.cas.trust_file).read_bytes())
    assert sorted(pem.key_algorithm(root.public_key()) for root in roots) == ["EC_prime256v1", "RSA_2048"]
    names = {path.name for path in Path(authority.public_folder).iterdir()}
    assert {"public-rsa_2048.crt", "public-rsa_2048.crl", "public-rsa_2048-root.crl", "trust.pem"} <= names


@pytest.mark.parametrize(
    "setting, algorithm, request_for",
    [
        ("public_rsa_ca_key_algorithm", "RSA_4096", "RSA_2048"),
        ("public_ec_ca_key_algorithm", "EC_secp384r1", "EC_prime256v1"),
    ],
)
def test_the_algorithm_of_public_cas_is_a_setting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, setting: str, algorithm: str, request_for: str
) -> None:
    monkeypatch.setitem(issuer.RSA_BITS, "RSA_4096", 2048)  # the name is what counts here, and 4096 bits take seconds
    first = lab.authority.cas.public(request_for)
    lab.set(**{setting: algorithm})
    second = lab.authority.cas.public(request_for)
    assert (first.key_algorithm != algorithm, second.key_algorithm) == (True, algorithm)
    assert lab.authority.cas.public(request_for).pem == second.pem


@pytest.mark.parametrize("name", ["", "public-x", "with space", "../up", "x" * 65, "-x"])
def test_names_of_private_cas(lab: Lab, name: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid name for a private CA"):
        lab.ca(name)


def test_two_processes_create_one_public_ca(lab: Lab) -> None:
    others = [opening.open_authority(lab.path) for _number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        rows = list(pool.map(lambda authority: authority.cas.public("EC_prime256v1"), others))
    assert len({row.pem for row in rows}) == 1
    with lab.authority.store.read() as tx:
        assert len(tx.cas.all()) == 2


def test_the_number_of_private_cas_is_a_setting(lab: Lab) -> None:
    lab.set(quota_private_cas=1)
    lab.ca()
    with pytest.raises(InvalidInput, match="quota_private_cas"):
        lab.ca("second")


def test_a_published_file_replaces_a_link_instead_of_following_it(lab: Lab, tmp_path: Path) -> None:
    """Clients get what the authority wrote; the other file is unchanged."""
    cas = lab.authority.cas
    cas.ensure_public()
    trust, elsewhere = Path(cas.trust_file), tmp_path / "elsewhere"
    roots = trust.read_bytes()
    elsewhere.write_bytes(b"theirs")
    trust.unlink()
    trust.symlink_to(elsewhere)
    cas.publish()
    assert not trust.is_symlink() and trust.read_bytes() == roots
    assert trust.stat().st_mode & 0o777 == 0o644
    assert elsewhere.read_bytes() == b"theirs"
    assert [path.name for path in trust.parent.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_published_where_others_may_write(lab: Lab) -> None:
    cas = lab.authority.cas
    cas.ensure_public()
    trust = Path(cas.trust_file)
    trust.unlink()
    trust.parent.chmod(0o777)
    with pytest.raises(InvalidInput, match=f"{trust.parent} is writable by everyone"):
        cas.publish()
    assert not trust.exists()
