"""Pictures and answers as the endpoint makes them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image, PngImagePlugin

from contract.generation_result import Artifact, FinishReason, GenerationResponse, Timings
from lambdas.domain.generation import Generation


def png(colour: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (64, 64)) -> bytes:
    """A picture of one colour, with a comment that must not be passed on."""
    out = io.BytesIO()
    comment = PngImagePlugin.PngInfo()
    comment.add_text("prompt", "a secret")
    Image.new("RGB", size, colour).save(out, "PNG", pnginfo=comment)
    return out.getvalue()


def colour_of(image: bytes) -> tuple[int, int, int]:
    """The colour of a picture of one colour."""
    with Image.open(io.BytesIO(image)) as opened:
        red, green, blue = opened.convert("RGB").resize((1, 1)).tobytes()
    return red, green, blue


def answer(
    generation: Generation, images: list[bytes | None] | None = None, **changes: Any
) -> bytes:
    """The endpoint's answer; None is a sample that it could not make."""
    seeds = generation.plan.seeds
    images = [png() for _ in seeds] if images is None else images
    response = GenerationResponse(
        generation_id=generation.id,
        base_model="tiny-sd",
        adapter=None,
        artifacts=tuple(
            Artifact(
                index,
                seed,
                FinishReason.SUCCESS if image else FinishReason.ERROR,
                image or b"",
            )
            for index, (seed, image) in enumerate(zip(seeds, images, strict=True))
        ),
        timings=Timings(0.1, 0.2, 0.3),
    )
    document = json.loads(response.to_json()) | changes
    return json.dumps(document).encode()


def swapped(text: bytes, index: int, image: bytes) -> bytes:
    """An answer with other bytes in place of one image."""
    document = json.loads(text)
    document["artifacts"][index]["image"] = base64.b64encode(image).decode()
    return json.dumps(document).encode()
