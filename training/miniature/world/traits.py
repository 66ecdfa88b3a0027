"""The traits that words can name and a classifier can see, as labels of one picture."""

from training.miniature.world.palette import BACKDROP, CLOTH, EYES, FUR, HAIR, SKIN
from training.miniature.world.scene import (
    CLOTHES,
    EXPRESSIONS,
    GLASSES,
    HATS,
    PLACES,
    STYLES,
    Scene,
)
from training.miniature.world.subject import BEARDS, CUTS, PETS, THINGS, Subject

TRAITS: dict[str, tuple[str, ...]] = {
    "noun": ("person", *PETS, *THINGS),
    "skin": tuple(SKIN),
    "hair": tuple(HAIR),
    "cut": CUTS,
    "eyes": tuple(EYES),
    "beard": BEARDS,
    "fur": tuple(FUR),
    "body": tuple(CLOTH),
    "expression": EXPRESSIONS,
    "glasses": GLASSES,
    "hat": HATS,
    "hat_colour": tuple(CLOTH),
    "clothes": CLOTHES,
    "clothes_colour": tuple(CLOTH),
    "backdrop": (*BACKDROP, *PLACES),
    "style": STYLES,
}
"""Every trait and the names of its values."""


_BELOW_HATS = frozenset({"long", "bob", "pigtails", "afro"})
"""Cuts whose colour still shows under a hat."""


def traits_of(subject: Subject, scene: Scene) -> dict[str, str]:
    """The value of each trait that this picture shows; what cannot be seen in it is absent.

    A hat hides the cut, dark glasses hide eyes and a wink, and odd eyes have no one colour. Words
    for people (man, woman) say nothing that the picture would show: all count as `person`.
    """
    covered = scene.hat not in ("none", "crown")
    found = {
        "noun": "person" if subject.kind == "person" else subject.noun,
        "glasses": scene.glasses,
        "hat": scene.hat,
        "backdrop": scene.backdrop if scene.place == "plain" else scene.place,
        "style": scene.style,
    }
    if covered:
        found["hat_colour"] = scene.hat_colour
    if scene.glasses != "sunglasses" or scene.expression != "winking":
        found["expression"] = scene.expression
    if scene.glasses != "sunglasses" and subject.marks.odd_eye is None:
        found["eyes"] = subject.eyes
    if subject.kind == "person":
        found |= _of_person(subject, scene, covered=covered)
    elif subject.kind == "pet":
        found |= {"fur": subject.hair, "clothes_colour": scene.clothes_colour}
    else:
        found["body"] = subject.hair
    return found


def _of_person(subject: Subject, scene: Scene, *, covered: bool) -> dict[str, str]:
    found = {
        "skin": subject.skin,
        "beard": subject.beard,
        "clothes": scene.clothes,
        "clothes_colour": scene.clothes_colour,
    }
    if not covered:
        found["cut"] = subject.cut
    if subject.cut in _BELOW_HATS or (subject.cut != "bald" and not covered):
        found["hair"] = subject.hair
    return found
