"""Findings as markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.training.findings import (
    DIVERSITY,
    FIDELITY,
    FIDELITY_FACE,
    PROMPT,
    PROMPT_TRAITS,
    AblationRow,
    ArmRow,
    Equal,
    SpeedRow,
)
from benchmarks.training.spread import Spread
from benchmarks.training.targets import Target

_COLUMNS = {
    FIDELITY: "subject, image encoder",
    FIDELITY_FACE: "subject, face network",
    PROMPT: "prompt, image encoder",
    PROMPT_TRAITS: "prompt, named traits",
    DIVERSITY: "diversity of the class",
}
_VERDICTS = {True: "met", False: "**missed**", None: "not measured"}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of one table; no rows, no table."""
    if not rows:
        return ["Not measured yet."]
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def targets_table(targets: Sequence[Target]) -> list[str]:
    """What was wanted and what came."""
    return table(
        ("target", "wanted", "measured", ""),
        [(one.name, one.wanted, one.reached, _VERDICTS[one.is_met]) for one in targets],
    )


def speed_table(rows: Sequence[SpeedRow]) -> list[str]:
    """Samples a second, memory, and ours to the others'."""
    return table(
        ("base", "who", "samples/s", "ours is … × as fast", "peak MiB", "while training, MiB"),
        [
            (
                row.track,
                row.contender,
                row.samples_per_second.text(),
                _or_nothing(row.faster, 2),
                row.peak_mib.text(0),
                row.training_mib.text(0),
            )
            for row in rows
        ],
    )


def quality_table(rows: Sequence[ArmRow]) -> list[str]:
    """Every arm."""
    return table(
        ("who", *_COLUMNS.values(), "faces found", "seconds"),
        [
            (
                row.arm,
                *(row.scores[name].text(3) for name in _COLUMNS),
                f"{row.faces.mean:.0%}",
                _or_nothing(row.seconds, 1),
            )
            for row in rows
        ],
    )


def ablation_table(rows: Sequence[AblationRow]) -> list[str]:
    """Differences to the fast preset."""
    return table(
        ("change", *_COLUMNS.values(), "seconds"),
        [
            (
                row.turn,
                *(signed(row.differences[name], 3) for name in _COLUMNS),
                signed(row.seconds, 1),
            )
            for row in rows
        ],
    )


def equal_table(rows: Sequence[Equal]) -> list[str]:
    """Seconds to the likeness that the script ends with."""
    return table(
        ("subject", "judge", "the script, s", "ours, s", "sooner", "ours as a whole, s"),
        [
            (
                str(row.subject),
                _COLUMNS[row.measure].removeprefix("subject, "),
                f"{row.theirs:.1f}",
                "not reached" if row.ours is None else f"{row.ours:.1f}",
                "" if not row.ours else f"× {row.theirs / row.ours:.2f}",
                "" if row.whole is None else f"{row.whole:.1f}",
            )
            for row in rows
        ],
    )


def signed(spread: Spread, digits: int) -> str:
    """`+0.012 ± 0.004 (2)`."""
    text = spread.text(digits)
    return text if text.startswith("-") else f"+{text}"


def _or_nothing(spread: Spread | None, digits: int) -> str:
    return "" if spread is None else spread.text(digits)
