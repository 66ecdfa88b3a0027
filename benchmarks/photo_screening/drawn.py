"""Drawn people, pets and things, in the plain style that stands in for a camera."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from benchmarks.photo_screening.shot import SIDE, Pixels, Shot
from local_aws.rekognition.learning import pictures
from training.miniature.photos import photos_of, subject_of
from training.miniature.world import Scene, Subject, draw_array

SEED = 7
_MOST = 40  # photos of one person
_STRANGERS = 1000  # numbers from which they come
_ELSEWHERE = 20  # scenes from there on are not those of the set: pictures would be alike


@cache
def _scenes() -> list[Scene]:
    photos = photos_of(subject_of(SEED), _MOST, SEED, side=8)
    return [photo.scene for photo in photos if photo.scene.glasses != "sunglasses"]


@cache
def _good(number: int) -> Shot:
    return _shot(subject_of(SEED), _scenes()[number])


def _shot(subject: Subject, scene: Scene) -> Shot:
    truth = pictures.Truth.of(subject, scene, SIDE)
    return Shot(draw_array(subject, scene, SIDE), truth.x, truth.y, truth.size, truth.tilt)


@dataclass(frozen=True)
class Drawn:
    """See `Source`."""

    name: str = "drawn"

    def good(self, number: int) -> Shot:
        """Another scene for every number."""
        return _good(number)

    def stranger(self, number: int) -> Shot:
        """Anybody; every third has the person's hair, skin and beard, but another face."""
        subject = subject_of(_STRANGERS + number)
        if number % 3 == 2:
            ada = subject_of(SEED)
            subject = replace(
                subject,
                noun=ada.noun,
                hair=ada.hair,
                hair_rgb=ada.hair_rgb,
                cut=ada.cut,
                skin=ada.skin,
                skin_rgb=ada.skin_rgb,
                beard=ada.beard,
            )
        return _shot(subject, _scenes()[_ELSEWHERE + number])

    def sunglasses(self, number: int) -> Pixels:
        """The world has them."""
        scene = replace(_scenes()[number], glasses="sunglasses")
        return _shot(subject_of(SEED), scene).pixels

    def faceless(self, number: int) -> Pixels:
        """Pets and things (which have faces, but are no person), empty places, shapes."""
        makers = (pictures.other_kind, pictures.empty_place, pictures.doodle)
        return makers[number % len(makers)](f"photo screening {number}", SIDE)

    def thing(self, number: int) -> Pixels:
        """Pets and things in turn."""
        subject = subject_of(number, ("pet", "object")[number % 2])
        scene = random.Random(number).choice(_scenes())
        return np.asarray(draw_array(subject, scene, SIDE), np.uint8)
