# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate of a task, from what is wanted to the outcome."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._batch import items
from .._certificates.certificate import Certificate
from .held import Held
from .options import Wanted
from .plan import Plan


@dataclass
class Item(items.CertificateItem[Wanted]):
    """held, tags, detail: what was read about the certificate."""

    held: t.Optional[Held] = None
    tags: t.Optional[dict[str, str]] = None
    detail: t.Optional[dict[str, t.Any]] = None
    plan: Plan = field(default_factory=Plan)
    superseded: t.Optional[Certificate] = None  # left alone if the new certificate gets an ARN of its own
