"""The one way in which an image leaves quarantine: marked, then written where links can reach it.

Whoever decides that an image may be shown, the screening or later a moderator, calls this. It fails
closed: without its marks the image stays where it was, and the caller is to come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Unavailable
from lambdas.domain.locations import avatar_key
from lambdas.records.marks import number_of

if TYPE_CHECKING:
    from lambdas.domain.generation import Generation
    from lambdas.domain.settings import DomainSettings
    from lambdas.ports import Clock, ImageMarking, ObjectStore, Table


@dataclass(frozen=True)
class Release:
    """`markings` are applied in this order: content credentials seal the bytes, so they go last."""

    settings: DomainSettings
    table: Table
    clock: Clock
    avatars: ObjectStore
    markings: tuple[ImageMarking, ...]

    def __call__(self, generation: Generation, image_id: str, png: bytes) -> None:
        """Mark the image and write it, the same whenever it is repeated.

        Raises CannotBeMarked if it never can be, Unavailable if it cannot now.
        """
        if self.markings:
            png = self._marked(generation, png)
        key = avatar_key(generation.owner, generation.id, image_id)
        self.avatars.write(key, png, content_type="image/png")

    def _marked(self, generation: Generation, png: bytes) -> bytes:
        number = number_of(
            self.table,
            generation,
            self.clock.now(),
            retention_days=self.settings.retention_days.images,
        )
        try:
            for marking in self.markings:
                png = marking.mark(png, number)
        except Unavailable:
            telemetry.count("MarkingUnavailable")
            raise
        return png
