"""The two sides' command lines for the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.base_model import Family
from contract.document import Scalar

SCRIPTS = {
    Family.SD: "train_dreambooth_lora.py",
    Family.SDXL: "train_dreambooth_lora_sdxl.py",
}
# A rare word that stands for the subject, as the script's own page proposes it.
WORD = "sks"
NO_CHECKPOINTS = 1_000_000


@dataclass(frozen=True)
class Given:
    """What both sides are given: base model folder, photos, noun, pixels, a place for output."""

    base: Path
    photos: Path
    noun: str
    resolution: int
    out: Path


def our_program(given: Given, settings: Mapping[str, Scalar]) -> list[str]:
    """`python -m training` with every setting spelled out."""
    program = ["-m", "training", str(given.photos), "--base", str(given.base)]
    program += ["--out", str(given.out), "--class-noun", given.noun]
    for name, value in settings.items():
        text = int(value) if isinstance(value, bool) else value
        program += ["--set", f"{name}={text}"]
    return program


def their_program(
    script: Path,
    given: Given,
    settings: Mapping[str, Scalar],
    *,
    checkpoint_every: int = NO_CHECKPOINTS,
    class_images: Path | None = None,
    precompute: bool = False,
) -> list[str]:
    """diffusers' script with the same rank, rate, batch, steps, resolution and seed.

    `class_images` hold the class already, as our side's are made before its first step too.
    """
    options: dict[str, object] = {
        "pretrained_model_name_or_path": given.base,
        "instance_data_dir": given.photos,
        "instance_prompt": f"a photo of {WORD} {given.noun}",
        "output_dir": given.out,
        "resolution": given.resolution,
        "rank": settings["rank"],
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["batch_size"],
        "max_train_steps": settings["max_steps"],
        "checkpointing_steps": checkpoint_every,
        "mixed_precision": "no",
        "seed": settings.get("seed", 0),
    }
    switches = ["--pre_compute_text_embeddings"] if precompute else []
    if class_images is not None:
        switches.append("--with_prior_preservation")
        options |= {
            "class_data_dir": class_images,
            "class_prompt": f"a photo of a {given.noun}",
            "num_class_images": settings["prior_images"],
        }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [str(script), *words, *switches]
