"""Pictures at two and four times their size, guided by the prompt."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.upscaling.readings import (
    ANOTHERS,
    AS_DRAWN,
    NOBODYS,
    OWN,
    Bench,
    Reading,
    Run,
    Task,
)
from benchmarks.upscaling.ways import Way
from contract.generation import Prompt
from contract.generation_source import Outpaint, SourceImage
from inference.enlarging import NOISE, lanczos
from inference.server import Server
from inference.tiling import Tiling
from tests.ml.serving import MemoryStore, images, pixels, refusal, request, serve
from tests.ml.test_modes import apart, begun_with, drawn, scene

STEPS = 2


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def server(base: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return serve(base, store, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("factor", [2, 4])
def test_a_drawn_picture_is_enlarged_to_the_exact_size(
    server: Server, base: Path, factor: int
) -> None:
    small = request(base, steps=STEPS, width=72, height=64)
    large = pixels(images(server, dataclasses.replace(small, upscale=factor))[0])
    assert large.shape == (64 * factor, 72 * factor, 3)
    # The same picture: the seed draws it before it is enlarged.
    plain = lanczos(drawn(server, small), factor)
    assert 0 < apart(large, plain) < apart(large, np.flip(plain, (0, 1)))


def test_prompt_and_seed_decide_how_a_source_is_enlarged(
    server: Server, store: MemoryStore, base: Path
) -> None:
    plain = dataclasses.replace(request(base, text="a red circle", steps=STEPS), upscale=2)
    asked = begun_with(store, plain, scene())
    other = dataclasses.replace(asked, prompts=(Prompt("a blue house"),))
    seeded = dataclasses.replace(asked, seeds=(2,))
    made = [drawn(server, wish) for wish in (asked, other, seeded)]
    assert len({picture.tobytes() for picture in made}) == 3
    assert np.array_equal(made[0], drawn(server, asked))
    assert {picture.shape for picture in made} == {(128, 128, 3)}
    # How much noise a source gets is for pictures that are drawn from it.
    assert np.array_equal(made[0], drawn(server, begun_with(store, plain, scene(), 0.1)))


def test_what_was_added_is_enlarged_with_the_rest(
    server: Server, store: MemoryStore, base: Path
) -> None:
    asked = begun_with(store, request(base, steps=STEPS), scene())
    large = drawn(server, dataclasses.replace(asked, outpaint=Outpaint(left=16), upscale=2))
    assert large.shape == (128, 160, 3)


def test_pictures_that_no_answer_could_hold_are_refused(server: Server, base: Path) -> None:
    huge = dataclasses.replace(request(base, width=1024, height=1024), upscale=4, seeds=(1, 2, 3))
    assert refusal(server, huge).code == "request_invalid"


def test_a_pixel_that_is_no_number_is_noticed_in_large_pictures_too(
    server: Server, store: MemoryStore, base: Path
) -> None:
    source = SourceImage(store.add_image("source", scene()), 0.5)
    asked = dataclasses.replace(request(base, steps=1), source=source, upscale=2)
    bias = server._generator._base.vae.decoder.conv_out.bias
    kept = bias.detach().clone()
    with torch.no_grad():
        bias.fill_(float("nan"))
    assert images(server, asked) == [b""]
    with torch.no_grad():
        bias.copy_(kept)
    assert images(server, asked) != [b""]


@pytest.mark.parametrize("plane", [(16, 16), (20, 16), (37, 64), (8, 100)])
def test_tiles_cover_the_plane_overlap_and_blend_without_a_seam(plane: tuple[int, int]) -> None:
    tiling = Tiling.over(plane, 16, 4)
    content = torch.randn(1, 3, *plane)
    assert torch.allclose(tiling.blended(tiling.cut(content)), content, atol=1e-5)
    for axis in (0, 1):
        starts = sorted({corner[axis] for corner in tiling.corners})
        ends = [start + tiling.tile[axis] for start in starts]
        assert (starts[0], ends[-1]) == (0, plane[axis])
        assert all(end - start >= 4 for start, end in zip(starts[1:], ends[:-1], strict=True))
    # Two flat tiles of different levels: no step between neighbours is as large as theirs.
    flat = Tiling.over((16, 24), 16, 8)
    levels = torch.stack([torch.zeros(16, 16), torch.ones(16, 16)])
    assert flat.blended(levels).diff(dim=1).max() < 0.3
    assert flat.times(2).blended(levels.repeat_interleave(2, 1).repeat_interleave(2, 2)).shape == (
        32,
        48,
    )


def test_no_tile_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no tile"):
        Tiling((1, 1), (1, 1), 0, ()).blended([])


PLAIN, DOUBLED = (Way.LANCZOS, NOBODYS, 0.0), (Way.DOUBLER, NOBODYS, 0.0)
SERVED = (Way.WORDS, OWN, NOISE)
# More than is served, so that three pictures tell.
TOLD_OWN, TOLD_OTHERS = (Way.WORDS, OWN, 2 * NOISE), (Way.WORDS, ANOTHERS, 2 * NOISE)


@pytest.fixture(scope="module")
def enlarged() -> dict[Run, list[Reading]]:
    """Three pictures by the shipped miniature: readings by run."""
    bench, found = Bench(Path("models/miniature")), dict[Run, list[Reading]]()
    task = Task(64, 2, (PLAIN, DOUBLED, SERVED, TOLD_OWN, TOLD_OTHERS))
    for picture in range(3):
        for reading in bench.readings(picture, task):
            found.setdefault((reading.way, reading.told, reading.noise), []).append(reading)
    return found


def test_the_miniature_restores_what_lanczos_cannot(
    enlarged: dict[Run, list[Reading]],
) -> None:
    lanczos_, alone, served = (enlarged[run] for run in (PLAIN, DOUBLED, SERVED))
    for plain, one, other in zip(lanczos_, alone, served, strict=True):
        assert one.psnr > plain.psnr + 1
        assert one.drift < plain.drift
        # It stays the same picture under its words, too.
        assert other.psnr > plain.psnr
    mean = {
        key: sum(reading.likeness for reading in found) / len(found)
        for key, found in enlarged.items()
    }
    assert mean[PLAIN] < mean[DOUBLED] <= mean[AS_DRAWN]


def test_the_miniature_enlarges_towards_the_words(
    enlarged: dict[Run, list[Reading]],
) -> None:
    own, others = enlarged[TOLD_OWN], enlarged[TOLD_OTHERS]
    assert sum(r.fit for r in own) > sum(r.fit for r in others)
    assert sum(r.other_fit for r in others) > sum(r.other_fit for r in own)
