"""From whatever was uploaded to the one form in which photos are kept: an upright sRGB JPEG without
metadata, at most `MAX_SIDE` pixels a side and 5 MB, so that what was screened is what is kept.

The bytes come from anyone. The type is what the content says, dimensions are read before a pixel is
decoded, pictures are made small before anything else is done with them, and whatever a decoder
stumbles over makes the photo unreadable, never the function fail.

    file                  picture
    16 bits, CMYK, …      8-bit sRGB, its colour profile applied
    transparent           on white
    animated, several     the first picture
    what follows the end, metadata, thumbnails    left behind
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageCms, UnidentifiedImageError

from lambdas.domain.photo import RejectionCode

# Twice what any base model trains at: crops keep their detail, and a phone's 12 megapixels shrink.
MAX_SIDE = 2048
_FORMATS = ("JPEG", "PNG", "WEBP")
# 2048 x 2048 of pure noise, the worst case, are 4.3 MB: what Rekognition takes is never exceeded.
_QUALITY = 95
# A progressive JPEG has about ten scans. Each is a pass over all pixels and needs but 33 bytes:
# 10 MB of them, at 10 ms a pass over 16 megapixels (measured), keep a decoder busy for an hour.
_MAX_SCANS = 64
_START_OF_SCAN = b"\xff\xda"
# Profiles of cameras and screens have a few kilobytes, those of presses up to two megabytes.
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_PALETTES = {"1", "P", "PA"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
# A file names a dozen brands at most.
_MAX_FTYP_BYTES = 256


class NotAPhoto(Exception):  # noqa: N818 - a verdict
    """The upload cannot become a photo; `code` says why. `heic`: it is what phones take."""

    def __init__(self, code: RejectionCode, *, heic: bool = False) -> None:
        super().__init__(code.value)
        self.code = code
        self.heic = heic


@dataclass(frozen=True)
class NormalPhoto:
    """A JPEG, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def normalise(upload: bytes, *, min_side: int, max_megapixels: int) -> NormalPhoto:
    """The photo in an upload; raises NotAPhoto."""
    picture = decode(upload, min_side=min_side, max_megapixels=max_megapixels)
    with _rejecting_what_stumbles():
        return NormalPhoto(as_jpeg(picture), picture.width, picture.height)


def decode(upload: bytes, *, min_side: int, max_megapixels: int) -> Image.Image:
    """The picture in an upload: upright 8-bit sRGB of at most MAX_SIDE a side; raises NotAPhoto."""
    return decode_layers(upload, min_side=min_side, max_megapixels=max_megapixels)[0]


def decode_layers(
    upload: bytes, *, min_side: int, max_megapixels: int
) -> tuple[Image.Image, Image.Image | None]:
    """The same on white, and how opaque it was: grey, 255 opaque; None where nothing could be."""
    with _rejecting_what_stumbles(), _opened(upload) as image:
        _demand_size(image.width, image.height, min_side, max_megapixels)
        # A JPEG can be decoded at a half or a quarter: 50 megapixels in little memory.
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        image.load()
        return _flat_srgb(_small(image))


@contextmanager
def _rejecting_what_stumbles() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NotAPhoto:
        raise
    except Image.DecompressionBombError:
        raise NotAPhoto(RejectionCode.TOO_LARGE) from None
    except Exception:  # noqa: BLE001 - decoders raise anything on such bytes; a retry changes nothing
        raise NotAPhoto(RejectionCode.UNREADABLE) from None


def _opened(upload: bytes) -> Image.Image:
    # In a scan's data, 0xff is followed by 0x00 or a restart: this counts markers only.
    if not upload or (_is_jpeg(upload) and upload.count(_START_OF_SCAN) > _MAX_SCANS):
        raise NotAPhoto(RejectionCode.UNREADABLE)
    try:
        return Image.open(io.BytesIO(upload), formats=_FORMATS)
    except UnidentifiedImageError:
        code = (
            RejectionCode.UNREADABLE
            if _claims_to_be_ours(upload)
            else RejectionCode.UNSUPPORTED_TYPE
        )
        raise NotAPhoto(code, heic=_is_heic(upload)) from None


def _is_heic(upload: bytes) -> bool:
    """ISO/IEC 23008-12, annex B.4: the major brand, or a general one with it among the others."""
    if upload[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(upload[:4]), _MAX_FTYP_BYTES)
    # Major brand, version, then the compatible brands, four bytes each.
    brands = {upload[start : start + 4] for start in (8, *range(16, end, 4))}
    return bool(brands & _HEIC_BRANDS)


def _claims_to_be_ours(upload: bytes) -> bool:
    return (
        _is_jpeg(upload)
        or upload.startswith(b"\x89PNG\r\n\x1a\n")
        or (upload[:4] == b"RIFF" and upload[8:12] == b"WEBP")
    )


def _is_jpeg(upload: bytes) -> bool:
    return upload.startswith(b"\xff\xd8\xff")


def _demand_size(width: int, height: int, min_side: int, max_megapixels: int) -> None:
    """Before decoding: neither too many pixels, nor too few on the shorter side of what is kept."""
    if width * height > max_megapixels * 1_000_000:
        raise NotAPhoto(RejectionCode.TOO_LARGE)
    shrinking = min(1.0, MAX_SIDE / max(width, height))
    if min(width, height) * shrinking < min_side:
        raise NotAPhoto(RejectionCode.TOO_SMALL)


def _small(image: Image.Image) -> Image.Image:
    """Upright, at most MAX_SIDE pixels a side, with 8 bits a channel and no palette."""
    orientation = image.getexif().get(_ORIENTATION)
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        # 16-bit greys: Pillow would clip them instead of scaling. Their profile fits them no more.
        image, profile = image.convert("I").point(lambda value: value / 256).convert("L"), None
    elif image.mode in _PALETTES or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    upright = image if turn is None else image.transpose(turn)
    upright.info = {"icc_profile": profile} if profile else {}
    return upright


_ORIENTATION = 0x0112  # EXIF 2.3, tag 274
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _flat_srgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """8-bit sRGB on white, whatever the mode and the colour profile were, and its opacity."""
    profile = image.info.get("icc_profile")
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        image = _in_srgb(image, profile)
    opacity = None
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        opacity = layered.getchannel("A")
        ground = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(ground, layered)
    flat = image.convert("RGB")
    flat.info.clear()
    return flat, opacity


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=mode,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError):
        return image  # a broken profile: colours a little off are better than no photo
    return converted or image


def as_jpeg(picture: Image.Image) -> bytes:
    """An RGB picture of at most MAX_SIDE a side as Rekognition takes it."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, subsampling="4:2:0")
    return out.getvalue()
