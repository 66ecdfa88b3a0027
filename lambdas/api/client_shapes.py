"""Answers in the shapes that existing clients parse, chosen by `Accept`.

    application/vnd.stability+json    {"result", "artifacts": [{"seed", "base64", "finishReason"}]}
    application/vnd.jumpstart+json    {"generated_images": [base64, …], "prompt"}

Both carry the images themselves. Lambda answers at most 6 MB (quota "Invocation payload", which
counts the whole response); a larger document is put aside and the caller sent to it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lambdas.api.messages import Answer
from lambdas.domain.generation import MAX_IMAGE_FILE_BYTES
from lambdas.domain.locations import avatar_key, generation_prefix
from lambdas.ports import ObjectMissing

if TYPE_CHECKING:
    from lambdas.domain.generation import Artifact, Generation
    from lambdas.ports import ObjectStore

MAX_ANSWER_BYTES = 5_500_000
_LINK_SECONDS = 300


class Shape(StrEnum):
    """The shapes; their values name the documents that are put aside."""

    STABILITY = "stability"
    JUMPSTART = "jumpstart"


SHAPES = {f"application/vnd.{shape}+json": shape for shape in Shape}


def in_shape(
    shape: Shape, generation: Generation, avatars: ObjectStore, work: ObjectStore
) -> Answer:
    """A finished generation in that shape: 200 with the document, or 303 to it."""

    def image(artifact: Artifact) -> str:
        if artifact not in generation.shown:
            return ""
        key = avatar_key(generation.owner, generation.id, artifact.id)
        try:
            content = avatars.read(key, max_bytes=MAX_IMAGE_FILE_BYTES)
        except ObjectMissing:
            return ""  # older than images are kept
        return base64.b64encode(content).decode()

    body = _BODIES[shape](generation, image)
    headers = {"Content-Type": f"application/vnd.{shape}+json"}
    text = json.dumps(body, separators=(",", ":"))
    if len(text) <= MAX_ANSWER_BYTES:
        return Answer(200, body, headers)
    key = f"{generation_prefix(generation.owner, generation.id)}{shape}.json"
    work.write(key, text.encode(), content_type=headers["Content-Type"])
    link = work.link(key, lifetime_seconds=_LINK_SECONDS)
    return Answer(303, None, {"Location": link})


def _stability(generation: Generation, image: Callable[[Artifact], str]) -> dict[str, Any]:
    return {
        "result": "success",
        "artifacts": [
            {
                "seed": artifact.seed,
                "base64": image(artifact),
                "finishReason": artifact.finish_reason.value,
            }
            for artifact in generation.artifacts
        ],
    }


def _jumpstart(generation: Generation, image: Callable[[Artifact], str]) -> dict[str, Any]:
    images = [image(artifact) for artifact in generation.artifacts]
    prompt = next(p.text for p in generation.plan.prompts if p.weight > 0)
    return {"generated_images": [each for each in images if each], "prompt": prompt}


_BODIES = {Shape.STABILITY: _stability, Shape.JUMPSTART: _jumpstart}
