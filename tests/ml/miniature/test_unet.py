"""Which time steps the miniature's denoiser is taught."""

import torch

from training.miniature.unet import draw_times


def test_half_of_the_time_steps_are_those_where_features_take_shape() -> None:
    generator = torch.Generator().manual_seed(1)
    times = torch.cat([draw_times(32, generator) for _ in range(200)])

    shaping = ((times >= 60) & (times < 650)).float().mean()
    assert abs(float(shaping) - (0.5 + 0.5 * 0.59)) < 0.01
    assert int(times.min()) >= 0
    assert int(times.max()) <= 999


def test_a_batch_reaches_both_ends_of_the_schedule() -> None:
    times = draw_times(32, torch.Generator().manual_seed(2))

    assert int(times.min()) < 60
    assert int(times.max()) > 900
    assert not torch.equal(times, times.sort().values), "shuffled: no picture keeps its share"
