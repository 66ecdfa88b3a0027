"""What was to be reached, and whether it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.training.arms import FAST, SCRIPT
from benchmarks.training.findings import (
    FIDELITY,
    FIDELITY_FACE,
    PROMPT,
    PROMPT_TRAITS,
    ArmRow,
    Equal,
    SpeedRow,
)
from benchmarks.training.spread import Spread, spread_of
from benchmarks.training.tracks import Contender

_FASTER, _SOONER, _MEMORY = 1.5, 2.0, 1.0
_FIDELITY, _PROMPT = 0.90, 0.95
_FAST_SECONDS = 60.0


@dataclass(frozen=True)
class Target:
    """`wanted` in words, `reached` in numbers; `is_met` None: not measured."""

    name: str
    wanted: str
    reached: str
    is_met: bool | None


def targets(
    speed: Sequence[SpeedRow], arms: Sequence[ArmRow], equal: Sequence[Equal]
) -> list[Target]:
    """All of them, also those that were not measured."""
    by_name = {row.arm: row for row in arms}
    return [*_of_speed(speed), *_of_time(equal, by_name), *_of_quality(by_name)]


def _of_speed(rows: Sequence[SpeedRow]) -> Iterator[Target]:
    for row in rows:
        if row.contender is Contender.SCRIPT and row.faster and row.memory:
            yield _at_least(f"samples/s, {row.track}", _FASTER, row.faster, "× the script's")
            yield _at_most(f"peak memory, {row.track}", _MEMORY, row.memory, "× the script's")


def _of_time(equal: Sequence[Equal], arms: Mapping[str, ArmRow]) -> Iterator[Target]:
    for measure, name in ((FIDELITY, "image encoder"), (FIDELITY_FACE, "face network")):
        runs = [one for one in equal if one.measure == measure]
        never = sum(one.ours is None for one in runs)
        sooner = spread_of([one.theirs / one.ours for one in runs if one.ours])
        title, wanted = f"time to equal likeness, {name}", f"≥ {_SOONER:g} × sooner"
        if not runs:
            yield Target(title, wanted, "", None)
        elif never or sooner is None:
            yield Target(title, wanted, f"not reached on {never} of {len(runs)}", is_met=False)
        else:
            yield _at_least(title, _SOONER, sooner, "× sooner")
    fast = arms.get(FAST)
    seconds = fast.seconds if fast else None
    yield _at_most("a whole training at preset fast", _FAST_SECONDS, seconds, "s", digits=1)


def _of_quality(arms: Mapping[str, ArmRow]) -> Iterator[Target]:
    fast, script = arms.get(FAST), arms.get(SCRIPT)
    for measure, name, bound, unit in (
        (FIDELITY, "subject fidelity, image encoder", _FIDELITY, "of the ceiling"),
        (FIDELITY_FACE, "subject fidelity, face network", _FIDELITY, "of the ceiling"),
        (PROMPT, "prompt fidelity, image encoder", _PROMPT, "of the base's"),
        (PROMPT_TRAITS, "prompt fidelity, named traits", _PROMPT, "of the base's"),
    ):
        ours = fast.scores[measure] if fast else None
        yield _at_least(f"{name} (preset fast)", bound, ours, unit)
        title = f"{name}, ahead of the script"
        if ours is None or script is None:
            yield Target(title, "more", "", None)
        else:
            theirs = script.scores[measure].mean
            reached = f"{ours.mean:.3f} to {theirs:.3f}"
            yield Target(title, "more", reached, is_met=ours.mean > theirs)


def _at_least(name: str, bound: float, found: Spread | None, unit: str) -> Target:
    wanted = f"≥ {bound:.2f} {unit}"
    if found is None:
        return Target(name, wanted, "", None)
    return Target(name, wanted, found.text(3), is_met=found.mean >= bound)


def _at_most(name: str, bound: float, found: Spread | None, unit: str, digits: int = 3) -> Target:
    wanted = f"≤ {bound:g} {unit}"
    if found is None:
        return Target(name, wanted, "", None)
    return Target(name, wanted, found.text(digits), is_met=found.mean <= bound)
