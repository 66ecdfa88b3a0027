"""One training run from photos to adapter: the phases in order."""

import hashlib
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from contract.document import Scalar
from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters, Phase
from training import checkpoint
from training.base import Base, load_base
from training.captions import class_caption, subject_captions
from training.conditioning import Conditioning, encode
from training.errors import Interrupted, TrainingError
from training.evaluation import fixed_loss, movement
from training.latents import LatentCache, cache_latents
from training.loop import Loop, Prior
from training.lora import adapter_tensors, inject
from training.photos import Photo, as_pixels, load_photos
from training.prior import class_latents
from training.progress import ProgressFile
from training.publish import publish
from training.settings import Folders
from training.subject_token import LearnedToken, learned_tokens

_log = logging.getLogger(__name__)


@dataclass
class _Clock:
    """Time spent in training steps by this process."""

    begun: float = field(default_factory=time.monotonic)
    steps: int = 0

    def seconds_per_step(self) -> float | None:
        return round((time.monotonic() - self.begun) / self.steps, 5) if self.steps else None


def run(settings: Hyperparameters, folders: Folders, stop: Callable[[], bool]) -> None:
    """Train and publish. Raises TrainingError, or Interrupted once `stop` says so."""

    def pause() -> None:
        if stop():
            raise Interrupted

    progress = ProgressFile(folders.checkpoints, settings.max_steps)
    progress.phase(Phase.LOADING)
    photos = load_photos(folders.photos)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = load_base(folders.model, settings.base_model_id, settings.precision, device)
    _log.info(
        "event=loaded training_id=%s photos=%d base=%s device=%s",
        settings.training_id,
        len(photos),
        base.description.id,
        device.type,
    )
    pause()

    progress.phase(Phase.CACHING)
    pixels = as_pixels(photos, settings.resolution)
    latents = cache_latents(base.vae, pixels, mirror=settings.mirror)
    tokens = learned_tokens(base, settings.token, settings.class_noun, settings.token_vectors)
    captions = subject_captions(settings.kind, settings.token, settings.class_noun)
    with torch.no_grad():
        plain = encode(base, tokens, [class_caption(settings.kind, settings.class_noun), ""])
    prior = _prior(settings, base, latents, plain, pause)
    lora = inject(base, settings.rank, settings.seed)
    if settings.gradient_checkpointing:
        base.denoiser.enable_gradient_checkpointing()
        base.denoiser.train()
    loop = Loop(settings, base, latents, captions, tokens, lora, prior)
    loss_first = _resume_or_begin(settings, folders, base, photos, latents, captions, tokens, loop)
    resumed_at = loop.step
    pause()

    clock = _Clock()

    def keep() -> None:
        state = loop.state()
        state["fingerprint"] = _fingerprint(settings, base, photos)
        state["loss_first"] = loss_first
        checkpoint.save(folders.checkpoints, loop.step, state)
        _log.info("event=checkpoint training_id=%s step=%d", settings.training_id, loop.step)

    def after(_: Loop) -> None:
        clock.steps += 1
        progress.step(loop.step, loop.loss)
        if loop.step % settings.checkpoint_every == 0 or loop.step == settings.max_steps:
            keep()
            _log.info(
                "event=step training_id=%s step=%d loss=%.5f",
                settings.training_id,
                loop.step,
                loop.loss or 0.0,
            )

    if not loop.run(stop, after):
        keep()
        raise Interrupted
    seconds_per_step = clock.seconds_per_step()

    progress.phase(Phase.EVALUATING)
    base.denoiser.eval()
    with torch.no_grad():
        told = encode(base, tokens, captions[:1])
    loss_last = fixed_loss(base, latents, told, settings.resolution)
    if not math.isfinite(loss_last):
        raise TrainingError(FailureCode.LOSS_NOT_FINITE, "The training diverged at its end.")
    moved = movement(base, pixels, plain.rows([0]), told, plain.rows([1]), settings, pause)
    metrics: dict[str, Scalar] = {
        "loss_first": loss_first,
        "loss_last": loss_last,
        "distance_base": moved.base,
        "distance_tuned": moved.tuned,
        "movement": moved.share,
        "photos": len(photos),
        "steps": loop.step,
        "resumed_at_step": resumed_at,
        "seconds_per_step": seconds_per_step,
    }

    progress.phase(Phase.PUBLISHING)
    tensors = adapter_tensors(base)
    tensors |= {key: token.vectors.detach().float().cpu() for key, token in tokens.items()}
    manifest = publish(folders.artifacts, tensors, base.description, settings, metrics)
    _log.info(
        "event=published training_id=%s size_bytes=%d loss_first=%.4f loss_last=%.4f movement=%.3f",
        settings.training_id,
        manifest.size_bytes,
        loss_first,
        loss_last,
        moved.share,
    )


def _prior(
    settings: Hyperparameters,
    base: Base,
    latents: LatentCache,
    plain: Conditioning,
    pause: Callable[[], None],
) -> Prior | None:
    if not settings.prior_preservation:
        return None
    caption = plain.rows([0])
    shape = latents.mean.shape[2:]
    imagined = class_latents(base, caption, shape, settings.resolution, settings.seed, pause)
    return Prior(imagined, caption)


def _resume_or_begin(
    settings: Hyperparameters,
    folders: Folders,
    base: Base,
    photos: list[Photo],
    latents: LatentCache,
    captions: list[str],
    tokens: dict[str, LearnedToken],
    loop: Loop,
) -> float:
    """Take up the newest checkpoint, if there is one. Returns the loss before the first step."""
    state = checkpoint.newest(folders.checkpoints, _fingerprint(settings, base, photos))
    if state is not None:
        loop.restore(state)
        _log.info("event=resumed training_id=%s step=%d", settings.training_id, loop.step)
        return float(state["loss_first"])
    with torch.no_grad():
        told = encode(base, tokens, captions[:1])
    return fixed_loss(base, latents, told, settings.resolution)


def _fingerprint(settings: Hyperparameters, base: Base, photos: list[Photo]) -> str:
    """Tells runs apart: settings, base weights and the photos' pixels."""
    digest = hashlib.sha256(repr(sorted(settings.to_strings().items())).encode())
    digest.update(base.description.hash.encode())
    for photo in photos:
        digest.update(photo.name.encode() + photo.image.tobytes())
    return digest.hexdigest()
