# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The one connection option that this collection adds to those of amazon.aws.

    A module extends certops.acm.connection, amazon.aws.common.modules, amazon.aws.region.modules and amazon.aws.boto3.
    """

    DOCUMENTATION = r"""
options:
  authority:
    description:
      - Path to the directory of an embedded authority, which M(certops.acm.acm_authority) creates. It answers instead of AWS.
      - A relative path starts at the working directory of the module, which is where C(ansible-playbook) was started when the
        task runs on the controller.
      - With this option O(region) defaults to the authority's own region, no AWS credentials are looked for,
        and nothing leaves the machine that the module runs on.
      - The E(CERTOPS_ACM_AUTHORITY) environment variable may also be used.
    type: path
    version_added: 1.0.0
"""
