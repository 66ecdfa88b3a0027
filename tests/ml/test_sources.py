"""What a request brings along is fetched, checked and decoded, or refused with a code."""

import dataclasses
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contract.generation import GenerationRequest
from contract.generation_source import (
    MAX_SOURCE_BYTES,
    ImageReference,
    Mask,
    MaskSource,
    Outpaint,
    SourceImage,
)
from contract.s3_location import S3Location
from inference.canvas import canvas_for
from inference.errors import ServingError
from inference.sources import Sources
from tests.ml.serving import WORK, MemoryStore, images, png, refusal, request, serve

PLAIN = np.full((64, 64, 3), 90, np.uint8)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def asking(base: Path, image: ImageReference) -> GenerationRequest:
    return dataclasses.replace(request(base, steps=1), source=SourceImage(image, 0.5))


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def a_png_of(width: int, height: int) -> bytes:
    """A header that promises this size, and no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        png(PLAIN)[:60],
        a_png_of(100_000, 100_000),
        a_png_of(4097, 4096),
        encoded(Image.new("RGB", (64, 64)), "WEBP"),
        encoded(Image.new("RGB", (64, 64)), "GIF"),
        encoded(Image.new("I;16", (64, 64)), "PNG"),
        png(PLAIN) + bytes(MAX_SOURCE_BYTES),
    ],
    ids=["empty", "text", "cut", "bomb", "large", "webp", "gif", "sixteen bits", "heavy"],
)
def test_what_cannot_be_a_source_is_corrupt(store: MemoryStore, content: bytes) -> None:
    with pytest.raises(ServingError) as caught:
        Sources(store).picture(store.add_image("source", content))
    assert caught.value.error.code == "source_corrupt"


def test_a_source_fails_its_request_with_its_code_and_no_other(
    sd_base: Path, store: MemoryStore, tmp_path: Path
) -> None:
    server = serve(sd_base, store, tmp_path)
    good = store.add_image("source", PLAIN)
    mask = store.add_image("mask", PLAIN[..., 0])
    gone = ImageReference(S3Location.parse(f"{WORK}usr/none.png"), good.sha256)
    other = dataclasses.replace(good, sha256="0" * 64)
    assert refusal(server, asking(sd_base, gone)).code == "source_missing"
    assert refusal(server, asking(sd_base, other)).code == "source_corrupt"
    masked = dataclasses.replace(
        asking(sd_base, good), mask=Mask(MaskSource.MASK_IMAGE_WHITE, gone)
    )
    assert refusal(server, masked).code == "source_missing"
    masked = dataclasses.replace(masked, mask=Mask(MaskSource.MASK_IMAGE_WHITE, mask))
    store.broken = True
    assert refusal(server, masked).code == "storage_unavailable"
    store.broken = False
    assert images(server, masked)


@pytest.mark.parametrize("uri", ["s3://models/adapters/a/b.png", "s3://work/generations/"])
def test_a_source_or_mask_from_elsewhere_is_refused_unread(
    sd_base: Path, store: MemoryStore, tmp_path: Path, uri: str
) -> None:
    server = serve(sd_base, store, tmp_path)
    elsewhere = ImageReference(S3Location.parse(uri), "0" * 64)
    good = store.add_image("source", PLAIN)
    assert refusal(server, asking(sd_base, elsewhere)).code == "address_refused"
    mask = Mask(MaskSource.MASK_IMAGE_BLACK, elsewhere)
    masked = dataclasses.replace(asking(sd_base, good), mask=mask)
    assert refusal(server, masked).code == "address_refused"
    assert store.reads == []


@pytest.mark.parametrize(
    "large",
    [
        {"width": 2048, "outpaint": Outpaint(left=8)},
        {"height": 1024, "outpaint": Outpaint(up=520, down=512)},
        {"width": 1024, "height": 1032, "upscale": 4, "seeds": (1, 2, 3, 4)},
        {"width": 1024, "height": 1024, "outpaint": Outpaint(1024), "upscale": 4, "seeds": (1, 2)},
    ],
)
def test_a_canvas_that_would_be_too_large_is_refused_unread(
    sd_base: Path, store: MemoryStore, large: dict[str, Any]
) -> None:
    asked = dataclasses.replace(asking(sd_base, store.add_image("source", PLAIN)), **large)
    with pytest.raises(ServingError) as caught:
        canvas_for(asked, Sources(store))
    assert caught.value.error.code == "request_invalid"
    assert store.reads == []


def test_jpeg_grey_and_palette_are_pictures_and_a_turned_one_stands_up(store: MemoryStore) -> None:
    wide = Image.new("RGB", (80, 64), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    sources = Sources(store)
    for content, size in (
        (encoded(wide, "JPEG"), (80, 64)),
        (encoded(wide, "JPEG", exif=exif), (64, 80)),
        (encoded(wide.convert("L"), "PNG"), (80, 64)),
        (encoded(wide.convert("P"), "PNG"), (80, 64)),
        (encoded(wide.convert("CMYK"), "JPEG"), (80, 64)),
    ):
        picture = sources.picture(store.add_image("source", content))
        assert (picture.mode, picture.size) == ("RGBA", size)


def test_what_is_added_begins_like_what_is_beside_it(sd_base: Path, store: MemoryStore) -> None:
    picture = np.where(np.arange(64)[None, :, None] < 32, (200, 20, 20), (20, 20, 200))
    source = store.add_image("source", np.broadcast_to(picture, (64, 64, 3)).astype(np.uint8))
    asked = dataclasses.replace(asking(sd_base, source), outpaint=Outpaint(left=8, right=8))
    canvas = canvas_for(asked, Sources(store))
    assert canvas is not None
    assert canvas.size == (80, 64)
    red, blue = canvas.pixels[:, :8].mean((0, 1)), canvas.pixels[:, -8:].mean((0, 1))
    assert red[0] > 150 > red[2]
    assert blue[2] > 150 > blue[0]


def test_what_is_transparent_begins_like_what_is_round_it(
    sd_base: Path, store: MemoryStore
) -> None:
    picture = np.dstack([np.broadcast_to((20, 200, 20), (64, 64, 3)), np.full((64, 64), 255)])
    picture[24:40, 24:40] = (255, 0, 255, 0)
    asked = asking(sd_base, store.add_image("source", picture.astype(np.uint8)))
    cut = dataclasses.replace(asked, mask=Mask(MaskSource.INIT_IMAGE_ALPHA, None))
    canvas = canvas_for(cut, Sources(store))
    assert canvas is not None
    assert np.abs(canvas.pixels.astype(int) - (20, 200, 20)).max() <= 4
    # Without a mask it is a picture on white.
    plain = canvas_for(asked, Sources(store))
    assert plain is not None
    assert (plain.pixels[30, 30] == 255).all()
