"""A key in KMS, as the `cryptography` package expects a private key to behave."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NoReturn, cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from typing_extensions import Buffer


class KmsKey(ec.EllipticCurvePrivateKey):
    """Signs with an ECC_NIST_P256 key in KMS; there is nothing else that it can do."""

    def __init__(self, kms: KMSClient, key_arn: str) -> None:
        self._kms = kms
        self._arn = key_arn
        der = kms.get_public_key(KeyId=key_arn)["PublicKey"]
        self._public = cast("ec.EllipticCurvePublicKey", load_der_public_key(der))

    def sign(self, data: Buffer, _: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA with SHA-256, in DER."""
        answer = self._kms.sign(
            KeyId=self._arn,
            Message=hashlib.sha256(data).digest(),
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return answer["Signature"]

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Its public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits."""
        return self._public.key_size

    def exchange(self, *_: object) -> NoReturn:
        """KMS keys for signing agree on nothing."""
        raise NotImplementedError

    def private_numbers(self) -> NoReturn:
        """They never leave KMS."""
        raise NotImplementedError

    def private_bytes(self, *_: object) -> NoReturn:
        """They never leave KMS."""
        raise NotImplementedError

    def __copy__(self) -> KmsKey:
        return self

    def __deepcopy__(self, _: object) -> KmsKey:
        return self
