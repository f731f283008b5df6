# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A boto3 client of an embedded authority, with all operations, in the process of the test."""

from __future__ import annotations

from typing import Any

from ansible_collections.certops.acm.plugins.module_utils._authority import opening
from ansible_collections.certops.acm.plugins.module_utils._authority.authority import Authority
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._door import embedded


def authority_client(authority: str | Authority) -> Any:
    """authority: an open authority, or its path."""
    opened = opening.open_authority(authority) if isinstance(authority, str) else authority
    return embedded.client_of(opened, OPERATIONS)
