"""A tiny Stable Diffusion 3 with random weights, in diffusers layout, made in a second.

It knows nothing and is committed nowhere: it shows that the transformer family trains, and that
stock diffusers reads what comes out. Three joint blocks, the first with SD3.5's second attention.
"""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from training.tiny_models import text_config
from training.tiny_tokenizer import tiny_t5_tokenizer, tiny_tokenizer
from training.tiny_world import SIDE

_LATENT_CHANNELS = 4
_LATENT_FACTOR = 4
_T5_WIDTH = 160  # above both CLIP widths together, as in the real model
_HEADS, _HEAD_WIDTH = 4, 16


def make_tiny_sd3(folder: Path, seed: int = 0) -> None:
    """Write it to `folder`; the same seed gives the same weights."""
    words, subwords = tiny_tokenizer(), tiny_t5_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip = [CLIPTextModelWithProjection(text_config(words)) for _ in range(2)]
        pipeline = StableDiffusion3Pipeline(
            transformer=_transformer(clip[0].config),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=_autoencoder(),
            text_encoder=clip[0],
            tokenizer=words,
            text_encoder_2=clip[1],
            tokenizer_2=tiny_tokenizer(),
            text_encoder_3=T5EncoderModel(_t5_config(subwords)),
            tokenizer_3=subwords,
        )
    pipeline.save_pretrained(folder)


def _transformer(clip: CLIPTextConfig) -> SD3Transformer2DModel:
    return SD3Transformer2DModel(
        sample_size=SIDE // _LATENT_FACTOR,
        patch_size=2,
        in_channels=_LATENT_CHANNELS,
        out_channels=_LATENT_CHANNELS,
        num_layers=3,
        attention_head_dim=_HEAD_WIDTH,
        num_attention_heads=_HEADS,
        caption_projection_dim=_HEADS * _HEAD_WIDTH,
        joint_attention_dim=_T5_WIDTH,
        pooled_projection_dim=2 * clip.projection_dim,
        pos_embed_max_size=SIDE // _LATENT_FACTOR,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    )


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=_LATENT_CHANNELS,
        mid_block_add_attention=False,
        sample_size=SIDE,
        use_quant_conv=False,
        use_post_quant_conv=False,
        scaling_factor=1.5305,
        shift_factor=0.0609,
    )


def _t5_config(subwords: T5Tokenizer) -> T5Config:
    return T5Config(
        vocab_size=len(subwords),
        d_model=_T5_WIDTH,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
        pad_token_id=subwords.pad_token_id,
        eos_token_id=subwords.eos_token_id,
    )
