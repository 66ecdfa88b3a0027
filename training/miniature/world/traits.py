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
    "noun": ("person", "man", "woman", *PETS, *THINGS),
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


def traits_of(subject: Subject, scene: Scene) -> dict[str, str]:
    """The value of each trait that this picture shows; traits that it cannot show are absent."""
    found = {
        "noun": subject.noun,
        "expression": scene.expression,
        "glasses": scene.glasses,
        "hat": scene.hat,
        "backdrop": scene.backdrop if scene.place == "plain" else scene.place,
        "style": scene.style,
    }
    if scene.hat not in ("none", "crown"):
        found["hat_colour"] = scene.hat_colour
    if scene.glasses != "sunglasses":
        found["eyes"] = subject.eyes
    if subject.kind == "person":
        found |= {
            "skin": subject.skin,
            "cut": subject.cut,
            "beard": subject.beard,
            "clothes": scene.clothes,
            "clothes_colour": scene.clothes_colour,
        }
        if subject.cut != "bald":
            found["hair"] = subject.hair
    elif subject.kind == "pet":
        found |= {"fur": subject.hair, "clothes_colour": scene.clothes_colour}
    else:
        found["body"] = subject.hair
    return found
