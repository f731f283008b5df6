# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ExportCertificate (acm-rules §6): the only way in which a private key leaves the authority."""

from __future__ import annotations

import typing as t

from .call import Call, Fault, Operation
from .certificates import current, no_certificate_yet
from ..lifecycle import state as lifecycle
from ..keys import vault
from ..signing import issuer
from ..._rules.errors import InvalidInput
from ..._rules.passphrases import check_passphrase
from ..._x509 import pem


def export_certificate(call: Call) -> dict[str, t.Any]:
    try:
        check_passphrase(call.request["Passphrase"])
    except InvalidInput as error:
        raise Fault("ValidationException", str(error)) from None
    certificate = current(call)
    if certificate.type == lifecycle.IMPORTED:
        raise Fault("ValidationException", f"The certificate {certificate.arn} was imported: it cannot be exported.")
    if not certificate.is_exportable:
        raise Fault(
            "ValidationException",
            f"The certificate {certificate.arn} was requested with Export=DISABLED: it cannot be exported.",
        )
    with call.write() as tx:
        # The leaf that is exported must be the leaf that is marked as exported, even during a renewal.
        present = call.certificate(tx)
        row = tx.leaf(present.id)
        if row is None or lifecycle.status(present, call.authority.now(), call.settings) != "ISSUED":
            raise no_certificate_yet(call, present)
        call.authority.save(tx, present._replace(exported_at=call.now, ever_exported=True), call.now)
        call.answered_leaf = (str(row.ca_id), row.serial)
    key = issuer.key_of_der(call.authority.vault.open(row.sealed_key, vault.leaf_context(present.id, row.serial)))
    return {
        "Certificate": row.pem,
        "CertificateChain": row.chain,
        "PrivateKey": pem.encrypted_private_key_pem(key, call.request["Passphrase"]),
    }


OPERATIONS = {"ExportCertificate": Operation(export_certificate, ("CertificateArn", "Passphrase"))}
