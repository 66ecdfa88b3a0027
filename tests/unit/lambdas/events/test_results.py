from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from PIL import Image

from contract.generation_source import Outpaint
from lambdas.domain.generation import (
    FinishReason,
    Generation,
    GenerationState,
    image_id,
)
from lambdas.domain.ids import Prefix, is_id
from lambdas.domain.source_plan import Beginning
from lambdas.ports import MAX_IMAGE_BYTES, ModerationLabel
from lambdas.records import keys
from lambdas.records.generations import begin_generation_erasure, end_generation
from tests.unit.lambdas.endpoint_answers import answer, colour_of, png, swapped
from tests.unit.lambdas.events.result_world import (
    FAILURE,
    OUTPUT,
    ResultWorld,
    told,
    told_failure,
)
from tests.unit.lambdas.fakes import FakeImageModeration
from tests.unit.lambdas.gateway import OWNER

RED, GREEN = (200, 30, 30), (30, 200, 30)


class SeesRed(FakeImageModeration):
    """Moderation that flags red pictures, and counts its looks."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.fails_at: set[int] = set()

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        from lambdas.domain.errors import Unavailable

        self.looks += 1
        if self.looks in self.fails_at:
            raise Unavailable("image moderation")
        red, green, _ = colour_of(image)
        return [ModerationLabel("Explicit Nudity", "", 99.0)] if red > green else []


@pytest.fixture
def world() -> ResultWorld:
    return ResultWorld()


def key(generation: Generation, index: int) -> str:
    return f"{OWNER}/{generation.id}/{image_id(generation.id, index)}.png"


def cancel(world: ResultWorld, generation: Generation) -> None:
    now = world.clock.now()
    end_generation(world.table, OWNER, generation.id, GenerationState.CANCELLED, now)


def test_screened_images_are_released_and_the_answer_removed(world: ResultWorld) -> None:
    generation = world.begin(2)
    world.leave_answer(generation)
    assert world.tell(told(generation)) == []
    done = world.now_of(generation)
    assert done.state is GenerationState.SUCCEEDED
    assert [a.finish_reason for a in done.artifacts] == [FinishReason.SUCCESS] * 2
    assert [a.seed for a in done.artifacts] == [1, 2]
    assert all(is_id(Prefix.IMAGE, a.id) for a in done.artifacts)
    assert world.released == {key(generation, 0), key(generation, 1)}
    assert OUTPUT not in world.work.objects_by_key
    assert world.count("active_generations") == 0
    item = world.table.get(keys.generation_key(OWNER, generation.id))
    assert item is not None
    assert done.expires_at == world.clock.now() + timedelta(days=30)
    assert item["gsi2pk"] == keys.EXPIRY


def test_a_released_image_carries_nothing_but_pixels(world: ResultWorld) -> None:
    generation = world.begin(1)
    world.leave_answer(generation, answer(generation, [png(GREEN)]))
    world.tell(told(generation))
    content = world.avatars.objects_by_key[key(generation, 0)]
    assert b"secret" not in content
    assert colour_of(content) == GREEN
    assert world.avatars.content_types[key(generation, 0)] == "image/png"


def test_images_are_withheld_one_by_one(world: ResultWorld) -> None:
    world.image_moderation = SeesRed()
    generation = world.begin(2)
    world.leave_answer(generation, answer(generation, [png(RED), png(GREEN)]))
    world.tell(told(generation))
    done = world.now_of(generation)
    assert done.state is GenerationState.PARTIALLY_FILTERED
    assert [a.finish_reason for a in done.artifacts] == [
        FinishReason.CONTENT_FILTERED,
        FinishReason.SUCCESS,
    ]
    assert world.released == {key(generation, 1)}


def test_when_all_are_withheld_it_is_filtered(world: ResultWorld) -> None:
    world.image_moderation = SeesRed()
    generation = world.begin(2)
    world.leave_answer(generation, answer(generation, [png(RED), png(RED)]))
    world.tell(told(generation))
    assert world.now_of(generation).state is GenerationState.FILTERED
    assert world.released == set()


def test_without_moderation_the_images_wait_and_are_released_later(world: ResultWorld) -> None:
    moderation = SeesRed()
    moderation.fails_at = {2}
    world.image_moderation = moderation
    generation = world.begin(2)
    world.leave_answer(generation, answer(generation, [png(GREEN), png(GREEN)]))
    assert world.tell(told(generation)) == [0]
    waiting = world.now_of(generation)
    assert (waiting.state, waiting.shown) == (GenerationState.SCREENING, ())
    assert OUTPUT in world.work.objects_by_key
    assert world.tell(told(generation)) == []
    assert world.now_of(generation).state is GenerationState.SUCCEEDED


def test_a_repeated_notification_changes_nothing(world: ResultWorld) -> None:
    generation = world.begin(2)
    world.leave_answer(generation)
    message = told(generation)
    assert world.tell(message, message) == []
    before = (world.now_of(generation), world.released)
    world.leave_answer(generation)
    assert world.tell(message) == []
    assert (world.now_of(generation), world.released) == before
    assert OUTPUT not in world.work.objects_by_key


@pytest.mark.parametrize("how", ["cancelled", "deleted"])
def test_results_of_what_is_no_longer_wanted_are_removed(world: ResultWorld, how: str) -> None:
    generation = world.begin(2)
    world.leave_answer(generation)
    if how == "cancelled":
        cancel(world, generation)
    else:
        begin_generation_erasure(world.table, OWNER, generation.id, world.clock.now())
    assert world.tell(told(generation)) == []
    assert world.released == set()
    assert OUTPUT not in world.work.objects_by_key
    assert world.now_of(generation).shown == ()


def test_results_of_a_generation_that_is_gone_are_removed(world: ResultWorld) -> None:
    generation = world.begin(2)
    world.leave_answer(generation)
    world.avatars.objects_by_key[key(generation, 1)] = b"left by a delivery that was interrupted"
    del world.table.items[keys.generation_key(OWNER, generation.id)]
    assert world.tell(told(generation)) == []
    assert (world.released, OUTPUT in world.work.objects_by_key) == (set(), False)


def test_what_is_cancelled_while_it_is_screened_shows_nothing(world: ResultWorld) -> None:
    generation = world.begin(2)
    world.leave_answer(generation)

    class CancelsMeanwhile(SeesRed):
        def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
            cancel(world, generation)
            return ()

    world.image_moderation = CancelsMeanwhile()
    assert world.tell(told(generation)) == []
    assert world.now_of(generation).state is GenerationState.CANCELLED
    assert world.released == set()


def test_of_two_deliveries_at_once_only_what_the_record_shows_stays(world: ResultWorld) -> None:
    """Moderation may judge the same picture differently twice."""
    generation = world.begin(2)
    world.leave_answer(generation)

    class Moody(SeesRed):
        def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
            self.looks += 1
            if self.looks == 2:
                # The first image was released; now another delivery overtakes, and sees it red.
                stern = ResultWorld.__new__(ResultWorld)
                stern.__dict__.update(world.__dict__)
                stern.image_moderation = SeesRed()
                stern.leave_answer(generation, answer(generation, [png(RED), png(GREEN)]))
                assert stern.tell(told(generation)) == []
            return ()

    world.image_moderation = Moody()
    assert world.tell(told(generation)) == []
    done = world.now_of(generation)
    assert done.state is GenerationState.PARTIALLY_FILTERED
    assert world.released == {key(generation, 1)}


def test_an_image_that_cannot_be_marked_now_waits_and_is_released_later(
    world: ResultWorld,
) -> None:
    world.marking.available = False
    generation = world.begin(2)
    world.leave_answer(generation)
    assert world.tell(told(generation)) == [0]
    assert world.released == set()
    assert world.now_of(generation).state is GenerationState.SCREENING
    assert OUTPUT in world.work.objects_by_key
    world.marking.available = True
    assert world.tell(told(generation)) == []
    assert world.now_of(generation).state is GenerationState.SUCCEEDED
    assert all(b"MARK" in image for image in world.avatars.objects_by_key.values())


def test_an_image_that_can_never_be_marked_is_not_released(world: ResultWorld) -> None:
    world.marking.has_room = False
    generation = world.begin(1)
    world.leave_answer(generation)
    assert world.tell(told(generation)) == []
    assert world.now_of(generation).state is GenerationState.FAILED
    assert world.released == set()


def test_a_sample_that_the_endpoint_could_not_make_is_an_error(world: ResultWorld) -> None:
    generation = world.begin(2)
    world.leave_answer(generation, answer(generation, [None, png()]))
    world.tell(told(generation))
    done = world.now_of(generation)
    assert done.state is GenerationState.SUCCEEDED
    assert [a.finish_reason for a in done.artifacts] == [FinishReason.ERROR, FinishReason.SUCCESS]


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    "image",
    [
        png()[:60],
        b"\x89PNG\r\n\x1a\n" + gif(),
        png(size=(64, 128)),
        png(size=(8000, 8000)),
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_bytes_that_are_no_picture_of_the_right_size_are_an_error(
    world: ResultWorld, image: bytes
) -> None:
    generation = world.begin(1)
    world.leave_answer(generation, swapped(answer(generation), 0, image))
    assert world.tell(told(generation)) == []
    done = world.now_of(generation)
    assert done.state is GenerationState.FAILED
    assert done.failure is not None
    assert done.failure.reason
    assert world.released == set()


@pytest.mark.parametrize(("side", "looked_at"), [(1400, 1400), (2600, 2048)])
def test_a_picture_too_large_to_be_looked_at_is_looked_at_smaller(
    side: int, looked_at: int
) -> None:
    import os

    from lambdas.domain.rendered_image import render

    noise = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    out = io.BytesIO()
    noise.save(out, "PNG", compress_level=0)
    rendered = render(out.getvalue(), side, side)
    assert len(rendered.png) > MAX_IMAGE_BYTES > len(rendered.screening)
    with Image.open(io.BytesIO(rendered.screening)) as image:
        assert (image.format, image.size) == ("JPEG", (looked_at, looked_at))


def test_images_have_the_size_that_they_were_enlarged_to(world: ResultWorld) -> None:
    generation = world.begin(2, beginning=Beginning(outpaint=Outpaint(left=8), upscale=2))
    images: list[bytes | None] = [png(size=(144, 128)), png(size=(64, 64))]
    world.leave_answer(generation, answer(generation, images))
    assert world.tell(told(generation)) == []
    reasons = [artifact.finish_reason for artifact in world.now_of(generation).artifacts]
    assert reasons == [FinishReason.SUCCESS, FinishReason.ERROR]


def test_an_answer_to_another_request_is_not_shown(world: ResultWorld) -> None:
    other = world.begin(2)
    world.clock.advance(seconds=1)
    generation = world.begin(2)
    for text in (
        answer(other),
        answer(generation)[:-20],
        b"{}",
        json.dumps({**json.loads(answer(generation)), "artifacts": []}).encode(),
    ):
        world.clock.advance(seconds=1)
        generation = world.begin(2)
        world.leave_answer(generation, text)
        assert world.tell(told(generation)) == []
        failed = world.now_of(generation)
        assert failed.failure is not None
        assert (failed.state, failed.failure.code) == ("failed", "result_unreadable")
    assert world.released == set()


def test_an_answer_that_has_vanished_is_a_failure(world: ResultWorld) -> None:
    generation = world.begin(1)
    assert world.tell(told(generation)) == []
    failed = world.now_of(generation)
    assert failed.failure is not None
    assert failed.failure.code == "result_lost"


def test_nothing_but_the_endpoints_answers_is_read_or_removed(world: ResultWorld) -> None:
    for location in ("s3://avatars/x.png", f"s3://work/trainings/{OWNER}/secret"):
        world.clock.advance(seconds=1)
        generation = world.begin(1)
        bucket, _, name = location.removeprefix("s3://").partition("/")
        store = world.avatars if bucket == "avatars" else world.work
        store.objects_by_key[name] = answer(generation)
        world.tell(told(generation, responseParameters={"outputLocation": location}))
        assert name in store.objects_by_key
        assert world.now_of(generation).state is GenerationState.FAILED


@pytest.mark.parametrize(
    ("reason", "state", "code"),
    [
        ("ClientError: Request expired in the queue after 60 seconds.", "expired", "expired"),
        ("ClientError: No response from model within 3600 s.", "failed", "timed_out"),
        ("ClientError: Received server error (500) from model.", "failed", "internal_error"),
        ('{"code": "adapter_missing", "message": "Gone."}', "failed", "adapter_unusable"),
        ('{"code": "request_invalid", "message": "Bad."}', "failed", "request_refused"),
        ('{"code": "source_corrupt", "message": "Bad."}', "failed", "request_refused"),
        ('{"code": "timed_out", "message": "Long."}', "failed", "timed_out"),
        ('{"code": "out_of_memory", "message": "Full."}', "failed", "internal_error"),
        ("", "failed", "internal_error"),
    ],
)
def test_a_failure_ends_it_with_a_reason_a_person_understands(
    world: ResultWorld, reason: str, state: str, code: str
) -> None:
    generation = world.begin(1)
    assert world.tell(told_failure(generation, reason)) == []
    failed = world.now_of(generation)
    assert failed.failure is not None
    assert (failed.state, failed.failure.code) == (state, code)
    assert failed.failure.reason.endswith(".")
    assert world.count("active_generations") == 0


def test_the_failure_file_says_more_than_the_notification(world: ResultWorld) -> None:
    generation = world.begin(1)
    error = json.dumps({"code": "adapter_invalid", "message": "The adapter is damaged."})
    world.work.objects_by_key[FAILURE] = json.dumps({"message": error}).encode()
    world.tell(told_failure(generation, "ClientError: Received client error (400) from model."))
    failed = world.now_of(generation)
    assert failed.failure is not None
    assert failed.failure.code == "adapter_unusable"
    assert FAILURE not in world.work.objects_by_key


def test_a_failure_without_a_place_for_its_file_is_a_failure_all_the_same(
    world: ResultWorld,
) -> None:
    generation = world.begin(1, invoked=False)
    world.tell(told_failure(generation, "expired"))
    assert world.now_of(generation).state is GenerationState.EXPIRED


def test_a_failure_that_is_told_while_images_are_screened_is_no_expiry(
    world: ResultWorld,
) -> None:
    world.image_moderation.available = False
    generation = world.begin(1)
    world.leave_answer(generation)
    assert world.tell(told(generation)) == [0]
    world.tell(told_failure(generation, "expired"))
    assert world.now_of(generation).state is GenerationState.FAILED


def test_a_late_failure_of_what_has_succeeded_changes_nothing(world: ResultWorld) -> None:
    generation = world.begin(1)
    world.leave_answer(generation)
    world.tell(told(generation))
    before = (world.now_of(generation), world.released)
    assert world.tell(told_failure(generation, "late")) == []
    assert (world.now_of(generation), world.released) == before


def test_what_moves_while_we_look_is_looked_at_again(world: ResultWorld) -> None:
    generation = world.begin(1)
    world.leave_answer(generation)
    world.table.before_write = lambda: cancel(world, generation)
    assert world.tell(told(generation)) == [0]
    assert world.tell(told(generation)) == []
    assert world.released == set()


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"Message": "{"},
        {"Message": "[]"},
        {"Message": '{"inferenceId": "x"}'},
    ],
)
def test_what_is_no_notification_goes_to_the_dead_letters(
    world: ResultWorld, message: object
) -> None:
    assert world.tell(message) == [0]


def test_a_notification_whose_names_disagree_goes_to_the_dead_letters(
    world: ResultWorld,
) -> None:
    generation = world.begin(1)
    world.leave_answer(generation)
    elsewhere = {"inputLocation": f"s3://work/generations/someone/{generation.id}/other.json"}
    assert world.tell(told(generation, requestParameters=elsewhere)) == [0]
    assert world.tell(told(generation, inferenceId="gen_1")) == [0]
    assert world.now_of(generation).state is GenerationState.QUEUED
