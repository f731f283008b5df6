# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""watch.py FOLDER: run FOLDER/custody.json with -vvvvv, keep what appears in its output, its log, command lines and temporary
folders, and tell where the key or the passphrase of the export is found in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PASSPHRASE = "swordfish-2718-custody"
folder = Path(sys.argv[1])
temporary = folder / "temporary"
temporary.mkdir()
environment = {
    **os.environ,
    "ANSIBLE_LOG_PATH": str(folder / "custody.log"),
    "ANSIBLE_LOCAL_TEMP": str(temporary / "local"),
    "ANSIBLE_REMOTE_TEMP": str(temporary / "remote"),
    "TMPDIR": str(temporary),
    "ANSIBLE_NOCOLOR": "1",
    "CUSTODY_PASSPHRASE": PASSPHRASE,
}
command = [
    str(Path(sys.executable).with_name("ansible-playbook")),
    "-vvvvv",
    "--diff",
    "-i",
    "localhost,",
    "-c",
    "local",
]
command += ["-e", f"ansible_python_interpreter={sys.executable}", str(folder / "custody.json")]
seen: dict[str, dict[str, bytes]] = {"processes": {}, "files": {}}
with (folder / "custody.out").open("wb") as output:
    process = subprocess.Popen(
        command, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen["processes"][str(path)] = seen["processes"].get(str(path), b"") + path.read_bytes()
            except OSError:
                pass
        for parent, _folders, names in os.walk(temporary):  # unlike rglob it bears that a folder is removed meanwhile
            for name in names:
                path = Path(parent, name)
                try:
                    seen["files"][f"{path} {path.stat().st_size}"] = path.read_bytes()
                except OSError:
                    pass
        time.sleep(0.02)
texts = {
    "output": (folder / "custody.out").read_bytes(),
    "log": (folder / "custody.log").read_bytes(),
    "processes": b"\n".join(seen["processes"].values()),
    "files": b"\n".join(seen["files"].values()),
}
key = (folder / "custody" / "privkey.pem").read_text().splitlines()[1:-1] if process.returncode == 0 else []
secrets = {PASSPHRASE: "passphrase", **{line: "key" for line in key}}
leaks = {
    place: sorted({name for secret, name in secrets.items() if secret.encode() in text})
    for place, text in texts.items()
    if any(secret.encode() in text for secret in secrets)
}
looked_at = {"output": len(texts["output"]), "log": len(texts["log"]), "processes": len(seen["processes"])}
print(
    json.dumps(
        {"exit_code": process.returncode, "leaks": leaks, "looked_at": {**looked_at, "files": len(seen["files"])}}
    )
)
