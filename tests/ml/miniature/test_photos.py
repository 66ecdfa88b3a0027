"""Drawn photos of one subject, as the demo uploads them."""

from pathlib import Path

import pytest
from PIL import Image

from training.miniature.photos import main, photos_of, subject_of


def test_a_subject_for_a_seed_is_always_the_same_and_has_a_scar() -> None:
    assert subject_of(7) == subject_of(7)
    assert subject_of(7) != subject_of(8)
    assert subject_of(7).marks.scar is not None


@pytest.mark.parametrize("kind", ["pet", "object"])
def test_other_kinds_have_a_mark_too(kind: str) -> None:
    assert subject_of(3, kind).marks.patch != 0


def test_photos_are_plain_varied_and_mostly_without_dark_glasses() -> None:
    photos = list(photos_of(subject_of(7), 12, seed=1, side=64))
    assert {photo.scene.style for photo in photos} == {"flat"}
    assert len({photo.scene.clothes_colour for photo in photos}) > 3
    assert sum(photo.scene.glasses == "sunglasses" for photo in photos) <= 2
    assert len({photo.image.tobytes() for photo in photos}) == 12


def test_the_command_writes_photos_large_enough_to_upload(tmp_path: Path) -> None:
    main(["--out", str(tmp_path), "--count", "2"])
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["00.jpg", "01.jpg"]
    with Image.open(tmp_path / "00.jpg") as photo:
        assert photo.size == (512, 512)
        assert photo.format == "JPEG"
