# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for the pip bootstrap that `ansible-test` downloads, for machines that can reach only a package index.

./run puts it into ansible-test's download cache (.work/home). ansible-test calls it with `pip==VERSION` and options; the
interpreter's own ensurepip does the bootstrap's work.
"""

from __future__ import annotations

import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
# Each in its own process: ensurepip leaves settings behind that would make pip ignore its configuration.
for command in (["ensurepip", "--default-pip"], ["pip", "install", *wanted]):
    subprocess.check_call([sys.executable, "-m", *command])
