"""Captions: a picture in words, in varied order, some traits left out, colours bound to nouns.

Only what the picture shows is told: a word for something hidden would teach that words mean little.
"""

import random
from dataclasses import dataclass, field

from training.miniature.world.scene import Scene
from training.miniature.world.subject import Subject
from training.miniature.world.traits import traits_of
from training.miniature.world.wording import CUTS, FACES, FILLERS, LOOKS, MOODS, PLACES, STYLES


@dataclass(frozen=True)
class Caption:
    """Words, and which traits (names as in `traits.TRAITS`) they name."""

    text: str
    named: tuple[str, ...]


def caption(
    subject: Subject, scene: Scene, rng: random.Random, detail: float | None = None
) -> Caption:
    """One of many descriptions. Each trait is named with probability `detail` (drawn when None)."""
    share = rng.choice((0.3, 0.6, 0.85)) if detail is None else detail
    teller = _Teller(subject, scene, rng, share)
    text = teller.tell()
    if rng.random() < 0.12:
        # Words without a meaning here, as people add them: the encoder learns to pass over them.
        text = ", ".join([text, *rng.sample(FILLERS, rng.randint(1, 3))])
    return Caption(text, tuple(dict.fromkeys(teller.named)))


@dataclass
class _Teller:
    """Chooses what to tell, and remembers it."""

    subject: Subject
    scene: Scene
    rng: random.Random
    share: float
    named: list[str] = field(default_factory=lambda: ["noun"])
    shown: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.shown = frozenset(traits_of(self.subject, self.scene))

    def tell(self) -> str:
        rng, scene = self.rng, self.scene
        has, wears = self._has(), self._wears()
        mood = rng.choice(MOODS[scene.expression]) if self._names("expression") else ""
        place = self._place() if self._names("backdrop") else ""
        first, last = self._style()
        light = f"in {scene.light} light" if scene.light != "even" and self._likely() else ""
        near, noun = self._distance(), self._noun()
        if mood and " " not in mood and rng.random() < 0.5:
            noun, mood = _article(f"{mood} {noun.split(' ', 1)[1]}"), ""
        rng.shuffle(has)
        rng.shuffle(wears)
        if rng.random() < 0.3:
            parts = [*has, *wears, mood, place, light, near]
            rng.shuffle(parts)
            return ", ".join(filter(None, (" ".join(filter(None, (first, noun))), *parts, last)))
        sentence = self._sentence(" ".join(filter(None, (first, noun))), has, wears, mood)
        where = " ".join(filter(None, (place, light)))
        told = f"{where}, {sentence}" if where and rng.random() < 0.15 else f"{sentence} {where}"
        return ", ".join(filter(None, (told.strip(), near, last)))

    def _likely(self, weight: float = 1.0) -> bool:
        return self.rng.random() < self.share * weight

    def _names(self, trait: str, weight: float = 1.0) -> bool:
        chosen = self._likely(weight) and trait in self.shown
        if chosen:
            self.named.append(trait)
        return chosen

    def _noun(self) -> str:
        subject, noun = self.subject, self.subject.noun
        trait = {"pet": "fur", "object": "body"}.get(subject.kind)
        if trait and self._names(trait, 1.4):
            return _article(f"{subject.hair} {noun}")
        hairless = subject.kind == "person" and subject.cut == "bald" and "cut" in self.shown
        if hairless and "cut" not in self.named and self.rng.random() < 0.4:
            self.named.append("cut")
            return f"a bald {noun}"
        return _article(noun)

    def _has(self) -> list[str]:
        subject, found = self.subject, []
        if self._names("eyes", 0.9):
            found.append(f"{subject.eyes} eyes")
        if subject.kind != "person":
            return found
        if self._names("skin", 0.8):
            found.append(f"{subject.skin} skin")
        if subject.cut == "bald":
            if self._names("cut", 0.8):
                found.append(self.rng.choice(("a bald head", "no hair")))
        elif self._names("hair", 1.25):
            found.append(self._hair())
        if subject.beard != "none" and self._names("beard", 1.1):
            found.append(f"a {subject.beard}")
        if self.rng.random() < 0.15:
            found.append(FACES[subject.face])
        return found

    def _hair(self) -> str:
        if "cut" not in self.shown or self.rng.random() > 0.75:
            return f"{self.subject.hair} hair"
        self.named.append("cut")
        return self.rng.choice(CUTS[self.subject.cut]).format(self.subject.hair)

    def _wears(self) -> list[str]:
        scene, found = self.scene, []
        if scene.hat != "none" and self._names("hat", 1.2):
            found.append(_article(self._hat()))
        if scene.glasses != "none" and self._names("glasses", 1.2):
            found.append(scene.glasses)
        if self.subject.kind == "person" and self._names("clothes"):
            self.named.append("clothes_colour")
            garment = f"{scene.clothes_colour} {scene.clothes}"
            if scene.clothes == "striped sweater" and self.rng.random() < 0.5:
                garment = f"striped {scene.clothes_colour} sweater"
            found.append(garment if scene.clothes == "overalls" else _article(garment))
        if self.subject.kind == "pet" and self._names("clothes_colour", 0.8):
            found.append(_article(f"{scene.clothes_colour} collar"))
        return found

    def _hat(self) -> str:
        if self.scene.hat == "crown" or self.rng.random() < 0.25:
            return self.scene.hat
        self.named.append("hat_colour")
        return f"{self.scene.hat_colour} {self.scene.hat}"

    def _place(self) -> str:
        if self.scene.place != "plain":
            return self.rng.choice(PLACES[self.scene.place])
        form = self.rng.choice(
            ("on {} background", "in front of {} background", "against {} background")
        )
        return form.format(_article(self.scene.backdrop))

    def _style(self) -> tuple[str, str]:
        """Words before the noun, or at the end."""
        style = self.scene.style
        if not self._names("style", 1.0 if style == "flat" else 1.6):
            return "", ""
        if self.rng.random() < 0.3:
            openings, phrases = LOOKS[style]
            words = self.rng.sample(phrases, self.rng.randint(1, 3))
            return self.rng.choice(openings), ", ".join(words)
        opening, closing = STYLES[style]
        if self.rng.random() < 0.6:
            return self.rng.choice(opening), ""
        return "", self.rng.choice(closing)

    def _distance(self) -> str:
        zoom = self.scene.camera.zoom
        if not self._likely(0.6) or 0.9 <= zoom <= 1.18:
            return ""
        return "close-up" if zoom > 1 else "from a distance"

    def _sentence(self, who: str, has: list[str], wears: list[str], mood: str) -> str:
        rng = self.rng
        parts = [
            f"with {_list(has)}" if has else "",
            f"{rng.choice(('wearing', 'in'))} {_list(wears)}" if wears else "",
            mood,
        ]
        rng.shuffle(parts)
        return " ".join(filter(None, (who, *parts)))


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _list(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
