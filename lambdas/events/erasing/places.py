"""Where the objects of a thing lie: every key starts with names that the server chose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.s3_location import S3Location
from lambdas.domain import locations
from lambdas.records.erasures import ErasureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambdas.events.erasing.run import ErasurePorts, Run
    from lambdas.ports import ObjectStore
    from lambdas.records.erasures import Progress
    from lambdas.table import Item


# Of the work bucket, under names of ours: what a receipt calls their objects.
_FOLDERS = {"generations": "work/request", "reviews": "work/review"}


@dataclass(frozen=True)
class Place:
    """All objects of a store under a prefix; `name` is how the receipt calls them."""

    name: str
    store: ObjectStore
    prefix: str

    @property
    def address(self) -> str:
        """As a tombstone remembers it."""
        return str(S3Location(self.store.bucket, self.prefix))


def places_of(ports: ErasurePorts, progress: Progress) -> list[Place]:
    """Every place where objects of it can lie, and those that the endpoint may yet write."""
    erasure = progress.erasure
    owner, target, subject = erasure.owner, erasure.id, erasure.subject_id or ""
    match erasure.kind:
        case ErasureKind.PHOTO:
            upload = str(locations.UploadKey(owner, subject, target))
            photo = locations.photo_key(owner, subject, target)
            blurred = locations.blurred_photo_key(owner, subject, target)
            found = [
                _uploads(ports, upload),
                Place("photos/photo", ports.photos, photo),
                Place("work/review", ports.work, blurred),
            ]
        case ErasureKind.UPLOAD:
            sent = str(locations.SourceKey(owner, target))
            kept = locations.source_key(owner, target)
            found = [_uploads(ports, sent), _sources(ports, kept)]
        case ErasureKind.ADAPTER:
            found = [
                _adapters(ports, locations.adapter_prefix(owner, subject, target)),
                _trainings(ports, locations.training_prefix(owner, subject, target)),
            ]
        case ErasureKind.GENERATION:
            found = generation_places(ports, owner, target)
        case ErasureKind.SUBJECT:
            photos = locations.photo_prefix(owner, target)
            found = [
                _uploads(ports, f"photos/{owner}/{target}/"),
                Place("photos/photo", ports.photos, photos),
                Place("work/review", ports.work, locations.blurred_photos_prefix(owner, target)),
                _adapters(ports, f"adapters/{owner}/{target}/"),
                _trainings(ports, f"trainings/{owner}/{target}/"),
            ]
        case ErasureKind.ACCOUNT:
            found = [
                _uploads(ports, f"photos/{owner}/"),
                _uploads(ports, locations.source_prefix(owner)),
                _sources(ports, locations.source_prefix(owner)),
                Place("photos/photo", ports.photos, f"{owner}/"),
                _adapters(ports, f"adapters/{owner}/"),
                _trainings(ports, f"trainings/{owner}/"),
                Place("work/request", ports.work, f"generations/{owner}/"),
                Place("work/review", ports.work, f"reviews/{owner}/"),
                Place("avatars/image", ports.avatars, f"{owner}/"),
            ]
    return found + [_place_at(ports, each) for each in progress.addresses]


def generation_places(ports: ErasurePorts, owner: str, generation_id: str) -> list[Place]:
    """The request of one generation, its released images, and those that wait for a moderator."""
    request = locations.generation_prefix(owner, generation_id)
    images = locations.avatar_prefix(owner, generation_id)
    return [
        Place("work/request", ports.work, request),
        Place("work/review", ports.work, f"reviews/{owner}/{generation_id}/"),
        Place("avatars/image", ports.avatars, images),
    ]


def answer_places(ports: ErasurePorts, generation: Item) -> list[Place]:
    """What the endpoint wrote about it, or may yet write, under names that SageMaker drew."""
    addresses = [generation[name] for name in ("output_uri", "failure_uri") if generation.get(name)]
    return [_place_at(ports, each) for each in addresses]


def _place_at(ports: ErasurePorts, address: str) -> Place:
    """The place that an address names: of an answer, a request, or images."""
    found = S3Location.parse(address)
    if found.bucket == ports.avatars.bucket:
        return Place("avatars/image", ports.avatars, found.key)
    name = _FOLDERS.get(found.key.partition("/")[0], "work/answer")
    return Place(name, ports.work, found.key)


def count_objects(places: Iterable[Place]) -> Counter[str]:
    """How many objects, all versions and delete markers counted."""
    found: Counter[str] = Counter()
    for place in places:
        found[place.name] += place.store.count(place.prefix)
    return +found


def erase_objects(places: Iterable[Place]) -> None:
    """Remove them for good."""
    for place in places:
        place.store.erase(place.prefix)


def remove_objects(run: Run) -> None:
    """The step of every erasure that has objects."""
    places = places_of(run.ports, run.progress)
    run.enter("objects", lambda: count_objects(places))
    erase_objects(places)


def _uploads(ports: ErasurePorts, prefix: str) -> Place:
    return Place("uploads/upload", ports.uploads, prefix)


def _sources(ports: ErasurePorts, prefix: str) -> Place:
    return Place("work/source", ports.work, prefix)


def _adapters(ports: ErasurePorts, prefix: str) -> Place:
    return Place("models/adapter", ports.models, prefix)


def _trainings(ports: ErasurePorts, prefix: str) -> Place:
    return Place("work/training", ports.work, prefix)
