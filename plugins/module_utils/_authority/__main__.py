# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the authority: python3 -m ansible_collections.certops.acm.plugins.module_utils._authority."""

from __future__ import annotations

import sys

from .wire.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
