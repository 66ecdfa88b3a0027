"""Certificates and requests that fit C2PA's certificate profile.

C2PA specification, "X.509 certificates": version 3; key usage digitalSignature, critical; an
extended key usage that names claim signing and not any purpose; basic constraints that make it no
authority; issued by somebody else (a self-signed signer is refused).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from certificates.kms_key import KmsKey

# c2pa-kp-claimSigning for C2PA's own list of authorities, and what readers accept beside it:
# id-kp-documentSigning (RFC 9336), id-kp-emailProtection.
_USES = x509.ExtendedKeyUsage(
    [
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4"),
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
        x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),
    ]
)
# SSM: a standard parameter holds 4 KB; three certificates for P-256 keys have about 3.
MAX_CHAIN_BYTES = 4096
_LIFETIME = timedelta(days=365)
_CLOCKS_DIFFER = timedelta(hours=1)


def development_chain(public: ec.EllipticCurvePublicKey, organisation: str) -> str:
    """The signer's certificate and its authority's, PEM.

    The authority lives for this one signature: its private key is never written anywhere.
    """
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = _name(organisation, "Development authority, trusted by nobody")
    subject = _name(organisation, "Development signer of content credentials")
    root = (
        _certificate(issuer, issuer, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    known_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    signer = (
        _certificate(subject, issuer, public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_USES, critical=False)
        .add_extension(known_by, critical=False)
        .sign(authority, hashes.SHA256())
    )
    return "".join(
        each.public_bytes(serialization.Encoding.PEM).decode() for each in (signer, root)
    )


def request(key: KmsKey, organisation: str) -> str:
    """A certificate signing request for an authority (PKCS #10, PEM), signed by KMS."""
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_name(organisation, "Content credentials"))
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_USES, critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def demand_fitting(chain: str, public: ec.EllipticCurvePublicKey) -> None:
    """Raise ValueError unless the chain's first certificate is for this key and valid now."""
    certificates = x509.load_pem_x509_certificates(chain.encode())
    signer = certificates[0]
    if signer.public_key() != public:
        raise ValueError("the first certificate is for another key than the deployment's")
    if not signer.not_valid_before_utc <= datetime.now(UTC) <= signer.not_valid_after_utc:
        raise ValueError("the first certificate is not valid now")
    if len(certificates) < 2:
        raise ValueError("its authority's certificate is missing behind it")
    if len(chain.encode()) > MAX_CHAIN_BYTES:
        raise ValueError(f"the chain has more than {MAX_CHAIN_BYTES} bytes")


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
