"""Every arm's pictures of every subject, judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.few_step.arms import Arm
from benchmarks.few_step.drawing import Studio
from benchmarks.training.commands import Given, our_program
from benchmarks.training.pictures import save_pictures
from benchmarks.training.recipe import settings_of
from benchmarks.training.scores import Judges
from benchmarks.training.subjects import PROMPTS, DrawnSubject, drawn_subject
from benchmarks.training.watched import watch
from contract.adapter import MANIFEST_FILE
from contract.subject_phrase import SUBJECT_TOKEN
from contract.training_job import Precision
from contract.training_presets import PresetName
from training.base import load_base
from training.encoders import encoder_for
from training.local_base import LocalBase
from training.miniature.classifiers import load_classifiers

_CLASS_SEEDS = 10_000


@dataclass(frozen=True)
class Amount:
    """How many subjects, prompts, pictures of each prompt and of the class; `share` of the preset's
    steps that is trained."""

    subjects: int
    prompts: int
    images: int
    class_images: int
    share: float


def measured(
    base: LocalBase, judge: Path, arms: list[Arm], amount: Amount, work: Path
) -> Iterator[Any]:
    """One record for each subject and arm; trained adapters and pictures stay in `work`.

    `judge` is the folder of the trait classifiers, which are no part of a base.
    """
    loaded = load_base(base.folder, base.description.id, Precision.FP32, torch.device("cpu"))
    classifiers = load_classifiers(judge)
    encoder = encoder_for(base.folder, loaded)
    adapters = work / f"adapters-{base.description.hash[:12]}-{amount.share:g}"
    for number in range(amount.subjects):
        subject = drawn_subject(number, work)
        _train(base, subject, adapters / f"{number:02d}", amount.share)
        judges = Judges(encoder, classifiers, subject, base.resolution)
        studio = Studio(base.folder, adapters, base.resolution)
        for arm in arms:
            yield _arm(studio, judges, subject, arm, amount, work)


def _train(base: LocalBase, subject: DrawnSubject, out: Path, share: float) -> None:
    if (out / MANIFEST_FILE).exists():
        return
    given = Given(base.folder, subject.photos, subject.noun, base.resolution, out)
    watch(our_program(given, settings_of(PresetName.FAST, share)), out.parent / "run", 1, [])


def _arm(
    studio: Studio, judges: Judges, subject: DrawnSubject, arm: Arm, amount: Amount, work: Path
) -> dict[str, Any]:
    asked = [prompt for prompt in PROMPTS[: amount.prompts] for _ in range(amount.images)]
    texts = [prompt.of(SUBJECT_TOKEN) for prompt in asked]
    own, seconds = studio.draw(arm, texts, range(len(asked)), f"{subject.number:02d}")
    words = [prompt.of(f"a {subject.noun}") for prompt in asked]
    ordinary = [f"a photo of a {subject.noun}"] * amount.class_images
    seeds = range(_CLASS_SEEDS, _CLASS_SEEDS + len(ordinary))
    of_class, _ = studio.draw(arm, ordinary, seeds, None)
    save_pictures(work / f"{subject.number:02d} {arm.name}.png", own, len(own))
    return {
        "arm": arm.name,
        "subject": subject.number,
        "steps": arm.steps,
        "cfg_scale": arm.cfg_scale,
        "cpu_seconds": round(seconds, 4),
        "scores": judges.scores(own, words, asked, of_class).rounded(),
    }
