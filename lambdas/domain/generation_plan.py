"""From a body to a plan: spellings joined, defaults filled in, seeds drawn, advice given.

A plan is complete: the endpoint's document is made from it alone, and it is what a generation's
owner reads back as `request`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.generation import MAX_SIDE, Prompt, Sampler, Style
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.few_step import FEW_STEP, out_of, refusals, unheard_words
from lambdas.domain.generation_body import MAX_STEPS, MIN_STEPS
from lambdas.domain.hosted_models import HOSTED_MODELS
from lambdas.domain.image_sizes import Size, nearest_shape, size_of_aspect, sizes_with
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
STEPS_OF_QUALITY = {"draft": 15, "standard": 30, "high": 50}
BURNT_ABOVE, INCOHERENT_BELOW = 15.0, 5.0
NEGATIVE_WEIGHT = -1.0
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
    reader = _Reader(body)
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


class _Reader:
    """Collects errors while it reads, so that a client learns of all of them at once."""

    def __init__(self, body: GenerationBody) -> None:
        self._body = body
        self._errors: list[FieldError] = []

    def wrong(self, field: str, detail: str, code: str) -> None:
        self._errors.append(FieldError(f"/{field}", detail, code))

    def finish(self) -> None:
        if self._errors:
            raise Invalid(self._errors)

    def one_of(self, ours: str, theirs: str) -> float | None:
        """The value of a field that has two names; both may be given if they agree."""
        first, second = getattr(self._body, ours), getattr(self._body, theirs)
        if first is not None and second is not None and first != second:
            self.wrong(
                theirs, f"contradicts '{ours}', which is another name for it", "contradiction"
            )
        value: float | None = second if first is None else first
        return value

    def prompts(self, max_chars: int) -> tuple[Prompt, ...]:
        body = self._body
        structured = {"image_type": body.image_type, "style": body.style}
        spellings = {
            "text_prompts": body.text_prompts is not None,
            "prompt": body.prompt is not None,
            "description": body.description is not None,
        }
        used = [name for name, given in spellings.items() if given]
        for name, value in structured.items():
            if value is not None and not spellings["description"]:
                self.wrong(name, "goes with 'description', which is missing", "missing")
        if not used:
            self.wrong("text_prompts", "is missing: say what is to be seen", "missing")
            return ()
        for name in used[1:]:
            self.wrong(name, f"contradicts '{used[0]}': use one of them", "contradiction")
        prompts = self._positive(used[0], max_chars)
        if body.negative_prompt is not None:
            self._length("negative_prompt", body.negative_prompt, max_chars)
            prompts.append(Prompt(body.negative_prompt, NEGATIVE_WEIGHT))
        if all(prompt.weight <= 0 for prompt in prompts):
            self.wrong("text_prompts", "needs one text with a weight above 0", "no_positive_prompt")
        return tuple(prompts)

    def _positive(self, spelling: str, max_chars: int) -> list[Prompt]:
        body = self._body
        if spelling == "text_prompts":
            given = body.text_prompts or []
            for index, entry in enumerate(given):
                self._length(f"text_prompts/{index}/text", entry.text, max_chars)
            return [Prompt(entry.text, entry.weight) for entry in given]
        if spelling == "prompt":
            text = body.prompt or ""
        else:
            subject = body.description or ""
            text = f"{body.image_type} of {subject}" if body.image_type else subject
            text = f"{text}, {body.style}" if body.style else text
        self._length(spelling, text, max_chars)
        return [Prompt(text)]

    def _length(self, field: str, text: str, maximum: int) -> None:
        if len(text) > maximum:
            self.wrong(field, f"must have at most {maximum} characters", "too_long")

    def size(self, base: BaseModelSettings) -> Size:
        body = self._body
        default = base.sizes[0]
        if body.aspect is not None:
            named = size_of_aspect(body.aspect, base.sizes)
            if named is None:
                self.wrong("aspect", f"{base.id} has no such size", "size_not_offered")
                return default
            for name, given, meant in (
                ("width", body.width, named[0]),
                ("height", body.height, named[1]),
            ):
                if given is not None and given != meant:
                    self.wrong(name, f"contradicts 'aspect', which means {meant}", "contradiction")
            return named
        if body.width is None and body.height is None:
            return default
        fitting = sizes_with(body.width, body.height, base.sizes)
        if fitting:
            return fitting[0]
        offer = ", ".join(f"{width}×{height}" for width, height in base.sizes)
        for name, given in (("width", body.width), ("height", body.height)):
            if given is not None:
                self.wrong(name, f"{base.id} draws {offer}", "size_not_offered")
        return default

    def steps_and_scale(self, quality: str, base: BaseModelSettings) -> None:
        """Check what the tier allows; the body's own bounds are those of all tiers together."""
        if quality == FEW_STEP:
            self._errors += refusals(self._body, base.id, base.few_step)
            return
        for name in ("steps", "num_inference_steps"):
            self._errors += out_of(name, getattr(self._body, name), MIN_STEPS, MAX_STEPS)

    def quality(self, base: BaseModelSettings) -> str:
        body = self._body
        from_precision = body.precision if body.precision in STEPS_OF_QUALITY else None
        if (
            body.precision is not None
            and from_precision is None
            and body.precision != base.precision
        ):
            detail = f"this environment computes in {base.precision}"
            self.wrong("precision", detail, "precision_not_offered")
        if body.quality and from_precision and body.quality != from_precision:
            self.wrong("precision", "contradicts 'quality'", "contradiction")
        return body.quality or from_precision or "standard"
