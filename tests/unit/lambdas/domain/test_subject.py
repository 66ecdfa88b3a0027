from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from lambdas.domain.errors import IllegalTransition
from lambdas.domain.subject import Subject, SubjectKind, SubjectState
from tests.unit.lambdas.fakes import START
from tests.unit.lambdas.given import consent


def _subject(**more: Any) -> Subject:
    return Subject(
        id="sub_1",
        owner="o",
        name="Ada",
        kind=SubjectKind.PERSON,
        class_noun="person",
        consent=consent(START),
        created_at=START,
        **more,
    )


def test_a_failed_training_leaves_a_subject_as_useful_as_it_was() -> None:
    training = SubjectState.TRAINING
    assert _subject(state=training).after_failed_training() is SubjectState.COLLECTING
    retrained = _subject(state=training, active_adapter="trn_1")
    assert retrained.after_failed_training() is SubjectState.READY


def test_a_subject_that_is_being_deleted_is_not_live() -> None:
    assert _subject().is_live
    assert not _subject(state=SubjectState.DELETING).is_live


def test_reserved_steps_stay_reserved() -> None:
    from lambdas.domain.subject import SUBJECT

    with pytest.raises(IllegalTransition):
        SUBJECT.step(SubjectState.DELETING, SubjectState.READY)


def test_a_wording_is_known_by_its_hash_however_its_letters_are_composed() -> None:
    given = consent(START)
    assert given.sha256 == hashlib.sha256(b"mine").hexdigest()
    composed = replace(given, statement="\u00e4")
    assert replace(given, statement="a\u0308").sha256 == composed.sha256
    assert composed.sha256 != given.sha256
