"""Files that people and attackers upload, made by code: odd but sound, broken, hostile.

Each is named by what is odd about it. `PHOTO` in a name of `SOUND`: it must become a photo.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, PngImagePlugin

from tests.unit.lambdas.pictures import encoded, picture, portrait

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SCRIPT = b"<?php system($_GET['c']); ?><script>alert(1)</script>"


def chunk(kind: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    """A chunk of a PNG."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", crc or zlib.crc32(body))


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 2,
    pixels: bytes | None = None,
    before: bytes = b"",
) -> bytes:
    """A PNG by hand: `colour` 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA; `before` the pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if pixels is None:
        row = b"\0" + bytes(range(1, 1 + (width * channels * depth + 7) // 8 % 250)).ljust(
            (width * channels * depth + 7) // 8, b"\x80"
        )
        pixels = row * height
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        PNG_SIGNATURE
        + chunk(b"IHDR", header)
        + before
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims to be as large and holds next to nothing."""
    return png(width, height, pixels=bytes(10_000))


def scan_bomb(scans: int, side: int = 4096) -> bytes:
    """A progressive JPEG whose last scan comes again and again: small, and slow to decode."""
    plain = encoded(Image.new("RGB", (side, side)), progressive=True, quality=50)
    last = plain[plain.rindex(b"\xff\xda") : -2]
    return plain[:-2] + last * scans + b"\xff\xd9"


def animated(kind: str) -> bytes:
    """Three frames, the first of which is `picture()`."""
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("white", "black")]
    return encoded(picture(), kind, save_all=True, append_images=frames)


@cache
def polyglots() -> dict[str, bytes]:
    """Files that are a picture to one program and something else to another."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.py", SCRIPT)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SCRIPT.decode(), zip=False)
    return {
        "JPEG and ZIP": encoded() + archive.getvalue(),
        "JPEG with a script as comment": encoded(comment=SCRIPT),
        "JPEG with a page behind": encoded() + b"<html>" + SCRIPT + b"</html>",
        "PNG with a script as text": encoded(kind="PNG", pnginfo=notes),
        "PNG and ZIP": encoded(kind="PNG") + archive.getvalue(),
        "WebP with a script behind": encoded(kind="WEBP") + SCRIPT,
    }


@cache
def sound() -> dict[str, bytes]:
    """Odd, but pictures: each must become a photo."""
    exif = Image.Exif()
    exif[0x0112] = 99
    palette = picture(mode="P")
    clear = picture(mode="RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    return {
        "RGB of 16 bits": png(120, 90, depth=16),
        "RGBA of 16 bits": png(120, 90, depth=16, colour=6),
        "grey of 16 bits": png(120, 90, depth=16, colour=0),
        "grey and alpha of 16 bits": png(120, 90, depth=16, colour=4),
        "grey of 1 bit": png(120, 90, depth=1, colour=0),
        "grey of 2 bits": png(120, 90, depth=2, colour=0),
        "grey of 4 bits": png(120, 90, depth=4, colour=0),
        "CMYK JPEG": encoded(picture(mode="CMYK")),
        "grey JPEG": encoded(picture(mode="L")),
        "progressive JPEG": encoded(progressive=True),
        "JPEG with restarts": encoded(restart_marker_blocks=1),
        "JPEG of no subsampling": encoded(subsampling=0),
        "JPEG of impossible orientation": encoded(exif=exif),
        "JPEG with a broken EXIF block": encoded(
            exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 40
        ),
        "MPO of two pictures": encoded(picture(), "MPO", save_all=True, append_images=[picture()]),
        "animated PNG": animated("PNG"),
        "animated WebP": animated("WEBP"),
        "lossless WebP": encoded(kind="WEBP", lossless=True),
        "WebP with alpha": encoded(clear, "WEBP"),
        "PNG with alpha": encoded(clear, "PNG"),
        "palette": encoded(palette, "PNG"),
        "palette with transparencies": encoded(palette, "PNG", transparency=bytes(range(256))),
        "RGB with a transparent colour": encoded(picture(), "PNG", transparency=(255, 0, 0)),
        "one bit": encoded(picture(mode="1"), "PNG"),
        "text chunks": png(120, 90, before=chunk(b"tEXt", b"a\0" + b"b" * 5000) * 20),
        "a chunk that nobody knows": png(120, 90, before=chunk(b"vpAg", b"\0" * 9)),
        "a broken profile": png(120, 90, before=chunk(b"iCCP", b"x\0\0" + zlib.compress(b"x"))),
        **polyglots(),
    }


@cache
def broken() -> dict[str, bytes]:
    """No photo can come of these."""
    whole = encoded(kind="PNG")
    return {
        "nothing": b"",
        "one zero": b"\0",
        "half a JPEG": encoded()[: len(encoded()) // 2],
        "a third of a WebP": encoded(kind="WEBP")[:500],
        "PNG without pixels": PNG_SIGNATURE
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 99, 99, 8, 2, 0, 0, 0)),
        "PNG without a width": png(0, 99, pixels=b""),
        "PNG with a wrong checksum": whole[:29] + b"\0\0\0\0" + whole[33:],
        "PNG of an unknown colour": png(99, 99)[:25] + b"\x07" + png(99, 99)[26:],
        "PNG with a text that inflates without end": png(
            120, 90, before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(8_000_000)))
        ),
        "bomb of 81 megapixels": bomb(9000, 9000),
        "bomb of 3600 megapixels": bomb(60_000, 60_000),
        "strip of 50,000 pixels": encoded(Image.new("RGB", (50_000, 300)), "PNG"),
        "scan bomb": scan_bomb(200, side=512),
        "noise": random.Random(1).randbytes(4000),
        "JPEG's first bytes, then noise": b"\xff\xd8\xff\xe0" + random.Random(2).randbytes(4000),
        "RIFF of another kind": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
    }


@cache
def others() -> dict[str, bytes]:
    """Files of other types."""
    return {
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
        "AVIF": encoded(kind="AVIF"),
        "GIF": encoded(kind="GIF"),
        "BMP": encoded(kind="BMP"),
        "TIFF": encoded(kind="TIFF"),
        "ICO": encoded(picture(64, 64), "ICO"),
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "PDF": b"%PDF-1.7\n%\xe2\xe3\n",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "HTML": b"<html>" + SCRIPT,
        "ZIP": b"PK\x03\x04" + bytes(100),
        "program": b"\x7fELF" + bytes(100),
    }


def mutations(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Sound files with bytes changed, taken out, doubled or cut off; the same for one seed."""
    dice = random.Random(seed)
    small = portrait(side=96)
    seeds = {
        "JPEG": encoded(small, exif=_exif()),
        "progressive JPEG": encoded(small, progressive=True),
        "PNG": encoded(small, "PNG"),
        "palette PNG": encoded(small.convert("P"), "PNG", transparency=bytes(99)),
        "WebP": encoded(small, "WEBP", exif=_exif()),
        "lossless WebP": encoded(small, "WEBP", lossless=True),
        "animated WebP": encoded(small, "WEBP", save_all=True, append_images=[small.rotate(9)]),
    }
    for number in range(count):
        name = dice.choice(sorted(seeds))
        data = bytearray(seeds[name])
        for _ in range(dice.randint(1, 6)):
            # Most of what a decoder decides on stands at the beginning.
            place = dice.randrange(min(len(data), dice.choice((64, 700, len(data)))))
            match dice.randrange(4):
                case 0:
                    data[place] = dice.randrange(256)
                case 1:
                    data[place : place + 4] = dice.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff"))
                case 2:
                    del data[place : place + dice.randint(1, 40)]
                case _:
                    data[place:place] = data[place : place + dice.randint(1, 40)]
        yield (
            f"{number}: {name}",
            bytes(
                data[
                    : dice.choice((len(data), len(data), len(data), dice.randrange(len(data)))) or 1
                ]
            ),
        )


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "camera"
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def carried() -> list[Path]:
    """The pictures that installed packages carry for their own tests and examples."""
    found = []
    for package, folder in (
        ("skimage", "data"),
        ("sklearn", "datasets"),
        ("matplotlib", "mpl-data"),
    ):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            root = Path(spec.origin).parent / folder
            found += [path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES]
    return sorted(found)


_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".svg"}
