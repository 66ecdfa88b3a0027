"""Going on from an assembled miniature, where the checkpoints it was made from are gone.

Its half-precision weights become the checkpoints of a new workshop. What is not in the folder
starts anew: the optimisers' moments, and the trait heads that helped the contrastive pair.
"""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPModel, CLIPTextModel, CLIPVisionModelWithProjection

from training.miniature.assemble import CLIP_FOLDER, PROJECTION, STEPS_FILE
from training.miniature.fit import Ema, new_optimiser, save_checkpoint


def adopt(folder: Path, work: Path, pair: nn.Module) -> None:
    """Write the checkpoints of all stages into `work`; those that are there already are kept.

    `pair` is the untrained module of the stage `clip`. Raises OSError if the folder is not whole.
    """
    steps = json.loads((folder / STEPS_FILE).read_text(encoding="utf-8"))
    vae = AutoencoderKL.from_pretrained(folder / "vae", dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    _adopt_pair(folder, pair)
    work.mkdir(parents=True, exist_ok=True)
    for stage, module in (("autoencoder", vae), ("decoder", vae), ("unet", unet), ("clip", pair)):
        path = work / f"{stage}.pt"
        if not path.exists():
            ema = Ema(module, 0.0)
            save_checkpoint(path, module, new_optimiser(module), ema, int(steps.get(stage, 0)))
    scale = {"scaling_factor": vae.config.scaling_factor}
    (work / "scale.json").write_text(json.dumps(scale), encoding="utf-8")


def _adopt_pair(folder: Path, pair: nn.Module) -> None:
    clip = pair.get_submodule("clip")
    if not isinstance(clip, CLIPModel):
        raise TypeError("the stage 'clip' trains something else")
    text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    vision = CLIPVisionModelWithProjection.from_pretrained(
        folder / CLIP_FOLDER, dtype=torch.float32
    )
    projection = load_file(folder / CLIP_FOLDER / PROJECTION)["text_projection.weight"]
    words = {
        name if name.startswith("text_model.") else f"text_model.{name}": value
        for name, value in text.state_dict().items()
    }
    state = {**words, **vision.state_dict(), "text_projection.weight": projection.float()}
    missing, unknown = clip.load_state_dict(state, strict=False)
    if unknown or set(missing) > {"logit_scale"}:
        raise OSError(f"the pair in {folder} is another one: {[*unknown, *missing][:3]}")
