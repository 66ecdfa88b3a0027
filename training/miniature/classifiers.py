"""Trait classifiers, trained on drawn pictures only: the judge of what generated pictures show."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as nnf

from training.miniature.fit import channels_last
from training.miniature.pictures import Pictures, described
from training.miniature.text import trait_labels
from training.miniature.world import TRAITS, traits_of

_WIDTHS = (16, 32, 64, 128, 160)
_SIDE = 128  # a mouth is a few pixels of it


class TraitClassifiers(nn.Module):
    """One small convolutional body, one linear head per trait. Takes pictures of any side ≥ 64."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in _WIDTHS:
            layers += [
                nn.Conv2d(before, width, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=1, groups=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({t: nn.Linear(before * 16, len(v)) for t, v in TRAITS.items()})

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """Scores per trait, (n, values), of pictures of shape (n, 3, side, side), −1 to 1."""
        features = self.body(nnf.interpolate(pictures, size=(_SIDE, _SIDE), mode="area")).flatten(1)
        return {trait: head(features) for trait, head in self.heads.items()}

    @torch.no_grad()
    def names(self, pictures: torch.Tensor) -> list[dict[str, str]]:
        """The likeliest value of every trait, for each picture."""
        scores = self(pictures)
        rows: list[dict[str, str]] = [{} for _ in range(len(pictures))]
        for trait, values in TRAITS.items():
            for row, index in zip(rows, scores[trait].argmax(1).tolist(), strict=True):
                row[trait] = values[index]
        return rows


class ClassifierStage:
    """Supervised training on drawn pictures, lightly blurred, shifted and noisy ones among them."""

    def __init__(self, pictures: Pictures, device: str, batch: int = 64) -> None:
        self.module: nn.Module = channels_last(TraitClassifiers().to(device))
        self._pictures, self._device, self._batch = pictures, device, batch

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """Mean cross-entropy over traits, each where the picture shows it."""
        numbers = self._pictures.draw_numbers(step, self._batch, "classifiers")
        given = self._pictures.batch(numbers)
        generator = torch.Generator().manual_seed(step)
        # A generated picture is a little soft and noisy; the judge must not stumble over that.
        soft = nnf.avg_pool2d(nnf.pad(given, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        share = torch.rand(len(given), 1, 1, 1, generator=generator) * 0.7
        noise = torch.randn(given.shape, generator=generator) * 0.06
        given = (
            given
            + share * (soft - given)
            + noise * torch.rand(len(given), 1, 1, 1, generator=generator)
        )
        labels = trait_labels([traits_of(*described(int(n))) for n in numbers], self._device)
        scores = self.module(given.to(self._device, memory_format=torch.channels_last))
        total = torch.zeros((), device=self._device)
        right, count = 0, 0
        for trait, guess in scores.items():
            known = labels[trait] >= 0
            if bool(known.any()):
                total = total + nnf.cross_entropy(guess[known].float(), labels[trait][known])
                right += int((guess[known].argmax(1) == labels[trait][known]).sum())
                count += int(known.sum())
        return total / len(TRAITS), {"right": round(right / max(1, count), 4)}


def save_classifiers(module: TraitClassifiers, folder: Path) -> None:
    """Half precision, one safetensors file."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in module.state_dict().items()
    }
    save_file(state, folder / "model.safetensors")


def load_classifiers(folder: Path) -> TraitClassifiers:
    """As saved by `save_classifiers`, in float32, ready to judge."""
    module = TraitClassifiers()
    state = load_file(folder / "model.safetensors")
    module.load_state_dict({n: v.float() if v.is_floating_point() else v for n, v in state.items()})
    return module.eval()


def as_batch(pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]) -> torch.Tensor:
    """Arrays of shape (side, side, 3), 0–255, as the classifiers take them."""
    stacked = np.stack(pictures).astype(np.float32)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2) / 127.5 - 1
