# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The one connection option that this collection adds to those of amazon.aws.

    A module extends certops.acm.connection, amazon.aws.common.modules and amazon.aws.region.modules.
    """

    DOCUMENTATION = r"""
requirements:
  - python >= 3.9
  - boto3 >= 1.38.38
  - botocore >= 1.38.38
options:
  authority:
    description:
      - Path to the directory of an embedded authority, which M(certops.acm.acm_authority) creates. It answers instead of AWS.
      - It must be an absolute path, or begin with C(~). An empty text is refused, so that a variable that is empty by mistake
        does not lead to AWS; null is the same as leaving the option out.
      - With this option O(region) defaults to the authority's own region, no AWS credentials are looked for,
        and nothing leaves the machine that the module runs on.
      - Before it answers, the authority does what is due for the certificates that it is asked about, such as validating, issuing or
        renewing them, even if the task only reads or runs in check mode.
      - The E(CERTOPS_ACM_AUTHORITY) environment variable may also be used. If it is empty, it counts as not set.
    type: path
    version_added: 1.0.0
"""
