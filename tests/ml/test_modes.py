"""Image to image, inpainting, outpainting: what stays, what changes, and what decides it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from contract.base_model import Family
from contract.generation import GenerationRequest, Sampler
from contract.generation_source import Mask, MaskSource, Outpaint, SourceImage
from inference.denoising import Guidance
from inference.latent_space import as_pixels
from inference.samplers import scheduler_for
from inference.server import Server
from tests.ml.serving import MemoryStore, Pixels, answer, images, pixels, request, serve
from tests.ml.training_runs import Run

SIDE = 64


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def server(base: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return serve(base, store, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def sd_server(
    sd_base: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """For samplers: they do not know the family."""
    return serve(sd_base, store, tmp_path_factory.mktemp("sd-cache"))


def scene(width: int = SIDE, height: int = SIDE) -> Pixels:
    """A disc on a gradient."""
    y, x = np.mgrid[:height, :width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    channels = [200 * x / width, 200 * y / height, np.where(inside, 220.0, 60.0)]
    return np.stack(channels, axis=2).astype(np.uint8)


def half(width: int = SIDE, height: int = SIDE) -> Pixels:
    """A mask: white on the right."""
    return np.where(np.arange(width)[None] < width // 2, 0, 255).repeat(height, 0).astype(np.uint8)


def begun_with(
    store: MemoryStore,
    asked: GenerationRequest,
    picture: Pixels,
    noise_start: float = 1.0,
    noise_end: float = 0.0,
) -> GenerationRequest:
    source = SourceImage(store.add_image("source", picture), noise_start, noise_end)
    return dataclasses.replace(asked, source=source)


def drawn(server: Server, asked: GenerationRequest) -> Pixels:
    return pixels(images(server, asked)[0])


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(float) - other).mean())


@pytest.mark.parametrize("sampler", Sampler)
def test_text_to_image_is_what_the_stock_pipeline_makes_bit_for_bit(
    server: Server, base: Path, sampler: Sampler
) -> None:
    asked = request(base, sampler=sampler, steps=5, width=96)
    texts = server._generator._texts
    told, untold = (texts.encode(request(base, text=text).prompts, None) for text in ("a cat", ""))
    ours = server._generator._painter.painted(
        asked, None, 1, Guidance(told, untold, asked.cfg_scale), lambda: None
    )
    pipeline = server._generator._base.pipeline
    own = pipeline.scheduler
    pipeline.scheduler = scheduler_for(sampler, own)
    given: dict[str, torch.Tensor | None] = {
        "prompt_embeds": told.hidden,
        "negative_prompt_embeds": untold.hidden,
    }
    if told.pooled is not None:
        given |= {
            "pooled_prompt_embeds": told.pooled,
            "negative_pooled_prompt_embeds": untold.pooled,
        }
    stock = pipeline(
        **given,
        width=asked.width,
        height=asked.height,
        num_inference_steps=asked.steps,
        guidance_scale=asked.cfg_scale,
        generator=torch.Generator().manual_seed(1),
        output_type="pt",
    ).images[0]
    pipeline.scheduler = own
    assert ours is not None
    assert np.array_equal(ours, as_pixels(stock))


@pytest.mark.parametrize("sampler", Sampler)
def test_less_noise_stays_closer_to_the_source_with_every_sampler(
    sd_server: Server, store: MemoryStore, sd_base: Path, sampler: Sampler
) -> None:
    plain = request(sd_base, text="a red circle", sampler=sampler, steps=10)
    through = drawn(sd_server, begun_with(store, plain, scene(), noise_start=0.01))
    near, far = (
        drawn(sd_server, begun_with(store, plain, scene(), noise_start=noise))
        for noise in (0.1, 0.8)
    )
    assert near.shape == far.shape == (SIDE, SIDE, 3)
    # At least one step is run, so the least noise is a tenth.
    assert np.array_equal(through, near)
    assert apart(near, scene()) < apart(far, scene())


def test_all_noise_leaves_nothing_of_the_source(
    server: Server, store: MemoryStore, base: Path
) -> None:
    plain = request(base, text="a red circle")
    assert images(server, begun_with(store, plain, scene())) == images(server, plain)


@pytest.mark.parametrize("sampler", Sampler)
def test_noise_that_is_left_is_taken_out_at_once(
    sd_server: Server, store: MemoryStore, sd_base: Path, sampler: Sampler
) -> None:
    plain = request(sd_base, text="a red circle", sampler=sampler, steps=10)
    whole, part = (
        drawn(sd_server, begun_with(store, plain, scene(), 0.6, noise_end))
        for noise_end in (0.0, 0.4)
    )
    assert not np.array_equal(whole, part)
    # Not a noisy picture: neighbours differ no more than in one that is denoised to the end.
    assert _roughness(part) < 1.5 * _roughness(whole) + 2


def _roughness(picture: Pixels) -> float:
    return apart(picture[:, 1:], picture[:, :-1])


@pytest.mark.parametrize(("start", "end", "evaluations"), [(1, 0, 10), (0.5, 0, 5), (0.5, 0.2, 4)])
def test_the_steps_that_are_run_are_the_share_that_was_asked_for(
    server: Server,
    store: MemoryStore,
    base: Path,
    start: float,
    end: float,
    evaluations: int,
) -> None:
    unet = server._generator._base.unet
    seen: list[object] = []
    hook = unet.register_forward_hook(lambda *given: seen.append(given[0]))
    drawn(server, begun_with(store, request(base, steps=10), scene(), start, end))
    hook.remove()
    # To read the picture off what noise is left takes one more look.
    assert len(seen) == evaluations


def test_seed_prompt_and_adapter_decide_image_to_image_and_samples_stand_alone(
    server: Server, store: MemoryStore, base: Path, trained: Run
) -> None:
    plain = request(base, text="a red circle", seeds=(1, 2))
    asked = begun_with(store, plain, scene(), noise_start=0.7)
    together = images(server, asked)
    assert together == images(server, asked)
    assert together[1:] == images(server, dataclasses.replace(asked, seeds=(2,)))
    other = dataclasses.replace(asked, prompts=request(base, text="a blue house").prompts)
    subject = dataclasses.replace(asked, adapter=store.add(trained, "a"))
    made = [*together, *images(server, other), *images(server, subject)]
    assert len(set(made)) == 6


@pytest.mark.parametrize("kind", MaskSource)
@pytest.mark.parametrize("noise_end", [0.0, 0.3])
def test_inpainting_changes_what_the_mask_says_and_not_a_bit_elsewhere(
    server: Server, store: MemoryStore, base: Path, kind: MaskSource, noise_end: float
) -> None:
    picture, mask = scene(), half()
    if kind is MaskSource.INIT_IMAGE_ALPHA:
        picture, shape = np.dstack([picture, 255 - mask]), None
    else:
        shape = store.add_image("mask", mask if kind is MaskSource.MASK_IMAGE_WHITE else 255 - mask)
    plain = begun_with(store, request(base, text="a red circle"), picture, 0.9, noise_end)
    made = drawn(server, dataclasses.replace(plain, mask=Mask(kind, shape)))
    assert np.array_equal(made[:, : SIDE // 2], scene()[:, : SIDE // 2])
    assert apart(made[:, SIDE // 2 :], scene()[:, SIDE // 2 :]) > 5


@pytest.mark.parametrize("sampler", Sampler)
def test_every_sampler_inpaints_into_what_is_kept(
    sd_server: Server, store: MemoryStore, sd_base: Path, sampler: Sampler
) -> None:
    plain = begun_with(store, request(sd_base, sampler=sampler, steps=5), scene(), 0.8)
    made = drawn(
        sd_server,
        dataclasses.replace(
            plain, mask=Mask(MaskSource.MASK_IMAGE_WHITE, store.add_image("mask", half()))
        ),
    )
    assert np.array_equal(made[:, : SIDE // 2], scene()[:, : SIDE // 2])
    assert made[:, SIDE // 2 :].std() > 5


def test_a_grey_mask_mixes_and_what_is_hidden_by_alpha_does_not_show(
    server: Server, store: MemoryStore, base: Path
) -> None:
    asked = begun_with(store, request(base), scene(), 0.9)
    made = {}
    for level in (255, 128, 10):
        shape = store.add_image("mask", np.full((SIDE, SIDE), level, np.uint8))
        made[level] = drawn(
            server, dataclasses.replace(asked, mask=Mask(MaskSource.MASK_IMAGE_WHITE, shape))
        )
    assert 0 < apart(made[128], scene()) < apart(made[255], scene())
    assert np.array_equal(made[10], scene())
    mask = Mask(MaskSource.INIT_IMAGE_ALPHA, None)
    hidden = [np.dstack([scene(), 255 - half()]) for _ in range(2)]
    hidden[1][:, SIDE // 2 :, :3] = 77
    first, second = (
        images(server, dataclasses.replace(begun_with(store, asked, picture, 0.5), mask=mask))
        for picture in hidden
    )
    assert first == second


def test_a_source_of_another_shape_is_cropped_round_its_centre_with_its_mask(
    server: Server, store: MemoryStore, base: Path
) -> None:
    wide = np.zeros((SIDE, 3 * SIDE, 3), np.uint8)
    wide[:, SIDE : 2 * SIDE] = scene()
    mask = np.full((SIDE // 2, 3 * SIDE // 2), 255, np.uint8)
    mask[:, SIDE // 2 : SIDE] = half(SIDE // 2, SIDE // 2)
    asked = begun_with(store, request(base), wide, 0.9)
    made = drawn(
        server,
        dataclasses.replace(
            asked, mask=Mask(MaskSource.MASK_IMAGE_WHITE, store.add_image("mask", mask))
        ),
    )
    # The mask has half the resolution: its edges are soft by two pixels.
    kept = (slice(None), slice(2, SIDE // 2 - 2))
    assert np.array_equal(made[kept], scene()[kept])


def test_outpainting_adds_what_was_asked_for_and_keeps_the_source_bit_for_bit(
    server: Server, store: MemoryStore, base: Path
) -> None:
    asked = begun_with(store, request(base, text="a red circle"), scene(), 1.0)
    made, other = (
        drawn(server, dataclasses.replace(asked, outpaint=Outpaint(8, 16, 24, 32), seeds=(seed,)))
        for seed in (1, 2)
    )
    assert made.shape == (SIDE + 56, SIDE + 24, 3)
    for picture in (made, other):
        assert np.array_equal(picture[24 : 24 + SIDE, 8 : 8 + SIDE], scene())
    assert apart(made, other) > 1
    some = drawn(server, dataclasses.replace(asked, outpaint=Outpaint(right=8)))
    assert some.shape == (SIDE, SIDE + 8, 3)


def test_a_picture_of_several_samples_keeps_its_source_in_each(
    store: MemoryStore, server: Server, base: Path, family: Family
) -> None:
    asked = begun_with(store, request(base, seeds=(1, 2, 3)), scene(), 0.9)
    asked = dataclasses.replace(asked, outpaint=Outpaint(left=16))
    artifacts = answer(server, asked).artifacts
    assert [artifact.seed for artifact in artifacts] == [1, 2, 3]
    assert len({artifact.image for artifact in artifacts}) == 3
    for artifact in artifacts:
        assert np.array_equal(pixels(artifact.image)[:, 16:], scene())
