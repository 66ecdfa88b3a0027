"""What we write is no format of our own: diffusers by itself reads base and adapter."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

from tests.ml.serving import MemoryStore, array, images, request, serve
from tests.ml.training_runs import Run


def test_stock_diffusers_makes_the_same_picture_with_the_adapter(
    base: Path, trained: Run, tmp_path: Path
) -> None:
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
    server = serve(base, store, tmp_path)
    served = array(images(server, request(base, store.add(trained, "a")))[0])
    assert np.abs(served - np.asarray(stock, np.float64) / 255).mean() < 0.01
