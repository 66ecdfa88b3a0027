from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from certificates.issuing import demand_fitting, development_chain, request
from certificates.kms_key import KmsKey

KEY = ec.generate_private_key(ec.SECP256R1())


class Kms:
    """Answers as KMS does, with a key of this machine."""

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return {"PublicKey": KEY.public_key().public_bytes(serialization.Encoding.DER, form)}

    def sign(self, *, Message: bytes, MessageType: str, **_: str) -> dict[str, Any]:  # noqa: N803
        assert MessageType == "DIGEST"
        return {"Signature": KEY.sign(Message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))}


def test_a_development_chain_is_for_the_key_and_by_somebody_else() -> None:
    chain = development_chain(KEY.public_key(), "Tests")
    demand_fitting(chain, KEY.public_key())
    signer, authority = x509.load_pem_x509_certificates(chain.encode())
    signer.verify_directly_issued_by(authority)
    assert "PRIVATE" not in chain


def test_a_chain_for_another_key_or_without_its_authority_is_refused() -> None:
    chain = development_chain(KEY.public_key(), "Tests")
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="another key"):
        demand_fitting(chain, other)
    alone = chain[: chain.index("-----BEGIN", 10)]
    with pytest.raises(ValueError, match="missing behind it"):
        demand_fitting(alone, KEY.public_key())
    with pytest.raises(ValueError, match="4096 bytes"):
        demand_fitting(chain * 4, KEY.public_key())


def test_a_request_is_signed_by_kms() -> None:
    key = KmsKey(Kms(), "arn")  # type: ignore[arg-type]
    made = x509.load_pem_x509_csr(request(key, "Tests").encode())
    assert made.is_signature_valid
    assert made.public_key() == KEY.public_key()
