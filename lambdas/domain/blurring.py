"""What a moderator sees first: enough to tell what kind of image it is, too little to be hurt by.

The picture is brought down to a few pixels and those are drawn large again, so nothing finer than a
cell is in the file: no viewer can sharpen it back.
"""

from __future__ import annotations

import io

from PIL import Image

# Cells along the longer side, and the side that they are drawn at.
CELLS, _SIDE = 16, 256


def blurred(encoded: bytes) -> bytes:
    """A JPEG without detail of a picture that we encoded ourselves."""
    with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as image:
        picture = image.convert("RGB")
    scale = CELLS / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    cells = picture.resize((width, height), Image.Resampling.BOX)
    large = cells.resize(
        (width * _SIDE // CELLS, height * _SIDE // CELLS), Image.Resampling.BICUBIC
    )
    out = io.BytesIO()
    large.save(out, "JPEG", quality=80)
    return out.getvalue()
