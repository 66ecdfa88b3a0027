"""From whatever was uploaded to the one form in which photos are kept: an upright sRGB JPEG without
metadata, at most `MAX_SIDE` pixels a side and 5 MB, so that what was screened is what is kept.

The bytes come from anyone. The type is what the content says, dimensions are read before a pixel is
decoded, and whatever Pillow stumbles over makes the photo unreadable, never the function fail.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from lambdas.domain.photo import MAX_MEGAPIXELS, RejectionCode

# Twice what any base model trains at: crops keep their detail, and a phone's 12 megapixels shrink.
MAX_SIDE = 2048
_FORMATS = ("JPEG", "PNG", "WEBP")
# 2048 x 2048 of pure noise, the worst case, are 4.3 MB: what Rekognition takes is never exceeded.
_QUALITY = 95
# What Pillow's decoders raise on malformed data.
_STUMBLES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)


class NotAPhoto(Exception):  # noqa: N818 - a verdict
    """The upload cannot become a photo; `code` says why."""

    def __init__(self, code: RejectionCode) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True)
class NormalPhoto:
    """A JPEG, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def normalise(upload: bytes, *, min_side: int) -> NormalPhoto:
    """The photo in an upload; raises NotAPhoto."""
    with _rejecting_what_stumbles():
        with _opened(upload) as image:
            if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
                raise NotAPhoto(RejectionCode.TOO_LARGE)
            if min(image.size) < min_side:
                raise NotAPhoto(RejectionCode.TOO_SMALL)
            # A JPEG can be decoded at a half or a quarter: 50 megapixels in little memory.
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            image.load()
            picture = _flat_srgb(ImageOps.exif_transpose(image))
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return NormalPhoto(_encoded(picture), picture.width, picture.height)


@contextmanager
def _rejecting_what_stumbles() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError:
        raise NotAPhoto(RejectionCode.TOO_LARGE) from None
    except _STUMBLES:
        raise NotAPhoto(RejectionCode.UNREADABLE) from None


def _opened(upload: bytes) -> Image.Image:
    if not upload:
        raise NotAPhoto(RejectionCode.UNREADABLE)
    try:
        return Image.open(io.BytesIO(upload), formats=_FORMATS)
    except UnidentifiedImageError:
        code = (
            RejectionCode.UNREADABLE
            if _claims_to_be_ours(upload)
            else RejectionCode.UNSUPPORTED_TYPE
        )
        raise NotAPhoto(code) from None


def _claims_to_be_ours(upload: bytes) -> bool:
    return upload.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (
        upload[:4] == b"RIFF" and upload[8:12] == b"WEBP"
    )


def _flat_srgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB on white, whatever the mode and the colour profile were."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        # 16-bit greys: Pillow would clip them instead of scaling.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
        profile = None
    if profile and image.mode in {"RGB", "RGBA", "L", "CMYK"}:
        image = _in_srgb(image, profile)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(ground, layered)
    flat = image.convert("RGB")
    flat.info.clear()
    return flat


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=mode,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile: colours a little off are better than no photo
    return converted or image


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, subsampling="4:2:0")
    return out.getvalue()
