from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.text_segments import batches, segments


@given(st.text(max_size=4000), st.sampled_from([4, 100, 1024]))
def test_segments_keep_their_limit_and_every_word(text: str, limit: int) -> None:
    found = list(segments(text, limit))
    assert all(1 <= len(segment.encode()) <= limit for segment in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_words_are_not_cut_where_they_need_not_be() -> None:
    found = list(segments("word " * 1000, 1024))
    assert len(found) == 5
    assert all(set(segment.split()) == {"word"} for segment in found)


def test_a_word_longer_than_a_segment_is_cut_between_characters() -> None:
    assert [len(segment) for segment in segments("é" * 1500, 1024)] == [512, 512, 476]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (10, [10]), (21, [10, 10, 1])])
def test_batches_are_full_but_for_the_last(count: int, sizes: list[int]) -> None:
    found = list(batches(range(count), 10))
    assert [len(batch) for batch in found] == sizes
    assert [item for batch in found for item in batch] == list(range(count))
