# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that are created faster equal the clients that botocore creates."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._door.botocore_tuning import quick
from botocore.exceptions import NoRegionError, UnknownServiceError

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"}
SERVICES = ("acm", "route53", "sts", "sns", "securityhub")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "config"))


def facts(client: t.Any) -> tuple[t.Any, ...]:
    meta = client.meta
    version, operations = meta.service_model.api_version, sorted(meta.method_to_api_mapping)
    return (
        meta.endpoint_url,
        meta.region_name,
        meta.partition,
        version,
        operations,
        client._get_credentials().access_key,
    )


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("service", SERVICES)
def test_clients_are_the_same(service: str, region: str) -> None:
    plain, fast = botocore.session.Session(), quick(botocore.session.Session())
    wanted = plain.create_client(service, region_name=region, **KEYS)
    assert facts(fast.create_client(service, region_name=region, **KEYS)) == facts(wanted)


def test_without_endpoint_data_an_endpoint_must_be_given() -> None:
    session = quick(botocore.session.Session(), knows_endpoints=False)
    client = session.create_client("acm", region_name="us-east-1", endpoint_url="http://127.0.0.1:9", **KEYS)
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    plain = botocore.session.Session().create_client("acm", region_name="us-east-1", **KEYS)
    assert sorted(client.meta.method_to_api_mapping) == sorted(plain.meta.method_to_api_mapping)
    assert client.can_paginate("list_certificates")


def test_errors_are_the_same() -> None:
    for session in (botocore.session.Session(), quick(botocore.session.Session())):
        with pytest.raises(UnknownServiceError, match="no-such-service"):
            session.create_client("no-such-service", region_name="us-east-1", **KEYS)
        with pytest.raises(NoRegionError):
            session.create_client("acm", **KEYS)


def test_the_users_own_models_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_DATA_PATH: a service that botocore does not have, next to those that it has."""
    own = tmp_path / "models" / "acm-next" / "2030-01-01"
    own.mkdir(parents=True)
    model = botocore.session.Session().get_service_data("acm")
    model["metadata"] = {**model["metadata"], "apiVersion": "2030-01-01", "endpointPrefix": "acm-next"}
    (own / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", os.pathsep.join([str(tmp_path / "absent"), str(tmp_path / "models")]))
    session = quick(botocore.session.Session())
    endpoint = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}
    client = quick(session, knows_endpoints=False).create_client("acm-next", **endpoint, **KEYS)
    assert client.meta.service_model.api_version == "2030-01-01"
    assert session.create_client("acm", **endpoint, **KEYS).meta.service_model.api_version == "2015-12-08"
