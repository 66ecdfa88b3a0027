from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.errors import IllegalTransition
from lambdas.domain.review import REVIEW, Decision, Image, Review, ReviewReason, ReviewState
from tests.unit.lambdas.domain.machines import check_machine, reachable

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def fresh() -> Review:
    return Review("rev_1", "owner", Image("gen_1", "img_1"), ReviewReason.SCREENING, NOW, NOW)


def test_the_states_of_a_review() -> None:
    check_machine(REVIEW, ReviewState)
    assert reachable(REVIEW, ReviewState.OPEN) == set(ReviewState)
    assert REVIEW.final_states == {ReviewState.BANNED}
    assert {decision.state for decision in Decision} == set(ReviewState) - {ReviewState.OPEN}


@given(st.lists(st.sampled_from([*Decision, ReviewReason.REPORT, ReviewReason.APPEAL])))
def test_whatever_is_asked_only_an_open_review_is_decided(
    walk: list[Decision | ReviewReason],
) -> None:
    review = fresh()
    for step in walk:
        before = review
        try:
            if isinstance(step, Decision):
                review = review.decided_as(step, by="moderator", at=NOW, entry="aud_1")
            else:
                review = review.reopened(step, NOW)
        except IllegalTransition:
            assert before.state is ReviewState.BANNED or isinstance(step, Decision)
            continue
        if isinstance(step, Decision):
            assert (before.state, review.state) == (ReviewState.OPEN, step.state)
        else:
            assert review.is_open
            assert review.reason is step
