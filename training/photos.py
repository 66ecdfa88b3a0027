"""The subject's photos: loaded, checked, cropped to squares."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from contract.training_failure import FailureCode
from training.errors import TrainingError

# A third of the height left out goes above, the rest below: heads are in the upper part.
_HEADROOM = 1 / 3


@dataclass(frozen=True)
class Photo:
    """One photo: its file's name (an id, no personal data) and RGB pixels."""

    name: str
    image: Image.Image


def load_photos(folder: Path) -> list[Photo]:
    """All photos of a channel, sorted by name, orientation applied.

    Raises TrainingError NO_PHOTOS or PHOTO_UNREADABLE.
    """
    files = (
        sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
        if folder.is_dir()
        else []
    )
    if not files:
        raise TrainingError(FailureCode.NO_PHOTOS, "There are no photos to learn from.")
    return [Photo(file.name, _read(file)) for file in files]


def _read(file: Path) -> Image.Image:
    try:
        with warnings.catch_warnings(), Image.open(file) as opened:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception as error:  # Pillow's decoders raise anything on damaged files
        raise TrainingError(
            FailureCode.PHOTO_UNREADABLE, f"The photo {file.name[:80]} cannot be read."
        ) from error
    return image


def square(image: Image.Image, side: int) -> Image.Image:
    """The largest square, centred across and a little above the middle, scaled to `side` pixels."""
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) / 2, (height - edge) * _HEADROOM
    box = (left, top, left + edge, top + edge)
    return image.resize((side, side), Image.Resampling.LANCZOS, box=box)


def as_pixels(photos: list[Photo], side: int) -> torch.Tensor:
    """(photos, 3, side, side) float32 in −1…1."""
    squares = [np.asarray(square(photo.image, side), np.float32) for photo in photos]
    return torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).contiguous() / 127.5 - 1
