"""Measuring what a training did: on fixed noise, and on pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as nnf

from training.base import Base
from training.conditioning import Conditioning, predict
from training.encoders import Encoder
from training.latents import LatentCache
from training.sampling import denoise

STEPS = 12  # of a measured picture
_GUIDANCE = 3.0
_LEVELS = 8  # timesteps of the fixed set
_PHOTOS = 8  # photos of the fixed set, two at each level
_APART = 3
# Where the base is as near to the photos as they are to each other, there is nothing to gain.
_NEAR = 0.02
# Cosines of pictures with texts that have nothing to do with them lie around 0.
_FITS = 0.01


@torch.no_grad()
def fixed_loss(base: Base, latents: LatentCache, told: Conditioning, side: int) -> float:
    """Unweighted loss on the photos with noise and timesteps that never change.

    Comparable before and after training, unlike the loop's own, which is all chance.
    """
    rng = torch.Generator().manual_seed(1)
    photos = latents.mean[0, :_PHOTOS]
    total = 0.0
    for level, moment in enumerate(base.noise.levels(_LEVELS).to(base.device)):
        # Other photos at each level: all count, and no run begins with minutes of measuring.
        both = photos[[level % len(photos), (level + _APART) % len(photos)]]
        noise = torch.randn(both.shape, generator=rng).to(base.device)
        times = moment.repeat(2)
        predicted = predict(
            base, base.noise.noised(both, noise, times), times, told.rows([0, 0]), side
        )
        total += nnf.mse_loss(predicted, base.noise.target(both, noise, times)).item()
    return total / _LEVELS


@dataclass(frozen=True)
class Scores:
    """How one state of the model does, on the same prompts and seeds as the untuned base.

    `identity`: similarity of generated pictures to the held-out photos, over the similarity of
    real photos to each other (DreamBooth, arXiv:2208.12242, section 4.2, over its ceiling).
    `prompt_fidelity`: similarity of pictures to their prompts, over the base's; None if the
    measure knows no texts, or the base follows none. `likeness`: the share of the base's distance
    to the ceiling that is gone; 0 nothing was learned, 1 as alike as real photos, negative: further
    away than before.
    """

    step: int
    identity: float
    prompt_fidelity: float | None
    likeness: float

    @property
    def score(self) -> float:
        """What the best checkpoint has most of. To follow prompts better than the base is no merit
        that could make up for a lack of likeness."""
        fidelity = 1.0 if self.prompt_fidelity is None else min(1.0, self.prompt_fidelity)
        return self.identity * fidelity


@dataclass(frozen=True)
class Measured:
    """Mean similarities of some pictures: to the held-out photos, and to their prompts."""

    to_photos: float
    to_prompts: float | None


class Evaluation:
    """Draws pictures from fixed noise and compares them.

    `learned` and `held_out` are photos (n, 3, side, side); where none is held out, the learned ones
    are measured against. `words` are the prompts as anyone would say them, without the token.
    """

    def __init__(
        self,
        base: Base,
        encoder: Encoder,
        learned: torch.Tensor,
        held_out: torch.Tensor,
        words: list[str],
        pause: Callable[[], None],
    ) -> None:
        self._base, self._encoder, self._pause = base, encoder, pause
        self._side = learned.shape[-1]
        own = encoder.images(learned)
        self._photos = encoder.images(held_out) if len(held_out) else own
        self._texts = encoder.texts(words)
        self._noise = _noise(base, self._side, len(words))
        self.ceiling = _apart(encoder.similarity(self._photos, own), same=not len(held_out))

    def pictures(self, told: Conditioning, untold: Conditioning) -> torch.Tensor:
        """One picture per prompt, (n, 3, side, side) in −1…1 on the CPU."""
        base = self._base
        noise = self._noise.to(base.device)
        latents = denoise(
            base, noise, told, untold, self._side, STEPS, guidance=_GUIDANCE, pause=self._pause
        )
        with torch.no_grad():
            decoded = []
            for one in latents:
                self._pause()
                decoded.append(base.decoded(one[None]))
        return torch.cat(decoded).float().cpu()

    def measure(self, pictures: torch.Tensor) -> Measured:
        """Compare them with photos and prompts."""
        seen = self._encoder.images(pictures)
        to_photos = self._encoder.similarity(seen, self._photos).mean().item()
        if self._texts is None:
            return Measured(to_photos, None)
        return Measured(to_photos, self._encoder.similarity(seen, self._texts).diag().mean().item())

    def scores(self, step: int, tuned: Measured, base: Measured) -> Scores:
        """The tuned model's scores, relative to what is real and to the base."""
        identity, before = tuned.to_photos / self.ceiling, base.to_photos / self.ceiling
        fidelity = None
        if tuned.to_prompts is not None and (base.to_prompts or 0.0) > _FITS:
            fidelity = max(0.0, tuned.to_prompts) / (base.to_prompts or 1.0)
        gap = 1 - before
        likeness = (identity - before) / gap if gap > _NEAR else float(identity >= 1 - _NEAR)
        return Scores(step, identity, fidelity, likeness)


def _noise(base: Base, side: int, count: int) -> torch.Tensor:
    """(count, channels, height, width), each picture's from its own seed."""
    shape = (1, *base.latent_shape(side))
    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(n)) for n in range(count)]
    return torch.cat(drawn)


def _apart(similarity: torch.Tensor, *, same: bool) -> float:
    """The mean of the matrix, without its diagonal where both sides are the same photos."""
    if not same:
        return similarity.mean().item()
    others = similarity[~torch.eye(len(similarity), dtype=torch.bool)]
    return others.mean().item() if len(others) else 1.0
