"""Cards and phrases in the spirit of payment test numbers: always found unsafe, and harmless.

With them the blocked paths can be shown without unsafe content. They mean nothing to AWS.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

SIZE = 512
MARKERS = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_6X6_250)
MARKER_IDS = (171, 172, 173, 174)
TOXIC_PHRASE = "local test phrase: treat these words as toxic"

_MARKER_SIDE = 140
_NEAR, _FAR = 80, SIZE - 80 - _MARKER_SIDE  # a margin of 80 may be cropped away
_CORNERS = ((_NEAR, _NEAR), (_FAR, _NEAR), (_NEAR, _FAR), (_FAR, _FAR))


def unsafe_card() -> Image.Image:
    """A drawn card, 512 × 512 RGB, that the local DetectModerationLabels calls unsafe."""
    card = Image.new("RGB", (SIZE, SIZE), "white")
    for number, corner in zip(MARKER_IDS, _CORNERS, strict=True):
        drawn = cv2.aruco.generateImageMarker(MARKERS, number, _MARKER_SIDE)
        card.paste(Image.fromarray(np.asarray(drawn)).convert("RGB"), corner)
    pen = ImageDraw.Draw(card)
    pen.rectangle((4, 4, SIZE - 5, SIZE - 5), outline=(200, 30, 30), width=8)
    pen.text(
        (SIZE / 2, SIZE / 2), "TEST CARD: UNSAFE", fill=(200, 30, 30), anchor="mm", font_size=36
    )
    return card
