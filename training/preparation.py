"""What a run works with, made before its first step: photos, base, caches, loop, evaluation."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch

from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters, Phase, Precision
from training.base import Base, load_base
from training.captions import class_caption, measured_prompts, subject_captions
from training.choosing import Chooser, plan
from training.conditioning import Conditioning, encode
from training.encoders import Encoder, encoder_for
from training.errors import TrainingError
from training.evaluation import Evaluation, fixed_loss
from training.latents import LatentCache, cache_latents
from training.loop import Loop, Prior
from training.lora import inject
from training.photos import Photo, as_pixels, load_photos, split, views_of, without_faces
from training.prior import class_images_key, class_latents
from training.progress import ProgressFile
from training.settings import Folders
from training.subject_token import LearnedToken, learned_tokens

_log = logging.getLogger(__name__)
# From Ampere on, bf16 is computed and not emulated.
_BF16_CAPABILITY = (8, 0)


@dataclass
class Painter:
    """The model in training as the chooser sees it (choosing.Subject)."""

    base: Base
    tokens: dict[str, LearnedToken]
    prompts: list[tuple[str, str]]
    plain: Conditioning
    evaluation: Evaluation
    loop: Loop

    @property
    def step(self) -> int:
        """How many steps it has learned."""
        return self.loop.step

    def base_pictures(self) -> torch.Tensor:
        """What the untuned base draws."""
        self.base.denoiser.disable_adapters()
        try:
            with torch.no_grad():
                told = encode(self.base, self.tokens, [of_class for _, of_class in self.prompts])
            return self._drawn(told)
        finally:
            self.base.denoiser.enable_adapters()

    def pictures(self) -> torch.Tensor:
        """What the mean weights draw."""
        with self.loop.averaged(), torch.no_grad():
            told = encode(self.base, self.tokens, [of_subject for of_subject, _ in self.prompts])
            return self._drawn(told)

    def weights(self) -> list[torch.Tensor]:
        """The mean weights."""
        with self.loop.averaged():
            return self.loop.weights()

    def _drawn(self, told: Conditioning) -> torch.Tensor:
        training = self.base.denoiser.training
        self.base.denoiser.eval()
        try:
            return self.evaluation.pictures(told, self.plain.rows([1]))
        finally:
            self.base.denoiser.train(training)


@dataclass
class Preparation:
    """Everything, ready for the first step. `fingerprint` tells runs apart."""

    base: Base
    photos: int
    held_out: int
    latents: LatentCache
    tokens: dict[str, LearnedToken]
    captions: list[str]
    encoder: Encoder
    loop: Loop
    chooser: Chooser
    fingerprint: str
    side: int

    def fixed_loss(self) -> float:
        """The loss on noise that never changes, of the weights as they are."""
        with torch.no_grad():
            told = encode(self.base, self.tokens, self.captions[:1])
        return fixed_loss(self.base, self.latents, told, self.side)


def prepare(
    settings: Hyperparameters,
    folders: Folders,
    progress: ProgressFile,
    pause: Callable[[], None],
) -> Preparation:
    """Load, check, cache. Raises TrainingError."""
    progress.phase(Phase.LOADING)
    photos = load_photos(folders.photos)
    if not settings.align_faces:
        photos = without_faces(photos)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = resolved(settings.precision, device)
    base = load_base(folders.model, settings.base_model_id, precision, device)
    if settings.adapt_convolutions and not base.architecture.convolutions:
        raise TrainingError(
            FailureCode.HYPERPARAMETERS_INVALID,
            "This base model has no convolutions that could be adapted.",
        )
    encoder = encoder_for(folders.model, base)
    _log.info(
        "event=loaded training_id=%s photos=%d base=%s device=%s precision=%s measure=%s",
        settings.training_id,
        len(photos),
        base.description.id,
        device.type,
        precision,
        encoder.name,
    )
    pause()

    progress.phase(Phase.CACHING)
    side = settings.resolution
    learned, held_out = split(photos, settings.seed) if settings.hold_out else (photos, [])
    views = views_of(learned, side, close=settings.close_crops, mirror=settings.mirror)
    latents = cache_latents(base.vae, views, mask_strength=settings.subject_mask)
    tokens = learned_tokens(base, settings.token, settings.class_noun, settings.token_vectors)
    captions = subject_captions(settings.kind, settings.token, settings.class_noun)
    with torch.no_grad():
        plain = encode(base, tokens, [class_caption(settings.kind, settings.class_noun), ""])
    prior = _prior(settings, folders, base, latents, plain, pause)
    lora = inject(base, settings.rank, settings.seed, convolutions=settings.adapt_convolutions)
    if settings.gradient_checkpointing:
        base.denoiser.enable_gradient_checkpointing()
        base.denoiser.train()
    loop = Loop(settings, base, latents, captions, tokens, lora, prior)

    planned = plan(settings)
    prompts = measured_prompts(settings.kind, settings.token, settings.class_noun, planned.pictures)
    words = [of_class for _, of_class in prompts]
    evaluation = Evaluation(base, encoder, views[0], as_pixels(held_out, side), words, pause)
    painter = Painter(base, tokens, prompts, plain, evaluation, loop)
    pause()
    return Preparation(
        base=base,
        photos=len(photos),
        held_out=len(held_out),
        latents=latents,
        tokens=tokens,
        captions=captions,
        encoder=encoder,
        loop=loop,
        chooser=Chooser(planned, evaluation, painter),
        fingerprint=_fingerprint(settings, base, photos),
        side=side,
    )


def resolved(precision: Precision, device: torch.device) -> Precision:
    """What `auto` means here."""
    if precision is not Precision.AUTO:
        return precision
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= _BF16_CAPABILITY:
        return Precision.BF16
    return Precision.FP32


def _prior(
    settings: Hyperparameters,
    folders: Folders,
    base: Base,
    latents: LatentCache,
    plain: Conditioning,
    pause: Callable[[], None],
) -> Prior | None:
    if not settings.prior_preservation:
        return None
    caption = plain.rows([0])
    key = class_images_key(base, class_caption(settings.kind, settings.class_noun), settings)
    places = (folders.checkpoints, folders.prior)
    shape = latents.mean.shape[2:]
    return Prior(class_latents(base, caption, key, shape, settings, places, pause), caption)


def _fingerprint(settings: Hyperparameters, base: Base, photos: list[Photo]) -> str:
    """Settings, base weights and the photos' pixels."""
    digest = hashlib.sha256(repr(sorted(settings.to_strings().items())).encode())
    digest.update(base.description.hash.encode())
    for photo in photos:
        digest.update(photo.name.encode() + photo.image.tobytes())
    return digest.hexdigest()
