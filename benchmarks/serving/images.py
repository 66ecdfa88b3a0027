"""Images per second: one request to our server beside one call of the stock pipeline.

The miniature with the same adapter, prompt, sampler, steps, guidance, size and seed; both end with
the bytes of a PNG. Sides in turn, in one process. Beside the time on the clock, the processor's own
is kept: what else runs on the machine does not count in it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from safetensors.torch import load

from benchmarks.serving.served import Objects, base_of, folder_of, published, request_for, server_of
from contract.adapter import ADAPTER_FILE, UNET_PREFIX

_STEPS, _SIDE, _GUIDANCE, _RANK = 10, 128, 5.0, 8
_PROMPT = "a photo of a woman with a red hat"


def measure(variant: str, turns: int) -> dict[str, Any]:
    """Seconds of each image of each side, on the clock and of the processor."""
    store = Objects()
    base = base_of(variant)
    (adapter,) = published(base, store, 1, _RANK)
    server = server_of(base, store, "images")
    content = store.objects[str(adapter.uri.child(ADAPTER_FILE))]
    stock = _stock(variant, content)

    documents = [
        request_for(base, adapter, seed=seed, steps=_STEPS, side=_SIDE).to_json()
        for seed in range(turns)
    ]

    def ours(seed: int) -> None:
        server.answer(documents[seed])

    def theirs(seed: int) -> None:
        picture = stock(
            _PROMPT,
            num_inference_steps=_STEPS,
            guidance_scale=_GUIDANCE,
            width=_SIDE,
            height=_SIDE,
            generator=torch.Generator("cpu").manual_seed(seed),
        ).images[0]
        picture.save(io.BytesIO(), "PNG")

    sides: dict[str, Callable[[int], None]] = {"ours": ours, "stock": theirs}
    for act in sides.values():
        act(0)  # the first image allocates and chooses kernels
    taken: dict[str, dict[str, list[float]]] = {side: {"clock": [], "cpu": []} for side in sides}
    for turn in range(turns):
        # Who begins changes: what the first one leaves in the caches helps the second.
        for side in sorted(sides, reverse=bool(turn % 2)):
            clock, cpu = time.perf_counter(), time.process_time()
            sides[side](turn)
            taken[side]["clock"].append(round(time.perf_counter() - clock, 4))
            taken[side]["cpu"].append(round(time.process_time() - cpu, 4))
    return {"steps": _STEPS, "side": _SIDE, "seconds": taken}


def _stock(variant: str, adapter: bytes) -> StableDiffusionPipeline:
    folder, _ = folder_of(variant)
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, dtype=torch.float32, safety_checker=None, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(
        pipeline.scheduler.config,
        algorithm_type="dpmsolver++",
        solver_order=2,
        use_karras_sigmas=True,
    )
    tensors = load(adapter)
    pipeline.load_lora_weights(
        {name: tensor for name, tensor in tensors.items() if name.startswith(UNET_PREFIX)}
    )
    return pipeline
