"""Images through the real handler: what screening finds, and what happens while it is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lambdas.domain.generation import Artifact, FinishReason, Generation, GenerationState
from lambdas.domain.image_verdict import ImageReason, ImageVerdict, Outcome, SeenLabel
from lambdas.domain.locations import photo_key
from lambdas.domain.subject import Subject, SubjectKind
from lambdas.ports import Face, ModerationLabel, ReadLine
from lambdas.records import keys
from lambdas.records.photo_sets import read_set
from lambdas.records.photos import begin_photo_erasure
from tests.unit.lambdas.endpoint_answers import answer, colour_of, png
from tests.unit.lambdas.events.result_world import OUTPUT, ResultWorld, told
from tests.unit.lambdas.fakes import FakeImageModeration
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import settings

RED, GREEN = (200, 30, 30), (30, 200, 30)
SILENT_CALLS = ["labels", "faces", "celebrities", "text", "likeness"]
WORDS = [ReadLine("a little dog", 97.0)]


@pytest.fixture
def world() -> ResultWorld:
    return ResultWorld()


def with_photos(world: ResultWorld, kind: SubjectKind = SubjectKind.PERSON) -> Subject:
    """A subject whose accepted photos lie where they should; each says which one it is."""
    subject = world.subject(kind=kind)
    for photo in read_set(world.table, OWNER, subject.id)[0]:
        assert photo.look is not None
        key = photo_key(OWNER, subject.id, photo.id)
        world.photos.objects_by_key[key] = f"photo {photo.look.ordinal}".encode()
    return subject


def screened(
    world: ResultWorld, *images: bytes | None, subject: Subject | None = None
) -> tuple[Artifact, ...]:
    """The images of a generation after its result was handled."""
    generation = world.begin(len(images), subject=subject)
    world.leave_answer(generation, answer(generation, list(images)))
    assert world.tell(told(generation)) == []
    return world.now_of(generation).artifacts


class Flagging(FakeImageModeration):
    """Red pictures have a label of that confidence."""

    confidence = 70.0

    def labels(self, image: bytes, *, min_confidence: float) -> list[ModerationLabel]:
        super().labels(image, min_confidence=min_confidence)
        red, green, _ = colour_of(image)
        return [ModerationLabel("Weapons", "Violence", self.confidence)] if red > green else []


def reviewing(**images: Any) -> Any:
    rules = {"labels": {"default": {"review": 60, "withhold": 90}}, "text": "review", **images}
    return settings(moderation={"images": rules})


def test_an_image_for_review_is_kept_from_its_owner_and_recorded_with_what_was_seen(
    world: ResultWorld,
) -> None:
    world.settings = reviewing()
    world.image_moderation = Flagging()
    doubtful, fine, broken = screened(world, png(RED), png(GREEN), None)
    seen = (SeenLabel("Weapons", 70.0),)
    assert doubtful.verdict == ImageVerdict(Outcome.REVIEW, ImageReason.UNSAFE, seen)
    assert doubtful.finish_reason is FinishReason.CONTENT_FILTERED
    assert fine.verdict == ImageVerdict(Outcome.RELEASED)
    assert (broken.verdict, broken.finish_reason) == (None, FinishReason.ERROR)
    assert [key.rpartition("/")[2] for key in world.released] == [f"{fine.id}.png"]


def test_the_record_holds_outcome_reason_and_labels_by_name(world: ResultWorld) -> None:
    world.settings = reviewing()
    world.image_moderation = Flagging()
    generation = world.begin(2)
    world.leave_answer(generation, answer(generation, [png(RED), png(GREEN)]))
    world.tell(told(generation))
    item = world.table.get(keys.generation_key(OWNER, generation.id))
    assert item is not None
    doubtful, fine = item["artifacts"]
    assert doubtful["outcome"] == "review"
    assert doubtful["reason"] == "unsafe"
    assert doubtful["labels"] == [{"name": "Weapons", "confidence": 70.0}]
    assert fine["outcome"] == "released"
    assert not {"reason", "labels", "identity_score"} & set(fine)


def test_reviews_and_other_images_are_counted_apart(
    world: ResultWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.settings = reviewing()
    world.image_moderation = Flagging()
    screened(world, png(RED), png(GREEN), png(GREEN))
    counted = metrics(capsys)
    assert counted["ImagesToReview"] == [1]
    assert (counted["ImagesWithheld"], counted["ImagesReleased"]) == ([1], [2])


def test_what_was_read_in_an_image_never_reaches_a_log(
    world: ResultWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.image_moderation.lines = [ReadLine("a naked Jane", 97.0)]
    generation = world.begin(1, subject=with_photos(world))
    world.leave_answer(generation)
    world.tell(told(generation))
    (image,) = world.now_of(generation).artifacts
    assert image.verdict is not None
    assert image.verdict.reason is ImageReason.TEXT
    logged = str([vars(record) for record in caplog.records])
    assert "image_not_released" in logged
    assert not any(word in logged for word in ("naked", "Jane"))


@pytest.mark.parametrize("finding", ["minor", "celebrity"])
def test_a_face_that_must_not_be_shown_is_found_in_the_result(
    world: ResultWorld, finding: str
) -> None:
    if finding == "minor":
        world.image_moderation.face_list = [Face(99.0, 0.4, 0.5, age_low=9)]
    else:
        world.image_moderation.celebrity_list = [99.0]
    (image,) = screened(world, png())
    assert image.verdict is not None
    assert image.verdict.reason == finding
    assert world.released == set()


def test_an_image_is_compared_with_the_photo_that_speaks_for_its_subject(
    world: ResultWorld,
) -> None:
    subject = with_photos(world)
    compared = []
    world.image_moderation.who = lambda image: compared.append(image) or "Ada"  # type: ignore[func-returns-value]
    one, other = screened(world, png(), png(GREEN), subject=subject)
    assert (one.identity_score, other.identity_score) == (0.99, 0.99)
    references = {image for image in compared if image.startswith(b"photo")}
    assert references == {b"photo 5"}  # of the ten, compared with five before it and five after


def test_a_photo_that_its_owner_deleted_is_compared_with_nothing(world: ResultWorld) -> None:
    subject = with_photos(world)
    for photo in read_set(world.table, OWNER, subject.id)[0]:
        begin_photo_erasure(world.table, OWNER, subject.id, photo.id, world.clock.now())
    (image,) = screened(world, png(), subject=subject)
    assert (image.finish_reason, image.identity_score) == (FinishReason.SUCCESS, None)
    assert "likeness" not in world.image_moderation.calls


def test_a_photo_whose_file_has_gone_is_no_reason_to_wait(world: ResultWorld) -> None:
    subject = with_photos(world)
    world.photos.objects_by_key.clear()
    (image,) = screened(world, png(), subject=subject)
    assert (image.finish_reason, image.identity_score) == (FinishReason.SUCCESS, None)


@pytest.mark.parametrize("kind", [SubjectKind.PET, SubjectKind.OBJECT, SubjectKind.STYLE])
def test_only_people_are_compared(world: ResultWorld, kind: SubjectKind) -> None:
    (image,) = screened(world, png(), subject=with_photos(world, kind))
    assert (image.finish_reason, image.identity_score) == (FinishReason.SUCCESS, None)
    assert "likeness" not in world.image_moderation.calls


def test_a_result_of_a_subject_that_is_gone_is_screened_all_the_same(world: ResultWorld) -> None:
    subject = with_photos(world)
    generation = world.begin(1, subject=subject)
    del world.table.items[keys.subject_key(OWNER, subject.id)]
    world.leave_answer(generation)
    assert world.tell(told(generation)) == []
    assert world.now_of(generation).artifacts[0].identity_score is None


def silence(world: ResultWorld, service: str) -> None:
    if service in SILENT_CALLS:
        world.image_moderation.throttled = {service}
    elif service == "toxicity":
        world.text_moderation.failing = {"toxicity"}
    elif service == "photos":
        world.photos.available = False
    else:
        world.avatars.available = False


def mend(world: ResultWorld) -> None:
    world.image_moderation.throttled = set()
    world.text_moderation.failing = set()
    world.photos.available = world.avatars.available = True


@pytest.mark.parametrize("service", [*SILENT_CALLS, "toxicity", "photos", "avatars"])
def test_while_a_service_is_silent_images_wait_and_come_back_ever_later(
    world: ResultWorld, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.image_moderation.lines = WORDS
    generation = world.begin(2, subject=with_photos(world))
    world.leave_answer(generation)
    silence(world, service)
    for receives in (1, 2, 3):
        assert world.tell(told(generation), receives=receives) == [0]
        assert_waiting(world, generation)
    assert world.postponement.pauses == [10, 40, 160]
    alarmed = metrics(capsys).get("ModerationUnavailable", [])
    assert alarmed == ([] if service in {"photos", "avatars"} else [1, 1, 1])
    mend(world)
    assert world.tell(told(generation)) == []
    done = world.now_of(generation)
    assert done.state is GenerationState.SUCCEEDED
    assert len(world.released) == 2
    assert OUTPUT not in world.work.objects_by_key


def assert_waiting(world: ResultWorld, generation: Generation) -> None:
    """Nothing is shown or lost: neither the state that finds it again nor the answer itself."""
    waiting = world.now_of(generation)
    assert (waiting.state, waiting.shown, waiting.artifacts) == (
        GenerationState.SCREENING,
        (),
        (),
    )
    assert world.released == set()
    assert OUTPUT in world.work.objects_by_key


@pytest.mark.parametrize("service", SILENT_CALLS)
def test_a_service_that_falls_silent_between_two_images_releases_neither(
    world: ResultWorld, service: str
) -> None:
    class SilentAtTheSecond(FakeImageModeration):
        def _called(self, name: str) -> None:
            if name == service and self.calls.count(name) == 1:
                self.throttled = {name}
            super()._called(name)

    world.image_moderation = replace(SilentAtTheSecond(), lines=WORDS)
    generation = world.begin(2, subject=with_photos(world))
    world.leave_answer(generation)
    assert world.tell(told(generation)) == [0]
    assert_waiting(world, generation)


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """What was counted, from the lines in embedded metric format."""
    found: dict[str, list[float]] = {}
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line) if line.startswith("{") else {}
        if "_aws" in document:
            for directive in document["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    found.setdefault(metric["Name"], []).extend(document[metric["Name"]])
    return found
