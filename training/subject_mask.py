"""Where the subject is in a photo, estimated from the photo alone: no model, no download.

Two guesses multiplied: photographers put their subject near the middle, and what is unlike the
photo's edges is not background (the boundary prior of Wei et al. 2012, "Geodesic saliency using
background priors"). The lower edge is left out: people and pets reach over it. Where background
and subject have the same colours, the middle is what remains.
"""

import torch
from torch.nn import functional as nnf

_SIDE = 48  # pixels that the estimate looks at
_RING = 3
_COLOURS = 4  # of the background
_ROUNDS = 8
_SPREAD = 0.3  # of the middle, as a share of the photo
_UNSURE = 0.25  # what the middle counts where colours say background
_BLUR = 5


@torch.no_grad()
def subject_mask(pixels: torch.Tensor) -> torch.Tensor:
    """(n, 3, side, side) in −1…1 to (n, side, side) in 0…1; 1 is where the subject surely is."""
    small = nnf.interpolate(pixels.float(), size=(_SIDE, _SIDE), mode="area")
    middle = _middle()
    masks = torch.stack([(_UNSURE + (1 - _UNSURE) * _unlike_edges(one)) * middle for one in small])
    padding = [_BLUR // 2] * 4
    smooth = nnf.avg_pool2d(nnf.pad(masks[:, None], padding, mode="replicate"), _BLUR, stride=1)
    whole = smooth / smooth.amax(dim=(2, 3), keepdim=True)
    return nnf.interpolate(whole, size=pixels.shape[-2:], mode="bilinear").squeeze(1)


def background_weights(masks: torch.Tensor, strength: float, size: tuple[int, int]) -> torch.Tensor:
    """(n, side, side) masks to (n, height, width) loss weights of mean 1.

    `strength` is how much less a surely unimportant place counts: 0 not at all, 1 nothing is left.
    """
    small = nnf.interpolate(masks[:, None], size=size, mode="area").squeeze(1)
    weights = 1 - strength * (1 - small)
    mean: torch.Tensor = weights.mean(dim=(1, 2), keepdim=True)
    return weights / mean


def centre_of(mask: torch.Tensor) -> tuple[float, float]:
    """The centre of mass of a (side, side) mask: across and down, as shares of its side."""
    total = mask.sum()
    places = (torch.arange(mask.shape[-1]) + 0.5) / mask.shape[-1]
    return (
        float((mask.sum(dim=0) * places).sum() / total),
        float((mask.sum(dim=1) * places).sum() / total),
    )


def _middle() -> torch.Tensor:
    places = (torch.arange(_SIDE) + 0.5) / _SIDE - 0.5
    bell = torch.exp(-places.square() / (2 * _SPREAD**2))
    return bell[:, None] * bell[None]


def _unlike_edges(image: torch.Tensor) -> torch.Tensor:
    """(3, side, side) to (side, side) in 0…1: how far each pixel is from the edges' colours."""
    edges = torch.cat(
        [part.flatten(1) for part in (image[:, :_RING], image[..., :_RING], image[..., -_RING:])], 1
    ).T
    colours = _clusters(edges)
    # Half of the edges' own pixels lie within `usual`: so much noise is still background.
    usual = torch.cdist(edges, colours).amin(dim=1).median() + 0.05
    away = torch.cdist(image.flatten(1).T, colours).amin(dim=1).view(_SIDE, _SIDE)
    return 1 - torch.exp(-(away / (3 * usual)).square())


def _clusters(points: torch.Tensor) -> torch.Tensor:
    """k-means from the point farthest from those taken: no chance in it."""
    centres = points.mean(dim=0, keepdim=True)
    while len(centres) < _COLOURS:
        farthest = torch.cdist(points, centres).amin(dim=1).argmax()
        centres = torch.cat([centres, points[farthest][None]])
    for _ in range(_ROUNDS):
        nearest = torch.cdist(points, centres).argmin(dim=1)
        centres = torch.stack(
            [
                points[nearest == number].mean(dim=0) if bool((nearest == number).any()) else centre
                for number, centre in enumerate(centres)
            ]
        )
    return centres
