"""What happens to a picture that is passed on."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageFilter

Handling = Callable[[Image.Image], Image.Image]
# A screenshot shows a picture at another size, sharpened by the browser, and is saved again.
_SHOWN_AT = 0.83


def _jpeg(quality: int) -> Handling:
    def saved(picture: Image.Image) -> Image.Image:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        return Image.open(io.BytesIO(out.getvalue())).convert("RGB")

    return saved


def _webp(picture: Image.Image) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=75)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def _by(factor: float) -> Handling:
    def scaled(picture: Image.Image) -> Image.Image:
        size = (round(picture.width * factor), round(picture.height * factor))
        return picture.resize(size, Image.Resampling.LANCZOS)

    return scaled


def _half_and_back(picture: Image.Image) -> Image.Image:
    return _by(0.5)(picture).resize(picture.size, Image.Resampling.BICUBIC)


def _crop(share: float) -> Handling:
    """Without that share of width and height, more on one side than on the other."""

    def cropped(picture: Image.Image) -> Image.Image:
        across, down = round(picture.width * share), round(picture.height * share)
        left, top = across // 3, 2 * down // 3
        return picture.crop((left, top, left + picture.width - across, top + picture.height - down))

    return cropped


def _shown(picture: Image.Image) -> Image.Image:
    return _by(_SHOWN_AT)(picture).filter(ImageFilter.UnsharpMask(1, 60, 2))


def _then(*steps: Handling) -> Handling:
    def all_of_them(picture: Image.Image) -> Image.Image:
        for step in steps:
            picture = step(picture)
        return picture

    return all_of_them


HANDLINGS: dict[str, Handling] = {
    "as released": lambda picture: picture,
    "JPEG 95": _jpeg(95),
    "JPEG 90": _jpeg(90),
    "JPEG 70": _jpeg(70),
    "JPEG 50": _jpeg(50),
    "WebP 75": _webp,
    "half size": _by(0.5),
    "half size and back": _half_and_back,
    "double size, JPEG 75": _then(_by(2.0), _jpeg(75)),
    "10 % cropped": _crop(0.1),
    "10 % cropped, JPEG 70": _then(_crop(0.1), _jpeg(70)),
    "screenshot, PNG": _shown,
    "screenshot, JPEG 80": _then(_shown, _jpeg(80)),
    "cropped screenshot, JPEG 80": _then(_crop(0.1), _shown, _jpeg(80)),
}
