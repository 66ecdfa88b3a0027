"""Cutting texts to the sizes that services take: between words where possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def segments(text: str, max_bytes: int) -> Iterator[str]:
    """Pieces of at most that many bytes in UTF-8, cut between words, never within a character."""
    words: list[str] = []
    left = max_bytes
    for word in re.findall(r"\S+\s*", text):
        size = len(word.encode())
        if size > left and words:
            yield "".join(words)
            words, left = [], max_bytes
        while size > max_bytes:
            head = word.encode()[:max_bytes].decode(errors="ignore")
            yield head
            word = word[len(head) :]
            size = len(word.encode())
        words.append(word)
        left -= size
    if words:
        yield "".join(words)


def batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """The items in lists of at most `size`."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
