"""How good the miniature is: 500 held-out prompts, judged trait by trait, and a contact sheet."""

import json
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from PIL import Image, ImageDraw

from training.miniature.assemble import ImageText, load_pipeline
from training.miniature.classifiers import TraitClassifiers, as_batch, load_classifiers
from training.miniature.pictures import HELD_OUT, caption_of, described
from training.miniature.world import draw_array, traits_of

_log = logging.getLogger(__name__)

_SHEET = (
    "a smiling woman with curly red hair and green eyes in a yellow hoodie on a blue background",
    "a man with a beard, sunglasses and a black top hat in the city",
    "a surprised person with a pink mohawk, blue eyes, in a striped green sweater",
    "a pencil drawing of a woman with long black hair wearing glasses",
    "pixel art of a laughing man with spiky blue hair in a forest",
    "a watercolour painting of a woman with a blond bun at the beach",
    "a neon portrait of a person with purple hair and sunglasses",
    "an angry bald man with dark skin in a white suit on a red background",
    "an orange cat with green eyes wearing a blue beanie in the snow",
    "a grey dog with sunglasses and a crown under a night sky",
    "a white rabbit with a straw hat in front of mountains",
    "a winking red mug on a yellow background",
    "a blue robot smiling in the city",
    "a sad woman with brown pigtails, pale skin, wearing blue overalls, on a green background",
    "a man with a white afro and brown skin in a purple turtleneck, pink background",
    "a person with a black bob and grey eyes wearing a red t-shirt and a green cap",
)


@dataclass(frozen=True)
class MeasureSettings:
    """How pictures are made for the measure."""

    prompts: int = 500
    steps: int = 20
    guidance: float = 5.0
    batch: int = 20
    device: str = "cpu"


class Tally:
    """Right answers per trait."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.count: Counter[str] = Counter()

    def add(self, wanted: dict[str, str], seen: dict[str, str]) -> None:
        """Compare the traits that were asked for with what the judge saw."""
        for trait, value in wanted.items():
            self.count[trait] += 1
            self.right[trait] += seen[trait] == value

    def report(self) -> dict[str, object]:
        """Share right over all named traits, and per trait with its number."""
        each = {
            t: {"right": round(self.right[t] / n, 4), "n": n} for t, n in sorted(self.count.items())
        }
        return {
            "all": round(sum(self.right.values()) / max(1, sum(self.count.values())), 4),
            "traits": each,
        }


def measure(folder: Path, settings: MeasureSettings) -> dict[str, object]:
    """Judge generated, drawn and reconstructed pictures of the same held-out prompts.

    Writes `measured.json` and `contact-sheet.png` into the folder. Drawn pictures say how far the
    judge itself can be trusted; reconstructions, what the autoencoder costs.
    """
    pipeline = load_pipeline(folder, settings.device)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    judge, pair = (
        load_classifiers(folder / "classifiers"),
        ImageText(folder, pipeline.text_encoder, pipeline.tokenizer),
    )
    side = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
    tallies = {name: Tally() for name in ("generated", "drawn", "reconstructed")}
    fits, l1, began = [], [], time.monotonic()
    for start in range(0, settings.prompts, settings.batch):
        numbers = [
            HELD_OUT + i for i in range(start, min(start + settings.batch, settings.prompts))
        ]
        captions = [caption_of(n) for n in numbers]
        shown = [traits_of(*described(n)) for n in numbers]
        wanted = [
            {t: v for t, v in all_.items() if t in c.named}
            for all_, c in zip(shown, captions, strict=True)
        ]
        words = [c.text for c in captions]
        made = generate(pipeline, words, numbers, settings)
        drawn = as_batch([draw_array(*described(n), side) for n in numbers])
        rebuilt = _rebuilt(pipeline, drawn)
        l1.append(float((rebuilt - drawn).abs().mean()) / 2)
        fits.append(float((pair.images(made) * pair.texts(words)).sum(1).mean()))
        for name, pictures in (("generated", made), ("drawn", drawn), ("reconstructed", rebuilt)):
            for want, seen in zip(wanted, _seen(judge, pictures), strict=True):
                tallies[name].add(want, seen)
        _log.info("%d prompts, %s", start + len(numbers), tallies["generated"].report()["all"])
    result: dict[str, object] = {
        "prompts": settings.prompts,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "sampler": "DPM-Solver++ 2M",
        "seconds": round(time.monotonic() - began, 1),
        "autoencoder_l1": round(float(np.mean(l1)), 5),
        "text_image_cosine": round(float(np.mean(fits)), 4),
        **{name: tally.report() for name, tally in tallies.items()},
    }
    (folder / "measured.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    contact_sheet(pipeline, settings).save(folder / "contact-sheet.png")
    return result


@torch.no_grad()
def generate(
    pipeline: StableDiffusionPipeline, words: list[str], seeds: list[int], settings: MeasureSettings
) -> torch.Tensor:
    """Pictures of shape (n, 3, side, side), −1 to 1, each from its own seed."""
    made = pipeline(
        prompt=words,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance,
        generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        output_type="np",
    ).images
    return torch.from_numpy(made).permute(0, 3, 1, 2) * 2 - 1


def contact_sheet(pipeline: StableDiffusionPipeline, settings: MeasureSettings) -> Image.Image:
    """Sixteen prompts, four seeds each, with the words under them; four prompts a row."""
    side, cell, gap, text = pipeline.unet.config.sample_size * pipeline.vae_scale_factor, 96, 6, 44
    wide = 4 * cell + gap
    sheet = Image.new("RGB", (4 * wide + gap, 4 * (cell + text) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for index, words in enumerate(_SHEET):
        made = generate(pipeline, [words] * 4, list(range(4)), settings)
        x, y = gap + index % 4 * wide, gap + index // 4 * (cell + text)
        for column, picture in enumerate(made):
            pixels = ((picture.permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)
            sheet.paste(
                Image.fromarray(pixels).resize(
                    (cell, cell), Image.Resampling.BICUBIC if side < cell else Image.Resampling.BOX
                ),
                (x + column * cell, y),
            )
        pen.multiline_text((x, y + cell + 3), _wrapped(words, 62), fill=(30, 30, 36), font_size=11)
    return sheet


def _wrapped(words: str, width: int) -> str:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


@torch.no_grad()
def _rebuilt(pipeline: StableDiffusionPipeline, pictures: torch.Tensor) -> torch.Tensor:
    vae = pipeline.vae
    decoded: torch.Tensor = vae.decode(vae.encode(pictures.to(vae.device)).latent_dist.mean).sample
    return decoded.clamp(-1, 1).cpu()


def _seen(judge: TraitClassifiers, pictures: torch.Tensor) -> list[dict[str, str]]:
    return judge.names(pictures)


def sample_prompts(count: int, seed: int = 0) -> list[str]:
    """Held-out prompts for a look at any time."""
    rng = random.Random(seed)
    return [caption_of(HELD_OUT + rng.randrange(10**6)).text for _ in range(count)]
