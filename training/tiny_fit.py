"""Fitting the tiny base model on the drawn world, so that frozen it is worth fine-tuning.

With random weights a UNet's attention has nothing to steer: no adapter could move its pictures.
Some hundred steps on drawings are enough for words to mean colours and layouts.
"""

import logging
import random

import numpy as np
import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch.nn import functional as nnf
from transformers import CLIPTokenizer

from contract.base_model import Family
from training.tiny_models import TinyModels
from training.tiny_world import SIDE, Drawing, draw, texture

_log = logging.getLogger(__name__)
_PICTURES = 3000
_EMPTY_CAPTIONS = 0.12  # classifier-free guidance needs the model without words too
_MAX_WEIGHT = 20.0
_REPORT_EVERY = 100


def fit(
    models: TinyModels, tokenizer: CLIPTokenizer, seed: int, vae_steps: int, steps: int
) -> None:
    """Fit the autoencoder, then denoiser and text encoders together. In place, fp32, on the CPU."""
    rng = random.Random(seed)
    drawings = [draw(rng) for _ in range(min(_PICTURES, 40 * (vae_steps + steps)))]
    fit_autoencoder(models, drawings, rng, vae_steps)
    fit_denoiser(models, tokenizer, drawings, seed, steps)


def pixels(images: list[Image.Image]) -> torch.Tensor:
    """RGB images as (n, 3, side, side) float32 in −1…1."""
    stacked = np.stack([np.asarray(image, np.float32) for image in images])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2) / 127.5 - 1


def fit_autoencoder(
    models: TinyModels, drawings: list[Drawing], rng: random.Random, steps: int
) -> None:
    """L1 reconstruction with a slight pull to unit variance; sets `scaling_factor` as measured."""
    vae = models.vae
    pictures = pixels(
        [d.image for d in drawings] + [texture(rng) for _ in range(len(drawings) // 5)]
    )
    optimizer, schedule = _optimizer(list(vae.parameters()), 2e-3, steps)
    chooser = torch.Generator().manual_seed(rng.getrandbits(32))
    vae.train()
    for step in range(steps):
        chosen = pictures[torch.randint(len(pictures), (8,), generator=chooser)]
        posterior = vae.encode(chosen).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=chooser)
        decoded = vae.decode(posterior.mean + posterior.std * noise).sample
        loss = nnf.l1_loss(decoded, chosen) + 1e-4 * posterior.kl().mean() / SIDE
        # Group normalisation makes areas' mean colours slow to learn; they matter most.
        loss = loss + nnf.l1_loss(nnf.avg_pool2d(decoded, 8), nnf.avg_pool2d(chosen, 8))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % _REPORT_EVERY == 0:
            _log.info("autoencoder step %d of %d: loss %.4f", step, steps, loss.item())
    vae.eval()
    with torch.no_grad():
        latents = vae.encode(pictures[:256]).latent_dist.mean
    vae.register_to_config(scaling_factor=round(1.0 / max(latents.std().item(), 1e-3), 5))


def fit_denoiser(
    models: TinyModels, tokenizer: CLIPTokenizer, drawings: list[Drawing], seed: int, steps: int
) -> None:
    """Plain diffusion training of UNet and text encoders on captions."""
    vae, unet, scheduler = models.vae, models.unet, models.scheduler
    encoders = [e for e in (models.text_encoder, models.text_encoder_2) if e is not None]
    with torch.no_grad():
        latents = torch.cat(
            [
                vae.encode(pixels([d.image for d in drawings[i : i + 100]])).latent_dist.mean
                for i in range(0, len(drawings), 100)
            ]
        )
    latents = latents * vae.config.scaling_factor
    ids = _ids(tokenizer, [d.caption for d in drawings])
    empty = _ids(tokenizer, [""])
    trained = [p for model in (unet, *encoders) for p in model.parameters()]
    optimizer, schedule = _optimizer(trained, 2e-3, steps)
    chooser = torch.Generator().manual_seed(seed + 1)
    for model in (unet, *encoders):
        model.train()
    for step in range(steps):
        chosen = torch.randint(len(latents), (16,), generator=chooser)
        words = ids[chosen].clone()
        words[torch.rand(len(words), generator=chooser) < _EMPTY_CAPTIONS] = empty
        noise = torch.randn(latents[chosen].shape, generator=chooser)
        times = torch.randint(1000, (len(chosen),), generator=chooser)
        noisy = scheduler.add_noise(latents[chosen], noise, times)
        hidden, extra = _text(models, words)
        predicted = unet(noisy, times, hidden, added_cond_kwargs=extra).sample
        loss = _loss(scheduler, predicted, noise, times)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        if step % _REPORT_EVERY == 0:
            _log.info("denoiser step %d of %d: loss %.4f", step, steps, loss.item())
    for model in (unet, *encoders):
        model.eval()


def _loss(
    scheduler: DDIMScheduler,
    predicted: torch.Tensor,
    noise: torch.Tensor,
    times: torch.Tensor,
) -> torch.Tensor:
    """Mean square error of the noise, weighted nearly as if the velocity had been predicted.

    Unweighted, noise prediction hardly learns from very noisy pictures, where colours are decided.
    """
    kept = scheduler.alphas_cumprod[times]
    weights = (1 / kept).clamp(max=_MAX_WEIGHT)
    loss: torch.Tensor = ((predicted - noise).square().mean((1, 2, 3)) * weights).mean()
    return loss


def _optimizer(
    trained: list[torch.nn.Parameter], rate: float, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=1e-4)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=max(steps, 100), pct_start=0.1
    )


def _ids(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    encoded = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
    ids: torch.Tensor = encoded.input_ids
    return ids


def _text(models: TinyModels, ids: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Conditioning as the family's pipeline computes it."""
    if models.family is Family.SD or models.text_encoder_2 is None:
        return models.text_encoder(ids).last_hidden_state, {}
    first = models.text_encoder(ids, output_hidden_states=True)
    second = models.text_encoder_2(ids, output_hidden_states=True)
    hidden = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
    sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]] * len(ids), dtype=torch.float32)
    return hidden, {"text_embeds": second.text_embeds, "time_ids": sizes}
