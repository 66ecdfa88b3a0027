"""The watermark on real pictures. The table of `python -m benchmarks.watermark` has many more."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from lambdas.domain.marks import NUMBER_BITS
from lambdas.domain.watermark.carrier import carrier
from lambdas.domain.watermark.code import CODE_BITS, decode, encode
from lambdas.domain.watermark.detection import (
    MADE_AT,
    NUMBER_FALSE_ALARM,
    PILOT_FALSE_ALARM,
    detect,
)
from lambdas.domain.watermark.embedding import STRENGTHS, CannotBeMarked, embed
from lambdas.domain.watermark.spectrum import evened, lines, luma, pattern

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NUMBER = 0xC0FFEE1234
Pixels = NDArray[np.uint8]


@cache
def photo(side: int) -> Pixels:
    whole = Image.fromarray(data.astronaut())
    pixels: Pixels = np.asarray(whole.resize((side, side), Image.Resampling.LANCZOS))
    return pixels


@cache
def marked(side: int) -> Image.Image:
    return Image.fromarray(embed(photo(side), NUMBER, KEY))


def found(picture: Image.Image, key: bytes = KEY) -> int | None:
    return detect(luma(np.asarray(picture.convert("RGB"))), key).number


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue()))


def scaled(picture: Image.Image, factor: float) -> Image.Image:
    return picture.resize((round(picture.width * factor), round(picture.height * factor)))


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_a_number_is_read_back_and_the_picture_looks_the_same(side: int) -> None:
    assert found(marked(side)) == NUMBER
    error = np.asarray(marked(side)).astype(float) - photo(side)
    psnr = 20 * np.log10(255 / np.sqrt(np.mean(error**2)))
    assert psnr >= 38 or side < 128


def test_it_survives_what_happens_to_pictures_that_are_passed_on() -> None:
    picture = marked(512)
    assert found(jpeg(picture, 50)) == NUMBER
    assert found(scaled(picture, 0.5)) == NUMBER
    assert found(picture.crop((31, 17, 480, 500))) == NUMBER
    cut_out = scaled(picture.crop((26, 26, 486, 486)), 0.83)
    assert found(jpeg(cut_out, 80)) == NUMBER


def test_a_small_picture_survives_being_saved_as_a_good_jpeg() -> None:
    assert found(jpeg(marked(128), 90)) == NUMBER


def test_only_who_has_the_key_sees_it() -> None:
    there = detect(luma(np.asarray(marked(256))), OTHER_KEY)
    assert (there.number, there.is_marked) == (None, False)


def test_a_picture_without_it_shows_nothing() -> None:
    there = detect(luma(photo(256)), KEY)
    assert (there.number, there.is_marked) == (None, False)


def test_plain_pictures_can_be_marked_and_noise_is_not_taken_for_a_mark() -> None:
    for colour in (0, 128, 255):
        plain = np.full((128, 128, 3), colour, np.uint8)
        assert detect(luma(plain), KEY).is_marked is False
        assert found(Image.fromarray(embed(plain, NUMBER, KEY))) == NUMBER
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    assert detect(luma(noise), KEY).is_marked is False


def test_a_picture_without_room_is_refused_instead_of_marked_in_vain() -> None:
    with pytest.raises(CannotBeMarked):
        embed(np.zeros((8, 8, 3), np.uint8), NUMBER, KEY)


def test_oblong_pictures_are_marked_too() -> None:
    whole = Image.fromarray(data.coffee()).resize((768, 320))
    picture = Image.fromarray(embed(np.asarray(whole), NUMBER, KEY))
    assert found(jpeg(picture, 70)) == NUMBER
    assert found(scaled(picture, 0.6)) == NUMBER


def test_every_strength_is_at_a_scale_that_detection_tries_first() -> None:
    assert {strength.scale for strength in STRENGTHS} == set(MADE_AT)
    assert STRENGTHS[-1].side == 1
    assert all(strength.psnr >= 38 for strength in STRENGTHS)


def test_a_pattern_has_the_lines_that_it_was_made_of() -> None:
    carried = carrier(KEY)
    wanted = carried.targets(encode(NUMBER, KEY))
    for scale, shape in ((1.0, (128, 192)), (0.5, (96, 64))):
        got = lines(pattern(wanted, carried, shape, scale), carried, scale)
        assert np.abs(got - wanted).max() < 1e-3


def test_evening_out_leaves_nothing_of_a_plain_picture() -> None:
    even, deviation = evened(np.full((32, 32), 77, np.float32))
    assert np.abs(even).max() < 1e-3
    assert deviation.min() == deviation.max()


def test_the_code_mends_many_wrong_bits_and_refuses_what_it_cannot() -> None:
    signs = encode(NUMBER, KEY).astype(float)
    assert len(signs) == CODE_BITS
    rng = np.random.default_rng(1)
    worn = signs.copy()
    worn[rng.choice(CODE_BITS, 80, replace=False)] *= -1
    assert decode(worn, KEY) == NUMBER
    assert decode(signs, OTHER_KEY) is None
    assert all(decode(rng.normal(size=CODE_BITS), KEY) is None for _ in range(200))


@pytest.mark.parametrize("number", [-1, 1 << NUMBER_BITS])
def test_a_number_with_too_many_bits_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="40 bits"):
        encode(number, KEY)


@pytest.mark.parametrize("number", [0, (1 << NUMBER_BITS) - 1])
def test_the_first_and_the_last_number_are_numbers_like_others(number: int) -> None:
    assert decode(encode(number, KEY).astype(float), KEY) == number


def test_a_false_alarm_is_rarer_than_one_in_half_a_million() -> None:
    assert NUMBER_FALSE_ALARM + PILOT_FALSE_ALARM < 2e-6


def test_the_bound_on_false_alarms_holds_for_random_phases() -> None:
    """The mean of N cosines of uniform phases exceeds t at most exp(-N t²) of the time."""
    count = len(carrier(KEY).pilot)
    phases = np.random.default_rng(2).uniform(0, 2 * np.pi, (20_000, count))
    means = np.cos(phases).mean(axis=1)
    for level in (0.05, 0.1, 0.2):
        assert np.mean(means > level) <= np.exp(-count * level**2)
