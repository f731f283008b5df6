# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ImportCertificate, for the first time and again (acm-rules §5)."""

from __future__ import annotations

import typing as t

from . import quotas
from .call import Call, Fault, Operation
from .tags import check_tags, tag_dict
from ..keys import vault
from ..lifecycle import events, state
from ..lifecycle.state import Certificate
from ..signing import issuer
from ..store.transactions import LeafRow, Transaction
from ..._rules.errors import InvalidInput, InvalidMaterial
from ..._x509 import import_rules, pem

# The service's own words for some rules of an import
SAID = {
    "certificate-one": "The certificate field contains more than one certificate. "
    "You can specify only one certificate in this field.",
}


def import_certificate(call: Call) -> dict[str, t.Any]:
    request = call.request
    arn = request.get("CertificateArn")
    if arn and request.get("Tags"):
        raise Fault("ValidationException", "Tagging is not permitted on re-import.")
    tags = tag_dict(request.get("Tags", []))
    check_tags(tags, tags, call.settings)
    try:
        material = import_rules.check_import(
            request["Certificate"],
            request["PrivateKey"],
            request.get("CertificateChain"),
            call.now,
            one_key_family=call.settings.import_one_key_family,
        )
    except InvalidMaterial as error:
        raise Fault("ValidationException", SAID.get(error.rule, str(error))) from None
    facts = issuer.leaf_facts(material.certificate)
    identifier = call.identifier() if arn else call.authority.parts.new_id()
    row = LeafRow(
        serial=facts.serial,
        ca_id=None,
        der=issuer.certificate_der(material.certificate),
        chain=pem.chain_pem(material.chain) or None,
        sealed_key=call.authority.vault.seal(
            issuer.key_der(material.private_key), vault.leaf_context(identifier, facts.serial)
        ),
    )
    wanted = Certificate(
        id=identifier,
        arn=call.authority.arn("acm", f"certificate/{identifier}"),
        type=state.IMPORTED,
        key_algorithm=pem.key_algorithm(material.certificate.public_key()),
        created_at=call.now,
        imported_at=call.now,
        names=tuple(pem.domain_names(material.certificate)),
        # As the service answers them of imports
        export_option="DISABLED",
        transparency="DISABLED",
        leaf=facts,
    )
    with call.write() as tx:
        if arn:
            done = _reimported(call, tx, wanted, material)
            call.authority.save(tx, done, call.now)
        else:
            done = wanted
            quotas.check(call, tx, done)
            quotas.count(call, tx, done)
            call.authority.save(tx, done, call.now, tags)
        tx.put_leaf(done, row)
        call.authority.announce.event(tx, events.AVAILABLE, done, call.now, Action="REIMPORT" if arn else "IMPORT")
        call.answer = {"CertificateArn": done.arn}
    return call.answer


def _reimported(call: Call, tx: Transaction, wanted: Certificate, material: t.Any) -> Certificate:
    """The existing certificate with the new leaf; acm-rules §5 says what may differ."""
    present = call.certificate(tx)
    if present.type != state.IMPORTED:
        raise Fault(
            "ValidationException",
            f"The certificate {present.arn} was not imported, so it cannot be replaced by an import.",
        )
    row = t.cast(LeafRow, tx.leaf(present.id))  # an import always has its certificate
    try:
        import_rules.check_reimport(pem.parse_certificate(row.der), material.certificate)
    except InvalidInput as error:
        raise Fault("ValidationException", str(error)) from None
    return present._replace(names=wanted.names, leaf=wanted.leaf, imported_at=call.now, noticed_at=None)


OPERATIONS = {
    "ImportCertificate": Operation(
        import_certificate, ("CertificateArn", "Certificate", "PrivateKey", "CertificateChain", "Tags")
    ),
}
