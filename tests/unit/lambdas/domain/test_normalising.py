from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from lambdas.domain.normalising import MAX_SIDE, NormalPhoto, NotAPhoto
from lambdas.domain.normalising import normalise as normalise_at_most
from lambdas.domain.photo import RejectionCode
from lambdas.ports import MAX_IMAGE_BYTES
from tests.unit.lambdas.pictures import decoded, encoded, picture


def normalise(upload: bytes, *, min_side: int) -> NormalPhoto:
    return normalise_at_most(upload, min_side=min_side, max_megapixels=50)


def _rejection(upload: bytes, min_side: int = 64) -> RejectionCode:
    with pytest.raises(NotAPhoto) as caught:
        normalise(upload, min_side=min_side)
    return caught.value.code


def _near(pixel: object, colour: tuple[int, int, int], tolerance: int = 40) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_people_have_becomes_a_jpeg(kind: str) -> None:
    normal = normalise(encoded(kind=kind), min_side=64)
    image = decoded(normal.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (400, 300))
    assert (normal.width, normal.height) == (400, 300)
    assert _near(image.getpixel((200, 50)), (255, 0, 0))
    assert _near(image.getpixel((200, 250)), (0, 0, 255))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    source = Image.new("I;16", (100, 100), 65535) if mode == "I;16" else picture(100, 100, mode)
    image = decoded(normalise(encoded(source, kind), min_side=64).jpeg)
    assert (image.mode, image.size) == ("RGB", (100, 100))
    if mode == "I;16":
        assert _near(image.getpixel((50, 50)), (255, 255, 255))


def test_what_is_transparent_lies_on_white() -> None:
    source = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image = decoded(normalise(encoded(source, "PNG"), min_side=64).jpeg)
    assert _near(image.getpixel((50, 50)), (255, 255, 255))
    palette = Image.new("P", (100, 100), 0)
    palette.putpalette([0, 0, 255])
    image = decoded(normalise(encoded(palette, "PNG", transparency=0), min_side=64).jpeg)
    assert _near(image.getpixel((50, 50)), (255, 255, 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_as_its_camera_was_held(orientation: int) -> None:
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = picture() if undo is None else picture().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decoded(normalise(encoded(stored, exif=exif, quality=95), min_side=64).jpeg)
    assert image.size == (400, 300)
    assert _near(image.getpixel((20, 60)), (0, 255, 0))
    assert _near(image.getpixel((300, 60)), (255, 0, 0))
    assert _near(image.getpixel((300, 250)), (0, 0, 255))


def test_nothing_but_the_picture_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    jpeg = encoded(exif=exif, comment=b"SECRET-COMMENT", dpi=(72, 72), icc_profile=_wide_profile())
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "SECRET-AUTHOR")
    png = encoded(kind="PNG", pnginfo=notes)
    for upload in (jpeg, png):
        assert b"SECRET" in upload
        kept = normalise(upload, min_side=64).jpeg
        assert b"SECRET" not in kept
        image = decoded(kept)
        assert not image.getexif()
        assert {"exif", "comment", "icc_profile", "dpi"}.isdisjoint(image.info)


def _wide_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def _srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [b"no profile at all", _wide_profile(), _srgb_profile()])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_colour_profile_is_applied_or_ignored_but_never_fatal(profile: bytes, mode: str) -> None:
    upload = encoded(picture(mode=mode), "PNG", icc_profile=profile)
    assert decoded(normalise(upload, min_side=64).jpeg).mode == "RGB"


def test_a_large_photo_shrinks_and_keeps_its_shape() -> None:
    normal = normalise(encoded(picture(5000, 2500)), min_side=64)
    assert (normal.width, normal.height) == (MAX_SIDE, MAX_SIDE // 2)


def test_the_worst_picture_is_small_enough_to_be_screened() -> None:
    noise = Image.effect_noise((2600, 2600), 120)
    worst = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    normal = normalise(encoded(worst, "PNG", compress_level=1), min_side=64)
    assert len(normal.jpeg) <= MAX_IMAGE_BYTES


def test_too_few_pixels_are_too_small() -> None:
    assert _rejection(encoded(picture(400, 99)), min_side=100) is RejectionCode.TOO_SMALL
    assert normalise(encoded(picture(400, 100)), min_side=100).height == 100


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    def bomb(width: int, height: int) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        pixels = chunk(b"IDAT", zlib.compress(bytes(10_000)))
        return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")

    assert _rejection(bomb(9000, 9000)) is RejectionCode.TOO_LARGE
    assert _rejection(bomb(60_000, 60_000)) is RejectionCode.TOO_LARGE


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (b"", RejectionCode.UNREADABLE),
        (b"hello", RejectionCode.UNSUPPORTED_TYPE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", RejectionCode.UNSUPPORTED_TYPE),
        (b"%PDF-1.7", RejectionCode.UNSUPPORTED_TYPE),
        (encoded(kind="GIF"), RejectionCode.UNSUPPORTED_TYPE),
        (encoded(kind="BMP"), RejectionCode.UNSUPPORTED_TYPE),
        (b"\xff\xd8\xff", RejectionCode.UNREADABLE),
        (b"\x89PNG\r\n\x1a\n", RejectionCode.UNREADABLE),
        (b"RIFF\x00\x00\x00\x00WEBP", RejectionCode.UNREADABLE),
        (encoded()[:1500], RejectionCode.UNREADABLE),
        (encoded(kind="PNG")[:300], RejectionCode.UNREADABLE),
        (encoded(kind="WEBP")[:100], RejectionCode.UNREADABLE),
    ],
)
def test_what_is_no_picture_or_half_of_one_is_refused(upload: bytes, code: RejectionCode) -> None:
    assert _rejection(upload) is code


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=12),
    st.integers(0, 4000),
)
def test_damaged_files_are_refused_or_read_but_never_break_anything(
    kind: str, damage: list[tuple[int, int]], cut: int
) -> None:
    upload = bytearray(_SOUND[kind])
    for position, value in damage:
        upload[position % len(upload)] = value
    try:
        normal = normalise(bytes(upload[: len(upload) - cut % 200]), min_side=16)
    except NotAPhoto:
        return
    assert decoded(normal.jpeg).mode == "RGB"


_SOUND = {kind: encoded(picture(64, 48), kind) for kind in ("JPEG", "PNG", "WEBP")}
