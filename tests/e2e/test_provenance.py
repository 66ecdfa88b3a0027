"""What left this deployment is known by it, on the embedded KMS and Systems Manager."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from demo.client import ApiError
from demo.photos import portraits

if TYPE_CHECKING:
    from demo.client import AvatarClient
    from tests.e2e.stage import Stage


def verdict(user: AvatarClient, image: bytes) -> dict[str, Any]:
    return user.post("/verify", {"image": base64.b64encode(image).decode()})


def test_a_released_image_is_known_by_both_marks_and_others_learn_less(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    image = stage.released_image(alice)
    known = verdict(alice, image)
    assert (known["from_here"], known["by"]) == ("yes", ["content_credentials", "watermark"])
    assert known["generation_id"].startswith("gen_")
    copy = io.BytesIO()
    with Image.open(io.BytesIO(image)) as picture:
        picture.convert("RGB").save(copy, "PNG")
    told = verdict(bob, copy.getvalue())
    assert told == {
        "from_here": "yes",
        "by": ["watermark"],
        "when": known["when"],
        "generation_id": None,
        "read": ["content_credentials", "watermark"],
    }
    assert verdict(bob, portraits(1)[0].content)["from_here"] == "no"
    with pytest.raises(ApiError) as refused:
        verdict(bob, b"no picture")
    assert refused.value.status == 422
