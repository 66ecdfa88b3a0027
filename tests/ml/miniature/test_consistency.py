"""The arithmetic of distillation, against what diffusers samples with."""

import pytest
import torch
from diffusers import DDIMScheduler, LCMScheduler

from training.miniature.consistency import Consistency, pseudo_huber
from training.miniature.few_step import LEAPS
from training.miniature.unet import NOISE


@pytest.fixture
def scheduler() -> LCMScheduler:
    return LCMScheduler.from_config(DDIMScheduler(**NOISE).config, original_inference_steps=LEAPS)


@pytest.fixture
def drawn() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(5, 4, 8, 8, generator=rng) for _ in range(2))
    return clean, noise


def test_every_time_that_is_sampled_was_learned(scheduler: LCMScheduler) -> None:
    learned = set(Consistency(scheduler).times.tolist())
    for steps in (1, 2, 4, 8):
        scheduler.set_timesteps(steps)
        assert set(scheduler.timesteps.tolist()) <= learned


def test_with_the_true_velocity_a_leap_stays_on_the_way_and_the_answer_is_the_picture(
    scheduler: LCMScheduler, drawn: tuple[torch.Tensor, torch.Tensor]
) -> None:
    way, (clean, noise) = Consistency(scheduler), drawn
    times = way.times[[0, 1, 5, 10, -1]]
    velocity = DDIMScheduler(**NOISE).get_velocity(clean, noise, times)
    point = way.noised(clean, noise, times)
    landed = way.leap(point, velocity)
    assert landed.times.tolist() == [max(0, time - 1000 // LEAPS) for time in times.tolist()]
    expected = way.noised(clean, noise, landed.times).latents
    torch.testing.assert_close(landed.latents, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(way.answer(point, velocity), clean, rtol=1e-3, atol=1e-2)


def test_at_time_0_nothing_that_is_predicted_counts(
    scheduler: LCMScheduler, drawn: tuple[torch.Tensor, torch.Tensor]
) -> None:
    way, (clean, noise) = Consistency(scheduler), drawn
    point = way.noised(clean, noise, torch.zeros(5, dtype=torch.long))
    assert torch.equal(way.answer(point, torch.full_like(clean, 9.0)), point.latents)


def test_the_answer_is_what_the_sampler_takes_for_the_picture(
    scheduler: LCMScheduler, drawn: tuple[torch.Tensor, torch.Tensor]
) -> None:
    way, (clean, noise) = Consistency(scheduler), drawn
    scheduler.set_timesteps(4)
    point = way.noised(clean, noise, scheduler.timesteps[:1].expand(5))
    guess = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    denoised = scheduler.step(guess, scheduler.timesteps[0], point.latents).denoised
    torch.testing.assert_close(way.answer(point, guess), denoised)


def test_the_distance_is_square_near_and_linear_far() -> None:
    near, far = torch.tensor([1e-5]), torch.tensor([2.0])
    zero = torch.zeros(1)
    assert pseudo_huber(zero, zero) == 0
    assert pseudo_huber(near, zero).item() == pytest.approx(1e-10 / 2e-3, rel=1e-2)
    assert pseudo_huber(far, zero).item() == pytest.approx(2.0, rel=1e-2)
