"""A finer autoencoder out of a coarse one: pictures of twice the side, the same latents.

What the coarse one has learned at a quarter of the cost is kept (progressive growing, Karras et al.
2018, arXiv:1710.10196). The new finest level starts as what it replaces: it halves pictures by
averaging, and doubles them by repeating pixels.
"""

import torch
from diffusers import AutoencoderKL
from torch import nn


@torch.no_grad()
def grow(coarse: AutoencoderKL, fine: AutoencoderKL) -> None:
    """Fill `fine`, which has one level more in front, with what `coarse` knows.

    Raises ValueError where the two finest levels of `fine` differ in width: then nothing fits.
    """
    wide, next_wide = fine.config.block_out_channels[:2]
    if wide != next_wide or tuple(fine.config.block_out_channels[1:]) != tuple(
        coarse.config.block_out_channels
    ):
        raise ValueError("the finest level repeats the width of the coarse model's finest")
    fine.load_state_dict({**fine.state_dict(), **_moved(coarse)})
    _pass_through(fine.encoder.down_blocks[0])
    _average(fine.encoder.down_blocks[0].downsamplers[0].conv)
    _pass_through(fine.decoder.up_blocks[-1])
    _copy_centre(fine.decoder.up_blocks[-2].upsamplers[0].conv)


def _moved(coarse: AutoencoderKL) -> dict[str, torch.Tensor]:
    """The coarse model's weights under the names that they have behind one more level."""
    moved = {}
    for name, value in coarse.state_dict().items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "down_blocks"]:
            parts[2] = str(int(parts[2]) + 1)
        moved[".".join(parts)] = value
    return moved


def _pass_through(block: nn.Module) -> None:
    """Residual blocks that add nothing yet."""
    for residual in block.get_submodule("resnets").children():
        for parameter in residual.get_submodule("conv2").parameters():
            parameter.zero_()


def _average(conv: nn.Conv2d) -> None:
    """Each channel to the mean of its 2×2 cells (the layer pads on the right and below only)."""
    conv.weight.zero_()
    for channel in range(conv.out_channels):
        conv.weight[channel, channel, :2, :2] = 0.25
    _zero_bias(conv)


def _copy_centre(conv: nn.Conv2d) -> None:
    """Each channel to itself."""
    conv.weight.zero_()
    for channel in range(conv.out_channels):
        conv.weight[channel, channel, 1, 1] = 1.0
    _zero_bias(conv)


def _zero_bias(conv: nn.Conv2d) -> None:
    if conv.bias is not None:
        conv.bias.zero_()
