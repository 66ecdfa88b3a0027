"""The verdict on photos together: how much can be learned from the set, and what would help.

    score = 100 × (0.4 view + 0.3 light + 0.3 background), each 0–1

    view        of a person: two photos with the head turned; of other kinds: how different the
                pictures are from each other (of 63 bits, unrelated pictures differ in about 31)
    light       the darkest and the brightest photo are far enough apart
    background  three places

Photos from one side, in one light, before one wall teach those too. Only what is remembered of the
photos is read (`Look`), so the score costs nothing and can be told after every upload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING

from lambdas.domain.look import distance
from lambdas.domain.same_person import People, people_of
from lambdas.domain.subject import SubjectKind

if TYPE_CHECKING:
    from lambdas.domain.look import Look
    from lambdas.domain.settings import SetRules

_VIEW, _LIGHT, _BACKGROUND = 0.4, 0.3, 0.3
# From there on a head is turned, in degrees; and how many such photos are wanted.
_TURNED, _TURNED_WANTED = 15.0, 2
_UNRELATED_BITS = 24
# Mean luminances of a photo indoors and of the same face outdoors differ by that much and more.
_LIGHT_SPAN = 20.0
# Backgrounds of one place share that much of their colours, 0–100.
_SAME_PLACE = 60
_PLACES_WANTED = 3
_NUMBERS = ("no", "one", "two", "three")


class AdviceCode(StrEnum):
    """What would make the set better."""

    DIFFERENT_PEOPLE = "different_people"
    MORE_SIDES = "more_sides"
    MORE_VIEWS = "more_views"
    MORE_LIGHT = "more_light"
    MORE_BACKGROUNDS = "more_backgrounds"


@dataclass(frozen=True)
class Advice:
    """A stable code, and a sentence for people."""

    code: AdviceCode
    detail: str


@dataclass(frozen=True)
class SetReport:
    """The score 0–100, what would raise it, and whether all photos show one person."""

    score: int
    advice: tuple[Advice, ...]
    agrees: bool


def report_on(kind: SubjectKind, looks: Sequence[Look], rules: SetRules) -> SetReport:
    """The verdict on the accepted photos of a subject of that kind."""
    agrees = kind is not SubjectKind.PERSON or people_in(looks, rules).agrees()
    advice: list[Advice] = []
    if not agrees:
        text = "The photos seem to show different people. Delete those that show somebody else."
        advice.append(Advice(AdviceCode.DIFFERENT_PEOPLE, text))
    if not looks:
        return SetReport(0, tuple(advice), agrees)
    score = _VIEW * (_turns(looks, advice) if kind is SubjectKind.PERSON else _views(looks, advice))
    score += _LIGHT * _light(looks, advice)
    score += _BACKGROUND * _backgrounds(looks, advice)
    return SetReport(round(100 * score), tuple(advice), agrees)


def people_in(looks: Sequence[Look], rules: SetRules) -> People:
    """The faces of the set."""
    rows = {look.ordinal: look.likeness for look in looks}
    return people_of(rows, rules.same_person_similarity)


def most_typical(looks: Sequence[Look], rules: SetRules) -> int | None:
    """The ordinal of the photo that speaks for the person: the medoid; None without photos."""
    people = people_in(looks, rules)
    group = people.person() or next(iter(people.groups()), ())
    return people.medoid(group) if group else None


def is_duplicate(picture_hash: int, looks: Sequence[Look], rules: SetRules) -> bool:
    """Whether the set has that picture already, saved again or slightly changed."""
    return any(distance(picture_hash, look.hash) <= rules.duplicate_distance for look in looks)


def _turns(looks: Sequence[Look], advice: list[Advice]) -> float:
    yaws = sorted((abs(look.pose.yaw) for look in looks if look.pose), reverse=True)
    turned = sum(yaw >= _TURNED for yaw in yaws)
    if turned < _TURNED_WANTED:
        missing = _TURNED_WANTED - turned
        photos = "photo" if missing == 1 else "photos"
        text = f"Add {_NUMBERS[missing]} {photos} from the side, with the head turned a little."
        advice.append(Advice(AdviceCode.MORE_SIDES, text))
    return sum(min(1.0, yaw / _TURNED) for yaw in yaws[:_TURNED_WANTED]) / _TURNED_WANTED


def _views(looks: Sequence[Look], advice: list[Advice]) -> float:
    distances = [distance(a.hash, b.hash) for a, b in combinations(looks, 2)]
    mean = sum(distances) / len(distances) if distances else 0.0
    if mean < _UNRELATED_BITS:
        text = "The photos are much alike. Add some from other sides and from nearer or farther."
        advice.append(Advice(AdviceCode.MORE_VIEWS, text))
    return min(1.0, mean / _UNRELATED_BITS)


def _light(looks: Sequence[Look], advice: list[Advice]) -> float:
    levels = [look.brightness for look in looks]
    span = max(levels) - min(levels)
    if span < _LIGHT_SPAN:
        text = "All photos have much the same light. Add some from another room or from outdoors."
        advice.append(Advice(AdviceCode.MORE_LIGHT, text))
    return min(1.0, span / _LIGHT_SPAN)


def _backgrounds(looks: Sequence[Look], advice: list[Advice]) -> float:
    places: list[Look] = []
    for look in looks:
        if not any(_shared(look, place) >= _SAME_PLACE for place in places):
            places.append(look)
    found = min(len(places), _PLACES_WANTED)
    if found < _PLACES_WANTED:
        missing = _PLACES_WANTED - found
        start = "All photos have the same background." if found == 1 else "The backgrounds repeat."
        places_text = f"{_NUMBERS[missing]} other {'place' if missing == 1 else 'places'}"
        text = f"{start} Add photos that were taken in {places_text}."
        advice.append(Advice(AdviceCode.MORE_BACKGROUNDS, text))
    return (found - 1) / (_PLACES_WANTED - 1)


def _shared(one: Look, other: Look) -> int:
    """How much of two backgrounds is of the same colours, 0–100 (histogram intersection)."""
    return sum(map(min, one.background, other.background))
