"""The watermark on pictures; its key is made by KMS, from a key that never leaves it.

Pillow and numpy are much of a function's start: they are imported with the first picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling
from lambdas.ports import CannotBeMarked, Trace

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from PIL.Image import Image

# What KMS is asked to authenticate. Another text would be another watermark: never change it.
_PURPOSE = b"invisible watermark, version 1"


def key_from(kms: Callable[[], KMSClient], key_arn: str) -> Callable[[], bytes]:
    """The watermark's 32 secret bytes, asked for once: GenerateMac of an HMAC key."""

    @cache
    def key() -> bytes:
        with calling("watermark key"):
            answer = kms().generate_mac(
                KeyId=key_arn, MacAlgorithm="HMAC_SHA_256", Message=_PURPOSE
            )
        return answer["Mac"]

    return key


class Watermarking:
    """Embeds a number in PNG files, and finds it in pictures."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def mark(self, png: bytes, number: int) -> bytes:
        """See `lambdas.ports.ImageMarking`."""
        import numpy as np
        from PIL import Image

        from lambdas.domain.watermark import embedding

        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            pixels = np.asarray(image.convert("RGB"))
        try:
            marked = embedding.embed(pixels, number, self._key())
        except embedding.CannotBeMarked:
            raise CannotBeMarked from None
        out = io.BytesIO()
        Image.fromarray(marked).save(out, "PNG")
        return out.getvalue()

    def find(self, picture: Image) -> Trace:
        """What the pixels of an RGB picture say."""
        import numpy as np

        from lambdas.domain.watermark.detection import detect
        from lambdas.domain.watermark.spectrum import luma

        found = detect(luma(np.asarray(picture)), self._key())
        ours = found.number is not None
        return Trace(number=found.number, ours=ours, hints=found.is_marked and not ours)
