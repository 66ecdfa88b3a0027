"""From one avatar to others: drawn anew with other words, repainted in part, enlarged."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from demo.record import expect

if TYPE_CHECKING:
    from demo.journey import Journey

STEPS = 15
CLOSENESS = 0.3
ANEW = "<subject> laughing in a red hoodie on a beach"
REPAINTED = "<subject> wearing black sunglasses"
ENLARGED = "a portrait of <subject> smiling"
# Where the eyes of a portrait are, as shares of its sides: left, top, right, bottom.
_EYES = (0.2, 0.42, 0.8, 0.66)


def remake(journey: Journey, subject: str) -> None:
    """Image to image, inpainting with a mask that is uploaded, and twice the size."""
    title = "From the subject's own avatar: image to image, inpainting, upscaling"
    with journey.record.step(title) as step:
        avatar = journey.avatar
        original, _ = journey.gallery.avatars[0]
        mask = _upload_mask(journey, original.size)
        ways: dict[str, dict[str, Any]] = {
            f"image to image: {_shown(ANEW)}": {"text": ANEW, "image_strength": CLOSENESS},
            f"inpainting: {_shown(REPAINTED)}": {
                "text": REPAINTED,
                "mask_image": mask,
                "mask_source": "MASK_IMAGE_WHITE",
            },
            "upscaled to twice the size": {"text": ENLARGED, "upscale": 2},
        }
        journey.gallery.remade = [(original, "the avatar that these begin with")]
        for words, fields in ways.items():
            ended, _ = journey.generated(
                subject, samples=1, seed=7, steps=STEPS, init_image=avatar, **fields
            )
            expect(ended["state"] == "succeeded", f"{words} ended: {ended}")
            ((picture, _),) = journey.pictures(ended)
            journey.gallery.remade.append((picture, words))
            print(f"  {words}: {picture.width}×{picture.height}", flush=True)
        enlarged = journey.gallery.remade[-1][0]
        expect(enlarged.width == 2 * original.width, f"upscaled to {enlarged.width} pixels")
        journey.client.delete(f"/uploads/{mask}")
        step.result = "3 images, each from the avatar as it lies in the bucket"


def _shown(text: str) -> str:
    return text.removeprefix("<subject> ")


def _upload_mask(journey: Journey, size: tuple[int, int]) -> str:
    """An upload that is white where the eyes are; its id."""
    picture = Image.new("L", size, 0)
    width, height = size
    left, top, right, bottom = _EYES
    box = (left * width, top * height, right * width, bottom * height)
    ImageDraw.Draw(picture).rectangle(box, fill=255)
    out = io.BytesIO()
    picture.save(out, "PNG")
    content = out.getvalue()
    wish = {"purpose": "mask_image", "content_type": "image/png", "size_bytes": len(content)}
    slot = journey.client.post("/uploads", wish)
    journey.ids.add(slot["id"])
    journey.client.upload(slot, content).raise_for_status()
    ended = journey.client.wait(
        f"/uploads/{slot['id']}",
        lambda upload: upload["state"] in {"accepted", "rejected"},
        seconds=60,
    )
    expect(ended["state"] == "accepted", f"the mask was not accepted: {ended}")
    return str(slot["id"])
