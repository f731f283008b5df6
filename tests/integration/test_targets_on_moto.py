# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same targets with the same assertions on moto, an independent implementation of ACM, with Route 53.

What moto cannot do is stated in tasks/main.yml of each target.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.integration import test_targets
from ansible_collections.certops.acm.tests.support.moto_server import moto_server


@pytest.mark.parametrize("target", ["acm_certificate", "acm_certificate_info"])
def test_target(target: str, tmp_path: Path) -> None:
    with moto_server() as aws:
        for zone in ("example.com", "example.net"):
            aws.client("route53").create_hosted_zone(Name=zone, CallerReference=zone)
        test_targets.run_target(target, tmp_path, {"acm_backend": "moto", "acm_connection": aws.connection})
