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
from ansible_collections.certops.acm.tests.support.alert_channels import Aws, PATH
from ansible_collections.certops.acm.tests.support.pki import tls_server


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[WebServer]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with web_server({PATH: b"ok"}) as server:
        yield server


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server context for localhost, and the file with the CA that makes it trusted."""
    return tls_server(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def aws(moto: None) -> Aws:
    return Aws()
