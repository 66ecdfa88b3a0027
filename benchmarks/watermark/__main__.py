"""`python -m benchmarks.watermark`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.watermark.handling import HANDLINGS
from benchmarks.watermark.pictures import to_mark, unmarked
from benchmarks.watermark.tables import report
from lambdas.domain.watermark.detection import detect
from lambdas.domain.watermark.embedding import CannotBeMarked, embed
from lambdas.domain.watermark.spectrum import luma

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "watermark.jsonl"
DOCUMENT = ROOT / "docs" / "watermark-measured.md"
# side → how many drawn portraits beside the four photographs. 64 and 128: the miniature's.
_SIDES = {1024: 0, 512: 4, 128: 20, 64: 20}
_UNMARKED = 1000
# A key for measuring; numbers are counted.
_KEY = b"benchmarks.watermark"
Row = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Measure, keep every reading, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watermark")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tables", action="store_true", help="of the readings that were kept")
    wanted = parser.parse_args(arguments)
    if wanted.tables:
        DOCUMENT.write_text(report([json.loads(line) for line in RESULTS.open()]))
        return 0
    share = 10 if wanted.quick else 1
    rows = []
    for row in (*_survival(share), *_false_alarms(_UNMARKED // share)):
        rows.append(row)
        if len(rows) % 100 == 0:
            print(f"{len(rows)} readings", file=sys.stderr, flush=True)
    document = report(rows)
    if share == 1:
        RESULTS.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        DOCUMENT.write_text(document)
    print(document)
    return 0


def _survival(share: int) -> Iterator[Row]:
    for side, drawn in _SIDES.items():
        for number, (name, picture) in enumerate(to_mark(side, drawn // share), start=1):
            plain = np.asarray(picture)
            started = time.process_time()
            try:
                marked = embed(plain, number, _KEY)
            except CannotBeMarked:
                yield {"kind": "refused", "side": side, "picture": name}
                continue
            spent = time.process_time() - started
            psnr = 20 * np.log10(255 / np.sqrt(np.mean((marked.astype(float) - plain) ** 2)))
            yield {
                "kind": "embedded",
                "side": side,
                "picture": name,
                "psnr": round(float(psnr), 2),
                "cpu_ms": round(1000 * spent, 1),
            }
            yield from _handled(side, name, number, marked)


def _handled(side: int, name: str, number: int, marked: Any) -> Iterator[Row]:
    from PIL import Image

    for handling, done in HANDLINGS.items():
        pixels = luma(np.asarray(done(Image.fromarray(marked))))
        started = time.process_time()
        there = detect(pixels, _KEY)
        spent = time.process_time() - started
        yield {
            "kind": "handled",
            "side": side,
            "picture": name,
            "handling": handling,
            "read": there.number == number,
            "wrong": there.number not in (None, number),
            "seen": there.is_marked,
            "cpu_ms": round(1000 * spent, 1),
        }


def _false_alarms(count: int) -> Iterator[Row]:
    for name, picture in unmarked(count):
        there = detect(luma(np.asarray(picture)), _KEY)
        yield {
            "kind": "unmarked",
            "side": picture.width,
            "picture": name,
            "read": there.number is not None,
            "seen": there.is_marked,
            "bound": float(f"{there.false_alarm:.3g}"),
        }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
