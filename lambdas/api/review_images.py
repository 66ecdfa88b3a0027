"""The file of a reviewed image: where it lies, how a moderator sees it, where a decision moves it.

    withheld, or taken away      work      reviews/{owner}/{generation}/{image}.png
    released                     avatars   {owner}/{generation}/{image}.png

A decision first puts the file where it is going, then writes the record, then removes the file from
where it was: at no moment does a record promise what is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.blurring import blurred
from lambdas.domain.errors import Conflict, Unavailable
from lambdas.domain.generation import MAX_IMAGE_FILE_BYTES, FinishReason
from lambdas.domain.locations import avatar_key, blurred_key, withheld_key
from lambdas.ports import CannotBeMarked, ObjectMissing
from lambdas.records.generations import find_generation

if TYPE_CHECKING:
    from lambdas.domain.generation import Artifact, Generation
    from lambdas.domain.review import Review
    from lambdas.ports import ObjectStore, Table
    from lambdas.release import Release

# A PNG of ours of the largest size, 1.2 megapixels with three bytes each, fits well.


@dataclass(frozen=True)
class ReviewImages:
    """`work` holds the quarantine, `avatars` what is released."""

    table: Table
    work: ObjectStore
    avatars: ObjectStore
    release: Release

    def clear_link(self, generation: Generation, artifact: Artifact, seconds: int) -> str:
        """A link to the image as it is."""
        store, key = self._place(generation, artifact)
        return store.link(key, lifetime_seconds=seconds)

    def blurred_link(self, generation: Generation, artifact: Artifact, seconds: int) -> str | None:
        """A link to its blurred preview, which is made when first asked for; None if it is gone."""
        names = (generation.owner, generation.id)
        key = blurred_key(*names, artifact.id)
        if not self.work.exists(key):
            store, source = self._place(generation, artifact)
            try:
                preview = blurred(store.read(source, max_bytes=MAX_IMAGE_FILE_BYTES))
            except ObjectMissing:
                return None
            self.work.write(key, preview, content_type="image/jpeg")
            if self._is_gone(generation):
                # Erased while we looked: the erasure may have passed by here already.
                self.work.delete([key])
                return None
        return self.work.link(key, lifetime_seconds=seconds)

    def put_in_place(
        self, review: Review, generation: Generation, artifact: Artifact, wanted: FinishReason
    ) -> None:
        """Have the file where it is wanted.

        Raises Conflict: `image_erased` if there is none, `image_unmarkable` if it can never carry
        the marks that released images carry; Unavailable if it cannot be marked now.
        """
        if artifact.finish_reason is wanted:
            return
        shown = avatar_key(generation.owner, generation.id, artifact.id)
        hidden = withheld_key(generation.owner, generation.id, artifact.id)
        try:
            if wanted is not FinishReason.SUCCESS:
                self.avatars.copy(shown, self.work, hidden)
            elif review.was_released:
                # It carries its provenance already: as it was.
                self.work.copy(hidden, self.avatars, shown)
            else:
                png = self.work.read(hidden, max_bytes=MAX_IMAGE_FILE_BYTES)
                self.release(generation, artifact.id, png)
        except ObjectMissing:
            raise image_erased() from None
        except CannotBeMarked:
            raise Conflict(
                "The image has no room for the marks that released images carry.",
                code="image_unmarkable",
            ) from None
        except Unavailable:
            if self._is_gone(generation):
                raise image_erased() from None
            raise

    def _is_gone(self, generation: Generation) -> bool:
        now = find_generation(self.table, generation.owner, generation.id)
        return now is None or now.deleting

    def tidy(self, generation: Generation, artifact: Artifact) -> None:
        """Remove the file from where its record does not say it is."""
        shown = avatar_key(generation.owner, generation.id, artifact.id)
        hidden = withheld_key(generation.owner, generation.id, artifact.id)
        if artifact.finish_reason is FinishReason.SUCCESS:
            self.work.delete([hidden])
        else:
            self.avatars.delete([shown])

    def _place(self, generation: Generation, artifact: Artifact) -> tuple[ObjectStore, str]:
        names = (generation.owner, generation.id, artifact.id)
        if artifact.finish_reason is FinishReason.SUCCESS:
            return self.avatars, avatar_key(*names)
        return self.work, withheld_key(*names)


def image_erased() -> Conflict:
    """What a decision about something that is gone comes to."""
    return Conflict("The image was erased meanwhile.", code="image_erased")
