from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.picture_reference import (
    MAX_INLINE_BYTES,
    NotAReference,
    PictureKind,
    PictureReference,
    read_reference,
)
from tests.unit.lambdas.fakes import START

# The same in every run: the names of tests are made of them.
UPLOAD = new_id(Prefix.UPLOAD, START, bytes(10))
IMAGE = new_id(Prefix.IMAGE, START, bytes(10))


def wrong(text: str) -> str:
    with pytest.raises(NotAReference) as caught:
        read_reference(text)
    return caught.value.code


def test_ids_name_uploads_and_images() -> None:
    assert read_reference(UPLOAD) == PictureReference(PictureKind.UPLOAD, UPLOAD)
    assert read_reference(IMAGE) == PictureReference(PictureKind.IMAGE, IMAGE)


@pytest.mark.parametrize("head", ["", "data:image/png;base64,", "data:image/webp;base64,"])
def test_a_file_may_be_there_itself(head: str) -> None:
    found = read_reference(head + base64.b64encode(b"a picture").decode())
    assert (found.kind, found.id, found.content) == (PictureKind.INLINE, None, b"a picture")
    assert "a picture" not in repr(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_a_picture"),
        ("data:image/png;base64,", "not_a_picture"),
        ("data:text/html;base64,aGk=", "not_a_picture"),
        ("data:image/png,aGk=", "not_a_picture"),
        ("https://example.com/a.png", "not_base64"),
        ("s3://work/generations/x/init.png", "not_base64"),
        ("../../etc/passwd", "not_base64"),
        ("aGk", "not_base64"),
        (f"{UPLOAD}x", "not_base64"),
        ("gen_01J00000000000000000000000", "not_base64"),
    ],
)
def test_nothing_else_names_a_picture(text: str, code: str) -> None:
    assert wrong(text) == code


def test_a_file_has_at_most_four_megabytes() -> None:
    read_reference(base64.b64encode(bytes(MAX_INLINE_BYTES)).decode())
    assert wrong(base64.b64encode(bytes(MAX_INLINE_BYTES + 3)).decode()) == "too_large"


@given(st.text())
def test_whatever_comes_is_a_reference_or_a_verdict(text: str) -> None:
    try:
        found = read_reference(text)
    except NotAReference:
        return
    assert found.content or found.id
