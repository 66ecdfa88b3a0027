"""`DetectDominantLanguage`: by script, and by the small words that every sentence has."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

_SMALL_WORDS = {
    "en": "the of and a to in is with on for as at by an it his her from portrait this that",
    "de": "der die das und ein eine in mit auf für von im ist als zu am dem den des bei",
    "fr": "le la les et un une de des du dans avec sur pour en est au aux par que qui",
    "es": "el la los las y un una de del en con por para es al como que su sobre",
    "it": "il la i gli e un una di del della in con per è al come che su nel dei",
    "pt": "o a os as e um uma de do da em com por para é ao como que no na",
    "nl": "de het een en van in met op voor is als bij aan te dat die naar zijn uit",
}
_SETS = {code: frozenset(words.split()) for code, words in _SMALL_WORDS.items()}
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


def _by_script(text: str) -> str | None:
    scripts = Counter(unicodedata.name(sign, "").split(" ")[0] for sign in text if sign.isalpha())
    if not scripts:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"
    return _SCRIPTS.get(scripts.most_common(1)[0][0])


def languages(text: str) -> list[dict[str, Any]]:
    """`Languages`: codes with scores that sum to at most 1, the likeliest first."""
    script = _by_script(text)
    if script is not None:
        return [{"LanguageCode": script, "Score": 0.99}]
    words = re.findall(r"[^\W\d_]+", text.lower())
    counts = {code: sum(word in small for word in words) + 0.1 for code, small in _SETS.items()}
    counts["en"] += 0.2  # nothing known: a short prompt is likeliest English
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [{"LanguageCode": code, "Score": count / total} for code, count in ranked[:3]]
