"""The drawn subjects, their photos, and the prompts that they are asked for in."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from contract.face_places import FacePlaces
from local_aws.rekognition.attributes import compared
from local_aws.rekognition.faces import detect
from training.miniature.photos import photos_of, subject_of

GIVEN, UNSEEN = 12, 6
"""Photos that both sides get, and photos that only the measuring sees."""
SIDE = 512
_FIRST = 90_001  # of the seeds: subjects that no other part of the project draws


@dataclass(frozen=True)
class Prompt:
    """`{}` stands for the subject; `asked` are the traits that it names, as in `world.TRAITS`."""

    template: str
    asked: Mapping[str, str]

    def of(self, phrase: str) -> str:
        """The prompt for somebody."""
        return self.template.format(phrase)


# The drawn world's counterparts of the paper's prompts: plain, in places, in clothes, in styles.
PROMPTS = (
    Prompt("a photo of {}", {}),
    Prompt("a photo of {} at the beach", {"backdrop": "beach"}),
    Prompt("a portrait of {} wearing a red beanie", {"hat": "beanie", "hat_colour": "red"}),
    Prompt("a photo of {} smiling", {"expression": "smiling"}),
    Prompt(
        "a photo of {} with sunglasses in the city", {"glasses": "sunglasses", "backdrop": "city"}
    ),
    Prompt("a pencil drawing of {}", {"style": "pencil"}),
    Prompt("a portrait of {} in a blue suit", {"clothes": "suit", "clothes_colour": "blue"}),
    Prompt("a photo of {} in the snow", {"backdrop": "snow"}),
    Prompt(
        "a photo of {} with glasses on a green background",
        {"glasses": "glasses", "backdrop": "green"},
    ),
    Prompt(
        "a portrait of {} in a yellow hoodie, looking surprised",
        {"clothes": "hoodie", "clothes_colour": "yellow", "expression": "surprised"},
    ),
    Prompt("a photo of {} in a forest", {"backdrop": "forest"}),
    Prompt("a photo of {} in the mountains", {"backdrop": "mountains"}),
    Prompt("a photo of {} under a night sky", {"backdrop": "night sky"}),
    Prompt("a portrait of {} wearing a black top hat", {"hat": "top hat", "hat_colour": "black"}),
    Prompt("a portrait of {} wearing a straw hat", {"hat": "straw hat"}),
    Prompt("a portrait of {} wearing a crown", {"hat": "crown"}),
    Prompt("a photo of {} wearing a green cap", {"hat": "cap", "hat_colour": "green"}),
    Prompt("pixel art of {}", {"style": "pixel"}),
    Prompt("a watercolour painting of {}", {"style": "watercolour"}),
    Prompt("a neon portrait of {}", {"style": "neon"}),
    Prompt("a photo of {} laughing", {"expression": "laughing"}),
    Prompt("a photo of {} looking angry", {"expression": "angry"}),
    Prompt("a portrait of {} in a red t-shirt", {"clothes": "t-shirt", "clothes_colour": "red"}),
    Prompt(
        "a portrait of {} in a white turtleneck on a red background",
        {"clothes": "turtleneck", "clothes_colour": "white", "backdrop": "red"},
    ),
    Prompt(
        "a portrait of {} in purple overalls", {"clothes": "overalls", "clothes_colour": "purple"}
    ),
)


def right_share(prompts: Sequence[Prompt], seen: Sequence[Mapping[str, str]]) -> float:
    """The share of all traits named by the pictures' prompts that are seen as asked for."""
    answers = [
        found[trait] == value
        for prompt, found in zip(prompts, seen, strict=True)
        for trait, value in prompt.asked.items()
    ]
    return sum(answers) / len(answers) if answers else 0.0


@dataclass(frozen=True)
class DrawnSubject:
    """A subject's class noun, the folder of the given photos, and the unseen ones."""

    number: int
    noun: str
    photos: Path
    given: list[Image.Image]
    unseen: list[Image.Image]


def drawn_subject(number: int, folder: Path) -> DrawnSubject:
    """Person `number`, from 0; the given photos are written below `folder` as intake keeps them."""
    seed = _FIRST + number
    subject = subject_of(seed)
    pictures = [photo.image for photo in photos_of(subject, GIVEN + UNSEEN, seed, SIDE)]
    photos = folder / f"photos-{number:02d}"
    photos.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures[:GIVEN]):
        (photos / f"{index:02d}.jpg").write_bytes(taken_in(picture))
    return DrawnSubject(number, subject.noun, photos, pictures[:GIVEN], pictures[GIVEN:])


def taken_in(picture: Image.Image) -> bytes:
    """A JPEG file as intake keeps it: marked by what the embedded Rekognition says of its face."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    pixels = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    for face in detect(pixels)[:1]:
        landmarks = compared(pixels, face)["Landmarks"]
        places = FacePlaces.of({mark["Type"]: (mark["X"], mark["Y"]) for mark in landmarks})
        return places.marked(out.getvalue()) if places else out.getvalue()
    return out.getvalue()
