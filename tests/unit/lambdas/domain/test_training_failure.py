from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.training_failure import FailureCode, TrainingFailure
from lambdas.domain.training_failure import TrainingFailureCode, decide, diagnose, failure_of


def job(reason: str, secondary: str = "Failed") -> str:
    """The cause that createTrainingJob.sync gives."""
    return json.dumps(
        {
            "TrainingJobName": "trn-1",
            "TrainingJobStatus": "Failed",
            "SecondaryStatus": secondary,
            "FailureReason": reason,
        }
    )


@pytest.mark.parametrize(
    ("error", "cause", "code", "again"),
    [
        ("TrainingGone", "", "cancelled", False),
        ("AdapterRefused", "", "training_diverged", False),
        ("OutputMissing", "", "out_of_time", False),
        ("PhotosMissing", "", "photos_unusable", False),
        ("BaseUnusable", "", "internal_error", False),
        ("States.Timeout", "", "out_of_time", False),
        ("States.TaskFailed", job("", "MaxRuntimeExceeded"), "out_of_time", False),
        ("States.TaskFailed", job("", "MaxWaitTimeExceeded"), "no_capacity", False),
        ("States.TaskFailed", job("CapacityError: Unable to provision"), "no_capacity", True),
        ("SageMaker.ResourceLimitExceeded", "The limit is 0", "no_capacity", True),
        ("SageMaker.ResourceLimitExceededException", "", "no_capacity", True),
        ("States.TaskFailed", job("AlgorithmError: , exit code: 137"), "interrupted", True),
        (
            "States.TaskFailed",
            job('AlgorithmError: ExecuteUserScriptError:\nExitCode -9\nErrorMessage ""'),
            "interrupted",
            True,
        ),
        ("States.TaskFailed", job("AlgorithmError: , exit code: 1"), "internal_error", True),
        ("States.TaskFailed", job("InternalServerError: We failed"), "internal_error", True),
        ("States.TaskFailed", "not json, exit code: 143", "interrupted", True),
        ("States.TaskFailed", "[1]", "internal_error", True),
        ("Unavailable", '{"errorMessage": "x"}', "internal_error", True),
        ("", "", "internal_error", True),
    ],
)
def test_every_cause_has_a_name_a_sentence_and_a_policy(
    error: str, cause: str, code: str, again: bool
) -> None:
    found = diagnose(error, cause)
    assert found.failure.code == code
    assert found.failure.reason.endswith(".")
    assert (found.wait_seconds is not None) == again


@pytest.mark.parametrize("code", FailureCode)
def test_what_the_job_itself_says_is_understood(code: FailureCode) -> None:
    text = TrainingFailure(code, "The photo 'x' cannot be read").to_text()
    found = diagnose("States.TaskFailed", job(f"AlgorithmError: {text}, exit code: 1"))
    assert found.failure.code in set(TrainingFailureCode)
    assert (found.wait_seconds is not None) == code.is_retryable
    own_words = "cannot be read" in found.failure.reason and "'x'" in found.failure.reason
    assert own_words == (found.failure.code == "photos_unusable")


def test_every_code_has_a_sentence() -> None:
    for code in TrainingFailureCode:
        assert failure_of(code).reason


@given(st.integers(1, 20), st.integers(1, 20))
def test_there_are_never_more_attempts_than_allowed_and_waits_grow(
    attempt: int, maximum: int
) -> None:
    capacity = diagnose("States.TaskFailed", job("CapacityError"))
    verdict = decide(capacity, attempt, maximum)
    assert verdict.retry == (attempt < maximum)
    assert verdict.attempt == attempt + 1
    later = decide(capacity, attempt + 1, maximum + 1)
    if verdict.retry:
        assert 0 < verdict.wait_seconds < later.wait_seconds
    assert not decide(diagnose("TrainingGone", ""), attempt, maximum).retry
