"""From decisions to tables: what was decided rightly, and for what the rest was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.prompt_screening.tables import share

if TYPE_CHECKING:
    from benchmarks.photo_screening.labelled import Labelled


@dataclass(frozen=True)
class Decision:
    """What should have become of one upload, and what did: `accepted`, or a code."""

    source: str
    label: str
    how: str
    kind: str
    decided: str

    @classmethod
    def on(cls, one: Labelled, decided: str) -> Decision:
        """The decision on an upload, without its bytes."""
        return cls(one.source, str(one.label), one.how, one.kind.value, str(decided))


@dataclass(frozen=True)
class Counts:
    """Of one label: pictures that have it, decisions for it, and how many are both."""

    examples: int
    decided: int
    right: int
    taken_for: Counter[str]


def counts(decisions: Sequence[Decision], label: str) -> Counts:
    """Precision is `right / decided`, recall `right / examples`."""
    examples = [d for d in decisions if d.label == label]
    return Counts(
        examples=len(examples),
        decided=sum(d.decided == label for d in decisions),
        right=sum(d.decided == label for d in examples),
        taken_for=Counter(d.decided for d in examples if d.decided != label),
    )


def by_code(
    decisions: Sequence[Decision], labels: Sequence[str], by_card: Collection[str]
) -> Iterator[str]:
    """Markdown; labels of `by_card` are marked with a dagger."""
    yield "| should be | pictures | right | precision | recall | taken for |"
    yield "|---|---|---|---|---|---|"
    for label in labels:
        of = counts(decisions, label)
        taken = ", ".join(f"{code} {count}" for code, count in sorted(of.taken_for.items()))
        yield (
            f"| `{label}`{' †' if label in by_card else ''} | {of.examples} | {of.right}"
            f" | {share(of.right, of.decided)} | {share(of.right, of.examples)} | {taken} |"
        )


def mostly_missed(decisions: Sequence[Decision], labels: Sequence[str]) -> str:
    """A sentence: which labels are recognised in less than half of their pictures."""
    of_each = ((label, counts(decisions, label)) for label in labels)
    missed = [f"`{label}`" for label, of in of_each if 2 * of.right < of.examples]
    return f"Bad, with a recall below 50 %: {', '.join(missed) or 'none'}."


def passed(decisions: Sequence[Decision], accepted: str) -> Iterator[str]:
    """Markdown: what should have been refused, and was not."""
    for d in decisions:
        if d.label != accepted and d.decided == accepted:
            yield f"- `{d.label}` passed: {d.how} ({d.kind})"


def refused_at_all(decisions: Sequence[Decision], accepted: str) -> str:
    """A sentence: whatever the code, were the bad refused and the good let through?"""
    bad = [d for d in decisions if d.label != accepted]
    refused = [d for d in decisions if d.decided != accepted]
    both = sum(d.decided != accepted for d in bad)
    exact = sum(d.decided == d.label for d in bad)
    return (
        f"Refused, whatever the code: {both} of {len(bad)} that should be "
        f"(recall {share(both, len(bad))}, precision {share(both, len(refused))}), "
        f"{exact} with the right code."
    )
