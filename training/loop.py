"""The training loop: one step after the other, deterministic by seed, resumable bit by bit."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters
from training.average import Average
from training.base import Base
from training.checkpoint import State
from training.conditioning import Conditioning, encode, predict
from training.errors import TrainingError
from training.flat import Flat
from training.latents import LatentCache
from training.loss import weighted_loss
from training.optimizer import optimizer_for
from training.subject_token import LearnedToken

_NO_CAPTION = ""
_SMOOTHING = 0.95
_MAX_GRADIENT_NORM = 1.0
_LAST_RATE = 0.1  # share of the learning rate that the cosine ends at


@dataclass(frozen=True)
class Prior:
    """The class to be preserved: latents and what they are called."""

    latents: torch.Tensor
    caption: Conditioning


@dataclass(frozen=True)
class Draws:
    """One batch's random choices, all from one CPU generator: the same on every device."""

    views: torch.Tensor
    photos: torch.Tensor
    captions: list[int]
    posterior: torch.Tensor
    noise: torch.Tensor
    times: torch.Tensor
    members: torch.Tensor


class Loop:
    """What changes while training: LoRA, learned tokens, their mean, optimizer, generator, step."""

    def __init__(
        self,
        settings: Hyperparameters,
        base: Base,
        latents: LatentCache,
        captions: list[str],
        tokens: dict[str, LearnedToken],
        lora: list[torch.nn.Parameter],
        prior: Prior | None,
    ) -> None:
        self._settings = settings
        self._base = base
        self._latents = latents
        self._captions = [*captions, _NO_CAPTION]
        self._tokens = tokens
        self._prior = prior
        self._lora = Flat(lora)
        self._vectors = Flat([token.vectors for token in tokens.values()])
        self._trained = [self._lora.whole, self._vectors.whole]
        self._token_steps = math.ceil(settings.max_steps * settings.token_fraction)
        self._cached: Conditioning | None = None
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._rates = [
            settings.learning_rate * factor
            for factor in (settings.lora_rate_factor, settings.token_rate_factor)
        ]
        self._optimizer = optimizer_for(
            settings.optimizer,
            [
                {"params": [self._lora.whole], "lr": self._rates[0], "weight_decay": 1e-2},
                {"params": [self._vectors.whole], "lr": self._rates[1], "weight_decay": 0.0},
            ],
            base.device,
        )
        self._average = Average(self._trained, settings.ema_decay)
        self.step = 0
        self.loss: float | None = None

    def run(self, pause: Callable[[], None], after: Callable[[], None]) -> None:
        """Train to the last step; `pause` is called before each, `after` after each."""
        while self.step < self._settings.max_steps:
            pause()
            loss = self._train_step()
            self.loss = loss if self.loss is None else self._smoothed(loss)
            self._average.update(self.step)
            self.step += 1
            after()

    def averaged(self) -> AbstractContextManager[None]:
        """Within, the model has the mean weights: what is measured, and published."""
        return self._average.laid_over()

    def weights(self) -> list[torch.Tensor]:
        """A copy of what is trained, as it is now."""
        return [whole.detach().cpu().clone() for whole in self._trained]

    @torch.no_grad()
    def take(self, weights: list[torch.Tensor]) -> None:
        """Put back what `weights` gave: the end of training."""
        for whole, saved in zip(self._trained, weights, strict=True):
            whole.copy_(saved)

    def state(self) -> State:
        """All that is needed to go on, as plain tensors and numbers."""
        return {
            "step": self.step,
            "loss": self.loss,
            "trained": [whole.detach().cpu() for whole in self._trained],
            "average": self._average.state(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
        }

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """Take up a state that `state` gave."""
        self.take(state["trained"])
        self._average.restore(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])
        self.step, self.loss = state["step"], state["loss"]

    def _smoothed(self, loss: float) -> float:
        return _SMOOTHING * (self.loss or 0.0) + (1 - _SMOOTHING) * loss

    def _draw(self) -> Draws:
        cache, count, rng = self._latents, self._settings.batch_size, self._generator
        shape = (count, *cache.mean.shape[2:])
        members = 0 if self._prior is None else count
        captions = torch.randint(len(self._captions) - 1, (count,), generator=rng)
        dropped = torch.rand(count, generator=rng) < self._settings.caption_dropout
        return Draws(
            views=torch.randint(cache.views, (count,), generator=rng),
            photos=torch.randint(cache.photos, (count,), generator=rng),
            captions=captions.masked_fill(dropped, len(self._captions) - 1).tolist(),
            posterior=torch.randn(shape, generator=rng),
            noise=torch.randn((count + members, *shape[1:]), generator=rng),
            times=self._base.noise.drawn(count + members, rng),
            members=torch.randint(
                1 if self._prior is None else len(self._prior.latents), (members,), generator=rng
            ),
        )

    def _told(self, chosen: list[int]) -> Conditioning:
        """The captions' embeddings: with gradients while the token learns, then from the cache."""
        if self.step < self._token_steps:
            distinct = sorted(set(chosen))
            told = encode(self._base, self._tokens, [self._captions[i] for i in distinct])
            return told.rows([distinct.index(i) for i in chosen])
        if self._cached is None:
            with torch.no_grad():
                self._cached = encode(self._base, self._tokens, self._captions)
        return self._cached.rows(chosen)

    def _train_step(self) -> float:
        settings, base, drawn = self._settings, self._base, self._draw()
        device = base.device
        latents = self._latents.drawn(drawn.views, drawn.photos, drawn.posterior.to(device))
        told = self._told(drawn.captions)
        if self._prior is not None:
            latents = torch.cat([latents, self._prior.latents[drawn.members]])
            told = Conditioning.joined([told, self._prior.caption.rows([0] * len(drawn.members))])
        noise, times = drawn.noise.to(device), drawn.times.to(device)
        noisy = base.noise.noised(latents, noise, times)
        predicted = predict(base, noisy, times, told, settings.resolution)
        wanted = base.noise.target(latents, noise, times)
        weights = base.noise.weights(times, settings.min_snr_gamma)
        own = settings.batch_size
        places = self._latents.weights_of(drawn.views, drawn.photos)
        loss = weighted_loss(predicted[:own], wanted[:own], weights[:own], places)
        if self._prior is not None:
            loss = loss + settings.prior_loss_weight * weighted_loss(
                predicted[own:], wanted[own:], weights[own:]
            )
        return self._descend(loss)

    def _descend(self, loss: torch.Tensor) -> float:
        self._lora.expect(learning=True)
        self._vectors.expect(learning=self.step < self._token_steps)
        loss.backward()  # type: ignore[no-untyped-call]
        value = loss.item()  # here the GPU is waited for, with all of its work queued
        if not math.isfinite(value):
            raise TrainingError(
                FailureCode.LOSS_NOT_FINITE,
                f"The training diverged at step {self.step}: a lower learning rate may help.",
            )
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self._decay()
        torch.nn.utils.clip_grad_norm_(self._trained, _MAX_GRADIENT_NORM)
        self._optimizer.step()
        return value

    def _decay(self) -> float:
        """A cosine from 1 down to a tenth: the last steps settle instead of wandering."""
        wave = 0.5 * (1 + math.cos(math.pi * self.step / self._settings.max_steps))
        return _LAST_RATE + (1 - _LAST_RATE) * wave
