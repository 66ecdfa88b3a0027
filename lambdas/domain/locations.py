"""Where objects lie in the buckets. The owner comes first, so that erasure is a prefix.

uploads   photos/{owner}/{subject}/{photo}                       quarantine, as it was sent
          sources/{owner}/{upload}                               the same, for generations
photos    {owner}/{subject}/{photo}.jpg                          normalised: accepted, or in review
models    adapters/{owner}/{subject}/{training}/…                immutable per training
          prior/{base model}/{what is drawn}/…                   class images, nobody's own
work      trainings/{owner}/{subject}/{training}/…
          sources/{owner}/{upload}.png                           accepted and normalised
          generations/{owner}/{generation}/request.json | progress.json | init.png | mask.png
          generations/{owner}/{generation}/sample-{index}.json   drawn by a hosted model
          results/… and failures/…                               names chosen by SageMaker
          results/{generation}.json                              what it drew, together
          reviews/{owner}/{generation}/{image}.png               withheld: what a moderator may see
          reviews/{owner}/{generation}/{image}.blurred.jpg       what a moderator sees first
          reviews/{owner}/{subject}/{photo}.blurred.jpg          the same, of a photo
avatars   {owner}/{generation}/{image}.png                       released only
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.ids import Prefix, is_id, is_owner

if TYPE_CHECKING:
    from contract.training_job import Hyperparameters


@dataclass(frozen=True)
class UploadKey:
    """The three names that the key of a quarantined photo carries."""

    owner: str
    subject_id: str
    photo_id: str

    def __str__(self) -> str:
        return f"photos/{self.owner}/{self.subject_id}/{self.photo_id}"

    @classmethod
    def parse(cls, key: str) -> UploadKey | None:
        """The names in `key`, or None if no upload slot of ours ever had such a key."""
        parts = key.split("/")
        if len(parts) != 4 or parts[0] != "photos":
            return None
        _, owner, subject_id, photo_id = parts
        if is_owner(owner) and is_id(Prefix.SUBJECT, subject_id) and is_id(Prefix.PHOTO, photo_id):
            return cls(owner, subject_id, photo_id)
        return None


@dataclass(frozen=True)
class SourceKey:
    """The two names that the key of a quarantined upload carries."""

    owner: str
    upload_id: str

    def __str__(self) -> str:
        return f"{source_prefix(self.owner)}{self.upload_id}"

    @classmethod
    def parse(cls, key: str) -> SourceKey | None:
        """The names in `key`, or None if no upload of ours ever had such a key."""
        parts = key.split("/")
        if len(parts) != 3 or parts[0] != "sources":
            return None
        _, owner, upload_id = parts
        if is_owner(owner) and is_id(Prefix.UPLOAD, upload_id):
            return cls(owner, upload_id)
        return None


def source_prefix(owner: str) -> str:
    """All uploads of an owner: in quarantine, and those that were accepted."""
    return f"sources/{owner}/"


def source_key(owner: str, upload_id: str) -> str:
    """One accepted upload."""
    return f"{source_prefix(owner)}{upload_id}.png"


def photo_prefix(owner: str, subject_id: str) -> str:
    """All accepted photos of a subject."""
    return f"{owner}/{subject_id}/"


def photo_key(owner: str, subject_id: str, photo_id: str) -> str:
    """One accepted photo."""
    return f"{photo_prefix(owner, subject_id)}{photo_id}.jpg"


def adapter_prefix(owner: str, subject_id: str, training_id: str) -> str:
    """The published adapter of one training."""
    return f"adapters/{owner}/{subject_id}/{training_id}/"


def class_images_prefix(settings: Hyperparameters) -> str:
    """Class images for trainings of such a class on that base; the noun is not readable in it."""
    facts = (settings.kind.value, settings.class_noun, settings.resolution, settings.prior_images)
    return f"prior/{settings.base_model_id}/{hashlib.sha256(repr(facts).encode()).hexdigest()}/"


def training_prefix(owner: str, subject_id: str, training_id: str) -> str:
    """Everything that one training works with."""
    return f"trainings/{owner}/{subject_id}/{training_id}/"


def generation_prefix(owner: str, generation_id: str) -> str:
    """The request and the progress of one generation."""
    return f"generations/{owner}/{generation_id}/"


def sample_key(owner: str, generation_id: str, index: int) -> str:
    """What a hosted model answered about one sample."""
    return f"{generation_prefix(owner, generation_id)}sample-{index}.json"


def painted_key(generation_id: str) -> str:
    """The answer that is made of them: where `events.results` looks for answers."""
    return f"results/{generation_id}.json"


def avatar_prefix(owner: str, generation_id: str) -> str:
    """The released images of one generation."""
    return f"{owner}/{generation_id}/"


def avatar_key(owner: str, generation_id: str, image_id: str) -> str:
    """One released image."""
    return f"{avatar_prefix(owner, generation_id)}{image_id}.png"


def review_prefix(owner: str, generation_id: str) -> str:
    """The images of one generation that are, or were, looked at by moderators."""
    return f"reviews/{owner}/{generation_id}/"


def withheld_key(owner: str, generation_id: str, image_id: str) -> str:
    """One image in quarantine: withheld by screening, or taken away after a report."""
    return f"{review_prefix(owner, generation_id)}{image_id}.png"


def blurred_key(owner: str, generation_id: str, image_id: str) -> str:
    """Its blurred preview."""
    return f"{review_prefix(owner, generation_id)}{image_id}.blurred.jpg"


def blurred_photos_prefix(owner: str, subject_id: str) -> str:
    """The blurred previews of a subject's photos that are, or were, looked at by moderators."""
    return f"reviews/{owner}/{subject_id}/"


def blurred_photo_key(owner: str, subject_id: str, photo_id: str) -> str:
    """The blurred preview of one photo."""
    return f"{blurred_photos_prefix(owner, subject_id)}{photo_id}.blurred.jpg"
