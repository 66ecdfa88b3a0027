"""An environment that differs from one of cdk.json by a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bases.source import SHIPPED
from infra.merge_patch import merge, patched
from infra.settings import SettingsError, load
from tests.infra.cloud import CONTEXT, ROOT

ENVIRONMENTS = CONTEXT["environments"]


# Of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": "foo"}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_it_merges_as_the_rfc_says(original: Any, patch: Any, result: Any) -> None:
    before = json.dumps(original)
    assert merge(original, patch) == result
    assert json.dumps(original) == before


def test_the_environment_of_several_models_is_valid_and_its_bases_ship() -> None:
    file = str(ROOT / "demo" / "several_models.json")
    settings = load(patched(ENVIRONMENTS, "local", file), "local")
    default, second = settings.served_bases
    assert {default.model.id, second.model.id} <= set(SHIPPED)
    assert settings.hosted_model
    assert second.endpoint.instance_types == default.endpoint.instance_types


def test_without_a_file_nothing_changes() -> None:
    assert patched(ENVIRONMENTS, "local", None) is ENVIRONMENTS


@pytest.mark.parametrize("content", [None, "no JSON", "[]"])
def test_a_file_that_is_no_patch_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "wrong.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"the patch '.*wrong\.json'"):
        patched(ENVIRONMENTS, "local", str(file))
