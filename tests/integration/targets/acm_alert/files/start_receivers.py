# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""start_receivers.py FOLDER: a webhook and a mail server on loopback that put what they get into FOLDER, one file each.

They are left running; how to reach and to end them is printed. While there is a file FOLDER/broken the webhook answers 503.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "support"))

from mail_server import mail_server  # noqa: E402  # pylint: disable=wrong-import-position
from web_server import Answer, Request, web_server  # noqa: E402  # pylint: disable=wrong-import-position


def serve(folder: Path) -> None:
    def hook(request: Request) -> Answer:
        if (folder / "broken").exists():
            return Answer(503)
        number = len(list(folder.glob("*.json")))
        (folder / f"{number}.json").write_bytes(request.body)
        return Answer(200)

    kept = 0
    with web_server({"/hook/T0KEN-of-the-target": hook}) as web, mail_server() as mail:
        (folder / "ports").write_text(json.dumps({"web": web.port, "mail": mail.port}), encoding="utf-8")
        while True:
            time.sleep(0.02)
            for message in mail.mails[kept:]:
                (folder / f"{kept}.eml").write_bytes(message.as_bytes())
                kept += 1


if sys.argv[1] == "serve":
    serve(Path(sys.argv[2]))
where = Path(sys.argv[1])
where.mkdir(parents=True)
with open(where / "log", "wb") as log:
    process = subprocess.Popen([sys.executable, __file__, "serve", str(where)], stdout=log, stderr=log)
for _number in range(500):
    if (where / "ports").exists() and (where / "ports").stat().st_size:
        break
    time.sleep(0.02)
print(json.dumps({"pid": process.pid, **json.loads((where / "ports").read_text(encoding="utf-8"))}))
