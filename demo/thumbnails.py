"""Draw a thumbnail of every style preset: `python -m demo.thumbnails`.

The same words and seed in each style, by a base model of this project, so that nothing in them is
anybody else's. They ship with the API (`lambdas/api/thumbnails`). Run it again when a preset or the
miniature changes; `--base FOLDER` takes another model in diffusers layout.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bases.source import SHIPPED
from contract.generation import STYLE_SLOT
from lambdas.api.style_thumbnails import FOLDER, MAX_ALL_BYTES, SIDE, file_name
from lambdas.domain.styles import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from lambdas.domain.styles import StylePreset

_BEST_QUALITY, _WORST_QUALITY, _STEP = 80, 20, 10  # of WebP


@dataclass(frozen=True)
class Look:
    """What every thumbnail shows, and how it is made."""

    prompt: str = (
        "a smiling woman with curly red hair and green eyes in a yellow hoodie on a blue background"
    )
    seed: int = 7
    steps: int = 25
    guidance: float = 5.0


def draw_all(draw: Callable[[StylePreset], Image], folder: Path) -> dict[str, int]:
    """A file for every preset, and none for what is no longer one; preset → bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for preset in PRESETS.values():
        content = small(draw(preset), MAX_ALL_BYTES // len(PRESETS))
        (folder / file_name(preset.name)).write_bytes(content)
        sizes[preset.name] = len(content)
    for path in folder.glob("*.webp"):
        if path.stem not in PRESETS:
            path.unlink()
    return sizes


def small(picture: Image, max_bytes: int) -> bytes:
    """The picture as WebP of SIDE pixels, as good as fits into `max_bytes`."""
    from PIL.Image import Resampling

    picture = picture.convert("RGB").resize((SIDE, SIDE), Resampling.LANCZOS)
    for quality in range(_BEST_QUALITY, _WORST_QUALITY - 1, -_STEP):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= max_bytes:
            break
    return file.getvalue()


def drawing(base: Path, look: Look) -> Callable[[StylePreset], Image]:
    """Draws the look in a style, with diffusers' own pipeline and the endpoint's words."""
    import torch
    from diffusers import DiffusionPipeline, DPMSolverMultistepScheduler

    xl = (base / "text_encoder_2").exists()
    plain: dict[str, Any] = {} if xl else {"safety_checker": None}
    pipeline = DiffusionPipeline.from_pretrained(
        base, dtype=torch.float32, local_files_only=True, **plain
    )
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.to("cuda" if torch.cuda.is_available() else "cpu")

    def draw(preset: StylePreset) -> Image:
        picture: Image = pipeline(
            preset.prompt.replace(STYLE_SLOT, look.prompt),
            negative_prompt=preset.negative_prompt,
            num_inference_steps=look.steps,
            guidance_scale=look.guidance,
            generator=torch.Generator("cpu").manual_seed(look.seed),
        ).images[0]
        return picture

    return draw


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.thumbnails", description=__doc__)
    parser.add_argument("--base", type=Path, default=SHIPPED["miniature"])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--prompt", default=Look.prompt, help="what every thumbnail shows")
    parser.add_argument("--seed", type=int, default=Look.seed)
    given = parser.parse_args(arguments)
    sizes = draw_all(drawing(given.base, Look(given.prompt, given.seed)), given.out)
    print(f"{len(sizes)} thumbnails, {sum(sizes.values()) / 1024:.0f} KiB, in {given.out}")


if __name__ == "__main__":
    main()
