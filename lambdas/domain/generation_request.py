"""The document that the endpoint works from. Nothing in it is an address that a client gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.generation import AdapterReference, GenerationRequest
from contract.s3_location import S3Location
from lambdas.domain.locations import adapter_prefix, generation_prefix

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.domain.training import Training

PROGRESS_FILE = "progress.json"


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
) -> GenerationRequest:
    """The document for a generation; a hosted model's id may stand as `base_model`."""
    plan = generation.plan
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
    )
