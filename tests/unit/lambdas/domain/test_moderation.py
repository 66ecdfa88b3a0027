"""Thresholds for moderation labels: whose rule a label has, and what its category adds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lambdas.domain.image_verdict import RELEASED, ImageReason, Outcome, SeenLabel
from lambdas.domain.moderation import (
    TAXONOMY,
    LabelRules,
    judge_labels,
    lowest_threshold,
)
from lambdas.ports import ModerationLabel

NUDITY = "Non-Explicit Nudity of Intimate parts and Kissing"
RULES = {
    "default": {"withhold": 50},
    NUDITY: {"review": 60, "withhold": 80},
    "Bare Back": "allow",
    "Swimwear or Underwear": {"review": 70},
    "Alcohol": "allow",
    "Drinking": {"withhold": 90},
}


def rules(document: dict[str, Any]) -> LabelRules:
    return TypeAdapter(LabelRules).validate_python(document)


def chain(name: str, confidence: float) -> list[ModerationLabel]:
    """A label and the categories above it, as AWS answers."""
    parent = TAXONOMY[name]
    above = chain(parent, confidence) if parent else []
    return [ModerationLabel(name, parent, confidence), *above]


def outcome(*labels: ModerationLabel, given: dict[str, Any] = RULES) -> Outcome:
    return judge_labels(labels, rules(given)).outcome


@pytest.mark.parametrize(
    ("name", "confidence", "expected"),
    [
        ("Sex Toys", 49.9, Outcome.RELEASED),
        ("Sex Toys", 50, Outcome.WITHHELD),
        ("Nazi Party", 50, Outcome.WITHHELD),
        ("Implied Nudity", 59.9, Outcome.RELEASED),
        ("Implied Nudity", 60, Outcome.REVIEW),
        ("Obstructed Female Nipple", 80, Outcome.WITHHELD),
        ("Bare Back", 99, Outcome.RELEASED),
        ("Male Swimwear or Underwear", 69.9, Outcome.RELEASED),
        ("Male Swimwear or Underwear", 99, Outcome.REVIEW),
        ("Alcoholic Beverages", 99, Outcome.RELEASED),
        ("Drinking", 89.9, Outcome.RELEASED),
        ("Drinking", 90, Outcome.WITHHELD),
    ],
)
def test_a_label_has_its_own_rule_or_that_of_the_nearest_category(
    name: str, confidence: float, expected: Outcome
) -> None:
    assert outcome(*chain(name, confidence)) is expected


def test_a_category_that_shows_something_else_besides_is_judged_by_itself() -> None:
    back = chain("Bare Back", 95)
    assert outcome(*back, ModerationLabel("Implied Nudity", "Non-Explicit Nudity", 70)) is (
        Outcome.WITHHELD
    )
    surer = [ModerationLabel("Bare Back", "Non-Explicit Nudity", 70), *back[1:]]
    assert outcome(*surer) is Outcome.WITHHELD
    kiss = ModerationLabel("Kissing on the Lips", NUDITY, 65)
    assert outcome(*back, kiss) is Outcome.WITHHELD


def test_a_label_that_is_not_known_has_the_default_whatever_is_above_it() -> None:
    assert outcome(ModerationLabel("Moonshine", "Alcohol Use", 50)) is Outcome.WITHHELD
    assert outcome(ModerationLabel("Something", "", 50)) is Outcome.WITHHELD
    assert outcome(ModerationLabel("Something", "", 49)) is Outcome.RELEASED


def test_a_category_is_not_excused_by_a_detail_that_is_not_known() -> None:
    lenient = {"default": {"withhold": 99}, "Violence": {"withhold": 60}}
    labels = [ModerationLabel("Brawl", "Violence", 70), ModerationLabel("Violence", "", 70)]
    assert outcome(*labels, given=lenient) is Outcome.WITHHELD


def test_a_verdict_names_what_counted_and_nothing_else() -> None:
    labels = [*chain("Female Swimwear or Underwear", 75), *chain("Weapons", 92)]
    verdict = judge_labels([*labels, *chain("Drinking", 60)], rules(RULES))
    assert verdict.outcome is Outcome.WITHHELD
    assert verdict.reason is ImageReason.UNSAFE
    assert verdict.labels == (
        SeenLabel("Violence", 92),
        SeenLabel("Weapons", 92),
        SeenLabel("Female Swimwear or Underwear", 75),
        SeenLabel("Swimwear or Underwear", 75),
    )
    assert judge_labels([], rules(RULES)) is RELEASED


def test_no_more_is_asked_for_than_the_lowest_threshold_needs() -> None:
    assert lowest_threshold(rules(RULES)) == 50
    assert lowest_threshold(rules({"default": {"withhold": 90}, "Weapons": {"review": 30}})) == 30


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"default": "allow"},
        {"default": {}},
        {"default": {"withhold": 101}},
        {"default": {"withhold": 50, "hide": 3}},
        {"default": {"withhold": 50}, "Swimwear": "allow"},
        {"default": {"withhold": 50}, "Weapons": "ignore"},
    ],
)
def test_rules_that_would_let_the_unknown_pass_or_name_no_label_are_refused(
    document: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        rules(document)


LABELS = st.sampled_from(sorted(TAXONOMY))


@with_any(st.lists(st.tuples(LABELS, st.floats(0, 100)), max_size=6), LABELS, st.floats(50, 100))
def test_more_labels_never_make_a_picture_safer_where_no_label_is_excused(
    found: list[tuple[str, float]], more: str, confidence: float
) -> None:
    plain = {"default": {"review": 40, "withhold": 80}, "Alcohol": "allow"}
    labels = [one for name, sure in found for one in chain(name, sure)]
    before, after = (
        outcome(*labels, given=plain),
        outcome(*labels, *chain(more, confidence), given=plain),
    )
    assert after.rank >= before.rank


def test_the_taxonomy_has_three_levels_and_ten_categories() -> None:
    assert sum(parent == "" for parent in TAXONOMY.values()) == 10
    assert {len(chain(name, 1)) for name in TAXONOMY} == {1, 2, 3}
