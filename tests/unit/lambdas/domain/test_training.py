from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.training import (
    ACTIVE_TRAINING_STATES,
    TRAINING,
    TrainingState,
    job_name,
    training_of_job,
)

STATES = st.sampled_from(TrainingState)


@given(st.lists(STATES, max_size=8))
def test_no_walk_leaves_a_final_state_or_succeeds_without_having_run(
    walk: list[TrainingState],
) -> None:
    state, visited = TrainingState.QUEUED, [TrainingState.QUEUED]
    for target in walk:
        if TRAINING.allows(state, target):
            assert not TRAINING.is_final(state)
            state = TRAINING.step(state, target)
            visited.append(state)
    assert len(set(visited)) == len(visited)
    if state is TrainingState.SUCCEEDED:
        assert TrainingState.RUNNING in visited


def test_whatever_is_active_can_be_cancelled_and_can_fail() -> None:
    assert frozenset({"queued", "running"}) == ACTIVE_TRAINING_STATES
    for target in (TrainingState.CANCELLED, TrainingState.FAILED):
        assert TRAINING.sources(target) == ACTIVE_TRAINING_STATES


@given(st.integers(1, 99))
def test_a_jobs_name_leads_back_to_its_training(attempt: int) -> None:
    training = "trn_01M7YZMHG04CXG8MHBM0S5PHRW"
    assert training_of_job(job_name(training, attempt)) == (training, attempt)


@pytest.mark.parametrize("name", ["", "trn-", "trn-01M7", "trn-01M7-x", "trn--1", "other-01M7-1"])
def test_other_jobs_are_not_ours(name: str) -> None:
    assert training_of_job(name) is None
