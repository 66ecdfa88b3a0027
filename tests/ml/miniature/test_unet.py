"""Which time steps and which places the miniature's denoiser is taught most."""

import numpy as np
import pytest
import torch

from training.miniature.emphasis import emphasis
from training.miniature.unet import draw_times
from training.miniature.world import Scene
from training.miniature.world.scene import Camera


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


def test_faces_and_mouths_count_more_and_no_picture_counts_more_than_another() -> None:
    upright = Scene(camera=Camera())
    counts = emphasis(upright, 16)

    assert counts.shape == (16, 16)
    assert float(counts.mean()) == pytest.approx(1.0, abs=1e-5)
    mouth, eye, corner = counts[11, 8], counts[8, 6], counts[0, 0]
    assert mouth > 2 * eye > 4 * corner


def test_the_emphasis_follows_the_camera_and_the_mirror() -> None:
    aside = Scene(camera=Camera(shift_x=0.6))
    mirrored = Scene(camera=Camera(shift_x=0.6, mirror=True))

    assert emphasis(aside, 16)[:, 8:].sum() > 2 * emphasis(aside, 16)[:, :8].sum()
    np.testing.assert_allclose(emphasis(mirrored, 16), emphasis(aside, 16)[:, ::-1], rtol=0.2)
