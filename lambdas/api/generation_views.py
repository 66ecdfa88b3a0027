"""A generation as its owner sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lambdas.domain import moments
from lambdas.domain.few_step import FEW_STEP
from lambdas.domain.generation import (
    WAITING_GENERATION_STATES,
    Artifact,
    Generation,
)
from lambdas.domain.source_plan import InitImageMode

if TYPE_CHECKING:
    from lambdas.domain.picture_reference import PictureReference
    from lambdas.domain.source_plan import Beginning

if TYPE_CHECKING:
    from lambdas.api.generation_waiting import Waiting

# Makes a short-lived address for a released image.
Link = Callable[[Artifact], str]


def summary(generation: Generation) -> dict[str, Any]:
    """Without words and links: what a new generation answers, what lists hold."""
    failure = generation.failure
    waiting = generation.state in WAITING_GENERATION_STATES
    return {
        "id": generation.id,
        "subject_id": generation.plan.subject_id,
        "model": generation.plan.base_model,
        "state": generation.state.value,
        "warming_since": _text(generation.warming_since) if waiting else None,
        "deadline": _text(generation.deadline) if waiting else None,
        "seeds": list(generation.plan.seeds),
        "warnings": [
            {"code": w.code, "pointer": w.pointer, "detail": w.detail}
            for w in generation.plan.warnings
        ],
        "failure": failure and {"code": failure.code, "reason": failure.reason},
        "created_at": _text(generation.created_at),
        "updated_at": _text(generation.updated_at),
        "expires_at": _text(generation.expires_at),
    }


def view(generation: Generation, link: Link, waiting: Waiting | None = None) -> dict[str, Any]:
    """All of it. Only a released image of a finished generation gets a link."""
    return {
        **summary(generation),
        "waiting": _waiting(waiting),
        "artifacts": [
            {
                "id": artifact.id,
                "seed": artifact.seed,
                "finish_reason": artifact.finish_reason.value,
                "url": link(artifact) if artifact in generation.shown else None,
                "identity_score": artifact.identity_score,
            }
            for artifact in generation.artifacts
        ],
        "request": _request(generation),
    }


def _waiting(waiting: Waiting | None) -> dict[str, Any] | None:
    if waiting is None:
        return None
    estimate = waiting.estimate
    return {"position": waiting.position, "estimate": dict(vars(estimate)) if estimate else None}


def _request(generation: Generation) -> dict[str, Any]:
    plan = generation.plan
    # A hosted model chooses these itself; the plan's have told it nothing.
    own = plan.hosted_model is None
    return {
        "text_prompts": [{"text": p.text, "weight": p.weight} for p in plan.prompts],
        "cfg_scale": plan.cfg_scale if own else None,
        "steps": plan.steps if own else None,
        "seed": plan.seeds[0],
        "samples": len(plan.seeds),
        "width": plan.width,
        "height": plan.height,
        "sampler": plan.sampler.value if own and not plan.few_step else None,
        "quality": FEW_STEP if plan.few_step else None,
        "style_preset": plan.style_preset,
        **_beginning(plan.beginning),
    }


def _beginning(beginning: Beginning) -> dict[str, Any]:
    """What it began with, in the names of the request; a picture inside it is only mentioned."""
    source, mask, outpaint = beginning.source, beginning.mask, beginning.outpaint
    mode = source.mode if source else None
    by_strength = source and mode is InitImageMode.IMAGE_STRENGTH
    by_steps = source and mode is InitImageMode.STEP_SCHEDULE
    return {
        "init_image": _picture(source.picture) if source else None,
        "init_image_mode": mode.value if mode else None,
        "image_strength": round(1 - source.noise_start, 6) if source and by_strength else None,
        "step_schedule_start": source.noise_start if source and by_steps else None,
        "step_schedule_end": source.noise_end if source and by_steps else None,
        "mask_image": _picture(mask.picture) if mask and mask.picture else None,
        "mask_source": mask.source.value if mask else None,
        "outpaint": dict(vars(outpaint)) if outpaint else None,
        "upscale": beginning.upscale,
    }


def _picture(picture: PictureReference) -> str:
    return picture.id or picture.kind.value


def _text(moment: Any) -> str | None:
    return moments.to_text(moment) if moment is not None else None
