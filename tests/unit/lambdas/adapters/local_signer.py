"""A signing key of this machine in KMS's place, with the development certificate for it."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.issuing import development_chain
from lambdas.adapters.content_credentials import Certificates
from tests.unit.lambdas.adapters.stubbed import stubbed


def signer() -> tuple[str, Callable[[bytes], bytes]]:
    """The chain (PEM), and what signs under it."""
    key = ec.generate_private_key(ec.SECP256R1())
    chain = development_chain(key.public_key(), "Tests")
    return chain, lambda message: key.sign(message, ec.ECDSA(hashes.SHA256()))


def installed(chain: str) -> Certificates:
    """A parameter that holds it."""
    client, stub = stubbed("ssm")
    stub.add_response("get_parameter", {"Parameter": {"Value": chain}}, {"Name": "certificates"})
    stub.activate()
    return Certificates(lambda: client, "certificates")
