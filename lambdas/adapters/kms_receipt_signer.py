"""The `ReceiptSigner` port on an asymmetric KMS key."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_kms import KMSClient


class KMSReceiptSigner:
    """One key of specification ECC_NIST_P256, for signing."""

    def __init__(self, client: Callable[[], KMSClient], key_arn: str) -> None:
        self._client = client
        self._arn = key_arn

    @property
    def key_id(self) -> str:
        """The key's id, without account and region."""
        return self._arn.rpartition("/")[2]

    def sign(self, text: bytes) -> str:
        """See `ReceiptSigner.sign`; of its digest, since KMS takes messages up to 4,096 bytes."""
        with calling("signing"):
            answer = self._client().sign(
                KeyId=self._arn,
                Message=hashlib.sha256(text).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        return base64.b64encode(answer["Signature"]).decode()
