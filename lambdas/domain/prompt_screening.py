"""Whether the words of a request may become a picture.

First our own rules, which no threshold can talk over and which cost nothing; then Comprehend's
`DetectToxicContent`, whose limits decide how texts are cut: at most ten segments of at most 1 KB
per call, English only (docs.aws.amazon.com/comprehend/latest/dg/trust-safety.html).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_SEGMENTS = 10
MAX_SEGMENT_BYTES = 1024

SEXUAL_MINORS = "SEXUAL_MINORS"
SEXUAL = "SEXUAL"
GRAPHIC = "GRAPHIC"

# Words are matched whole, after `_plain`. The list is short on purpose: it holds what an avatar of
# a living person must never be turned into, whatever a classifier thinks of the sentence.
_MINOR = re.compile(
    r"\b(?:child(?:ren)?|kids?|minors?|under ?age[d]?|pre ?teens?|toddlers?|bab(?:y|ies)|infants?"
    r"|school ?(?:girl|boy)s?|little (?:girl|boy)s?|lolis?|shotas?"
    r"|(?:[1-9]|1[0-7]) ?(?:yo|years? old))\b"
)
_SEXUAL = re.compile(
    r"\b(?:nudes?|nudity|naked|topless|undress(?:ed|ing)?|nsfw|porn\w*|sex|sexual\w*|sexy"
    r"|erotic\w*|lingerie|hentai|genitals?|masturbat\w*|fetish\w*)\b"
)
# What takes somebody's clothes off in a picture, age or consent unknown.
_UNDRESSING = re.compile(
    r"\b(?:nudes?|nudity|naked|topless|undress(?:ed|ing)?|porn\w*|hentai|genitals?"
    r"|masturbat\w*)\b"
)
_ATROCITY = re.compile(r"\b(?:behead\w*|dismember\w*|disembowel\w*|decapitat\w*|snuff film)\b")
_LOOKALIKES = str.maketrans("013457@$", "oieastas")
_INVISIBLE = {"Cf", "Mn", "Me"}


def rule_against(texts: Sequence[str]) -> str | None:
    """The category under which our own rules refuse these texts together, or None.

    Together, because what is harmless in each of two texts may not be in both.
    """
    whole = " ".join(texts)
    spelled = (_plain(whole), _plain(whole).translate(_LOOKALIKES))
    if any(_MINOR.search(text) and _SEXUAL.search(text) for text in spelled):
        return SEXUAL_MINORS
    if any(_UNDRESSING.search(text) for text in spelled):
        return SEXUAL
    if any(_ATROCITY.search(text) for text in spelled):
        return GRAPHIC
    return None


def category_above(scores: Iterable[Mapping[str, float]], threshold: float) -> str | None:
    """The label with the highest score among those at or above `threshold` (0–1), or None."""
    worst = max(
        ((score, label) for segment in scores for label, score in segment.items()),
        default=(0.0, ""),
    )
    return worst[1] if worst[1] and worst[0] >= threshold else None


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts as DetectToxicContent takes them: lists of 1–10 segments of at most 1 KB each."""
    batch: list[str] = []
    for text in texts:
        for segment in _segments(text):
            batch.append(segment)
            if len(batch) == MAX_SEGMENTS:
                yield batch
                batch = []
    if batch:
        yield batch


def _segments(text: str) -> Iterator[str]:
    """Cut between words where that is possible, never within a character."""
    segment = ""
    for word in re.findall(r"\S+\s*", text):
        if len((segment + word).encode()) <= MAX_SEGMENT_BYTES:
            segment += word
            continue
        if segment:
            yield segment
        segment = word
        while len(segment.encode()) > MAX_SEGMENT_BYTES:
            head = segment.encode()[:MAX_SEGMENT_BYTES].decode(errors="ignore")
            yield head
            segment = segment[len(head) :]
    if segment:
        yield segment


def _plain(text: str) -> str:
    """Lower case, without accents and invisible characters; whatever is no word is a space."""
    decomposed = unicodedata.normalize("NFKD", text)
    visible = "".join(c for c in decomposed if unicodedata.category(c) not in _INVISIBLE)
    return re.sub(r"[^\w@$]+|_", " ", visible.casefold())
