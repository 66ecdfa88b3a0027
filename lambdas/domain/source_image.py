"""From whatever was sent to the one form in which a generation's pictures are kept: a PNG.

Decoded as photos are (`lambdas.domain.normalising`), so the same holds: upright sRGB without
metadata, at most `MAX_SIDE` pixels a side, within bounded memory. What lies under transparent
pixels is white: nobody can hide from screening what a base model would be given.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.normalising import NotAPhoto, as_jpeg, decode_layers
from lambdas.domain.upload import MIN_SIDE, UploadPurpose, UploadRejection

if TYPE_CHECKING:
    from PIL import Image


class RefusedSource(Exception):  # noqa: N818 - a verdict
    """The picture cannot be used; `code` says why."""

    def __init__(self, code: UploadRejection) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True)
class NormalSource:
    """`png` to keep: RGB, RGBA where some of it is transparent, grey for a mask. `screening`: the
    same picture as a JPEG within Rekognition's 5 MB. Sides in pixels."""

    png: bytes
    screening: bytes
    width: int
    height: int
    has_alpha: bool

    @property
    def sha256(self) -> str:
        """Of the PNG, hexadecimal."""
        return hashlib.sha256(self.png).hexdigest()


def normalise_source(
    content: bytes, purpose: UploadPurpose, *, max_megapixels: int
) -> NormalSource:
    """The picture in a file; raises RefusedSource."""
    try:
        picture, opacity = decode_layers(content, min_side=MIN_SIDE, max_megapixels=max_megapixels)
    except NotAPhoto as refused:
        raise RefusedSource(UploadRejection(refused.code.value)) from None
    screening = as_jpeg(picture)
    has_alpha = False
    if purpose is UploadPurpose.MASK_IMAGE:
        picture = picture.convert("L")
    elif opacity is not None and opacity.getextrema() != (255, 255):
        picture.putalpha(opacity)
        has_alpha = True
    return NormalSource(_as_png(picture), screening, picture.width, picture.height, has_alpha)


def _as_png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
