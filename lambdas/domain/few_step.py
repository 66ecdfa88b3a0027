"""The few-step tier of a base model: what a request for it may say.

The base's distilled adapter draws in a few steps of its own sampler, at a guidance around 1, which
it has learned in (Luo et al. 2023, arXiv:2311.05556). So its bounds are not the ordinary ones, and
where they are broken the caller is told; nothing is bent into place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from contract.few_step import MAX_FEW_STEP_CFG_SCALE, MAX_FEW_STEPS
from lambdas.domain.errors import FieldError
from lambdas.domain.settings_block import SettingsBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambdas.domain.generation_body import GenerationBody

FEW_STEP = "few_step"
# At guidance 1 and below, diffusers' pipelines leave the negative words out.
_GUIDED_ABOVE = 1.0


class StepRange(SettingsBlock):
    """How many steps are offered."""

    minimum: int = Field(ge=1, le=MAX_FEW_STEPS)
    maximum: int = Field(ge=1, le=MAX_FEW_STEPS)
    default: int

    @model_validator(mode="after")
    def _in_order(self) -> StepRange:
        _demand_order(self.minimum, self.default, self.maximum)
        return self


class GuidanceRange(SettingsBlock):
    """Which guidance is offered."""

    minimum: float = Field(ge=0, le=MAX_FEW_STEP_CFG_SCALE)
    maximum: float = Field(ge=0, le=MAX_FEW_STEP_CFG_SCALE)
    default: float

    @model_validator(mode="after")
    def _in_order(self) -> GuidanceRange:
        _demand_order(self.minimum, self.default, self.maximum)
        return self


class FewStepSettings(SettingsBlock):
    """What `few_step/config.json` of the published base says: the endpoint refuses the rest."""

    steps: StepRange
    cfg_scale: GuidanceRange


def refusals(
    body: GenerationBody, base_id: str, offer: FewStepSettings | None
) -> Iterator[FieldError]:
    """What is wrong with a body that asks for this tier."""
    if offer is None:
        detail = f"{base_id} has no adapter for a few steps"
        yield FieldError("/quality", detail, "not_offered")
        return
    if body.sampler is not None:
        detail = "contradicts 'quality': few_step has its own sampler"
        yield FieldError("/sampler", detail, "contradiction")
    for names, bounds in (
        (("steps", "num_inference_steps"), offer.steps),
        (("cfg_scale", "guidance_scale"), offer.cfg_scale),
    ):
        for name in names:
            yield from out_of(name, getattr(body, name), bounds.minimum, bounds.maximum)


def unheard_words(body: GenerationBody, cfg_scale: float) -> list[str]:
    """Pointers to the negative words of a body that such a guidance leaves out."""
    if cfg_scale > _GUIDED_ABOVE:
        return []
    weighted = any(prompt.weight < 0 for prompt in body.text_prompts or ())
    given = {"/text_prompts": weighted, "/negative_prompt": body.negative_prompt is not None}
    return [pointer for pointer, is_given in given.items() if is_given]


def out_of(field: str, value: float | None, minimum: float, maximum: float) -> Iterator[FieldError]:
    """The error of a number outside its bounds."""
    if value is not None and not minimum <= value <= maximum:
        detail = f"must be from {minimum:g} to {maximum:g}"
        yield FieldError(f"/{field}", detail, "too_small" if value < minimum else "too_large")


def _demand_order(minimum: float, default: float, maximum: float) -> None:
    if not minimum <= default <= maximum:
        raise ValueError("minimum, default, maximum must be in this order")
