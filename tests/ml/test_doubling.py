"""The network that doubles pictures, and a base that comes with one."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as nnf

from contract.base_model import BASE_FILE, BaseModel
from contract.doubling import DOUBLER_FOLDER, WEIGHTS_FILE, DoublerSize, write_doubler
from contract.errors import BaseFolderError
from contract.generation import Prompt
from inference import doubling
from inference.base import load_base
from inference.doubling import DoublerNetwork, doubled, read_doubler
from inference.settings import Precision
from tests.ml.serving import MemoryStore, request, serve
from tests.ml.test_modes import apart, begun_with, drawn, scene
from training.miniature.doubling import write_trained

SIZE = DoublerSize(width=4, blocks=1)


def bicubic(levels: torch.Tensor) -> torch.Tensor:
    return nnf.interpolate(levels, scale_factor=2, mode="bicubic", align_corners=False)


def with_doubler(base: Path, folder: Path) -> Path:
    """A copy of a published base in `folder`, with an untrained doubler."""
    shutil.copytree(base, folder)
    write_trained(folder, DoublerNetwork(SIZE))
    return folder


def test_an_untrained_doubler_is_bicubic() -> None:
    levels = torch.rand(1, 3, 24, 40) * 1.6 - 0.8
    assert torch.allclose(doubled(DoublerNetwork(SIZE), levels), bicubic(levels).clamp(-1, 1))


def test_a_large_picture_is_doubled_in_tiles_that_leave_no_seam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    network = DoublerNetwork(SIZE)
    torch.nn.init.normal_(network.tail.weight, std=0.02)
    levels = torch.rand(1, 3, 40, 96) * 1.6 - 0.8
    whole = doubled(network, levels)
    monkeypatch.setattr(doubling, "_TILE", 64)
    assert float((doubled(network, levels) - whole).abs().max()) < 0.02


def test_a_base_with_a_doubler_enlarges_by_it_and_by_the_words(base: Path, tmp_path: Path) -> None:
    store = MemoryStore()
    folder = with_doubler(base, tmp_path / "model")
    server = serve(folder, store, tmp_path / "cache")
    plain = dataclasses.replace(request(folder, text="a red circle", steps=2), upscale=4)
    asked = begun_with(store, plain, scene())
    other = dataclasses.replace(asked, prompts=(Prompt("a blue house"),))
    seeded = dataclasses.replace(asked, seeds=(2,))
    made = [drawn(server, wish) for wish in (asked, other, seeded)]
    assert {picture.shape for picture in made} == {(256, 256, 3)}
    assert len({picture.tobytes() for picture in made}) == 3
    assert np.array_equal(made[0], drawn(server, asked))
    # What is asked for and not wanted alike changes nothing: it is the doubler's picture.
    silent = dataclasses.replace(asked, prompts=(Prompt("a hat"), Prompt("a hat", -1.0)))
    levels = torch.from_numpy(scene().astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    twice = bicubic(bicubic(levels).clamp(-1, 1)).clamp(-1, 1)[0]
    expected = ((twice + 1) * 127.5).round().permute(1, 2, 0).numpy()
    assert apart(drawn(server, silent), expected) < 0.01 < apart(made[0], expected)


def test_sizes_that_are_no_square_keep_their_shape(base: Path, tmp_path: Path) -> None:
    folder = with_doubler(base, tmp_path / "model")
    server = serve(folder, MemoryStore(), tmp_path / "cache")
    asked = dataclasses.replace(request(folder, steps=2, width=72, height=128), upscale=2)
    assert drawn(server, asked).shape == (256, 144, 3)


def test_weights_of_another_size_keep_a_base_from_loading(sd_base: Path, tmp_path: Path) -> None:
    folder = with_doubler(sd_base, tmp_path / "model")
    inside = folder / DOUBLER_FOLDER
    write_doubler(inside, DoublerSize(width=8, blocks=1))
    base = BaseModel.from_json((folder / BASE_FILE).read_bytes())
    with pytest.raises(BaseFolderError, match=WEIGHTS_FILE):
        load_base(folder, base.id, Precision.FP32, torch.device("cpu"))
    save_file({"w": torch.zeros(1)}, inside / WEIGHTS_FILE)
    write_doubler(inside, SIZE)
    with pytest.raises(BaseFolderError, match=WEIGHTS_FILE):
        read_doubler(folder, torch.device("cpu"))
