"""What the raw records say: ratios turn by turn and subject by subject. Plain numbers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.training.arms import ABLATIONS, ARMS, BASE, FAST, SCRIPT, SHORTER
from benchmarks.training.spread import Spread, ratios, seconds_to_reach, spread_of
from benchmarks.training.store import Record
from benchmarks.training.tracks import TRACKS, Contender

# What an arm is judged by: the record's names, or a ratio of two.
FIDELITY, FIDELITY_FACE = "fidelity", "fidelity_face"
PROMPT, PROMPT_TRAITS, DIVERSITY = "prompt", "prompt_traits", "diversity"
MEASURES = (FIDELITY, FIDELITY_FACE, PROMPT, PROMPT_TRAITS, DIVERSITY)


@dataclass(frozen=True)
class SpeedRow:
    """One side on one track; the ratios are ours to this side's, turn by turn."""

    track: str
    contender: Contender
    samples_per_second: Spread
    peak_mib: Spread
    training_mib: Spread
    faster: Spread | None
    memory: Spread | None


@dataclass(frozen=True)
class ArmRow:
    """One arm: its relative scores over subjects, by name, and the seconds of its trainings."""

    arm: str
    scores: Mapping[str, Spread]
    faces: Spread
    seconds: Spread | None


@dataclass(frozen=True)
class AblationRow:
    """What a turn changes: the arm's score minus the other's, subject by subject."""

    turn: str
    differences: Mapping[str, Spread]
    seconds: Spread


@dataclass(frozen=True)
class Equal:
    """How long both sides take to the likeness that diffusers' script ends with, on one subject.

    Seconds from the start of the process to its last step, without what either does then: the
    script saves, ours measures, chooses and publishes; `whole` counts all of that on our side.
    None: never reached.
    """

    subject: int
    measure: str
    theirs: float
    ours: float | None
    whole: float | None


def speed_rows(records: Iterable[Record]) -> list[SpeedRow]:
    """In the tracks' order; a side without runs has no row."""
    runs: dict[tuple[str, str], dict[int, Record]] = {}
    for record in records:
        turns = runs.setdefault((record["track"], record["contender"]), {})
        turns[record["turn"]] = record
    rows = []
    for track in TRACKS:
        ours = runs.get((track.name, Contender.OURS), {})
        for contender in track.contenders:
            theirs = runs.get((track.name, contender), {})
            row = _speed_row(track.name, contender, ours, theirs)
            if row is not None:
                rows.append(row)
    return rows


def _speed_row(
    track: str, contender: Contender, ours: Mapping[int, Record], theirs: Mapping[int, Record]
) -> SpeedRow | None:
    def column(name: str) -> Spread | None:
        return spread_of([record[name] for record in theirs.values()])

    def against(name: str) -> Spread | None:
        if contender is Contender.OURS:
            return None
        turns = sorted(set(ours) & set(theirs))
        return spread_of(ratios([ours[t][name] for t in turns], [theirs[t][name] for t in turns]))

    speed, peak, training = (
        column(name) for name in ("samples_per_second", "peak_mib", "training_mib")
    )
    if speed is None or peak is None or training is None:
        return None
    return SpeedRow(
        track, contender, speed, peak, training, against("samples_per_second"), against("peak_mib")
    )


class Arms:
    """The arms' records, made relative: to the ceiling, and to the untuned base's own."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = {(record["arm"], record["subject"]): record for record in records}

    def rows(self) -> list[ArmRow]:
        """Those that were measured, in the order of the arms."""
        found = [self._row(arm.name) for arm in (*ARMS, *SHORTER)]
        return [row for row in found if row is not None]

    def ablations(self) -> list[AblationRow]:
        """Those that were measured on a subject beside what they are compared with."""
        rows = []
        for arm in ABLATIONS:
            pairs = [s for s in self._subjects(arm.name) if s in self._subjects(arm.beside)]
            if not pairs:
                continue
            differences = {
                name: _spread(
                    [
                        self.relative(arm.name, s)[name] - self.relative(arm.beside, s)[name]
                        for s in pairs
                    ]
                )
                for name in MEASURES
            }
            seconds = [
                self._records[arm.name, s]["seconds"] - self._records[arm.beside, s]["seconds"]
                for s in pairs
            ]
            rows.append(AblationRow(arm.turn, differences, _spread(seconds)))
        return rows

    def seconds(self, arm: str) -> list[float]:
        """Of the arm's whole trainings, start of the process to its end."""
        return [self._records[arm, subject]["seconds"] for subject in self._subjects(arm)]

    def equal(self) -> list[Equal]:
        """Time to equal likeness, for every subject whose script run was followed."""
        found = []
        for subject in self._subjects(SCRIPT):
            for measure in (FIDELITY, FIDELITY_FACE):
                theirs, ours = self.curves(subject, measure)
                if len(theirs) > 1 and len(ours) > 1:
                    moment, reached = theirs[-1]
                    whole = self._ours(subject, measure, lambda record: float(record["seconds"]))
                    found.append(
                        Equal(
                            subject,
                            measure,
                            moment,
                            seconds_to_reach(reached, ours),
                            seconds_to_reach(reached, whole),
                        )
                    )
        return found

    def curves(
        self, subject: int, measure: str
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """(seconds to the last step, fidelity) of the script's checkpoints and end; of our runs."""
        whole = self._records.get((SCRIPT, subject))
        theirs: list[tuple[float, float]] = []
        if whole is not None and whole.get("checkpoints"):
            theirs = [
                (each["seconds"], _relative(each["scores"], each["scores"])[measure])
                for each in whole["checkpoints"]
            ]
            theirs.append((_last_step(whole), self.relative(SCRIPT, subject)[measure]))
        return theirs, self._ours(subject, measure, _last_step)

    def _ours(
        self, subject: int, measure: str, seconds: Callable[[Record], float]
    ) -> list[tuple[float, float]]:
        """(seconds, fidelity) of our runs of any length."""
        return sorted(
            (seconds(self._records[name, subject]), self.relative(name, subject)[measure])
            for name in (*(arm.name for arm in SHORTER), FAST)
            if (name, subject) in self._records and (BASE, subject) in self._records
        )

    def relative(self, arm: str, subject: int) -> dict[str, float]:
        """The measures of one cell."""
        scores = self._records[arm, subject]["scores"]
        return _relative(scores, self._records[BASE, subject]["scores"])

    def _subjects(self, arm: str) -> list[int]:
        """Only those whose base was measured: without it nothing is relative."""
        return sorted(s for name, s in self._records if name == arm and (BASE, s) in self._records)

    def _row(self, arm: str) -> ArmRow | None:
        subjects = self._subjects(arm)
        if not subjects:
            return None
        cells = [self.relative(arm, subject) for subject in subjects]
        faces = [self._records[arm, subject]["scores"]["faces"] for subject in subjects]
        seconds = [self._records[arm, s]["seconds"] for s in subjects] if arm != BASE else []
        return ArmRow(
            arm,
            {name: _spread([cell[name] for cell in cells]) for name in MEASURES},
            _spread(faces),
            spread_of(seconds),
        )


def _last_step(record: Record) -> float:
    """Seconds from the start of the process."""
    return float(record["first_step_seconds"] + record["seconds_per_step"] * (record["steps"] - 1))


def _relative(scores: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, float]:
    return {
        FIDELITY: _share(scores["identity_clip"], scores["ceiling_clip"]),
        FIDELITY_FACE: _share(scores["identity_face"], scores["ceiling_face"]),
        PROMPT: _share(scores["prompt_clip"], base["prompt_clip"]),
        PROMPT_TRAITS: _share(scores["prompt_traits"], base["prompt_traits"]),
        DIVERSITY: _share(scores["diversity"], base["diversity"]),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _spread(values: Sequence[float]) -> Spread:
    found = spread_of(values)
    if found is None:
        raise ValueError("nothing was measured")
    return found
