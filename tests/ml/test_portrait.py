"""Portraits out of photos: upright, the face at one place and of one size."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from contract.face_places import FacePlaces
from training.photos import Photo, as_pixels, views_of, without_faces
from training.portrait import portrait

SIDE = 96
_COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))  # of both eyes and the nose
_EXPECTED = ((0.4, 0.54), (0.6, 0.54), (0.5, 0.636))


def photo(size: tuple[int, int], scale: float, tilt: float, x: float, y: float) -> Photo:
    """Five dots on grey where a face would have them; `scale` pixels an eye's distance is."""
    image = Image.new("RGB", size, (128, 128, 128))
    pen = ImageDraw.Draw(image)
    places = []
    shape = ((-0.5, 0.0), (0.5, 0.0), (0.0, 0.48), (-0.41, 0.84), (0.41, 0.84))
    for number, (across, down) in enumerate(shape):
        right = x + scale * (across * math.cos(tilt) - down * math.sin(tilt))
        under = y + scale * (across * math.sin(tilt) + down * math.cos(tilt))
        if number < len(_COLOURS):
            radius = scale / 5
            box = (right - radius, under - radius, right + radius, under + radius)
            pen.ellipse(box, fill=_COLOURS[number])
        places.append((right / size[0], under / size[1]))
    return Photo("pho", image, FacePlaces(tuple(places)))


def centre(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[float, float]:
    """Where pixels of that colour lie on average, as shares."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - colour).sum(-1) < 150)
    return (columns.mean() + 0.5) / SIDE, (rows.mean() + 0.5) / SIDE


@pytest.mark.parametrize(
    ("size", "scale", "tilt", "x", "y"),
    [
        ((400, 400), 80, 0.0, 200, 200),
        ((600, 400), 50, 0.4, 300, 150),
        ((300, 500), 40, -0.6, 120, 300),
        ((2000, 1500), 600, 0.1, 900, 700),
        ((200, 200), 60, 0.0, 60, 50),
    ],
    ids=["straight", "leaning", "leaning back", "large", "at the edge"],
)
def test_eyes_and_nose_come_to_their_places(
    size: tuple[int, int], scale: float, tilt: float, x: float, y: float
) -> None:
    given = photo(size, scale, tilt, x, y)
    assert given.face is not None
    made = portrait(given.image, given.face, SIDE)
    assert made is not None
    assert made.size == (SIDE, SIDE)
    for colour, place in zip(_COLOURS, _EXPECTED, strict=True):
        assert centre(np.asarray(made), colour) == pytest.approx(place, abs=0.02)


def test_beyond_the_photo_its_edge_goes_on() -> None:
    given = photo((200, 200), 60, 0.0, 60, 50)
    assert given.face is not None
    made = portrait(given.image, given.face, SIDE)
    assert made is not None
    assert np.abs(np.asarray(made)[0, 0].astype(int) - 128).max() <= 2


def test_a_face_far_outside_the_photo_shows_its_edge_and_nothing_else() -> None:
    plain = Image.new("RGB", (300, 200), (10, 200, 30))
    away = FacePlaces(((1.7, 1.7), (1.9, 1.7), (1.8, 1.8), (1.72, 1.9), (1.88, 1.9)))
    made = portrait(plain, away, SIDE)
    assert made is not None
    assert np.asarray(made).min(axis=(0, 1)).tolist() == [10, 200, 30]


def test_a_face_too_small_for_a_portrait_leaves_the_whole_square() -> None:
    speck = photo((800, 800), 8, 0.0, 400, 400)
    assert speck.face is not None
    assert portrait(speck.image, speck.face, SIDE) is None
    assert as_pixels([speck], SIDE).equal(as_pixels(without_faces([speck]), SIDE))


def test_photos_without_a_face_are_whole_squares() -> None:
    given = photo((400, 400), 80, 0.3, 150, 150)
    assert not as_pixels([given], SIDE).equal(as_pixels(without_faces([given]), SIDE))


def test_a_portrait_has_no_closer_view() -> None:
    given = photo((400, 400), 80, 0.3, 150, 150)
    assert len(views_of([given], SIDE, close=True, mirror=False)) == 1
    (whole, near) = views_of([given, *without_faces([given])], SIDE, close=True, mirror=False)
    assert near[0].equal(whole[0])
    assert not near[1].equal(whole[1])
