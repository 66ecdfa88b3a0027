"""What a generation begins with: a picture, what of it is repainted, what is added, how it grows.

The fields are those of Stability's REST API v1 ("image-to-image", "masking"), told in shares of the
noise schedule, 1 all noise and 0 none, as the endpoint wants them:

    IMAGE_STRENGTH   image_strength s           noise from 1 - s down to 0; near 1: the source
    STEP_SCHEDULE    step_schedule_start, _end  noise from start down to end, which is left over

What is repainted or added begins as pure noise unless the request says otherwise. An init image
that is only enlarged is not drawn anew, so there is nothing for these fields to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from contract.generation_source import Mask, MaskSource, Outpaint, SourceImage
from lambdas.domain.picture_reference import PictureReference, read_reference

if TYPE_CHECKING:
    from contract.generation_source import ImageReference
    from lambdas.domain.generation_body import GenerationBody
    from lambdas.domain.image_sizes import Size

DEFAULT_IMAGE_STRENGTH = 0.35
DEFAULT_SCHEDULE_START = 0.65
# At that many shares of noise the endpoint takes one step, the least that it can.
LEAST_NOISE = 0.01
INIT_IMAGE_MISSING = "init_image_missing"
# (field, sentence, code): how a wrong field is told.
Wrong = Callable[[str, str, str], None]


class InitImageMode(StrEnum):
    """How a request says how far the result may be from its init image."""

    IMAGE_STRENGTH = "IMAGE_STRENGTH"
    STEP_SCHEDULE = "STEP_SCHEDULE"


@dataclass(frozen=True)
class SourcePlan:
    """The init image; `mode` is None where it is only enlarged. Noise as in the contract."""

    picture: PictureReference
    mode: InitImageMode | None
    noise_start: float
    noise_end: float = 0.0

    def placed(self, image: ImageReference) -> SourceImage:
        """As the endpoint is told, now that the picture lies at `image`."""
        return SourceImage(image, self.noise_start, self.noise_end)


@dataclass(frozen=True)
class MaskPlan:
    """What is repainted; `picture` is None where the init image's transparency says it."""

    source: MaskSource
    picture: PictureReference | None

    def placed(self, image: ImageReference | None) -> Mask:
        """As the endpoint is told, now that the picture lies at `image`."""
        return Mask(self.source, image)


@dataclass(frozen=True)
class Beginning:
    """All of it; nothing of it is there where words alone decide."""

    source: SourcePlan | None = None
    mask: MaskPlan | None = None
    outpaint: Outpaint | None = None
    upscale: int | None = None

    def output_size(self, size: Size) -> Size:
        """The pixels of the result, if what is drawn or fitted has `size`."""
        (width, height), factor = self.canvas_size(size), self.upscale or 1
        return width * factor, height * factor

    def canvas_size(self, size: Size) -> Size:
        """The pixels of what is drawn at once, before it is enlarged tile by tile."""
        return (self.outpaint or Outpaint()).around(*size)


_NEED_AN_INIT_IMAGE = (
    "init_image_mode",
    "image_strength",
    "step_schedule_start",
    "step_schedule_end",
    "mask_image",
    "mask_source",
    "outpaint",
)
_HOW_FAR = _NEED_AN_INIT_IMAGE[:4]


def read_beginning(body: GenerationBody, wrong: Wrong) -> Beginning:
    """What the fields say together; `wrong` is told of each that contradicts another."""
    if body.init_image is None:
        for name in _given(body, _NEED_AN_INIT_IMAGE):
            wrong(name, "needs an 'init_image'", INIT_IMAGE_MISSING)
        return Beginning(upscale=body.upscale)
    mask = _mask(body, wrong)
    outpaint = body.outpaint.sides if body.outpaint else None
    if outpaint is not None and not any(vars(outpaint).values()):
        wrong("outpaint", "needs a side above 0", "nothing_to_add")
    if outpaint is not None:
        for name in _given(body, ("mask_image", "mask_source")):
            wrong(name, "contradicts 'outpaint': do one after the other", "contradiction")
    picture = read_reference(body.init_image)
    repaints = bool(mask or outpaint)
    if body.upscale and not repaints:
        for name in _given(body, _HOW_FAR):
            detail = "contradicts 'upscale': an init image that is enlarged is not drawn anew"
            wrong(name, detail, "contradiction")
        source = SourcePlan(picture, None, LEAST_NOISE)
    else:
        source = _source(body, picture, wrong, repaints=repaints)
    return Beginning(source, mask, outpaint, body.upscale)


def _given(body: GenerationBody, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(body, name) is not None]


def _mask(body: GenerationBody, wrong: Wrong) -> MaskPlan | None:
    source, image = body.mask_source, body.mask_image
    if source is None:
        if image is not None:
            wrong("mask_source", "is missing: say which part of the mask counts", "missing")
        return None
    if source is MaskSource.INIT_IMAGE_ALPHA:
        if image is not None:
            wrong("mask_image", "contradicts mask_source INIT_IMAGE_ALPHA", "contradiction")
        return MaskPlan(source, None)
    if image is None:
        wrong("mask_image", f"is missing: mask_source {source} needs one", "missing")
        return None
    return MaskPlan(source, read_reference(image))


def _source(
    body: GenerationBody, picture: PictureReference, wrong: Wrong, *, repaints: bool
) -> SourcePlan:
    by_steps = _given(body, ("step_schedule_start", "step_schedule_end"))
    mode = body.init_image_mode
    if mode is None:
        scheduled = by_steps and body.image_strength is None
        mode = InitImageMode.STEP_SCHEDULE if scheduled else InitImageMode.IMAGE_STRENGTH
    if mode is InitImageMode.IMAGE_STRENGTH:
        for name in by_steps:
            wrong(name, "goes with init_image_mode STEP_SCHEDULE", "contradiction")
        default = 0.0 if repaints else DEFAULT_IMAGE_STRENGTH
        strength = default if body.image_strength is None else body.image_strength
        return SourcePlan(picture, mode, max(LEAST_NOISE, round(1 - strength, 6)))
    if body.image_strength is not None:
        wrong("image_strength", "goes with init_image_mode IMAGE_STRENGTH", "contradiction")
    default = 1.0 if repaints else DEFAULT_SCHEDULE_START
    start = default if body.step_schedule_start is None else body.step_schedule_start
    end = body.step_schedule_end or 0.0
    if end >= start and body.step_schedule_end is None:
        wrong("step_schedule_start", "leaves nothing to draw", "too_small")
    elif end >= start:
        wrong("step_schedule_end", f"must be below step_schedule_start, {start:g}", "contradiction")
    return SourcePlan(picture, mode, max(LEAST_NOISE, start), end)
