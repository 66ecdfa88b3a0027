"""Cards and phrases in the spirit of payment test numbers: always answered alike, and harmless.

With them the blocked paths can be shown without unsafe content, a child or a celebrity. A card is
four printed markers; the detectors of the embedded AWS know them, they mean nothing to AWS.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from PIL import Image, ImageDraw

SIZE = 512
MARKERS = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_6X6_250)
TOXIC_PHRASE = "local test phrase: treat these words as toxic"

_MARKER_SIDE = 140
_NEAR, _FAR = 80, SIZE - 80 - _MARKER_SIDE  # a margin of 80 may be cropped away
_CORNERS = ((_NEAR, _NEAR), (_FAR, _NEAR), (_NEAR, _FAR), (_FAR, _FAR))
_STAMP = 0.15  # side of a stamped marker, as a share of the picture's shorter side


class Card(Enum):
    """What a card makes the local detectors say; the value is its four markers."""

    UNSAFE = (171, 172, 173, 174)  # DetectModerationLabels: explicit
    MINOR = (181, 182, 183, 184)  # DetectFaces: the age range of a child
    CELEBRITY = (191, 192, 193, 194)  # RecognizeCelebrities: somebody famous
    TEXT = (201, 202, 203, 204)  # nothing but its words
    TOXIC = (211, 212, 213, 214)  # its words are the toxic phrase

    @property
    def words(self) -> str:
        """What is printed on the card; DetectText reads it."""
        return TOXIC_PHRASE if self is Card.TOXIC else f"TEST CARD: {self.name}"


def unsafe_card() -> Image.Image:
    """A drawn card, 512 × 512 RGB, that the local DetectModerationLabels calls unsafe."""
    card = Image.new("RGB", (SIZE, SIZE), "white")
    for number, corner in zip(Card.UNSAFE.value, _CORNERS, strict=True):
        card.paste(_marker(number, _MARKER_SIDE), corner)
    pen = ImageDraw.Draw(card)
    pen.rectangle((4, 4, SIZE - 5, SIZE - 5), outline=(200, 30, 30), width=8)
    pen.text((SIZE / 2, SIZE / 2), Card.UNSAFE.words, fill=(200, 30, 30), anchor="mm", font_size=36)
    return card


def stamped(picture: Image.Image, card: Card) -> Image.Image:
    """A portrait with a card's markers in its corners and its words below: the face stays free."""
    marked = picture.convert("RGB")
    width, height = marked.size
    side = round(_STAMP * min(width, height))
    edge = side + 2 * (side // 6)  # with the white margin that makes a marker readable
    corners = ((0, 0), (width - edge, 0), (0, height - edge), (width - edge, height - edge))
    pen = ImageDraw.Draw(marked)
    for number, (left, top) in zip(card.value, corners, strict=True):
        pen.rectangle((left, top, left + edge - 1, top + edge - 1), fill="white")
        marked.paste(_marker(number, side), (left + side // 6, top + side // 6))
    strip = (edge, height - edge // 3, width - edge - 1, height - 1)
    pen.rectangle(strip, fill="white")
    middle = ((strip[0] + strip[2]) / 2, (strip[1] + strip[3]) / 2)
    pen.text(middle, card.words, fill=(200, 30, 30), anchor="mm", font_size=max(6, edge // 5))
    return marked


def _marker(number: int, side: int) -> Image.Image:
    drawn = cv2.aruco.generateImageMarker(MARKERS, number, side)
    return Image.fromarray(np.asarray(drawn)).convert("RGB")
