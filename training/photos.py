"""The subject's photos: loaded, checked, divided, cropped to squares."""

import random
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from contract.face_places import FacePlaces
from contract.training_failure import FailureCode
from training.errors import TrainingError
from training.portrait import portrait
from training.subject_mask import centre_of, subject_mask

# A third of the height left out goes above, the rest below: heads are in the upper part.
_HEADROOM = 1 / 3
_CLOSE = 2 / 3


@dataclass(frozen=True)
class Photo:
    """One photo: its file's name (an id, no personal data), RGB pixels, and where the face is, if
    the file tells it."""

    name: str
    image: Image.Image
    face: FacePlaces | None = None


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
    return [_read(file) for file in files]


def _read(file: Path) -> Photo:
    try:
        with warnings.catch_warnings(), Image.open(file) as opened:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            face = FacePlaces.from_comment(opened.info.get("comment"))
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception as error:  # Pillow's decoders raise anything on damaged files
        raise TrainingError(
            FailureCode.PHOTO_UNREADABLE, f"The photo {file.name[:80]} cannot be read."
        ) from error
    return Photo(file.name, image, face)


def held_out_of(photos: int) -> int:
    """How many of so many photos are measured against instead of learned: 0 below 4, at most 3."""
    return 0 if photos < 4 else 1 if photos < 6 else 2 if photos < 12 else 3


def split(photos: list[Photo], seed: int) -> tuple[list[Photo], list[Photo]]:
    """The photos to learn and those held out, drawn by `seed`, both in their order."""
    drawn = random.Random(seed).sample(range(len(photos)), held_out_of(len(photos)))
    learned = [photo for number, photo in enumerate(photos) if number not in drawn]
    return learned, [photos[number] for number in sorted(drawn)]


def square(image: Image.Image, side: int) -> Image.Image:
    """The largest square, centred across and a little above the middle, scaled to `side` pixels."""
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) / 2, (height - edge) * _HEADROOM
    box = (left, top, left + edge, top + edge)
    return image.resize((side, side), Image.Resampling.LANCZOS, box=box)


def closer(image: Image.Image, side: int) -> Image.Image:
    """A square around the subject, two thirds as wide as the largest one, scaled to `side`."""
    width, height = image.size
    whole = min(width, height)
    left, top = (width - whole) / 2, (height - whole) * _HEADROOM
    across, down = centre_of(subject_mask(_pixels(square(image, side))[None])[0])
    edge = whole * _CLOSE
    x = min(max(left + across * whole - edge / 2, left), left + whole - edge)
    y = min(max(top + down * whole - edge / 2, top), top + whole - edge)
    box = (x, y, x + edge, y + edge)
    return image.resize((side, side), Image.Resampling.LANCZOS, box=box)


def as_pixels(photos: list[Photo], side: int) -> torch.Tensor:
    """(photos, 3, side, side) float32 in −1…1; no photos give an empty one. Where it is known where
    the face is they are portraits, else as much of the photo as a square can show."""
    squares = [_pixels(_portrait(photo, side) or square(photo.image, side)) for photo in photos]
    return torch.stack(squares) if squares else torch.empty((0, 3, side, side))


def without_faces(photos: list[Photo]) -> list[Photo]:
    """The photos as if nobody had told where the face is."""
    return [replace(photo, face=None) for photo in photos]


def _portrait(photo: Photo, side: int) -> Image.Image | None:
    return None if photo.face is None else portrait(photo.image, photo.face, side)


def views_of(photos: list[Photo], side: int, *, close: bool, mirror: bool) -> list[torch.Tensor]:
    """The versions that are learned, each as `as_pixels`: whole, closer, and both mirrored.

    A portrait is as close as it should be: another framing of the same face blurs what is learned.
    """
    portraits = [_portrait(photo, side) for photo in photos]
    shown = list(zip(photos, portraits, strict=True))
    views = [[found or square(photo.image, side) for photo, found in shown]]
    if close and None in portraits:
        views.append([found or closer(photo.image, side) for photo, found in shown])
    stacked = [torch.stack([_pixels(picture) for picture in view]) for view in views]
    return [*stacked, *(view.flip(-1) for view in stacked)] if mirror else stacked


def _pixels(image: Image.Image) -> torch.Tensor:
    values = torch.from_numpy(np.asarray(image, np.float32).copy())
    return values.permute(2, 0, 1).contiguous() / 127.5 - 1
