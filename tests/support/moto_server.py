# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's AWS in a separate process, for tests whose modules run in other processes.

with moto_server() as aws:
    aws.client("route53").create_hosted_zone(…)
    run_module("acm_certificate", {**aws.connection, …})
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import typing as t

REGION = "eu-central-1"
ACCOUNT = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "a-secret-that-moto-does-not-check"}
ISSUED_AFTER_S = 1  # moto calls every request issued after this many seconds


class MotoServer(t.NamedTuple):
    url: str
    pid: int

    @property
    def connection(self) -> dict[str, str]:
        """The arguments that make an Ansible module use this server."""
        return {"endpoint_url": self.url, "region": REGION, **ACCOUNT}

    def client(self, service: str) -> t.Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT["access_key"],
            aws_secret_access_key=ACCOUNT["secret_key"],
        )


@contextlib.contextmanager
def moto_server() -> t.Iterator[MotoServer]:
    process = subprocess.Popen(
        [sys.executable, "-B", __file__],
        env={**os.environ, "MOTO_ACM_VALIDATION_WAIT": str(ISSUED_AFTER_S)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield MotoServer(json.loads(process.stdout.readline())["url"], process.pid)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
