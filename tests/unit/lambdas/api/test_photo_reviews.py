"""Photos of somebody famous, where the environment has moderators decide about them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from lambdas.domain.locations import UploadKey, blurred_photo_key, photo_key
from lambdas.domain.photo import ContentType, Photo, PhotoState, RejectionCode
from lambdas.domain.settings import DomainSettings
from lambdas.events.intake import IntakePorts, build_handler
from lambdas.records.photos import create_slots, find_photo
from lambdas.records.standing import read_standing
from lambdas.records.subjects import begin_subject_erasure
from tests.unit.lambdas.api.review_world import ANOTHER_MODERATOR, MODERATOR, ReviewWorld
from tests.unit.lambdas.events.test_any_order import reconcile
from tests.unit.lambdas.events.test_intake import message, small_photos
from tests.unit.lambdas.fakes import FakeImageModeration
from tests.unit.lambdas.gateway import OWNER, user_claims
from tests.unit.lambdas.pictures import encoded, portrait, who
from tests.unit.lambdas.sqs import deliver


def reviewing() -> DomainSettings:
    return small_photos(moderation={"celebrities": "review"}, retention_days={"photos": 180})


class PhotoReviewWorld(ReviewWorld):
    """A subject of a famous person, and intake."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.image_moderation = FakeImageModeration(celebrity_list=[50.0, 98.0], who=who)
        self.owned = self.subject(accepted=0)
        self.subject_id = self.owned.id
        self.take_in = build_handler(
            IntakePorts(
                settings=self.settings,
                table=self.table,
                uploads=self.uploads,
                photos=self.photos,
                work=self.work,
                moderation=self.image_moderation,
                clock=self.clock,
            )
        )

    def uploaded(self, person: str = "ada", number: int = 1) -> UploadKey:
        now = self.clock.now()
        photo = Photo(
            id=f"pho_{number:026}",
            owner=OWNER,
            subject_id=self.subject_id,
            content_type=ContentType.JPEG,
            size_bytes=1000,
            created_at=now,
            expires_at=now + timedelta(minutes=15),
        )
        create_slots(self.table, OWNER, self.subject_id, [photo], now, maximum=15)
        key = UploadKey(OWNER, self.subject_id, photo.id)
        self.uploads.objects_by_key[str(key)] = encoded(portrait(person, number))
        assert deliver(self.take_in, message(str(key))) == []
        return key

    def photo(self, key: UploadKey) -> Photo:
        found = find_photo(self.table, key.owner, key.subject_id, key.photo_id)
        assert found
        return found

    def go_on(self) -> None:
        """What waits for intake arrives there."""
        assert deliver(self.take_in, *self.intake.messages) == []
        self.intake.messages.clear()

    def shown(self, key: UploadKey) -> dict[str, Any]:
        path = f"/subjects/{key.subject_id}/photos/{key.photo_id}"
        body: dict[str, Any] = self.account.get(path).body
        return body

    def kept(self, key: UploadKey) -> bool:
        return photo_key(*names(key)) in self.photos.objects_by_key


def names(key: UploadKey) -> tuple[str, str, str]:
    return (key.owner, key.subject_id, key.photo_id)


@pytest.fixture
def world() -> PhotoReviewWorld:
    return PhotoReviewWorld(settings=reviewing())


def test_a_famous_face_waits_for_a_moderator_and_its_owner_is_told(
    world: PhotoReviewWorld,
) -> None:
    key = world.uploaded()
    shown = world.shown(key)
    assert (shown["state"], shown.get("code"), "url" in shown) == ("in_review", None, False)
    assert "A moderator decides" in shown["reason"]
    assert not world.uploads.objects_by_key, "the upload itself is not needed any more"
    (review,) = world.queue()
    assert (review["state"], review["reason"]) == ("open", "screening")
    assert (review["subject_id"], review["photo_id"]) == (key.subject_id, key.photo_id)
    assert (review["generation_id"], review["image_id"]) == (None, None)
    assert review["labels"] == [{"name": "Celebrity", "parent": "celebrity", "confidence": 98.0}]
    photos = world.account.get(f"/subjects/{key.subject_id}").body["photos"]
    assert (photos["checking"], photos["accepted"]) == (1, 0)
    assert world.shown(key)["expires_at"], "a photo that nobody decides about is kept for its time"


def test_the_same_upload_told_of_twice_is_held_once(world: PhotoReviewWorld) -> None:
    key = world.uploaded()
    assert deliver(world.take_in, message(str(key)), message(str(key))) == []
    assert len(world.queue()) == 1


def test_the_preview_is_blurred_and_a_clear_look_is_audited(world: PhotoReviewWorld) -> None:
    key = world.uploaded()
    (review,) = world.queue()
    preview = world.moderator.get(f"/reviews/{review['id']}").body["preview"]
    assert preview["kind"] == "blurred"
    assert blurred_photo_key(*names(key)) in preview["url"]
    with Image.open(io.BytesIO(world.work.objects_by_key[blurred_photo_key(*names(key))])) as small:
        assert max(small.size) == 256
    assert world.log() == []
    clear = world.moderator.get(f"/reviews/{review['id']}", query={"preview": "clear"})
    assert photo_key(*names(key)) in clear.body["preview"]["url"]
    (entry,) = world.log()
    assert (entry["action"], entry["photo_id"]) == ("view_clear", key.photo_id)


def test_a_released_photo_is_judged_beside_the_others_and_not_asked_about_again(
    world: PhotoReviewWorld,
) -> None:
    key = world.uploaded()
    world.moderator.get(f"/reviews/{world.queue()[0]['id']}")
    done = world.decide(world.queue()[0]["id"], "release", note="her own double").body
    assert (done["state"], done["photo_id"]) == ("released", key.photo_id)
    assert world.photo(key).state is PhotoState.CHECKING, "nothing is accepted without the others"
    assert blurred_photo_key(*names(key)) not in world.work.objects_by_key
    world.image_moderation.calls.clear()
    world.go_on()
    assert world.image_moderation.calls == []
    photo = world.photo(key)
    assert (photo.state, photo.look and photo.look.ordinal) == (PhotoState.ACCEPTED, 1)
    assert world.shown(key)["url"]
    (entry,) = world.log()
    assert entry["before"] == {"review": "open", "photo": "in_review"}
    assert entry["after"] == {"review": "released", "photo": "checking"}
    assert (entry["note"], entry["genuine"]) == ("her own double", True)
    assert world.moderator.get(f"/reviews/{done['id']}").body["preview"] is None


def test_a_released_photo_may_still_be_somebody_else_or_a_duplicate(
    world: PhotoReviewWorld,
) -> None:
    world.image_moderation.celebrity_list = ()
    for number in range(1, 4):
        world.uploaded("ada", number)
    world.image_moderation.celebrity_list = [98.0]
    other, again = world.uploaded("eve", 4), world.uploaded("ada", 5)
    for review in world.queue():
        assert world.decide(review["id"], "release").status == 200
    world.go_on()
    assert world.photo(other).rejection is RejectionCode.DIFFERENT_PERSON
    assert world.photo(again).state is PhotoState.ACCEPTED
    reconcile(world)
    world.erase()
    assert not world.kept(other)


def test_what_is_lost_between_the_decision_and_intake_is_found_by_the_reconciler(
    world: PhotoReviewWorld,
) -> None:
    key = world.uploaded()
    world.decide(world.queue()[0]["id"], "release")
    world.intake.messages.clear()
    world.clock.advance(minutes=30)
    reconcile(world)
    world.go_on()
    assert world.photo(key).state is PhotoState.ACCEPTED


@pytest.mark.parametrize(("decision", "blocked"), [("withhold", False), ("ban", True)])
def test_a_photo_that_may_not_be_used_is_rejected_and_erased(
    world: PhotoReviewWorld, decision: str, *, blocked: bool
) -> None:
    key = world.uploaded()
    world.moderator.get(f"/reviews/{world.queue()[0]['id']}")
    done = world.decide(world.queue()[0]["id"], decision)
    assert done.status == 200
    assert world.shown(key)["code"] == "celebrity"
    assert world.photo(key).look is None
    assert (read_standing(world.table, OWNER).blocked_at is not None) == blocked
    after = world.log()[0]["after"]
    assert after["photo"] == "rejected"
    assert after.get("account") == ("blocked" if blocked else None)
    assert world.intake.messages == []
    reconcile(world)
    world.erase()
    assert not world.kept(key)
    assert not [name for name in world.work.objects_by_key if key.photo_id in name]
    counts = world.subject_now(world.owned).photos
    assert (counts.places, counts.checking, counts.rejected) == (0, 0, 1)


def test_there_is_nothing_to_appeal_and_no_second_decision(world: PhotoReviewWorld) -> None:
    world.uploaded()
    review_id = world.queue()[0]["id"]
    world.decide(review_id, "withhold")
    assert world.decide(review_id, "withhold").status == 200, "one's own decision, repeated"
    other = world.decide(review_id, "release", world.another)
    assert (other.status, other.code) == (409, "review_decided")
    assert len(world.log()) == 1


def test_two_moderators_at_once_decide_once(world: PhotoReviewWorld) -> None:
    key = world.uploaded()
    review_id = world.queue()[0]["id"]
    world.table.before_write = lambda: world.decide(review_id, "withhold", world.another)
    reply = world.decide(review_id, "release")
    assert (reply.status, reply.code) == (409, "review_decided")
    assert world.photo(key).state is PhotoState.REJECTED
    (entry,) = world.log()
    assert entry["by"] == ANOTHER_MODERATOR != MODERATOR


def test_a_photo_deleted_meanwhile_takes_its_review_along(world: PhotoReviewWorld) -> None:
    key = world.uploaded()
    (review,) = world.queue()
    world.moderator.get(f"/reviews/{review['id']}")
    assert world.account.delete(f"/subjects/{key.subject_id}/photos/{key.photo_id}").status == 202
    assert world.queue() == []
    assert world.decide(review["id"], "release").status == 404
    world.erase()
    assert not world.kept(key)
    assert key.photo_id not in str([*world.work.objects_by_key, *world.table.items])


def test_a_subject_deleted_meanwhile_takes_photo_preview_and_review_along(
    world: PhotoReviewWorld,
) -> None:
    key = world.uploaded()
    (review,) = world.queue()
    world.moderator.get(f"/reviews/{review['id']}")
    assert world.account.delete(f"/subjects/{key.subject_id}").status == 202
    assert world.moderator.get(f"/reviews/{review['id']}").body["preview"] is None
    reply = world.decide(review["id"], "release")
    assert (reply.status, reply.code) == (409, "photo_erased")
    world.erase()
    assert not world.kept(key)
    assert key.photo_id not in str([*world.work.objects_by_key, *world.table.items])


def test_a_preview_made_while_the_photo_was_erased_does_not_stay(world: PhotoReviewWorld) -> None:
    key = world.uploaded()
    (review,) = world.queue()
    read = world.photos.read

    def erased_while_read(name: str, *, max_bytes: int) -> bytes:
        begin_subject_erasure(world.table, OWNER, world.subject_id, world.clock.now())
        return read(name, max_bytes=max_bytes)

    world.photos.read = erased_while_read  # type: ignore[method-assign, assignment]
    assert world.moderator.get(f"/reviews/{review['id']}").body["preview"] is None
    assert not [name for name in world.work.objects_by_key if key.photo_id in name]


def test_a_photo_whose_file_is_gone_has_no_preview(world: PhotoReviewWorld) -> None:
    world.uploaded()
    world.photos.objects_by_key.clear()
    (review,) = world.queue()
    assert world.moderator.get(f"/reviews/{review['id']}").body["preview"] is None


def test_nobody_decides_about_their_own_photo(world: PhotoReviewWorld) -> None:
    world.uploaded()
    review_id = world.queue()[0]["id"]
    owner = user_claims(OWNER, **{"cognito:groups": "[moderators]"})
    reply = world.outsider.post(
        f"/reviews/{review_id}/decision", {"decision": "release"}, claims=owner
    )
    assert (reply.status, reply.code) == (403, "own_review")
