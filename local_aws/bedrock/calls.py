"""What the body of an InvokeModel may hold, per model.

Bedrock user guide, "Stable Image Core", "Stable Image Ultra" and "Stable Diffusion 3.5 Large
request and response". Where the guide is silent about an error's words, they are ours.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from local_aws.seam import AwsError

MAX_TEXT = 10_000
MAX_SEED = 2**32 - 2
# Shape → pixels of one megapixel or less, of sides between 640 and 1,536.
SHAPES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "21:9": (1536, 640),
    "9:21": (640, 1536),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "5:4": (1088, 896),
    "4:5": (896, 1088),
}
# The generators that are active; user guide, "Model support by AWS Region": US West (Oregon) only.
REGIONS = ("us-west-2",)
_TEXT_TO_IMAGE = frozenset({"prompt", "negative_prompt", "aspect_ratio", "output_format", "seed"})
_FIELDS = {
    "stability.stable-image-core-v1:1": _TEXT_TO_IMAGE,
    "stability.stable-image-ultra-v1:1": _TEXT_TO_IMAGE | {"mode", "image", "strength"},
    "stability.sd3-5-large-v1:0": _TEXT_TO_IMAGE | {"mode", "image", "strength"},
}
_FORMATS = {"stability.sd3-5-large-v1:0": ("jpeg", "png", "webp")}


@dataclass(frozen=True)
class Call:
    """One call, defaults filled in; `seed` is the drawn one where none was given."""

    prompt: str
    negative_prompt: str
    size: tuple[int, int]
    output_format: str
    seed: int


def read_call(model_id: str, region: str, body: bytes) -> Call:
    """The call; raises AwsError `ValidationException` as Bedrock does."""
    if model_id not in _FIELDS or region not in REGIONS:
        raise AwsError("ValidationException", "The provided model identifier is invalid.")
    try:
        fields = json.loads(body)
    except ValueError:
        raise _malformed("not JSON") from None
    if not isinstance(fields, dict):
        raise _malformed("expected type: JSONObject")
    for name in sorted(set(fields) - _FIELDS[model_id]):
        raise _malformed(f"extraneous key [{name}] is not permitted")
    if "image" in fields or fields.get("mode", "text-to-image") != "text-to-image":
        raise _malformed("image-to-image is not served by the embedded AWS")
    seed = _one_of(fields, "seed", 0, lambda value: type(value) is int and 0 <= value <= MAX_SEED)
    formats = _FORMATS.get(model_id, ("jpeg", "png"))
    return Call(
        prompt=_text(fields, "prompt"),
        negative_prompt=_text({"negative_prompt": "", **fields}, "negative_prompt"),
        size=SHAPES[_one_of(fields, "aspect_ratio", "1:1", lambda value: value in SHAPES)],
        output_format=_one_of(fields, "output_format", "png", lambda value: value in formats),
        seed=seed or secrets.randbelow(MAX_SEED) + 1,
    )


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise _malformed(f"required key [{name}] not found")
    text = fields[name]
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise _malformed(f"{name}: expected a text of at most {MAX_TEXT} characters")
    return text


def _one_of(fields: dict[str, Any], name: str, default: Any, allowed: Any) -> Any:
    value = fields.get(name, default)
    if not isinstance(value, str | int) or not allowed(value):
        raise _malformed(f"{name}: not a valid value")
    return value


def _malformed(what: str) -> AwsError:
    return AwsError("ValidationException", f"Malformed input request: #: {what}.")
