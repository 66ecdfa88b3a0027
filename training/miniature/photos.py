"""Drawn "photos" of one subject: `python -m training.miniature.photos --seed 7 --out DIR`.

What a user would upload: the same person, pet or thing in other clothes, moods and places. They
stand in for a camera in the demo, in tests and in the benchmarks, so they are plain drawings (no
other drawing style) in which the subject can be made out.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from training.miniature.world import Scene, Subject, draw, random_scene, random_subject
from training.miniature.world.captions import Caption, caption
from training.miniature.world.subject import KINDS


@dataclass(frozen=True)
class Photo:
    """One picture of a subject, and what a caption would tell of it."""

    image: Image.Image
    scene: Scene
    caption: Caption


def subject_of(seed: int, kind: str = "person") -> Subject:
    """A subject with marks that no caption names; the same for the same seed."""
    return random_subject(random.Random(f"subject {seed}"), kind=kind, marked=True)


def photos_of(subject: Subject, count: int, seed: int, side: int = 512) -> Iterator[Photo]:
    """`count` photos, `side` pixels square. Every fifth may hide something under dark glasses."""
    rng = random.Random(f"photos {seed}")
    for index in range(count):
        scene = random_scene(rng, style="flat")
        if scene.light == "dim":
            scene = replace(scene, light="even")
        if scene.glasses == "sunglasses" and index % 5 != 4:
            scene = replace(scene, glasses="none")
        yield Photo(draw(subject, scene, side), scene, caption(subject, scene, rng))


def main(arguments: list[str] | None = None) -> None:
    """Write `00.jpg`, `01.jpg`, … into a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m training.miniature.photos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kind", choices=KINDS, default="person")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--side", type=int, default=512)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    subject = subject_of(given.seed, given.kind)
    for index, photo in enumerate(photos_of(subject, given.count, given.seed, given.side)):
        photo.image.save(given.out / f"{index:02d}.jpg", quality=95)


if __name__ == "__main__":
    main()
