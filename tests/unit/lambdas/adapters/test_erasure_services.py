"""The adapters that only erasure has: what is asked, and what an answer becomes."""

from __future__ import annotations

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.cognito_sign_ins import CognitoSignIns
from lambdas.adapters.kms_receipt_signer import KMSReceiptSigner
from lambdas.domain.errors import Unavailable
from tests.unit.lambdas.adapters.stubbed import stubbed

ASKED = {"UserPoolId": "eu-west-1_pool", "Username": "someone"}
KEY = "arn:aws:kms:eu-west-1:000000000000:key/1234"


def test_a_sign_in_is_deleted_by_the_sub_and_may_be_gone_already() -> None:
    client, stub = stubbed("cognito-idp")
    sign_ins = CognitoSignIns(lambda: client, ASKED["UserPoolId"])
    stub.add_response("admin_get_user", {"Username": "someone"}, ASKED)
    assert sign_ins.exists("someone")
    stub.add_response("admin_delete_user", {}, ASKED)
    sign_ins.delete("someone")
    for operation in ("admin_get_user", "admin_delete_user"):
        stub.add_client_error(operation, "UserNotFoundException", expected_params=ASKED)
    assert not sign_ins.exists("someone")
    sign_ins.delete("someone")
    stub.assert_no_pending_responses()


def test_a_pool_that_throttles_is_asked_again_and_a_missing_right_is_seen() -> None:
    client, stub = stubbed("cognito-idp")
    sign_ins = CognitoSignIns(lambda: client, ASKED["UserPoolId"])
    stub.add_client_error("admin_delete_user", "TooManyRequestsException", http_status_code=400)
    with pytest.raises(Unavailable):
        sign_ins.delete("someone")
    stub.add_client_error("admin_get_user", "AccessDeniedException", http_status_code=400)
    with pytest.raises(ClientError):
        sign_ins.exists("someone")


def test_a_receipt_is_signed_by_its_digest() -> None:
    client, stub = stubbed("kms")
    signer = KMSReceiptSigner(lambda: client, KEY)
    text = b"x" * 5000  # longer than a message that KMS takes
    stub.add_response(
        "sign",
        {"KeyId": KEY, "Signature": b"der", "SigningAlgorithm": "ECDSA_SHA_256"},
        {
            "KeyId": KEY,
            "Message": hashlib.sha256(text).digest(),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        },
    )
    assert base64.b64decode(signer.sign(text)) == b"der"
    assert signer.key_id == "1234"
    stub.add_client_error("sign", "ThrottlingException", http_status_code=400)
    with pytest.raises(Unavailable):
        signer.sign(text)
