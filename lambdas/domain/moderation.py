"""What moderation labels mean here: Rekognition's taxonomy, and thresholds for its labels.

    {"default": {"withhold": 50},                 every label without a rule of its own or above it
     "Alcohol": "allow",                          it, and what is below it, passes
     "Swimwear or Underwear": {"review": 70},     a moderator decides from 70 on
     "Bare Back": "allow"}                        a detail that its category would withhold

A label has its own rule, or that of the nearest category above it. AWS answers with a label *and*
the categories above it, and advises to judge by category and to take single details out of it. So a
category is passed over when all that was found of it has rules of its own and is as certain. A
label that is not in the taxonomy has the default, whatever is above it: what AWS adds one day fails
closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lambdas.domain.image_verdict import RELEASED, ImageReason, ImageVerdict, Outcome, SeenLabel
from lambdas.domain.settings_block import SettingsBlock
from lambdas.ports import ModerationLabel

DEFAULT = "default"
ALLOW: Literal["allow"] = "allow"
# Rekognition developer guide, "Using the image and video moderation APIs", content moderation
# version 7: label → the category above it; empty at the top.
_BELOW: dict[str, tuple[str, ...]] = {
    "": (
        "Explicit", "Non-Explicit Nudity of Intimate parts and Kissing", "Swimwear or Underwear",
        "Violence", "Visually Disturbing", "Drugs & Tobacco", "Alcohol", "Rude Gestures",
        "Gambling", "Hate Symbols",
    ),
    "Explicit": ("Explicit Nudity", "Explicit Sexual Activity", "Sex Toys"),
    "Explicit Nudity": (
        "Exposed Male Genitalia", "Exposed Female Genitalia", "Exposed Buttocks or Anus",
        "Exposed Female Nipple",
    ),
    "Non-Explicit Nudity of Intimate parts and Kissing": (
        "Non-Explicit Nudity", "Obstructed Intimate Parts", "Kissing on the Lips",
    ),
    "Non-Explicit Nudity": (
        "Bare Back", "Exposed Male Nipple", "Partially Exposed Buttocks",
        "Partially Exposed Female Breast", "Implied Nudity",
    ),
    "Obstructed Intimate Parts": ("Obstructed Female Nipple", "Obstructed Male Genitalia"),
    "Swimwear or Underwear": ("Female Swimwear or Underwear", "Male Swimwear or Underwear"),
    "Violence": ("Weapons", "Graphic Violence"),
    "Graphic Violence": (
        "Weapon Violence", "Physical Violence", "Self-Harm", "Blood & Gore",
        "Explosions and Blasts",
    ),
    "Visually Disturbing": ("Death and Emaciation", "Crashes"),
    "Death and Emaciation": ("Emaciated Bodies", "Corpses"),
    "Crashes": ("Air Crash",),
    "Drugs & Tobacco": ("Products", "Drugs & Tobacco Paraphernalia & Use"),
    "Products": ("Pills",),
    "Drugs & Tobacco Paraphernalia & Use": ("Smoking",),
    "Alcohol": ("Alcohol Use", "Alcoholic Beverages"),
    "Alcohol Use": ("Drinking",),
    "Rude Gestures": ("Middle Finger",),
    "Hate Symbols": ("Nazi Party", "White Supremacy", "Extremist"),
}  # fmt: skip
TAXONOMY: Mapping[str, str] = {
    label: parent for parent, labels in _BELOW.items() for label in labels
}

_Confidence = Annotated[float, Field(ge=0, le=100)]


class Thresholds(SettingsBlock):
    """From which confidence (0–100) a label has an image reviewed, or withheld at once."""

    review: _Confidence | None = None
    withhold: _Confidence | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Thresholds:
        if self.review is None and self.withhold is None:
            raise ValueError('give "review", "withhold" or both; what may pass is "allow"')
        return self

    def outcome(self, confidence: float) -> Outcome:
        """What a label of that confidence does to its image."""
        if self.withhold is not None and confidence >= self.withhold:
            return Outcome.WITHHELD
        if self.review is not None and confidence >= self.review:
            return Outcome.REVIEW
        return Outcome.RELEASED

    @property
    def lowest(self) -> float:
        """Below it nothing happens."""
        return min(bound for bound in (self.review, self.withhold) if bound is not None)


Rule = Thresholds | Literal["allow"]


def _known(rules: Mapping[str, Rule]) -> Mapping[str, Rule]:
    if rules.get(DEFAULT, ALLOW) == ALLOW:
        raise ValueError('"default" must be thresholds: unknown labels fail closed')
    unknown = sorted(set(rules) - set(TAXONOMY) - {DEFAULT})
    if unknown:
        raise ValueError(f"no label of Rekognition's: {', '.join(unknown)}")
    return rules


LabelRules = Annotated[dict[str, Rule], AfterValidator(_known)]


def photo_rules(min_confidence: float) -> LabelRules:
    """Of photos: what an ordinary one of a person may show passes, everything else does not."""
    return {
        DEFAULT: Thresholds(withhold=min_confidence),
        "Alcohol": ALLOW,
        "Gambling": ALLOW,
    }


def lowest_threshold(rules: LabelRules) -> float:
    """The confidence that is worth asking for: labels below it change nothing."""
    return min(rule.lowest for rule in rules.values() if isinstance(rule, Thresholds))


def judge_labels(labels: Iterable[ModerationLabel], rules: LabelRules) -> ImageVerdict:
    """The worst that a label does; the verdict names all that did something."""
    found = list(labels)
    worst = Outcome.RELEASED
    seen = []
    for label in found:
        rule = _rule_of(label.name, rules)
        if rule == ALLOW or _is_explained(label, found, rules):
            continue
        outcome = rule.outcome(label.confidence)
        if outcome is not Outcome.RELEASED:
            seen.append(SeenLabel(label.name, label.confidence))
            worst = max(worst, outcome, key=lambda one: one.rank)
    if worst is Outcome.RELEASED:
        return RELEASED
    seen.sort(key=lambda one: (-one.confidence, one.name))
    return ImageVerdict(worst, ImageReason.UNSAFE, tuple(seen))


def is_unsafe(labels: Iterable[ModerationLabel], rules: LabelRules) -> bool:
    """Whether a picture with these labels must not pass unseen."""
    return judge_labels(labels, rules).outcome is not Outcome.RELEASED


def _rule_of(name: str, rules: LabelRules) -> Rule:
    while name in TAXONOMY:
        if name in rules:
            return rules[name]
        name = TAXONOMY[name]
    return rules[DEFAULT]


def _is_explained(
    label: ModerationLabel, found: Sequence[ModerationLabel], rules: LabelRules
) -> bool:
    """Whether all that was found of a category is judged by itself, and no less certain."""
    below = [one for one in found if one.parent == label.name and one.name != label.name]
    return (
        bool(below)
        and max(one.confidence for one in below) >= label.confidence
        and all(
            one.name in TAXONOMY and (one.name in rules or _is_explained(one, found, rules))
            for one in below
        )
    )
