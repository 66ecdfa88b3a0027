"""`DetectDominantLanguage`: by script; in Latin letters by letter sequences and small words.

A Bayesian guess over trigrams (W. Cavnar, J. Trenkle, "N-Gram-Based Text Categorization", 1994, has
the idea), learned from one paragraph a language. Its score grows with the length of the text, so
that a word or two are never certain, as they are not for AWS.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from local_aws.comprehend.language_samples import SAMPLES, SMALL_WORDS

_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "GREEK": "el",
    "THAI": "th",
}
_UNSEEN = 0.1  # added to every count
_VARIETY = 8000  # trigrams that a language may have
# Neighbouring trigrams share two letters: their evidence counts for less than its sum.
_DEPENDENCE = 0.25
# Natural logs of odds: before a letter was read; for a small word of the language; against a letter
# that its paragraph never has.
_ENGLISH_BEFORE = 1.0
_SMALL_WORD = 1.2
_STRANGE_LETTER = 2.0


def _by_script(text: str) -> str | None:
    scripts = Counter(unicodedata.name(sign, "").split(" ")[0] for sign in text if sign.isalpha())
    if not scripts:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"
    return _SCRIPTS.get(scripts.most_common(1)[0][0])


def _trigrams(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3]


@cache
def _profiles() -> dict[str, Counter[str]]:
    return {code: Counter(_trigrams(sample)) for code, sample in SAMPLES.items()}


@cache
def _small_words() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in SMALL_WORDS.items()}


@cache
def _letters() -> dict[str, frozenset[str]]:
    return {code: frozenset(sample.lower()) for code, sample in SAMPLES.items()}


def _evidence(code: str, text: str) -> float:
    """The log of how well the text goes with the language, up to a constant."""
    profile = _profiles()[code]
    most = profile.total() + _UNSEEN * _VARIETY
    sequences = sum(math.log((profile[each] + _UNSEEN) / most) for each in _trigrams(text))
    words = re.findall(r"[^\W\d_]+", text.lower())
    small = sum(word in _small_words()[code] for word in words)
    strange = sum(sign.isalpha() and sign not in _letters()[code] for sign in text.lower())
    before = _ENGLISH_BEFORE if code == "en" else 0.0
    return before + _DEPENDENCE * sequences + _SMALL_WORD * small - _STRANGE_LETTER * strange


def languages(text: str) -> list[dict[str, Any]]:
    """`Languages`: up to three codes with scores that sum to at most 1, the likeliest first."""
    script = _by_script(text)
    if script is not None:
        return [{"LanguageCode": script, "Score": 0.99}]
    logs = {code: _evidence(code, text) for code in SAMPLES}
    most = max(logs.values())
    weights = {code: math.exp(log - most) for code, log in logs.items()}
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    return [{"LanguageCode": code, "Score": weight / total} for code, weight in ranked[:3]]
