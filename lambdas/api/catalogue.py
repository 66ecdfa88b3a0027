"""What is on offer: GET /health, /styles, /models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.generation import MAX_CFG_SCALE, MAX_SAMPLES, Sampler
from lambdas import environment
from lambdas.api.hosted_entry import hosted_entry, sizes_entry
from lambdas.api.http import Api
from lambdas.api.messages import Answer, Request, ok
from lambdas.api.style_thumbnails import thumbnail
from lambdas.domain.generation_body import MAX_STEPS, MIN_STEPS, STEPS_OF_QUALITY
from lambdas.domain.generation_plan import DEFAULT_CFG_SCALE, DEFAULT_SAMPLER
from lambdas.domain.readings import SUBJECT_TOKEN
from lambdas.domain.styles import PRESETS
from lambdas.lambda_handler import lambda_handler

if TYPE_CHECKING:
    from lambdas.domain.settings import BaseModelSettings, DomainSettings


@dataclass(frozen=True)
class CatalogueRules:
    """What these routes need: the rules, nothing else."""

    settings: DomainSettings


def build_app(rules: CatalogueRules) -> Api:
    """The routes; none of them needs anything but the settings."""
    api = Api()

    @api.get("/health", public=True)
    def health(_: Request[None]) -> Answer:
        """Say that the API answers; asks for no token."""
        return ok({"status": "ok"})

    @api.get("/styles")
    def list_styles(_: Request[None]) -> Answer:
        """List the style presets: names for `style_preset`."""
        items = [
            {"name": p.name, "description": p.description, "thumbnail": thumbnail(p.name)}
            for p in PRESETS.values()
        ]
        return ok({"items": items, "next_cursor": None})

    @api.get("/models")
    def list_models(_: Request[None]) -> Answer:
        """List the models, the default base first, with the sizes and bounds that they accept."""
        settings = rules.settings
        items = [
            {
                **_model(base),
                "is_default": base is settings.base_model,
                "default_negative_prompt": settings.negative_prompt_of(base),
                "max_prompt_characters": settings.generation.max_prompt_chars,
                "max_output_pixels": settings.generation.max_output_pixels,
            }
            for base in settings.base_models
        ]
        hosted = settings.generation.hosted
        more = [hosted_entry(hosted.offered, settings.generation)] if hosted else []
        return ok({"items": [*items, *more], "next_cursor": None})

    return api


def _model(base: BaseModelSettings) -> dict[str, Any]:
    return {
        "id": base.id,
        "family": base.family,
        "hosted": False,
        "licence": base.licence,
        "precision": base.precision,
        "subject_token": SUBJECT_TOKEN,
        **sizes_entry(base.sizes),
        "samplers": [sampler.value for sampler in Sampler],
        "bounds": {
            "cfg_scale": {"minimum": 0, "maximum": MAX_CFG_SCALE, "default": DEFAULT_CFG_SCALE},
            "steps": {
                "minimum": MIN_STEPS,
                "maximum": MAX_STEPS,
                "default": STEPS_OF_QUALITY["standard"],
            },
            "samples": {"minimum": 1, "maximum": MAX_SAMPLES, "default": 1},
        },
        "default_sampler": DEFAULT_SAMPLER.value,
        "quality_steps": dict(STEPS_OF_QUALITY),
        "few_step": base.few_step and base.few_step.model_dump(mode="json"),
    }


handler = lambda_handler(lambda: build_app(CatalogueRules(environment.current().settings())))
