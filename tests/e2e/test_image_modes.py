"""A picture that somebody uploads, and what a generation makes of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from demo.client import ApiError, AvatarClient
from tests.e2e.stage import eventually
from tests.e2e.test_serving import distance, pictures

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

SIDE = 128


def drawn(ground: str, shape: str) -> bytes:
    """A disc before a plain ground, as PNG."""
    image = Image.new("RGB", (SIDE, SIDE), ground)
    ImageDraw.Draw(image).ellipse((32, 24, 96, 104), fill=shape)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def half_white() -> bytes:
    """A mask: the lower half is to be repainted."""
    image = Image.new("L", (SIDE, SIDE), 0)
    image.paste(255, (0, SIDE // 2, SIDE, SIDE))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def upper(picture: bytes) -> bytes:
    """The upper part of a picture, well away from its middle."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").crop((0, 0, SIDE, 40)).save(out, "PNG")
    return out.getvalue()


def test_an_upload_becomes_an_image_that_stays_as_close_as_it_is_told(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    source = drawn("navy", "peachpuff")
    upload = stage.upload_picture(alice, source)
    assert (upload["state"], upload["width"]) == ("accepted", SIDE), upload
    mask = stage.upload_picture(alice, half_white(), "mask_image")
    with pytest.raises(ApiError) as refusal:
        bob.post("/generations", {"prompt": "a hat", "init_image": upload["id"]})
    assert refusal.value.status == 404

    def made(**fields: Any) -> dict[str, Any]:
        body = {"text_prompts": [{"text": "a portrait"}], "seed": 3, "init_image": upload["id"]}
        ended = stage.generate(alice, **body, **fields)
        assert ended["state"] == "succeeded", ended
        return ended

    near, far = made(image_strength=0.9), made(image_strength=0.1)
    repainted = made(mask_image=mask["id"], mask_source="MASK_IMAGE_WHITE")
    (near_picture,), (far_picture,), (mended,) = map(pictures, (near, far, repainted))
    assert distance(near_picture, source) < distance(far_picture, source)
    assert distance(upper(mended), upper(source)) < distance(mended, source)
    assert near["request"]["init_image"] == upload["id"]

    alice.delete(f"/uploads/{upload['id']}")
    alice.delete(f"/generations/{near['id']}")
    alice.delete(f"/generations/{far['id']}")
    alice.delete(f"/generations/{repainted['id']}")
    ids = {upload["id"], near["id"], far["id"], repainted["id"]}
    eventually(lambda: not any(stage.backstage.traces(ids).values()), seconds=30)
