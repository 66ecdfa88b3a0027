from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.prompt_screening import (
    MAX_SEGMENT_BYTES,
    MAX_SEGMENTS,
    batches,
    category_above,
    rule_against,
)


@pytest.mark.parametrize(
    ("texts", "category"),
    [
        (["<subject> as a knight"], None),
        (["a child with a balloon"], None),
        (["a photo of a naked woman"], "SEXUAL"),
        (["N U D E".replace(" ", "")], "SEXUAL"),
        (["a n4ked man"], "SEXUAL"),
        (["na\u200bked"], "SEXUAL"),
        (["ｎａｋｅｄ"], "SEXUAL"),
        (["nákèd"], "SEXUAL"),
        (["topless_dancer"], "SEXUAL"),
        (["a sexy teacher"], None),
        (["a sexy 15 year old"], "SEXUAL_MINORS"),
        (["a schoolgirl", "in lingerie"], "SEXUAL_MINORS"),
        (["a little girl, erotic"], "SEXUAL_MINORS"),
        (["a man being beheaded"], "GRAPHIC"),
        (["Essex, sextant, minority report, kidney"], None),
        ([], None),
    ],
)
def test_our_own_rules(texts: list[str], category: str | None) -> None:
    assert rule_against(texts) == category


@given(st.lists(st.text(max_size=4000), max_size=20))
def test_batches_keep_comprehends_limits_and_every_word(texts: list[str]) -> None:
    found = list(batches(texts))
    for batch in found:
        assert 1 <= len(batch) <= MAX_SEGMENTS
        for segment in batch:
            assert 1 <= len(segment.encode()) <= MAX_SEGMENT_BYTES
    sent = "".join("".join(segment for batch in found for segment in batch).split())
    assert sent == "".join("".join(texts).split())


def test_words_are_not_cut_where_they_need_not_be() -> None:
    text = "word " * 1000
    for batch in batches([text]):
        assert all(set(segment.split()) == {"word"} for segment in batch)


def test_a_word_longer_than_a_segment_is_cut_between_characters() -> None:
    (batch,) = batches(["é" * 1500])
    assert [len(segment) for segment in batch] == [512, 512, 476]


def test_the_worst_label_at_or_above_the_threshold_is_the_category() -> None:
    scores = [{"INSULT": 0.4}, {"SEXUAL": 0.9, "PROFANITY": 0.6}, {}]
    assert category_above(scores, 0.5) == "SEXUAL"
    assert category_above(scores, 0.9) == "SEXUAL"
    assert category_above(scores, 0.91) is None
    assert category_above([], 0.0) is None
