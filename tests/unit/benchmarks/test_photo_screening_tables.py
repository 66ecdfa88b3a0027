"""Counting of verdicts on photos: right ones, precision, recall, and what was taken for what."""

from __future__ import annotations

from benchmarks.photo_screening.labelled import ACCEPTED, CODES, Labelled
from benchmarks.photo_screening.tables import (
    Decision,
    by_code,
    counts,
    mostly_missed,
    passed,
    refused_at_all,
)
from lambdas.domain.photo import RejectionCode


def decisions(*pairs: tuple[str, str]) -> list[Decision]:
    return [Decision("drawn", label, "", "person", decided) for label, decided in pairs]


# Three blurry pictures of which one passed; two others that were called blurry.
MIXED = decisions(
    ("blurry", "blurry"),
    ("blurry", "blurry"),
    ("blurry", ACCEPTED),
    ("no_face", "blurry"),
    (ACCEPTED, ACCEPTED),
    (ACCEPTED, "blurry"),
)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_precision_is_of_the_decisions_and_recall_of_the_pictures() -> None:
    of = counts(MIXED, "blurry")
    assert (of.examples, of.decided, of.right) == (3, 4, 2)
    assert dict(of.taken_for) == {ACCEPTED: 1}
    row = list(by_code(MIXED, ["blurry"], set()))[-1]
    assert cells(row) == ["`blurry`", "3", "2", "50.0 %", "66.7 %", "accepted 1"]


def test_a_code_never_decided_has_no_precision_and_one_without_pictures_no_recall() -> None:
    never, without = list(by_code(MIXED, ["no_face", "too_dark"], set()))[2:]
    assert cells(never) == ["`no_face`", "1", "0", "-", "0.0 %", "blurry 1"]
    assert cells(without) == ["`too_dark`", "0", "0", "-", "-", ""]


def test_what_only_a_test_card_provokes_is_marked() -> None:
    marked, plain = list(by_code(MIXED, ["minor", "blurry"], {RejectionCode.MINOR}))[2:]
    assert "†" in marked
    assert "†" not in plain


def test_a_wrong_code_is_still_a_refusal() -> None:
    assert refused_at_all(MIXED, ACCEPTED) == (
        "Refused, whatever the code: 3 of 4 that should be (recall 75.0 %, precision 75.0 %), "
        "2 with the right code."
    )


def test_a_code_that_is_missed_more_often_than_found_is_told() -> None:
    labels = ["blurry", "no_face", "too_dark"]
    assert mostly_missed(MIXED, labels) == "Bad, with a recall below 50 %: `no_face`."
    assert mostly_missed(MIXED, ["blurry"]) == "Bad, with a recall below 50 %: none."


def test_what_passed_although_it_should_not_is_listed() -> None:
    assert list(passed(MIXED, ACCEPTED)) == ["- `blurry` passed:  (person)"]


def test_a_decision_names_its_picture_and_keeps_none_of_it() -> None:
    given = Labelled("drawn", RejectionCode.BLURRY, "shaken", b"JPEG")
    decision = Decision.on(given, RejectionCode.BLURRY)
    assert decision == Decision("drawn", "blurry", "shaken", "person", "blurry")


def test_every_code_but_that_of_a_lost_upload_is_in_the_table() -> None:
    assert set(RejectionCode) - set(CODES) == {RejectionCode.UPLOAD_LOST}
