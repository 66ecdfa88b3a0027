"""A plane cut into overlapping tiles of one size, and put together again without seams."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Tiling:
    """Sizes are (height, width); `corners` are the top left ones, row by row."""

    plane: tuple[int, int]
    tile: tuple[int, int]
    overlap: int
    corners: tuple[tuple[int, int], ...]

    @classmethod
    def over(cls, plane: tuple[int, int], side: int, overlap: int) -> "Tiling":
        """Tiles of at most `side` × `side`; neighbours share at least `overlap`."""
        tile = (min(side, plane[0]), min(side, plane[1]))
        corners = tuple(
            (top, left)
            for top in _starts(plane[0], tile[0], overlap)
            for left in _starts(plane[1], tile[1], overlap)
        )
        return cls(plane, tile, overlap, corners)

    def times(self, scale: int) -> "Tiling":
        """The same tiles where each unit is `scale` units."""
        return Tiling(
            (self.plane[0] * scale, self.plane[1] * scale),
            (self.tile[0] * scale, self.tile[1] * scale),
            self.overlap * scale,
            tuple((top * scale, left * scale) for top, left in self.corners),
        )

    def cut(self, plane: torch.Tensor) -> Iterator[torch.Tensor]:
        """The tiles of (…, height, width)."""
        height, width = self.tile
        for top, left in self.corners:
            yield plane[..., top : top + height, left : left + width]

    def blended(self, tiles: Iterable[torch.Tensor]) -> torch.Tensor:
        """Their mean in float32 where they overlap, each weighing less towards its edges."""
        ramps = [_ramp(side, self.overlap) for side in self.tile]
        weight = ramps[0][:, None] * ramps[1]
        share = torch.zeros(self.plane)
        total: torch.Tensor | None = None
        for (top, left), tile in zip(self.corners, tiles, strict=True):
            if total is None:
                weight, share = weight.to(tile.device), share.to(tile.device)
                total = share.new_zeros((*tile.shape[:-2], *self.plane))
            here = (..., slice(top, top + self.tile[0]), slice(left, left + self.tile[1]))
            total[here] += tile * weight
            share[here] += weight
        if total is None:
            raise ValueError("there is no tile")
        return total / share


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Even distances, the first tile at the beginning and the last at the end."""
    count = 1 if tile >= length else -(-(length - tile) // (tile - overlap)) + 1
    return [round(index * (length - tile) / max(1, count - 1)) for index in range(count)]


def _ramp(side: int, overlap: int) -> torch.Tensor:
    """(side,): rising over the overlap, 1 in the middle, falling again; nowhere 0."""
    inside = torch.arange(side) + 1.0
    return torch.minimum(inside, inside.flip(0)).clamp(max=overlap + 1) / (overlap + 1)
