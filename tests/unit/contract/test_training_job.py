import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidDocumentError
from contract.training_failure import FailureCode, TrainingFailure
from contract.training_job import _READERS, Hyperparameters
from tests.unit.contract.documents import ULID, hyperparameters

NEEDED = {
    "training_id": f"trn_{ULID}",
    "subject_id": f"sub_{ULID}",
    "kind": "person",
    "class_noun": "person",
    "base_model_id": "tiny-sd",
    "max_steps": "100",
    "rank": "4",
    "learning_rate": "0.0001",
    "resolution": "64",
    "batch_size": "1",
}


@given(hyperparameters)
def test_settings_survive_the_way_through_text(settings: Hyperparameters) -> None:
    assert Hyperparameters.from_strings(settings.to_strings()) == settings


@given(hyperparameters)
def test_settings_fit_what_sagemaker_carries(settings: Hyperparameters) -> None:
    # CreateTrainingJob: at most 100 hyperparameters, names to 256 and values to 2500 characters.
    values = settings.to_strings()
    assert len(values) < 90
    # And the containers' toolkit hands them to a shell, unquoted.
    assert all(re.fullmatch(r"[A-Za-z0-9_.%+-]+", value) for value in values.values())
    assert all(len(name) <= 256 and len(value) <= 2500 for name, value in values.items())


def test_texts_may_come_plain_or_percent_encoded() -> None:
    for noun in ("red panda", "red%20panda"):
        assert (
            Hyperparameters.from_strings({**NEEDED, "class_noun": noun}).class_noun == "red panda"
        )


def test_a_manifest_shows_settings_as_they_are() -> None:
    scalars = Hyperparameters.from_strings({**NEEDED, "class_noun": "red%20panda"}).to_scalars()
    assert json.loads(json.dumps(scalars))["class_noun"] == "red panda"
    assert scalars["max_steps"] == 100


def test_what_is_not_given_has_a_default() -> None:
    settings = Hyperparameters.from_strings(NEEDED)
    assert settings.token == "<subject>"
    assert settings.min_snr_gamma == 5
    assert settings.prior_preservation is False


def test_every_setting_has_a_reader() -> None:
    assert set(_READERS) == {field.name for field in dataclasses.fields(Hyperparameters)}


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(InvalidDocumentError, match=r"unknown hyperparameter.*: lerning_rate"):
        Hyperparameters.from_strings({**NEEDED, "lerning_rate": "1"})


def test_a_missing_setting_is_refused_by_name() -> None:
    with pytest.raises(InvalidDocumentError, match=r"missing hyperparameter.*: max_steps, rank"):
        Hyperparameters.from_strings(
            {k: v for k, v in NEEDED.items() if k not in {"rank", "max_steps"}}
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training_id", "trn_1"),
        ("kind", "planet"),
        ("class_noun", "--help"),
        ("class_noun", ""),
        ("base_model_id", "../tiny"),
        ("max_steps", "0"),
        ("max_steps", "1e3"),
        ("max_steps", "٣"),
        ("rank", "257"),
        ("learning_rate", "nan"),
        ("learning_rate", "quick"),
        ("learning_rate", "2"),
        ("resolution", "65"),
        ("prior_preservation", "yes"),
        ("token", "subject"),
        ("precision", "fp8"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidDocumentError, match=f"'{name}'"):
        Hyperparameters.from_strings({**NEEDED, name: value})


@given(st.sampled_from(FailureCode), st.text(max_size=2000))
def test_a_failure_text_is_one_line_that_sagemaker_shows_whole(
    code: FailureCode, sentence: str
) -> None:
    text = TrainingFailure(code, sentence).to_text()
    assert len(text) <= 1024
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "AlgorithmError: {}, exit code: 1",
        'AlgorithmError: ExecuteUserScriptError:\nErrorMessage "step 3\n{}"\nCommand "python3"',
    ],
    ids=["file", "sagemaker", "toolkit"],
)
@pytest.mark.parametrize("code", FailureCode)
def test_a_failure_is_found_in_what_sagemaker_reports(code: FailureCode, around: str) -> None:
    failure = TrainingFailure(code, "The photo pho_1 cannot be read: it is cut off.")
    assert TrainingFailure.find_in(around.format(failure.to_text())) == failure


@pytest.mark.parametrize("reason", ["", "CapacityError: none left", "XNO_PHOTOS: odd"])
def test_other_reasons_are_not_taken_for_the_jobs_own(reason: str) -> None:
    assert TrainingFailure.find_in(reason) is None


def test_only_an_internal_error_is_worth_another_attempt() -> None:
    assert [code for code in FailureCode if code.is_retryable] == [FailureCode.INTERNAL_ERROR]
