"""The file of a photo in review: it lies where accepted ones do, and stays there if it passes.

A photo that passes is sent to intake, to be judged beside the others; one that does not is left to
the erasure. Either way the blurred preview goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.blurring import blurred
from lambdas.domain.errors import Conflict
from lambdas.domain.locations import UploadKey, blurred_photo_key, photo_key
from lambdas.domain.photo import Photo, PhotoState
from lambdas.ports import MAX_IMAGE_BYTES, ObjectMissing
from lambdas.records.photos import find_photo

if TYPE_CHECKING:
    from lambdas.domain.review import HeldPhoto
    from lambdas.ports import ObjectStore, Queue, Table


@dataclass(frozen=True)
class ReviewPhotos:
    """`photos` has the pictures, `work` their blurred previews; `intake` goes on with a photo."""

    table: Table
    photos: ObjectStore
    work: ObjectStore
    intake: Queue

    def find(self, owner: str, held: HeldPhoto) -> Photo:
        """The photo while it waits for a moderator; raises Conflict `photo_erased`."""
        photo = find_photo(self.table, owner, held.subject_id, held.photo_id)
        if photo is None or photo.state is not PhotoState.IN_REVIEW:
            raise Conflict("The photo was erased meanwhile.", code="photo_erased")
        return photo

    def clear_link(self, photo: Photo, seconds: int) -> str:
        """A link to the photo as it is."""
        return self.photos.link(photo_key(*_names(photo)), lifetime_seconds=seconds)

    def blurred_link(self, photo: Photo, seconds: int) -> str | None:
        """A link to its blurred preview, which is made when first asked for; None if it is gone."""
        key = blurred_photo_key(*_names(photo))
        if not self.work.exists(key):
            try:
                jpeg = self.photos.read(photo_key(*_names(photo)), max_bytes=MAX_IMAGE_BYTES)
            except ObjectMissing:
                return None
            self.work.write(key, blurred(jpeg), content_type="image/jpeg")
            if find_photo(self.table, *_names(photo)) != photo:
                # Erased or decided while we looked: whoever did may have passed by here already.
                self.work.delete([key])
                return None
        return self.work.link(key, lifetime_seconds=seconds)

    def go_on(self, owner: str, held: HeldPhoto) -> None:
        """After the decision; what is lost on the way is found by the reconciler."""
        names = (owner, held.subject_id, held.photo_id)
        self.work.delete([blurred_photo_key(*names)])
        photo = find_photo(self.table, *names)
        if photo is not None and photo.state is PhotoState.CHECKING:
            # Intake reads no more than this of what S3 would tell it.
            self.intake.send({"detail": {"object": {"key": str(UploadKey(*names))}}})


def _names(photo: Photo) -> tuple[str, str, str]:
    return (photo.owner, photo.subject_id, photo.id)
