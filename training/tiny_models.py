"""The parts of a tiny Stable Diffusion and a tiny SDXL: real architectures, few channels."""

from dataclasses import dataclass

from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from contract.base_model import Family
from training.tiny_tokenizer import MAX_TOKENS
from training.tiny_world import SIDE

TEXT_WIDTH = 64
POOLED_WIDTH = 48
LATENT_CHANNELS = 4
LATENT_FACTOR = 4  # pixels per latent cell, along each side


@dataclass(frozen=True)
class TinyModels:
    """One family's parts. SDXL has a second text encoder."""

    family: Family
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    text_encoder: CLIPTextModel
    text_encoder_2: CLIPTextModelWithProjection | None
    scheduler: DDIMScheduler


def build(family: Family, tokenizer: CLIPTokenizer) -> TinyModels:
    """Parts with random weights, drawn from torch's global generator."""
    xl = family is Family.SDXL
    return TinyModels(
        family=family,
        vae=_autoencoder(),
        unet=_unet(family),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        text_encoder_2=CLIPTextModelWithProjection(text_config(tokenizer)) if xl else None,
        scheduler=_scheduler(),
    )


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=LATENT_CHANNELS,
        mid_block_add_attention=False,
        sample_size=SIDE,
        force_upcast=False,
    )


def _unet(family: Family) -> UNet2DConditionModel:
    extra: dict[str, object] = {}
    if family is Family.SDXL:
        time_width = 8
        extra = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": time_width,
            "projection_class_embeddings_input_dim": POOLED_WIDTH + 6 * time_width,
        }
    return UNet2DConditionModel(
        sample_size=SIDE // LATENT_FACTOR,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(32, 64, 96),
        # Attention at the coarse levels only, as SDXL has it: half the time on a CPU. At 4×4 cells
        # it sees the whole picture and knows where it is, so an adapter can move the layout.
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=4,
        cross_attention_dim=TEXT_WIDTH * (2 if family is Family.SDXL else 1),
        use_linear_projection=True,
        **extra,
    )


def text_config(tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    """A CLIP text encoder of three narrow layers."""
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=2 * TEXT_WIDTH,
        projection_dim=POOLED_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _scheduler() -> DDIMScheduler:
    """The noise schedule of Stable Diffusion 1 and XL, predicting noise.

    clip_sample defaults to True in diffusers, which is for pixels and cuts off latents.
    """
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="epsilon",
    )
