"""A contrastive pair for a tiny base: the layout of `clip/`, with weights drawn by chance."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPVisionConfig, CLIPVisionModelWithProjection

WIDTH = 16


def save_clip(base: Path) -> None:
    """Put it beside the parts of a base."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vision = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=32,
                intermediate_size=64,
                projection_dim=WIDTH,
                num_hidden_layers=1,
                num_attention_heads=2,
                image_size=32,
                patch_size=8,
            )
        )
        vision.half().save_pretrained(base / "clip")
        text = CLIPTextConfig.from_pretrained(base / "text_encoder", local_files_only=True)
        projection = torch.randn(WIDTH, text.hidden_size).half()
    save_file({"text_projection.weight": projection}, base / "clip" / "text_projection.safetensors")
