"""Going on from an assembled miniature, where the checkpoints it was made from are gone.

Its half-precision weights become the checkpoints of a new workshop. What is not in the folder
starts anew: the optimisers' moments, and the heads that named traits.
"""

import json
from pathlib import Path

from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModel, CLIPVisionModelWithProjection

from training.miniature.assemble import CLIP_FOLDER, PROJECTION, PROJECTION_KEY, STEPS_FILE
from training.miniature.classifiers import load_classifiers
from training.miniature.clip import Pair
from training.miniature.config import MiniatureConfig
from training.miniature.fit import Ema, new_optimiser, save_checkpoint
from training.miniature.text import TraitHeads


def adopt(folder: Path, work: Path, config: MiniatureConfig) -> None:
    """Write the checkpoints of all stages into `work`; those that are there already are kept.

    Raises OSError if the folder is not whole, RuntimeError if it holds another size.
    """
    steps = json.loads((folder / STEPS_FILE).read_text(encoding="utf-8"))
    vae = AutoencoderKL.from_pretrained(folder / "vae")
    text = CLIPTextModel.from_pretrained(folder / "text_encoder")
    heads = TraitHeads(config.text_width)
    worded = {"text_encoder": text, "text_heads": heads}
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    modules: dict[str, nn.Module] = {
        "autoencoder": vae,
        "decoder": vae,
        "text": nn.ModuleDict(worded),
        "unet": nn.ModuleDict({"unet": unet, **worded}),
        "clip": _pair(folder, config),
        "classifiers": load_classifiers(folder / "classifiers"),
    }
    work.mkdir(parents=True, exist_ok=True)
    for stage, module in modules.items():
        path = work / f"{stage}.pt"
        if not path.exists():
            whole = module.float()
            ema, optimiser = Ema(whole, 0.0), new_optimiser(whole)
            save_checkpoint(path, whole, optimiser, ema, int(steps.get(stage, 0)))
    scale = {"scaling_factor": vae.config.scaling_factor}
    (work / "scale.json").write_text(json.dumps(scale), encoding="utf-8")


def _pair(folder: Path, config: MiniatureConfig) -> Pair:
    pair = Pair(config)
    vision = CLIPVisionModelWithProjection.from_pretrained(folder / CLIP_FOLDER).float()
    pair.vision.load_state_dict(vision.state_dict())
    projection = load_file(folder / CLIP_FOLDER / PROJECTION)[PROJECTION_KEY].float()
    pair.text_projection.load_state_dict({"weight": projection})
    return pair
