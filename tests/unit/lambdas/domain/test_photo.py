from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.photo import (
    PHOTO,
    TAKES_A_PLACE,
    ContentType,
    Photo,
    PhotoState,
    RejectionCode,
    count_changes,
    reason_for,
)
from tests.unit.lambdas.fakes import START
from tests.unit.lambdas.given import settings


@given(st.data())
def test_counters_always_equal_a_recount(data: st.DataObject) -> None:
    photos: list[PhotoState] = []
    counters: Counter[str] = Counter()
    for action in data.draw(st.lists(st.sampled_from(("make", "move", "delete")), max_size=30)):
        if action == "make" or not photos:
            photos.append(PhotoState.AWAITING_UPLOAD)
            counters.update(count_changes(None, PhotoState.AWAITING_UPLOAD))
            continue
        state = photos.pop(data.draw(st.integers(0, len(photos) - 1)))
        after = None
        if action == "move":
            after = data.draw(st.sampled_from([state, *sorted(PHOTO.targets(state))]))
            photos.append(after)
        counters.update(count_changes(state, after))
    recount = Counter(state.value for state in photos)
    recount["checking"] += recount["in_review"]
    assert counters["places"] == sum(state in TAKES_A_PLACE for state in photos)
    for name in ("checking", "accepted", "rejected"):
        assert counters[name] == recount[name]


@pytest.mark.parametrize("code", RejectionCode)
def test_every_rejection_tells_a_person_what_to_do(code: RejectionCode) -> None:
    reason = reason_for(code, settings())
    assert "{" not in reason
    assert reason.endswith(".")
    assert any(word in reason for word in ("Choose", "upload", "Upload"))


def test_only_a_slot_that_waits_can_lapse() -> None:
    photo = Photo(
        id="pho_1",
        owner="o",
        subject_id="sub_1",
        content_type=ContentType.JPEG,
        size_bytes=1,
        created_at=START,
        expires_at=START + timedelta(seconds=900),
    )
    assert not photo.has_lapsed(START + timedelta(seconds=899))
    assert photo.has_lapsed(START + timedelta(seconds=900))
