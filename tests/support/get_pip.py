# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the pip bootstrap that `ansible-test` would fetch from the network, where only a package index is within reach.

./run puts it into ansible-test's download cache (.work/home). ansible-test calls it with `pip==VERSION` and options; the
interpreter's own ensurepip does what the bootstrap does.
"""

from __future__ import annotations

import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
# Each in a process of its own: ensurepip leaves settings behind with which pip would ignore its configuration.
for command in (["ensurepip", "--default-pip"], ["pip", "install", *wanted]):
    subprocess.check_call([sys.executable, "-m", *command])
