"""Content credentials (C2PA 2.x) in released images, by the c2pa library.

The claim says that a model made the picture, with which software and when; nothing of the person,
the prompt or the request. The signature is made by an asymmetric key in KMS (ES256), which never
leaves it; the certificates that vouch for the key are configuration, in an SSM parameter.

The library is a quarter of a function's start: it is loaded with the first picture.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of
from lambdas.domain.errors import Unavailable
from lambdas.domain.marks import NUMBER_BITS
from lambdas.ports import Trace

if TYPE_CHECKING:
    import c2pa
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient

    from lambdas.ports import Clock

SOFTWARE = "Personalised avatars"
# https://cv.iptc.org/newscodes/digitalsourcetype/: made by a model from training data.
_MADE_BY_A_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# C2PA "Soft binding": how the same picture is known after its metadata is gone.
_SOFT_BINDING = "com.example.avatar.watermark.1"
# c2pa's names of uses that a signer's certificate may be for (its valid_eku_oids.cfg).
_USES = ("1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.4")
# What makes a valid manifest one of ours is the signer, and nothing that it says of itself.
_TRUSTED = "Trusted"
_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
_TYPES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


class Certificates:
    """The chain that vouches for the signing key: the signer's certificate first, PEM."""

    def __init__(self, ssm: Callable[[], SSMClient], parameter: str) -> None:
        self._ssm = ssm
        self._parameter = parameter
        self._chain: str | None = None

    def chain(self) -> str | None:
        """Kept once it was read; None until somebody has installed one."""
        if self._chain is None:
            try:
                with calling("certificates"):
                    answer = self._ssm().get_parameter(Name=self._parameter)
            except ClientError as error:
                # The parameter is made by whoever installs the first chain, not by a deployment.
                if code_of(error) == "ParameterNotFound":
                    return None
                raise
            value = answer["Parameter"]["Value"]
            if _END not in value:
                return None
            self._chain = value
        return self._chain


def signing_with(kms: Callable[[], KMSClient], key_arn: str) -> Callable[[bytes], bytes]:
    """Signs by KMS: ECDSA on P-256 with SHA-256, in DER, which c2pa turns into COSE's form."""
    import hashlib

    def sign(message: bytes) -> bytes:
        # A digest: KMS takes messages of up to 4,096 bytes only.
        digest = hashlib.sha256(message).digest()
        answer = kms().sign(
            KeyId=key_arn, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )
        return answer["Signature"]

    return sign


class CredentialsSigning:
    """Signs PNG files."""

    def __init__(
        self, certificates: Certificates, sign: Callable[[bytes], bytes], clock: Clock
    ) -> None:
        self._certificates = certificates
        self._sign = sign
        self._clock = clock

    def mark(self, png: bytes, number: int) -> bytes:
        """See `lambdas.ports.ImageMarking`."""
        import c2pa

        chain = self._certificates.chain()
        if chain is None:
            raise Unavailable("certificates")
        failed: list[Exception] = []

        def sign(message: bytes) -> bytes:
            # The library swallows what a callback raises: keep it, it says what to do.
            try:
                with calling("signing key"):
                    return self._sign(message)
            except Exception as error:
                failed.append(error)
                raise

        signer = c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg.ES256, chain, None)
        manifest = json.dumps(self._manifest(number))
        out = io.BytesIO()
        try:
            with signer, c2pa.Builder.from_json(manifest, _context(chain)) as builder:
                builder.sign(signer, "image/png", io.BytesIO(png), out)
        except c2pa.C2paError:
            if failed:
                raise failed[0] from None
            raise
        return out.getvalue()

    def _manifest(self, number: int) -> dict[str, Any]:
        created = {
            "action": "c2pa.created",
            "when": f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "softwareAgent": {"name": SOFTWARE},
            "digitalSourceType": _MADE_BY_A_MODEL,
        }
        watermark = {
            "alg": _SOFT_BINDING,
            "blocks": [{"scope": {}, "value": f"{number:0{NUMBER_BITS // 4}x}"}],
        }
        return {
            "claim_generator_info": [{"name": SOFTWARE, "version": "1"}],
            "title": "Avatar",
            "format": "image/png",
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
                {"label": "c2pa.soft-binding", "data": watermark},
            ],
        }


class CredentialsReading:
    """Reads what files say of themselves."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def find(self, upload: bytes) -> Trace:
        """What a file says of itself."""
        import c2pa

        kind = next((kind for start, kind in _TYPES if upload.startswith(start)), None)
        chain = self._certificates.chain()
        if kind is None or chain is None:  # without a certificate, nothing was ever signed
            return Trace()
        try:
            with c2pa.Reader(kind, io.BytesIO(upload), context=_context(chain)) as reader:
                state = reader.get_validation_state()
                document = json.loads(reader.json())
        except c2pa.C2paError:
            return Trace()  # there are none, or they cannot be read
        manifest = document["manifests"].get(document.get("active_manifest"), {})
        if not _signed_by(manifest, chain):
            return Trace()
        if state == _TRUSTED:
            return Trace(ours=True, number=_number(manifest), made_at=_made_at(manifest))
        return Trace(hints=_signature_holds(document))


@cache
def _context(chain: str) -> c2pa.Context:
    """Trusts who issued our signer's certificate, and nobody else; asks nobody on the network."""
    import c2pa

    settings = {
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "trust": {"trust_anchors": _split(chain)[1], "trust_config": "\n".join(_USES)},
    }
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _split(chain: str) -> tuple[str, str]:
    """The signer's certificate, and those behind it."""
    first, end, issuers = chain.partition(_END)
    return first + end, issuers.lstrip()


def _serial_number(certificate: str) -> int:
    """Of a certificate in PEM (RFC 5280, 4.1): SEQUENCE { SEQUENCE { [0] version, INTEGER …"""
    text = certificate[certificate.index(_BEGIN) + len(_BEGIN) : certificate.index(_END)]
    der = base64.b64decode(text)
    start, _ = _inside(der, 0)
    start, _ = _inside(der, start)
    _, after_version = _inside(der, start)
    start, end = _inside(der, after_version)
    return int.from_bytes(der[start:end], "big")


def _inside(der: bytes, position: int) -> tuple[int, int]:
    """Where the content of the element at `position` starts and ends (X.690, 8.1.3)."""
    length, start = der[position + 1], position + 2
    if length & 0x80:
        octets = length & 0x7F
        length, start = int.from_bytes(der[start : start + octets], "big"), start + octets
    return start, start + length


def _assertion(manifest: dict[str, Any], label: str) -> dict[str, Any]:
    found = (each["data"] for each in manifest.get("assertions", ()) if each["label"] == label)
    return next(found, {})


def _number(manifest: dict[str, Any]) -> int | None:
    binding = _assertion(manifest, "c2pa.soft-binding")
    if binding.get("alg") != _SOFT_BINDING:
        return None
    return int(binding["blocks"][0]["value"], 16)


def _made_at(manifest: dict[str, Any]) -> datetime | None:
    actions = _assertion(manifest, "c2pa.actions.v2").get("actions", ())
    when = next((each["when"] for each in actions if each["action"] == "c2pa.created"), None)
    return datetime.fromisoformat(when) if when else None


def _signed_by(manifest: dict[str, Any], chain: str) -> bool:
    """Whether the signer is ours, and not another customer of the same authority."""
    told = manifest.get("signature_info", {}).get("cert_serial_number")
    return bool(told == str(_serial_number(_split(chain)[0])))


def _signature_holds(document: dict[str, Any]) -> bool:
    """Whether a signature that is good stands under a claim that the picture no longer fits."""
    results = document.get("validation_results", {}).get("activeManifest", {})
    passed = {each["code"] for each in results.get("success", ())}
    return {"signingCredential.trusted", "claimSignature.validated"} <= passed
