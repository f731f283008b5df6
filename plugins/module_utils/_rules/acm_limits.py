# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long ACM takes, and how many calls it accepts."""

from __future__ import annotations

VALIDATION_HOURS = 72  # of a request (acm-rules §3)
# Before expiry: when a renewal begins, and when ACM reports that it is stuck (acm-rules §7)
RENEWAL_DAYS = 60
RENEWAL_DAYS_BY_EMAIL = 45
RENEWAL_NOTICE_DAYS = (45, 30, 15, 7, 3, 1)
# Calls a second, with a bucket for each operation (acm-rules §11); ACM documents none for RevokeCertificate and
# SearchCertificates
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
