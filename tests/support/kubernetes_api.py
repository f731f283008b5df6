# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the Kubernetes API that the modules k8s and k8s_info need for secrets, over loopback HTTP, in memory."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}
RESOURCES = [
    {
        "name": "secrets",
        "singularName": "secret",
        "namespaced": True,
        "kind": "Secret",
        "verbs": ["create", "delete", "get", "list", "patch", "update"],
    }
]
DISCOVERY = {
    "/version": VERSION,
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": RESOURCES},
}
MISSING = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


class Api(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secrets: dict[str, dict[str, Any]] = {}  # by path
        self.writes = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        path = self.path.split("?")[0].rstrip("/")
        found = DISCOVERY.get(path) or self.server.secrets.get(path)
        self.answer(200 if found else 404, found or MISSING)

    def do_POST(self) -> None:
        secret = self.body()
        self.write(f"{self.path.split('?')[0]}/{secret['metadata']['name']}", secret, 201)

    def do_PATCH(self) -> None:
        path = self.path.split("?")[0]
        self.write(path, merged(self.server.secrets.get(path, {}), self.body()), 200)

    def write(self, path: str, secret: dict[str, Any], status: int) -> None:
        self.server.writes += 1
        secret["metadata"]["resourceVersion"] = str(self.server.writes)
        self.server.secrets[path] = secret
        self.answer(status, secret)

    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        pass


def merged(into: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A merge patch without deletions."""
    return {
        **into,
        **{
            key: merged(into.get(key, {}), value) if isinstance(value, dict) else value for key, value in change.items()
        },
    }


@contextlib.contextmanager
def kubernetes_api() -> Iterator[Api]:
    with Api() as api:
        thread = threading.Thread(target=api.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()
