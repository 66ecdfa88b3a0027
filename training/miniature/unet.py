"""The denoiser: a UNet on latents, conditioned on the text encoder's tokens, predicting v."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from torch.nn import functional as nnf
from transformers import CLIPTextModel, CLIPTokenizer

from training.miniature.config import MiniatureConfig
from training.miniature.pictures import Pictures, caption_of

_NO_CAPTION = 0.1  # share of pictures trained without words, for classifier-free guidance

NOISE = {
    "beta_start": 0.00085,
    "beta_end": 0.02,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "steps_offset": 1,
    "clip_sample": False,
    "num_train_timesteps": 1000,
}
"""Stable Diffusion's schedule with more noise at its end (SNR 1:4,000, not 1:212).

On small latents the mean colour would otherwise leak, and samplers would start from noise that
training never saw. `clip_sample` is for pixels and ruins latents.
"""


def new_unet(config: MiniatureConfig) -> UNet2DConditionModel:
    """Untrained. As in SDXL the finest level has no attention: it would cost half of the time."""
    levels = len(config.unet_channels)
    return UNet2DConditionModel(
        sample_size=config.latent_side,
        in_channels=config.latent_channels,
        out_channels=config.latent_channels,
        block_out_channels=config.unet_channels,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (levels - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (levels - 1) + ("UpBlock2D",),
        layers_per_block=1,
        cross_attention_dim=config.text_width,
        attention_head_dim=config.unet_heads,
        norm_num_groups=16,
        use_linear_projection=True,
    )


@torch.no_grad()
def cache_latents(
    vae: AutoencoderKL, pictures: Pictures, count: int, path: Path, device: str
) -> None:
    """Encode the first `count` pictures: float16, (n, channels, side, side), of deviation 1."""
    count = min(count, len(pictures))
    vae = vae.to(device, memory_format=torch.channels_last).eval()
    parts = []
    for start in range(0, count, 100):
        given = pictures.batch(np.arange(start, min(start + 100, count))).to(
            device, memory_format=torch.channels_last
        )
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            mean = vae.encode(given).latent_dist.mean
        parts.append((mean.float() * vae.config.scaling_factor).half().cpu().numpy())
    fresh = path.with_suffix(".tmp.npy")
    np.save(fresh, np.concatenate(parts))
    fresh.replace(path)


class UNetStage:
    """Denoising of cached latents under varied captions of their pictures."""

    def __init__(
        self,
        config: MiniatureConfig,
        latents: NDArray[np.float16],
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        device: str,
        batch: int = 32,
    ) -> None:
        self.module = new_unet(config).to(device, memory_format=torch.channels_last)
        if torch.device(device).type == "cpu":
            # The fused kernel's backward pass in bfloat16 is the slower one on CPUs.
            self.module.set_attn_processor(AttnProcessor())
        self._latents, self._device, self._batch = latents, device, batch
        self._text, self._tokenizer = (
            text_encoder.to(device).eval().requires_grad_(False),
            tokenizer,
        )
        self._noise = DDPMScheduler(**NOISE)

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """Mean squared error of v at uniformly drawn time steps."""
        generator = torch.Generator().manual_seed(step)
        numbers = torch.randint(0, len(self._latents), (self._batch,), generator=generator).numpy()
        clean = torch.from_numpy(self._latents[np.sort(numbers)].astype(np.float32))
        drop = torch.rand(self._batch, generator=generator) < _NO_CAPTION
        words = [
            "" if gone else caption_of(int(n), step).text
            for n, gone in zip(np.sort(numbers), drop, strict=True)
        ]
        noise = torch.randn(clean.shape, generator=generator)
        # One time step from each equal part of the schedule: the batch's loss varies less.
        times = (
            torch.arange(self._batch) + torch.rand(self._batch, generator=generator)
        ) / self._batch
        times = (
            (times * 1000).long().clamp(0, 999)[torch.randperm(self._batch, generator=generator)]
        )
        noisy = self._noise.add_noise(clean, noise, times)
        target = self._noise.get_velocity(clean, noise, times).to(self._device)
        with torch.no_grad():
            states = self._encode(words)
        noisy = noisy.to(self._device, memory_format=torch.channels_last)
        made = self.module(noisy, times.to(self._device), states).sample.float()
        return nnf.mse_loss(made, target), {}

    def _encode(self, words: list[str]) -> torch.Tensor:
        ids = self._tokenizer(
            words, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids.to(self._device)
        states: torch.Tensor = self._text(input_ids=ids).last_hidden_state
        return states
