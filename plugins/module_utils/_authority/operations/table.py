# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of ACM's operations (acm-rules §1) by name, for the server. A module passes in those that it calls (`open_embedded`)."""

from __future__ import annotations

from . import account, certificates, exports, imports, lists, requests, tags
from .call import Operations

FILES = (account, certificates, exports, imports, lists, requests, tags)
OPERATIONS: Operations = {name: operation for file in FILES for name, operation in file.OPERATIONS.items()}
