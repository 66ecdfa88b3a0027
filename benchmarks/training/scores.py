"""How like the subject pictures are, how well they follow their prompts, how varied the class is.

The protocol of DreamBooth (Ruiz et al. 2022, arXiv:2208.12242, section 4.2) with two measures for
each question. The base model's own image encoder also chooses our checkpoints; the embedded
Rekognition's face network and the trait classifiers choose nothing: they are the second opinion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.training.subjects import DrawnSubject, Prompt, right_share
from local_aws.rekognition.drawn import drawn_faces
from training.encoders import Encoder
from training.miniature.classifiers import TraitClassifiers
from training.photos import Photo, as_pixels

_FACE_SIDE = 256  # pixels that faces are looked for in


@dataclass(frozen=True)
class CellScores:
    """Means over an arm's pictures of one subject, as measured and not yet relative to anything.

    `identity_*`: cosine with the unseen photos; `ceiling_*`: that of the given photos with them.
    A picture without a face is like nobody (0). `faces`: share of pictures with one.
    `prompt_clip`: cosine with the prompt. `prompt_traits`: share of named traits that are seen.
    `diversity`: 1 − mean cosine of the class's pictures with each other. `leaked`: cosine of the
    class's pictures with the unseen photos, which should stay as it was.
    """

    identity_clip: float
    ceiling_clip: float
    identity_face: float
    ceiling_face: float
    faces: float
    prompt_clip: float
    prompt_traits: float
    diversity: float
    leaked: float

    def rounded(self) -> dict[str, float]:
        """For the results' file."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


class Judges:
    """The three measures, with one subject's photos looked at."""

    def __init__(
        self, encoder: Encoder, classifiers: TraitClassifiers, subject: DrawnSubject, side: int
    ) -> None:
        self._encoder, self._classifiers = encoder, classifiers
        given, unseen = (
            as_pixels([Photo(str(n), image) for n, image in enumerate(photos)], side)
            for photos in (subject.given, subject.unseen)
        )
        self._photos = encoder.images(unseen)
        self._ceiling = _mean(encoder.similarity(encoder.images(given), self._photos))
        # A photo in which no face is found is no measure of one.
        self._faces = [face for face in map(_face, unseen) if face is not None]
        own = [face for face in map(_face, given) if face is not None]
        self._face_ceiling = _alike(own, self._faces)

    def scores(
        self,
        pictures: torch.Tensor,
        words: Sequence[str],
        prompts: Sequence[Prompt],
        of_class: torch.Tensor,
    ) -> CellScores:
        """`words` are the prompts with the class noun alone: one for each picture, as `prompts`."""
        seen, ordinary = self._encoder.images(pictures), self._encoder.images(of_class)
        texts = self._encoder.texts(words)
        if texts is None:
            raise ValueError("the base model has no encoder that knows texts")
        faces = [_face(picture) for picture in pictures]
        pairs = self._encoder.similarity(ordinary, ordinary)
        others = pairs[~torch.eye(len(pairs), dtype=torch.bool)]
        return CellScores(
            identity_clip=_mean(self._encoder.similarity(seen, self._photos)),
            ceiling_clip=self._ceiling,
            identity_face=_alike(faces, self._faces),
            ceiling_face=self._face_ceiling,
            faces=sum(face is not None for face in faces) / len(faces),
            prompt_clip=_mean(self._encoder.similarity(seen, texts).diag()),
            prompt_traits=right_share(prompts, self._classifiers.names(pictures)),
            diversity=1 - _mean(others),
            leaked=_mean(self._encoder.similarity(ordinary, self._photos)),
        )


def _mean(values: torch.Tensor) -> float:
    return float(values.mean()) if values.numel() else 0.0


def _face(picture: torch.Tensor) -> NDArray[np.float32] | None:
    """The unit vector of the surest face in a picture (3, side, side) in −1…1."""
    values = ((picture.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
    image = Image.fromarray(values.numpy()).resize(
        (_FACE_SIDE, _FACE_SIDE), Image.Resampling.BICUBIC
    )
    found = drawn_faces(np.asarray(image, np.uint8))
    return found[0][1].person.vector if found else None


def _alike(
    some: Sequence[NDArray[np.float32] | None], others: Sequence[NDArray[np.float32]]
) -> float:
    """Mean cosine; 0 for who has no face."""
    if not some or not others:
        return 0.0
    against = np.stack(others)
    return float(np.mean([0.0 if one is None else float((against @ one).mean()) for one in some]))
