"""Pictures of every arm by one and the same stock pipeline, sampler, guidance and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file

from contract.adapter import ADAPTER_FILE
from contract.architecture import ARCHITECTURES
from contract.base_model import Family
from contract.subject_phrase import SUBJECT_TOKEN
from training.miniature.assemble import load_pipeline
from training.miniature.measure import MeasureSettings, generate

THEIR_FILE = "pytorch_lora_weights.safetensors"
_SETTINGS = MeasureSettings()


@dataclass(frozen=True)
class Tuned:
    """A pipeline and how it calls the subject."""

    pipeline: StableDiffusionPipeline
    phrase: str


def untuned(base: Path, phrase: str) -> Tuned:
    """The base model."""
    pipeline = load_pipeline(base)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    return Tuned(pipeline, phrase)


def with_our_adapter(base: Path, folder: Path, noun: str) -> Tuned:
    """The base with what `python -m training` left, loaded as any user of diffusers would."""
    tuned = untuned(base, f"{SUBJECT_TOKEN} {noun}")
    tensors = load_file(folder / ADAPTER_FILE)
    architecture = ARCHITECTURES[Family.SD]
    lora = {name: value for name, value in tensors.items() if name.startswith(architecture.prefix)}
    tuned.pipeline.load_lora_weights(lora)
    (key,) = architecture.token_keys
    tuned.pipeline.load_textual_inversion({SUBJECT_TOKEN: tensors[key]}, token=SUBJECT_TOKEN)
    return tuned


def with_their_adapter(base: Path, folder: Path, phrase: str) -> Tuned:
    """The base with what diffusers' script left, or with one of its checkpoints."""
    tuned = untuned(base, phrase)
    tuned.pipeline.load_lora_weights(folder, weight_name=THEIR_FILE)
    return tuned


def drawn(tuned: Tuned, words: list[str], seeds: list[int]) -> torch.Tensor:
    """(n, 3, side, side) in −1…1, each picture from its own seed."""
    batches = range(0, len(words), _SETTINGS.batch)
    made = [
        generate(
            tuned.pipeline,
            words[start : start + _SETTINGS.batch],
            seeds[start : start + _SETTINGS.batch],
            _SETTINGS,
        )
        for start in batches
    ]
    return torch.cat(made)


def save_pictures(file: Path, pictures: torch.Tensor, columns: int) -> None:
    """Pictures (n, 3, side, side) in −1…1 as a PNG, so many a row, for people to look at."""
    file.parent.mkdir(parents=True, exist_ok=True)
    side, rows = pictures.shape[-1], -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * side, rows * side))
    values = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    for number, picture in enumerate(values.permute(0, 2, 3, 1).numpy()):
        place = (number % columns * side, number // columns * side)
        sheet.paste(Image.fromarray(picture), place)
    sheet.save(file)
