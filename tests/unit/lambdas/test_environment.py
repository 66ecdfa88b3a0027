from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambdas import environment
from lambdas.domain.subject import SubjectKind
from lambdas.environment import MisconfiguredError
from tests.unit.lambdas.given import settings

ROOT = Path(__file__).parents[3]


def _environments() -> dict[str, Any]:
    environments: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"][
        "environments"
    ]
    return environments


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_the_settings_of_every_environment_are_understood(name: str) -> None:
    block = _environments()[name]
    text = json.dumps({**block["domain"], "base_model": block["base_model"]})
    parsed = environment.parse_settings(text)
    assert parsed.base_model.sizes
    for kind in SubjectKind:
        assert 1 <= parsed.photos.minimum.of(kind) <= parsed.photos.maximum


def test_a_misspelt_setting_stops_the_function_and_is_named() -> None:
    document = settings().model_dump(mode="json")
    document["photos"]["maximun"] = 3
    del document["limits"]["subjects_per_user"]
    with pytest.raises(MisconfiguredError) as caught:
        environment.parse_settings(json.dumps(document))
    assert "photos.maximun" in str(caught.value)
    assert "limits.subjects_per_user" in str(caught.value)


@pytest.mark.parametrize(
    ("block", "change", "sentence"),
    [
        (
            "face",
            {"min_brightness": 95},
            "photos.face: min_brightness must be below max_brightness",
        ),
        ("face", {"min_confidence": 101}, "photos.face.min_confidence: Input should be less than"),
        ("face", {"max_yaw": -1}, "photos.face.max_yaw: Input should be greater than"),
        ("face", {"min_pixels": 0}, "photos.face.min_pixels: Input should be greater than"),
        ("picture", {"max_brightness": 8}, "photos.picture: min_brightness must be below"),
        ("set", {"duplicate_distance": 32}, "photos.set.duplicate_distance: Input should be less"),
        ("set", {"min_score": 101}, "photos.set.min_score: Input should be less than"),
        ("set", {"same_person": 80}, "photos.set.same_person: Extra inputs are not permitted"),
        ("minimum", {"pet": 16}, "photos: minimum.pet is above maximum"),
    ],
)
def test_a_threshold_that_cannot_work_stops_the_function_with_a_sentence(
    block: str, change: dict[str, Any], sentence: str
) -> None:
    document = settings().model_dump(mode="json")
    document["photos"][block] |= change
    with pytest.raises(MisconfiguredError) as caught:
        environment.parse_settings(json.dumps(document))
    assert sentence in str(caught.value)


def test_a_policy_on_celebrities_that_nobody_wrote_is_refused() -> None:
    document = settings().model_dump(mode="json")
    document["moderation"]["celebrities"] = "withhold"
    expected = r"moderation\.celebrities.*'block', 'review' or 'allow'"
    with pytest.raises(MisconfiguredError, match=expected):
        environment.parse_settings(json.dumps(document))


def test_settings_are_read_where_the_path_first_has_them(tmp_path: Path) -> None:
    for folder in ("task", "layer", "later"):
        (tmp_path / folder).mkdir()
    (tmp_path / "archive.zip").touch()
    path = [str(tmp_path / each) for each in ("task", "archive.zip", "no folder", "layer", "later")]
    with pytest.raises(MisconfiguredError, match=r"settings\.json is missing"):
        environment.find_settings(path)
    for folder in ("layer", "later"):
        (tmp_path / folder / environment.SETTINGS_FILE).write_text(folder)
    assert environment.find_settings(path) == "layer"


def test_a_resource_that_was_not_deployed_is_named() -> None:
    with pytest.raises(MisconfiguredError, match="PHOTOS_BUCKET"):
        environment.read({"TABLE_NAME": "t"}).need("PHOTOS_BUCKET")
    assert environment.read({"TABLE_NAME": "t"}).need("TABLE_NAME") == "t"


def test_what_differs_between_base_models_is_found_by_their_id() -> None:
    here = environment.read(
        {
            "ENDPOINT_NAMES": '{"sdxl": "one", "tiny": "two three"}',
            "TRAINING_INSTANCE_TYPES": '{"sdxl": "ml.g6e.xlarge"}',
        }
    )
    assert here.endpoints_of("sdxl") == ("one",)
    assert here.endpoints_of("tiny") == ("two", "three")
    assert here.instance_type_of("sdxl") == "ml.g6e.xlarge"


@pytest.mark.parametrize("names", ["{}", "[]", "one", "", '{"sdxl": ""}'])
def test_a_base_model_without_an_endpoint_is_named(names: str) -> None:
    with pytest.raises(MisconfiguredError, match="ENDPOINT_NAMES"):
        environment.read({"ENDPOINT_NAMES": names}).endpoints_of("sdxl")


def test_the_environment_of_this_process_is_read_once() -> None:
    assert environment.current() is environment.current()
