"""Whatever order events come in, however often, and whichever get lost: the end is right."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.api.generation_views import view
from lambdas.domain.errors import NotFound, Unavailable
from lambdas.domain.generation import GENERATION, GenerationState, image_id
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.subject import SubjectState
from lambdas.domain.training import TRAINING, Training, TrainingState
from lambdas.domain.training_failure import TrainingGone
from lambdas.events.reconciler import ReconcilerPorts, build_handler
from lambdas.ports import Execution, ModerationLabel
from lambdas.records import keys
from lambdas.records.generations import (
    begin_generation_erasure,
    end_generation,
    find_generation,
)
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import create_training, end_training
from tests.unit.lambdas.endpoint_answers import answer, colour_of, png
from tests.unit.lambdas.events.result_world import ResultWorld, told, told_failure
from tests.unit.lambdas.events.test_training_events import execution_event, job_event, send
from tests.unit.lambdas.events.test_training_steps import fail, prepare, publish
from tests.unit.lambdas.fakes import FakeImageModeration
from tests.unit.lambdas.gateway import OWNER, FakeContext
from tests.unit.lambdas.given import World

RED, GREEN = (200, 30, 30), (30, 200, 30)


def reconcile(world: World) -> None:
    handler = build_handler(
        ReconcilerPorts(
            settings=world.settings,
            table=world.table,
            clock=world.clock,
            uploads=world.uploads,
            work=world.work,
            runner=world.runner,
            intake=world.intake,
            results=world.results,
            erasures=world.erasure,
        )
    )
    handler({}, FakeContext())


class Screening(FakeImageModeration):
    """Flags red; remembers every picture that it let pass."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: set[bytes] = set()

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        if not self.available:
            raise Unavailable("image moderation")
        red, green, _ = colour_of(image)
        if red > green:
            return [ModerationLabel("Explicit Nudity", "", 99.0)]
        self.passed.add(image)
        return []


GENERATION_EVENTS = st.lists(
    st.sampled_from(
        [
            "success",
            "success",
            "failure",
            "expired",
            "cancel",
            "delete",
            "moderation goes",
            "moderation comes",
            "records go",
            "reconcile",
            "a quarter of an hour",
            "seven hours",
        ]
    ),
    max_size=10,
)


@settings(max_examples=150, deadline=None)
@given(GENERATION_EVENTS, st.lists(st.sampled_from([RED, GREEN]), min_size=1, max_size=3))
def test_no_link_to_an_unscreened_image_ever_exists_and_every_generation_ends(
    events: list[str], colours: list[tuple[int, int, int]]
) -> None:
    world = ResultWorld()
    screening = Screening()
    world.image_moderation = screening
    generation = world.begin(len(colours))
    world.leave_answer(generation, answer(generation, [png(colour) for colour in colours]))
    key = keys.generation_key(OWNER, generation.id)
    ended: GenerationState | None = None
    come_again: list[object] = []

    def tell(*messages: object) -> None:
        """A message that fails is kept by its queue."""
        come_again.extend(messages[position] for position in world.tell(*messages))

    def check() -> None:
        nonlocal ended
        found = find_generation(world.table, OWNER, generation.id)
        if found is None:
            return
        links: list[str] = []
        view(found, lambda artifact: links.append(artifact.id) or artifact.id)  # type: ignore[func-returns-value]
        for name in links:
            assert not found.deleting
            content = world.avatars.objects_by_key[f"{OWNER}/{generation.id}/{name}.png"]
            assert content.partition(b"MARK")[0] in screening.passed
        if ended is not None and not found.deleting:
            assert found.state is ended, "what has ended does not change"
        if found.state in GENERATION.final_states and not found.deleting:
            ended = found.state

    def deliver_what_waits() -> None:
        messages = [*world.results.messages, *come_again]
        world.results.messages.clear()
        come_again.clear()
        tell(*messages)

    for event in events:
        now = world.clock.now()
        match event:
            case "success":
                tell(told(generation))
            case "failure":
                tell(told_failure(generation, "ClientError"))
            case "expired":
                tell(told_failure(generation, "Request expired"))
            case "cancel":
                end_generation(world.table, OWNER, generation.id, GenerationState.CANCELLED, now)
            case "delete":
                try:
                    begin_generation_erasure(world.table, OWNER, generation.id, now)
                except NotFound:
                    assert world.now_of(generation).deleting
            case "moderation goes":
                screening.available = False
            case "moderation comes":
                screening.available = True
            case "records go":
                world.table.fail_after = 1
                tell(told(generation))
                world.table.fail_after = None
            case "reconcile":
                reconcile(world)
                deliver_what_waits()
            case "a quarter of an hour":
                world.clock.advance(minutes=15)
            case "seven hours":
                world.clock.advance(hours=7)
        check()

    # In the end everything works again, and the reconciler has had its visits.
    screening.available = True
    for _ in range(4):
        world.clock.advance(minutes=25)
        reconcile(world)
        deliver_what_waits()
        check()
    final = world.now_of(generation)
    assert final.state in GENERATION.final_states
    assert world.count("active_generations") == 0
    shown = {f"{OWNER}/{generation.id}/{artifact.id}.png" for artifact in final.shown}
    if not final.deleting:
        assert world.released == shown
    assert (world.table.get(key) or {}).get("gsi2pk") in {None, keys.EXPIRY}
    if final.state in {GenerationState.SUCCEEDED, GenerationState.PARTIALLY_FILTERED}:
        green = {
            image_id(generation.id, index)
            for index, colour in enumerate(colours)
            if colour == GREEN
        }
        if not final.deleting:
            assert {artifact.id for artifact in final.shown} == green


TRAINING_EVENTS = st.lists(
    st.sampled_from(
        [
            "prepare",
            "job at work",
            "publish",
            "publish",
            "killed",
            "no photos",
            "execution failed",
            "execution aborted",
            "cancel",
            "delete subject",
            "reconcile",
        ]
    ),
    max_size=10,
)


@settings(max_examples=150, deadline=None)
@given(TRAINING_EVENTS, st.sampled_from(["FAILED", "SUCCEEDED", "TIMED_OUT"]))
def test_a_training_and_its_subject_always_agree_in_the_end(
    events: list[str], execution: str
) -> None:
    world = World()
    subject = world.subject()
    now = world.clock.now()
    training = Training(new_id(Prefix.TRAINING, now), subject.id, OWNER, now, now)
    create_training(world.table, training, limit=1)
    world.runner.start(training.id, {})
    world.leave_output(training)
    ended: TrainingState | None = None
    for event in events:
        match event:
            case "prepare":
                try:
                    prepare(world, training)
                except TrainingGone:
                    assert ended or world.training_now(training.id).is_active
            case "job at work":
                send(world, job_event(training, "Training"))
            case "publish":
                try:
                    publish(world, training)
                except TrainingGone:
                    assert ended is not TrainingState.SUCCEEDED or "delete subject" in events
            case "killed":
                fail(world, training, "States.TaskFailed", "ExitCode -9", attempt=3)
            case "no photos":
                fail(world, training, "States.TaskFailed", "NO_PHOTOS: There are none.")
            case "execution failed":
                send(world, execution_event(training, "FAILED"))
            case "execution aborted":
                send(world, execution_event(training, "ABORTED"))
            case "cancel":
                end_training(
                    world.table, OWNER, training.id, TrainingState.CANCELLED, world.clock.now()
                )
            case "delete subject":
                try:
                    begin_subject_erasure(world.table, OWNER, subject.id, world.clock.now())
                except NotFound:
                    assert events.count("delete subject") > 1
            case "reconcile":
                world.clock.advance(minutes=5)
                reconcile(world)
        found = world.training_now(training.id)
        if ended is not None:
            assert found.state is ended, "what has ended does not change"
        if found.state in TRAINING.final_states:
            ended = found.state
    world.runner.executions[training.id] = Execution(execution)
    world.clock.advance(minutes=5)
    reconcile(world)
    final = world.training_now(training.id)
    assert final.state in TRAINING.final_states
    assert world.count("active_trainings") == 0
    assert (final.failure is not None) == (final.state is TrainingState.FAILED)
    item = world.table.get(keys.subject_key(OWNER, subject.id))
    assert item is not None
    succeeded = final.state is TrainingState.SUCCEEDED
    if item["state"] == SubjectState.DELETING:
        return
    assert item["state"] == (SubjectState.READY if succeeded else SubjectState.COLLECTING)
    assert item.get("active_adapter") == (training.id if succeeded else None)
    assert "active_training" not in item
    published = any(training.id in key for key in world.models.objects_by_key)
    assert published == succeeded
