"""The image models that Amazon Bedrock hosts, and what each of them takes.

Bedrock user guide, "Stable Image Core", "Stable Image Ultra" and "Stable Diffusion 3.5 Large
request and response". All three take for a text-to-image call:

    prompt, negative_prompt    text of at most 10,000 characters each
    aspect_ratio               one of nine
    seed                       0 (draw one) up to 4294967294
    output_format              png among others

and nothing else: no sampler, steps, guidance, weights or size in pixels. They draw one image a
call. Ultra and 3.5 Large also begin with an `image` (`strength`, and `mode` for 3.5 Large), which
is not used here: a generation that begins with a picture stays with our own endpoint.

The model's id names its version; its predecessors (`…core-v1:0`, `…ultra-v1:0`, `sd3-large`,
`stable-diffusion-xl`) are at the end of their lives and are not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambdas.domain.image_sizes import Size

# The guide says 4294967294 for 3.5 Large and one more for the others; Stability's own API reference
# says 4294967294 for all of them.
MAX_HOSTED_SEED = 2**32 - 2
MAX_HOSTED_CHARACTERS = 10_000

# Size in pixels → `aspect_ratio`. The guide tells shapes, not pixels (640 to 1,536 a side, some
# megapixel): what comes in another size is brought to the one that was promised.
ASPECT_RATIOS: Mapping[Size, str] = {
    (1024, 1024): "1:1",
    (1344, 768): "16:9",
    (768, 1344): "9:16",
    (1536, 640): "21:9",
    (640, 1536): "9:21",
    (1216, 832): "3:2",
    (832, 1216): "2:3",
    (1088, 896): "5:4",
    (896, 1088): "4:5",
}


@dataclass(frozen=True)
class HostedModel:
    """`id` is how documents and clients call it, `model_id` how Bedrock does."""

    id: str
    model_id: str
    max_seed: int
    max_characters: int
    aspect_ratios: Mapping[Size, str]
    licence: str

    @property
    def sizes(self) -> tuple[Size, ...]:
        """What it draws, in pixels; the first is the default."""
        return tuple(self.aspect_ratios)


def _model(short: str, model_id: str) -> HostedModel:
    return HostedModel(
        id=short,
        model_id=model_id,
        max_seed=MAX_HOSTED_SEED,
        max_characters=MAX_HOSTED_CHARACTERS,
        aspect_ratios=ASPECT_RATIOS,
        licence="Stability AI, by subscription in the AWS Marketplace",
    )


_ALL = (
    _model("stable-image-core", "stability.stable-image-core-v1:1"),
    _model("stable-image-ultra", "stability.stable-image-ultra-v1:1"),
    _model("sd3.5-large", "stability.sd3-5-large-v1:0"),
)
HOSTED_MODELS: Mapping[str, HostedModel] = {model.id: model for model in _ALL}
BY_MODEL_ID: Mapping[str, HostedModel] = {model.model_id: model for model in _ALL}
