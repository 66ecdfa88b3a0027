"""One picture of the whole tour: the photos with their verdicts, and the avatars."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

if TYPE_CHECKING:
    from demo.journey import Gallery

INK, PAPER, GOOD, BAD, QUIET = "#20242b", "#f7f6f2", "#2f8f5b", "#c0392b", "#7b8290"
TILE, GAP, MARGIN, COLUMNS = 150, 14, 36, 5
ROOM_FOR_WORDS = 66
ROOM_FOR_HEADING = 34
AVATAR = (TILE * COLUMNS + GAP * (COLUMNS - 1) - GAP * 3) // 4


def draw(gallery: Gallery, caption: str) -> Image.Image:
    """Photos in rows of five, each framed by its verdict; then the avatars, larger, row by row."""
    rows = -(-len(gallery.uploads) // COLUMNS)
    photos_height = rows * (TILE + 24 + GAP)
    width = 2 * MARGIN + COLUMNS * TILE + (COLUMNS - 1) * GAP
    avatars = [(caption, gallery.avatars), ("", gallery.variety)]
    if gallery.remade:
        avatars.append(("From the subject's own avatar", gallery.remade))
    headings = sum(bool(heading) for heading, _ in avatars) * ROOM_FOR_HEADING
    avatars_height = headings + len(avatars) * (AVATAR + ROOM_FOR_WORDS)
    height = MARGIN + 70 + photos_height + 8 + avatars_height + MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN - 10), "From photos to avatars", INK, _font(30))
    pen.text((MARGIN, MARGIN + 34), "Uploads, each with its verdict", QUIET, _font(17))
    top = MARGIN + 70
    for index, (upload, state, code) in enumerate(gallery.uploads):
        x = MARGIN + (index % COLUMNS) * (TILE + GAP)
        y = top + (index // COLUMNS) * (TILE + 24 + GAP)
        good = state == "accepted"
        _framed(sheet, _open(upload.content), (x, y), TILE, GOOD if good else BAD)
        pen.text((x, y + TILE + 4), state if good else code, GOOD if good else BAD, _font(15))
    top += photos_height + 8
    for heading, row in avatars:
        if heading:
            pen.text((MARGIN, top), heading, QUIET, _font(17))
            top += ROOM_FOR_HEADING
        for index, (picture, words) in enumerate(row):
            x = MARGIN + index * (AVATAR + GAP)
            _framed(sheet, picture, (x, top), AVATAR, INK)
            lines = "\n".join(textwrap.wrap(words, 28))
            pen.multiline_text((x, top + AVATAR + 4), lines, QUIET, _font(14), spacing=2)
        top += AVATAR + ROOM_FOR_WORDS
    return sheet


def _framed(
    sheet: Image.Image, picture: Image.Image, at: tuple[int, int], side: int, color: str
) -> None:
    sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), at)
    x, y = at
    ImageDraw.Draw(sheet).rectangle((x, y, x + side - 1, y + side - 1), outline=color, width=3)


def _open(content: bytes) -> Image.Image:
    """The picture, or a torn sheet where there is none."""
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        torn = Image.new("RGB", (TILE, TILE), "#dcdad3")
        pen = ImageDraw.Draw(torn)
        edge = [(0, 95), (25, 78), (50, 98), (80, 74), (112, 100), (150, 82)]
        pen.polygon([*edge, (150, 150), (0, 150)], fill=PAPER)
        return torn


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
