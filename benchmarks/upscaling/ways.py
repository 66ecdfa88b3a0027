"""The ways of enlarging that are compared, with the code and the miniature that serve."""

import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch

from contract.base_folder import content_hash, family_of
from contract.base_model import BASE_FILE, BaseModel
from contract.generation import Prompt, Sampler
from inference.base import Base, load_base
from inference.canvas import Pixels
from inference.denoising import Denoiser, Guidance
from inference.doubling import doubled
from inference.enlarging import Enlarger, Hands, lanczos
from inference.latent_space import LatentSpace, as_levels, as_pixels
from inference.samplers import scheduler_for
from inference.schedule import Schedule
from inference.settings import Precision
from inference.text_encoding import TextEncoding

# Fewer steps than the API's default, to save time; its default guidance.
STEPS, GUIDANCE = 12, 7.0


class Way(StrEnum):
    """`WORDS` is what a base with a doubler serves, `TILES` what one without serves."""

    LANCZOS = "Lanczos"
    DOUBLER = "doubler alone"
    WORDS = "doubler and words"
    TILES = "tiles, no doubler"


@dataclass(frozen=True)
class Told:
    """One enlargement: `caption` guides it where the way takes words."""

    way: Way
    caption: str
    noise: float
    seed: int


class Studio:
    """The miniature, and enlargers over it."""

    def __init__(self, folder: Path) -> None:
        self.base = _loaded(folder)
        self._texts = TextEncoding(self.base)
        # One run's settings must not reach the next.
        self._noise_schedule = self.base.pipeline.scheduler
        space, tile = LatentSpace(self.base), self.base.unet.config.sample_size
        self._enlargers = {
            Way.WORDS: Enlarger(space, tile, self.base.doubler),
            Way.TILES: Enlarger(space, tile, None),
        }
        self.native_side: int = tile * space.scale

    def enlarged(self, small: Pixels, factor: int, told: Told) -> Pixels:
        """`small` at `factor` times its size."""
        if told.way is Way.LANCZOS:
            return lanczos(small, factor)
        if told.way is Way.DOUBLER:
            return self._doubled(small, factor)
        wanted, unwanted = (self._texts.encode((Prompt(t),), None) for t in (told.caption, ""))
        guidance = Guidance(wanted, unwanted, GUIDANCE)
        hands = Hands(
            Denoiser(self.base, guidance, lambda: None),
            Denoiser(self.base, guidance.silent, lambda: None),
            lambda: self._schedule(told.noise),
        )
        generator = torch.Generator().manual_seed(told.seed)
        return as_pixels(self._enlargers[told.way].enlarged(small, factor, hands, generator))

    def _doubled(self, small: Pixels, factor: int) -> Pixels:
        if self.base.doubler is None:
            raise FileNotFoundError("the base has no doubler: run the stage 'doubler'")
        levels = as_levels(small)
        while levels.shape[-2] < factor * small.shape[0]:
            levels = doubled(self.base.doubler, levels)
        return as_pixels((levels[0] + 1) / 2)

    def _schedule(self, noise: float) -> Schedule:
        sampler = scheduler_for(Sampler.K_DPMPP_2M, self._noise_schedule)
        return Schedule(sampler, STEPS, torch.device("cpu"), noise_start=noise)


def _loaded(folder: Path) -> Base:
    with tempfile.TemporaryDirectory() as copy:
        model = Path(copy) / "model"
        shutil.copytree(folder, model)
        description = BaseModel("miniature", content_hash(model), family_of(model))
        (model / BASE_FILE).write_text(description.to_json())
        return load_base(model, description.id, Precision.FP32, torch.device("cpu"))
