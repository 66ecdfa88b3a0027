"""Named colours of the world, and the few operations on them that drawing needs."""

import random

RGB = tuple[int, int, int]
"""Red, green, blue, each 0–255."""

SKIN: dict[str, RGB] = {
    "pale": (252, 226, 208),
    "light": (243, 200, 165),
    "tan": (214, 158, 112),
    "brown": (158, 104, 68),
    "dark": (98, 62, 44),
}
HAIR: dict[str, RGB] = {
    "black": (38, 34, 42),
    "brown": (104, 64, 38),
    "blond": (240, 200, 96),
    "red": (196, 66, 28),
    "grey": (148, 148, 156),
    "white": (240, 238, 234),
    "blue": (44, 92, 210),
    "pink": (244, 108, 172),
    "green": (54, 160, 84),
    "purple": (132, 72, 190),
}
EYES: dict[str, RGB] = {
    "brown": (112, 62, 24),
    "blue": (34, 120, 226),
    "green": (32, 158, 72),
    "grey": (128, 140, 150),
}
CLOTH: dict[str, RGB] = {
    "red": (214, 48, 52),
    "orange": (244, 138, 38),
    "yellow": (250, 210, 58),
    "green": (52, 164, 92),
    "blue": (44, 102, 206),
    "purple": (130, 74, 186),
    "pink": (246, 134, 182),
    "white": (246, 246, 242),
    "black": (42, 42, 50),
}
BACKDROP: dict[str, RGB] = {
    "red": (222, 96, 92),
    "orange": (248, 176, 104),
    "yellow": (252, 226, 130),
    "green": (142, 204, 148),
    "blue": (140, 190, 240),
    "purple": (178, 148, 218),
    "pink": (250, 186, 208),
    "white": (250, 249, 246),
    "grey": (158, 164, 174),
}
FUR: dict[str, RGB] = {
    "black": (52, 50, 58),
    "brown": (136, 88, 54),
    "orange": (236, 146, 62),
    "grey": (150, 152, 162),
    "white": (242, 240, 236),
}


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """The colour `share` (0–1) of the way from `first` to `second`."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def darker(colour: RGB, share: float = 0.25) -> RGB:
    """Towards a bluish black, as shadows on coloured things are."""
    return mix(colour, (24, 16, 44), share)


def lighter(colour: RGB, share: float = 0.25) -> RGB:
    """Towards a warm white."""
    return mix(colour, (255, 252, 240), share)


def jitter(colour: RGB, rng: random.Random, amount: int = 9) -> RGB:
    """A near colour that still has the same name."""
    return (
        min(255, max(0, colour[0] + rng.randint(-amount, amount))),
        min(255, max(0, colour[1] + rng.randint(-amount, amount))),
        min(255, max(0, colour[2] + rng.randint(-amount, amount))),
    )


def luminance(colour: RGB) -> float:
    """Perceived brightness, 0–1 (Rec. 601 weights)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255
