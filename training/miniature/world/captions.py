"""Captions: a picture in words, in varied order, some traits left out, colours bound to nouns."""

import random
from dataclasses import dataclass

from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject

_PLACES = {
    "beach": ("at the beach", "on a beach"),
    "forest": ("in a forest", "in the forest"),
    "city": ("in a city", "in the city", "in front of a city skyline"),
    "mountains": ("in the mountains", "in front of mountains"),
    "night sky": ("under a night sky", "under the stars at night"),
    "snow": ("in the snow", "in a snowy landscape"),
}
_STYLES = {
    "flat": (("a portrait of", "a picture of", "an illustration of", "a drawing of", ""), ("", "flat illustration")),
    "pencil": (("a pencil drawing of", "a pencil sketch of"), ("pencil drawing", "pencil sketch")),
    "pixel": (("pixel art of", "a pixel art portrait of"), ("pixel art",)),
    "neon": (("a neon portrait of", "neon art of"), ("neon style", "neon glow")),
    "watercolour": (("a watercolour painting of", "a watercolor of"), ("watercolour painting", "watercolor")),
}
_MOODS = {
    "calm": ("calm", "with a calm face", "looking calm"),
    "smiling": ("smiling", "with a smile", "looking happy"),
    "laughing": ("laughing", "with a big laugh", "laughing out loud"),
    "sad": ("sad", "with a sad face", "looking sad"),
    "surprised": ("surprised", "with a surprised face", "looking surprised"),
    "angry": ("angry", "with an angry face", "looking angry"),
    "winking": ("winking", "with a wink", "winking with one eye"),
}
_CUTS = {"curly": ("curly {} hair", "{} curly hair", "{} curls"), "short": ("short {} hair", "{} short hair"),
         "long": ("long {} hair", "{} long hair"), "spiky": ("spiky {} hair", "{} spiky hair"),
         "afro": ("a {} afro",), "bob": ("a {} bob", "{} hair in a bob"), "bun": ("a {} bun", "{} hair in a bun"),
         "pigtails": ("{} pigtails", "{} hair in pigtails"), "mohawk": ("a {} mohawk",)}
_FACES = {"oval": "an oval face", "round": "a round face", "long": "a long face", "square": "a square face",
          "heart": "a heart shaped face"}


@dataclass(frozen=True)
class Caption:
    """Words, and which traits (names as in `traits.TRAITS`) they name."""

    text: str
    named: tuple[str, ...]


def caption(subject: Subject, scene: Scene, rng: random.Random, detail: float | None = None) -> Caption:
    """One of many descriptions. Each trait is named with probability `detail` (drawn when None)."""
    share = rng.choice((0.3, 0.6, 0.85)) if detail is None else detail
    named: list[str] = ["noun"]

    def tell(trait: str, weight: float = 1.0) -> bool:
        if rng.random() < share * weight:
            named.append(trait)
            return True
        return False

    has = _has(subject, rng, tell, named, scene)
    wears = _wears(subject, scene, rng, tell, named)
    mood = rng.choice(_MOODS[scene.expression]) if tell("expression") else ""
    place = _place(scene, rng) if tell("backdrop") else ""
    first, last = "", ""
    if tell("style", 1.0 if scene.style == "flat" else 1.6):
        opening, closing = _STYLES[scene.style]
        first, last = (rng.choice(opening), "") if rng.random() < 0.6 else ("", rng.choice(closing))
    light = f"in {scene.light} light" if scene.light != "even" and rng.random() < share else ""
    near = ""
    if rng.random() < share * 0.6:
        near = "close-up" if scene.camera.zoom > 1.18 else "from a distance" if scene.camera.zoom < 0.9 else ""
    noun = _noun(subject, rng, tell, named)
    rng.shuffle(has)
    rng.shuffle(wears)
    if rng.random() < 0.3:
        parts = [*has, *wears, mood, place, light, near]
        rng.shuffle(parts)
        text = ", ".join(part for part in (" ".join(filter(None, (first, noun))), *parts, last) if part)
    else:
        text = _sentence(rng, first, noun, has, wears, mood, [place, light])
        text = ", ".join(part for part in (text, near, last) if part)
    return Caption(text.replace(" ,", ","), tuple(dict.fromkeys(named)))


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _noun(subject: Subject, rng: random.Random, tell: "_Tell", named: list[str]) -> str:
    noun = subject.noun
    if subject.kind == "pet" and tell("fur", 1.4):
        return _article(f"{subject.hair} {noun}")
    if subject.kind == "object" and tell("body", 1.4):
        return _article(f"{subject.hair} {noun}")
    if subject.cut == "bald" and subject.kind == "person" and rng.random() < 0.4 and "cut" not in named:
        named.append("cut")
        return f"a bald {noun}"
    return _article(noun)


class _Tell:
    """The shape of `caption`'s own choice: whether to name a trait."""

    def __call__(self, trait: str, weight: float = 1.0) -> bool:
        raise NotImplementedError


def _has(subject: Subject, rng: random.Random, tell: "_Tell", named: list[str], scene: Scene) -> list[str]:
    found: list[str] = []
    if scene.glasses != "sunglasses" and tell("eyes", 0.9):
        found.append(f"{subject.eyes} eyes")
    if subject.kind != "person":
        return found
    if tell("skin", 0.8):
        found.append(f"{subject.skin} skin")
    if subject.cut == "bald":
        if tell("cut", 0.8):
            found.append(rng.choice(("a bald head", "no hair")))
    elif tell("hair", 1.25):
        if rng.random() < 0.75:
            named.append("cut")
            found.append(rng.choice(_CUTS[subject.cut]).format(subject.hair))
        else:
            found.append(f"{subject.hair} hair")
    if subject.beard != "none" and tell("beard", 1.1):
        found.append(f"a {subject.beard}")
    if rng.random() < 0.15:
        found.append(_FACES[subject.face])
    return found


def _wears(subject: Subject, scene: Scene, rng: random.Random, tell: "_Tell", named: list[str]) -> list[str]:
    found: list[str] = []
    if scene.hat != "none" and tell("hat", 1.2):
        colour = "" if scene.hat == "crown" or rng.random() < 0.25 else scene.hat_colour
        if colour:
            named.append("hat_colour")
        words = f"{colour} {scene.hat}".strip()
        found.append(_article(words))
    if scene.glasses != "none" and tell("glasses", 1.2):
        found.append(scene.glasses)
    if subject.kind == "person" and tell("clothes"):
        named.append("clothes_colour")
        words = scene.clothes.replace("striped ", "")
        whole = f"{scene.clothes_colour} {words}" if words == scene.clothes else (
            rng.choice((f"striped {scene.clothes_colour} sweater", f"{scene.clothes_colour} striped sweater")))
        found.append(whole if scene.clothes == "overalls" else _article(whole))
    if subject.kind == "pet" and tell("clothes_colour", 0.8):
        found.append(_article(f"{scene.clothes_colour} collar"))
    return found


def _place(scene: Scene, rng: random.Random) -> str:
    if scene.place != "plain":
        return rng.choice(_PLACES[scene.place])
    return rng.choice(("on {} background", "in front of {} background", "{} background")).format(
        _article(scene.backdrop)
    )


def _list(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _sentence(
    rng: random.Random, first: str, noun: str, has: list[str], wears: list[str], mood: str, place: list[str]
) -> str:
    if mood and " " not in mood and rng.random() < 0.6:
        noun = _article(f"{mood} {noun.split(' ', 1)[1]}")
        mood = ""
    parts = [f"with {_list(has)}" if has else "", f"{rng.choice(('wearing', 'in'))} {_list(wears)}" if wears else "", mood]
    rng.shuffle(parts)
    words = [first, noun, *parts, *place]
    if rng.random() < 0.15:
        words = [*place, *([","] if any(place) else []), first, noun, *parts]
    return " ".join(word for word in words if word)
