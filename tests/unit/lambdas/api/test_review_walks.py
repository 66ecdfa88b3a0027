"""Whatever users, moderators and erasures do, in any order, interrupted or not: all agrees."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.generation import FinishReason
from lambdas.domain.review import Decision, ReviewState
from lambdas.records import keys
from lambdas.records.standing import read_standing
from tests.unit.lambdas.api.review_world import GREEN, RED, ReviewWorld
from tests.unit.lambdas.gateway import OWNER

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["report", "appeal", "appeal_block", *Decision, "delete"]),
        st.integers(0, 1),  # which image
        st.sampled_from([None, None, 0, 1, 2]),  # after how many writes the table fails
    ),
    max_size=12,
)


def act(world: WalkWorld, step: str, index: int, fails_after: int | None) -> int:
    """One step, perhaps interrupted; the status of its answer."""
    (generation,) = world.generations
    reviews = {
        each["image_id"]: each["id"]
        for state in ReviewState
        for each in world.queue(state=state.value)
    }
    image = generation.artifacts[index].id
    world.table.fail_after = fails_after
    try:
        match step:
            case "report":
                return int(world.report(generation, index).status)
            case "appeal":
                return int(world.appeal(generation, index).status)
            case "appeal_block":
                return int(world.account.post("/me/appeal", {"note": "why"}).status)
            case "delete":
                status = world.user.delete(f"/generations/{generation.id}").status
                world.table.fail_after = None
                world.erase()
                return int(status)
        target = reviews.get(image) or reviews.get(None) or f"rev_{'0' * 26}"
        return int(world.decide(target, step).status)
    finally:
        world.table.fail_after = None
        world.clock.advance(seconds=1)


class WalkWorld(ReviewWorld):
    """One generation, of one image that was withheld and one that was released."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.generations = [self.judged(RED, GREEN)]


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_files_records_links_and_log_agree(steps: list[tuple[str, int, int | None]]) -> None:
    world = WalkWorld()
    (generation,) = world.generations
    for step, index, fails_after in steps:
        entries = len(world.audit.items)
        status = act(world, step, index, fails_after)
        assert status in {200, 202, 403, 404, 409, 503}, (step, status)
        if status == 409 or step not in set(Decision):
            assert len(world.audit.items) == entries
    item = world.table.get(keys.generation_key(OWNER, generation.id))
    if item is None:
        assert not [key for key in world.work.objects_by_key if generation.id in key]
        assert world.released == set()
        assert generation.id not in str(world.table.items)
        return
    now = world.now_of(generation)
    for position, artifact in enumerate(now.artifacts):
        shown = artifact.finish_reason is FinishReason.SUCCESS
        avatar = f"{OWNER}/{now.id}/{artifact.id}.png"
        hidden = f"reviews/{avatar}"
        assert (world.url(now, position) is not None) == shown
        place = world.released if shown else set(world.work.objects_by_key)
        assert (avatar if shown else hidden) in place, "what the record promises is there"
    blocked = read_standing(world.table, OWNER).blocked_at is not None
    asked = world.user.post("/generations", {"prompt": "a hat"}).status
    assert (asked == 403) == blocked
