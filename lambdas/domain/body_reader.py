"""What the fields of a body say together: its spellings joined, its contradictions noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.generation import Prompt
from lambdas.domain.errors import FieldError, Invalid
from lambdas.domain.few_step import FEW_STEP, out_of, refusals
from lambdas.domain.generation_body import MAX_STEPS, MIN_STEPS, STEPS_OF_QUALITY
from lambdas.domain.image_sizes import size_of_aspect, sizes_with

if TYPE_CHECKING:
    from lambdas.domain.generation_body import GenerationBody
    from lambdas.domain.image_sizes import Size
    from lambdas.domain.settings import BaseModelSettings

NEGATIVE_WEIGHT = -1.0


class BodyReader:
    """Collects errors while it reads, so that a client learns of all of them at once."""

    def __init__(self, body: GenerationBody) -> None:
        self._body = body
        self._errors: list[FieldError] = []

    def wrong(self, field: str, detail: str, code: str) -> None:
        """Note that a field cannot be accepted."""
        self._errors.append(FieldError(f"/{field}", detail, code))

    def finish(self) -> None:
        """Raises Invalid with all that was noted."""
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
        """The words, in whichever spelling they come."""
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
        """Width and height of what is drawn, or the base's first size where none is named."""
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
        """The name of the tier: `precision` may say it as well."""
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
