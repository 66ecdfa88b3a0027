"""Translation for a hosted model: from a request document to its calls, from an answer to an image.

request                        call
prompts of weight 1            prompt: in their order, with ", " between; the style around them
prompts of weight -1           negative_prompt, likewise; the style's own after them
seeds                          a call each: `seed`
width × height                 aspect_ratio
cfg_scale, steps, sampler      not told: `hosted_plan` lets nobody ask for them

answer                         sample
finish_reasons [null]          SUCCESS, images[0]
"Filter reason: …"             CONTENT_FILTERED: Bedrock let the words or the image not pass
anything else                  ERROR
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.generation import STYLE_SLOT
from contract.generation_result import FinishReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.generation import Prompt, Style
    from lambdas.domain.hosted_models import HostedModel
    from lambdas.domain.image_sizes import Size

_FILTERED = "Filter reason:"


@dataclass(frozen=True)
class HostedSample:
    """What became of one call: `image` as it came, empty unless it succeeded.

    `seed`: the one that the model says it used, None if it says none.
    """

    finish_reason: FinishReason
    image: bytes = b""
    seed: int | None = None


def hosted_texts(prompts: Iterable[Prompt], style: Style | None) -> tuple[str, str]:
    """What to show, and what to avoid (may be empty)."""
    prompts = tuple(prompts)
    wanted = ", ".join(prompt.text for prompt in prompts if prompt.weight > 0)
    unwanted = [prompt.text for prompt in prompts if prompt.weight < 0]
    if style is not None:
        wanted = style.prompt.replace(STYLE_SLOT, wanted)
        unwanted.append(style.negative_prompt)
    return wanted, ", ".join(text for text in unwanted if text)


def call_of(
    model: HostedModel, prompts: Iterable[Prompt], style: Style | None, size: Size, seed: int
) -> dict[str, Any]:
    """The body of the call that draws one sample; KeyError for a size that is not the model's."""
    wanted, unwanted = hosted_texts(prompts, style)
    body: dict[str, Any] = {
        "prompt": wanted,
        "aspect_ratio": model.aspect_ratios[size],
        "output_format": "png",
        "seed": seed,
    }
    # An empty text is none: it may be absent, and is not said to be allowed.
    return {**body, "negative_prompt": unwanted} if unwanted else body


def read_sample(answer: bytes) -> HostedSample:
    """What the body of an answer says; whatever cannot be read is an ERROR."""
    try:
        document = json.loads(answer)
        (reason,) = document["finish_reasons"]
        if reason is not None:
            filtered = str(reason).startswith(_FILTERED)
            return HostedSample(FinishReason.CONTENT_FILTERED if filtered else FinishReason.ERROR)
        (image,) = document["images"]
        (seed,) = document.get("seeds") or (None,)
        return HostedSample(
            FinishReason.SUCCESS,
            base64.b64decode(image, validate=True),
            None if seed is None else int(seed),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, binascii.Error):
        return HostedSample(FinishReason.ERROR)
