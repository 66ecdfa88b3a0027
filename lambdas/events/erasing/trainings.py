"""Trainings of what is erased: stopped first, and waited for, since a stopping job still writes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lambdas.domain import moments
from lambdas.domain.training import ACTIVE_TRAINING_STATES, TrainingState, job_name
from lambdas.records import keys
from lambdas.records.trainings import end_training

if TYPE_CHECKING:
    from lambdas.events.erasing.run import Run
    from lambdas.table import Item

# A stopped training job has 120 s to save a checkpoint (SageMaker "StopTrainingJob"), which is then
# uploaded.
_STOPPING = timedelta(minutes=10)
# How long one run waits for jobs to end, of the 300 s that it has; what takes longer is left to the
# tombstone.
_PATIENCE = timedelta(seconds=150)
_POLL_SECONDS = 2.0


def stop_trainings(run: Run, subject_id: str | None) -> None:
    """The step: none of a subject's trainings (None: of anybody's) runs any more, or it waits."""
    run.enter("stopping")
    trainings = [
        item
        for item in run.items(keys.TRAININGS)
        if subject_id in {None, item["subject_id"]} and _may_still_write(run, item)
    ]
    if not trainings:
        return
    run.expect_until(run.now + _STOPPING)
    for item in trainings:
        if item["state"] in ACTIVE_TRAINING_STATES:
            run.ports.runner.stop(item["id"], reason="Erased by its owner")
            end_training(run.table, item["owner"], item["id"], TrainingState.CANCELLED, run.now)
    if _have_ended(run, trainings):
        run.quiet_now()


def _may_still_write(run: Run, training: Item) -> bool:
    """Whether its job runs, or was told to stop only a moment ago."""
    if training["state"] != TrainingState.CANCELLED:
        return training["state"] in ACTIVE_TRAINING_STATES
    return moments.from_text(training["updated_at"]) + _STOPPING > run.now


def _have_ended(run: Run, trainings: list[Item]) -> bool:
    """Wait a while for their jobs; False if one of them is still at it."""
    clock = run.ports.clock
    until = clock.now() + _PATIENCE
    names = [job_name(item["id"], item["attempt"]) for item in trainings]
    while any(run.ports.jobs.is_running(name) for name in names):
        if clock.now() >= until:
            return False
        clock.pause(_POLL_SECONDS)
    return True
