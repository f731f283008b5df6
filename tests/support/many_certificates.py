# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority with many certificates, without signing them all."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.certops.acm.plugins.module_utils._authority.authority import Authority

AT_ONCE = 5000  # in one transaction


def fill(authority: Authority, arn: str, numbers: range) -> None:
    """Add copies of an issued certificate that differ only in what must be unique."""
    with authority.store.read() as tx:
        one, row = tx.certificate(arn[-36:]), tx.leaf(arn[-36:])
    assert one and one.leaf and row
    for start in range(0, len(numbers), AT_ONCE):
        with authority.store.write() as tx:
            for number in numbers[start : start + AT_ONCE]:
                serial, name = number.to_bytes(16, "big").hex(":"), f"n{number}.corp.test"
                other = one._replace(
                    id=f"{number:036}", arn=f"{arn[:-36]}{number:036}", names=(name,),
                    created_at=one.created_at + timedelta(milliseconds=number),
                    leaf=one.leaf._replace(serial=serial, common_name=name),
                )  # fmt: skip
                authority.save(tx, other, authority.now(), {})
                tx.put_leaf(other, row._replace(serial=serial))
