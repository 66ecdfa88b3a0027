"""What may befall a file between its arrival and its verdict, and a life through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lambdas.fakes import FakeImageModeration, FakeObjectStore, FakeTable

KeyT = TypeVar("KeyT", contravariant=True)
HAPPENINGS = st.lists(
    st.sampled_from(["deliver", "moderation down", "moderation up", "records fail", "erase"]),
    max_size=10,
)


class IntakeOfOne(Protocol[KeyT]):
    """A world with the function that takes in files."""

    table: FakeTable
    moderation: FakeImageModeration
    uploads: FakeObjectStore

    def deliver(self, *keys: KeyT) -> list[int]: ...


def live_through(
    world: IntakeOfOne[KeyT], key: KeyT, happenings: list[str], erase: Callable[[], object]
) -> bool:
    """All of them, then a delivery that nothing disturbs; whether its owner erased it meanwhile."""
    erased = False
    for happening in happenings:
        match happening:
            case "deliver":
                world.deliver(key)
            case "moderation down" | "moderation up":
                world.moderation.available = happening == "moderation up"
            case "records fail":
                world.table.fail_after = 1
                world.deliver(key)
                world.table.fail_after = None
            case "erase" if not erased:
                erase()
                erased = True
    world.moderation.available = True
    assert world.deliver(key) == []
    assert not world.uploads.objects_by_key
    return erased
