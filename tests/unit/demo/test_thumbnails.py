from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from demo.thumbnails import draw_all, small
from lambdas.api.style_thumbnails import MAX_ALL_BYTES, SIDE, file_name
from lambdas.domain.styles import PRESETS


def noise(seed: int = 0) -> Image.Image:
    """The hardest picture to make small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_every_preset_is_drawn_once_and_what_is_no_preset_any_more_goes(tmp_path: Path) -> None:
    (tmp_path / "steampunk.webp").write_bytes(b"an older preset")
    asked = []

    def draw(preset: object) -> Image.Image:
        asked.append(preset)
        return noise(len(asked))

    sizes = draw_all(draw, tmp_path)
    assert asked == list(PRESETS.values())
    assert {path.name for path in tmp_path.iterdir()} == {file_name(name) for name in PRESETS}
    assert sum(sizes.values()) <= MAX_ALL_BYTES


def test_a_picture_is_made_as_small_as_it_has_to_be_and_no_smaller() -> None:
    roomy, tight = small(noise(), 100_000), small(noise(), 8_000)
    assert len(tight) <= 8_000 < len(roomy)
    assert Image.open(io.BytesIO(tight)).size == (SIDE, SIDE)
