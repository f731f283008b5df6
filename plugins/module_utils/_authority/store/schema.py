# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of an authority's store."""

from __future__ import annotations

APPLICATION_ID = 0x41434D31  # "ACM1" in the file's header: a database of another program is recognized at once
VERSION = 5

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE data_keys (key_id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE cas (
    id TEXT PRIMARY KEY, arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, status TEXT NOT NULL,
    key_algorithm TEXT NOT NULL, parent_id TEXT REFERENCES cas, pem TEXT NOT NULL, sealed_key BLOB NOT NULL,
    not_after INTEGER NOT NULL, created_at INTEGER NOT NULL, crl_number INTEGER NOT NULL DEFAULT 0,
    facts TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;

-- What many certificates have in common, stored once; query.py says why. properties: all of it as JSON.
CREATE TABLE kinds (
    kind INTEGER PRIMARY KEY, properties TEXT NOT NULL UNIQUE, type TEXT NOT NULL, key_algorithm TEXT NOT NULL,
    state TEXT NOT NULL, has_names INTEGER NOT NULL, method TEXT, export_option TEXT, managed_by TEXT, renewal_status TEXT,
    exported INTEGER NOT NULL, in_use INTEGER NOT NULL, renewable INTEGER NOT NULL,
    is_migrating INTEGER NOT NULL, root_hierarchy TEXT NOT NULL, key_usages TEXT NOT NULL, extended_key_usages TEXT NOT NULL
);
CREATE TABLE certificates (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, facts TEXT NOT NULL,
    kind INTEGER NOT NULL REFERENCES kinds, created_at INTEGER NOT NULL, common_name TEXT NOT NULL,
    not_before INTEGER, not_after INTEGER, issued_at INTEGER, imported_at INTEGER, revoked_at INTEGER, due_at INTEGER
);
CREATE INDEX certificates_created ON certificates (created_at);
CREATE INDEX certificates_kind ON certificates (kind, created_at);
CREATE INDEX certificates_expiry ON certificates (COALESCE(not_after, ''));
CREATE INDEX certificates_name ON certificates (common_name, created_at);
CREATE INDEX certificates_due ON certificates (due_at) WHERE due_at IS NOT NULL;

-- For finding certificates by name; their names are also in facts. (A reference would need an index by certificate.)
CREATE TABLE names (name TEXT NOT NULL, certificate INTEGER NOT NULL, PRIMARY KEY (name, certificate)) WITHOUT ROWID;

CREATE TABLE leaves (
    certificate INTEGER NOT NULL, serial TEXT NOT NULL, ca_id TEXT REFERENCES cas, der BLOB NOT NULL, chain TEXT,
    sealed_key BLOB NOT NULL, is_current INTEGER NOT NULL, not_after INTEGER NOT NULL,
    revoked_at INTEGER, reason TEXT, UNIQUE (serial, ca_id)
);
CREATE INDEX leaves_certificate ON leaves (certificate, is_current);
CREATE INDEX leaves_revoked ON leaves (ca_id, not_after) WHERE revoked_at IS NOT NULL;

CREATE TABLE tags (
    certificate INTEGER NOT NULL REFERENCES certificates ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (certificate, key)
) WITHOUT ROWID;

CREATE TABLE approvals (
    token_hash TEXT PRIMARY KEY, certificate INTEGER NOT NULL REFERENCES certificates ON DELETE CASCADE,
    name TEXT NOT NULL, sent_at INTEGER NOT NULL, approved_at INTEGER
) WITHOUT ROWID;
CREATE INDEX approvals_certificate ON approvals (certificate, name);

CREATE TABLE idempotency (
    operation TEXT NOT NULL, token TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (operation, token, request)
) WITHOUT ROWID;

CREATE TABLE buckets (operation TEXT PRIMARY KEY, calls REAL NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

-- The number of certificates of a type and of those signed by a CA (by its id; both with the day 0), and the number
-- requested and imported on a day. One table, so that a request changes only one page for them.
CREATE TABLE counters (name TEXT NOT NULL, day INTEGER NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, day))
    WITHOUT ROWID;

-- Numbers are never reused, because each consumer stores the number of the last event it has seen.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, arn TEXT NOT NULL, detail_type TEXT NOT NULL,
    once TEXT, id TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE UNIQUE INDEX events_once ON events (once) WHERE once IS NOT NULL;

CREATE TABLE consumers (name TEXT PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;
-- What a consumer has received and not acknowledged.
CREATE TABLE received (
    consumer TEXT NOT NULL REFERENCES consumers ON DELETE CASCADE,
    event INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, handle TEXT NOT NULL, hidden_until INTEGER NOT NULL,
    deliveries INTEGER NOT NULL, PRIMARY KEY (consumer, event)
) WITHOUT ROWID;
CREATE INDEX received_event ON received (event);

CREATE TABLE event_targets (
    name TEXT PRIMARY KEY, sealed BLOB NOT NULL, cursor INTEGER NOT NULL, delivered_at INTEGER, failing_since INTEGER,
    trouble TEXT
) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, operation TEXT NOT NULL, id TEXT NOT NULL, said TEXT NOT NULL
);
"""
