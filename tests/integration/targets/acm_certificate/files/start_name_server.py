# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""start_name_server.py FOLDER ZONE…: start BIND on loopback, leave it running, and print how to reach and to end it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "support"))

from name_server import NameServer  # noqa: E402  # pylint: disable=wrong-import-position

folder = Path(sys.argv[1])
folder.mkdir(parents=True)
server = NameServer(folder, {zone: "" for zone in sys.argv[2:]}, (), "hmac-sha256", "")
server.start()
assert server.process is not None
print(json.dumps({"pid": server.process.pid, "endpoint": server.endpoint, "rfc2136": server.rfc2136()}))
