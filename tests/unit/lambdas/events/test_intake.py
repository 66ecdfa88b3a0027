from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.face_places import FacePlaces
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.locations import UploadKey, photo_key
from lambdas.domain.photo import ContentType, Photo, PhotoState, RejectionCode, reason_for
from lambdas.domain.settings import DomainSettings
from lambdas.domain.subject import Subject, SubjectKind
from lambdas.events.intake import IntakePorts, build_handler
from lambdas.ports import Face, ModerationLabel
from lambdas.records.erasures import due_erasures
from lambdas.records.photos import begin_photo_erasure, create_slots, read_photo, step
from lambdas.records.standing import read_standing
from lambdas.records.subjects import begin_subject_erasure, create_subject, read_subject
from tests.unit.lambdas.events.happenings import HAPPENINGS, live_through
from tests.unit.lambdas.fakes import FakeClock, FakeImageModeration, FakeObjectStore, FakeTable
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import SETTINGS, consent
from tests.unit.lambdas.given import settings as rules
from tests.unit.lambdas.odd_files import broken, mutations, others, polyglots
from tests.unit.lambdas.pictures import decoded, encoded, picture, portrait
from tests.unit.lambdas.sqs import deliver

ADULT = Face(99.0, 0.4, 0.5, age_low=30)
UNSAFE = ModerationLabel("Explicit Nudity", "", 99.0)


def small_photos(**changes: Any) -> DomainSettings:
    """Rules that let small pictures pass, so that tests are quick."""
    face = {**SETTINGS["photos"]["face"], "min_pixels": 30}
    photos = {"min_side": 64, "max_bytes": 200_000, "face": face}
    return rules(photos={**photos, **changes.pop("photos", {})}, **changes)


@dataclass
class IntakeWorld:
    """A subject with upload slots, and the function."""

    kind: SubjectKind = SubjectKind.PERSON
    table: FakeTable = field(default_factory=FakeTable)
    uploads: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("uploads"))
    photos: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("photos"))
    work: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("work"))
    moderation: FakeImageModeration = field(default_factory=FakeImageModeration)
    clock: FakeClock = field(default_factory=FakeClock)
    settings: DomainSettings = field(default_factory=small_photos)

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.subject = new_id(Prefix.SUBJECT, now)
        create_subject(
            self.table,
            Subject(
                id=self.subject,
                owner=OWNER,
                name="Ada",
                kind=self.kind,
                class_noun="person",
                consent=consent(now),
                created_at=now,
            ),
            limit=9,
        )
        self.handler = build_handler(
            IntakePorts(
                settings=self.settings,
                table=self.table,
                uploads=self.uploads,
                photos=self.photos,
                work=self.work,
                moderation=self.moderation,
                clock=self.clock,
            )
        )

    def slot(self) -> UploadKey:
        now = self.clock.now()
        photo = Photo(
            id=new_id(Prefix.PHOTO, now),
            owner=OWNER,
            subject_id=self.subject,
            content_type=ContentType.JPEG,
            size_bytes=1000,
            created_at=now,
            expires_at=now + timedelta(minutes=15),
        )
        create_slots(self.table, OWNER, self.subject, [photo], now, maximum=15)
        return UploadKey(OWNER, self.subject, photo.id)

    def uploaded(self, content: bytes | None = None) -> UploadKey:
        key = self.slot()
        self.uploads.objects_by_key[str(key)] = encoded() if content is None else content
        return key

    def deliver(self, *uploads: UploadKey) -> list[int]:
        return deliver(self.handler, *(message(str(upload)) for upload in uploads))

    def photo(self, key: UploadKey) -> Photo:
        return read_photo(self.table, OWNER, self.subject, key.photo_id)

    def kept(self, key: UploadKey) -> bytes | None:
        return self.photos.objects_by_key.get(photo_key(OWNER, self.subject, key.photo_id))

    @property
    def counts(self) -> tuple[int, int, int, int]:
        photos = read_subject(self.table, OWNER, self.subject).photos
        return (photos.places, photos.checking, photos.accepted, photos.rejected)


def message(key: str) -> dict[str, Any]:
    """What EventBridge puts into the queue."""
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1}},
    }


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


def test_a_good_photo_is_accepted_and_its_upload_removed(world: IntakeWorld) -> None:
    key = world.uploaded()
    assert world.deliver(key) == []
    photo = world.photo(key)
    assert (photo.state, photo.width, photo.height) == (PhotoState.ACCEPTED, 400, 300)
    kept = world.kept(key)
    assert kept is not None
    assert decoded(kept).size == (400, 300)
    assert world.moderation.seen == [kept]
    assert not world.uploads.objects_by_key
    assert world.counts == (1, 0, 1, 0)


def test_a_kept_photo_tells_where_the_face_is_and_shows_what_was_screened(
    world: IntakeWorld,
) -> None:
    places = FacePlaces(((0.4, 0.4), (0.6, 0.4), (0.5, 0.5), (0.42, 0.6), (0.58, 0.6)))
    world.moderation.face_list = [replace(ADULT, places=places)]
    key = world.uploaded()
    world.deliver(key)
    kept = world.kept(key)
    assert kept is not None
    assert FacePlaces.from_comment(decoded(kept).info["comment"]) == places
    (screened,) = world.moderation.seen
    assert kept == places.marked(screened)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", RejectionCode.UNREADABLE),
        (encoded()[:1500], RejectionCode.UNREADABLE),
        (encoded(kind="GIF"), RejectionCode.UNSUPPORTED_TYPE),
        (encoded(picture(63, 400)), RejectionCode.TOO_SMALL),
        (bytes(200_001), RejectionCode.TOO_LARGE),
    ],
)
def test_a_file_that_cannot_be_learned_from_is_rejected(
    world: IntakeWorld, content: bytes, code: RejectionCode
) -> None:
    key = world.uploaded(content)
    assert world.deliver(key) == []
    photo = world.photo(key)
    assert (photo.state, photo.rejection) == (PhotoState.REJECTED, code)
    assert world.kept(key) is None
    assert not world.uploads.objects_by_key
    assert world.counts == (0, 0, 0, 1)


def ftyp(*brands: bytes) -> bytes:
    """The beginning of a file of ISO/IEC 14496-12: a major brand, and those that it is, too."""
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(box) + 4).to_bytes(4) + box + bytes(2000)


@pytest.mark.parametrize(
    ("content", "is_heic"),
    [
        (others()["HEIC"], True),
        (ftyp(b"mif1", b"mif1", b"heic"), True),
        (ftyp(b"heix", b"mif1"), True),
        (others()["AVIF"], False),
        (ftyp(b"isom", b"mp41"), False),
        (b"\xff\xff\xff\xffftypisom" + bytes(2000), False),
        (encoded(kind="GIF"), False),
    ],
)
def test_of_other_types_heic_is_told_apart(
    world: IntakeWorld, content: bytes, is_heic: bool
) -> None:
    key = world.uploaded(content)
    assert world.deliver(key) == []
    photo = world.photo(key)
    assert (photo.rejection, photo.heic) == (RejectionCode.UNSUPPORTED_TYPE, is_heic)
    assert photo.rejection
    reason = reason_for(photo.rejection, world.settings, heic=photo.heic)
    assert ("iPhone" in reason) is is_heic


@pytest.mark.parametrize(
    ("faces", "code"),
    [
        ((), RejectionCode.NO_FACE),
        ((ADULT, ADULT), RejectionCode.SEVERAL_FACES),
    ],
)
def test_a_person_needs_exactly_one_face(
    world: IntakeWorld, faces: tuple[Face, ...], code: RejectionCode
) -> None:
    world.moderation.face_list = faces
    key = world.uploaded()
    world.deliver(key)
    assert world.photo(key).rejection is code


def test_a_pet_needs_no_face() -> None:
    world = IntakeWorld(kind=SubjectKind.PET)
    world.moderation.face_list = ()
    key = world.uploaded()
    world.deliver(key)
    assert world.photo(key).state is PhotoState.ACCEPTED


def test_what_is_unsafe_is_rejected_and_kept_nowhere(world: IntakeWorld) -> None:
    world.moderation.label_list = [UNSAFE]
    key = world.uploaded()
    world.deliver(key)
    assert world.photo(key).rejection is RejectionCode.UNSAFE
    standing = read_standing(world.table, OWNER)
    assert sum(standing.counts.values()) == 1, "and it counts, once"
    assert not world.uploads.objects_by_key
    assert not world.photos.objects_by_key


def test_without_moderation_a_photo_waits_and_the_message_comes_back(world: IntakeWorld) -> None:
    key = world.uploaded()
    world.moderation.available = False
    assert world.deliver(key) == [0]
    assert world.photo(key).state is PhotoState.CHECKING
    assert world.kept(key) is None
    assert str(key) in world.uploads.objects_by_key
    assert world.counts == (1, 1, 0, 0)
    world.moderation.available = True
    assert world.deliver(key) == []
    assert world.photo(key).state is PhotoState.ACCEPTED


def test_one_bad_message_does_not_hold_up_its_batch(world: IntakeWorld) -> None:
    good, other = world.uploaded(), world.uploaded(encoded(portrait()))
    failed = deliver(world.handler, message(str(good)), "not json", {}, message(str(other)))
    assert failed == [1, 2]
    assert {world.photo(key).state for key in (good, other)} == {PhotoState.ACCEPTED}


def test_a_key_that_no_slot_had_is_left_to_the_bucket(world: IntakeWorld) -> None:
    assert deliver(world.handler, message("photos/evil/../x")) == []


def test_the_same_event_again_changes_nothing(world: IntakeWorld) -> None:
    key = world.uploaded()
    world.deliver(key, key)
    before = world.photo(key), world.counts
    assert world.deliver(key) == []
    assert (world.photo(key), world.counts) == before


def test_a_second_upload_into_the_same_slot_is_thrown_away(world: IntakeWorld) -> None:
    key = world.uploaded()
    world.deliver(key)
    first = world.kept(key)
    world.uploads.objects_by_key[str(key)] = encoded(picture(200, 200))
    world.deliver(key)
    assert world.kept(key) == first
    assert not world.uploads.objects_by_key


def test_an_upload_for_a_slot_that_expired_is_removed(world: IntakeWorld) -> None:
    key = world.uploaded()
    step(world.table, world.photo(key), PhotoState.EXPIRED, world.clock.now())
    world.deliver(key)
    assert world.photo(key).state is PhotoState.EXPIRED
    assert not world.uploads.objects_by_key


def test_an_upload_for_a_deleted_subject_is_removed_and_strays_are_remembered(
    world: IntakeWorld,
) -> None:
    key = world.uploaded()
    begin_subject_erasure(world.table, OWNER, world.subject, world.clock.now())
    assert world.deliver(key) == []
    assert not world.uploads.objects_by_key
    (stray,) = due_erasures(world.table, world.clock.now())
    assert (stray.kind, stray.id) == ("photo", key.photo_id)


def test_a_photo_deleted_while_it_is_looked_at_leaves_nothing_unremembered(
    world: IntakeWorld,
) -> None:
    key = world.uploaded()
    step(world.table, world.photo(key), PhotoState.CHECKING, world.clock.now())
    now = world.clock.now()
    world.table.before_write = lambda: begin_photo_erasure(
        world.table, OWNER, world.subject, key.photo_id, now
    )
    assert world.deliver(key) == []
    assert world.kept(key) is not None
    assert [erasure.id for erasure in due_erasures(world.table, now)] == [key.photo_id]
    assert not world.uploads.objects_by_key
    assert world.counts == (0, 0, 0, 0)


def test_a_subject_deleted_between_two_looks_is_not_an_error(world: IntakeWorld) -> None:
    key = world.uploaded()
    labels = world.moderation.labels

    def delete_first(image: bytes, *, min_confidence: float) -> Any:
        begin_subject_erasure(world.table, OWNER, world.subject, world.clock.now())
        return labels(image, min_confidence=min_confidence)

    world.moderation.labels = delete_first  # type: ignore[method-assign]
    assert world.deliver(key) == []
    assert not world.uploads.objects_by_key


def test_an_upload_that_is_not_there_is_waited_for_then_given_up(world: IntakeWorld) -> None:
    key = world.slot()
    assert world.deliver(key) == [0]
    assert world.photo(key).state is PhotoState.CHECKING
    world.clock.advance(minutes=14)
    assert world.deliver(key) == [0]
    world.clock.advance(minutes=1)
    assert world.deliver(key) == []
    assert world.photo(key).rejection is RejectionCode.UPLOAD_LOST


def test_an_upload_that_another_invocation_just_finished_is_no_loss(world: IntakeWorld) -> None:
    upload = world.uploaded()
    step(world.table, world.photo(upload), PhotoState.CHECKING, world.clock.now())
    read = world.uploads.read

    def too_late(key: str, *, max_bytes: int) -> bytes:
        world.uploads.read = read  # type: ignore[method-assign]
        world.deliver(upload)
        return read(key, max_bytes=max_bytes)

    world.uploads.read = too_late  # type: ignore[method-assign]
    assert world.deliver(upload) == []
    assert world.photo(upload).state is PhotoState.ACCEPTED
    assert world.counts == (1, 0, 1, 0)


def test_a_photo_that_never_stands_still_comes_back_later(world: IntakeWorld) -> None:
    key = world.uploaded()
    world.table.write = _always_losing  # type: ignore[method-assign]
    assert world.deliver(key) == [0]


def _always_losing(*_: Any) -> None:
    from lambdas.table import ConditionFailed

    raise ConditionFailed


@settings(deadline=None, max_examples=60)
@given(HAPPENINGS, st.booleans())
def test_whatever_happens_the_end_is_a_verdict_and_nothing_is_left_over(
    happenings: list[str], unsafe: bool
) -> None:
    world = IntakeWorld()
    world.moderation.label_list = [UNSAFE] if unsafe else []
    key = world.uploaded(encoded(picture(80, 64)))
    deleted = live_through(
        world,
        key,
        happenings,
        lambda: begin_photo_erasure(
            world.table, OWNER, world.subject, key.photo_id, world.clock.now()
        ),
    )
    if deleted:
        assert world.counts == (0, 0, 0, 0)
    elif unsafe:
        assert (world.counts, world.kept(key)) == ((0, 0, 0, 1), None)
    else:
        assert world.counts == (1, 0, 1, 0)
        assert world.kept(key) is not None


def test_no_broken_or_odd_file_leaves_a_photo_stuck() -> None:
    files = {**broken(), **others(), **polyglots(), **dict(mutations(150, seed=7))}
    for name, content in files.items():
        world = IntakeWorld(kind=SubjectKind.STYLE, settings=small_photos(photos={"min_side": 16}))
        key = world.uploaded(content)
        assert world.deliver(key) == [], name
        assert world.photo(key).state in {PhotoState.ACCEPTED, PhotoState.REJECTED}, name
        assert not world.uploads.objects_by_key, name


def test_unavailable_records_are_no_verdict(world: IntakeWorld) -> None:
    key = world.uploaded()
    world.table.available = False
    assert world.deliver(key) == [0]
    world.table.available = True
    assert world.photo(key).state is PhotoState.AWAITING_UPLOAD
