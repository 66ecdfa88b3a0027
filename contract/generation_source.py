"""What a generation may begin with: a picture, which part of it to repaint, what to add around it.

Noise is told in shares of the schedule, 1 all noise and 0 none, as diffusers' `strength` is.
"""

from dataclasses import dataclass
from enum import StrEnum

from contract.base_model import SHA256_PATTERN
from contract.document import Fields
from contract.errors import InvalidDocumentError
from contract.s3_location import MAX_URI_CHARACTERS, S3Location

# The most that the endpoint reads, and so the most that the API puts there.
MAX_SOURCE_BYTES = 32 * 1024 * 1024
MAX_OUTPAINT = 1024
OUTPAINT_MULTIPLE = 8
UPSCALE_FACTORS = (2, 4)


class MaskSource(StrEnum):
    """Where the mask comes from, and which of its ends is repainted.

    `MASK_IMAGE_WHITE`, `MASK_IMAGE_BLACK`: what is white, or black, in the mask image.
    `INIT_IMAGE_ALPHA`: what is transparent in the init image.
    """

    MASK_IMAGE_WHITE = "MASK_IMAGE_WHITE"
    MASK_IMAGE_BLACK = "MASK_IMAGE_BLACK"
    INIT_IMAGE_ALPHA = "INIT_IMAGE_ALPHA"


@dataclass(frozen=True)
class ImageReference:
    """A PNG in S3, and the checksum that it must have."""

    uri: S3Location
    sha256: str


@dataclass(frozen=True)
class SourceImage:
    """The picture that a request begins with, fitted to the request's width and height.

    It is noised to `noise_start` of the schedule (above 0, at most 1); denoising stops where
    `noise_end` of it is left (0 up to below `noise_start`).
    """

    image: ImageReference
    noise_start: float
    noise_end: float = 0.0


@dataclass(frozen=True)
class Mask:
    """Which part of the source is repainted; `image` is absent for INIT_IMAGE_ALPHA only."""

    source: MaskSource
    image: ImageReference | None


@dataclass(frozen=True)
class Outpaint:
    """Pixels to add on each side of the source; multiples of OUTPAINT_MULTIPLE, one above 0."""

    left: int = 0
    right: int = 0
    up: int = 0
    down: int = 0

    def around(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the canvas: of a picture with the sides added, in pixels."""
        return width + self.left + self.right, height + self.up + self.down


def read_source(fields: Fields | None) -> SourceImage | None:
    """Read `source`; raises InvalidDocumentError."""
    if fields is None:
        return None
    source = SourceImage(
        _reference(fields),
        fields.number("noise_start", 0.0, 1.0),
        fields.number("noise_end", 0.0, 1.0),
    )
    fields.finish()
    if source.noise_end >= source.noise_start:
        raise fields.wrong("noise_end", "must be below noise_start")
    return source


def read_mask(fields: Fields | None) -> Mask | None:
    """Read `mask`; raises InvalidDocumentError."""
    if fields is None:
        return None
    source = fields.choice("source", MaskSource)
    image = None if source is MaskSource.INIT_IMAGE_ALPHA else _reference(fields)
    fields.finish()
    return Mask(source, image)


def read_outpaint(fields: Fields | None) -> Outpaint | None:
    """Read `outpaint`; raises InvalidDocumentError."""
    if fields is None:
        return None
    added = Outpaint(
        *(fields.integer(side, 0, MAX_OUTPAINT) for side in ("left", "right", "up", "down"))
    )
    fields.finish()
    sides = (added.left, added.right, added.up, added.down)
    if not any(sides):
        raise fields.wrong("left", "or another side must be above 0")
    if any(side % OUTPAINT_MULTIPLE for side in sides):
        raise fields.wrong("left", f"and the others must be multiples of {OUTPAINT_MULTIPLE}")
    return added


def reference_object(image: ImageReference) -> dict[str, object]:
    """An image reference as it is written."""
    return {"uri": str(image.uri), "sha256": image.sha256}


def source_object(source: SourceImage | None) -> dict[str, object] | None:
    """`source` as it is written."""
    if source is None:
        return None
    noise = {"noise_start": source.noise_start, "noise_end": source.noise_end}
    return {**reference_object(source.image), **noise}


def mask_object(mask: Mask | None) -> dict[str, object] | None:
    """`mask` as it is written."""
    if mask is None:
        return None
    image = reference_object(mask.image) if mask.image else {}
    return {"source": mask.source.value, **image}


def outpaint_object(added: Outpaint | None) -> dict[str, object] | None:
    """`outpaint` as it is written."""
    return None if added is None else dict(vars(added))


def _reference(fields: Fields) -> ImageReference:
    text = fields.text("uri", maximum=MAX_URI_CHARACTERS)
    try:
        uri = S3Location.parse(text)
    except InvalidDocumentError as error:
        raise fields.wrong("uri", "must be an address s3://bucket/key") from error
    return ImageReference(uri, fields.text("sha256", pattern=SHA256_PATTERN))
