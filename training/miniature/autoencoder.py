"""The autoencoder: AutoencoderKL, trained to keep edges and small marks sharp."""

import logging
import random

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch.nn import functional as nnf

from training.miniature.config import MiniatureConfig
from training.miniature.emphasis import emphasis
from training.miniature.grow import grow
from training.miniature.pictures import Pictures, described

_log = logging.getLogger(__name__)

_EDGES = 1.0
_ANCHOR = 0.5
_SPREAD = 0.1
_NOISE = 0.4  # most noise on a training latent, which has a deviation of about one
_LOG_VARIANCE = -8.0  # what the posterior says of itself: all but certain
_COLOUR_SCALE = 2.0  # pictures deviate by about a half, latents by about one
_WHOLE_EVERY = 3
_CROPS_PER_PICTURE = 3


def new_autoencoder(config: MiniatureConfig) -> AutoencoderKL:
    """Untrained, convolutions only (attention in the middle costs time and adds nothing here)."""
    levels = len(config.vae_channels)
    return AutoencoderKL(
        block_out_channels=config.vae_channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=config.latent_channels,
        norm_num_groups=4,
        sample_size=config.side,
        mid_block_add_attention=False,
        scaling_factor=1.0,
        shift_factor=0.0,
    )


def picture_loss(
    made: torch.Tensor, given: torch.Tensor, counts: torch.Tensor | None = None
) -> torch.Tensor:
    """L1 on pixels, plus L1 on their differences at full and half size: blur costs, contours count.

    Both are of shape (n, 3, side, side), −1 to 1. `counts` (n, 1, side, side), of mean 1, says how
    much each pixel counts.
    """
    if counts is None:
        counts = torch.ones_like(given[:, :1])
    total = ((made - given).abs() * counts).mean()
    for _ in range(2):
        across = (made.diff(dim=3) - given.diff(dim=3)).abs() * counts[:, :, :, 1:]
        down = (made.diff(dim=2) - given.diff(dim=2)).abs() * counts[:, :, 1:]
        total = total + _EDGES * (across.mean() + down.mean()) / 2
        made, given, counts = (nnf.avg_pool2d(each, 2) for each in (made, given, counts))
    return total


def anchor_loss(latents: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Holds the first three latent channels near the mean red, green and blue of their cell.

    The encoder then need not discover colour through the decoder, which takes thousands of steps,
    and the other channels are free for shape. `latents`: (n, channels, w, w); `given`: pictures.
    """
    colour = nnf.adaptive_avg_pool2d(given, latents.shape[-1]) * _COLOUR_SCALE
    return nnf.l1_loss(latents[:, :3].float(), colour)


def crops(pictures: torch.Tensor, step: int, times: int) -> torch.Tensor:
    """`times` crops of half the side from each picture, mostly from the middle, where faces are.

    Backgrounds are flat and easily learned; half-size crops spend the time on features instead.
    """
    rng = random.Random(f"crops {step}")
    side = pictures.shape[-1]
    half, slack = side // 2, side // 2
    out = []
    for _ in range(times):
        for picture in pictures:
            top, left = (
                min(slack, max(0, round(rng.gauss(slack / 2, slack / 5)))) for _ in range(2)
            )
            out.append(picture[:, top : top + half, left : left + half])
    return torch.stack(out).contiguous(memory_format=torch.channels_last)


def with_noise(latents: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture's latents with some noise, from none to `_NOISE`: a decoder used to it forgives.

    A denoiser never ends exactly on a latent that the encoder would give. Where the finest digits
    of a latent carry detail, that remainder shows as smears; noise in training moves all detail
    into what a denoiser can tell. A fixed amount instead of a learned one keeps latents from
    collapsing (sigma-VAE, Sun et al. 2024, arXiv:2412.08635).
    """
    shape = (len(latents), 1, 1, 1)
    amount = torch.rand(shape, generator=generator) * _NOISE
    noise = torch.randn(latents.shape, generator=generator)
    return latents + (amount * noise).to(latents)


def spread_loss(latents: torch.Tensor) -> torch.Tensor:
    """Keeps each channel's mean square at or under one: noise must not be outshouted."""
    excess = latents.float().square().mean(dim=(0, 2, 3)) - 1
    return nnf.relu(excess).square().mean()


class AutoencoderStage:
    """Reconstruction through a noisy latent: whole pictures every third step, crops between.

    Whole pictures are needed as well: group normalisation sees other statistics on them. Pictures
    larger than the config's side are reduced to it: the coarse model learns from the same ones.
    """

    def __init__(
        self, config: MiniatureConfig, pictures: Pictures, device: str, batch: int = 8
    ) -> None:
        self.module = new_autoencoder(config).to(device, memory_format=torch.channels_last)
        self._pictures, self._device, self._batch = pictures, device, batch
        self._reduce = pictures.side // config.side

    def start_from(self, coarse: AutoencoderKL) -> None:
        """Begin with what a coarse autoencoder has learned; see `grow`."""
        grow(coarse, self.module)

    def only_decoder(self, trained: AutoencoderKL) -> None:
        """Go on from a trained autoencoder and leave its latents, and so the UNet, as they are."""
        self.module.load_state_dict(trained.state_dict())
        self.module.encoder.requires_grad_(False)
        self.module.quant_conv.requires_grad_(False)

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """See `picture_loss`, where faces count more; `anchor_loss` and `spread_loss`."""
        if step % 200 == 0:
            self._pictures.refresh()
        numbers = self._pictures.draw_numbers(step, self._batch, "autoencoder")
        weighed = torch.cat([self._pictures.batch(numbers), self._counts(numbers)], dim=1)
        weighed = nnf.avg_pool2d(weighed, self._reduce)
        if step % _WHOLE_EVERY:
            weighed = crops(weighed, step, _CROPS_PER_PICTURE)
        weighed = weighed.to(self._device)
        given, counts = weighed[:, :3], weighed[:, 3:]
        given = given.contiguous(memory_format=torch.channels_last)
        posterior = self.module.encode(given).latent_dist
        noisy = with_noise(posterior.mean, torch.Generator().manual_seed(step))
        made = self.module.decode(noisy).sample.float()
        pixels = (made.detach() - given).abs().mean()
        anchor, spread = anchor_loss(posterior.mean, given), spread_loss(posterior.mean)
        certain = (posterior.logvar.float() - _LOG_VARIANCE).square().mean()
        shown = picture_loss(made, given, counts)
        total = shown + _ANCHOR * anchor + _SPREAD * spread + 1e-4 * certain
        return total, {
            "l1": round(float(pixels) / 2, 5),
            "anchor": round(float(anchor.detach()), 4),
            "spread": round(float(spread.detach()), 4),
        }

    def _counts(self, numbers: NDArray[np.int64]) -> torch.Tensor:
        """How much each pixel counts, shape (n, 1, side, side)."""
        side = self._pictures.side
        counts = [emphasis(described(number)[1], side) for number in numbers.tolist()]
        return torch.from_numpy(np.stack(counts))[:, None]


@torch.no_grad()
def fix_scale(module: AutoencoderKL, pictures: Pictures, device: str) -> None:
    """Set the scaling so that latents have a deviation of 1, measured on a thousand pictures."""
    means = []
    for step in range(16):
        given = pictures.batch(pictures.draw_numbers(step, 64, "scale")).to(device)
        means.append(module.encode(given).latent_dist.mean.float().cpu())
    latents = torch.cat(means)
    module.register_to_config(scaling_factor=float(1 / latents.std()), shift_factor=0.0)
    _log.info("latent deviation %.3f, mean %.3f", float(latents.std()), float(latents.mean()))
