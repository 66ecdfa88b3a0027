"""Which language a text is in, as far as that can be told from a prompt.

What a prompt is made of in English is taken out first, with the subject's token; if nothing is left
the text is English, and nobody is asked. The rest is asked about as a whole and by clauses, so that
one foreign clause does not hide behind many English ones.

Comprehend wants at least 20 characters to be sure ("DetectDominantLanguage", `Text`), so a shorter
rest is foreign only if it is written in another alphabet.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.prompt_vocabulary import without_known_words
from lambdas.domain.readings import SUBJECT_TOKEN
from lambdas.domain.text_segments import batches, segments
from lambdas.ports import MAX_LANGUAGE_BYTES, MAX_LANGUAGE_TEXTS

if TYPE_CHECKING:
    from lambdas.ports import Language, TextModeration

ENGLISH = "en"
UNDETERMINED = "und"  # RFC 5646
CERTAIN_CHARACTERS = 20
_CLAUSE_ENDS = re.compile(r"[,.;:!?()\[\]\n|]+")
# One letter in three of another alphabet makes a text foreign; a few may be a name or a symbol.
_FOREIGN_SHARE = 1 / 3


@dataclass(frozen=True)
class TextLanguage:
    """`code`: the language that is not English and has to be looked into, or None.

    `is_foreign`: certainly in that language; otherwise it may as well be English.
    """

    code: str | None = None
    is_foreign: bool = False


def languages_of(
    texts: Sequence[str], moderation: TextModeration, confidence: float
) -> Sequence[TextLanguage]:
    """The language of each text; `confidence` (0–1): from which score a detection is believed."""
    asked = [(position, part) for position, text in enumerate(texts) for part in _parts(text)]
    verdicts = [TextLanguage() for _ in texts]
    for batch in batches(asked, MAX_LANGUAGE_TEXTS):
        answers = moderation.languages([part for _, part in batch])
        for (position, part), languages in zip(batch, answers, strict=True):
            found = _verdict(part, languages, confidence)
            if found.code and not verdicts[position].is_foreign:
                verdicts[position] = found
    return verdicts


def _parts(text: str) -> Iterator[str]:
    bare = text.replace(SUBJECT_TOKEN, " ")
    whole = without_known_words(bare)
    clauses = (without_known_words(clause) for clause in _CLAUSE_ENDS.split(bare))
    parts = [whole, *(clause for clause in clauses if len(clause) >= CERTAIN_CHARACTERS)]
    for part in dict.fromkeys(parts):
        yield from segments(part, MAX_LANGUAGE_BYTES)


def _verdict(part: str, languages: Sequence[Language], confidence: float) -> TextLanguage:
    likeliest = max(languages, key=lambda language: language.score, default=None)
    if likeliest is None or likeliest.code == ENGLISH:
        if _is_in_another_alphabet(part):
            return TextLanguage(UNDETERMINED, is_foreign=True)
        return TextLanguage()
    is_certain = len(part) >= CERTAIN_CHARACTERS and likeliest.score >= confidence
    return TextLanguage(likeliest.code, is_certain or _is_in_another_alphabet(part))


def _is_in_another_alphabet(text: str) -> bool:
    letters = Counter(
        unicodedata.name(sign, "LATIN").startswith("LATIN")
        for sign in unicodedata.normalize("NFKC", text)
        if sign.isalpha()
    )
    return letters[False] > _FOREIGN_SHARE * letters.total()
