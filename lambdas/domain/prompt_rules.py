"""Our own rules for words: which no threshold can talk over, and which ask no service.

Texts are judged together, because what is harmless in each of two texts may not be in both. Words
are matched whole, in every reading. The lists are short on purpose: they hold what an avatar of a
living person must never be turned into, whatever a classifier thinks of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from lambdas.domain.encoded_text import rot13
from lambdas.domain.prompt_settings import Ban
from lambdas.domain.readings import Readings, plain_words

SEXUAL_MINORS = "SEXUAL_MINORS"
SEXUAL = "SEXUAL"
GRAPHIC = "GRAPHIC"
MINORS = "MINORS"

_AGES = (
    r"(?:[1-9]|1[0-7]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen"
    r"|fourteen|fifteen|sixteen|seventeen)"
)
_AGED_THINGS = (
    r"(?! (?:whiske?y|wine|rum|cheese|car|tree|bonsai|house|castle|oak|dog|cat|horse)s?\b)"
)
# Certainly a child, whatever else is said.
_CHILD = (
    r"children|kids?(?! gloves?)|child(?! s (?:drawing|play))|toddlers?|infants?|newborns?"
    r"|bab(?:y|ies)(?! (?:blue|pink|grand|s breath|carrots?|spinach|animals?|bumps?))"
    r"|under ?age[d]?|pre ?teens?|school ?(?:girl|boy)s?|(?:little|young) (?:girl|boy)s?"
    rf"|{_AGES} ?(?:yo|y o|yrs?(?: old)?|years? old){_AGED_THINGS}"
    r"|age(?:d| of)? (?:[1-9]|1[0-7])"
)
_OF_CHILDREN = re.compile(rf"\b(?:{_CHILD})\b")
# With a sexual word these say the same.
_MINOR = re.compile(
    rf"\b(?:{_CHILD}|minors?|teens?|teenage[rd]?s?|lolis?|lolita|shotas?|jail ?bait)\b"
)
_SEXUAL = re.compile(
    r"\b(?:undress(?:ed|ing)?|nsfw|porn\w*|sex|sexual\w*|sexy"
    r"|erotic\w*|lingerie|hentai|genitals?|masturbat\w*|fetish\w*|orgasm\w*"
    r"|nipples?|penis(?:es)?|vaginas?|vaginal|vulvas?|intercourse|orgy|orgies|bdsm|bondage)\b"
)
# Harmless on an adult.
_SUGGESTIVE = re.compile(r"\b(?:bikinis?|thongs?|seductive\w*|sensual\w*|provocative\w*)\b")
# What takes somebody's clothes off in a picture, age or consent unknown.
_BARE = (
    r"nudes?|nudity|naked(?! (?:mole rats?|eye(?! catching)|flames?))|topless|undress(?:ed|ing)?"
    r"|porn\w*|hentai|genitals?|masturbat\w*|deep ?nudes?|see through clothes"
    r"|(?:without|no|take off|remove|removing) (?:any |all |her |his |their )?cloth(?:es|ing)"
)
_UNDRESSING = re.compile(rf"\b(?:{_BARE})\b")
_UNDRESSING_INSIDE = re.compile(r"nude|naked|topless|undress|porn|hentai|masturbat")
# The same in the languages that are met most, so that none of it depends on a translation.
_ABROAD = frozenset(
    plain_words(word)
    for words in (
        "nackt nackte nackter nacktes nackten entblößt unbekleidet",  # German
        "nue nues dénudée",  # French
        "desnuda desnudo desnudas desnudos encuerada",  # Spanish
        "nuda nudi spogliata",  # Italian
        "nua nuas despida",  # Portuguese
        "naakt naakte ontbloot",  # Dutch
        "çıplak",  # Turkish
        "голая голый голые голую обнаженная обнаженный обнажённая порно",  # Russian
    )
    for word in words.split()
)
# Written without spaces between words: found wherever they stand.
_ABROAD_INSIDE = re.compile("裸体|裸體|全裸|裸の|裸女|ヌード|누드|나체|알몸|عارية|עירום")
_ATROCITY = re.compile(
    r"\b(?:behead\w*|dismember\w*|disembowel\w*|decapitat\w*|snuff film|gore porn)\b"
)
# Steered away from, these undress.
_CLOTHES = re.compile(
    r"\b(?:cloth(?:es|ed|ing)?|dress(?:ed)?|shirts?|trousers|pants|underwear|bras?|garments?"
    r"|covered (?:up|body))\b"
)


def rule_against(texts: Sequence[Readings], bans: frozenset[Ban] = frozenset()) -> str | None:
    """The category under which our own rules refuse these texts together, or None."""
    readings = list(_readings(texts))
    undressing = _is_undressing(texts, readings)
    if _any(_MINOR, readings) and (
        undressing or _any(_SEXUAL, readings) or _any(_SUGGESTIVE, readings)
    ):
        return SEXUAL_MINORS
    if undressing or (Ban.SEXUAL in bans and _any(_SEXUAL, readings)):
        return SEXUAL
    if _any(_ATROCITY, readings):
        return GRAPHIC
    if Ban.MINORS in bans and _any(_OF_CHILDREN, readings):
        return MINORS
    return None


def rule_against_negative(
    texts: Sequence[Readings], bans: frozenset[Ban] = frozenset()
) -> str | None:
    """The same for what a picture is to be steered away from: to name the unwanted is no offence.

    But away from clothes is towards nudity.
    """
    is_undressing = Ban.SEXUAL in bans and _any(_CLOTHES, list(_readings(texts)))
    return SEXUAL if is_undressing else None


def listed(texts: Sequence[Readings], lists: Mapping[str, tuple[str, ...]]) -> str | None:
    """The category of an organisation's own list that has a term of these texts, or None."""
    if not lists:
        return None
    readings = [f" {words} " for text in texts for words in (*text.words, *text.letters)]
    for category, terms in lists.items():
        pattern = _terms(terms)
        if any(pattern.search(words) for words in readings):
            return category
    return None


@lru_cache(maxsize=32)
def _terms(terms: tuple[str, ...]) -> re.Pattern[str]:
    found = []
    for term in terms:
        words = re.escape(plain_words(term)).replace(r"\ ", " ")
        found.append(rf"{words}\w*" if term.rstrip().endswith("*") else words)
    return re.compile(f" (?:{'|'.join(found)}) ") if found else re.compile(r"(?!)")


def _readings(texts: Sequence[Readings]) -> Iterator[str]:
    """The texts in one, then every other reading of each; all of it also in ROT13."""
    together = " ".join(text.words[0] for text in texts if text.words)
    others = (words for text in texts for words in (*text.words[1:], *text.letters))
    for words in (together, *others):
        yield words
        yield rot13(words)


def _any(pattern: re.Pattern[str], readings: Sequence[str]) -> bool:
    return any(pattern.search(words) for words in readings)


def _is_undressing(texts: Sequence[Readings], readings: Sequence[str]) -> bool:
    return (
        _any(_UNDRESSING, readings)
        or any(not _ABROAD.isdisjoint(words.split()) for words in readings)
        or any(_ABROAD_INSIDE.search(text.original) for text in texts)
        or any(_UNDRESSING_INSIDE.search(run) for text in texts for run in text.letters)
    )
