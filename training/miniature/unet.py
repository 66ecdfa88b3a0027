"""The denoiser: a UNet on latents, conditioned on the text encoder's tokens, predicting v.

Both learn together: words for what only pictures show (how a beanie differs from a cap) get their
meaning here.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from training.miniature.config import MiniatureConfig
from training.miniature.emphasis import emphasis
from training.miniature.fit import channels_last
from training.miniature.pictures import Pictures, described
from training.miniature.text import TraitHeads, told, trait_labels

_NO_CAPTION = 0.1  # share of pictures trained without words, for classifier-free guidance
_SHAPING = (60, 650)  # time steps, of 1,000: log SNR 2.7 to -3.1
_NAMING = 0.02  # weight of naming traits, so that the caption's last token goes on to sum it up

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


def draw_times(count: int, generator: torch.Generator) -> torch.Tensor:
    """Time steps of one batch, int64 (count,), half of them where features take shape.

    Near pure noise nothing but the mean can be learned, near none there is nothing left to find:
    both ends are drawn less often (as Stable Diffusion 3 does, arXiv 2403.03206, section 3.1). One
    comes from each equal part of the whole: the batch's loss varies less.
    """
    even = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    first, last = _SHAPING
    # Quantiles of the even mixture of all steps and the shaping ones.
    steps = torch.arange(1000)
    density = 0.5 / 1000 + 0.5 * ((steps >= first) & (steps < last)) / (last - first)
    times = torch.searchsorted(density.cumsum(0), even).clamp(0, 999)
    return times[torch.randperm(count, generator=generator)]


class UNetStage:
    """Denoising of cached latents under varied captions of their pictures.

    Once words have their meaning, `learn_words` False saves a quarter of each step. `compiled`
    saves a sixth on a CPU, after four minutes: for hours, not for trials.
    """

    def __init__(
        self,
        config: MiniatureConfig,
        latents: NDArray[np.float16],
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        device: str,
        batch: int = 32,
        *,
        learn_words: bool = True,
        compiled: bool = False,
    ) -> None:
        self._learn_words = learn_words
        self._unet = new_unet(config)
        if torch.device(device).type == "cpu":
            # The fused kernel's backward pass in bfloat16 is the slower one on CPUs.
            self._unet.set_attn_processor(AttnProcessor())
        self._text, self._heads = text_encoder, TraitHeads(config.text_width)
        parts = {"unet": self._unet, "text_encoder": self._text, "text_heads": self._heads}
        self.module: nn.Module = channels_last(nn.ModuleDict(parts).to(device))
        if compiled:
            self._unet.compile()
        self._latents, self._device, self._batch = latents, device, batch
        self._tokenizer = tokenizer
        self._noise = DDPMScheduler(**NOISE)

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """Squared error of v, faces before all else, and a little naming of traits."""
        generator = torch.Generator().manual_seed(step)
        numbers = torch.randint(0, len(self._latents), (self._batch,), generator=generator).numpy()
        numbers = np.sort(numbers)
        clean = torch.from_numpy(self._latents[numbers].astype(np.float32))
        words, said = told(numbers.tolist(), step)
        silent = (torch.rand(self._batch, generator=generator) < _NO_CAPTION).tolist()
        words = ["" if gone else text for text, gone in zip(words, silent, strict=True)]
        said = [{} if gone else named for named, gone in zip(said, silent, strict=True)]
        noise = torch.randn(clean.shape, generator=generator)
        times = draw_times(self._batch, generator)
        noisy = self._noise.add_noise(clean, noise, times)
        target = self._noise.get_velocity(clean, noise, times).to(self._device)
        ids = self._tokenizer(
            words, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids.to(self._device)
        with torch.set_grad_enabled(self._learn_words):
            text = self._text(input_ids=ids)
            naming, right = self._heads.loss(text.pooler_output, trait_labels(said, self._device))
        noisy = noisy.to(self._device, memory_format=torch.channels_last)
        made = self._unet(noisy, times.to(self._device), text.last_hidden_state).sample.float()
        counts = np.stack([emphasis(described(n)[1], clean.shape[-1]) for n in numbers.tolist()])
        squared = (made - target).square().mean(1)
        error = (squared * torch.from_numpy(counts).to(self._device)).mean()
        plain = float(squared.detach().mean())
        numbers_out = {"error": round(plain, 5), "right": round(right, 4)}
        return error + _NAMING * naming, numbers_out
