"""A network that doubles pictures: it learns from drawn ones what reducing them took away.

Sources are reduced in the ways that pictures are, and some went through the finished autoencoder: a
picture that the miniature made is soft in the way that its decoder is, and is what gets enlarged
most.
"""

import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch.nn import functional as nnf

from contract.doubling import DOUBLER_FOLDER, WEIGHTS_FILE, DoublerSize, write_doubler
from inference.doubling import DoublerNetwork
from training.miniature.autoencoder import picture_loss
from training.miniature.fit import channels_last
from training.miniature.pictures import described
from training.miniature.world import draw_array

SIZE = DoublerSize(width=32, blocks=5)
POOL = 240
"""Pictures to learn from: each has thousands of crops, and an edge is an edge in all of them."""

_CROP = 80  # side of a large crop, where pictures have as much
_DECODED, _LARGE = 0.3, 0.35  # shares of crops; the rest is of pictures at the base's own size
_REDUCTIONS = ("area", "bilinear", "bicubic")


class DoublingStage:
    """Crops of pictures that are drawn at twice the miniature's size, and of reduced ones."""

    def __init__(self, folder: Path, work: Path, count: int, device: str, batch: int = 8) -> None:
        """`folder`: an assembled miniature; `work`: where the drawn pictures are kept."""
        vae = AutoencoderKL.from_pretrained(folder / "vae", dtype=torch.float32).eval()
        self._large = _drawn(work, 2 * vae.config.sample_size, min(count, POOL))
        self._crop = min(_CROP, vae.config.sample_size)
        self._decoded = _decoded(vae, self._large)
        self.module: DoublerNetwork = channels_last(DoublerNetwork(SIZE).to(device))
        self._device, self._batch = device, batch

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """See `picture_loss`; `l1` in shares of the range of brightness."""
        rng = random.Random(f"doubling {step}")
        pairs = [self._pair(rng) for _ in range(self._batch)]
        small, large = (torch.stack(part).to(self._device) for part in zip(*pairs, strict=True))
        made = self.module(small.contiguous(memory_format=torch.channels_last)).float()
        pixels = float((made.detach() - large).abs().mean()) / 2
        return picture_loss(made, large), {"l1": round(pixels, 5)}

    def _pair(self, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
        """A small crop and the large one that it should become, (3, side, side), −1 to 1."""
        number, kind = rng.randrange(len(self._large)), rng.random()
        picture = _levels(self._large[number])
        if kind < _DECODED:
            top, left = self._corner(rng, picture)
            small = _levels(self._decoded[number])[:, top // 2 :, left // 2 :]
            return small[:, : self._crop // 2, : self._crop // 2], self._cut(picture, top, left)
        if kind > _DECODED + _LARGE:
            picture = nnf.avg_pool2d(picture[None], 2)[0]
        large = self._cut(picture, *self._corner(rng, picture))
        return _reduced(large, rng.choice(_REDUCTIONS)), large

    def _corner(self, rng: random.Random, picture: torch.Tensor) -> tuple[int, int]:
        """Even numbers: the small crop begins at a whole pixel."""
        slack = (picture.shape[-1] - self._crop) // 2 + 1
        return 2 * rng.randrange(slack), 2 * rng.randrange(slack)

    def _cut(self, picture: torch.Tensor, top: int, left: int) -> torch.Tensor:
        return picture[:, top : top + self._crop, left : left + self._crop]


def write_trained(folder: Path, network: DoublerNetwork) -> None:
    """Put the doubler beside the base in `folder`, in half precision."""
    inside = folder / DOUBLER_FOLDER
    inside.mkdir(exist_ok=True)
    state = {name: t.half().cpu().contiguous() for name, t in network.state_dict().items()}
    save_file(state, inside / WEIGHTS_FILE)
    write_doubler(inside, network.size)


def _drawn(work: Path, side: int, count: int) -> torch.Tensor:
    """The first pictures of the world, uint8, (count, 3, side, side)."""
    path = work / f"doubling-{side}-{count}.npy"
    if not path.exists():
        drawn = np.stack([draw_array(*described(number), side) for number in range(count)])
        fresh = path.with_suffix(".tmp.npy")
        np.save(fresh, drawn)
        fresh.replace(path)
    return torch.from_numpy(np.load(path)).permute(0, 3, 1, 2)


@torch.no_grad()
def _decoded(vae: AutoencoderKL, large: torch.Tensor) -> torch.Tensor:
    """Half-size pictures as the autoencoder gives them back, uint8."""
    parts = []
    for picture in large:
        small = nnf.avg_pool2d(_levels(picture)[None], 2)
        rebuilt = vae.decode(vae.encode(small).latent_dist.mode()).sample.clamp(-1, 1)
        parts.append(((rebuilt + 1) * 127.5).round().to(torch.uint8))
    return torch.cat(parts)


def _levels(picture: torch.Tensor) -> torch.Tensor:
    return picture.float() / 127.5 - 1


def _reduced(large: torch.Tensor, how: str) -> torch.Tensor:
    if how == "area":
        return nnf.avg_pool2d(large[None], 2)[0]
    small = nnf.interpolate(large[None], scale_factor=0.5, mode=how, antialias=True)
    return small[0].clamp(-1, 1)
