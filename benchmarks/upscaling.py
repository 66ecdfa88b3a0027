"""What enlarging with the base model is worth beside Lanczos, by noise level.

`python -m benchmarks.upscaling` enlarges drawn pictures that the miniature never saw, under their
own captions and under others', and lets the miniature's image encoder say how well each result fits
its caption. Every reading is a line of benchmarks/results/upscaling.jsonl, and a run goes on where
the last one was cut short; docs/upscaling-measured.md is made from these lines.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from contract.base_folder import content_hash, family_of
from contract.base_model import BASE_FILE, BaseModel
from contract.generation import Prompt, Sampler
from inference.base import load_base
from inference.canvas import Pixels
from inference.denoising import Denoiser, Guidance
from inference.enlarging import NOISE, Enlarger, lanczos
from inference.latent_space import LatentSpace, as_levels, as_pixels
from inference.samplers import scheduler_for
from inference.schedule import Schedule
from inference.settings import Precision
from inference.text_encoding import TextEncoding
from training.miniature.assemble import ImageText
from training.miniature.pictures import HELD_OUT, caption_of, described
from training.miniature.world import draw_array

_ROOT = Path(__file__).parents[1]
RESULTS = _ROOT / "benchmarks" / "results" / "upscaling.jsonl"
DOCUMENT = _ROOT / "docs" / "upscaling-measured.md"
# Fewer steps than the API's default, to save time; its default guidance.
_STEPS, _GUIDANCE = 12, 7.0
_LANCZOS = 0.0


@dataclass(frozen=True)
class Task:
    """Drawn at `side`, enlarged `factor` times at each of `levels` of noise."""

    side: int
    factor: int
    levels: tuple[float, ...]


# A tile is 128 pixels: the first task has one tile, the others nine.
TASKS = (
    Task(64, 2, (0.15, 0.3, 0.45, 0.6)),
    Task(128, 2, (0.15, 0.3)),
    Task(64, 4, (0.15, 0.3)),
)


@dataclass(frozen=True)
class Reading:
    """One picture enlarged; `noise` 0 is Lanczos, `told` whose caption guided."""

    picture: int
    side: int
    factor: int
    noise: float
    told: str
    fit: float
    """Cosine with the picture's own caption."""
    psnr: float
    """Against the same picture drawn at the larger size, in dB."""
    seconds: float
    """CPU time."""


class Bench:
    """The miniature, its encoder, and an enlarger."""

    def __init__(self, folder: Path) -> None:
        with tempfile.TemporaryDirectory() as copy:
            model = Path(copy) / "model"
            shutil.copytree(folder, model)
            description = BaseModel("miniature", content_hash(model), family_of(model))
            (model / BASE_FILE).write_text(description.to_json())
            device = torch.device("cpu")
            self._base = load_base(model, description.id, Precision.FP32, device)
        self._texts = TextEncoding(self._base)
        self._noise_schedule = self._base.pipeline.scheduler
        space = LatentSpace(self._base)
        self._enlarger = Enlarger(space, self._base.unet.config.sample_size)
        self._pair = ImageText(folder, self._base.text_encoders[0], self._base.tokenizers[0])

    def read(self, picture: int, task: Task, noise: float, told: str) -> Reading:
        """Enlarge picture number `picture` and judge what comes out."""
        drawn = HELD_OUT + picture
        small = draw_array(*described(drawn), task.side)
        truth = draw_array(*described(drawn), task.side * task.factor)
        own = caption_of(drawn).text
        words = own if told == "own" else caption_of(drawn + 1).text
        begun = time.process_time()
        large = lanczos(small, task.factor)
        if noise > _LANCZOS:
            large = self._enlarged(small, task.factor, noise, words, seed=picture)
        seconds = time.process_time() - begun
        fit = float((self._pair.images(as_levels(large)) * self._pair.texts([own])).sum())
        return Reading(
            picture,
            task.side,
            task.factor,
            noise,
            told,
            round(fit, 4),
            round(_psnr(large, truth), 2),
            round(seconds, 3),
        )

    def _enlarged(self, small: Pixels, factor: int, noise: float, words: str, seed: int) -> Pixels:
        wanted, unwanted = (self._texts.encode((Prompt(text),), None) for text in (words, ""))
        denoiser = Denoiser(self._base, Guidance(wanted, unwanted, _GUIDANCE), lambda: None)
        schedule = Schedule(
            scheduler_for(Sampler.K_DPMPP_2M, self._noise_schedule),
            _STEPS,
            torch.device("cpu"),
            noise_start=noise,
        )
        generator = torch.Generator().manual_seed(seed)
        return as_pixels(self._enlarger.enlarged(small, factor, denoiser, schedule, generator))


def _psnr(one: Pixels, other: Pixels) -> float:
    error = float(np.square(one.astype(np.float64) - other).mean())
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def measure(pictures: int, kept: list[Reading]) -> Iterator[Reading]:
    """The readings that are not kept yet; level by level, so that less time still makes a table."""
    bench = Bench(_ROOT / "models" / "miniature")
    known = {(r.picture, r.side, r.factor, r.noise, r.told) for r in kept}
    for task in TASKS:
        wanted = [(noise, "own") for noise in (_LANCZOS, *task.levels)]
        if task == TASKS[0]:
            wanted.append((NOISE, "another's"))
        for noise, told in wanted:
            for picture in range(pictures):
                if (picture, task.side, task.factor, noise, told) not in known:
                    yield bench.read(picture, task, noise, told)


def document(readings: list[Reading]) -> str:
    """The page, in Markdown."""
    lines = [
        "# What enlarging with the base model is worth",
        "",
        "Made by `python -m benchmarks.upscaling`; every reading is a line of",
        "[upscaling.jsonl](../benchmarks/results/upscaling.jsonl).",
        "",
        f"Drawn pictures that the miniature never saw, {_STEPS} steps of DPM-Solver++ 2M,",
        f"guidance {_GUIDANCE}. *Fit*: cosine of the result with the picture's own caption, by the",
        "miniature's image encoder; *better*: share of pictures whose fit is above Lanczos'.",
        "*PSNR*: against the same picture drawn at the larger size. Time is CPU time of one core.",
        f"The server adds {NOISE} of noise.",
    ]
    for task in TASKS:
        some = [r for r in readings if (r.side, r.factor) == (task.side, task.factor)]
        if not some:
            continue
        lines += [
            "",
            f"## {task.side} → {task.side * task.factor} pixels",
            "",
            "| noise | caption | pictures | fit | Lanczos' | better | PSNR | s |",
            "|---|---|---|---|---|---|---|---|",
            *_rows(some),
        ]
    return "\n".join([*lines, ""])


def _rows(readings: list[Reading]) -> Iterator[str]:
    plain = {r.picture: r.fit for r in readings if r.noise == _LANCZOS}
    for noise, told in sorted({(r.noise, r.told) for r in readings}):
        some = [r for r in readings if (r.noise, r.told) == (noise, told)]
        better = statistics.mean(r.fit > plain[r.picture] for r in some)
        cells = [
            "Lanczos" if noise == _LANCZOS else f"{noise}",
            "–" if noise == _LANCZOS else told,
            f"{len(some)}",
            f"{statistics.mean(r.fit for r in some):.3f}",
            f"{statistics.mean(plain[r.picture] for r in some):.3f}",
            f"{better:.0%}",
            f"{statistics.mean(r.psnr for r in some):.1f} dB",
            f"{statistics.mean(r.seconds for r in some):.2f}",
        ]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, keep, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upscaling", description=__doc__)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--anew", action="store_true", help="forget the readings that are kept")
    parser.add_argument("--table", action="store_true", help="make the page of what is kept only")
    arguments = parser.parse_args()
    if arguments.anew:
        RESULTS.unlink(missing_ok=True)
    if not arguments.table:
        for reading in measure(arguments.pictures, _kept()):
            with RESULTS.open("a") as kept:
                kept.write(json.dumps(asdict(reading)) + "\n")
    DOCUMENT.write_text(document(_kept()))


def _kept() -> list[Reading]:
    if not RESULTS.exists():
        return []
    return [Reading(**json.loads(line)) for line in RESULTS.read_text().splitlines()]


if __name__ == "__main__":
    main()
