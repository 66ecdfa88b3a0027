"""Files that are no photo, or too large or small for one, and photos that are there already."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import cycle

import cv2
import numpy as np
from PIL import Image

from benchmarks.photo_screening.shot import Pixels, encoded

Named = tuple[str, bytes]


def unreadable(photo: Pixels) -> list[Named]:
    """Files that claim to be ours, and break off or hold rubbish."""
    jpeg, png, webp = (encoded(photo, name) for name in ("JPEG", "PNG", "WEBP"))
    noise = np.random.default_rng(1).bytes(4000)
    return [
        ("JPEG, its first half", jpeg[: len(jpeg) // 2]),
        ("JPEG, its first 200 bytes", jpeg[:200]),
        ("JPEG, only a start and noise", jpeg[:4] + noise),
        ("PNG, its first half", png[: len(png) // 2]),
        ("PNG, noise amid its pixels", png[:5000] + noise + png[9000:]),
        ("WebP, its first half", webp[: len(webp) // 2]),
    ]


def unsupported(photo: Pixels) -> list[Named]:
    """What people also have on their devices."""
    others = [(name, encoded(photo, name)) for name in ("GIF", "BMP", "TIFF")]
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(4000)
    return [
        *others,
        ("the head of a HEIC", heic),
        ("PDF", b"%PDF-1.7\n" + bytes(4000)),
        ("text", b"not a picture at all\n" * 100),
    ]


def too_small(photo: Pixels) -> list[Named]:
    """Thumbnails and strips."""
    sizes = ((64, 64), (160, 160), (240, 240), (200, 576), (576, 120), (3000, 150))
    return [
        (f"{width} × {height} pixels", encoded(_resized(photo, width, height)))
        for width, height in sizes
    ]


def too_large(photo: Pixels) -> list[Named]:
    """Too many bytes, or too many pixels."""
    jpeg = encoded(photo)
    noise = np.random.default_rng(2).integers(0, 256, (2000, 2000, 3)).astype(np.uint8)
    found = [
        ("12 MB after the picture's end", jpeg + bytes(12 * 2**20)),
        ("12 MB of noise as PNG", encoded(noise, "PNG")),
        ("16 MB after the picture's end", jpeg + bytes(16 * 2**20)),
    ]
    for width, height in ((8000, 6600), (12000, 5000), (20000, 3000)):
        out = io.BytesIO()
        Image.new("L", (width, height), 128).save(out, "PNG")
        found.append((f"{width} × {height} pixels", out.getvalue()))
    return found


def near_duplicates(photo: Pixels) -> list[Named]:
    """A photo that is there already, changed as pictures are on their way through others' hands."""
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 1.0, 1.0)
    turned = cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    cuts = {share: (round(share * height), round(share * width)) for share in (0.02, 0.05)}
    trimmed = {share: photo[y : height - y, x : width - x] for share, (y, x) in cuts.items()}
    brighter = np.clip(photo * 1.12, 0, 255).astype(np.uint8)
    return [
        ("the same file", encoded(photo)),
        ("saved at quality 20", encoded(photo, quality=20)),
        ("a twelfth larger", encoded(_resized(photo, width * 13 // 12, height * 13 // 12))),
        ("brighter", encoded(brighter)),
        ("trimmed by 2 %", encoded(np.ascontiguousarray(trimmed[0.02]))),
        ("trimmed by 5 %", encoded(np.ascontiguousarray(trimmed[0.05]))),
        ("turned by a degree", encoded(np.asarray(turned, np.uint8))),
    ]


def of_each(photos: Sequence[Pixels]) -> list[Named]:
    """The changes in turn, each of another photo while there are some."""
    made = [near_duplicates(photo) for photo in photos]
    return (
        [row[n] for n, row in zip(range(len(made[0])), cycle(made), strict=False)] if made else []
    )


def _resized(photo: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
