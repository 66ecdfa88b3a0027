from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.generation import (
    ACTIVE_GENERATION_STATES,
    GENERATION,
    SHOWING_GENERATION_STATES,
    WAITING_GENERATION_STATES,
    FinishReason,
    GenerationState,
    ending,
    image_id,
)
from lambdas.domain.ids import Prefix, is_id


@given(st.lists(st.sampled_from(GenerationState), max_size=12))
def test_nothing_is_shown_that_was_not_screened_and_no_walk_leaves_an_end(
    walk: list[GenerationState],
) -> None:
    state, visited = GenerationState.QUEUED, [GenerationState.QUEUED]
    for target in walk:
        if GENERATION.allows(state, target):
            assert state in ACTIVE_GENERATION_STATES
            state = GENERATION.step(state, target)
            visited.append(state)
    assert len(set(visited)) == len(visited), "no state is ever come back to"
    if state in SHOWING_GENERATION_STATES | {GenerationState.FILTERED}:
        assert visited[-2] is GenerationState.SCREENING


def test_a_result_may_arrive_in_any_waiting_state() -> None:
    assert GENERATION.sources(GenerationState.SCREENING) == WAITING_GENERATION_STATES
    assert GENERATION.sources(GenerationState.CANCELLED) == ACTIVE_GENERATION_STATES
    assert GENERATION.sources(GenerationState.FAILED) == ACTIVE_GENERATION_STATES
    assert GENERATION.sources(GenerationState.EXPIRED) == WAITING_GENERATION_STATES


S, F, E = FinishReason.SUCCESS, FinishReason.CONTENT_FILTERED, FinishReason.ERROR


@pytest.mark.parametrize(
    ("reasons", "state"),
    [
        ([S], "succeeded"),
        ([S, S], "succeeded"),
        ([S, E], "succeeded"),
        ([S, F], "partially_filtered"),
        ([S, F, E], "partially_filtered"),
        ([F], "filtered"),
        ([F, E], "filtered"),
        ([E, E], "failed"),
        ([], "failed"),
    ],
)
def test_how_the_images_ended_is_how_the_generation_ends(
    reasons: list[FinishReason], state: str
) -> None:
    assert ending(reasons) == state
    assert GENERATION.allows(GenerationState.SCREENING, ending(reasons))


def test_an_images_id_is_always_the_same_and_never_anothers() -> None:
    first, second = "gen_01M7YZMHG04CXG8MHBM0S5PHRW", "gen_01M7YZMHG04CXG8MHBM0S5PHRX"
    ids = [image_id(name, index) for name in (first, second) for index in range(4)]
    assert len(set(ids)) == 8
    assert ids[0] == image_id(first, 0)
    assert all(is_id(Prefix.IMAGE, name) for name in ids)
    assert ids[0][4:14] == first[4:14]
