"""The drawn world: subjects, scenes, their pictures and their captions, each fixed by a seed.

Nothing here learns or knows a model; whoever needs pictures or captions imports from this face.
"""

from training.miniature.world.captions import caption
from training.miniature.world.render import draw, draw_array, face_outline, feature_places
from training.miniature.world.scene import Scene, random_scene
from training.miniature.world.subject import Subject, random_subject
from training.miniature.world.traits import TRAITS, traits_of

__all__ = [
    "TRAITS",
    "Scene",
    "Subject",
    "caption",
    "draw",
    "draw_array",
    "face_outline",
    "feature_places",
    "random_scene",
    "random_subject",
    "traits_of",
]
