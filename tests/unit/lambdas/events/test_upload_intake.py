from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from lambdas.domain.locations import SourceKey, source_key
from lambdas.domain.settings import DomainSettings
from lambdas.domain.upload import Upload, UploadPurpose, UploadRejection, UploadState
from lambdas.events.intake import IntakePorts, build_handler
from lambdas.events.reconciling.uploads import reconcile_uploads
from lambdas.ports import Face, ModerationLabel
from lambdas.records import uploads
from lambdas.records.erasures import due_erasures
from lambdas.records.standing import read_standing
from tests.unit.lambdas.events.happenings import HAPPENINGS, live_through
from tests.unit.lambdas.fakes import (
    FakeClock,
    FakeImageModeration,
    FakeObjectStore,
    FakeQueue,
    FakeTable,
)
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import settings
from tests.unit.lambdas.pictures import decoded, encoded, picture
from tests.unit.lambdas.sqs import deliver
from tests.unit.lambdas.upload_slots import upload_slot

UNSAFE = ModerationLabel("Explicit Nudity", "", 99.0)
CHILD = Face(99.0, 0.4, 0.5, age_low=9)


@dataclass
class UploadWorld:
    """Upload slots, and the function that looks at what came."""

    table: FakeTable = field(default_factory=FakeTable)
    uploads: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("uploads"))
    work: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("work"))
    moderation: FakeImageModeration = field(default_factory=FakeImageModeration)
    clock: FakeClock = field(default_factory=FakeClock)
    settings: DomainSettings = field(
        default_factory=lambda: settings(photos={"max_bytes": 200_000})
    )
    intake: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        self.handler = build_handler(
            IntakePorts(
                settings=self.settings,
                table=self.table,
                uploads=self.uploads,
                photos=FakeObjectStore("photos"),
                work=self.work,
                moderation=self.moderation,
                clock=self.clock,
            )
        )

    def slot(self, purpose: UploadPurpose = UploadPurpose.INIT_IMAGE) -> SourceKey:
        upload = upload_slot(self.table, self.settings, self.clock.now(), purpose)
        return SourceKey(OWNER, upload.id)

    def uploaded(
        self, content: bytes | None = None, purpose: UploadPurpose = UploadPurpose.INIT_IMAGE
    ) -> SourceKey:
        key = self.slot(purpose)
        self.uploads.objects_by_key[str(key)] = encoded() if content is None else content
        return key

    def deliver(self, *keys: SourceKey) -> list[int]:
        bucket = {"name": "uploads"}
        return deliver(
            self.handler,
            *({"detail": {"bucket": bucket, "object": {"key": str(key)}}} for key in keys),
        )

    def upload(self, key: SourceKey) -> Upload:
        return uploads.read_upload(self.table, OWNER, key.upload_id)

    def kept(self, key: SourceKey) -> bytes | None:
        return self.work.objects_by_key.get(source_key(OWNER, key.upload_id))

    def reconcile(self) -> None:
        reconcile_uploads(self.table, self.clock, self.uploads, self.intake, self.settings)


@pytest.fixture
def world() -> UploadWorld:
    return UploadWorld()


def test_a_picture_is_accepted_as_it_is_kept_and_its_upload_removed(world: UploadWorld) -> None:
    key = world.uploaded()
    assert world.deliver(key) == []
    upload, kept = world.upload(key), world.kept(key)
    assert kept is not None
    assert decoded(kept).format == "PNG"
    assert (upload.state, upload.width, upload.height) == (UploadState.ACCEPTED, 400, 300)
    assert upload.sha256 == hashlib.sha256(kept).hexdigest()
    assert upload.expires_at == world.clock.now() + timedelta(days=1)
    assert not world.uploads.objects_by_key


def test_a_picture_without_a_face_is_as_good_as_any(world: UploadWorld) -> None:
    world.moderation.face_list = ()
    key = world.uploaded()
    world.deliver(key)
    assert world.upload(key).state is UploadState.ACCEPTED
    assert world.moderation.calls == ["labels", "faces"]


def test_a_mask_is_screened_as_any_picture_is(world: UploadWorld) -> None:
    world.moderation.label_list = [UNSAFE]
    key = world.uploaded(purpose=UploadPurpose.MASK_IMAGE)
    world.deliver(key)
    assert world.upload(key).rejection is UploadRejection.UNSAFE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", UploadRejection.UNREADABLE),
        (encoded(kind="GIF"), UploadRejection.UNSUPPORTED_TYPE),
        (encoded(picture(63, 400)), UploadRejection.TOO_SMALL),
        (bytes(200_001), UploadRejection.TOO_LARGE),
    ],
)
def test_a_file_that_is_no_picture_is_rejected(
    world: UploadWorld, content: bytes, code: UploadRejection
) -> None:
    key = world.uploaded(content)
    assert world.deliver(key) == []
    assert (world.upload(key).state, world.upload(key).rejection) == (UploadState.REJECTED, code)
    assert world.kept(key) is None
    assert not world.uploads.objects_by_key
    assert world.moderation.calls == []


def test_what_is_unsafe_is_kept_nowhere_and_counts_once(world: UploadWorld) -> None:
    world.moderation.label_list = [UNSAFE]
    key = world.uploaded()
    world.deliver(key, key)
    assert world.upload(key).rejection is UploadRejection.UNSAFE
    assert sum(read_standing(world.table, OWNER).counts.values()) == 1
    assert not world.uploads.objects_by_key
    assert not world.work.objects_by_key


def test_a_child_in_any_picture_is_refused(world: UploadWorld) -> None:
    world.moderation.face_list = [CHILD]
    key = world.uploaded()
    world.deliver(key)
    assert world.upload(key).rejection is UploadRejection.MINOR
    assert not read_standing(world.table, OWNER).counts


@pytest.mark.parametrize(
    ("policy", "refused"), [("block", True), ("review", True), ("allow", False)]
)
def test_somebody_famous_is_refused_where_photos_of_them_are(policy: str, refused: bool) -> None:
    world = UploadWorld(settings=settings(moderation={"celebrities": policy}))
    world.moderation.celebrity_list = [97.0]
    key = world.uploaded()
    world.deliver(key)
    assert (world.upload(key).rejection is UploadRejection.CELEBRITY) == refused
    assert ("celebrities" in world.moderation.calls) == refused


def test_what_rekognition_cannot_take_is_unreadable(world: UploadWorld) -> None:
    world.moderation.screens = False
    key = world.uploaded()
    world.deliver(key)
    assert world.upload(key).rejection is UploadRejection.UNREADABLE


def test_without_moderation_an_upload_waits_and_the_message_comes_back(
    world: UploadWorld,
) -> None:
    key = world.uploaded()
    world.moderation.available = False
    assert world.deliver(key) == [0]
    assert world.upload(key).state is UploadState.CHECKING
    assert world.kept(key) is None
    world.moderation.available = True
    assert world.deliver(key) == []
    assert world.upload(key).state is UploadState.ACCEPTED


def test_a_late_file_for_an_erased_upload_is_removed_and_strays_are_remembered(
    world: UploadWorld,
) -> None:
    key = world.uploaded()
    uploads.begin_upload_erasure(world.table, OWNER, key.upload_id, world.clock.now())
    assert world.deliver(key) == []
    assert not world.uploads.objects_by_key
    (stray,) = due_erasures(world.table, world.clock.now())
    assert (stray.kind, stray.id) == ("upload", key.upload_id)


def test_a_file_that_is_not_there_is_waited_for_then_given_up(world: UploadWorld) -> None:
    key = world.slot()
    assert world.deliver(key) == [0]
    world.clock.advance(minutes=15)
    assert world.deliver(key) == []
    assert world.upload(key).rejection is UploadRejection.UPLOAD_LOST


def test_a_file_that_another_invocation_just_finished_is_no_loss(world: UploadWorld) -> None:
    upload = world.uploaded()
    uploads.begin_checking(world.table, world.upload(upload), world.clock.now())
    read = world.uploads.read

    def too_late(key: str, *, max_bytes: int) -> bytes:
        world.uploads.read = read  # type: ignore[method-assign]
        world.deliver(upload)
        return read(key, max_bytes=max_bytes)

    world.uploads.read = too_late  # type: ignore[method-assign]
    assert world.deliver(upload) == []
    assert world.upload(upload).state is UploadState.ACCEPTED


def test_records_that_never_stand_still_are_asked_again_later(
    world: UploadWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.uploaded()
    from lambdas.table import ConditionFailed

    def losing(*_: Any) -> None:
        raise ConditionFailed

    monkeypatch.setattr(world.table, "write", losing)
    assert world.deliver(key) == [0]


@trials(deadline=None, max_examples=40)
@given(HAPPENINGS, st.booleans())
def test_whatever_happens_the_end_is_a_verdict_and_nothing_is_left_over(
    happenings: list[str], unsafe: bool
) -> None:
    world = UploadWorld()
    world.moderation.label_list = [UNSAFE] if unsafe else []
    key = world.uploaded(encoded(picture(80, 64)))
    erased = live_through(
        world,
        key,
        happenings,
        lambda: uploads.begin_upload_erasure(world.table, OWNER, key.upload_id, world.clock.now()),
    )
    if erased:
        assert uploads.find_upload(world.table, OWNER, key.upload_id) is None
    else:
        accepted = world.upload(key).state is UploadState.ACCEPTED
        assert (accepted, world.kept(key) is not None) == (not unsafe, not unsafe)


def test_a_lost_event_is_sent_again_once_it_is_late(world: UploadWorld) -> None:
    key = world.uploaded()
    world.reconcile()
    assert world.intake.messages == []
    world.clock.advance(minutes=1)
    world.reconcile()
    (message,) = world.intake.messages
    assert deliver(world.handler, message) == []
    assert world.upload(key).state is UploadState.ACCEPTED


def test_a_lost_look_is_begun_again(world: UploadWorld) -> None:
    key = world.uploaded()
    world.moderation.available = False
    world.deliver(key)
    world.clock.advance(minutes=19)
    world.reconcile()
    assert world.intake.messages == []
    world.clock.advance(minutes=2)
    world.reconcile()
    assert [m["detail"]["object"]["key"] for m in world.intake.messages] == [str(key)]


def test_a_slot_whose_file_never_came_expires_and_is_forgotten_later(world: UploadWorld) -> None:
    key = world.slot()
    world.clock.advance(minutes=14)
    world.reconcile()
    assert world.upload(key).state is UploadState.AWAITING_UPLOAD
    world.clock.advance(minutes=2)
    world.reconcile()
    upload = world.upload(key)
    assert upload.state is UploadState.EXPIRED
    assert upload.expires_at == world.clock.now() + timedelta(days=1)
