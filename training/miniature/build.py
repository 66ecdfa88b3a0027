"""Make the miniature: `python -m training.miniature.build --out models/miniature --stage all`.

Stages, in order: pictures, coarse, autoencoder, latents, text, unet, decoder, clip, classifiers,
assemble, few_step, doubler, measure.
Each resumes from its checkpoint in --work; give --minutes or --steps to say how much longer. Where
the checkpoints are gone, --stage adopt makes new ones from the assembled model in --out.
On a GPU: --config studio --device cuda --workers 16 --pictures 200000.
"""

import argparse
import json
import logging
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from contract.base_folder import content_hash
from training.miniature.adopt import adopt
from training.miniature.assemble import assemble
from training.miniature.autoencoder import AutoencoderStage, fix_scale, new_autoencoder
from training.miniature.card import write_card
from training.miniature.classifiers import ClassifierStage, TraitClassifiers, save_classifiers
from training.miniature.clip import ClipStage, Pair
from training.miniature.config import CONFIGS, MiniatureConfig
from training.miniature.doubling import DoublingStage, write_trained
from training.miniature.few_step import FewStepStage, write_tier
from training.miniature.fit import FitSettings, Stage, averaged, fit, steps_of
from training.miniature.measure import MeasureSettings, measure
from training.miniature.pictures import Pictures, draw_shards
from training.miniature.text import TextStage, TraitHeads, new_text_encoder
from training.miniature.tokenizer import miniature_tokenizer
from training.miniature.unet import UNetStage, cache_latents, new_unet

STAGES = (
    "pictures",
    "coarse",
    "autoencoder",
    "latents",
    "text",
    "unet",
    "decoder",
    "clip",
    "classifiers",
    "assemble",
    "few_step",
    "doubler",
    "measure",
)

_RATES = {
    "coarse": 2e-3,
    "autoencoder": 1.2e-3,
    "text": 1e-3,
    "unet": 8e-4,
    "decoder": 8e-4,
    "clip": 1e-3,
    "classifiers": 2e-3,
    "few_step": 1e-3,
    "doubler": 2e-3,
}
_BATCHES = {
    "coarse": 8,
    "autoencoder": 8,
    "text": 64,
    "unet": 32,
    "decoder": 8,
    "clip": 64,
    "classifiers": 64,
    "few_step": 8,
    "doubler": 8,
}
_GPU_BATCHES = {
    "coarse": 64,
    "autoencoder": 64,
    "text": 512,
    "unet": 256,
    "decoder": 64,
    "clip": 512,
    "classifiers": 256,
    "few_step": 128,
    "doubler": 64,
}
_SHARES = {
    "coarse": 0.1,
    "autoencoder": 0.15,
    "text": 0.03,
    "unet": 0.44,
    "decoder": 0.08,
    "clip": 0.05,
    "classifiers": 0.04,
    "few_step": 0.06,
    "doubler": 0.05,
}
"""How a budget for all stages is divided among those that learn."""


@dataclass(frozen=True)
class Workshop:
    """Where everything of one build lies, and how it is run."""

    config: MiniatureConfig
    work: Path
    out: Path
    device: str
    bf16: bool
    minutes: float | None
    steps: int | None
    pictures: int
    batch: int | None
    rate: float | None
    prompts: int
    workers: int
    learn_words: bool
    compiled: bool

    def checkpoint(self, stage: str) -> Path:
        """The stage's resumable state."""
        return self.work / f"{stage}.pt"

    def drawn(self) -> Pictures:
        """The pictures drawn so far."""
        return Pictures(self.work / "pictures", self.config.side)

    def settings(self, stage: str) -> FitSettings:
        """Budget and rate of one stage."""
        return FitSettings(
            learning_rate=self.rate or _RATES[stage],
            minutes=self.minutes,
            steps=self.steps,
            ema_decay=0.998,
            device=self.device,
            bf16=self.bf16,
        )

    def size(self, stage: str) -> int:
        """The batch size of one stage."""
        return self.batch or (_BATCHES if self.device == "cpu" else _GPU_BATCHES)[stage]


def run(stage: str, shop: Workshop) -> None:
    """One stage of STAGES."""
    tokenizer = miniature_tokenizer(shop.config.max_tokens)
    if stage == "pictures":
        folder = shop.work / "pictures"
        draw_shards(folder, shop.config.side, shop.pictures, shop.workers)
    elif stage == "latents":
        vae = _autoencoder(shop, "autoencoder")
        cache_latents(vae, shop.drawn(), shop.pictures, _latents(shop), shop.device)
    elif stage == "adopt":
        adopt(shop.out, shop.work, shop.config)
    elif stage == "assemble":
        _assemble(shop, tokenizer)
    elif stage == "few_step":
        _distil(shop)
    elif stage == "doubler":
        learning = DoublingStage(shop.out, shop.work, shop.pictures, shop.device, shop.size(stage))
        fit(learning, shop.settings(stage), shop.checkpoint(stage))
        write_trained(shop.out, learning.module)
    elif stage == "measure":
        result = measure(shop.out, MeasureSettings(prompts=shop.prompts, device=shop.device))
        logging.getLogger(__name__).info("%s", json.dumps(result))
        write_card(shop.out, _steps(shop))
    else:
        fit(_stage(stage, shop, tokenizer), shop.settings(stage), shop.checkpoint(stage))


def _stage(stage: str, shop: Workshop, tokenizer: CLIPTokenizer) -> Stage:
    config, device, batch = shop.config, shop.device, shop.size(stage)
    if stage == "coarse":
        return AutoencoderStage(config.coarse, shop.drawn(), device, batch)
    if stage == "autoencoder":
        fine = AutoencoderStage(config, shop.drawn(), device, batch)
        if not shop.checkpoint(stage).exists():
            fine.start_from(averaged(shop.checkpoint("coarse"), new_autoencoder(config.coarse)))
        return fine
    if stage == "decoder":
        tuned = AutoencoderStage(config, shop.drawn(), device, batch)
        tuned.only_decoder(_autoencoder(shop, "autoencoder"))
        return tuned
    if stage == "text":
        return TextStage(config, shop.pictures, tokenizer, device, batch)
    if stage == "clip":
        text = _denoiser(shop, tokenizer)[1]
        return ClipStage(config, shop.drawn(), text, tokenizer, device, batch)
    if stage == "classifiers":
        return ClassifierStage(shop.drawn(), device, batch)
    latents = np.load(_latents(shop), mmap_mode="r")
    text = _text_encoder(shop, tokenizer)
    return UNetStage(
        config,
        latents,
        text,
        tokenizer,
        device,
        batch,
        learn_words=shop.learn_words,
        compiled=shop.compiled,
    )


def _assemble(shop: Workshop, tokenizer: CLIPTokenizer) -> None:
    vae = _autoencoder(shop, "decoder" if shop.checkpoint("decoder").exists() else "autoencoder")
    unet, text = _denoiser(shop, tokenizer)
    pair = averaged(shop.checkpoint("clip"), Pair(shop.config))
    shop.out.mkdir(parents=True, exist_ok=True)
    assemble(shop.out, vae, unet, text, tokenizer, pair, _steps(shop))
    if shop.checkpoint("classifiers").exists():
        judge = averaged(shop.checkpoint("classifiers"), TraitClassifiers())
        save_classifiers(judge, shop.out / "classifiers")


def _distil(shop: Workshop) -> None:
    """From the assembled folder; another UNet there is another teacher, and a new beginning."""
    base_hash = content_hash(shop.out)
    latents = np.load(_latents(shop), mmap_mode="r")
    stage = FewStepStage(shop.out, latents, shop.device, shop.size("few_step"))
    fit(stage, shop.settings("few_step"), shop.checkpoint(f"few_step-{base_hash[:12]}"))
    write_tier(shop.out, base_hash, stage.module)


def _steps(shop: Workshop) -> dict[str, int]:
    """What each stage has behind it."""
    learned = [name for name in _RATES if shop.checkpoint(name).exists()]
    return {name: steps_of(shop.checkpoint(name)) for name in learned}


def _autoencoder(shop: Workshop, stage: str) -> AutoencoderKL:
    """The averaged autoencoder, scaled as the stage `autoencoder` left its latents."""
    scale = shop.work / "scale.json"
    vae = averaged(shop.checkpoint(stage), new_autoencoder(shop.config))
    if stage == "autoencoder":
        fix_scale(vae, shop.drawn(), "cpu")
        scale.write_text(
            json.dumps({"scaling_factor": vae.config.scaling_factor}), encoding="utf-8"
        )
    vae.register_to_config(**json.loads(scale.read_text(encoding="utf-8")))
    return vae


def _text_encoder(shop: Workshop, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """As the stage `text` left it."""
    encoder = new_text_encoder(shop.config, tokenizer)
    heads = TraitHeads(shop.config.text_width)
    averaged(shop.checkpoint("text"), nn.ModuleDict({"text_encoder": encoder, "text_heads": heads}))
    return encoder


def _denoiser(
    shop: Workshop, tokenizer: CLIPTokenizer
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """As the stage `unet` left both."""
    unet, text = new_unet(shop.config), new_text_encoder(shop.config, tokenizer)
    heads = TraitHeads(shop.config.text_width)
    parts = {"unet": unet, "text_encoder": text, "text_heads": heads}
    averaged(shop.checkpoint("unet"), nn.ModuleDict(parts))
    return unet, text


def _latents(shop: Workshop) -> Path:
    return shop.work / f"latents-{shop.config.side}.npy"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.miniature.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("models/miniature"))
    parser.add_argument(
        "--work", type=Path, default=Path(".local/miniature"), help="pictures and checkpoints"
    )
    parser.add_argument("--stage", choices=("all", "adopt", *STAGES), default="all")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="laptop")
    parser.add_argument(
        "--minutes", type=float, help="more time for this stage, or for all of them together"
    )
    parser.add_argument("--steps", type=int, help="more steps for this stage, or for each of them")
    parser.add_argument("--pictures", type=int, default=55_000)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument(
        "--words",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether the text encoder goes on learning beside the UNet",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the UNet first: pays in runs of half an hour and more",
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw pictures")
    parser.add_argument("--threads", type=int, help="CPU threads")
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run one stage, or all in order."""
    given = _arguments().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Whoever ends the run by SIGTERM also finds its steps in the checkpoint.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if given.threads:
        torch.set_num_threads(given.threads)
    stages = STAGES if given.stage == "all" else (given.stage,)
    minutes, steps = given.minutes, given.steps
    if minutes is None and steps is None:
        minutes = 100.0 if given.stage == "all" else 10.0
    for stage in stages:
        share = _SHARES.get(stage, 1.0) if given.stage == "all" else 1.0
        run(
            stage,
            Workshop(
                config=CONFIGS[given.config],
                work=given.work,
                out=given.out,
                device=given.device,
                bf16=given.bf16,
                minutes=None if minutes is None else minutes * share,
                steps=steps,
                pictures=given.pictures,
                batch=given.batch,
                rate=given.learning_rate,
                prompts=given.prompts,
                workers=given.workers,
                learn_words=given.words,
                compiled=given.compile,
            ),
        )


if __name__ == "__main__":
    main()
