# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that a certificate is kept in: what each form is called, and which of them hold the private key."""

from __future__ import annotations

FILE_NAMES = {
    "cert": "cert.pem",
    "chain": "chain.pem",
    "fullchain": "fullchain.pem",
    "key": "privkey.pem",
    "combined": "combined.pem",
    "pkcs12": "bundle.p12",
}
# What a set on a web host may have besides.
SET_FILE_NAMES = {**FILE_NAMES, "pkcs1": "privkey-pkcs1.pem"}
SECRET_FORMS = ("key", "combined", "pkcs12")
SECRET_FILES = frozenset([*(FILE_NAMES[form] for form in SECRET_FORMS), SET_FILE_NAMES["pkcs1"]])
