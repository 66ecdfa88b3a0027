"""`python -m demo.receipt FILE [KEY.pem]`: was this receipt of an erasure signed by its key?

FILE holds what `GET /v1/erasures/{id}` answered. The public key comes from KMS, with the
credentials and endpoint of the environment, or from a file (`aws kms get-public-key`, as PEM).
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReceiptRefused(Exception):  # noqa: N818 - said as an answer, not as an accident
    """This is no receipt, or its key did not sign it."""


def check(erasure: Mapping[str, Any], public_key: bytes) -> dict[str, Any]:
    """The signed document of an erasure's answer; raises ReceiptRefused.

    `public_key`: DER (SubjectPublicKeyInfo, as KMS gives it) or PEM.
    """
    receipt = erasure.get("receipt")
    if not receipt:
        raise ReceiptRefused(f"there is no receipt yet: the erasure is {erasure.get('state')}")
    pem = public_key.startswith(b"-----")
    load = serialization.load_pem_public_key if pem else serialization.load_der_public_key
    key = load(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ReceiptRefused("this is no key that signs receipts")
    try:
        key.verify(
            base64.b64decode(receipt["signature"]),
            receipt["document"].encode(),
            ec.ECDSA(hashes.SHA256()),
        )
    except InvalidSignature:
        raise ReceiptRefused("the signature does not fit") from None
    document: dict[str, Any] = json.loads(receipt["document"])
    return document


def sentence(document: Mapping[str, Any]) -> str:
    """The receipt in one line."""
    rows = document["removed"]
    counts = ", ".join(f"{row['count']} {row['store']}/{row['kind']}" for row in rows)
    return f"{document['kind']} erased {document['completed_at']}: {counts}"


def main(arguments: list[str]) -> int:
    """Check a file; 1 if it was not signed so."""
    if len(arguments) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return 2
    erasure = json.loads(Path(arguments[0]).read_text())
    try:
        if len(arguments) == 2:
            public_key = Path(arguments[1]).read_bytes()
        else:
            import boto3

            key_id = (erasure.get("receipt") or {}).get("key_id", "")
            public_key = boto3.client("kms").get_public_key(KeyId=key_id)["PublicKey"]
        print(f"signed: {sentence(check(erasure, public_key))}")
    except ReceiptRefused as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
