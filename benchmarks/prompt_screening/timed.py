"""The services that screening asks, with the time that they take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambdas.ports import Language, PersonalData, TextModeration, Translation


@dataclass
class Stopwatch:
    """Seconds and calls since `reset`."""

    seconds: float = 0.0
    calls: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Begin again."""
        self.seconds, self.calls = 0.0, []

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Around one call."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
            self.calls.append(name)


@dataclass(frozen=True)
class TimedModeration:
    """Implements `TextModeration`."""

    inner: TextModeration
    watch: Stopwatch

    def toxicity(self, segments: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """See `TextModeration.toxicity`."""
        with self.watch.call("toxicity"):
            return self.inner.toxicity(segments)

    def languages(self, texts: Sequence[str]) -> Sequence[Sequence[Language]]:
        """See `TextModeration.languages`."""
        with self.watch.call("languages"):
            return self.inner.languages(texts)

    def personal_data(self, text: str) -> Sequence[PersonalData]:
        """See `TextModeration.personal_data`."""
        with self.watch.call("personal_data"):
            return self.inner.personal_data(text)


@dataclass(frozen=True)
class TimedTranslation:
    """Implements `Translation`."""

    inner: Translation
    watch: Stopwatch

    def to_english(self, text: str, language: str) -> str | None:
        """See `Translation.to_english`."""
        with self.watch.call("translation"):
            return self.inner.to_english(text, language)
