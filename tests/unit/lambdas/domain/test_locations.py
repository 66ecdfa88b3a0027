from __future__ import annotations

import pytest

from lambdas.domain import locations
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import SourceKey, UploadKey
from tests.unit.lambdas.fakes import START

# The same in every run: the names of tests are made of them.
SUBJECT = new_id(Prefix.SUBJECT, START, bytes(10))
PHOTO = new_id(Prefix.PHOTO, START, bytes(10))
UPLOAD = new_id(Prefix.UPLOAD, START, bytes(10))


def test_an_upload_key_is_read_back_as_it_was_written() -> None:
    key = UploadKey("owner-1", SUBJECT, PHOTO)
    assert UploadKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "photos/o",
        f"photos/o/{SUBJECT}/{PHOTO}/more",
        f"other/o/{SUBJECT}/{PHOTO}",
        f"photos/../{SUBJECT}/{PHOTO}",
        f"photos/o/{PHOTO}/{SUBJECT}",
        f"photos/o/{SUBJECT}/../../secret",
        f"photos/o/{SUBJECT}/{PHOTO}/",
        f"photos/o/{SUBJECT}/{PHOTO}/../{PHOTO}",
        f"photos/o/{SUBJECT}/{PHOTO}.jpg",
        f"photos/o/{SUBJECT}/{PHOTO}%2F..",
        f"photos/o/{SUBJECT}/{PHOTO}\x00",
        f"photos/o/{SUBJECT}/{PHOTO}\n",
        f"photos/o/{SUBJECT}\\{PHOTO}",
        f"photos/./{SUBJECT}/{PHOTO}",
        f"photos/%2e%2e/{SUBJECT}/{PHOTO}",
        f"photos/o/{SUBJECT}/" + PHOTO.replace("_", "\uff3f"),
        f"/photos/o/{SUBJECT}/{PHOTO}",
        f"//photos/o/{SUBJECT}/{PHOTO}",
    ],
)
def test_a_key_that_no_slot_ever_had_is_not_read(key: str) -> None:
    assert UploadKey.parse(key) is None


def test_the_key_of_an_upload_for_generations_is_read_back_too() -> None:
    key = SourceKey("owner-1", UPLOAD)
    assert SourceKey.parse(str(key)) == key
    assert UploadKey.parse(str(key)) is None


@pytest.mark.parametrize(
    "key",
    [
        "",
        "sources/o",
        f"sources/o/{UPLOAD}/more",
        f"photos/o/{UPLOAD}",
        f"sources/../{UPLOAD}",
        f"sources/o/{PHOTO}",
        f"sources/o/{UPLOAD}.png",
        f"sources/o/{UPLOAD}\n",
        f"/sources/o/{UPLOAD}",
    ],
)
def test_a_key_that_no_upload_ever_had_is_not_read(key: str) -> None:
    assert SourceKey.parse(key) is None


def test_everything_of_an_owner_lies_under_that_owner() -> None:
    names = ("o", SUBJECT, "trn_1")
    assert locations.photo_key("o", SUBJECT, PHOTO) == f"o/{SUBJECT}/{PHOTO}.jpg"
    assert locations.adapter_prefix(*names) == f"adapters/o/{SUBJECT}/trn_1/"
    assert locations.training_prefix(*names) == f"trainings/o/{SUBJECT}/trn_1/"
    assert locations.generation_prefix("o", "gen_1") == "generations/o/gen_1/"
    assert locations.source_key("o", UPLOAD) == f"sources/o/{UPLOAD}.png"
    assert locations.avatar_key("o", "gen_1", "img_1") == "o/gen_1/img_1.png"
