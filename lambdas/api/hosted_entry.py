"""A hosted model as `GET /models` lists it, beside the base models that we serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from contract.generation import MAX_SAMPLES
from lambdas.domain.generation_body import Aspect
from lambdas.domain.image_sizes import size_of_aspect
from lambdas.domain.readings import SUBJECT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.domain.hosted_models import HostedModel
    from lambdas.domain.image_sizes import Size
    from lambdas.domain.settings import GenerationSettings


def hosted_entry(model: HostedModel, settings: GenerationSettings) -> dict[str, Any]:
    """What `hosted_plan` accepts."""
    return {
        "id": model.id,
        "family": "hosted",
        "hosted": True,
        "licence": model.licence,
        "is_default": False,
        "precision": None,
        "subject_token": SUBJECT_TOKEN,
        "default_negative_prompt": settings.negative_prompt,
        **sizes_entry(model.sizes),
        "samplers": [],
        "bounds": {
            "cfg_scale": None,
            "steps": None,
            "samples": {"minimum": 1, "maximum": MAX_SAMPLES, "default": 1},
        },
        "default_sampler": None,
        "quality_steps": {},
        "few_step": None,
        "max_prompt_characters": settings.max_prompt_chars,
        "max_output_pixels": settings.max_output_pixels,
    }


def sizes_entry(sizes: Sequence[Size]) -> dict[str, Any]:
    """The sizes, the names of shapes among them, and the first, which is the default."""
    named = {aspect: size_of_aspect(aspect, sizes) for aspect in get_args(Aspect)}
    return {
        "sizes": [_entry(size) for size in sizes],
        "aspects": {aspect: _entry(size) for aspect, size in named.items() if size},
        "default_size": _entry(sizes[0]),
    }


def _entry(size: Size) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}
