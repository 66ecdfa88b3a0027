"""Where the face is, told by the photo itself."""

import io
import json

import pytest
from PIL import Image, ImageChops

from contract.face_places import LANDMARKS, FacePlaces

PLACES = FacePlaces(((0.4, 0.5), (0.6, 0.5), (0.5, 0.61234), (0.42, 0.7), (0.58, 0.7)))


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "JPEG")
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_a_marked_photo_tells_its_places_and_shows_the_same_picture() -> None:
    marked = opened(PLACES.marked(jpeg()))
    assert not ImageChops.difference(marked, opened(jpeg())).getbbox()
    found = FacePlaces.from_comment(marked.info["comment"])
    assert found is not None
    assert found.places[2] == (0.5, 0.6123)
    assert found.places[:2] == PLACES.places[:2]


def test_places_are_those_of_five_landmarks_among_more() -> None:
    told = dict(zip(LANDMARKS, PLACES.places, strict=True))
    assert FacePlaces.of({"chinBottom": (0.5, 0.9), **told}) == PLACES
    assert FacePlaces.of({name: told[name] for name in LANDMARKS[1:]}) is None
    assert FacePlaces.of({**told, "nose": (float("nan"), 0.5)}) is None
    assert FacePlaces.of({**told, "nose": (7.0, 0.5)}) is None


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "text",
        b"made with a camera",
        b"[]",
        b'{"face": null}',
        b'{"face": [[0.1, 0.2]]}',
        b'{"face": [["a", 0.2], [0, 0], [0, 0], [0, 0], [0, 0]]}',
        b'{"face": [[1e999, 0.2], [0, 0], [0, 0], [0, 0], [0, 0]]}',
        b'{"face": [1, 2, 3, 4, 5]}',
        b"[" * 1000,
        json.dumps({"face": [[0.5, 0.5]] * 5, "more": "x" * 2000}).encode(),
    ],
    ids=["none", "no bytes", "words", "list", "null", "too few", "no number", "infinite", "flat",
         "deep", "too long"],
)  # fmt: skip
def test_anybody_elses_comment_is_none(comment: object) -> None:
    assert FacePlaces.from_comment(comment) is None


def test_only_a_jpeg_can_be_marked() -> None:
    with pytest.raises(ValueError, match="JPEG"):
        PLACES.marked(b"\x89PNG")
