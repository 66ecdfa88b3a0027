"""The one way in which an image gets among those that its owner may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.locations import avatar_key

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.ports import ObjectStore


def release(avatars: ObjectStore, generation: Generation, image_id: str, png: bytes) -> None:
    """Write it where links lead to. Its record must say so only afterwards."""
    key = avatar_key(generation.owner, generation.id, image_id)
    avatars.write(key, png, content_type="image/png")
