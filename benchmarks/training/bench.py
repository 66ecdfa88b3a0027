"""Running cells: a process of its own for each training, the measuring here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from bases.source import SHIPPED
from benchmarks.training.arms import Side
from benchmarks.training.commands import (
    NO_CHECKPOINTS,
    SCRIPTS,
    WORD,
    Given,
    our_program,
    their_program,
)
from benchmarks.training.fetch import FOLDER, PACKAGES, Fetched, NotFetchedError
from benchmarks.training.machine import load_average
from benchmarks.training.pictures import (
    THEIR_FILE,
    Tuned,
    drawn,
    save_pictures,
    untuned,
    with_our_adapter,
    with_their_adapter,
)
from benchmarks.training.plan import ArmCell, Cell, SpeedCell
from benchmarks.training.scores import CellScores, Judges
from benchmarks.training.sizes import LOCAL, Size
from benchmarks.training.store import fingerprint_of
from benchmarks.training.subjects import GIVEN, PROMPTS, UNSEEN, DrawnSubject, drawn_subject
from benchmarks.training.tracks import Contender
from benchmarks.training.watched import Watched, watch
from contract.base_model import Family
from contract.document import Scalar
from contract.training_job import Precision
from training.base import load_base
from training.encoders import encoder_for
from training.local_base import LocalBase, local_base
from training.miniature.classifiers import load_classifiers

_MINIATURE = "miniature"
_CHECKPOINTS = 4  # of the script's run, where its likeness over time is wanted
_CLASS_SEEDS = 10_000


class Bench:
    """What cells share: base models, subjects and their judges."""

    def __init__(self, size: Size, threads: int, scripts: Fetched | None) -> None:
        self._size, self._threads, self.scripts = size, threads, scripts
        self._work = LOCAL / "work" / size.name
        self._bases: dict[str, LocalBase] = {}
        self._subjects: dict[int, tuple[DrawnSubject, Judges]] = {}
        torch.set_num_threads(threads)
        for library in (diffusers.utils.logging, transformers.utils.logging):
            library.set_verbosity_error()
            library.disable_progress_bar()

    def fingerprint(self, cell: Cell) -> str:
        """Over all that the cell's numbers depend on, but for this repository's code."""
        size = self._size
        if isinstance(cell, SpeedCell):
            settings = cell.track.settings(size.speed_steps)
            asked: list[object]
            base, asked = cell.track.base, [cell.contender.value]
        else:
            settings, base = cell.arm.settings(size.steps), _MINIATURE
            prompts = [(prompt.template, dict(prompt.asked)) for prompt in self._prompts]
            asked = [prompts, size.images, size.class_images, GIVEN, UNSEEN, cell.arm.side.value]
        family = self._base(base).description.family
        script = self._sha256(family) if cell.needs_script else ""
        return fingerprint_of(
            self._base(base).description.hash, settings, asked, script, self._threads
        )

    def run(self, cell: Cell) -> dict[str, Any]:
        """The cell's record. Raises ProgramError, NotFetchedError."""
        record = self._timed(cell) if isinstance(cell, SpeedCell) else self._measured(cell)
        return {**record, "threads": self._threads, "load": load_average()}

    def _timed(self, cell: SpeedCell) -> dict[str, Any]:
        track, steps = cell.track, self._size.speed_steps
        settings, given = track.settings(steps), self._given(0, track.base)
        if cell.contender is Contender.OURS:
            watched = self._watch(our_program(given, settings), ours=True)
        else:
            pictures = self._class_images(given, int(settings["prior_images"] or 0))
            program = their_program(
                self._script(track.family),
                given,
                settings,
                class_images=pictures if track.prior else None,
                precompute=cell.contender is Contender.PRECOMPUTED,
            )
            watched = self._watch(program, ours=False)
        return {
            "part": "speed",
            "track": track.name,
            "contender": cell.contender.value,
            "turn": cell.turn,
            "samples_per_second": round(track.batch / watched.seconds_per_step, 4),
            **_taken(watched),
        }

    def _measured(self, cell: ArmCell) -> dict[str, Any]:
        subject, _ = self._subject(cell.subject)
        settings = cell.arm.settings(self._size.steps)
        record: dict[str, Any] = {"part": "arm", "arm": cell.arm.name, "subject": cell.subject}
        given = self._given(cell.subject, _MINIATURE)
        name = cell.key.replace("|", " ")
        phrase = f"{WORD} {subject.noun}"
        if cell.arm.side is Side.NOBODY:
            tuned = untuned(given.base, f"a {subject.noun}")
            return {**record, "scores": self._scores(tuned, cell.subject, name)}
        if cell.arm.side is Side.OURS:
            watched = self._watch(our_program(given, settings), ours=True)
            tuned = with_our_adapter(given.base, given.out, subject.noun)
        else:
            steps = int(settings["max_steps"] or 0)
            is_followed = cell.subject < self._size.few and not cell.arm.changes
            every = max(1, steps // _CHECKPOINTS) if is_followed else NO_CHECKPOINTS
            program = their_program(
                self._script(Family.SD), given, settings, checkpoint_every=every
            )
            watched = self._watch(program, ours=False)
            if is_followed:
                record["checkpoints"] = [
                    {
                        "step": step,
                        "seconds": watched.steps[step - 1],
                        "scores": self._scores(
                            with_their_adapter(given.base, folder, phrase), cell.subject, ""
                        ),
                    }
                    for step in (every, 2 * every)
                    if (folder := given.out / f"checkpoint-{step}").joinpath(THEIR_FILE).exists()
                ]
            tuned = with_their_adapter(given.base, given.out, phrase)
        scores = self._scores(tuned, cell.subject, name)
        return {**record, **_taken(watched), "settings": dict(settings), "scores": scores}

    def _scores(self, tuned: Tuned, number: int, name: str) -> dict[str, float]:
        """Draw and judge; the pictures stay in the work folder under `name`, if there is one."""
        subject, judges = self._subject(number)
        size = self._size
        asked = [prompt for prompt in self._prompts for _ in range(size.images)]
        seeds = list(range(len(asked)))
        pictures = drawn(tuned, [prompt.of(tuned.phrase) for prompt in asked], seeds)
        ordinary = [f"a photo of a {subject.noun}"] * size.class_images
        of_class = drawn(tuned, ordinary, [_CLASS_SEEDS + n for n in range(size.class_images)])
        if name:
            save_pictures(self._work / "pictures" / f"{name}.png", pictures, size.images)
        words = [prompt.of(f"a {subject.noun}") for prompt in asked]
        scores: CellScores = judges.scores(pictures, words, asked, of_class)
        return scores.rounded()

    @property
    def _prompts(self) -> Sequence[Any]:
        return PROMPTS[: self._size.prompts]

    def _base(self, name: str) -> LocalBase:
        if name not in self._bases:
            links = self._work / "bases" / name
            self._bases[name] = local_base(str(SHIPPED[name]), LOCAL, links)
        return self._bases[name]

    def _subject(self, number: int) -> tuple[DrawnSubject, Judges]:
        if number not in self._subjects:
            local = self._base(_MINIATURE)
            base = load_base(
                local.folder, local.description.id, Precision.FP32, torch.device("cpu")
            )
            subject = drawn_subject(number, self._work)
            classifiers = load_classifiers(SHIPPED[_MINIATURE] / "classifiers")
            encoder = encoder_for(local.folder, base)
            judges = Judges(encoder, classifiers, subject, local.resolution)
            self._subjects[number] = subject, judges
        return self._subjects[number]

    def _given(self, number: int, base: str) -> Given:
        subject, _ = self._subject(number)
        out = self._work / "out"
        shutil.rmtree(out, ignore_errors=True)
        return Given(SHIPPED[base], subject.photos, subject.noun, self._base(base).resolution, out)

    def _class_images(self, given: Given, count: int) -> Path:
        """So many pictures of the class by the untuned miniature, drawn once."""
        folder = self._work / "class"
        if len(list(folder.glob("*.png"))) < count:
            tuned = untuned(SHIPPED[_MINIATURE], f"a {given.noun}")
            words = [f"a photo of a {given.noun}"] * count
            for number, picture in enumerate(drawn(tuned, words, list(range(count)))):
                save_pictures(folder / f"{number:02d}.png", picture[None], 1)
        return folder

    def _watch(self, program: Sequence[str], *, ours: bool) -> Watched:
        packages = [] if ours else [PACKAGES]
        return watch(program, self._work / "run", self._threads, packages)

    def _script(self, family: Family) -> Path:
        self._sha256(family)
        return FOLDER / SCRIPTS[family]

    def _sha256(self, family: Family) -> str:
        if self.scripts is None:
            raise NotFetchedError("diffusers' scripts are not here")
        return self.scripts.sha256[SCRIPTS[family]]


def _taken(watched: Watched) -> Mapping[str, Scalar]:
    return {
        "seconds": watched.seconds,
        "first_step_seconds": watched.steps[0] if watched.steps else None,
        "seconds_per_step": round(watched.seconds_per_step, 5),
        "steps": len(watched.steps),
        "peak_mib": watched.peak_mib,
        "training_mib": watched.training_mib,
    }
