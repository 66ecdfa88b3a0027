"""Drawn pictures on disk: number i is always the same picture, and its captions can be made again.

Shards of 5,000 are drawn once into `FOLDER/pictures-SIDE-NNN.npy`: uint8, shape
(5000, side, side, 3).
"""

import logging
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.miniature.world import (
    Scene,
    Subject,
    caption,
    draw_array,
    random_scene,
    random_subject,
)
from training.miniature.world.captions import Caption

_log = logging.getLogger(__name__)

SHARD = 5_000
HELD_OUT = 2_000_000_000
"""Numbers from here on are never drawn for training."""


_HANDHELD = 0.25


def described(number: int) -> tuple[Subject, Scene]:
    """Subject and scene of picture `number`.

    Most are taken from a stand: eyes and mouths then lie in the same few cells of the latents, and
    are learned long before a model knows what a face looks like in every place.
    """
    rng = random.Random(f"picture {number}")
    handheld = rng.random() < _HANDHELD
    return random_subject(rng), random_scene(rng, handheld=handheld)


def caption_of(number: int, variant: int = 0, detail: float | None = None) -> Caption:
    """A caption of picture `number`; every `variant` words it anew."""
    subject, scene = described(number)
    return caption(subject, scene, random.Random(f"caption {number} {variant}"), detail)


def draw_shards(folder: Path, side: int, count: int, workers: int = 1) -> None:
    """Draw the shards up to `count` pictures that are not there yet, `workers` at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_shard_path(folder, side, shard) for shard in range(-(-count // SHARD))]
    missing = [(path, side, shard) for shard, path in enumerate(paths) if not path.exists()]
    if workers == 1:
        for task in missing:
            _draw_shard(task)
        return
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_draw_shard, missing))


def _shard_path(folder: Path, side: int, shard: int) -> Path:
    return folder / f"pictures-{side}-{shard:03d}.npy"


def _draw_shard(task: tuple[Path, int, int]) -> None:
    path, side, shard = task
    sheet = np.empty((SHARD, side, side, 3), dtype=np.uint8)
    for index in range(SHARD):
        sheet[index] = draw_array(*described(shard * SHARD + index), side)
    fresh = path.with_suffix(".tmp.npy")
    np.save(fresh, sheet)
    fresh.replace(path)
    _log.info("drew %s", path.name)


class Pictures:
    """The shards in one folder, as one array. Shards added later are seen after `refresh`."""

    def __init__(self, folder: Path, side: int) -> None:
        self._folder, self.side = folder, side
        self._shards: list[NDArray[np.uint8]] = []
        self.refresh()
        if not self._shards:
            raise FileNotFoundError(
                f"no pictures of side {side} in {folder}: run the stage 'pictures'"
            )

    def refresh(self) -> None:
        """Look for new shards; they count from 000 without a gap."""
        while (path := self._folder / f"pictures-{self.side}-{len(self._shards):03d}.npy").exists():
            self._shards.append(np.load(path, mmap_mode="r"))

    def __len__(self) -> int:
        return len(self._shards) * SHARD

    def batch(self, numbers: NDArray[np.int64]) -> torch.Tensor:
        """Pictures as float32, shape (n, 3, side, side), −1 to 1."""
        rows = np.stack([self._shards[n // SHARD][n % SHARD] for n in numbers])
        return torch.from_numpy(rows).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)

    def draw_numbers(self, step: int, size: int, salt: str) -> NDArray[np.int64]:
        """The picture numbers of one training step: random, and the same for the same step."""
        rng = np.random.default_rng(random.Random(f"{salt} {step}").getrandbits(63))
        return rng.integers(0, len(self), size)
