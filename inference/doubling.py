"""Pictures at twice their size by a small network that learned what reducing took away.

Residual blocks at the small size, then each pixel unfolds into four (Shi et al. 2016,
arXiv:1609.05158); what comes out is added to the bicubic enlargement (as in VDSR: Kim et al. 2016,
arXiv:1511.04587), so an untrained one is bicubic.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as nnf

from contract.doubling import DOUBLER_FOLDER, WEIGHTS_FILE, DoublerSize, checked_doubler
from contract.errors import BaseFolderError
from inference.tiling import Tiling

# Bounds memory; neighbours share more than twice what a pixel depends on.
_TILE, _OVERLAP = 512, 32


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate")
        self.second = nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate")

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.second(nnf.relu(self.first(features)))
        return features + changed


class DoublerNetwork(nn.Module):
    """(n, 3, height, width) in −1…1 to (n, 3, 2 · height, 2 · width), about −1…1."""

    def __init__(self, size: DoublerSize) -> None:
        super().__init__()
        self.size = size
        self.head = nn.Conv2d(3, size.width, 3, padding=1)
        self.blocks = nn.Sequential(*(_Block(size.width) for _ in range(size.blocks)))
        self.tail = nn.Conv2d(size.width, 3 * 2 * 2, 3, padding=1)
        with torch.no_grad():
            for parameter in self.tail.parameters():
                parameter.zero_()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Without bounds on what it holds in memory; see `doubled`."""
        plain = nnf.interpolate(pictures, scale_factor=2, mode="bicubic", align_corners=False)
        features = self.head(pictures)
        features = self.blocks(features) + features
        return plain + nnf.pixel_shuffle(self.tail(features), 2)


@torch.no_grad()
def doubled(network: DoublerNetwork, levels: torch.Tensor) -> torch.Tensor:
    """(1, 3, height, width) in −1…1 at twice the size, in tiles where it is large."""
    height, width = levels.shape[-2:]
    tiling = Tiling.over((height, width), _TILE, _OVERLAP)
    tiles = (network(tile) for tile in tiling.cut(levels.to(network.head.weight.device)))
    return tiling.times(2).blended(tiles).clamp(-1, 1)


def read_doubler(folder: Path, device: torch.device) -> DoublerNetwork | None:
    """What the base's folder offers, in float32. Raises ContractError for an unusable one."""
    size = checked_doubler(folder)
    if size is None:
        return None
    network = DoublerNetwork(size)
    try:
        network.load_state_dict(load_file(folder / DOUBLER_FOLDER / WEIGHTS_FILE))
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise BaseFolderError(f"{DOUBLER_FOLDER}/{WEIGHTS_FILE} is no doubler's") from error
    return network.to(device).requires_grad_(requires_grad=False).eval()
