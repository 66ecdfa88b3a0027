"""A plan for a hosted model. What it does not take is refused by name, never left out in silence.

Defaults that nobody sent are no wish, and nothing is refused for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.generation import MAX_SAMPLES
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.generation_plan import plan_generation
from lambdas.domain.hosted_calls import hosted_texts
from lambdas.domain.settings import BaseModelSettings

if TYPE_CHECKING:
    from lambdas.domain.generation_body import GenerationBody
    from lambdas.domain.generation_plan import GenerationPlan
    from lambdas.domain.hosted_models import HostedModel
    from lambdas.domain.seeds import Draw
    from lambdas.domain.settings import GenerationSettings

NOT_OFFERED = "not_offered"
NOT_TAKEN = (
    "cfg_scale",
    "guidance_scale",
    "steps",
    "num_inference_steps",
    "sampler",
    "quality",
    "precision",
)
# A generation that begins with a picture, or ends with a larger one, is our own endpoint's.
_OF_OUR_OWN = ("init_image", "mask_image", "outpaint", "upscale")
_WEIGHTS = (1.0, -1.0)


def is_for_hosted(body: GenerationBody, model: HostedModel) -> bool:
    """Whether words alone are drawn, and nobody wishes for a base model of ours.

    That is: no subject that was learned here, no picture to begin with.
    """
    return (
        body.subject_id is None
        and body.model in {None, model.id}
        and not any(getattr(body, name) for name in _OF_OUR_OWN)
    )


def plan_hosted(
    body: GenerationBody, model: HostedModel, settings: GenerationSettings, draw: Draw
) -> GenerationPlan:
    """The plan for a body; raises Invalid with every field that cannot be accepted."""
    errors = [*_not_taken(body, model), *_weights(body, model), *_seed(body, model)]
    try:
        plan = plan_generation(
            body.model_copy(update=dict.fromkeys(NOT_TAKEN)),
            as_base(model),
            settings.max_prompt_chars,
            _draw_below(model, draw),
            negative_prompt=settings.negative_prompt,
        )
    except Invalid as invalid:
        raise Invalid([*errors, *invalid.errors], code=invalid.code) from invalid
    errors += _lengths(body, model, plan)
    if errors:
        raise Invalid(errors)
    return plan


def as_base(model: HostedModel) -> BaseModelSettings:
    """What it shares with a base model: its sizes. Its own negative prompt is not ours to write."""
    return BaseModelSettings(
        id=model.id,
        family="hosted",
        licence=model.licence,
        sizes=model.sizes,
        default_negative_prompt="",
        precision="hosted",
    )


def _not_taken(body: GenerationBody, model: HostedModel) -> list[FieldError]:
    return [
        FieldError(f"/{name}", f"{model.id} chooses that itself", NOT_OFFERED)
        for name in NOT_TAKEN
        if getattr(body, name) is not None
    ]


def _weights(body: GenerationBody, model: HostedModel) -> list[FieldError]:
    return [
        FieldError(
            f"/text_prompts/{index}/weight", f"{model.id} knows no weight but 1 and -1", NOT_OFFERED
        )
        for index, entry in enumerate(body.text_prompts or ())
        if entry.weight not in _WEIGHTS
    ]


def _seed(body: GenerationBody, model: HostedModel) -> list[FieldError]:
    samples = body.samples or body.num_images_per_prompt or 1
    last = model.max_seed - samples + 1
    if body.seed is None or body.seed <= last:
        return []
    text = f"must be at most {last} for {samples} samples of {model.id}"
    return [FieldError("/seed", text, NOT_OFFERED)]


def _lengths(body: GenerationBody, model: HostedModel, plan: GenerationPlan) -> list[FieldError]:
    spelling = next(
        name
        for name in ("text_prompts", "prompt", "description")
        if getattr(body, name) is not None
    )
    return [
        FieldError(
            f"/{spelling}",
            f"must have at most {model.max_characters} characters together, style included",
            "too_long",
        )
        for text in hosted_texts(plan.prompts, plan.style)
        if len(text) > model.max_characters
    ][:1]


def _draw_below(model: HostedModel, draw: Draw) -> Draw:
    """Draws a first seed that leaves room for those of the other samples."""
    return lambda bound: draw(min(bound, model.max_seed - MAX_SAMPLES + 1))
