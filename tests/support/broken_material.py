# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that people try to import and that must be refused before ACM is asked."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.tests.support.openssl import openssl_output
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519

# A keystore that Java's keytool wrote, with the keys of a.example.com and b.example.com, and the passphrase geheim1
TWO_KEYS = """
MIIGnwIBAzCCBkkGCSqGSIb3DQEHAaCCBjoEggY2MIIGMjCCAikGCSqGSIb3DQEHAaCCAhoEggIWMIICEjCCAQUGCyqGSIb3DQEMCgECoIG9MI
G6MGYGCSqGSIb3DQEFDTBZMDgGCSqGSIb3DQEFDDArBBScRXF235jMgDL9Ej+aNItor7rH8AICJxACASAwDAYIKoZIhvcNAgkFADAdBglghkgB
ZQMEASoEECmAe4xElmBgRRr7aH0huC0EUKlCr9pRck9IAHP19Oz6jvDbbpGKFyd685s3Wl50VpRiPg0hdZKefQGL5KDFvngE4EZTWryepE4gkd
d7qDUPr9vRnJROfVgKizuAmtcoTOYxMTYwEQYJKoZIhvcNAQkUMQQeAgBhMCEGCSqGSIb3DQEJFTEUBBJUaW1lIDE3OTU1NzY0MjUzNzAwggEF
BgsqhkiG9w0BDAoBAqCBvTCBujBmBgkqhkiG9w0BBQ0wWTA4BgkqhkiG9w0BBQwwKwQUnHJ7gWP8nQGTXyxxhBuHQSsEa/sCAicQAgEgMAwGCC
qGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBnQolWaKqUcr6eRpo9dnEnBFBW0tmEkW89nRe7tbzEWke6NExUFGvMHYJK5VKV23L91Q/AdHU6nTQG
/c+eixYyOM1O2UmK8/LI2p/MvzEWpnDlhqf/kxMcpj4v7VrLvPxTvjE2MBEGCSqGSIb3DQEJFDEEHgIAYjAhBgkqhkiG9w0BCRUxFAQSVGltZS
AxNzk1NTc2NDM0NDMxMIIEAQYJKoZIhvcNAQcGoIID8jCCA+4CAQAwggPnBgkqhkiG9w0BBwEwZgYJKoZIhvcNAQUNMFkwOAYJKoZIhvcNAQUM
MCsEFMSMZRyNir18UHwJl3Ny/9bG7VbpAgInEAIBIDAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQtcPFr2QS+Dc3w6urE5x0uYCCA3DtYU
YQEcjw/eymwaFmVBMdDmd6VxoAe4XhdHAJ+ZgWYJPeumxob34Bj8WGg21z9whuTyfwYsO9i2GCO0+hMDPToeW/3UHnlbZ9eQvx24ly3SpZYjmQ
71RfZCl0slnEj6HVeDUJv0nWKy6eYh5ZkZU21tru3w/eyUocUcr1Y8OhMl7ajBZoQKGG585knWR/C5Xcu79WUgQbBQkGMxiKFMTUy9FPqL3+8B
KbLff4Bho6D+NfrUzyju03MSWWf/aJCy4E/gkNkPX99Tl541UHH/pOXs5Pr6BwKxu13pGwQSg0ik7AwGXeikl/mzr/GY9wrUNDNeosicip8SWP
ZHigNt2Iu2ofk4ejFIW9JVScdwv4HejcRELdtMZkjUpNTF5vsn/2G8u4FAb6B9JpZyMP0oQ+eE8pNJ3VIKqFd0xT2S7S5hBLtabk2lWK1sdO/Z
ujz/K7xoHYNVWq86b3i0hdQ6OJLZdTFRxmGBPtEdW+UIp249eMgas15EI3B7q3mudQ/8ZoVKVTGJH015+rWMCoHt+fxx77ZWeI0Q2JeL+R3S4H
s6Dv15SPaMgnqAHmS0oT570JYgtQib7vujG5YYBvXUssuwc8f+U+8nNNao2sNGliL9Qlug6NiUfVvie4JAA+Z/I9YY5AVSiL0SLQA9VpbtA6MG
DeMC1NZA9wx3dXViwpmkhGEtxrqzIN8AJoOARW45clfBoCvd8iWxhYQty+444vvIXD3viybVVlDzLmf478WEANWYgQMBqGyQJdvvrGQXK4OGZ/
OfvKWBldpVSdLxxCK0WG4Km215XdxUb6ScQXgHxOPzt8PoZgLtHOdATsUZFL0sH4iqvt/eCoFMSyx4CEQ4KsJJXIKtGV7dvdUTrixs8bZZV+Y5
zieVqnmyLgKaQ505dBtzceYCvXvxGZqn1mjL8YYFZxxzj5s1iwOUOYIon1fQRMUtomf0w7oqbwsIdD9G0kZH9vbM3B1OzgRF7FfF9nba0psuX2
2sFj8juygQHm8MnHnlMCo2xe51dJG6iymk+Kaap8JAy93Bxqpmk9Q2d7lUM4W+G4oMgyasiD2Alzmu3IXsagBXXQROxmYRGj1YkcSw7gsuM4XP
eQxsfyhkwxr/M9MltXiLy+7/cC5HqqzGxGrsUrbFLxgu++Iw0t2NNlhaY4M+kmVClbgtBmME0wMTANBglghkgBZQMEAgEFAAQgsyNFOv2LB/8a
//CBz+0LWmlqlNr/VSY0bZY8nRPTa5gEFGtdGJPVhFjx04KPDI5ibPKwki2yAgInEA==
"""


def given(pair: Any, **options: Any) -> dict[str, Any]:
    """A certificate and its key, as options of acm_import."""
    return {
        "certificate": pair.pem,
        "private_key": pair.key_pem,
        "certificate_chain": pair.chain_pem or None,
        **options,
    }


def ocsp(letters: int) -> x509.AuthorityInformationAccess:
    """The extension with an OCSP responder's URL of this many letters."""
    url = x509.UniformResourceIdentifier("http://ocsp.example.com/".ljust(letters, "x"))
    return x509.AuthorityInformationAccess([x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, url)])


def cases(pki: Any, folder: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """Name of the case → options of acm_import, and the rule that they break. Files are written into the folder."""
    pair, other = pki.leaf(), pki.leaf("other.example.com", number=7)
    root, intermediate = pki.authority(), pki.authority("intermediate", pki.authority())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(pair.key, hashes.SHA256())
    csr_pem = csr.public_bytes(serialization.Encoding.PEM).decode()
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(pki.now)
        .next_update(pki.now)
        .sign(root.key, hashes.SHA256())
    )
    crl_pem = crl.public_bytes(serialization.Encoding.PEM).decode()
    public_pem = (
        pair.key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    ssh = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    ed_key, dsa_key = ed25519.Ed25519PrivateKey.generate(), dsa.generate_private_key(2048)
    der = pair.certificate.public_bytes(serialization.Encoding.DER)
    store = pkcs12.packed("www", pair.key, pair.certificate, (), b"abcd")
    no_issuer = pki.issue("www.example.com", root, issuer_name=x509.Name([]))
    middle_block = pair.pem.splitlines()

    def file(content: bytes) -> str:
        path = folder / f"file-{len(list(folder.iterdir()))}"
        path.write_bytes(content)
        return str(path)

    def block(label: str, content: bytes) -> str:
        return f"-----BEGIN {label}-----\n{base64.encodebytes(content).decode()}-----END {label}-----\n"

    def text(content: bytes) -> str:
        return base64.b64encode(content).decode()

    weak = pki.issue("www.example.com", key=serialization.load_pem_private_key(openssl_output("genrsa", "512"), None))
    both = (pair.pem + pair.key_pem).encode()
    without_key = openssl_output("pkcs12", "-export", "-nokeys", "-passout", "pass:hushed", given=both)
    without_certificate = openssl_output("pkcs12", "-export", "-nocerts", "-passout", "pass:hushed", given=both)
    unreadable = folder / "folder"
    unreadable.mkdir()
    os.mkfifo(folder / "pipe")
    deep = [root]
    for number in range(120):
        deep.append(pki.issue(f"ca {number}", deep[-1], key=pki.key("P-256", 950 + number % 2), is_ca=True, names=()))
    one, two = pki.key("P-256", 901), pki.key("P-256", 902)
    cycle_1 = pki.issue("one", pki.issue("two", key=two, is_ca=True), key=one, is_ca=True)
    cycle_2 = pki.issue("two", pki.issue("one", key=one, is_ca=True), key=two, is_ca=True)
    under_cycle = pki.issue("www.example.com", pki.issue("one", key=one, is_ca=True))
    return {
        # nothing, or not all of it
        "nothing": ({}, "InvalidInput"),
        "empty certificate": (given(pair, certificate="", certificate_chain=None), "certificate-one"),
        "empty key": (given(pair, private_key=" \n\t"), "key-one"),
        "empty bundle": ({"bundle": ""}, "key-one"),
        "no key": (given(pair, private_key=None), "key-one"),
        "no certificate": ({"private_key": pair.key_pem}, "certificate-one"),
        "bundle without key": ({"bundle": pair.pem + pair.chain_pem}, "key-one"),
        "bundle without certificate": ({"bundle": pair.key_pem}, "certificate-one"),
        "chain only": ({"certificate_chain": pair.chain_pem}, "key-one"),
        "key and chain without leaf": (given(pair, certificate=None), "key-matches-certificate"),
        # files
        "file is missing": (given(pair, certificate=None, certificate_path=str(folder / "no")), "file"),
        "file is a folder": (given(pair, certificate=None, certificate_path=str(unreadable)), "file"),
        "file is a pipe": (given(pair, certificate=None, certificate_path=str(folder / "pipe")), "file"),
        "file is a device": (given(pair, certificate=None, certificate_path="/dev/zero"), "file"),
        "file name with NUL": (given(pair, certificate=None, certificate_path="a\0b"), "file"),
        "file is empty": (given(pair, certificate=None, certificate_path=file(b"")), "empty"),
        "file of 3 MiB": (given(pair, certificate=None, certificate_path=file(b"x" * 3 * 2**20)), "size"),
        "file of noise": (
            given(pair, certificate=None, certificate_path=file(bytes(range(255)) * 9)),
            "certificate-pem",
        ),
        # what looks like PEM and is not
        "words": (given(pair, certificate="a certificate, please"), "certificate-pem"),
        "base64 of words": (given(pair, certificate="YSBjZXJ0aWZpY2F0ZQ=="), "certificate-pem"),
        "a path as content": (given(pair, certificate="/etc/ssl/www.pem"), "certificate-pem"),
        "cut in the middle": (given(pair, certificate=pair.pem[: len(pair.pem) // 2]), "pem"),
        "END is missing": (given(pair, certificate=pair.pem.replace("-----END CERTIFICATE-----", "")), "pem"),
        "BEGIN is missing": (given(pair, certificate=pair.pem.replace("-----BEGIN CERTIFICATE-----", "")), "pem"),
        "BEGIN and END differ": (given(pair, certificate=pair.pem.replace("END CERT", "END TRUSTED CERT")), "pem"),
        "a line is missing": (
            given(pair, certificate="\n".join(middle_block[:3] + middle_block[4:])),
            "certificate-readable",
        ),
        "a letter is missing": (given(pair, certificate=pair.pem.replace("MII", "MI", 1)), "pem"),
        "a strange letter": (given(pair, certificate=pair.pem.replace("MII", "M*I", 1)), "pem"),
        "block without content": (given(pair, certificate=block("CERTIFICATE", b"")), "certificate-readable"),
        "block with words": (given(pair, certificate=block("CERTIFICATE", b"hello")), "certificate-readable"),
        "block in block": (given(pair, certificate=pair.pem.replace("-----END", pair.pem + "-----END")), "pem"),
        "key is cut": (given(pair, private_key=pair.key_pem[:80]), "pem"),
        "key is damaged": (given(pair, private_key=block("PRIVATE KEY", b"\x30\x03\x02\x01\x00")), "key-readable"),
        "chain is cut": (given(pair, certificate_chain=pair.chain_pem[:300]), "pem"),
        # something else
        "CSR instead of certificate": (given(pair, certificate=csr_pem), "certificate-pem"),
        "CRL instead of certificate": (given(pair, certificate=crl_pem), "certificate-pem"),
        "CRL in the chain": (given(pair, certificate_chain=pair.chain_pem + crl_pem), "chain-pem"),
        "public key instead of certificate": (given(pair, certificate=public_pem), "certificate-pem"),
        "public key instead of key": (given(pair, private_key=public_pem), "key-pem"),
        "CSR instead of key": (given(pair, private_key=csr_pem), "key-pem"),
        "certificate instead of key": (given(pair, private_key=pair.pem), "key-pem"),
        "key in certificate": (given(pair, certificate=pair.pem + pair.key_pem), "key-hidden"),
        "key in chain": (given(pair, certificate_chain=pair.key_pem), "key-hidden"),
        "words in bundle": ({"bundle": "hello"}, "bundle"),
        "CSR as bundle": ({"bundle": csr_pem + pair.key_pem}, "certificate-one"),
        "SSH key": (given(pair, private_key=ssh), "key-format"),
        "PKCS#7 of noise": (given(pair, certificate=block("PKCS7", b"\x30\x03\x02\x01\x00")), "certificate-readable"),
        "PKCS#12 as a block": ({"bundle": block("PKCS12", store)}, "pkcs12"),
        "PKCS#12 without passphrase": ({"bundle": base64.b64encode(store).decode()}, "pkcs12"),
        "PKCS#12 with a wrong one": ({"bundle": base64.b64encode(store).decode(), "passphrase": "hushed"}, "pkcs12"),
        "PKCS#12 without certificate": (
            {"bundle": text(without_certificate), "passphrase": "hushed"},
            "certificate-one",
        ),
        "PKCS#12 without key": ({"bundle": text(without_key), "passphrase": "hushed"}, "key-one"),
        "PKCS#12 with two keys": ({"bundle": TWO_KEYS, "passphrase": "geheim1"}, "key-one"),
        "Java's own keystore": (
            {"bundle": text(b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"), "passphrase": "hushed"},
            "bundle",
        ),
        "PKCS#12 that is cut": ({"bundle_path": file(store[:200]), "passphrase": "abcd"}, "pkcs12"),
        # key
        "encrypted key": (given(pair, private_key=pair.key_pem_in("PKCS8", b"abcd")), "key-encrypted"),
        "encrypted key, old form": (
            given(pair, private_key=pair.key_pem_in("TraditionalOpenSSL", b"abcd")),
            "key-encrypted",
        ),
        "encrypted key, wrong passphrase": (
            given(pair, private_key=pair.key_pem_in("PKCS8", b"abcd"), passphrase="hushed"),
            "key-passphrase",
        ),
        "two keys": (given(pair, private_key=pair.key_pem + other.key_pem), "key-one"),
        "two keys in bundle": ({"bundle": pair.pem + pair.key_pem + other.key_pem}, "key-one"),
        "another key": (given(pair, private_key=other.key_pem), "key-matches-certificate"),
        "key of the issuer": (
            given(pair, certificate_chain=None, private_key=pem.private_key_pem(intermediate.key)),
            "key-matches-certificate",
        ),
        "key file with another certificate": (
            given(pair, private_key=other.pem + other.key_pem),
            "key-matches-certificate",
        ),
        "Ed25519": (given(pki.issue("www.example.com", key=ed_key)), "key-algorithm"),
        "DSA": (given(pki.issue("www.example.com", key=dsa_key, digest=hashes.SHA256())), "key-algorithm"),
        "secp256k1": (given(pki.issue("www.example.com", key=pki.key("secp256k1"))), "key-algorithm"),
        "RSA 512, too weak": (given(weak), "key-algorithm"),
        "RSA 1536": (given(pki.issue("www.example.com", key=pki.key("1536"))), "key-algorithm"),
        # certificate
        "expired": (given(pki.issue("www.example.com", not_before=-90, days=89)), "expired"),
        "not yet valid": (given(pki.issue("www.example.com", not_before=1)), "not-yet-valid"),
        "no names at all": (given(pki.issue(None, root)), "names"),
        "an empty DNS name": (given(pki.issue("www.example.com", names=("www.example.com", ""))), "names"),
        "a DNS name with NUL": (given(pki.issue("www.example.com", names=("www.example.com\0.evil.test",))), "names"),
        "an OCSP URL of 1,001 letters": (given(pki.issue("www.example.com", more=(ocsp(1_001),))), "ocsp-url"),
        "no issuer": (given(no_issuer, certificate_chain=None), "issuer"),
        "version 1": (given(pki.issue("www.example.com"), certificate=pki.version_1_pem()), "x509-v3"),
        "two certificates of one key": (
            {"bundle": pki.issue("a.example.com").pem + pki.issue("b.example.com").pem + pki.issue("x").key_pem},
            "certificate-one",
        ),
        # chain
        "a link is missing": (
            given(pki.issue("www.example.com", deep[3]), certificate_chain=deep[2].pem),
            "chain-link",
        ),
        "chain of another": (given(pair, certificate_chain=other.pem), "chain-link"),
        "root without intermediate": (given(pair, certificate_chain=root.pem), "chain-link"),
        "chain with a damaged certificate": (
            given(pair, certificate_chain=pair.chain_pem + block("CERTIFICATE", b"hello")),
            "certificate-readable",
        ),
        "chain of words": (given(pair, certificate_chain="intermediate.pem"), "chain-pem"),
        "chain of 2 MiB": (given(pair, certificate_chain=pair.chain_pem * 5000), "size"),
        "chain of 120": (
            given(pki.issue("www.example.com", deep[-1]), certificate_chain="".join(each.pem for each in deep)),
            "chain-size",
        ),
        "cycle and a stranger": (
            given(under_cycle, certificate_chain=cycle_1.pem + cycle_2.pem + pki.authority("foreign").pem),
            "chain-link",
        ),
        # options
        "tag of AWS": (given(pair, tags={"aws:x": "y"}), "InvalidInput"),
        "51 tags": (given(pair, tags={str(number): "" for number in range(50)}, name_tag="x"), "InvalidInput"),
        "two names": (given(pair, tags={"Name": "a"}, name_tag="b"), "InvalidInput"),
        "no ARN": (given(pair, certificate_arn="www.example.com"), "InvalidInput"),
    }


def rule_of(caught: Any) -> str:
    """The rule that material was refused for; asserts that the message is one sentence and shows no key."""
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and "PRIVATE KEY-----" not in message
    return str(caught.value.rule)
