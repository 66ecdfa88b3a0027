"""What is measured of pictures, on the photos of the demo and on scikit-image's.

The thresholds of cdk.json rest on the distances that the first two tests assert.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from skimage import data

from demo.photos import portraits
from lambdas.domain import measuring
from lambdas.domain.look import distance
from lambdas.domain.normalising import normalise
from lambdas.ports import Face
from tests.unit.lambdas.pictures import encoded

CDK = Path(__file__).parents[4] / "cdk.json"
ENVIRONMENTS = json.loads(CDK.read_text())["context"]["environments"]
DUPLICATE_DISTANCES = {
    block["domain"]["photos"]["set"]["duplicate_distance"] for block in ENVIRONMENTS.values()
}


def measured(content: bytes) -> Image.Image:
    return measuring.opened(normalise(content, min_side=64, max_megapixels=50).jpeg)


@pytest.fixture(scope="module")
def demo() -> list[Image.Image]:
    return [measured(upload.content) for upload in portraits()]


@pytest.fixture(scope="module")
def others() -> list[Image.Image]:
    found = (data.chelsea(), data.coffee(), data.rocket(), data.camera(), data.coins())
    return [measured(encoded(Image.fromarray(each).convert("RGB"))) for each in found]


def saved(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, quality=quality)))


def cropped(picture: Image.Image, share: float) -> Image.Image:
    width, height = picture.size
    x, y = int(width * share), int(height * share)
    return picture.crop((x, y, width - x, height - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved at 50": lambda p: saved(p, 50),
    "saved at 20": lambda p: saved(p, 20),
    "half as large": lambda p: p.resize((p.width // 2, p.height // 2)),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.1),
    "darker": lambda p: ImageEnhance.Brightness(p).enhance(0.8),
    "more contrast": lambda p: ImageEnhance.Contrast(p).enhance(1.2),
    "trimmed": lambda p: cropped(p, 0.02),
    "softened": lambda p: p.filter(ImageFilter.GaussianBlur(1)),
    "turned by a degree": lambda p: p.rotate(1, resample=Image.Resampling.BICUBIC),
    "grey": lambda p: p.convert("L").convert("RGB"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_that_was_hardly_changed_is_a_duplicate_in_every_environment(
    change: str, demo: list[Image.Image], others: list[Image.Image]
) -> None:
    for picture in (*demo, *others):
        before = measuring.perceptual_hash(picture)
        after = measuring.perceptual_hash(CHANGES[change](picture))
        assert distance(before, after) <= min(DUPLICATE_DISTANCES)


def test_the_demo_s_variations_of_one_portrait_are_no_duplicates_in_any_environment(
    demo: list[Image.Image], others: list[Image.Image]
) -> None:
    hashes = [measuring.perceptual_hash(picture) for picture in (*demo, *others)]
    nearest = min(distance(a, b) for a, b in combinations(hashes, 2))
    assert nearest > max(DUPLICATE_DISTANCES) + 2


def test_a_blurred_picture_is_less_sharp_and_a_very_blurred_one_too_blurred(
    others: list[Image.Image],
) -> None:
    least = max(b["domain"]["photos"]["picture"]["min_sharpness"] for b in ENVIRONMENTS.values())
    for picture in others:
        levels = [
            measuring.sharpness(picture.filter(ImageFilter.GaussianBlur(radius)))
            for radius in (0, 1, 2, 5)
        ]
        assert levels == sorted(levels, reverse=True)
        assert levels[1] > least > levels[-1]


def test_brightness_is_the_mean_luminance() -> None:
    assert measuring.brightness(Image.new("RGB", (9, 9), "black")) == 0
    assert measuring.brightness(Image.new("RGB", (9, 9), "white")) == pytest.approx(100)
    assert measuring.brightness(Image.new("RGB", (9, 9), (128, 128, 128))) == pytest.approx(50, 0.1)
    assert measuring.sharpness(Image.new("RGB", (9, 9), "white")) == 0


def room(wall: str, face: str = "#c09070") -> Image.Image:
    """A head and shoulders before a wall."""
    picture = Image.new("RGB", (320, 320), wall)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((110, 60, 210, 200), fill=face)
    draw.rectangle((40, 200, 280, 320), fill="#202080")
    return picture


HEAD = Face(99, width=100 / 320, height=140 / 320, left=110 / 320, top=60 / 320)


def shared(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(map(min, one, other))


def test_the_background_is_the_wall_whoever_stands_before_it() -> None:
    red = measuring.background(room("#a03030"), HEAD)
    assert red[0] == 100
    assert shared(red, measuring.background(room("#a03030", face="#30a040"), HEAD)) == 100
    assert shared(red, measuring.background(room("#30a040"), HEAD)) == 0


def test_the_background_hardly_depends_on_light_and_not_on_mirroring() -> None:
    wall = room("#a06030")
    wall.paste("#3060a0", (0, 0, 40, 320))
    before = measuring.background(wall, HEAD)
    darker = ImageEnhance.Brightness(wall).enhance(0.75)
    assert shared(before, measuring.background(darker, HEAD)) >= 95
    mirrored = wall.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert shared(before, measuring.background(mirrored, HEAD)) >= 95


def test_what_is_above_and_beside_the_head_is_background_what_is_below_is_the_body() -> None:
    low = Face(99, width=0.2, height=0.2, left=0.4, top=0.6)
    picture = Image.new("RGB", (320, 320), "#a03030")
    picture.paste("#30a040", (130, 190, 190, 320))
    assert measuring.background(picture, low)[0] == 100
    assert measuring.background(picture, None)[0] < 100


def test_without_a_face_the_middle_is_the_subject() -> None:
    picture = Image.new("RGB", (200, 200), "#a03030")
    picture.paste("#30a040", (60, 60, 140, 140))
    assert measuring.background(picture, None)[0] == 100


@pytest.mark.parametrize("size", [(64, 64), (2048, 64), (64, 2048), (300, 200)])
def test_any_shape_can_be_measured(size: tuple[int, int]) -> None:
    picture = measured(encoded(Image.effect_noise(size, 80).convert("RGB")))
    assert 0 <= measuring.perceptual_hash(picture) < 2**63
    assert sum(measuring.background(picture, HEAD)) == pytest.approx(100, abs=5)
