"""What each finding in a generated image does, and which calls are made for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambdas.domain.errors import Unavailable
from lambdas.domain.image_screening import (
    NOBODY,
    ImageScreening,
    ScreenedImage,
    ShownSubject,
)
from lambdas.domain.image_verdict import RELEASED, ImageReason, Outcome, SeenLabel
from lambdas.domain.subject import SubjectKind
from lambdas.ports import Face, ModerationLabel, ReadLine
from tests.unit.lambdas.fakes import FakeImageModeration
from tests.unit.lambdas.given import World, settings

ADULT = Face(99.0, 0.4, 0.5, age_low=30)
CHILD = replace(ADULT, age_low=12)
ADA = ShownSubject(SubjectKind.PERSON, b"a photo of Ada")
EVERYTHING = ["labels", "faces", "celebrities", "text", "likeness"]


class Screened(World):
    """A World with one image to be looked at."""

    def screen(
        self, images: dict[str, Any] | None = None, subject: ShownSubject = ADA
    ) -> ScreenedImage:
        """`images`: settings that differ from the usual ones."""
        rules = {"labels": {"default": {"withhold": 50}}, "text": "review", **(images or {})}
        self.settings = settings(moderation={"images": rules})
        screening = ImageScreening(
            self.settings.moderation, 80, self.image_moderation, self.screening
        )
        return screening.screen(b"an image", subject)

    @property
    def calls(self) -> list[str]:
        return self.image_moderation.calls


@pytest.fixture
def world() -> Screened:
    return Screened()


def test_an_image_without_findings_is_released_after_every_call(world: Screened) -> None:
    assert world.screen() == ScreenedImage(RELEASED, 0.99)
    assert world.calls == EVERYTHING


def test_a_picture_without_a_face_costs_three_calls_and_has_no_score(world: Screened) -> None:
    world.image_moderation.face_list = ()
    assert world.screen() == ScreenedImage(RELEASED, None)
    assert world.calls == ["labels", "faces", "text"]


@pytest.mark.parametrize("policy", ["review", "withhold"])
@pytest.mark.parametrize(
    ("finding", "images", "reason", "label"),
    [
        ({"face_list": [ADULT, CHILD]}, "minors", "minor", SeenLabel("Age from 12", 99.0)),
        ({"celebrity_list": [20.0, 95.0]}, "celebrities", "celebrity", SeenLabel("Celebrity", 95)),
        ({"lines": [ReadLine("you vermin", 91.0)]}, "text", "text", SeenLabel("INSULT", 91.0)),
    ],
)
def test_a_finding_does_what_the_environment_says(
    world: Screened,
    policy: str,
    finding: dict[str, Any],
    images: str,
    reason: str,
    label: SeenLabel,
) -> None:
    world.text_moderation.words = {"vermin": {"INSULT": 0.9}}
    world.image_moderation = replace(world.image_moderation, **finding)
    verdict = world.screen({images: policy}).verdict
    assert verdict.outcome is (Outcome.REVIEW if policy == "review" else Outcome.WITHHELD)
    assert (verdict.reason, verdict.labels) == (reason, (label,))
    assert ("likeness" in world.calls) is (policy == "review")


@pytest.mark.parametrize(
    ("images", "left_out"),
    [
        ({"minors": "allow"}, set()),
        ({"celebrities": "allow"}, {"celebrities"}),
        ({"text": "allow"}, {"text"}),
        ({"minors": "allow", "celebrities": "allow"}, {"faces", "celebrities"}),
    ],
)
def test_what_is_allowed_is_not_asked_for(
    world: Screened, images: dict[str, str], left_out: set[str]
) -> None:
    world.image_moderation.celebrity_list = (50.0,)
    assert world.screen(images).verdict is RELEASED
    assert set(EVERYTHING) - set(world.calls) == left_out


def test_where_minors_are_allowed_a_young_face_alone_does_nothing(world: Screened) -> None:
    world.image_moderation.face_list = [CHILD]
    assert world.screen({"minors": "allow"}).verdict is RELEASED


def test_the_first_finding_that_withholds_ends_the_asking(world: Screened) -> None:
    world.image_moderation.label_list = [ModerationLabel("Explicit", "", 99)]
    world.image_moderation.face_list = [CHILD]
    verdict = world.screen().verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.WITHHELD, ImageReason.UNSAFE)
    assert world.calls == ["labels"]


def test_after_a_finding_for_review_a_worse_one_is_still_found(world: Screened) -> None:
    world.image_moderation.label_list = [ModerationLabel("Weapons", "Violence", 70)]
    world.image_moderation.face_list = [CHILD]
    verdict = world.screen({"labels": {"default": {"review": 50}}}).verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.WITHHELD, ImageReason.MINOR)
    assert world.calls == ["labels", "faces"]


def test_what_may_be_a_young_face_is_a_moderators_to_judge(world: Screened) -> None:
    world.image_moderation.face_list = [ADULT, replace(CHILD, confidence=79.9)]
    verdict = world.screen().verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.REVIEW, ImageReason.MINOR)
    assert verdict.labels == (SeenLabel("Age from 12", 79.9),)
    assert world.calls == EVERYTHING, "something worse may follow"
    assert world.screen({"minors": "review"}).verdict.outcome is Outcome.REVIEW


def test_a_certain_child_is_withheld_whatever_else_may_be_a_face(world: Screened) -> None:
    world.image_moderation.face_list = [replace(CHILD, confidence=60.0), CHILD]
    verdict = world.screen().verdict
    assert (verdict.outcome, verdict.labels) == (
        Outcome.WITHHELD,
        (SeenLabel("Age from 12", 99.0),),
    )


@pytest.mark.parametrize(("lowest", "confidence"), [(50, 49.9), (70, 69.9), (100, 79.9)])
def test_a_shadow_that_looks_young_is_no_child_and_yet_may_be_somebody_famous(
    world: Screened, lowest: float, confidence: float
) -> None:
    world.image_moderation.face_list = [replace(CHILD, confidence=confidence)]
    assert world.screen({"doubtful_face_confidence": lowest}).verdict is RELEASED
    assert "celebrities" in world.calls


def test_words_are_screened_with_the_bans_of_the_subjects_kind(world: Screened) -> None:
    world.image_moderation.lines = [ReadLine("a naked", 90.0), ReadLine("person", 80.0)]
    verdict = world.screen({"text": "withhold"}).verdict
    assert verdict.labels == (SeenLabel("SEXUAL", 80.0),)
    world.image_moderation.lines = [ReadLine("happy birthday", 99.0)]
    assert world.screen({"text": "withhold"}).verdict is RELEASED


def test_whoever_is_not_the_subject_scores_low(world: Screened) -> None:
    world.image_moderation.who = lambda image: image
    assert world.screen().identity_score == 0.03


@pytest.mark.parametrize("subject", [NOBODY, ShownSubject(SubjectKind.PET, None)])
def test_without_a_reference_nothing_is_compared(world: Screened, subject: ShownSubject) -> None:
    assert world.screen(subject=subject) == ScreenedImage(RELEASED, None)
    assert "likeness" not in world.calls


def test_a_stylised_face_that_cannot_be_compared_is_no_failure(world: Screened) -> None:
    world.image_moderation.who = lambda image: None if image == b"an image" else "Ada"
    assert world.screen() == ScreenedImage(RELEASED, None)


@pytest.mark.parametrize("call", ["labels", "faces", "celebrities", "text"])
def test_a_picture_that_a_service_will_never_take_is_withheld(world: Screened, call: str) -> None:
    world.image_moderation.refused = {call}
    verdict = world.screen().verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.WITHHELD, ImageReason.UNSCREENABLE)


def test_a_comparison_that_is_refused_leaves_the_image_released(world: Screened) -> None:
    world.image_moderation.refused = {"likeness"}
    assert world.screen() == ScreenedImage(RELEASED, None)


@pytest.mark.parametrize("call", EVERYTHING)
def test_whatever_does_not_answer_leaves_the_image_unjudged(world: Screened, call: str) -> None:
    world.image_moderation.throttled = {call}
    with pytest.raises(Unavailable):
        world.screen()


def test_text_is_never_let_pass_for_want_of_a_screening() -> None:
    rules = settings(
        moderation={"images": {"labels": {"default": {"review": 1}}, "text": "review"}}
    )
    with pytest.raises(ValueError, match="text"):
        ImageScreening(rules.moderation, 80, FakeImageModeration(), None).screen(b"an image")
