# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of this room."""

from __future__ import annotations

import ssl
import typing as t

import pytest
from ansible_collections.certops.acm.tests.support.web_server import WebServer, web_server
from ansible_collections.certops.acm.tests.support.alert_channels import Aws, PATH, pki_pem
from moto import mock_aws


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[WebServer]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with web_server({PATH: b"ok"}) as server:
        yield server


@pytest.fixture(scope="module")
def tls(pki: t.Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server context for localhost, and the file with the CA that makes it trusted."""
    folder = tmp_path_factory.mktemp("tls")
    pair = pki.leaf("localhost")
    (folder / "server.pem").write_text(pair.pem + pair.chain_pem + pair.key_pem)
    (folder / "ca.pem").write_text("".join(pki_pem(one) for one in pair.issuers))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, str(folder / "ca.pem")


@pytest.fixture()
def aws(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Aws]:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Aws()
