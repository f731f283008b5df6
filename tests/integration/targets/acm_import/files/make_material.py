# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make_material.py FOLDER: a root, an intermediate, and server certificates below it in every form that people have."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

PASSPHRASE = b"correct horse"
folder = Path(sys.argv[1])
now = datetime.now(timezone.utc)


class Issued:
    def __init__(self, name, issuer=None, is_ca=False, days=90, curve=ec.SECP256R1):
        self.key = ec.generate_private_key(curve())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.serial = self.certificate.serial_number.to_bytes(20, "big").lstrip(b"\0").hex(":")

    def key_pem(self, passphrase=None):
        encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


root = Issued("Root", is_ca=True, days=3650)
intermediate = Issued("Intermediate", root, is_ca=True, days=3650)
first, second = Issued("www.example.com", intermediate), Issued("www.example.com", intermediate)
files = {
    "first.pem": first.pem,
    "first.key": first.key_pem(),
    "first-encrypted.key": first.key_pem(PASSPHRASE),
    "chain.pem": root.pem + intermediate.pem,
    "first-bundle.pem": first.key_pem() + root.pem + first.pem + intermediate.pem,
    "first.p12": pkcs12.serialize_key_and_certificates(
        b"www",
        first.key,
        first.certificate,
        [root.certificate, intermediate.certificate],
        serialization.BestAvailableEncryption(PASSPHRASE),
    ),
    "second-bundle.pem": second.pem + intermediate.pem + second.key_pem(),
    "other-type.pem": (other := Issued("www.example.com", intermediate, curve=ec.SECP384R1)).pem + other.key_pem(),
    "expired.pem": (expired := Issued("old.example.com", intermediate, days=-1)).pem + expired.key_pem(),
    "shop.pem": (shop := Issued("shop.example.com", intermediate)).pem + intermediate.pem + shop.key_pem(),
    "blog.pem": (blog := Issued("blog.example.com", intermediate)).pem + intermediate.pem + blog.key_pem(),
}
folder.mkdir(mode=0o700)
for name, content in files.items():
    (folder / name).write_bytes(content)
print(json.dumps({"first": first.serial, "second": second.serial, "passphrase": PASSPHRASE.decode()}))
