"""Precision and recall of the verdicts on photos: `python -m benchmarks.photo_screening`.

The pictures are made by code from fixed seeds. The embedded AWS's Rekognition is asked; with
`--aws` the real one, with the credentials and the region of the shell (the page says how many calls
that was; docs/05-moderation.md has their price). Pictures are kept in the embedded AWS either way.
Tables and decisions go to `benchmarks/results/photo_screening/`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.photo_screening import labelled, tables
from benchmarks.photo_screening.drawn import Drawn
from benchmarks.photo_screening.judging import Judge
from benchmarks.photo_screening.photographed import Photographed
from benchmarks.screening_latency import (
    ROOT,
    Laps,
    TimedImageModeration,
    real_clients,
    settings,
)
from lambdas.adapters.moderation import RekognitionModeration
from lambdas.adapters.s3_store import S3Store
from local_aws.testing import embedded_aws

if TYPE_CHECKING:
    from benchmarks.photo_screening.shot import Pixels, Source
    from lambdas.domain.settings import DomainSettings

RESULTS = ROOT / "benchmarks" / "results" / "photo_screening"
SOURCES: tuple[Source, ...] = (Drawn(), Photographed())
_BUCKET = "photo-screening"
_ABOUT = {
    "drawn": "People of the drawn world, in the plain style; strangers were never trained on.",
    "photographed": (
        "Crops of scikit-image's public-domain portrait, spoiled by code, and its pictures of "
        "things. All of the person's photos are of one moment; strangers are faces of 25 × 25 grey "
        "pixels, enlarged; dark glasses and covers are painted on."
    ),
}
_CARDS = (
    "† Only a test card makes the local service say this: the row shows that the verdict is passed "
    "on, and nothing of any service's judgement."
)


def main() -> None:
    """Judge every picture, print the tables, keep them and the decisions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo_screening")
    parser.add_argument("--aws", action="store_true", help="ask the real Rekognition")
    parser.add_argument("--environment", default="dev", help="whose settings of cdk.json")
    options = parser.parse_args()
    rules = settings(options.environment)
    began = time.perf_counter()
    cv2.setNumThreads(1)
    watch = Laps()
    with embedded_aws() as local, real_clients() as real:
        storage = local.client("s3")
        storage.create_bucket(Bucket=_BUCKET)
        rekognition = (real if options.aws else local.client)("rekognition")
        decisions = []
        for source in SOURCES:
            judge = Judge(
                rules,
                S3Store(lambda: storage, _BUCKET),
                TimedImageModeration(RekognitionModeration(lambda: rekognition), watch),
                source.name,
            )
            decisions += list(judged(source, judge, with_cards=not options.aws))
    services = "aws" if options.aws else "local"
    cost = (
        f"{len(watch.calls)} calls in {time.perf_counter() - began:.0f} s, load average "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."
    )
    text = "\n\n".join(report(services, options.environment, rules, decisions, cost))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{services}.md").write_text(text + "\n", encoding="utf-8")
    rows = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in decisions)
    (RESULTS / f"{services}.jsonl").write_text("".join(rows), encoding="utf-8")
    print(text)


def judged(source: Source, judge: Judge, *, with_cards: bool) -> Iterator[tables.Decision]:
    """The good ones in turn, then each other one beside the set that these became."""
    yield from judge.gather(labelled.good(source))
    there = [_decoded(photo) for photo in judge.kept()]
    for one in labelled.bad(source, there):
        if with_cards or one.label not in labelled.CARDS:
            yield judge.judge(one)
    for one in labelled.things(source):
        yield judge.judge(one)


def _decoded(jpeg: bytes) -> Pixels:
    blue_first = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(blue_first, np.uint8)[..., ::-1])


def report(
    services: str,
    environment: str,
    rules: DomainSettings,
    decisions: list[tables.Decision],
    cost: str,
) -> Iterator[str]:
    """The page, as markdown."""
    yield f"# Photo screening, {services} services"
    yield (
        f"Made by `python -m benchmarks.photo_screening{' --aws' if services == 'aws' else ''}`; "
        f"every decision is a line of [{services}.jsonl]({services}.jsonl). {len(decisions)} "
        f"pictures, {cost}"
    )
    yield (
        "Right means the very code that the picture was made for. Precision: of the decisions for "
        "a code, how many are of such pictures; recall: of such pictures, how many were decided so."
    )
    labels = [labelled.ACCEPTED, *(code.value for code in labelled.CODES)]
    if services == "aws":
        labels = [label for label in labels if label not in labelled.CARDS]
        yield "`minor`, `celebrity` and `unsafe` are left out: test cards mean nothing to AWS."
    for source in SOURCES:
        of_source = [one for one in decisions if one.source == source.name]
        yield f"## {source.name.capitalize()}"
        yield _ABOUT[source.name]
        yield "\n".join(tables.by_code(of_source, labels, set(labelled.CARDS)))
        yield tables.refused_at_all(of_source, labelled.ACCEPTED)
        yield tables.mostly_missed(of_source, labels)
        yield "\n".join(tables.passed(of_source, labelled.ACCEPTED))
    if services == "local":
        yield _CARDS
    yield "## Settings"
    yield f"Of `{environment}`, as cdk.json has them since commit {_commit()}:"
    used = {
        "photos": rules.photos.model_dump(mode="json"),
        "moderation": rules.moderation.model_dump(
            mode="json",
            include={
                "photo_min_confidence",
                "minimum_age",
                "celebrities",
                "celebrity_min_confidence",
            },
        ),
    }
    yield f"```json\n{json.dumps(used, indent=1)}\n```"


def _commit() -> str:
    """The last that changed cdk.json, and whether it was changed since."""
    settled = _git("log", "-1", "--format=%h", "--", "cdk.json")
    return f"{settled}{' (and changed since)' if _git('status', '-s', 'cdk.json') else ''}"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=Path(ROOT), capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
