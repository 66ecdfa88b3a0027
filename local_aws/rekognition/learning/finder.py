"""Training of the finder: where faces of drawn people are, in pictures of many kinds.

One score per cell of a 12 × 12 map and, for the cell at a face's centre, offset, size, shape, tilt
and yaw (Zhou et al., "Objects as Points", 2019, on one scale).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage import data
from torch import nn
from torch.nn import functional as nnf

from local_aws.rekognition.drawn.finder import CELL, MAP, SIDE
from local_aws.rekognition.drawn.network import FINDER
from local_aws.rekognition.learning.layers import Body, Tensors, linear
from local_aws.rekognition.learning.pictures import (
    Pixels,
    Portrait,
    doodle,
    empty_place,
    other_kind,
)
from local_aws.rekognition.learning.spoil import Random, spoiled

_log = logging.getLogger(__name__)
OUTPUTS = 7
# Photographs for the training; the benchmark measures false alarms on the others.
_PHOTOGRAPHS = ("brick", "camera", "clock", "grass", "gravel", "horse", "moon", "page", "text")


@dataclass(frozen=True)
class Sample:
    """A picture for the finder and, per face: x, y, width, height in pixels, tilt, yaw."""

    pixels: Pixels
    faces: list[tuple[float, float, float, float, float, float]]


class Samples:
    """Makes training pictures: portraits moved about, side by side, and pictures without a face."""

    def __init__(self, portraits: list[Portrait], others: int) -> None:
        self._portraits = portraits
        self._others = [other_kind(f"training {n}") for n in range(others)]
        self._others += [empty_place(f"training {n}") for n in range(others // 3)]
        self._empty = [doodle(f"training {n}") for n in range(others)] + self._others[
            -others // 3 :
        ]
        faces = (255 * data.lfw_subset()[:50]).astype(np.uint8)
        scenes = [np.asarray(getattr(data, name)()) for name in _PHOTOGRAPHS]
        self._photographs = [_colour(picture) for picture in [*faces, *scenes]]

    def draw(self, random: Random) -> Sample:
        """One sample."""
        chance = random.random()
        if chance < 0.58:
            return self._moved(random)
        if chance < 0.68:
            return self._grid(random)
        if chance < 0.86:
            picture = self._others[random.integers(len(self._others))]
        elif chance < 0.93:
            picture = self._empty[random.integers(len(self._empty))]
        elif chance < 0.97:
            picture = self._photographs[random.integers(len(self._photographs))]
        else:
            noise = random.integers(0, 256, (int(random.integers(2, 97)),) * 2 + (3,))
            picture = noise.astype(np.uint8)
        return Sample(spoiled(_anywhere(picture, random, self._empty), random), [])

    def _moved(self, random: Random) -> Sample:
        """A portrait, nearer or further away, on whatever lies around it."""
        one = self._portraits[random.integers(len(self._portraits))]
        truth, scale = one.truth, SIDE / one.pixels.shape[0]
        scale *= random.choice([1.0, random.uniform(0.3, 1.5)])
        turn = random.choice([0.0, random.normal(0, 10)])
        matrix = cv2.getRotationMatrix2D((truth.x, truth.y), turn, scale)
        reach = 0.5 * SIDE - 0.25 * truth.size * scale
        place = np.array([0.5, 0.5]) * SIDE + random.uniform(-0.6, 0.6, 2) * max(0.0, reach)
        matrix[:, 2] += place - (truth.x, truth.y)
        around = cv2.resize(self._empty[random.integers(len(self._empty))], (SIDE, SIDE))
        pixels = _pasted(one.pixels, matrix, around)
        tilt = truth.tilt - np.deg2rad(turn)
        face = (*place, truth.width * scale, truth.height * scale, tilt, truth.yaw)
        return Sample(spoiled(pixels, random), [tuple(map(float, face))])  # type: ignore[list-item]

    def _grid(self, random: Random) -> Sample:
        """Two or four portraits, or other pictures, in one."""
        across = int(random.choice([2, 2, 3]))
        side = SIDE // across
        sheet = np.zeros((SIDE, SIDE, 3), np.uint8)
        faces = []
        for row in range(across):
            for column in range(across):
                if random.random() < 0.3:
                    picture = self._others[random.integers(len(self._others))]
                else:
                    one = self._portraits[random.integers(len(self._portraits))]
                    picture, truth = one.pixels, one.truth
                    scale = side / picture.shape[0]
                    x, y = truth.x * scale + column * side, truth.y * scale + row * side
                    size = (truth.width * scale, truth.height * scale)
                    faces.append((x, y, *size, truth.tilt, truth.yaw))
                cell = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
                sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = cell
        return Sample(spoiled(sheet, random), faces)


def _colour(picture: NDArray[np.uint8]) -> Pixels:
    if picture.dtype != np.uint8:
        picture = (255 * picture).astype(np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return np.ascontiguousarray(picture[..., :3])


def _pasted(picture: Pixels, matrix: NDArray[np.float64], around: Pixels) -> Pixels:
    moved = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA)
    inside = cv2.warpAffine(np.full(picture.shape[:2], 255, np.uint8), matrix, (SIDE, SIDE))
    return np.asarray(np.where(inside[..., None] > 127, moved, around), np.uint8)


def _anywhere(picture: Pixels, random: Random, around: list[Pixels]) -> Pixels:
    """A part of a picture, or all of it on another, at the finder's size."""
    side = max(picture.shape[:2])
    scale = SIDE / side * random.choice([1.0, random.uniform(0.4, 2.5)])
    matrix = cv2.getRotationMatrix2D(
        (picture.shape[1] / 2, picture.shape[0] / 2), random.normal(0, 8), scale
    )
    shift = random.uniform(-0.5, 0.5, 2) * abs(scale * side - SIDE)
    matrix[:, 2] += SIDE / 2 - np.array(picture.shape[1::-1]) / 2 + shift
    ground = cv2.resize(around[random.integers(len(around))], (SIDE, SIDE))
    return _pasted(picture, matrix, np.asarray(ground, np.uint8))


class Finder(nn.Module):
    """Pictures (n, 3, 96, 96) to maps (n, 7, 12, 12)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body(FINDER)
        self.head = nn.Linear(FINDER[-1].width, OUTPUTS)
        nn.init.constant_(self.head.bias, 0.0)
        self.head.bias.data[0] = -4.0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scores and measures."""
        mapped: torch.Tensor = self.head(self.body(pictures).permute(0, 2, 3, 1))
        return mapped

    def tensors(self) -> Tensors:
        """The weights as the numpy network reads them."""
        return {**self.body.tensors("finder"), **linear("finder.head", self.head)}


def _targets(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Heat maps (n, 12, 12), 1 at centres, and measures (n, 12, 12, 6)."""
    heat = np.zeros((len(samples), MAP, MAP), np.float32)
    measures = np.zeros((len(samples), MAP, MAP, 6), np.float32)
    rows, columns = np.mgrid[0:MAP, 0:MAP] + 0.5
    for index, sample in enumerate(samples):
        for x, y, width, height, tilt, yaw in sample.faces:
            if not (0 <= x < SIDE and 0 <= y < SIDE):
                continue
            column, row = int(x / CELL), int(y / CELL)
            spread = max(0.6, 0.12 * (width + height) / 2 / CELL)
            distance = (rows - row - 0.5) ** 2 + (columns - column - 0.5) ** 2
            heat[index] = np.maximum(heat[index], np.exp(-distance / (2 * spread**2)))
            near = distance <= 1.0
            measures[index][near] = np.stack(
                [
                    x / CELL - columns[near],
                    y / CELL - rows[near],
                    *(
                        np.full(near.sum(), value)
                        for value in (
                            np.log((width + height) / 2 / SIDE),
                            np.log(height / width),
                            tilt,
                            yaw,
                        )
                    ),
                ],
                axis=1,
            )
    return torch.from_numpy(heat), torch.from_numpy(measures)


def _loss(maps: torch.Tensor, heat: torch.Tensor, measures: torch.Tensor) -> torch.Tensor:
    """Focal loss on the scores, L1 on the measures of cells round centres."""
    score = maps[..., 0]
    chance = torch.sigmoid(score).clamp(1e-4, 1 - 1e-4)
    centres = heat > 0.999
    hit = -((1 - chance) ** 2 * torch.log(chance))[centres].sum()
    miss = -((1 - heat) ** 4 * chance**2 * torch.log(1 - chance))[~centres].sum()
    count = centres.sum().clamp(min=1)
    near = measures.abs().sum(dim=-1) > 0
    weights = torch.tensor([1.0, 1.0, 3.0, 3.0, 2.0, 1.0])
    apart = (
        nnf.smooth_l1_loss(maps[..., 1:], measures, reduction="none", beta=0.05) * weights
    ).sum(-1)
    return (hit + miss) / count + apart[near].mean()


def train(
    portraits: list[Portrait], steps: int, batch: int = 32, seed: int = 1, others: int = 1500
) -> Finder:
    """A finder, ready to be saved."""
    torch.manual_seed(seed)
    random, samples, finder = np.random.default_rng(seed), Samples(portraits, others), Finder()
    optimiser = torch.optim.AdamW(finder.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for step in range(steps):
        drawn = [samples.draw(random) for _ in range(batch)]
        pictures = np.stack([sample.pixels for sample in drawn]).astype(np.float32) / 127.5 - 1
        maps = finder(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        loss = _loss(maps, *_targets(drawn))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(finder.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            _log.info("finder step %d: loss %.3f", step, loss.item())
    finder.eval()
    return finder
