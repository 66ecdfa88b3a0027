"""How well words are screened: the labelled set through the deployed code, and what that takes.

`python -m benchmarks.prompt_screening` asks the local services, in an embedded AWS of its own;
with `--aws` the real ones, with the credentials of the shell (about four calls a text). Raw
decisions go to `results/`. The local detectors are small and were written beside the set, so their
table guards against regressions and says nothing of AWS's judgement.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.prompt_screening import tables
from benchmarks.prompt_screening.labelled import Labelled, labelled
from benchmarks.prompt_screening.timed import Stopwatch, TimedModeration, TimedTranslation
from lambdas.adapters.text_moderation import ComprehendModeration, TranslateTranslation
from lambdas.domain.errors import Refused
from lambdas.domain.prompt_settings import PromptSettings
from lambdas.domain.text_screening import ClientText, TextScreening
from local_aws.testing import embedded_aws

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results")
# What an organisation may add; the set has a row for each.
BLOCKED_TERMS = {"IMPERSONATION": ["Jane Roe", "as the president of the republic"]}
WARM_UP = 20
MODES = ("translate", "refuse")


def main() -> None:
    """Judge every text in both modes, print the tables, keep them and the decisions."""
    RESULTS.mkdir(exist_ok=True)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prompt_screening")
    parser.add_argument("--aws", action="store_true", help="ask the real services")
    parser.add_argument("--environment", default="dev", help="whose settings of cdk.json")
    options = parser.parse_args()
    given = list(labelled())
    written = [one for one in given if one.evasion is None]
    source = "aws" if options.aws else "local"
    report = [
        f"# Prompt screening, {source} services",
        f"{len(written)} texts, and {len(given) - len(written)} disguises of three phrases.",
        f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.",
    ]
    with real_clients() if options.aws else local_clients() as client:
        for mode in MODES:
            expected = [one.where_refused for one in given] if mode == "refuse" else given
            decisions = judge(expected, settings(options.environment, mode), client)
            report += sections(mode, decisions)
            keep(f"{source}-{mode}", decisions)
    text = "\n\n".join(report) + "\n"
    (RESULTS / f"{source}.md").write_text(text, encoding="utf-8")
    print(text)


def settings(environment: str, mode: str) -> PromptSettings:
    """An environment's own, but for what the benchmark varies."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    block = context["environments"][environment]["domain"]["moderation"]["prompts"]
    return PromptSettings.model_validate(
        {**block, "other_languages": mode, "blocked_terms": BLOCKED_TERMS}, strict=False
    )


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


def judge(
    given: Sequence[Labelled], prompts: PromptSettings, client: Callable[[str], Any]
) -> list[tables.Decision]:
    """Each text alone, in turn."""
    watch = Stopwatch()
    comprehend, translate = client("comprehend"), client("translate")
    moderation = TimedModeration(ComprehendModeration(lambda: comprehend), watch)
    translation = TimedTranslation(TranslateTranslation(lambda: translate), watch)
    screening = TextScreening(
        prompts, moderation, translation if prompts.other_languages == "translate" else None
    )
    for one in given[:WARM_UP]:
        category_of(screening, one)
    decisions = []
    for one in given:
        watch.reset()
        began = time.perf_counter()
        category = category_of(screening, one)
        took = time.perf_counter() - began
        calls = tuple(watch.calls)
        decisions.append(tables.Decision(one, category, took * 1e3, watch.seconds * 1e3, calls))
    return decisions


def category_of(screening: TextScreening, one: Labelled) -> str | None:
    """The category of its refusal, or None."""
    try:
        screening.demand_allowed([ClientText(one.text, one.purpose)], kind=one.kind)
    except Refused as refusal:
        return refusal.category
    return None


def sections(mode: str, decisions: Sequence[tables.Decision]) -> Iterator[str]:
    """The tables of one mode, as markdown."""
    written = [d for d in decisions if d.given.evasion is None]
    disguised = [d for d in decisions if d.given.evasion is not None]
    yield f"## Other languages: {mode}"
    for title, lines in {
        "By category": tables.by_category(written),
        "By language": tables.by_group(written, "language", lambda one: one.language),
        "By purpose": tables.by_group(written, "purpose", lambda one: one.purpose.name.lower()),
        "Disguises": tables.by_group(disguised, "of", lambda one: one.label),
        "Added time": tables.latency(written),
        "Judged wrongly": tables.mistakes(decisions),
    }.items():
        yield f"### {title}"
        yield "\n".join(lines)


def keep(name: str, decisions: Sequence[tables.Decision]) -> None:
    """Every decision, one a line; times apart, so that only a changed verdict is a change."""
    with (RESULTS / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for d in decisions:
            one = d.given
            row = {
                "label": one.label,
                "category": d.category,
                "language": one.language,
                "purpose": one.purpose.name.lower(),
                "kind": one.kind,
                "evasion": one.evasion,
                "text": one.text,
                "calls": d.calls,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    times = [[round(d.milliseconds, 2), round(d.in_services, 2)] for d in decisions]
    (RESULTS / f"{name}-milliseconds.json").write_text(json.dumps(times) + "\n")


if __name__ == "__main__":
    main()
