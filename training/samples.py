"""Sample pictures at checkpoints: one small JPEG a round, beside the progress file.

For the operator's eyes: nobody has screened them, and no URL leads to them. They lie under the
training's own prefix, and erasing the subject erases them.
"""

import io
from pathlib import Path

import torch
from PIL import Image

from contract.adapter import write_whole

FOLDER = "samples"
_SIDE = 128  # of one picture in the strip


def save_samples(folder: Path, step: int, pictures: torch.Tensor) -> Path:
    """Write pictures (n, 3, side, side) in −1…1 side by side; returns the file."""
    values = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
    strip = Image.new("RGB", (_SIDE * len(pictures), _SIDE))
    for number, picture in enumerate(values.numpy()):
        tile = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        strip.paste(tile, (number * _SIDE, 0))
    buffer = io.BytesIO()
    strip.save(buffer, "JPEG", quality=85)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    file = folder / FOLDER / f"step-{step:06d}.jpg"
    write_whole(file, buffer.getvalue())
    return file
