"""What the domain needs from the world, as small protocols.

Adapters implement them on AWS, the tests' fakes in memory; one contract test runs against both.
All raise `Unavailable` when the service behind them throttles, times out or fails, so that a caller
is told to come back and a queue delivers again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lambdas.domain.look import Pose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from PIL.Image import Image

    from contract.face_places import FacePlaces
    from lambdas.table import Index, Item, Key, Page, Write


class Clock(Protocol):
    """The time, as a parameter."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    def pause(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class Table(Protocol):
    """The records: items under (pk, sk), two indexes, conditional writes. See `lambdas.table`."""

    def get(self, key: Key) -> Item | None:
        """The item as it is now (strongly consistent), or None."""
        ...

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        up_to: str | None = None,
        index: Index | None = None,
        newest_first: bool = False,
        limit: int = 100,
        after: Mapping[str, str] | None = None,
    ) -> Page:
        """Items of one partition in the order of their sort keys, at most `limit`.

        `prefix` or `up_to` (inclusive) narrow the sort key; `after` is `Page.next` of the page
        before. Without an index the answer is strongly consistent. Raises InvalidPosition if
        `after` cannot be one of ours.
        """
        ...

    def write(self, *writes: Write) -> None:
        """All of the writes or none (at most 100, each to another key).

        Raises ConditionFailed, which names the writes whose conditions did not hold.
        """
        ...


@dataclass(frozen=True)
class UploadForm:
    """A presigned POST: send `fields`, then the file, as multipart/form-data to `url`."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class StoredObject:
    """An object that a listing found; `modified_at` is its last write."""

    key: str
    size_bytes: int
    modified_at: datetime


class ObjectMissing(Exception):  # noqa: N818 - a fact, not a fault
    """There is no such object (or we may not know: without ListBucket S3 answers 403)."""


class ObjectTooLarge(Exception):  # noqa: N818
    """The object has more bytes than the caller is willing to read."""


class ObjectStore(Protocol):
    """One bucket."""

    @property
    def bucket(self) -> str:
        """Its name, for addresses."""
        ...

    def upload_form(
        self, key: str, *, content_type: str, size_bytes: int, lifetime_seconds: int
    ) -> UploadForm:
        """A form with which exactly this key, type and size can be uploaded, for a while."""
        ...

    def link(self, key: str, *, lifetime_seconds: int) -> str:
        """A presigned GET."""
        ...

    def read(self, key: str, *, max_bytes: int) -> bytes:
        """The whole object; raises ObjectMissing, ObjectTooLarge."""
        ...

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        """Put the object, replacing what was there."""
        ...

    def copy(self, source_key: str, target: ObjectStore, target_key: str) -> None:
        """Copy an object into another bucket without reading it here; raises ObjectMissing."""
        ...

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        ...

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """All objects whose keys start with `prefix`."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; absent ones are no error."""
        ...

    def count(self, prefix: str) -> int:
        """How many objects lie under `prefix`, every version and delete marker counted."""
        ...

    def erase(self, prefix: str) -> int:
        """Delete everything under `prefix`, every version of it; how many were there."""
        ...


@dataclass(frozen=True)
class ModerationLabel:
    """One label of DetectModerationLabels; `parent` is empty at the top of the taxonomy."""

    name: str
    parent: str
    confidence: float


@dataclass(frozen=True)
class Face:
    """One face, as it was measured.

    `left`, `top`, `width`, `height`: its box, as shares of the picture. `pose`: degrees away from
    the camera. `age_low`: where the range that its age is in begins, in years. Everything else is
    0–100: how sure it is that this is a face, how bright and sharp the face is, how sure that it is
    covered or behind sunglasses (0: it is not). `places`: of eyes, nose and mouth, if it told.
    """

    confidence: float
    width: float
    height: float
    left: float = 0.0
    top: float = 0.0
    brightness: float = 50.0
    sharpness: float = 50.0
    pose: Pose = Pose(0.0, 0.0, 0.0)  # noqa: RUF009 - frozen
    age_low: int = 0
    occluded: float = 0.0
    sunglasses: float = 0.0
    places: FacePlaces | None = None


class CannotBeScreened(Exception):  # noqa: N818 - a fact, not a fault
    """The service will never take this picture, however often it is asked."""


@dataclass(frozen=True)
class ReadLine:
    """A line of text in a picture, and how sure the reading is (0–100)."""

    text: str
    confidence: float


class ImageModeration(Protocol):
    """Looks at pictures: JPEG or PNG, at most `MAX_IMAGE_BYTES`. All raise CannotBeScreened."""

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        """What a moderator would flag, at that confidence (0–100) or above."""
        ...

    def faces(self, image: bytes) -> Sequence[Face]:
        """The faces in the picture, with all that is measured of them."""
        ...

    def celebrities(self, image: bytes) -> Sequence[float]:
        """How sure it is (0–100) of each famous person whom it sees; never who that is."""
        ...

    def text(self, image: bytes) -> Sequence[ReadLine]:
        """The lines that can be read in the picture."""
        ...

    def likeness(self, image: bytes, other: bytes) -> float | None:
        """How alike (0–100) the largest face of `image` and the likest of `other` are.

        None if one of them has no face.
        """
        ...


# Rekognition "Guidelines and quotas": images passed as bytes.
MAX_IMAGE_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Language:
    """A language that a text may be in: RFC 5646 `code`, `score` 0–1."""

    code: str
    score: float


@dataclass(frozen=True)
class PersonalData:
    """Something in a text that points to a person: Comprehend's `PiiEntityType`, `score` 0–1."""

    kind: str
    score: float


class TextModeration(Protocol):
    """Reads texts. The limits of each operation are Comprehend's ("Guidelines and quotas")."""

    def toxicity(self, segments: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """For each segment: label → score (0–1), e.g. `VIOLENCE_OR_THREAT`.

        English only, at most `MAX_TOXICITY_SEGMENTS` of `MAX_TOXICITY_BYTES` each.
        """
        ...

    def languages(self, texts: Sequence[str]) -> Sequence[Sequence[Language]]:
        """For each text the languages that it may be in, the likeliest first.

        At most `MAX_LANGUAGE_TEXTS` of `MAX_LANGUAGE_BYTES` each.
        """
        ...

    def personal_data(self, text: str) -> Sequence[PersonalData]:
        """What in an English text, of at most `MAX_PERSONAL_DATA_BYTES`, points to a person."""
        ...


# Comprehend developer guide, "Toxicity detection"; API reference of BatchDetectDominantLanguage and
# DetectPiiEntities. A KB is taken as 1,000 bytes where the reference does not say.
MAX_TOXICITY_SEGMENTS, MAX_TOXICITY_BYTES = 10, 1024
MAX_LANGUAGE_TEXTS, MAX_LANGUAGE_BYTES = 25, 5000
MAX_PERSONAL_DATA_BYTES = 100_000


class Translation(Protocol):
    """Translates, for screening only: nothing translated is kept or drawn."""

    def to_english(self, text: str, language: str) -> str | None:
        """The text, at most `MAX_TRANSLATION_BYTES`; None if that language is not translated."""
        ...


# Amazon Translate developer guide, "Guidelines and quotas": TranslateText.
MAX_TRANSLATION_BYTES = 10_000


class Guardrail(Protocol):
    """A second opinion, configured by the organisation outside this project."""

    def objection(self, texts: Sequence[str]) -> str | None:
        """The category under which it intervenes, or None."""
        ...


class ImageMarking(Protocol):
    """Marks what leaves the service, so that it can be told from everything else."""

    def mark(self, png: bytes, number: int) -> bytes:
        """The picture, a PNG still, with that number in it; raises CannotBeMarked.

        Nothing but a number of `lambdas.domain.marks.NUMBER_BITS` bits goes into a picture.
        """
        ...


class CannotBeMarked(Exception):  # noqa: N818 - a verdict
    """The picture has no room for a mark, however often it is tried."""


class WatermarkReading(Protocol):
    """Finds the invisible watermark."""

    def find(self, picture: Image) -> Trace:
        """What the pixels of an RGB picture say."""
        ...


class CredentialsReading(Protocol):
    """Finds content credentials (C2PA)."""

    def find(self, upload: bytes) -> Trace:
        """What a file says of itself, hostile ones included; never raises for them."""
        ...


@dataclass(frozen=True)
class Trace:
    """What was found. `ours`: surely of this deployment, and only then `number` and `made_at`.

    `hints`: something of ours is there, too damaged to be relied on.
    """

    ours: bool = False
    hints: bool = False
    number: int | None = None
    made_at: datetime | None = None


@dataclass(frozen=True)
class Execution:
    """A training's execution: `status` as Step Functions says it, e.g. RUNNING, SUCCEEDED."""

    status: str
    error: str | None = None
    cause: str | None = None


class TrainingRunner(Protocol):
    """Runs trainings; an execution is named by its training, so a second start is no second run."""

    def start(self, training_id: str, document: Mapping[str, Any]) -> None:
        """Start the execution; no error if it was already started."""
        ...

    def stop(self, training_id: str, *, reason: str) -> None:
        """Stop the execution; no error if it has ended or never was."""
        ...

    def describe(self, training_id: str) -> Execution | None:
        """How it stands, or None if it never was."""
        ...


class TrainingJobs(Protocol):
    """The machines on which trainings run."""

    def is_running(self, job_name: str) -> bool:
        """Whether the job may still write: until it has stopped and everything is uploaded."""
        ...


@dataclass(frozen=True)
class Invocation:
    """Where an asynchronous invocation will leave its answer (s3:// addresses)."""

    output_uri: str
    failure_uri: str | None


@dataclass(frozen=True)
class EndpointStatus:
    """Whether the endpoint is in service, and on how many instances right now."""

    status: str
    instances: int


class GenerationBackend(Protocol):
    """Who draws: our own endpoint, or a model that somebody else hosts."""

    def invoke(
        self, generation_id: str, *, request_uri: str, request_ttl_seconds: int
    ) -> Invocation:
        """Queue a request document; the inference id is the generation's."""
        ...

    def status(self) -> EndpointStatus:
        """How the endpoint stands."""
        ...


class CallRejected(Exception):  # noqa: N818 - a fact, not a fault
    """The model takes no such call, however often it is made."""


class ModelOutOfReach(Exception):  # noqa: N818
    """No permission or subscription, or no such model: an operator has to see to it."""


class HostedImages(Protocol):
    """Models that somebody else hosts; see `lambdas.domain.hosted_models`."""

    def draw(self, model_id: str, call: Mapping[str, Any]) -> bytes:
        """The body of the answer to a call; takes seconds.

        Raises CallRejected, ModelOutOfReach, and Unavailable for a model that is busy.
        """
        ...


class Queue(Protocol):
    """A queue of JSON messages."""

    def send(self, message: Mapping[str, Any], *, delay_seconds: int = 0) -> None:
        """Put a message; `delay_seconds` up to 900."""
        ...


class Postponement(Protocol):
    """Decides when a message that failed comes back, instead of the queue's own long time-out."""

    def postpone(self, queue_arn: str, receipt_handle: str, *, seconds: int) -> None:
        """Have it delivered again after that long."""
        ...


class IdempotencyRecords(Protocol):
    """Kept answers, for whoever has to forget them."""

    def forget(self, ids: Iterable[str]) -> None:
        """Delete records; absent ones are no error."""
        ...


class SignIns(Protocol):
    """The people who may sign in, by the `sub` of their tokens."""

    def exists(self, owner: str) -> bool:
        """Whether that person can sign in."""
        ...

    def delete(self, owner: str) -> None:
        """They can no longer, and what was known of them is gone; absent ones are no error."""
        ...


class ReceiptSigner(Protocol):
    """Signs receipts with a key that never leaves its service."""

    @property
    def key_id(self) -> str:
        """Which key, as whoever checks a signature has to ask for it."""
        ...

    def sign(self, text: bytes) -> str:
        """The signature: ECDSA over P-256 and SHA-256, DER (RFC 3279), base64."""
        ...
