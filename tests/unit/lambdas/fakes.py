"""The ports in memory, obeying the same rules as AWS: conditions, transactions, presigned forms.

`tests/unit/lambdas/port_contract.py` holds them to it. Faults are switched on by attributes, and
`before_write` runs a function once just before the next write: that is how races are staged.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lambdas.domain.errors import Unavailable
from lambdas.ports import (
    MAX_LANGUAGE_BYTES,
    MAX_LANGUAGE_TEXTS,
    MAX_PERSONAL_DATA_BYTES,
    MAX_TOXICITY_BYTES,
    MAX_TOXICITY_SEGMENTS,
    MAX_TRANSLATION_BYTES,
    CannotBeMarked,
    CannotBeScreened,
    EndpointStatus,
    Execution,
    Face,
    Invocation,
    Language,
    ModerationLabel,
    ObjectMissing,
    ObjectStore,
    ObjectTooLarge,
    PersonalData,
    ReadLine,
    StoredObject,
    UploadForm,
)
from lambdas.table import (
    INDEX_KEYS,
    Absent,
    Append,
    AtLeast,
    AtMost,
    Before,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Index,
    InvalidPosition,
    Is,
    Item,
    Key,
    Page,
    Present,
    Put,
    Update,
    Write,
)

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves only when told to."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def pause(self, seconds: float) -> None:
        self.advance(seconds=seconds)

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


class FakeTable:
    """Items in a dictionary; writes are all or nothing. `audit_log`: where Append goes."""

    def __init__(self, audit_log: FakeTable | None = None) -> None:
        self.audit_log = audit_log
        self.items: dict[Key, Item] = {}
        self.available = True
        self.before_write: Callable[[], object] | None = None
        self.writes = 0
        self.fail_after: int | None = None

    def get(self, key: Key) -> Item | None:
        self._reachable()
        return copy.deepcopy(self.items.get(key))

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
        self._reachable()
        pk, sk = INDEX_KEYS[index]
        position_keys = {"pk", "sk", pk, sk}
        if after is not None and set(after) != position_keys:
            raise InvalidPosition
        found = sorted(
            (
                item
                for item in self.items.values()
                if item.get(pk) == partition
                and str(item.get(sk, "")).startswith(prefix)
                and (up_to is None or item[sk] <= up_to)
            ),
            key=lambda item: (item[sk], item["pk"], item["sk"]),
            reverse=newest_first,
        )
        if after is not None:
            position = (after[sk], after["pk"], after["sk"])
            found = [
                item
                for item in found
                if ((item[sk], item["pk"], item["sk"]) < position) == newest_first
                and (item[sk], item["pk"], item["sk"]) != position
            ]
        page = found[:limit]
        more = len(found) > limit or len(page) == limit
        last = {name: str(page[-1][name]) for name in position_keys} if page and more else None
        return Page(tuple(copy.deepcopy(page)), last)

    def write(self, *writes: Write) -> None:
        self._reachable()
        hook, self.before_write = self.before_write, None
        if hook is not None:
            hook()
        if self.fail_after is not None:
            if self.fail_after == 0:
                raise Unavailable("records")
            self.fail_after -= 1
        assert 1 <= len(writes) <= 100
        touched = [
            Key(w.item["pk"], w.item["sk"]) if isinstance(w, Put | Append) else w.key
            for w in writes
        ]
        assert len(set(touched)) == len(touched), "DynamoDB refuses two writes to one key"
        failed = tuple(
            position
            for position, (key, write) in enumerate(zip(touched, writes, strict=True))
            if not all(_holds(one, self._place(write).get(key, {})) for one in write.when)
        )
        if failed:
            raise ConditionFailed(failed)
        for key, write in zip(touched, writes, strict=True):
            self._apply(key, write)
        self.writes += 1

    def _place(self, write: Write) -> dict[Key, Item]:
        if not isinstance(write, Append):
            return self.items
        assert self.audit_log is not None, "this table has no audit log"
        return self.audit_log.items

    def _apply(self, key: Key, write: Write) -> None:
        match write:
            case Append():
                self._place(write)[key] = copy.deepcopy(write.item)
            case Put():
                self.items[key] = copy.deepcopy(write.item)
            case Delete():
                self.items.pop(key, None)
            case Update():
                item = self.items.setdefault(key, {"pk": key.pk, "sk": key.sk})
                item.update(copy.deepcopy(dict(write.set)))
                for name, number in write.add.items():
                    item[name] = item.get(name, 0) + number
                for name in write.remove:
                    item.pop(name, None)
            case Check():
                pass

    def _reachable(self) -> None:
        if not self.available:
            raise Unavailable("records")

    def partition(self, pk: str) -> list[Item]:
        """Everything in one partition, for assertions."""
        return [item for key, item in sorted(self.items.items(), key=str) if key.pk == pk]


def _holds(condition: Condition, item: Item) -> bool:
    value = item.get(condition.name)
    match condition:
        case Is():
            return value in condition.values
        case Absent():
            return condition.name not in item
        case Present():
            return condition.name in item
        case AtMost():
            return int(value or 0) <= condition.bound
        case AtLeast():
            return value is not None and int(value) >= condition.bound
        case Before():
            return value is not None and str(value) < condition.bound


@dataclass
class FakeObjectStore:
    """Objects in a dictionary, with the versions that a versioned bucket would keep."""

    bucket: str = "bucket"
    objects_by_key: dict[str, bytes] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    old_versions: dict[str, int] = field(default_factory=dict)
    available: bool = True
    clock: FakeClock = field(default_factory=FakeClock)

    def upload_form(
        self, key: str, *, content_type: str, size_bytes: int, lifetime_seconds: int
    ) -> UploadForm:
        return UploadForm(
            f"https://{self.bucket}.example",
            {
                "key": key,
                "Content-Type": content_type,
                "policy": f"{size_bytes} bytes for {lifetime_seconds} s",
            },
        )

    def link(self, key: str, *, lifetime_seconds: int) -> str:
        return f"https://{self.bucket}.example/{key}?expires={lifetime_seconds}"

    def read(self, key: str, *, max_bytes: int) -> bytes:
        self._reachable()
        if key not in self.objects_by_key:
            raise ObjectMissing
        body = self.objects_by_key[key]
        if len(body) > max_bytes:
            raise ObjectTooLarge(f"{len(body)} bytes")
        return body

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        self._reachable()
        if key in self.objects_by_key:
            self.old_versions[key] = self.old_versions.get(key, 0) + 1
        self.objects_by_key[key] = body
        self.content_types[key] = content_type

    def copy(self, source_key: str, target: ObjectStore, target_key: str) -> None:
        body = self.read(source_key, max_bytes=2**62)
        target.write(target_key, body, content_type=self.content_types.get(source_key, ""))

    def exists(self, key: str) -> bool:
        self._reachable()
        return key in self.objects_by_key

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        self._reachable()
        for key in sorted(self.objects_by_key):
            if key.startswith(prefix):
                yield StoredObject(key, len(self.objects_by_key[key]), self.clock.now())

    def delete(self, keys: Iterable[str]) -> None:
        self._reachable()
        for key in keys:
            self.objects_by_key.pop(key, None)

    def count(self, prefix: str) -> int:
        self._reachable()
        now = sum(key.startswith(prefix) for key in self.objects_by_key)
        return now + sum(n for key, n in self.old_versions.items() if key.startswith(prefix))

    def erase(self, prefix: str) -> int:
        self._reachable()
        doomed = {
            key for key in (*self.objects_by_key, *self.old_versions) if key.startswith(prefix)
        }
        for key in doomed:
            self.objects_by_key.pop(key, None)
            self.old_versions.pop(key, None)
        return len(doomed)

    def _reachable(self) -> None:
        if not self.available:
            raise Unavailable("objects")


@dataclass
class FakeImageModeration:
    """Says what it was told to say."""

    label_list: Sequence[ModerationLabel] = ()
    face_list: Sequence[Face] = (Face(99.0, 0.4, 0.5, age_low=30),)
    celebrity_list: Sequence[float] = ()
    lines: Sequence[ReadLine] = ()
    # Who is in a picture; None: nobody whose face could be compared.
    who: Callable[[bytes], object] = lambda _: "the same for all"
    available: bool = True
    throttled: set[str] = field(default_factory=set)
    screens: bool = True
    refused: set[str] = field(default_factory=set)
    seen: list[bytes] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        self._called("labels")
        self.seen.append(image)
        return [label for label in self.label_list if label.confidence >= min_confidence]

    def faces(self, image: bytes) -> Sequence[Face]:
        self._called("faces")
        return self.face_list

    def celebrities(self, image: bytes) -> Sequence[float]:
        self._called("celebrities")
        return self.celebrity_list

    def text(self, image: bytes) -> Sequence[ReadLine]:
        self._called("text")
        return self.lines

    def likeness(self, image: bytes, other: bytes) -> float | None:
        self._called("likeness")
        one, another = self.who(image), self.who(other)
        if one is None or another is None:
            return None
        return 99.0 if one == another else 3.0

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if not self.available or name in self.throttled:
            raise Unavailable("image moderation")
        if not self.screens or name in self.refused:
            raise CannotBeScreened


@dataclass
class FakeMarking:
    """Writes the number behind the end of the file, where no decoder looks."""

    available: bool = True
    has_room: bool = True

    def mark(self, png: bytes, number: int) -> bytes:
        if not self.available:
            raise Unavailable("marking")
        if not self.has_room:
            raise CannotBeMarked
        return png + b"MARK" + number.to_bytes(5, "big")


@dataclass
class FakeTextModeration:
    """Scores by word: a segment that has the word gets its labels, languages, personal data.

    `failing`: operations that do not answer; without `available`, none does.
    """

    words: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    language_words: Mapping[str, Sequence[Language]] = field(default_factory=dict)
    personal: Mapping[str, PersonalData] = field(default_factory=dict)
    available: bool = True
    failing: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def toxicity(self, segments: Sequence[str]) -> Sequence[Mapping[str, float]]:
        self._reachable("toxicity")
        assert 1 <= len(segments) <= MAX_TOXICITY_SEGMENTS
        assert all(1 <= len(segment.encode()) <= MAX_TOXICITY_BYTES for segment in segments)
        self.seen.extend(segments)
        answers: list[Mapping[str, float]] = []
        for segment in segments:
            scores = {"PROFANITY": 0.01}
            for word, labels in self.words.items():
                if word in segment:
                    scores.update(labels)
            answers.append(scores)
        return answers

    def languages(self, texts: Sequence[str]) -> Sequence[Sequence[Language]]:
        self._reachable("languages")
        assert 1 <= len(texts) <= MAX_LANGUAGE_TEXTS
        assert all(1 <= len(text.encode()) <= MAX_LANGUAGE_BYTES for text in texts)
        return [
            next(
                (found for word, found in self.language_words.items() if word in text),
                [Language("en", 0.99)],
            )
            for text in texts
        ]

    def personal_data(self, text: str) -> Sequence[PersonalData]:
        self._reachable("personal_data")
        assert 1 <= len(text.encode()) <= MAX_PERSONAL_DATA_BYTES
        return [found for word, found in self.personal.items() if word in text]

    def _reachable(self, operation: str) -> None:
        self.asked.append(operation)
        if not self.available or operation in self.failing:
            raise Unavailable("text moderation")


@dataclass
class FakeTranslation:
    """A phrase book; a language that `languages` lacks is not translated."""

    phrases: Mapping[str, str] = field(default_factory=dict)
    languages: frozenset[str] = frozenset({"de", "es", "fr", "ru"})
    available: bool = True

    def to_english(self, text: str, language: str) -> str | None:
        if not self.available:
            raise Unavailable("translation")
        assert 1 <= len(text.encode()) <= MAX_TRANSLATION_BYTES
        return self.phrases.get(text, text) if language in self.languages else None


@dataclass
class FakeGuardrail:
    """Objects to texts that hold a word."""

    words: Mapping[str, str] = field(default_factory=dict)

    def objection(self, texts: Sequence[str]) -> str | None:
        return next(
            (found for word, found in self.words.items() if any(word in t for t in texts)), None
        )


@dataclass
class FakeTrainingRunner:
    """Executions in a dictionary."""

    executions: dict[str, Execution] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    available: bool = True

    def start(self, training_id: str, document: Mapping[str, Any]) -> None:
        self._reachable()
        if training_id not in self.executions:
            self.executions[training_id] = Execution("RUNNING")
            self.documents[training_id] = dict(document)

    def stop(self, training_id: str, *, reason: str) -> None:
        self._reachable()
        self.stopped.append(training_id)
        execution = self.executions.get(training_id)
        if execution is not None and execution.status == "RUNNING":
            self.executions[training_id] = replace(execution, status="ABORTED", cause=reason)

    def describe(self, training_id: str) -> Execution | None:
        self._reachable()
        return self.executions.get(training_id)

    def _reachable(self) -> None:
        if not self.available:
            raise Unavailable("training")


@dataclass
class FakeTrainingJobs:
    """Jobs by name, each with how often it will still be seen running."""

    running: dict[str, int] = field(default_factory=dict)

    def is_running(self, job_name: str) -> bool:
        left = self.running.get(job_name, 0)
        self.running[job_name] = left - 1
        return left > 0


@dataclass
class FakeSignIns:
    """A set of people."""

    people: set[str] = field(default_factory=set)

    def exists(self, owner: str) -> bool:
        return owner in self.people

    def delete(self, owner: str) -> None:
        self.people.discard(owner)


@dataclass
class LocalSigner:
    """A real key, in memory."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    key_id: str = "a-key"

    def sign(self, text: bytes) -> str:
        return base64.b64encode(self.key.sign(text, ec.ECDSA(hashes.SHA256()))).decode()


@dataclass
class FakeGenerationBackend:
    """Remembers what was queued."""

    instances: int = 0
    endpoint_status: str = "InService"
    available: bool = True
    requests: dict[str, str] = field(default_factory=dict)

    def invoke(
        self, generation_id: str, *, request_uri: str, request_ttl_seconds: int
    ) -> Invocation:
        self._reachable()
        self.requests[generation_id] = request_uri
        return Invocation(
            f"s3://work/results/{generation_id}.out",
            f"s3://work/failures/{generation_id}-error.out",
        )

    def status(self) -> EndpointStatus:
        self._reachable()
        return EndpointStatus(self.endpoint_status, self.instances)

    def _reachable(self) -> None:
        if not self.available:
            raise Unavailable("endpoint")


@dataclass
class FakeHostedImages:
    """Draws what `answers` says, by seed; else a picture of one colour. `failing`: raised first."""

    picture: bytes = b""
    answers: dict[int, bytes] = field(default_factory=dict)
    failing: list[Exception] = field(default_factory=list)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    before_answer: Callable[[], object] | None = None

    def draw(self, model_id: str, call: Mapping[str, Any]) -> bytes:
        self.calls.append((model_id, dict(call)))
        if self.failing:
            raise self.failing.pop(0)
        if self.before_answer is not None:
            self.before_answer()
        seed = call["seed"]
        image = base64.b64encode(self.picture).decode()
        whole = {"seeds": [seed], "finish_reasons": [None], "images": [image]}
        return self.answers.get(seed, json.dumps(whole).encode())


@dataclass
class FakeQueue:
    """A list of messages, and how long each is held back."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)
    available: bool = True
    delays: list[int] = field(default_factory=list)

    def send(self, message: Mapping[str, Any], *, delay_seconds: int = 0) -> None:
        if not self.available:
            raise Unavailable("queue")
        assert 0 <= delay_seconds <= 900, "SQS holds a message back for 15 minutes at most"
        self.messages.append(dict(message))
        self.delays.append(delay_seconds)


@dataclass
class FakePostponement:
    """Remembers for how long messages were put off."""

    pauses: list[int] = field(default_factory=list)
    available: bool = True

    def postpone(self, queue_arn: str, receipt_handle: str, *, seconds: int) -> None:
        if not self.available:
            raise Unavailable("queue")
        assert (queue_arn.split(":")[2], receipt_handle) == ("sqs", "handle")
        self.pauses.append(seconds)


class FakePersistence(BasePersistenceLayer):
    """Where Powertools keeps answers, in a dictionary; also implements IdempotencyRecords."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.records: dict[str, DataRecord] = {}
        self.available = True
        self.keeps_answers = True
        self.deletes = True

    def forget(self, ids: Iterable[str]) -> None:
        self._reachable()
        for record_id in ids:
            self.records.pop(record_id, None)

    def _get_record(self, idempotency_key: str) -> DataRecord:
        try:
            return self.records[idempotency_key]
        except KeyError:
            raise IdempotencyItemNotFoundError from None

    def _put_record(self, data_record: DataRecord) -> None:
        self._reachable()
        old = self.records.get(data_record.idempotency_key)
        if old is not None and not old.is_expired:
            self._validate_payload(data_record, old)
            raise IdempotencyItemAlreadyExistsError(old_data_record=old)
        self.records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: DataRecord) -> None:
        self._reachable()
        if not self.keeps_answers:
            raise Unavailable("records")
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        if not self.deletes:
            raise Unavailable("records")
        self.records.pop(data_record.idempotency_key, None)

    def _reachable(self) -> None:
        if not self.available:
            raise Unavailable("records")
