"""A rule-based stand-in for `DetectToxicContent`: words with weights, per category.

Words of art and of camera work that sound violent ("shot", "sword", "battle") are left alone.
"""

from __future__ import annotations

import re
from typing import Any

from local_aws.testcards import TOXIC_PHRASE

# Amazon Comprehend developer guide, "Toxicity detection": the seven labels.
WORDS: dict[str, dict[str, float]] = {
    "GRAPHIC": {
        "gore": 0.8,
        "gory": 0.8,
        "dismembered": 0.9,
        "beheaded": 0.9,
        "mutilated": 0.85,
        "entrails": 0.8,
        "corpse": 0.5,
        "bloody": 0.35,
    },
    "HARASSMENT_OR_ABUSE": {
        "worthless": 0.5,
        "shut up": 0.5,
        "kill yourself": 0.99,
        "nobody likes you": 0.8,
        "humiliated": 0.5,
    },
    "HATE_SPEECH": {
        "subhuman": 0.9,
        "vermin": 0.5,
        "go back to your country": 0.9,
        "master race": 0.9,
        "ethnic cleansing": 0.8,
        "nazi": 0.6,
    },
    "INSULT": {
        "idiot": 0.85,
        "moron": 0.85,
        "stupid": 0.6,
        "loser": 0.6,
        "ugly": 0.4,
        "pathetic": 0.6,
    },
    "PROFANITY": {
        "fuck": 0.99,
        "fucking": 0.99,
        "shit": 0.95,
        "bullshit": 0.9,
        "bastard": 0.8,
        "damn": 0.45,
        "crap": 0.45,
    },
    "SEXUAL": {
        "naked": 0.8,
        "nude": 0.85,
        "nudes": 0.9,
        "nsfw": 0.9,
        "porn": 0.98,
        "pornographic": 0.98,
        "topless": 0.85,
        "undressed": 0.75,
        "explicit": 0.4,
        "sexual": 0.7,
        "sexy": 0.5,
        "erotic": 0.85,
    },
    "VIOLENCE_OR_THREAT": {
        "i will kill": 0.98,
        "kill": 0.55,
        "killing": 0.55,
        "murder": 0.7,
        "murdered": 0.75,
        "torture": 0.8,
        "tortured": 0.8,
        "rape": 0.98,
        "massacre": 0.7,
        "stab": 0.65,
        "stabbed": 0.7,
        "strangle": 0.75,
        "suicide": 0.6,
    },
}
_LEAST = 0.01  # AWS never answers 0 either
_MOST = 0.999
_DISGUISES = str.maketrans("4301$@5", "aeoisas")


def _plain(text: str) -> str:
    """Lower case, single spaces, digits that stand for letters read as letters."""
    return re.sub(r"[^a-z]+", " ", text.lower().translate(_DISGUISES)).strip()


_TEST = _plain(TOXIC_PHRASE)


def _score(plain: str, words: dict[str, float]) -> float:
    """Chance that at least one of the found words is meant: 1 - Π(1 - weight)."""
    innocent = 1.0
    for word, weight in words.items():
        if f" {word} " in f" {plain} ":
            innocent *= 1.0 - weight
    return min(_MOST, max(_LEAST, 1.0 - innocent))


def judge(text: str) -> dict[str, Any]:
    """One entry of `ResultList`: every label with its score, and the overall toxicity (0–1)."""
    plain = _plain(text)
    scores = {label: _score(plain, words) for label, words in WORDS.items()}
    if _TEST in plain:
        scores["HARASSMENT_OR_ABUSE"] = _MOST
    return {
        "Labels": [{"Name": label, "Score": score} for label, score in scores.items()],
        "Toxicity": max(scores.values()),
    }
