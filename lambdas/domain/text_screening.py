"""Whether what a client writes may reach a model or another person.

    readings → our rules, the organisation's lists     no service is asked
             → language → a translation, or no
             → toxicity and personal data (Comprehend), a guardrail (Bedrock, if there is one)

The original, every reading of it and every translation are judged. Services that read English only
are no bypass: what is certainly in another language is translated or refused; what cannot be told,
as short prompts often cannot, is judged as English and, where translations are made, also as what
it looks likeliest to be. Whatever does not answer raises Unavailable: fail closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from lambdas.domain.errors import Refused
from lambdas.domain.prompt_rules import listed, rule_against, rule_against_negative
from lambdas.domain.readings import Readings, read
from lambdas.domain.text_language import UNDETERMINED, TextLanguage, languages_of
from lambdas.domain.text_segments import batches, segments
from lambdas.ports import (
    MAX_PERSONAL_DATA_BYTES,
    MAX_TOXICITY_BYTES,
    MAX_TOXICITY_SEGMENTS,
    MAX_TRANSLATION_BYTES,
)

if TYPE_CHECKING:
    from lambdas.domain.prompt_settings import PromptSettings
    from lambdas.domain.subject import SubjectKind
    from lambdas.ports import Guardrail, TextModeration, Translation

PERSONAL_DATA = "PERSONAL_DATA"
LANGUAGE = "LANGUAGE"
# What is an offence in every kind of text, also where others are only named to avoid them.
_AGAINST_PEOPLE = frozenset({"HARASSMENT_OR_ABUSE", "HATE_SPEECH"})


class Purpose(Enum):
    """What a text is for, which decides what is asked of it.

    A prompt is drawn. A negative prompt is steered away from, so that to name nudity, gore or
    ugliness there is no offence. A name is read by people, in any language. A statement (of
    consent) is read by people, and may well speak of children, nudity and addresses.
    """

    #         code               rules  labels           personal data  other languages refused
    PROMPT = ("prompt_rejected", True, None, True, True)
    NEGATIVE = ("prompt_rejected", False, _AGAINST_PEOPLE, True, False)
    NAME = ("text_rejected", True, None, True, False)
    STATEMENT = ("text_rejected", False, _AGAINST_PEOPLE, False, False)

    def __init__(
        self,
        code: str,
        has_rules: bool,
        labels: frozenset[str] | None,
        is_impersonal: bool,
        is_english: bool,
    ) -> None:
        self.code = code
        self.has_rules = has_rules
        self.labels = labels
        self.is_impersonal = is_impersonal
        self.is_english = is_english


@dataclass(frozen=True)
class ClientText:
    """Words of a client."""

    text: str
    purpose: Purpose = Purpose.PROMPT


@dataclass(frozen=True)
class _Read:
    """A text as it is judged: itself or its translation, in all its readings."""

    readings: Readings
    purpose: Purpose


@dataclass(frozen=True)
class TextScreening:
    """One deployment's screening; the only one, for every route.

    Without `translation`, what is certainly in another language is refused.
    """

    settings: PromptSettings
    moderation: TextModeration
    translation: Translation | None = None
    guardrail: Guardrail | None = None

    def demand_allowed(
        self, texts: Sequence[ClientText], *, kind: SubjectKind | None = None
    ) -> None:
        """Raise Refused with a category; Unavailable, without which nothing may be accepted.

        `kind`: of the subject that the texts are about. They are judged together.
        """
        given = [_Read(read(one.text), one.purpose) for one in texts if one.text.strip()]
        if not given:
            return
        self._against_rules(given, kind)
        translated = [_Read(read(text), purpose) for text, purpose in self._translated(given)]
        self._against_rules(translated, kind)
        self._against_labels([*given, *translated])
        self._against_personal_data(given)
        self._against_guardrail([*given, *translated])

    def _against_rules(self, texts: Sequence[_Read], kind: SubjectKind | None) -> None:
        bans = self.settings.bans_for(kind)
        wanted = [text.readings for text in texts if text.purpose.has_rules]
        unwanted = [text.readings for text in texts if text.purpose is Purpose.NEGATIVE]
        category = (
            rule_against(wanted, bans)
            or rule_against_negative(unwanted, bans)
            or listed([text.readings for text in texts], self.settings.blocked_terms)
        )
        if category is not None:
            raise Refused(category, code=texts[0].purpose.code)

    def _translated(self, texts: Sequence[_Read]) -> Iterator[tuple[str, Purpose]]:
        """The texts, and those hidden in them, that are or may be in another language."""
        pairs = [(said, text.purpose) for text in texts for said in text.readings.said]
        confidence = self.settings.language_confidence
        found = languages_of([said for said, _ in pairs], self.moderation, confidence)
        for (said, purpose), language in zip(pairs, found, strict=True):
            english = self._in_english(said, language)
            if english is not None:
                yield english, purpose
            elif language.is_foreign and purpose.is_english:
                raise Refused(LANGUAGE, code="language_not_supported")

    def _in_english(self, text: str, language: TextLanguage) -> str | None:
        if self.translation is None or language.code in {None, UNDETERMINED}:
            return None
        pieces = [
            self.translation.to_english(piece, str(language.code))
            for piece in segments(text, MAX_TRANSLATION_BYTES)
        ]
        return None if None in pieces else " ".join(filter(None, pieces))

    def _against_labels(self, texts: Sequence[_Read]) -> None:
        pieces = [
            (piece, text.purpose)
            for text in texts
            for reading in text.readings.for_models
            for piece in segments(reading, MAX_TOXICITY_BYTES)
        ]
        for batch in batches(pieces, MAX_TOXICITY_SEGMENTS):
            scores = self.moderation.toxicity([piece for piece, _ in batch])
            worst = max(
                (
                    (score, label, purpose.code)
                    for (_, purpose), labels in zip(batch, scores, strict=True)
                    for label, score in labels.items()
                    if (purpose.labels is None or label in purpose.labels)
                    and score >= self.settings.toxicity.of(label)
                ),
                default=None,
            )
            if worst is not None:
                raise Refused(worst[1], code=worst[2])

    def _against_personal_data(self, texts: Sequence[_Read]) -> None:
        wanted = self.settings.personal_data
        impersonal = [text for text in texts if text.purpose.is_impersonal]
        if not wanted.refused or not impersonal:
            return
        # Without disguise too: an address with letters set apart is an address.
        whole = "\n".join(reading for text in impersonal for reading in text.readings.for_models)
        for piece in segments(whole, MAX_PERSONAL_DATA_BYTES):
            for found in self.moderation.personal_data(piece):
                if found.kind in wanted.refused and found.score >= wanted.min_score:
                    raise Refused(PERSONAL_DATA, code=impersonal[0].purpose.code)

    def _against_guardrail(self, texts: Sequence[_Read]) -> None:
        """A guardrail knows no purposes: it reads what is drawn and what people read."""
        if self.guardrail is None:
            return
        wanted = [text for text in texts if text.purpose.has_rules]
        if not wanted:
            return
        category = self.guardrail.objection(
            [reading for text in wanted for reading in text.readings.for_models]
        )
        if category is not None:
            raise Refused(category, code=wanted[0].purpose.code)
