"""Faces of drawn people (`training.miniature.world`): two small networks, in numpy.

`finder` says where they are, `identity` who they are and what can be seen of them. Pets and things
have faces too, but are no people. `local_aws.rekognition.learning` trains both networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.rekognition.drawn.finder import Found, Pixels, find
from local_aws.rekognition.drawn.identity import Person, head, recognise, similarity

__all__ = ["Drawn", "Person", "drawn_faces", "similarity"]


@dataclass(frozen=True)
class Drawn:
    """Upright width and height of a drawn face in pixels, its yaw (−1 to 1), and the person."""

    width: float
    height: float
    yaw: float  # to the picture's right
    person: Person


def drawn_faces(picture: Pixels) -> list[tuple[Found, Drawn]]:
    """Faces of drawn people in a picture (red-green-blue), the surest first."""
    faces = []
    for found in find(picture):
        person = recognise(head(picture, found.x, found.y, found.size, found.tilt))
        faces.append((found, Drawn(found.width, found.height, found.yaw, person)))
    return faces
