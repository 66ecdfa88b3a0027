"""Watermark and content credentials, on real files; KMS's answers are botocore's shapes."""

from __future__ import annotations

import io
import json

import c2pa
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from lambdas.adapters.content_credentials import (
    Certificates,
    CredentialsReading,
    CredentialsSigning,
    signing_with,
)
from lambdas.adapters.watermarking import Watermarking, key_from
from lambdas.domain.errors import Unavailable
from lambdas.ports import CannotBeMarked, Trace
from tests.unit.lambdas.adapters.local_signer import installed, signer
from tests.unit.lambdas.adapters.stubbed import stubbed
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.fakes import START, FakeClock

NUMBER = 0x0123456789
ARN = "arn:aws:kms:us-east-1:000000000000:key/k"
PICTURE = png(size=(128, 128))


@pytest.fixture(scope="module")
def signed() -> tuple[str, bytes]:
    chain, sign = signer()
    marking = CredentialsSigning(installed(chain), sign, FakeClock())
    return chain, marking.mark(PICTURE, NUMBER)


def read(chain: str, upload: bytes) -> Trace:
    return CredentialsReading(installed(chain)).find(upload)


def test_a_signed_picture_says_when_it_was_made_and_by_what_number_it_is_known(
    signed: tuple[str, bytes],
) -> None:
    chain, image = signed
    assert read(chain, image) == Trace(ours=True, number=NUMBER, made_at=START)
    with Image.open(io.BytesIO(image)) as opened, Image.open(io.BytesIO(PICTURE)) as before:
        assert opened.tobytes() == before.tobytes()


def test_the_claim_says_that_a_model_made_it_and_nothing_of_anybody(
    signed: tuple[str, bytes],
) -> None:
    """Read by the library's own reader with its own defaults."""
    reader = c2pa.Reader("image/png", io.BytesIO(signed[1]), context=c2pa.Context())
    assert reader.get_validation_state() == "Valid"
    document = json.loads(reader.json())
    (manifest,) = document["manifests"].values()
    actions, binding = manifest["assertions"]
    (created,) = actions["data"]["actions"]
    assert created == {
        "action": "c2pa.created",
        "when": "2026-11-21T12:00:00Z",
        "softwareAgent": {"name": "Personalised avatars"},
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/"
        "trainedAlgorithmicMedia",
    }
    assert binding["data"]["blocks"] == [{"scope": {}, "value": "0123456789"}]


def test_a_changed_picture_under_our_signature_is_a_hint(signed: tuple[str, bytes]) -> None:
    chain, image = signed
    changed = bytearray(image)
    changed[-20] ^= 1
    assert read(chain, bytes(changed)) == Trace(hints=True)


def test_somebody_elses_signature_is_none_of_ours(signed: tuple[str, bytes]) -> None:
    assert read(signer()[0], signed[1]) == Trace()


@pytest.mark.parametrize(
    "upload", [PICTURE, PICTURE[:40], b"\xff\xd8\xff\xe0", b"RIFF0000WEBP", b"GIF89a", b""]
)
def test_files_without_credentials_and_broken_ones_say_nothing(
    signed: tuple[str, bytes], upload: bytes
) -> None:
    assert read(signed[0], upload) == Trace()


def test_a_signed_picture_that_was_cut_short_is_not_trusted(signed: tuple[str, bytes]) -> None:
    chain, image = signed
    for length in range(0, len(image), 997):
        assert not read(chain, image[:length]).ours


def test_without_a_certificate_nothing_is_signed_and_nothing_was() -> None:
    marking = CredentialsSigning(installed("none yet"), signer()[1], FakeClock())
    with pytest.raises(Unavailable):
        marking.mark(PICTURE, NUMBER)
    assert read("none yet", PICTURE) == Trace()


def test_when_kms_does_not_sign_the_reason_comes_through() -> None:
    client, stub = stubbed("kms")
    stub.add_client_error("sign", "ThrottlingException", http_status_code=400)
    stub.add_client_error("sign", "AccessDeniedException", http_status_code=400)
    stub.activate()
    chain = signer()[0]
    marking = CredentialsSigning(installed(chain), signing_with(lambda: client, ARN), FakeClock())
    with pytest.raises(Unavailable):
        marking.mark(PICTURE, NUMBER)
    with pytest.raises(ClientError, match="AccessDenied"):
        marking.mark(PICTURE, NUMBER)


def test_a_watermark_is_found_by_the_same_key_which_kms_makes_once() -> None:
    client, stub = stubbed("kms")
    stub.add_response(
        "generate_mac",
        {"Mac": b"m" * 32},
        {
            "KeyId": ARN,
            "MacAlgorithm": "HMAC_SHA_256",
            "Message": b"invisible watermark, version 1",
        },
    )
    stub.activate()
    marking = Watermarking(key_from(lambda: client, ARN))
    with Image.open(io.BytesIO(marking.mark(PICTURE, NUMBER))) as marked:
        assert (marked.format, marked.size) == ("PNG", (128, 128))
        assert marking.find(marked.convert("RGB")) == Trace(ours=True, number=NUMBER)
    assert marking.find(Image.new("RGB", (64, 64))) == Trace()


def test_a_picture_without_room_for_a_watermark_is_told_apart_from_a_fault() -> None:
    with pytest.raises(CannotBeMarked):
        Watermarking(lambda: b"k" * 32).mark(png(size=(8, 8)), NUMBER)


def test_without_a_parameter_no_certificate_is_installed_yet() -> None:
    client, stub = stubbed("ssm")
    stub.add_client_error("get_parameter", service_error_code="ParameterNotFound")
    stub.add_client_error("get_parameter", service_error_code="AccessDeniedException")
    certificates = Certificates(lambda: client, "certificates")
    assert certificates.chain() is None
    with pytest.raises(ClientError):
        certificates.chain()
