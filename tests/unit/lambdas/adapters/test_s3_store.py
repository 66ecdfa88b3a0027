from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters import clients
from lambdas.adapters.s3_store import S3Store
from lambdas.domain.errors import Unavailable
from lambdas.ports import ObjectMissing
from tests.unit.lambdas.adapters.stubbed import stubbed


@pytest.fixture
def aws() -> tuple[S3Store, Any]:
    client, stub = stubbed("s3", signature_version="s3v4", s3={"addressing_style": "virtual"})
    return S3Store(lambda: client, "bucket"), stub


def test_a_form_lets_nothing_pass_but_that_file(aws: tuple[S3Store, Any]) -> None:
    store, _ = aws
    form = store.upload_form(
        "photos/o/s/p", content_type="image/png", size_bytes=1234, lifetime_seconds=900
    )
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    conditions = policy["conditions"]
    assert {"key": "photos/o/s/p"} in conditions
    assert {"bucket": "bucket"} in conditions
    assert {"Content-Type": "image/png"} in conditions
    assert ["content-length-range", 1234, 1234] in conditions
    assert form.fields["Content-Type"] == "image/png"
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert form.url == "https://bucket.s3.eu-west-1.amazonaws.com/"


def test_a_link_names_the_region_s_own_host(aws: tuple[S3Store, Any]) -> None:
    store, _ = aws
    link = store.link("o/s/p.jpg", lifetime_seconds=60)
    assert link.startswith("https://bucket.s3.eu-west-1.amazonaws.com/o/s/p.jpg?")
    assert "X-Amz-Expires=60" in link


@pytest.mark.parametrize("code", ["NoSuchKey", "404", "403", "AccessDenied"])
def test_missing_and_forbidden_cannot_be_told_apart(aws: tuple[S3Store, Any], code: str) -> None:
    store, stub = aws
    stub.add_client_error("head_object", code)
    assert store.exists("a") is False
    stub.add_client_error("get_object", code)
    with pytest.raises(ObjectMissing):
        store.read("a", max_bytes=1)


def test_other_errors_are_no_absence(aws: tuple[S3Store, Any]) -> None:
    store, stub = aws
    stub.add_client_error("head_object", "InvalidRequest")
    with pytest.raises(ClientError):
        store.exists("a")
    stub.add_client_error("get_object", "InvalidRequest")
    with pytest.raises(ClientError):
        store.read("a", max_bytes=1)
    stub.add_client_error("copy_object", "SlowDown", http_status_code=503)
    with pytest.raises(Unavailable):
        store.copy("a", store, "b")


def test_every_version_and_marker_is_erased(aws: tuple[S3Store, Any]) -> None:
    store, stub = aws
    stub.add_response(
        "list_object_versions",
        {
            "IsTruncated": False,
            "Versions": [{"Key": "x/1", "VersionId": "v1"}, {"Key": "x/1", "VersionId": "v2"}],
            "DeleteMarkers": [{"Key": "x/2", "VersionId": "v3"}],
        },
        {"Bucket": "bucket", "Prefix": "x/"},
    )
    doomed = [
        {"Key": "x/1", "VersionId": "v1"},
        {"Key": "x/1", "VersionId": "v2"},
        {"Key": "x/2", "VersionId": "v3"},
    ]
    wanted = {"Bucket": "bucket", "Delete": {"Objects": doomed, "Quiet": True}}
    stub.add_response("delete_objects", {}, wanted)
    assert store.erase("x/") == 3


def test_what_could_not_be_deleted_is_tried_again(aws: tuple[S3Store, Any]) -> None:
    store, stub = aws
    stub.add_response("delete_objects", {"Errors": [{"Key": "a", "Code": "InternalError"}]})
    with pytest.raises(Unavailable):
        store.delete(["a"])


def test_the_body_of_an_object_that_is_too_large_is_not_read(aws: tuple[S3Store, Any]) -> None:
    from botocore.response import StreamingBody

    from lambdas.ports import ObjectTooLarge

    store, stub = aws
    raw = io.BytesIO(b"12345")
    stub.add_response("get_object", {"Body": StreamingBody(raw, 5), "ContentLength": 5})
    with pytest.raises(ObjectTooLarge):
        store.read("a", max_bytes=4)
    assert raw.closed


def test_the_process_signs_for_its_region_and_for_a_local_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for cached in (clients.s3, clients._session):
        cached.cache_clear()
    link = S3Store(clients.s3, "bucket").link("k", lifetime_seconds=1)
    assert link.startswith("https://bucket.s3.eu-west-1.amazonaws.com/k?")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    for cached in (clients.s3, clients._session):
        cached.cache_clear()
    link = S3Store(clients.s3, "bucket").link("k", lifetime_seconds=1)
    assert link.startswith("http://127.0.0.1:4566/bucket/k?")
    for cached in (clients.s3, clients._session):
        cached.cache_clear()
