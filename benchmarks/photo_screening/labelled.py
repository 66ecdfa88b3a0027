"""The labelled set: for every code some pictures that a person would refuse for that reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from benchmarks.photo_screening import files, spoiled
from benchmarks.photo_screening.shot import Pixels, Shot, Source, encoded
from lambdas.domain.photo import RejectionCode
from lambdas.domain.subject import SubjectKind
from local_aws.testcards import Card, stamped, unsafe_card

ACCEPTED = "accepted"
GOOD = 14  # photos of the person that must be accepted
EACH = 6  # pictures of a code
GOOD_THINGS = 4
# Nothing else makes the local service say these, so they say nothing of a judgement.
CARDS = {
    RejectionCode.MINOR: Card.MINOR,
    RejectionCode.CELEBRITY: Card.CELEBRITY,
    RejectionCode.UNSAFE: Card.UNSAFE,
}
# An upload that never comes is no picture.
CODES = tuple(code for code in RejectionCode if code is not RejectionCode.UPLOAD_LOST)

_SPOILED: dict[RejectionCode, tuple[spoiled.Spoil, ...]] = {
    RejectionCode.FACE_TOO_SMALL: (spoiled.far_away,),
    RejectionCode.OCCLUDED: (spoiled.masked, spoiled.behind_a_hand, spoiled.half_hidden),
    RejectionCode.EXTREME_POSE: (spoiled.lying,),
    RejectionCode.TOO_DARK: (spoiled.darkened,),
    RejectionCode.TOO_BRIGHT: (spoiled.overexposed,),
    RejectionCode.BLURRY: (spoiled.out_of_focus, spoiled.shaken),
}
_OF_THINGS = (RejectionCode.TOO_DARK, RejectionCode.TOO_BRIGHT, RejectionCode.BLURRY)


@dataclass(frozen=True)
class Labelled:
    """An upload, `how` it was made, and what should become of it: ACCEPTED, or a code."""

    source: str
    label: str
    how: str
    upload: bytes
    kind: SubjectKind = SubjectKind.PERSON


def good(source: Source) -> Iterator[Labelled]:
    """Photos of the person: the first that are accepted are the set for all others."""
    for number in range(GOOD):
        photo = encoded(source.good(number).pixels)
        yield Labelled(source.name, ACCEPTED, f"good {number}", photo)


def bad(source: Source, there: Sequence[Pixels]) -> Iterator[Labelled]:
    """For every code; `there` are the photos that were accepted, for duplicates of them."""
    photo = source.good(0).pixels
    of_files = {
        RejectionCode.UNREADABLE: files.unreadable(photo),
        RejectionCode.UNSUPPORTED_TYPE: files.unsupported(photo),
        RejectionCode.TOO_SMALL: files.too_small(photo),
        RejectionCode.TOO_LARGE: files.too_large(photo),
        RejectionCode.NEAR_DUPLICATE: files.of_each(there),
    }
    for code, uploads in of_files.items():
        for how, upload in uploads:
            yield Labelled(source.name, code, how, upload)
    for number in range(EACH):
        for code, how, pixels in _pictures(source, GOOD + number, number):
            yield Labelled(source.name, code, how, encoded(pixels))


def things(source: Source) -> Iterator[Labelled]:
    """Pets and things: judged by the whole picture."""
    for number in range(GOOD_THINGS):
        pixels = source.thing(number)
        height, width = pixels.shape[:2]
        whole = Shot(pixels, width / 2, height / 2, min(height, width) / 2)
        random = np.random.default_rng((11, number))
        kind = SubjectKind.OBJECT
        yield Labelled(source.name, ACCEPTED, f"thing {number}", encoded(pixels), kind)
        for code in _OF_THINGS:
            way = _SPOILED[code][number % len(_SPOILED[code])]
            how = f"thing {number}, {_named(way)}"
            yield Labelled(source.name, code, how, encoded(way(whole, random)), kind)


def _pictures(
    source: Source, fresh: int, number: int
) -> Iterator[tuple[RejectionCode, str, Pixels]]:
    """One picture for each code that is about what is seen; `fresh`: numbers not yet there."""
    for at, (code, ways) in enumerate(_SPOILED.items()):
        way = ways[number % len(ways)]
        random = np.random.default_rng((9, at, number))
        yield code, _named(way), way(source.good(fresh), random)
    yield RejectionCode.SUNGLASSES, "dark glasses", source.sunglasses(fresh)
    yield RejectionCode.NO_FACE, f"no person {number}", source.faceless(number)
    yield RejectionCode.DIFFERENT_PERSON, f"stranger {number}", source.stranger(number).pixels
    pair = (source.good(fresh).pixels, source.stranger(number).pixels)
    yield RejectionCode.SEVERAL_FACES, "two side by side", np.concatenate(pair, axis=1)
    portrait = Image.fromarray(source.good(fresh).pixels)
    for code, card in CARDS.items():
        yield code, "test card", np.asarray(stamped(portrait, card), np.uint8)
    if number == 0:
        card_alone = unsafe_card().resize(portrait.size)
        yield RejectionCode.UNSAFE, "test card alone", np.asarray(card_alone, np.uint8)


def _named(way: spoiled.Spoil) -> str:
    return getattr(way, "__name__", "").replace("_", " ")
