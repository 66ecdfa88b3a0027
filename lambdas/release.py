"""The one way in which an image leaves quarantine: written where links can reach it.

Whoever decides that an image may be shown, the screening or later a moderator, calls this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.locations import avatar_key

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.ports import ObjectStore


@dataclass(frozen=True)
class Release:
    """`avatars` holds what is released, and nothing else."""

    avatars: ObjectStore

    def __call__(self, generation: Generation, image_id: str, png: bytes) -> None:
        """Write the image. Its record must say so only afterwards."""
        key = avatar_key(generation.owner, generation.id, image_id)
        self.avatars.write(key, png, content_type="image/png")
