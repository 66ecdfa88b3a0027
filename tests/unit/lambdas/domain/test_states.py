from __future__ import annotations

from enum import StrEnum

import pytest

from lambdas.domain.photo import PHOTO, PhotoState
from lambdas.domain.states import StateMachine
from lambdas.domain.subject import SUBJECT, SubjectState
from tests.unit.lambdas.domain.machines import check_machine, reachable


class Light(StrEnum):
    OFF = "off"
    ON = "on"


def test_a_machine_with_a_state_that_has_no_row_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="without a row"):
        StateMachine("light", {Light.OFF: frozenset({Light.ON})})


def test_photos_walk_only_along_their_diagram() -> None:
    check_machine(PHOTO, PhotoState)
    assert reachable(PHOTO, PhotoState.AWAITING_UPLOAD) == set(PhotoState)
    # What a moderator lets pass is still judged beside the other photos.
    assert not PHOTO.allows(PhotoState.IN_REVIEW, PhotoState.ACCEPTED)
    assert PHOTO.final_states == {PhotoState.REJECTED, PhotoState.EXPIRED}


def test_subjects_walk_only_along_their_diagram() -> None:
    check_machine(SUBJECT, SubjectState)
    assert reachable(SUBJECT, SubjectState.COLLECTING) == set(SubjectState)
    assert SUBJECT.final_states == {SubjectState.DELETING}


def test_no_photo_is_accepted_without_having_been_looked_at() -> None:
    assert PHOTO.sources(PhotoState.ACCEPTED) == {PhotoState.CHECKING}


def test_every_live_subject_can_be_deleted() -> None:
    assert SUBJECT.sources(SubjectState.DELETING) == set(SubjectState) - {SubjectState.DELETING}
