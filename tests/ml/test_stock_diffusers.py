"""What we write is no format of our own: diffusers by itself reads base and adapter."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

from tests.ml.serving import MemoryStore, array, images, request, serve
from tests.ml.training_runs import Run, train


def test_stock_diffusers_makes_the_same_picture_with_the_adapter(
    base: Path, trained: Run, tmp_path: Path
) -> None:
    assert difference(base, trained, tmp_path) < 0.01


def test_it_does_so_where_convolutions_are_adapted_too(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    run = train(sd_base, photos, tmp_path / "run", max_steps=3, adapt_convolutions=1)
    tensors = load_file(run.adapter)
    assert {"conv1", "conv2"} < set(run.manifest.targets)
    learned = [t for name, t in tensors.items() if "conv1.lora_B" in name]
    assert learned
    assert all(bool(tensor.any()) for tensor in learned)
    assert difference(sd_base, run, tmp_path) < 0.01


def test_adapters_of_both_kinds_take_turns(
    base: Path, trained: Run, photos: Path, tmp_path: Path
) -> None:
    both = train(base, photos, tmp_path / "run", max_steps=2, adapt_convolutions=1)
    store = MemoryStore()
    plain, wide = store.add(trained, "plain"), store.add(both, "wide")
    server = serve(base, store, tmp_path / "cache")
    alone = {
        adapter: images(serve(base, store, tmp_path / name), request(base, adapter))
        for adapter, name in ((plain, "one"), (wide, "other"))
    }
    for adapter in (plain, wide, plain, wide):
        assert images(server, request(base, adapter)) == alone[adapter]


def difference(base: Path, trained: Run, folder: Path) -> float:
    """Mean absolute difference, 0–1, of the server's picture and a stock pipeline's."""
    pipeline = DiffusionPipeline.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = type(pipeline.scheduler).from_config(
        pipeline.scheduler.config, clip_sample=False
    )
    tensors = load_file(trained.adapter)
    pipeline.load_lora_weights(
        {name: tensor for name, tensor in tensors.items() if name.startswith("unet.")}
    )
    pipeline.load_textual_inversion({"<subject>": tensors["clip_l"]}, token="<subject>")
    if "clip_g" in tensors:
        pipeline.load_textual_inversion(
            {"<subject>": tensors["clip_g"]},
            token="<subject>",
            text_encoder=pipeline.text_encoder_2,
            tokenizer=pipeline.tokenizer_2,
        )
    stock = pipeline(
        "a photo of <subject> person",
        negative_prompt="",
        num_inference_steps=4,
        guidance_scale=3.0,
        width=64,
        height=64,
        generator=torch.Generator("cpu").manual_seed(1),
    ).images[0]
    store = MemoryStore()
    server = serve(base, store, folder / "cache")
    served = array(images(server, request(base, store.add(trained, "a")))[0])
    return float(np.abs(served - np.asarray(stock, np.float64) / 255).mean())
