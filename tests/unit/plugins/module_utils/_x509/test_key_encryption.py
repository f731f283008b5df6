# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every encryption that OpenSSL can write: the key is read, or the algorithm named; and mistakes with passphrases."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pkcs12
from ansible_collections.certops.acm.plugins.module_utils._x509.material import make_ready
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import Source
from ansible_collections.certops.acm.tests.support.openssl import openssl, openssl_output

PASSPHRASE = b"hushed"
LEGACY = ("-provider", "legacy", "-provider", "default")

# Cipher → the name under which it is refused; None: taken
OLD_PEM = {
    "des": "DES-CBC", "des3": None, "aes128": None, "aes192": "AES-192-CBC", "aes256": None, "rc2": "RC2-CBC",
    "seed": "SEED-CBC", "camellia128": "CAMELLIA-128-CBC", "camellia256": "CAMELLIA-256-CBC", "aria256": "ARIA-256-CBC",
}  # fmt: skip
PBES1 = {
    "PBE-MD5-DES": None, "PBE-SHA1-DES": "PBE-SHA1-DES", "PBE-MD5-RC2-64": "PBE-MD5-RC2-64",
    "PBE-SHA1-RC2-64": "PBE-SHA1-RC2-64", "PBE-SHA1-RC2-40": None, "PBE-SHA1-RC2-128": "PBE-SHA1-RC2-128",
    "PBE-SHA1-RC4-128": None, "PBE-SHA1-RC4-40": "PBE-SHA1-RC4-40", "PBE-SHA1-3DES": None, "PBE-SHA1-2DES": "PBE-SHA1-2DES",
}  # fmt: skip
PBES2 = {
    "des": "DES-CBC", "des3": None, "rc2": None, "aes128": None, "aes192": None, "aes256": None, "seed": "SEED-CBC",
    "camellia256": "CAMELLIA-256-CBC", "aria256": "ARIA-256-CBC", "sm4": "SM4-CBC",
}  # fmt: skip
STORES = (
    "PBE-SHA1-RC2-40",
    "PBE-SHA1-RC4-128",
    "PBE-SHA1-3DES",
    "aes-256-cbc",
    "camellia-256-cbc",
    "seed-cbc",
    "des-cbc",
)


@functools.lru_cache(maxsize=1)
def has_legacy_provider() -> bool:
    found = openssl("list", "-providers", "-provider", "legacy")
    return found.returncode == 0 and "legacy" in found.stdout.lower()


@pytest.fixture
def legacy() -> None:
    if not has_legacy_provider():
        pytest.skip("openssl has no legacy provider to write old encryptions with")


def imported(pki: Any, pair: Any, key: bytes, passphrase: bytes | None) -> Any:
    sources = [Source("certificate", "certificate", pair.pem.encode()), Source("private_key", "private_key", key)]
    ready = make_ready(sources, passphrase, pki.now)
    assert ready.private_key_pem.decode() == pair.key_pem
    return ready


def refusal(pki: Any, pair: Any, key: bytes, passphrase: bytes | None) -> tuple[str, str]:
    with pytest.raises(InvalidMaterial) as caught:
        imported(pki, pair, key, passphrase)
    assert "hushed" not in str(caught.value)
    return caught.value.rule, str(caught.value)


def check(pki: Any, pair: Any, key: bytes, refused: str | None) -> None:
    assert refusal(pki, pair, key, None)[0] == "key-encrypted"
    if refused is not None:
        rule, sentence = refusal(pki, pair, key, PASSPHRASE)
        assert rule == "key-encryption" and f"is encrypted with {refused}, which is not supported" in sentence
        return
    assert imported(pki, pair, key, PASSPHRASE).was_encrypted
    assert refusal(pki, pair, key, b"wrong horse") == (
        "key-passphrase",
        "private_key: the private key cannot be decrypted; check its passphrase.",
    )


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize(("cipher", "refused"), OLD_PEM.items())
def test_openssls_older_form(pki: Any, cipher: str, refused: str | None) -> None:
    pair = pki.leaf(kind="2048")
    key = openssl_output(
        "rsa", f"-{cipher}", "-traditional", "-passout", "pass:hushed", *LEGACY, given=pair.key_pem.encode()
    )
    check(pki, pair, key, refused)


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize(("algorithm", "refused"), PBES1.items())
def test_pkcs8_of_version_1(pki: Any, algorithm: str, refused: str | None) -> None:
    pair = pki.leaf()
    key = openssl_output(
        "pkcs8", "-topk8", "-v1", algorithm, "-passout", "pass:hushed", *LEGACY, given=pair.key_pem.encode()
    )
    check(pki, pair, key, refused)


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize(("cipher", "refused"), PBES2.items())
def test_pkcs8_of_version_2_and_its_der(pki: Any, cipher: str, refused: str | None) -> None:
    pair = pki.leaf()
    for form in ("PEM", "DER"):
        arguments = ("-topk8", "-v2", cipher, "-passout", "pass:hushed", "-outform", form, *LEGACY)
        check(pki, pair, openssl_output("pkcs8", *arguments, given=pair.key_pem.encode()), refused)


@pytest.mark.parametrize("how", [("-scrypt",), ("-v2", "aes256", "-v2prf", "hmacWithSHA512"), ("-iter", "100000")])
def test_key_derivation_functions(pki: Any, how: tuple[str, ...]) -> None:
    pair = pki.leaf()
    check(
        pki, pair, openssl_output("pkcs8", "-topk8", *how, "-passout", "pass:hushed", given=pair.key_pem.encode()), None
    )


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize("algorithm", STORES)
def test_pkcs12_with_every_encryption(pki: Any, algorithm: str, tmp_path: Path) -> None:
    pair = pki.leaf()
    (tmp_path / "both.pem").write_text(pair.pem + pair.key_pem)
    encryption = ("-legacy", "-keypbe", algorithm, "-certpbe", algorithm, "-passout", "pass:hushed")
    store = openssl_output("pkcs12", "-export", *encryption, "-in", str(tmp_path / "both.pem"))
    try:
        ready = make_ready([Source("bundle", "bundle", store)], PASSPHRASE, pki.now)
    except InvalidMaterial as error:  # a cryptography that was built without the legacy provider
        assert "not every host can read" in str(error) or "not supported" in str(error)
    else:
        assert ready.certificate == pair.certificate and ready.was_encrypted
    for passphrase, advice in ((None, "give its passphrase"), (b"wrong horse", "check its passphrase")):
        with pytest.raises(InvalidMaterial, match=advice):
            make_ready([Source("bundle", "bundle", store)], passphrase, pki.now)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n"])
def test_a_line_break_after_the_passphrase_does_not_matter(pki: Any, ending: bytes) -> None:
    pair = pki.leaf()
    for form in ("PKCS8", "TraditionalOpenSSL"):
        key = pair.key_pem_in(form, b"correct horse").encode()
        imported(pki, pair, key, b"correct horse" + ending)
        assert refusal(pki, pair, key, b"wrong horse" + ending)[0] == "key-passphrase"
    store = pkcs12.packed("www", pair.key, pair.certificate, (), b"correct horse")
    make_ready([Source("bundle", "bundle", store)], b"correct horse" + ending, pki.now)
    # but one that was encrypted with it needs it
    imported(pki, pair, pair.key_pem_in("PKCS8", b"correct horse" + ending).encode(), b"correct horse" + ending)


def test_non_ascii_passphrases_in_utf_8_or_latin_1(pki: Any) -> None:
    pair, passphrase = pki.leaf(), "größer"
    for encoding in ("utf-8", "latin-1"):
        imported(pki, pair, pair.key_pem_in("PKCS8", passphrase.encode(encoding)).encode(), passphrase.encode("utf-8"))


def test_a_clear_key_needs_no_passphrase(pki: Any) -> None:
    assert not imported(pki, pki.leaf(), pki.leaf().key_pem.encode(), PASSPHRASE).was_encrypted
    assert not imported(pki, pki.leaf(), pki.leaf().key_pem.encode(), None).was_encrypted


def test_a_curve_without_a_name_is_accepted_or_reported(pki: Any) -> None:
    """Newer versions of cryptography recognise a curve by its parameters."""
    pair = pki.leaf()
    key = openssl_output("ec", "-param_enc", "explicit", given=pair.key_pem.encode())
    try:
        imported(pki, pair, key, None)
    except InvalidMaterial as error:
        assert error.rule == "key-algorithm" and "-param_enc named_curve" in str(error)
    rare = openssl_output("ecparam", "-name", "prime239v1", "-param_enc", "explicit", "-genkey", "-noout")
    rule, sentence = refusal(pki, pair, rare, None)
    assert rule == "key-algorithm" and "-param_enc named_curve" in sentence


def test_the_advice_for_an_unsupported_encryption_works(pki: Any, legacy: None, tmp_path: Path) -> None:
    pair = pki.leaf()
    key = openssl_output(
        "pkcs8", "-topk8", "-v2", "camellia256", "-passout", "pass:hushed", given=pair.key_pem.encode()
    )
    (tmp_path / "key").write_bytes(key)
    advice = re.search(r"\(openssl (.*)\)", refusal(pki, pair, key, PASSPHRASE)[1])
    assert advice is not None
    command = advice[1].replace("KEY", str(tmp_path / "key")).replace("NEW", str(tmp_path / "new"))
    openssl_output(*command.split(), "-passin", "pass:hushed", "-passout", "pass:hushed")
    imported(pki, pair, (tmp_path / "new").read_bytes(), PASSPHRASE)
