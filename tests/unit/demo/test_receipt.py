from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo.receipt import ReceiptRefused, check, main, sentence
from lambdas.domain.receipt import Receipt
from tests.unit.lambdas.fakes import START, LocalSigner

RECEIPT = Receipt("era_1", "subject", "0" * 64, START, START)


@pytest.fixture(scope="module")
def signer() -> LocalSigner:
    return LocalSigner()


@pytest.fixture
def erasure(signer: LocalSigner) -> dict[str, Any]:
    text = RECEIPT.text({"photos/photo": 12, "avatars/image": 0}, START)
    signature = signer.sign(text.encode())
    receipt = {"document": text, "signature": signature, "key_id": "k"}
    return {"id": "era_1", "state": "completed", "receipt": receipt}


def public(signer: LocalSigner, encoding: Encoding) -> bytes:
    return signer.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_signed_receipt_gives_its_document(
    erasure: dict[str, Any], signer: LocalSigner, encoding: Encoding
) -> None:
    document = check(erasure, public(signer, encoding))
    assert document["removed"] == [{"store": "photos", "kind": "photo", "count": 12}]
    assert sentence(document) == "subject erased 2026-11-21T12:00:00.000Z: 12 photos/photo"


def test_what_the_key_did_not_sign_is_refused(erasure: dict[str, Any], signer: LocalSigner) -> None:
    key = public(signer, Encoding.DER)
    forged = {**erasure["receipt"], "document": erasure["receipt"]["document"].replace("12", "13")}
    with pytest.raises(ReceiptRefused, match="does not fit"):
        check({**erasure, "receipt": forged}, key)
    with pytest.raises(ReceiptRefused, match="does not fit"):
        check(erasure, public(LocalSigner(), Encoding.DER))
    with pytest.raises(ReceiptRefused, match="no receipt yet: the erasure is waiting"):
        check({"state": "waiting", "receipt": None}, key)


def test_the_command_checks_a_file_with_a_published_key(
    erasure: dict[str, Any], signer: LocalSigner, tmp_path: Path, capsys: Any
) -> None:
    file, key = tmp_path / "erasure.json", tmp_path / "key.pem"
    file.write_text(json.dumps(erasure))
    key.write_bytes(public(signer, Encoding.PEM))
    assert main([str(file), str(key)]) == 0
    assert capsys.readouterr().out.startswith("signed: subject erased")
    file.write_text(json.dumps({**erasure, "receipt": None}))
    assert main([str(file), str(key)]) == 1
    assert main([]) == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_openssl_checks_it_as_the_documentation_says(
    erasure: dict[str, Any], signer: LocalSigner, tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_bytes(public(signer, Encoding.PEM))
    (tmp_path / "document").write_text(erasure["receipt"]["document"])
    (tmp_path / "signature").write_bytes(base64.b64decode(erasure["receipt"]["signature"]))
    command = "openssl dgst -sha256 -verify key.pem -signature signature document"
    done = subprocess.run(
        command.split(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "Verified OK", done.stderr
