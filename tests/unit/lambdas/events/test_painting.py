"""From a request in the queue of painting to a screened image, and every way that this can end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.generation import REQUEST_FILE, Prompt
from contract.generation_result import GenerationProgress
from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import FinishReason, Generation, GenerationState
from lambdas.events.painting_message import PATIENCE
from lambdas.ports import CallRejected, ModelOutOfReach
from lambdas.records.generations import (
    begin_generation_erasure,
    end_generation,
)
from tests.unit.lambdas.endpoint_answers import colour_of, png
from tests.unit.lambdas.events.painting_world import BLUE, CORE, PaintingWorld
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.sqs import deliver

FILTERED = json.dumps({"finish_reasons": ["Filter reason: output image"]}).encode()
BUSY = "overloaded"


@pytest.fixture
def world() -> PaintingWorld:
    return PaintingWorld()


def test_each_sample_is_a_call_and_the_images_are_screened_and_released(
    world: PaintingWorld,
) -> None:
    made = world.ask(samples=2, prompts=(Prompt("a hat"), Prompt("rain", -1.0)))
    assert world.paint() == []
    assert world.model.calls == [
        (
            CORE.model_id,
            {
                "prompt": "a hat",
                "negative_prompt": "rain",
                "aspect_ratio": "1:1",
                "output_format": "png",
                "seed": seed,
            },
        )
        for seed in made.plan.seeds
    ]
    progress = world.work.objects_by_key[f"generations/{OWNER}/{made.id}/progress.json"]
    assert GenerationProgress.from_json(progress).updated_at == world.clock.now()
    assert world.released == set()
    assert world.screen() == []
    done = world.now_of(made)
    assert done.state is GenerationState.SUCCEEDED
    assert [artifact.seed for artifact in done.shown] == list(made.plan.seeds)
    first = world.avatars.objects_by_key[f"{OWNER}/{made.id}/{done.artifacts[0].id}.png"]
    assert colour_of(first) == BLUE
    assert world.image_moderation.calls
    assert world.samples_kept() == []
    assert [key for key in world.work.objects_by_key if key.startswith("results/")] == []


def test_what_the_models_filter_kept_is_told_per_sample_and_needs_no_moderator(
    world: PaintingWorld,
) -> None:
    made = world.ask(samples=3)
    world.model.answers = {2: FILTERED, 3: b"{}"}
    world.paint()
    world.screen()
    done = world.now_of(made)
    assert [artifact.finish_reason for artifact in done.artifacts] == [
        FinishReason.SUCCESS,
        FinishReason.CONTENT_FILTERED,
        FinishReason.ERROR,
    ]
    assert done.state is GenerationState.PARTIALLY_FILTERED
    # Neither a review nor a violation: nothing was written but what a release writes.
    assert not [each for each in world.table.items.values() if "rev_" in str(each.get("id"))]
    assert not [each for each in world.table.items.values() if "violations" in each]


def test_a_generation_of_nothing_but_filtered_samples_is_filtered(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    world.model.answers = {1: FILTERED}
    world.paint()
    world.screen()
    assert world.now_of(made).state is GenerationState.FILTERED


def test_a_picture_of_another_size_is_brought_to_the_promised_one(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    world.model.picture = png(BLUE, (1536, 1536))
    world.paint()
    world.screen()
    assert world.now_of(made).state is GenerationState.SUCCEEDED


def test_a_picture_of_another_shape_is_none(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    world.model.picture = png(BLUE, (1344, 768))
    world.paint()
    world.screen()
    done = world.now_of(made)
    assert (done.state, done.failure and done.failure.code) == (
        GenerationState.FAILED,
        "internal_error",
    )


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(Unavailable("hosted model"), BUSY), (ModelOutOfReach("denied"), "internal_error")],
)
def test_trouble_is_met_again_and_again_later_each_time_and_then_fails(
    world: PaintingWorld, trouble: Exception, code: str
) -> None:
    made = world.ask(samples=1)
    world.model.failing = [trouble] * 100
    begun = world.clock.now()
    world.asked.delays.clear()
    while world.asked.messages:
        assert world.paint() == [], "it would end among the dead letters"
        world.clock.advance(seconds=world.asked.delays[-1] if world.asked.messages else 0)
    assert world.asked.delays[:4] == [10, 20, 40, 80]
    assert max(world.asked.delays) == 600
    assert world.clock.now() - begun <= PATIENCE
    assert len(world.model.calls) == len(world.asked.delays) + 1
    world.screen()
    done = world.now_of(made)
    assert done.state is GenerationState.FAILED
    assert done.failure is not None
    assert done.failure.code == code


def test_what_was_drawn_before_the_trouble_is_not_paid_for_twice(world: PaintingWorld) -> None:
    made = world.ask(samples=3)
    world.model.failing = []
    drawn = world.model.draw

    def busy_at_the_third(model_id: str, call: Any) -> bytes:
        if call["seed"] == 3 and len(world.model.calls) == 2:
            world.model.failing = [Unavailable("hosted model")]
        return drawn(model_id, call)

    world.model.draw = busy_at_the_third  # type: ignore[method-assign]
    world.paint()
    assert len(world.samples_kept()) == 2
    assert world.now_of(made).is_active
    world.paint()
    assert [call["seed"] for _, call in world.model.calls] == [1, 2, 3, 3]
    world.screen()
    assert world.now_of(made).state is GenerationState.SUCCEEDED
    assert world.samples_kept() == []


def test_a_call_that_the_model_rejects_fails_at_once(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    world.model.failing = [CallRejected()]
    world.paint()
    world.screen()
    done = world.now_of(made)
    assert done.failure is not None
    assert (done.state, done.failure.code) == (GenerationState.FAILED, "request_refused")
    assert world.asked.messages == []


def test_a_message_that_comes_twice_is_drawn_once(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    (message,) = world.asked.messages
    assert deliver(world.painter, message, message) == []
    assert len(world.model.calls) == 1
    assert len(world.results.messages) == 2  # the first may have got lost
    world.screen()
    assert deliver(world.painter, message) == []
    assert len(world.model.calls) == 1
    assert world.now_of(made).state is GenerationState.SUCCEEDED


def cancel(world: PaintingWorld, made: Generation) -> None:
    assert end_generation(world.table, OWNER, made.id, GenerationState.CANCELLED, world.clock.now())


def erase(world: PaintingWorld, made: Generation) -> None:
    begin_generation_erasure(world.table, OWNER, made.id, world.clock.now())


def withdraw(world: PaintingWorld, made: Generation) -> None:
    del world.work.objects_by_key[f"generations/{OWNER}/{made.id}/{REQUEST_FILE}"]


@pytest.mark.parametrize("give_up", [cancel, erase, withdraw])
def test_what_was_given_up_is_not_begun(world: PaintingWorld, give_up: Any) -> None:
    made = world.ask(samples=1)
    give_up(world, made)
    assert world.paint() == []
    assert world.model.calls == []
    assert world.results.messages == []


@pytest.mark.parametrize("give_up", [cancel, erase])
def test_an_answer_that_comes_too_late_is_thrown_away(world: PaintingWorld, give_up: Any) -> None:
    made = world.ask(samples=2)
    world.model.before_answer = lambda: (
        give_up(world, made) if world.model.calls[-1][1]["seed"] == 2 else None
    )
    world.paint()
    assert world.results.messages == []
    assert world.samples_kept() == []
    assert not [key for key in world.work.objects_by_key if key.startswith("results/")]


def test_a_request_whose_time_ran_out_expires(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    world.clock.advance(hours=7)
    world.paint()
    assert world.model.calls == []
    world.screen()
    done = world.now_of(made)
    assert done.failure is not None
    assert (done.state, done.failure.code) == (GenerationState.EXPIRED, "expired")


@pytest.mark.parametrize("part", ["table", "work", "results"])
def test_trouble_of_our_own_brings_the_message_back(world: PaintingWorld, part: str) -> None:
    made = world.ask(samples=1)
    (message,) = world.asked.messages
    getattr(world, part).available = False
    assert deliver(world.painter, message) == [0]
    assert world.postponement.pauses == [10]
    getattr(world, part).available = True
    assert deliver(world.painter, message) == []
    world.screen()
    assert world.now_of(made).state is GenerationState.SUCCEEDED


def test_a_generation_does_not_fail_for_want_of_a_sign_of_life(world: PaintingWorld) -> None:
    made = world.ask(samples=1)
    write = world.work.write

    def refuse_progress(key: str, body: bytes, *, content_type: str) -> None:
        if key.endswith("progress.json"):
            raise Unavailable("objects")
        write(key, body, content_type=content_type)

    world.work.write = refuse_progress  # type: ignore[method-assign]
    assert world.paint() == []
    world.screen()
    assert world.now_of(made).state is GenerationState.SUCCEEDED


ULID = "0" * 26


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"request_uri": 5},
        {"request_uri": "https://example.com/generations/a/b/request.json"},
        {"request_uri": "s3://work/request.json"},
        {"request_uri": f"s3://work/generations/{OWNER}/gen_1/request.json"},
        {"request_uri": f"s3://work/generations/{OWNER}/gen_{ULID}/progress.json"},
        {"request_uri": f"s3://work/generations/{OWNER}/gen_{ULID}/request.json", "attempt": "x"},
        {"request_uri": f"s3://work/generations/{OWNER}/gen_{ULID}/request.json", "since": "x"},
    ],
)
def test_what_names_no_request_of_ours_ends_among_the_dead_letters(
    world: PaintingWorld, message: dict[str, Any]
) -> None:
    assert deliver(world.painter, message) == [0]
    assert world.model.calls == []
