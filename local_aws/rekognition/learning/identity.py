"""Training of the recogniser: the same person in other clothes, light, places and styles.

Supervised contrastive loss (Khosla et al., 2020): pictures of one person attract each other. Every
batch holds pairs of persons who share all that captions name, so that the network looks closer.
The drawn world also tells the truth about each person; guessing it from the vector speeds learning.
"""

from __future__ import annotations

import logging
from dataclasses import astuple, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from local_aws.rekognition.drawn.identity import SIDE, VISIBLE, head
from local_aws.rekognition.drawn.network import IDENTITY
from local_aws.rekognition.learning.layers import Body, Tensors, linear
from local_aws.rekognition.learning.pictures import Pixels, Portrait, visible
from local_aws.rekognition.learning.spoil import Random, covered, spoiled
from training.miniature.fit import channels_last
from training.miniature.world import Subject
from training.miniature.world.subject import BEARDS, CUTS, FACES

_log = logging.getLogger(__name__)
WIDTH = 96
TEMPERATURE = 0.1
FAMILIES = 16  # per batch, two persons each
VIEWS = 3
STRANGERS_WHO_PASS = 0.01  # at similarity 80, AWS's default threshold

Family = tuple[list[Portrait], list[Portrait]]


@dataclass(frozen=True)
class _Traits:
    """What a vector should tell: measures, and indices of choices."""

    measures: NDArray[np.float32]
    choices: tuple[int, int, int]

    @staticmethod
    def of(subject: Subject) -> _Traits:
        colours = np.array((subject.hair_rgb, subject.skin_rgb, subject.eyes_rgb)).ravel() / 128 - 1
        spreads = np.array((0.07, 0.12, 0.15, 0.06, 0.35, 0.35, 0.2, 0.25))
        typical = np.array((1, 1, 1, 0, 1, 1, 1, 1))
        shape = (np.array(astuple(subject.proportions)) - typical) / spreads
        marks = subject.marks
        seen = [marks.scar, marks.mole, marks.freckles, marks.odd_eye, subject.noun == "woman"]
        measures = np.concatenate([2 * colours, shape, [1.0 if m else -1.0 for m in seen]])
        choices = (
            CUTS.index(subject.cut),
            FACES.index(subject.face),
            BEARDS.index(subject.beard),
        )
        return _Traits(measures.astype(np.float32), choices)


class Recogniser(nn.Module):
    """Crops (n, 3, 64, 64) to vectors (n, 96) and scores of what is visible (n, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body(IDENTITY)
        flat = IDENTITY[-1].width * (SIDE // 16) ** 2
        self.vector, self.visible = nn.Linear(flat, WIDTH), nn.Linear(flat, len(VISIBLE))

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Not yet normalised vectors, scores."""
        flat = self.body(crops).permute(0, 2, 3, 1).flatten(1)
        return self.vector(flat), self.visible(flat)

    def tensors(self) -> Tensors:
        """The weights as the numpy network reads them."""
        return {
            **self.body.tensors("identity"),
            **linear("identity.vector", self.vector),
            **linear("identity.visible", self.visible),
        }


class _Guesses(nn.Module):
    """From vectors to traits, in training only."""

    def __init__(self, measures: int) -> None:
        super().__init__()
        self.measures = nn.Linear(WIDTH, measures)
        self.choices = nn.ModuleList(nn.Linear(WIDTH, len(c)) for c in (CUTS, FACES, BEARDS))

    def forward(self, vectors: torch.Tensor, traits: list[_Traits]) -> torch.Tensor:
        """Mean error."""
        truth = torch.from_numpy(np.stack([t.measures for t in traits]))
        error = nnf.smooth_l1_loss(self.measures(vectors), truth, beta=0.2)
        for index, guess in enumerate(self.choices):
            labels = torch.tensor([t.choices[index] for t in traits])
            error = error + 0.2 * nnf.cross_entropy(guess(vectors), labels)
        return error


def crop_of(one: Portrait, random: Random, amiss: float = 1.0) -> Pixels:
    """The head as the finder would cut it: a little beside, too large or small, or turned."""
    truth = one.truth
    x, y = random.normal((truth.x, truth.y), 0.03 * amiss * truth.size)
    size = truth.size * float(np.exp(random.normal(0, 0.05 * amiss)))
    return head(one.pixels, x, y, size, truth.tilt + random.normal(0, 0.05 * amiss))


def _contrast(vectors: torch.Tensor, persons: torch.Tensor) -> torch.Tensor:
    unit = nnf.normalize(vectors)
    logits = unit @ unit.T / TEMPERATURE
    itself = torch.eye(len(unit), dtype=torch.bool)
    logits = logits.masked_fill(itself, -1e9)
    chances = logits - logits.logsumexp(dim=1, keepdim=True)
    same = (persons[:, None] == persons[None, :]) & ~itself
    return -(chances * same).sum(dim=1).div(same.sum(dim=1)).mean()


def _batch(families: list[Family], random: Random) -> tuple[list[Portrait], list[int]]:
    portraits, persons = [], []
    for number in random.choice(len(families), FAMILIES, replace=False):
        for which in (0, 1):
            pool = families[number][which]
            for view in random.choice(len(pool), VIEWS, replace=False):
                portraits.append(pool[view])
                persons.append(2 * int(number) + which)
    return portraits, persons


def train(families: list[Family], steps: int, seed: int = 2) -> Recogniser:
    """A recogniser, not yet calibrated."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = Recogniser()
    channels_last(network)
    guesses = _Guesses(len(_Traits.of(families[0][0][0].subject).measures))
    parameters = [*network.parameters(), *guesses.parameters()]
    optimiser = torch.optim.AdamW(parameters, 1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for step in range(steps):
        portraits, persons = _batch(families, random)
        hidden = random.random(len(portraits)) < 0.12
        crops = [crop_of(one, random) for one in portraits]
        crops = [covered(c, random) if h else c for c, h in zip(crops, hidden, strict=True)]
        vectors, scores = network(_as_input([spoiled(c, random, 0.5) for c in crops]))
        truth = torch.tensor([visible(one.subject, one.scene) for one in portraits])
        truth[torch.from_numpy(hidden), VISIBLE.index("FaceOccluded")] = 1.0
        known = torch.ones_like(truth)
        known[torch.from_numpy(hidden), : VISIBLE.index("FaceOccluded")] = 0.0
        seen = nnf.binary_cross_entropy_with_logits(scores, truth, known)
        traits = guesses(vectors, [_Traits.of(one.subject) for one in portraits])
        contrast = _contrast(vectors, torch.tensor(persons))
        optimiser.zero_grad()
        (contrast + traits + 2 * seen).backward()
        nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            told = (step, contrast.item(), traits.item(), seen.item())
            _log.info("recogniser step %d: contrast %.3f, traits %.3f, visible %.3f", *told)
    network.eval()
    return network


def _as_input(crops: list[Pixels]) -> torch.Tensor:
    stacked = np.stack(crops).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


@torch.no_grad()
def calibrated(network: Recogniser, families: list[Family], seed: int = 3) -> NDArray[np.float16]:
    """Slope and middle of `drawn.identity.similarity`, from persons that training never saw.

    Strangers' cosines have their 99th percentile at similarity 80; the middle of the same person's
    cosines is at 98.
    """
    random = np.random.default_rng(seed)
    groups = [group for family in families for group in family]
    crops = [spoiled(crop_of(one, random), random, 0.5) for group in groups for one in group]
    vectors = nnf.normalize(network(_as_input(crops))[0]).numpy()
    persons = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    cosines = vectors @ vectors.T
    same = persons[:, None] == persons[None, :]
    strangers = cosines[persons[:, None] // 2 != persons[None, :] // 2]
    least = float(np.quantile(strangers, 1 - STRANGERS_WHO_PASS))
    typical = float(np.median(cosines[same & ~np.eye(len(persons), dtype=bool)]))
    low, high = np.log(0.80 / 0.20), np.log(0.98 / 0.02)
    slope = (high - low) / max(typical - least, 1e-3)
    return np.array([slope, least - low / slope], np.float16)
