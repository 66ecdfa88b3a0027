"""What screening adds to an image before its owner may see it, call by call.

`python -m benchmarks.screening_latency` sends pictures of four kinds through the deployed screening
to the local services, in an embedded AWS of its own; with `--aws` to the real ones, with the
credentials of the shell (about 4 calls a picture; see docs/05-moderation.md for their price). The
settings are those of an environment of `cdk.json`. Raw times go to `results/`. The local detectors
are small: their times say what the laptop waits for, and nothing of AWS's.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.prompt_screening.timed import Stopwatch, TimedModeration, TimedTranslation
from lambdas.adapters.moderation import RekognitionModeration
from lambdas.adapters.text_moderation import ComprehendModeration, TranslateTranslation
from lambdas.domain.image_screening import ImageScreening, ShownSubject
from lambdas.domain.image_settings import Policy
from lambdas.domain.settings import DomainSettings
from lambdas.domain.subject import SubjectKind
from lambdas.domain.text_screening import TextScreening
from local_aws.testcards import Card, stamped, unsafe_card
from local_aws.testing import embedded_aws
from training.miniature.world import draw, random_scene, random_subject

if TYPE_CHECKING:
    from PIL import Image

    from lambdas.ports import Face, ImageModeration, ModerationLabel, ReadLine

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results")
SEED = 20
WARM_UP = 2


@dataclass
class Laps(Stopwatch):
    """Also how long each call took: (name, milliseconds)."""

    laps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Around one call."""
        before = self.seconds
        with super().call(name):
            yield
        self.laps.append((name, round((self.seconds - before) * 1e3, 2)))

    def reset(self) -> None:
        """Begin again."""
        super().reset()
        self.laps = []


@dataclass(frozen=True)
class TimedImageModeration:
    """Implements `ImageModeration`."""

    inner: ImageModeration
    watch: Stopwatch

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        """See `ImageModeration.labels`."""
        with self.watch.call("DetectModerationLabels"):
            return self.inner.labels(image, min_confidence=min_confidence)

    def faces(self, image: bytes) -> Sequence[Face]:
        """See `ImageModeration.faces`."""
        with self.watch.call("DetectFaces"):
            return self.inner.faces(image)

    def celebrities(self, image: bytes) -> Sequence[float]:
        """See `ImageModeration.celebrities`."""
        with self.watch.call("RecognizeCelebrities"):
            return self.inner.celebrities(image)

    def text(self, image: bytes) -> Sequence[ReadLine]:
        """See `ImageModeration.text`."""
        with self.watch.call("DetectText"):
            return self.inner.text(image)

    def likeness(self, image: bytes, other: bytes) -> float | None:
        """See `ImageModeration.likeness`."""
        with self.watch.call("CompareFaces"):
            return self.inner.likeness(image, other)


@dataclass(frozen=True)
class Looked:
    """One picture: its kind, what became of it, how long that took (ms), and each call."""

    kind: str
    outcome: str
    milliseconds: float
    laps: tuple[tuple[str, float], ...]


def main() -> None:
    """Measure, print the tables, keep the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screening_latency")
    parser.add_argument("--aws", action="store_true", help="ask the real services")
    parser.add_argument("--environment", default="dev", help="whose settings of cdk.json")
    parser.add_argument("--side", type=int, default=1024, help="of the pictures, in pixels")
    parser.add_argument("--pictures", type=int, default=20, help="of each kind")
    options = parser.parse_args()
    rules = settings(options.environment)
    with real_clients() if options.aws else local_clients() as client:
        looked = list(look(rules, client, options.side, options.pictures))
    facts = {
        "services": "aws" if options.aws else "local",
        "environment": options.environment,
        "side": options.side,
        "load_average": round(os.getloadavg()[0], 1),
        "processors": os.cpu_count(),
    }
    RESULTS.mkdir(exist_ok=True)
    document = {**facts, "pictures": [asdict(one) for one in looked]}
    path = RESULTS / f"screening_latency-{facts['services']}.json"
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")
    print("\n".join(report(facts, looked)))


def settings(environment: str) -> DomainSettings:
    """An environment's own."""
    block = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"][environment]
    document = {**block["domain"], "base_model": block["base_model"]}
    return DomainSettings.model_validate_json(json.dumps(document))


@contextmanager
def local_clients() -> Iterator[Callable[[str], Any]]:
    """Clients of an embedded AWS that lives as long."""
    with embedded_aws() as aws:
        yield aws.client


@contextmanager
def real_clients() -> Iterator[Callable[[str], Any]]:
    """Clients with the credentials and the region of the shell."""
    from botocore.session import get_session

    yield get_session().create_client


def look(
    rules: DomainSettings, client: Callable[[str], Any], side: int, count: int
) -> Iterator[Looked]:
    """Each picture alone, the kinds in turn, after a few that do not count."""
    watch = Laps()
    screening = timed_screening(rules, client, watch)
    made = list(pictures(side, count + WARM_UP))
    ada = ShownSubject(SubjectKind.PERSON, encoded(made[0]["a face"]))
    for number, kinds in enumerate(made):
        for kind, picture in kinds.items():
            content = encoded(picture)
            watch.reset()
            began = time.perf_counter()
            screened = screening.screen(content, ada)
            took = round((time.perf_counter() - began) * 1e3, 2)
            if number >= WARM_UP:
                yield Looked(kind, screened.verdict.outcome, took, tuple(watch.laps))


def timed_screening(
    rules: DomainSettings, client: Callable[[str], Any], watch: Laps
) -> ImageScreening:
    """The deployed screening, its calls timed."""
    rekognition, comprehend, translate = map(client, ("rekognition", "comprehend", "translate"))
    words = TextScreening(
        rules.moderation.prompts,
        TimedModeration(ComprehendModeration(lambda: comprehend), watch),
        TimedTranslation(TranslateTranslation(lambda: translate), watch),
    )
    return ImageScreening(
        rules.moderation,
        rules.photos.face.min_confidence,
        TimedImageModeration(RekognitionModeration(lambda: rekognition), watch),
        None if rules.moderation.images.text is Policy.ALLOW else words,
    )


def pictures(side: int, count: int) -> Iterator[dict[str, Image.Image]]:
    """Drawn pictures by kind; no two are alike, since the local detectors remember."""
    rng = random.Random(SEED)
    ada = random_subject(rng, kind="person", marked=True)
    for number in range(count):
        face = draw(ada, random_scene(rng, style="flat"), side)
        thing = draw(random_subject(rng, kind="object"), random_scene(rng, style="flat"), side)
        card = unsafe_card().resize((side, side)).rotate(number - count / 2, fillcolor="white")
        yield {
            "a face": face,
            "no face": thing,
            "a face and words": stamped(
                draw(ada, random_scene(rng, style="flat"), side), Card.TEXT
            ),
            "unsafe": card,
        }


def encoded(picture: Image.Image) -> bytes:
    """As results sends it."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def report(facts: dict[str, Any], looked: Sequence[Looked]) -> Iterator[str]:
    """Two tables, as markdown."""
    yield (
        f"Image screening, {facts['services']} services, settings of {facts['environment']}, "
        f"{facts['side']} × {facts['side']} pixels; load average {facts['load_average']} on "
        f"{facts['processors']} processors."
    )
    yield ""
    yield "| picture of | outcome | n | calls | p50 ms | p95 ms |"
    yield "|---|---|---|---|---|---|"
    for kind in dict.fromkeys(one.kind for one in looked):
        of_kind = [one for one in looked if one.kind == kind]
        outcomes = ", ".join(sorted({one.outcome for one in of_kind}))
        calls = statistics.mean(len(one.laps) for one in of_kind)
        times = [one.milliseconds for one in of_kind]
        yield f"| {kind} | {outcomes} | {len(of_kind)} | {calls:.1f} | {percentiles(times)} |"
    yield ""
    yield "| call | n | p50 ms | p95 ms |"
    yield "|---|---|---|---|"
    laps = [lap for one in looked for lap in one.laps]
    for name in dict.fromkeys(name for name, _ in laps):
        times = [took for each, took in laps if each == name]
        yield f"| {name} | {len(times)} | {percentiles(times)} |"


def percentiles(times: Sequence[float]) -> str:
    """p50 and p95, as cells."""
    ordered = sorted(times)
    last = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return f"{statistics.median(ordered):.0f} | {last:.0f}"


if __name__ == "__main__":
    main()
