"""Number formats on this processor: seconds and bytes, and what they do to the pictures.

The same prompts and seeds in fp32, bf16 and fp16 on the miniature, formats in turn. PSNR is against
the fp32 picture; the score is the miniature's own image encoder's cosine with the prompt.
"""

from __future__ import annotations

import base64
import io
import json
import math
import time
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.serving.served import Objects, base_of, folder_of, request_for, server_of
from contract.generation import Prompt
from contract.training_job import Precision as TrainingPrecision
from inference.settings import Precision
from training.base import load_base as load_for_training
from training.encoders import encoder_for

_STEPS, _SIDE = 10, 128
_PROMPTS = (
    "a photo of a woman with a red hat",
    "a photo of a man with glasses, blue background",
    "a photo of a dog",
    "a drawing of a girl with long hair",
)


def measure(variant: str, turns: int) -> dict[str, Any]:
    """By format: seconds of each image, bytes of weights, PSNR and score of each picture."""
    servers = {}
    weights = {}
    for precision in Precision:
        base = base_of(variant, precision)
        models = (base.unet, base.vae, *base.text_encoders)
        tensors = [t for model in models for t in model.parameters()]
        weights[precision.value] = sum(t.numel() * t.element_size() for t in tensors)
        servers[precision.value] = base, server_of(base, Objects(), f"precision-{precision}")
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    cpu: dict[str, list[float]] = {name: [] for name in servers}
    pictures: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in servers}
    for turn in range(-1, turns):
        words = _PROMPTS[turn % len(_PROMPTS)]
        for name, (base, server) in servers.items():
            asked = request_for(
                base, None, seed=turn + 1, steps=_STEPS, side=_SIDE, prompts=(Prompt(words),)
            )
            clock, processor = time.perf_counter(), time.process_time()
            answer = server.answer(asked.to_json())
            if turn < 0:
                continue  # the first one of each chooses kernels
            seconds[name].append(round(time.perf_counter() - clock, 4))
            cpu[name].append(round(time.process_time() - processor, 4))
            pictures[name].append(_pixels(answer))
    reference = pictures[Precision.FP32.value]
    asked_for = [_PROMPTS[turn % len(_PROMPTS)] for turn in range(turns)]
    return {
        "steps": _STEPS,
        "side": _SIDE,
        "bytes": weights,
        "seconds": seconds,
        "cpu": cpu,
        "psnr": {
            name: [round(_psnr(a, b), 2) for a, b in zip(made, reference, strict=True)]
            for name, made in pictures.items()
            if name != Precision.FP32.value
        },
        "score": {name: _scores(variant, made, asked_for) for name, made in pictures.items()},
    }


def _pixels(answer: str) -> np.ndarray[Any, Any]:
    """(side, side, 3) in 0…255."""
    png = base64.b64decode(json.loads(answer)["artifacts"][0]["image"])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def _psnr(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Peak signal-to-noise ratio in dB; 99 for equal pictures."""
    error = float(np.mean((one - other) ** 2))
    return 10 * math.log10(255**2 / error) if error else 99.0


def _scores(variant: str, made: list[np.ndarray[Any, Any]], words: list[str]) -> list[float]:
    """The cosine of each picture with its prompt."""
    folder, description = folder_of(variant)
    base = load_for_training(folder, description.id, TrainingPrecision.FP32, torch.device("cpu"))
    encoder = encoder_for(folder, base)
    pixels = torch.stack([torch.from_numpy(each).permute(2, 0, 1) for each in made])
    images, texts = encoder.images(pixels.float() / 127.5 - 1), encoder.texts(words)
    if texts is None:
        return []
    return [round(float(cosine), 4) for cosine in encoder.similarity(images, texts).diagonal()]
