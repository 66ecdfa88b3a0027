"""The page of what was measured, and its plots: made from the raw records, nothing typed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.serving import tables
from benchmarks.serving.findings import targets
from benchmarks.training.charts import Point, chart
from benchmarks.training.store import Record, Store
from benchmarks.training.tables import targets_table
from contract.adapter import write_whole

PAGE = "serving-measured.md"
_NOT_SHOWN = {"key", "fingerprint", "part"}

_SECTIONS: tuple[tuple[str, str, str, Callable[[Sequence[Record]], list[str]]], ...] = (
    (
        "swap",
        "Swapping adapters",
        (
            "Two subjects on one UNet, nothing else of the model. Stock is diffusers' "
            "`load_lora_weights` and `unload_lora_weights`; the file is in the page "
            "cache. Ours copies one buffer from the host tier; *from disk* reads the "
            "file, checks every number and converts. The first swap makes the slot and "
            "happens once in an instance's life. With few turns, p95 is the slowest. The "
            "miniature is in fp32, the two UNets have random weights in bf16."
        ),
        tables.swap_table,
    ),
    (
        "images",
        "Images a second beside stock",
        (
            "One request to the server beside one call of the stock pipeline with the "
            "same adapter, steps, guidance, size and sampler, in turn. Time on the clock "
            "also holds what else ran on the machine; the processor's does not."
        ),
        tables.images_table,
    ),
    (
        "trace",
        "Many tenants",
        (
            "Zipf's law over 500 subjects, random adapters, two steps at 64 pixels; room "
            "for 200 adapters on disk and 60 in memory. In the slow store every call "
            "takes 25 ms."
        ),
        tables.trace_table,
    ),
    (
        "memory",
        "Memory",
        (
            "Every swap is to another of 200 adapters than the one before; room for 120 on "
            "disk and 50 in memory; every tenth swap is a whole request with its picture, or "
            "none is. Slopes are those of the second half, when all tiers are full: of the "
            "pages that are held, of the bytes that malloc has given out, and of the blocks "
            "that Python's own allocator has."
        ),
        tables.memory_table,
    ),
    (
        "startup",
        "Start by phase",
        (
            "From the start of the process; the miniature's weights lie on disk. "
            "*Compiled* is the code as it is bundled, with bytecode; *unpacked* has none "
            "beside the vendored libraries."
        ),
        tables.startup_table,
    ),
    (
        "reading",
        "Weights from a cold disk",
        (
            "Two gigabytes, read while the libraries are imported (as the server does) or only "
            "afterwards; out of the page cache before each turn, sides in turn."
        ),
        tables.reading_table,
    ),
    (
        "precision",
        "Number formats on this processor",
        (
            "The miniature, ten steps at 128 pixels, formats in turn. A GPU's ratios are "
            "others: half precision has units of its own there."
        ),
        tables.precision_table,
    ),
    (
        "batching",
        "Several users in one batch: an experiment",
        (
            "Steps of the UNet with another adapter for each sample, beside one user "
            "after the other with a swap between; processor time of one thread."
        ),
        tables.batching_table,
    ),
    (
        "isolation",
        "Isolation",
        (
            "Requests that differ in subject, words, sampler and guidance, in random "
            "order; each picture's SHA-256 beside that of a process that did nothing "
            "else."
        ),
        tables.isolation_table,
    ),
)


def write_page(store: Store, folder: Path) -> list[Path]:
    """Write the page and its plots. Returns the files."""
    files = []
    for name, drawing in _plots(store).items():
        file = folder / "images" / f"serving-{name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, drawing)
        files.append(file)
    page = folder / PAGE
    write_whole(page, "\n".join(_lines(store, [file.name for file in files])) + "\n")
    return [page, *files]


def _lines(store: Store, plots: Sequence[str]) -> Iterator[str]:
    yield "# Serving, measured"
    yield ""
    yield (
        "Written by `make bench-serving` from the raw results in "
        "`benchmarks/serving/results.jsonl`; do not edit."
    )
    yield from _machine(store)
    yield ""
    yield from targets_table(targets(list(store.records())))
    for part, title, words, make in _SECTIONS:
        yield ""
        yield f"## {title}"
        yield ""
        yield words
        yield ""
        yield from make(list(store.records(part)))
        for plot in plots:
            if plot.startswith(f"serving-{part}"):
                yield ""
                yield f"![{plot.removesuffix('.svg')}](images/{plot})"


def _machine(store: Store) -> Iterator[str]:
    for record in store.records("machine"):
        facts = [f"{name} {record[name]}" for name in record if name not in _NOT_SHOWN]
        yield "Measured on: " + ", ".join(facts) + "; one thread."
    loads = [load for record in store.records() for load in record.get("load", ())]
    if loads:
        yield (
            f"The machine was shared with other work: load average {min(loads):.1f} to "
            f"{max(loads):.1f} while measuring. Sides take turns; ratios say more than times."
        )


def _plots(store: Store) -> dict[str, str]:
    plots = {}
    curves = {
        f"{record['variant']}": [Point(*point[:2]) for point in record["curve"]]
        for record in store.records("memory")
    }
    if curves:
        plots["memory"] = chart("Memory held", "swaps", "MiB", curves, joined=True)
    phases = tables.startup_points(list(store.records("startup")))
    if phases:
        plots["startup"] = chart("Seconds since the start", "phase", "s", phases, joined=True)
    return plots
