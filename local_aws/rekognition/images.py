"""Images as Rekognition takes them: JPEG or PNG, as bytes or as an S3 object."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from local_aws import seam

# Amazon Rekognition developer guide, "Guidelines and quotas".
MAX_BYTES = 5 * 1024 * 1024
MAX_S3_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 10_000 * 10_000

Pixels = NDArray[np.uint8]  # height × width × 3, blue-green-red


def _invalid() -> seam.AwsError:
    return seam.AwsError("InvalidImageFormatException", "Request has invalid image format")


def _too_large(size: int, limit: int) -> seam.AwsError:
    return seam.AwsError(
        "ImageTooLargeException", f"Image size {size} bytes is larger than {limit} bytes"
    )


def _content(image: Any, caller: seam.Caller) -> tuple[bytes, int]:
    """The encoded image and the size limit for the way that it came."""
    if not isinstance(image, dict):
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    if "Bytes" in image:
        try:
            return base64.b64decode(image["Bytes"], validate=True), MAX_BYTES
        except (binascii.Error, TypeError):
            raise _invalid() from None
    place = image.get("S3Object") or {}
    if not place.get("Bucket") or not place.get("Name"):
        raise seam.AwsError("InvalidParameterException", "Request has invalid parameters")
    content = seam.read_object(caller, place["Bucket"], place["Name"], place.get("Version"))
    return content, MAX_S3_BYTES


def read(image: Any, caller: seam.Caller) -> Pixels:
    """Decode the `Image` parameter of a request; EXIF orientation is applied, as AWS does.

    AWS refuses sides under 80 pixels; here they are accepted, because the miniature base model
    draws 64.

    Raises:
        AwsError: `InvalidImageFormatException`, `ImageTooLargeException`,
            `InvalidParameterException`, `InvalidS3ObjectException` or `AccessDeniedException`.
    """
    content, limit = _content(image, caller)
    if len(content) > limit:
        raise _too_large(len(content), limit)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
            width, height = opened.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise _invalid() from None
    if width * height > MAX_PIXELS:
        raise _too_large(len(content), limit)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise _invalid()
    return np.asarray(pixels, np.uint8)
