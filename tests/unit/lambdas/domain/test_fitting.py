"""Pictures of hosted models, brought to the size that was promised."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from lambdas.domain.fitting import fitted
from lambdas.domain.rendered_image import NotAnImage
from tests.unit.lambdas.endpoint_answers import png


def drawn(size: tuple[int, int], mode: str = "RGB", form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 200).save(out, form)
    return out.getvalue()


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return image.size


def test_a_picture_of_the_right_size_stays_as_it_came() -> None:
    content = png(size=(96, 64))
    assert fitted(content, 96, 64) is content


@pytest.mark.parametrize("size", [(48, 32), (192, 128), (98, 64), (96, 66)])
def test_a_picture_of_about_that_shape_is_resampled(size: tuple[int, int]) -> None:
    assert size_of(fitted(drawn(size), 96, 64)) == (96, 64)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
def test_other_kinds_of_pixels_become_rgb(mode: str) -> None:
    assert size_of(fitted(drawn((48, 32), mode), 96, 64)) == (96, 64)


def test_it_is_cut_around_its_middle_not_squeezed() -> None:
    wide = Image.new("RGB", (104, 100), "white")
    wide.paste((0, 0, 0), (0, 0, 2, 100))
    wide.paste((0, 0, 0), (102, 0, 104, 100))
    out = io.BytesIO()
    wide.save(out, "PNG")
    with Image.open(io.BytesIO(fitted(out.getvalue(), 50, 50))) as image:
        # The edges are cut off; resampling still sees a little of them.
        assert min(image.convert("L").tobytes()) > 200


@pytest.mark.parametrize(
    "content",
    [
        drawn((64, 64)),
        drawn((64, 96)),
        drawn((3072, 2048), "L"),
        drawn((48, 32), form="JPEG"),
        drawn((48, 32))[:60],
        b"",
        b"no picture",
    ],
)
def test_whatever_else_came_is_no_image(content: bytes) -> None:
    with pytest.raises(NotAnImage):
        fitted(content, 96, 64)
