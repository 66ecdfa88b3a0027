"""The document that the endpoint works from. Nothing in it is an address that a client gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.generation import AdapterReference, GenerationRequest
from contract.s3_location import S3Location
from lambdas.domain.locations import adapter_prefix, generation_prefix

if TYPE_CHECKING:
    from contract.generation_source import ImageReference
    from lambdas.domain.generation import Generation
    from lambdas.domain.training import Training

PROGRESS_FILE = "progress.json"
INIT_FILE, MASK_FILE = "init.png", "mask.png"


@dataclass(frozen=True)
class PlacedPictures:
    """The copies that a generation has of its pictures."""

    init: ImageReference | None = None
    mask: ImageReference | None = None


def adapter_of(training: Training, models_bucket: str) -> AdapterReference | None:
    """Where the adapter of a training lies; None if it published none."""
    if training.adapter is None:
        return None
    folder = adapter_prefix(training.owner, training.subject_id, training.id)
    return AdapterReference(S3Location(models_bucket, folder), training.adapter.sha256)


def request_document(
    generation: Generation,
    adapter: AdapterReference | None,
    *,
    base_model: str,
    work_bucket: str,
    pictures: PlacedPictures | None = None,
) -> GenerationRequest:
    """The document for a generation whose `pictures` lie in its own folder.

    A hosted model's id may stand as `base_model`.
    """
    plan, placed = generation.plan, pictures or PlacedPictures()
    beginning = plan.beginning
    folder = generation_prefix(generation.owner, generation.id)
    return GenerationRequest(
        generation_id=generation.id,
        progress_uri=S3Location(work_bucket, f"{folder}{PROGRESS_FILE}"),
        base_model=base_model,
        adapter=adapter,
        prompts=plan.prompts,
        style=plan.style,
        cfg_scale=plan.cfg_scale,
        steps=plan.steps,
        seeds=plan.seeds,
        width=plan.width,
        height=plan.height,
        sampler=plan.sampler,
        few_step=plan.few_step,
        source=beginning.source.placed(placed.init) if beginning.source and placed.init else None,
        mask=beginning.mask.placed(placed.mask) if beginning.mask else None,
        outpaint=beginning.outpaint,
        upscale=beginning.upscale,
    )
