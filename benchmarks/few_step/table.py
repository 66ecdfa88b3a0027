"""The page that the measurement writes: means over subjects, and the cost in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.few_step.arms import FEW, PLAIN, STANDARD

Record = Mapping[str, Any]
_HEAD = """# What the few-step tier costs

Made by `python -m benchmarks.few_step`; every number is in
[few_step.json](../benchmarks/results/few_step.json).

"""
_COLUMNS = (
    "| | steps | guidance | CPU s a picture | identity | identity (faces) | prompt | traits |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_LEGEND = """
Identity: similarity to unseen photos over that of real photos to each other, by the base's image
encoder and, as a second opinion, by the face network. Prompt: cosine with the words. Traits: the
share of named traits that a classifier sees. CPU time of one core, text and decoding included.
"""


def page(run: Mapping[str, Any], records: Sequence[Record]) -> str:
    """Markdown."""
    names = list(dict.fromkeys(record["arm"] for record in records))
    found = {name: _means([r for r in records if r["arm"] == name]) for name in names}
    rows = "".join(
        f"| {name} | {one['steps']:g} | {one['cfg_scale']:g} | {one['cpu_seconds']:.2f} "
        f"| {one['identity']:.3f} | {one['faces']:.3f} | {one['prompt']:.3f} "
        f"| {one['traits']:.1%} |\n"
        for name, one in found.items()
    )
    return f"{_HEAD}{_about(run)}\n{_COLUMNS}{rows}{_LEGEND}\n{_sentence(found)}\n"


def _about(run: Mapping[str, Any]) -> str:
    amount = run["amount"]
    return (
        f"Base `{run['base']}`, hash `{run['hash'][:12]}`; {amount['subjects']} subject(s) trained "
        f"with {amount['share']:.0%} of the fast preset's steps, {amount['prompts']} prompts, "
        f"{amount['images']} picture(s) each.\n"
    )


def _means(records: Sequence[Record]) -> dict[str, float]:
    scores = [record["scores"] for record in records]
    return {
        "steps": records[0]["steps"],
        "cfg_scale": records[0]["cfg_scale"],
        "cpu_seconds": fmean(record["cpu_seconds"] for record in records),
        "identity": fmean(one["identity_clip"] / one["ceiling_clip"] for one in scores),
        "faces": fmean(one["identity_face"] / (one["ceiling_face"] or 1.0) for one in scores),
        "prompt": fmean(one["prompt_clip"] for one in scores),
        "traits": fmean(one["prompt_traits"] for one in scores),
    }


def _sentence(found: Mapping[str, Mapping[str, float]]) -> str:
    few, usual, plain = found[FEW], found[STANDARD], found[PLAIN]
    return (
        f"Against `standard`, `few_step` takes {few['cpu_seconds'] / usual['cpu_seconds']:.0%} of "
        f"the time, keeps {few['identity'] / usual['identity']:.0%} of the likeness and "
        f"{few['prompt'] / usual['prompt']:.0%} of the prompt fidelity. As few steps without the "
        f"adapter keep {plain['identity'] / usual['identity']:.0%} and "
        f"{plain['prompt'] / usual['prompt']:.0%}."
    )
