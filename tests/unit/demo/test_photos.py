"""The photos of the tour: always the same ones, or the user's own."""

import io
from pathlib import Path

import pytest
from PIL import Image

from demo.photos import SIDE, from_folder, portraits, refused


def test_the_drawn_person_has_twelve_photos_that_are_always_the_same() -> None:
    photos = portraits()
    assert len({photo.content for photo in photos}) == 12
    assert portraits(3) == photos[:3]
    for photo in photos:
        assert Image.open(io.BytesIO(photo.content)).size == (SIDE, SIDE)


def test_of_the_files_to_refuse_one_is_no_picture() -> None:
    unreadable = []
    for upload in refused():
        try:
            Image.open(io.BytesIO(upload.content)).load()
        except OSError:
            unreadable.append(upload.name)
    assert unreadable == ["a broken file"]


def test_own_photos_are_the_pictures_of_a_folder_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    found = from_folder(tmp_path)
    assert [(one.name, one.content_type) for one in found] == [
        ("a.jpg", "image/jpeg"),
        ("b.PNG", "image/png"),
    ]


@pytest.mark.parametrize(("name", "said"), [("missing", "no folder"), ("", "no JPEG, PNG or WebP")])
def test_a_folder_without_pictures_is_a_clear_error(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_folder(tmp_path / name)
