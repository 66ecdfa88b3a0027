"""From a body to a plan: spellings joined, defaults filled in, seeds drawn, advice given.

A plan is complete: the endpoint's document is made from it alone, and it is what a generation's
owner reads back as `request`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.generation import MAX_SIDE, Prompt, Sampler, Style
from lambdas.domain.body_reader import NEGATIVE_WEIGHT, BodyReader
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.few_step import FEW_STEP, unheard_words
from lambdas.domain.generation_body import STEPS_OF_QUALITY
from lambdas.domain.hosted_models import HOSTED_MODELS
from lambdas.domain.image_sizes import Size, nearest_shape
from lambdas.domain.readings import SUBJECT_TOKEN
from lambdas.domain.seeds import seeds
from lambdas.domain.source_plan import Beginning, read_beginning
from lambdas.domain.styles import PRESETS

if TYPE_CHECKING:
    from lambdas.domain.generation_body import GenerationBody
    from lambdas.domain.seeds import Draw
    from lambdas.domain.settings import BaseModelSettings

DEFAULT_CFG_SCALE = 7.0
DEFAULT_SAMPLER = Sampler.K_DPMPP_2M
BURNT_ABOVE, INCOHERENT_BELOW = 15.0, 5.0
# Guidance is `negative + scale · (positive − negative)`: from there on it pushes away from the
# negative words. Below it draws towards them, and at 0 they alone decide.
REPELLING_FROM = 1.0
OUTPUT_TOO_LARGE = "output_too_large"


@dataclass(frozen=True)
class Advice:
    """Advice on a request that was accepted."""

    code: str
    pointer: str
    detail: str


@dataclass(frozen=True)
class GenerationPlan:
    """Everything that decides what the pictures show; sides in pixels, one seed per sample.

    `base_model` is the id of what draws them; None: the default, before there was a choice. `width`
    and `height` are of what is drawn, before sides are added to it and it is enlarged.
    """

    subject_id: str | None
    prompts: tuple[Prompt, ...]
    style_preset: str | None
    cfg_scale: float
    steps: int
    seeds: tuple[int, ...]
    width: int
    height: int
    sampler: Sampler  # of no effect for `few_step`, which has its own
    warnings: tuple[Advice, ...] = ()
    base_model: str | None = None
    few_step: bool = False
    beginning: Beginning = Beginning()  # noqa: RUF009 - frozen

    @property
    def output_size(self) -> Size:
        """The pixels of each result."""
        return self.beginning.output_size((self.width, self.height))

    @property
    def hosted_model(self) -> str | None:
        """The same id if it draws elsewhere: guidance, steps and sampler mean nothing to it."""
        return self.base_model if self.base_model in HOSTED_MODELS else None

    @property
    def style(self) -> Style | None:
        """The preset as the endpoint wants it."""
        if self.style_preset is None:
            return None
        preset = PRESETS[self.style_preset]
        return Style(preset.name, preset.prompt, preset.negative_prompt)

    @property
    def attracting_texts(self) -> tuple[str, ...]:
        """The texts that the picture is drawn towards: to name what is not wanted is no offence."""
        attracts = self.cfg_scale < REPELLING_FROM
        return tuple(prompt.text for prompt in self.prompts if prompt.weight > 0 or attracts)

    @property
    def repelling_texts(self) -> tuple[str, ...]:
        """The other texts: those that the picture is steered away from."""
        repels = self.cfg_scale >= REPELLING_FROM
        return tuple(prompt.text for prompt in self.prompts if prompt.weight <= 0 and repels)


def plan_generation(
    body: GenerationBody,
    base: BaseModelSettings,
    max_prompt_chars: int,
    draw: Draw,
    *,
    negative_prompt: str = "",
) -> GenerationPlan:
    """The plan for a body; raises Invalid with every field that cannot be accepted.

    `negative_prompt` is the deployment's own (`DomainSettings.negative_prompt_of`).
    """
    reader = BodyReader(body)
    prompts = reader.prompts(max_prompt_chars)
    size = reader.size(base)
    quality = reader.quality(base)
    reader.steps_and_scale(quality, base)
    steps = reader.one_of("steps", "num_inference_steps")
    cfg_scale = reader.one_of("cfg_scale", "guidance_scale")
    samples = reader.one_of("samples", "num_images_per_prompt")
    beginning = read_beginning(body, reader.wrong)
    reader.finish()
    usual_steps, usual_scale = _defaults(quality, base)
    scale = usual_scale if cfg_scale is None else float(cfg_scale)
    if negative_prompt and scale >= REPELLING_FROM:
        prompts = _with_default(prompts, Prompt(negative_prompt, NEGATIVE_WEIGHT))
    return GenerationPlan(
        subject_id=body.subject_id,
        prompts=prompts,
        style_preset=body.style_preset,
        cfg_scale=scale,
        steps=usual_steps if steps is None else int(steps),
        seeds=seeds(body.seed, int(samples or 1), draw),
        width=size[0],
        height=size[1],
        sampler=body.sampler or DEFAULT_SAMPLER,
        warnings=tuple(_warnings(body, scale, prompts)),
        base_model=base.id,
        few_step=quality == FEW_STEP,
        beginning=beginning,
    )


def fitted(
    plan: GenerationPlan,
    body: GenerationBody,
    base: BaseModelSettings,
    init_image: Size | None,
    max_output_pixels: int,
) -> GenerationPlan:
    """The plan, now that the size of its init image is known.

    A request that asks for no size gets the one whose shape is nearest to the init image's. Raises
    Invalid `output_too_large` for a canvas that the endpoint would refuse, and if all samples
    together would have more than `max_output_pixels`.
    """
    if init_image and body.width is None and body.height is None and body.aspect is None:
        width, height = nearest_shape(init_image, base.sizes)
        plan = replace(plan, width=width, height=height)
    canvas = plan.beginning.canvas_size((plan.width, plan.height))
    if max(canvas) > MAX_SIDE:
        detail = f"makes a canvas of {canvas[0]}×{canvas[1]} pixels; a side may have {MAX_SIDE}"
        raise Invalid([FieldError("/outpaint", detail, OUTPUT_TOO_LARGE)])
    width, height = plan.output_size
    if width * height * len(plan.seeds) > max_output_pixels:
        beginning = plan.beginning
        field = "upscale" if beginning.upscale else "outpaint" if beginning.outpaint else "samples"
        many = f"{len(plan.seeds)} × " if len(plan.seeds) > 1 else ""
        detail = f"makes {many}{width}×{height} pixels; all together may be {max_output_pixels}"
        raise Invalid([FieldError(f"/{field}", detail, OUTPUT_TOO_LARGE)])
    return plan


def _defaults(quality: str, base: BaseModelSettings) -> tuple[int, float]:
    """Steps and guidance of a request that names neither."""
    offer = base.few_step
    if quality == FEW_STEP and offer is not None:
        return offer.steps.default, offer.cfg_scale.default
    return STEPS_OF_QUALITY[quality], DEFAULT_CFG_SCALE


def _with_default(prompts: tuple[Prompt, ...], default: Prompt) -> tuple[Prompt, ...]:
    """The deployment's negative prompt before the caller's own."""
    first = next((i for i, prompt in enumerate(prompts) if prompt.weight < 0), len(prompts))
    return (*prompts[:first], default, *prompts[first:])


def _warnings(body: GenerationBody, cfg_scale: float, prompts: tuple[Prompt, ...]) -> list[Advice]:
    found = []
    scale_field = "/guidance_scale" if body.cfg_scale is None else "/cfg_scale"
    if body.quality == FEW_STEP:
        found += [
            Advice("no_effect", pointer, "Negative words have no effect at guidance 1 and below.")
            for pointer in unheard_words(body, cfg_scale)
        ]
    elif cfg_scale > BURNT_ABOVE:
        text = f"Guidance above {BURNT_ABOVE:g} tends to look burnt."
        found.append(Advice("guidance_high", scale_field, text))
    elif cfg_scale < INCOHERENT_BELOW:
        text = f"Guidance below {INCOHERENT_BELOW:g} loses coherence with the words."
        found.append(Advice("guidance_low", scale_field, text))
    for index, entry in enumerate(body.text_prompts or ()):
        if entry.weight == 0:
            text = "A text without weight has no effect."
            found.append(Advice("no_effect", f"/text_prompts/{index}/weight", text))
    if body.clip_guidance_preset not in {None, "NONE"}:
        text = "CLIP guidance has no effect here."
        found.append(Advice("no_effect", "/clip_guidance_preset", text))
    if body.steps is not None or body.num_inference_steps is not None:
        for name in ("quality", "precision"):
            if getattr(body, name) in STEPS_OF_QUALITY:
                text = f"{name} has no effect, since the number of steps is given."
                found.append(Advice("no_effect", f"/{name}", text))
    if body.subject_id is None and any(SUBJECT_TOKEN in prompt.text for prompt in prompts):
        text = f"{SUBJECT_TOKEN} has no effect without a subject_id."
        found.append(Advice("no_effect", "/subject_id", text))
    return found
