"""What denoising begins with: the source on its canvas, and which part of it is repainted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from contract.generation import MAX_SIDE, GenerationRequest
from contract.generation_result import MAX_RESPONSE_BYTES
from contract.generation_source import Mask, MaskSource, Outpaint
from inference.errors import RequestRefusedError
from inference.sources import Sources

Pixels = NDArray[np.uint8]
"""(height, width, 3), red, green, blue."""
Levels = NDArray[np.uint8]
"""(height, width), 0 to 255."""

# What is nearly black or white in a mask is meant to be: JPEG and scaling blur it.
_SLACK = 24
# Three, in base64.
_BYTES_A_PIXEL = 4
# What is filled in is blurred over this share of the longer side: a hint of colour, no content.
_BLUR = 1 / 32


@dataclass(frozen=True)
class Canvas:
    """`repainted` is 0 where the source stays, 255 where it may change; None: everywhere."""

    pixels: Pixels
    repainted: Levels | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def composed(self, drawn: Pixels) -> Pixels:
        """`drawn` where it is repainted; where nothing is, the canvas bit for bit."""
        if self.repainted is None:
            return drawn
        share = self.repainted[..., None].astype(np.float32) / 255
        mixed = np.rint(self.pixels * (1 - share) + drawn * share).astype(np.uint8)
        return np.where(share > 0, mixed, self.pixels)


def canvas_for(request: GenerationRequest, sources: Sources) -> Canvas | None:
    """The canvas of a request with a source; None for one without.

    Raises RequestRefusedError, GenerationFailedError (storage).
    """
    _demand_room(request)
    if request.source is None:
        return None
    whole = sources.picture(request.source.image)
    picture = fitted(whole, request.width, request.height)
    if request.outpaint is not None:
        return _extended(_opaque(picture), request.outpaint)
    if request.mask is None:
        return Canvas(_opaque(picture))
    return _masked(picture, whole.size, request.mask, sources)


def fitted(
    picture: Image.Image,
    width: int,
    height: int,
    resampling: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """Scaled until it covers width × height, and cropped round the centre."""
    return ImageOps.fit(picture, (width, height), resampling)


def _demand_room(request: GenerationRequest) -> None:
    """The API refuses these earlier; here they would cost the process its memory."""
    width, height = (request.outpaint or Outpaint()).around(request.width, request.height)
    if max(width, height) > MAX_SIDE:
        raise RequestRefusedError(
            "request_invalid", f"The enlarged canvas exceeds {MAX_SIDE} pixels a side."
        )
    pixels = width * height * (request.upscale or 1) ** 2
    if len(request.seeds) * pixels * _BYTES_A_PIXEL > MAX_RESPONSE_BYTES:
        raise RequestRefusedError("request_invalid", "The pictures are too large for an answer.")


def _opaque(picture: Image.Image) -> Pixels:
    """On white, as viewers show it."""
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB"))


def _extended(inner: Pixels, added: Outpaint) -> Canvas:
    """The source amid its own reflection, blurred."""
    sides = ((added.up, added.down), (added.left, added.right))
    mirrored = Image.fromarray(np.pad(inner, (*sides, (0, 0)), mode="symmetric"))
    pixels = np.array(mirrored.filter(_blur(mirrored)))
    height, width = inner.shape[:2]
    pixels[added.up : added.up + height, added.left : added.left + width] = inner
    inside = np.zeros((height, width), np.uint8)
    return Canvas(pixels, np.pad(inside, sides, constant_values=255))


def _masked(
    picture: Image.Image, original: tuple[int, int], mask: Mask, sources: Sources
) -> Canvas:
    if mask.image is None:
        return _cut_out(picture)
    shape = sources.picture(mask.image).convert("RGB").convert("L")
    if mask.source is MaskSource.MASK_IMAGE_BLACK:
        shape = ImageOps.invert(shape)
    # Laid over the source as it came, so that both are cropped alike.
    if shape.size != original:
        shape = shape.resize(original, Image.Resampling.BILINEAR)
    shape = fitted(shape, *picture.size, Image.Resampling.BILINEAR)
    return Canvas(_opaque(picture), np.asarray(shape.point(_decided)))


def _decided(level: float) -> float:
    return (level - _SLACK) * 255 / (255 - 2 * _SLACK)


def _cut_out(picture: Image.Image) -> Canvas:
    """What is transparent is repainted; it begins with the colours round it, not hidden ones."""
    mean = picture.resize((1, 1), Image.Resampling.BOX)
    ground = Image.new("RGBA", picture.size, mean.convert("RGB").getpixel((0, 0)))
    # Blurred with its colours weighted by opacity ("RGBa"): hidden ones do not bleed in.
    near = picture.convert("RGBa").filter(_blur(picture)).convert("RGBA")
    filled = np.asarray(Image.alpha_composite(ground, near))[..., :3]
    levels = np.asarray(picture)
    seen = levels[..., 3:] > 0
    return Canvas(np.where(seen, levels[..., :3], filled), 255 - levels[..., 3])


def _blur(picture: Image.Image) -> ImageFilter.GaussianBlur:
    return ImageFilter.GaussianBlur(max(picture.size) * _BLUR)
