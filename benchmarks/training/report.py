"""The page of what was measured, and its plots: made from the raw records, nothing typed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.training import charts, tables
from benchmarks.training.arms import FAST, SCRIPT
from benchmarks.training.findings import (
    FIDELITY,
    FIDELITY_FACE,
    PROMPT_TRAITS,
    ArmRow,
    Arms,
    speed_rows,
)
from benchmarks.training.sizes import KEPT, SIZES, Size
from benchmarks.training.store import Store
from benchmarks.training.subjects import GIVEN, UNSEEN
from benchmarks.training.targets import targets
from benchmarks.training.watched import ROOT
from contract.adapter import write_whole

PAGE = "training-measured.md"
_MEASURED = ("full", "default")  # the sizes that the page shows, the larger first


def write_page(size: Size) -> list[Path]:
    """Write the page and its plots; a try's stay beside its results. Returns the files."""
    if size.folder != KEPT:
        return _write(size.folder, [size])
    kept = [SIZES[name] for name in _MEASURED if SIZES[name].results.exists()]
    return _write(ROOT / "docs", kept)


def _write(folder: Path, sizes: list[Size]) -> list[Path]:
    files, lines = [], [*_head()]
    for size in sizes:
        store = Store(size.results)
        for name, drawing in _plots(store).items():
            file = folder / "images" / f"training-{name}-{size.name}.svg"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, drawing)
            files.append(file)
        lines += _section(size, store, [file.name for file in files if size.name in file.name])
    page = folder / PAGE
    write_whole(page, "\n".join(lines) + "\n")
    return [page, *files]


def _head() -> Iterator[str]:
    yield "# Training, measured"
    yield ""
    yield (
        "Written by `make bench-training` from the raw results in `benchmarks/results/training/`; "
        "do not edit."
    )
    yield (
        "Numbers are mean ± standard deviation (how many runs). The other side is diffusers' own "
        "DreamBooth script, unmodified, on the same torch, threads, base model and photos."
    )


def _section(size: Size, store: Store, plots: list[str]) -> Iterator[str]:
    speed, arms = speed_rows(store.records("speed")), Arms(store.records("arm"))
    rows, equal = arms.rows(), arms.equal()
    yield ""
    yield f"## The {size.name} run"
    yield ""
    yield from _machine(store)
    yield ""
    yield from tables.targets_table(targets(speed, rows, equal))
    for title, words, lines in (
        ("Speed at identical settings", _SPEED, tables.speed_table(speed)),
        ("Quality", _quality(size), tables.quality_table(rows)),
        ("Time to equal likeness", _EQUAL, tables.equal_table(equal)),
        ("Ingredients", _ABLATION, tables.ablation_table(arms.ablations())),
    ):
        yield ""
        yield f"### {title}"
        yield ""
        yield words
        yield ""
        yield from lines
    for plot in plots:
        yield ""
        yield f"![{plot.removesuffix('.svg')}](images/{plot})"


_SPEED = (
    "Our job without any ingredient that the script has not: same base, rank, batch, resolution "
    "and steps, sides in turn. Samples per second are those between steps; the peak is that of the "
    "whole process, loading and saving included."
)
_EQUAL = (
    "The likeness that the script ends with, and when each side has it: seconds from the start of "
    "the process to its last step, without what either does then. The last column is our whole "
    "process, with measuring, choosing and publishing, against the script's last step."
)
_ABLATION = (
    "One ingredient taken from the fast preset (−) or added (+), on the same subjects: the "
    "difference to the preset as it is. An ingredient earns its place where taking it away costs."
)


def _quality(size: Size) -> str:
    return (
        f"The protocol of DreamBooth (arXiv:2208.12242, section 4.2) in small: {GIVEN} photos "
        f"given, {UNSEEN} that no side sees, {size.prompts} prompts × {size.images} pictures; "
        f"{size.subjects} drawn people, for some arms the first of them only, as the counts say. "
        "Subject: similarity with the unseen photos, over that of the given photos with "
        "them. Prompt: relative to the untuned base. Diversity: how unlike each other pictures of "
        "the class are, relative to the base. The image encoder also chooses our checkpoints; the "
        "face network and the trait classifiers choose nothing."
    )


def _machine(store: Store) -> Iterator[str]:
    for record in store.records("machine"):
        facts = [f"{name} {record[name]}" for name in record if name not in _NOT_SHOWN]
        yield "Measured on: " + ", ".join(facts) + "."
    for record in store.records("script"):
        yield f"The script is diffusers' at {record['revision']} (commit {record['commit'][:12]})."
        if record["revision"] != f"v{record['library']}":
            yield f"That is another revision than the library's, {record['library']}."
    yield from _load(store)


_NOT_SHOWN = {"key", "fingerprint", "part"}


def _load(store: Store) -> Iterator[str]:
    loads = [record["load"] for record in store.records() if "load" in record]
    if loads:
        yield f"Load average of the machine while measuring: {min(loads):.1f} to {max(loads):.1f}."


def _plots(store: Store) -> dict[str, str]:
    """Those that there are records for."""
    arms = Arms(store.records("arm"))
    plots = {}
    if rows := arms.rows():
        plots["quality"] = charts.chart(
            "Likeness and faithfulness to the prompt",
            "prompt fidelity, named traits (base = 1)",
            "subject fidelity, face network (real photos = 1)",
            {row.arm: [_point(row)] for row in rows},
        )
    series = {}
    for subject in sorted({record["subject"] for record in store.records("arm")}):
        theirs, ours = arms.curves(subject, FIDELITY)
        if len(theirs) > 1 and len(ours) > 1:
            series[f"{SCRIPT}, subject {subject}"] = [charts.Point(*point) for point in theirs]
            series[f"{FAST}, subject {subject}"] = [charts.Point(*point) for point in ours]
    if series:
        plots["likeness"] = charts.chart(
            "Likeness over time",
            "seconds",
            "subject fidelity, image encoder (real photos = 1)",
            series,
            joined=True,
        )
    return plots


def _point(row: ArmRow) -> charts.Point:
    across, up = row.scores[PROMPT_TRAITS], row.scores[FIDELITY_FACE]
    return charts.Point(across.mean, up.mean, across.error, up.error)
