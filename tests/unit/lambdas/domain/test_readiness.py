from __future__ import annotations

from dataclasses import replace

import pytest

from lambdas.domain.errors import Conflict
from lambdas.domain.generation_request import adapter_of
from lambdas.domain.readiness import demand_enough_photos, missing_photos
from lambdas.domain.subject import PhotoCounts, Subject, SubjectKind
from lambdas.domain.training import PublishedAdapter, Training
from tests.unit.lambdas.given import START, World, settings

RULES = settings().photos


def subject(kind: SubjectKind, **counts: int) -> Subject:
    return replace(World().subject(accepted=0, kind=kind), photos=PhotoCounts(**counts))


@pytest.mark.parametrize(
    ("kind", "minimum"),
    [(SubjectKind.PERSON, 10), (SubjectKind.PET, 4), (SubjectKind.STYLE, 4)],
)
def test_enough_photos_are_those_of_the_kind(kind: SubjectKind, minimum: int) -> None:
    for accepted in range(16):
        found = subject(kind, accepted=accepted)
        assert missing_photos(found, RULES) == max(0, minimum - accepted)
    demand_enough_photos(subject(kind, accepted=minimum), RULES)


def test_a_refusal_says_how_many_are_missing_and_what_is_still_looked_at() -> None:
    with pytest.raises(Conflict) as refusal:
        demand_enough_photos(subject(SubjectKind.PERSON, accepted=1, checking=3), RULES)
    assert refusal.value.code == "photos_missing"
    assert refusal.value.detail.startswith("9 more accepted photos needed")
    assert "3 still being checked" in refusal.value.detail


def test_only_a_training_that_published_has_an_adapter() -> None:
    training = Training("trn_1", "sub_1", "owner", START, START)
    assert adapter_of(training, "models") is None
    done = replace(training, adapter=PublishedAdapter("a" * 64, 1))
    found = adapter_of(done, "models")
    assert found is not None
    assert str(found.uri) == "s3://models/adapters/owner/sub_1/trn_1/"
