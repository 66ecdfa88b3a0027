"""Who or what is drawn: the traits that stay when clothes, mood and place change.

Some of them captions name (hair, skin, eyes); others they never do (scar, freckles, mole, odd eyes,
proportions), so that only fine-tuning on a subject's pictures can teach those.
"""

import random
from dataclasses import dataclass

from training.miniature.world.palette import CLOTH as THING
from training.miniature.world.palette import EYES, FUR, HAIR, RGB, SKIN, jitter

KINDS = ("person", "pet", "object")
CUTS = ("bald", "short", "spiky", "curly", "afro", "bob", "long", "bun", "pigtails", "mohawk")
FACES = ("oval", "round", "long", "square", "heart")
BEARDS = ("none", "beard", "moustache")
PETS = ("cat", "dog", "rabbit")
THINGS = ("mug", "robot")

_NATURAL = ("black", "black", "brown", "brown", "blond", "red", "grey", "white")


@dataclass(frozen=True)
class Proportions:
    """Never named; multiples of the typical size, about 0.8–1.25."""

    face_width: float = 1.0
    eye_gap: float = 1.0
    eye_size: float = 1.0
    eye_height: float = 0.0
    brow: float = 1.0
    nose: float = 1.0
    mouth: float = 1.0
    ears: float = 1.0


@dataclass(frozen=True)
class Marks:
    """Never named. Places are in head units, (0, 0) the middle of the face."""

    scar: tuple[float, float, float] | None = None  # x, y, angle in radians
    mole: tuple[float, float] | None = None
    freckles: tuple[tuple[float, float], ...] = ()
    odd_eye: RGB | None = None
    patch: float = 0.0  # pets: side (-1 or 1) of the dark patch round one eye, 0 for none


@dataclass(frozen=True)
class Subject:
    """One identity. `noun` is its class noun; no caption tells exact colours and proportions."""

    kind: str
    noun: str
    hair: str  # colour name; fur of a pet, body of an object
    hair_rgb: RGB
    cut: str
    skin: str
    skin_rgb: RGB
    eyes: str
    eyes_rgb: RGB
    face: str
    beard: str
    proportions: Proportions
    marks: Marks


def random_subject(
    rng: random.Random, kind: str | None = None, marked: bool | None = None
) -> Subject:
    """A new identity.

    `kind` is one of KINDS (drawn, mostly persons, when None). `marked` True gives a person at least
    a scar, False no marks; None draws marks for about a third of the people.
    """
    kind = kind or rng.choices(KINDS, (76, 15, 9))[0]
    if kind == "person":
        noun = rng.choice(("person", "man", "woman"))
        hair = rng.choice(_NATURAL if rng.random() < 0.55 else tuple(HAIR))
        cuts = {"man": (3, 5, 3, 3, 2, 1, 1, 1, 0.3, 2), "woman": (0.6, 2, 1, 3, 2, 4, 4, 3, 3, 1)}
        cut = rng.choices(CUTS, cuts.get(noun, (1.5, 3, 2, 3, 2, 2, 2, 2, 2, 2)))[0]
        beard = "none" if noun == "woman" else rng.choices(BEARDS, (6, 3, 2))[0]
        hair_rgb = jitter(HAIR[hair], rng)
    elif kind == "pet":
        noun, cut, beard = rng.choice(PETS), "bald", "none"
        hair = rng.choice(tuple(FUR))
        hair_rgb = jitter(FUR[hair], rng)
    else:
        noun, cut, beard = rng.choice(THINGS), "bald", "none"
        hair = rng.choice(tuple(THING))
        hair_rgb = jitter(THING[hair], rng)
    skin = rng.choice(tuple(SKIN))
    eyes = rng.choice(tuple(EYES))
    return Subject(
        kind=kind,
        noun=noun,
        hair=hair,
        hair_rgb=hair_rgb,
        cut=cut,
        skin=skin,
        skin_rgb=jitter(SKIN[skin], rng, 6),
        eyes=eyes,
        eyes_rgb=jitter(EYES[eyes], rng, 8),
        face=rng.choice(FACES),
        beard=beard,
        proportions=_proportions(rng),
        marks=_marks(rng, kind, marked, eyes),
    )


def _proportions(rng: random.Random) -> Proportions:
    def near(spread: float) -> float:
        return rng.uniform(1 - spread, 1 + spread)

    return Proportions(
        face_width=near(0.07),
        eye_gap=near(0.12),
        eye_size=near(0.15),
        eye_height=rng.uniform(-0.06, 0.06),
        brow=near(0.35),
        nose=near(0.35),
        mouth=near(0.2),
        ears=near(0.25),
    )


def _marks(rng: random.Random, kind: str, marked: bool | None, eyes: str) -> Marks:
    chance = {None: 0.16, True: 0.3, False: 0.0}[marked]
    scar = (
        rng.choice((-1, 1)) * rng.uniform(0.4, 0.5),
        rng.uniform(0.2, 0.34),
        rng.uniform(-0.7, 0.7),
    )
    mole = (rng.choice((-1, 1)) * rng.uniform(0.2, 0.5), rng.uniform(0.45, 0.6))
    freckles = tuple(
        (side * rng.uniform(0.18, 0.6), rng.uniform(0.2, 0.44))
        for side in (-1, 1)
        for _ in range(rng.randint(4, 7))
    )
    odd = jitter(EYES[rng.choice([name for name in EYES if name != eyes])], rng, 8)
    side = float(rng.choice((-1, 1)))
    draws = [rng.random() < chance for _ in range(5)]
    if kind != "person":
        return Marks(odd_eye=odd if draws[3] else None, patch=side if draws[4] or marked else 0.0)
    return Marks(
        scar=scar if draws[0] or marked else None,
        mole=mole if draws[1] else None,
        freckles=freckles if draws[2] else (),
        odd_eye=odd if draws[3] else None,
    )
