# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls a second ACM accepts, with a bucket for each operation (acm-rules §11).

Both sides of the door use it: one paces its calls by it, the other can be set to enforce it. ACM documents no rate for
RevokeCertificate and SearchCertificates.
"""

from __future__ import annotations

RATES = {
    "AddTagsToCertificate": 5,
    "DeleteCertificate": 10,
    "DescribeCertificate": 10,
    "ExportCertificate": 10,
    "GetAccountConfiguration": 1,
    "GetCertificate": 10,
    "ImportCertificate": 1,
    "ListCertificates": 8,
    "ListTagsForCertificate": 10,
    "PutAccountConfiguration": 1,
    "RemoveTagsFromCertificate": 5,
    "RenewCertificate": 5,
    "RequestCertificate": 5,
    "ResendValidationEmail": 1,
    "RevokeCertificate": 5,
    "SearchCertificates": 5,
    "UpdateCertificateOptions": 5,
}
