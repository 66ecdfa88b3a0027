"""The cells of a run, the most telling first, with what each should take on two idle cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.training.arms import ABLATIONS, ARMS, BASE, FAST, SCRIPT, SHORTER, Arm, Side
from benchmarks.training.sizes import Size
from benchmarks.training.tracks import TRACKS, Contender, Track

# Seconds on two idle cores of 2.6 GHz, 2026: a process until its first step, one sample of one
# step, one picture. They only divide the time; what a run takes is measured.
_START, _SAMPLE, _PICTURE = 10.0, 0.04, 0.3


class Part(StrEnum):
    """What `--only` takes."""

    SPEED = "speed"
    QUALITY = "quality"
    TIME = "time"
    ABLATION = "ablation"


@dataclass(frozen=True)
class SpeedCell:
    """One timed run of one side: turn `turn` of a track."""

    track: Track
    contender: Contender
    turn: int
    nominal: float

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"speed|{self.track.name}|{self.turn}|{self.contender.value}"

    @property
    def needs_script(self) -> bool:
        """Whether diffusers' script runs in it."""
        return self.contender is not Contender.OURS


@dataclass(frozen=True)
class ArmCell:
    """One arm on one subject: trained, drawn, measured."""

    arm: Arm
    subject: int
    nominal: float

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"arm|{self.arm.name}|{self.subject:02d}"

    @property
    def needs_script(self) -> bool:
        """Whether diffusers' script runs in it."""
        return self.arm.side is Side.DIFFUSERS


Cell = SpeedCell | ArmCell


def cells_of(size: Size, parts: Sequence[Part]) -> list[Cell]:
    """Those of the chosen parts, each once."""
    chosen = set(parts)
    cells: list[Cell] = []
    if Part.SPEED in chosen:
        cells += _speed(size)
    names = set()
    if chosen & {Part.QUALITY, Part.ABLATION}:
        names |= {BASE, FAST}
    if Part.TIME in chosen:
        names |= {FAST}
    if Part.QUALITY in chosen:
        names |= {arm.name for arm in (*ARMS, *SHORTER)}
    if Part.ABLATION in chosen:
        names |= {arm.name for arm in ABLATIONS}
    return cells + [cell for cell in _arms(size) if cell.arm.name in names]


def cutoff(cells: Sequence[Cell], minutes: float) -> int:
    """How many of the cells fit, going by their nominal seconds; all where `minutes` is 0."""
    spent = 0.0
    for count, cell in enumerate(cells):
        spent += cell.nominal
        if minutes and spent > 60 * minutes:
            return count
    return len(cells)


def nominal_seconds(arm: Arm, size: Size) -> float:
    """What training and measuring an arm should take."""
    measuring = (size.prompts * size.images + size.class_images) * _PICTURE
    if arm.side is Side.NOBODY:
        return measuring
    told = arm.settings(size.steps)
    kinds = 2 if told.get("prior_preservation") else 1
    samples = float(told["max_steps"] or 0) * float(told["batch_size"] or 0) * kinds
    rounds = 1 + (float(told.get("evaluation_share") or 0) if arm.side is Side.OURS else 0.1)
    return round(_START + samples * _SAMPLE * rounds + measuring, 1)


def _speed(size: Size) -> Iterator[SpeedCell]:
    """Turn by turn, so that both sides meet the same weather."""
    for track in TRACKS:
        kinds = 2 if track.prior else 1
        nominal = _START + size.speed_steps * track.batch * kinds * _SAMPLE
        for turn in range(size.repeats):
            for contender in track.contenders:
                yield SpeedCell(track, contender, turn, nominal)


def _arms(size: Size) -> Iterator[ArmCell]:
    core = {BASE: 0, FAST: 1, SCRIPT: 2}
    first = sorted((arm for arm in ARMS if arm.name in core), key=lambda arm: core[arm.name])
    rest = [arm for arm in ARMS if arm.name not in core]
    for arms, subjects in (
        (first, size.subjects),
        (SHORTER, size.few),
        (rest, size.one),
        (ABLATIONS, size.few),
    ):
        for subject in range(subjects):
            for arm in arms:
                yield ArmCell(arm, subject, nominal_seconds(arm, size))
