"""The functions that an environment with a hosted model deploys find what they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambdas import environment, wiring
from lambdas.adapters.bedrock_images import BedrockImages
from lambdas.adapters.painting_queue import PaintingQueue
from lambdas.environment import MisconfiguredError
from lambdas.events import painting
from tests.unit.lambdas.gateway import FakeContext
from tests.unit.lambdas.given import settings

CHOICE = {"bedrock": {"model": "stability.sd3-5-large-v1:0", "region": "us-west-2"}}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Sets what a function gets whose environment made that choice."""
    made = (environment.current, wiring.painting_backend, wiring.queue, wiring.hosted_images)

    def deploy(backend: Any) -> None:
        text = settings(generation={"subjectless_backend": backend}).model_dump(mode="json")
        (tmp_path / environment.SETTINGS_FILE).write_text(json.dumps(text))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PAINTING_QUEUE_URL", "https://sqs.example/painting")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        for each in made:
            each.cache_clear()

    yield deploy
    for each in made:
        each.cache_clear()


def test_the_api_hands_over_to_the_queue_only_where_a_hosted_model_is_chosen(
    deployed: Any,
) -> None:
    deployed("endpoint")
    assert wiring.painting_backend() is None
    deployed(CHOICE)
    assert isinstance(wiring.painting_backend(), PaintingQueue)
    assert isinstance(wiring.hosted_images("us-west-2"), BedrockImages)


def test_a_painter_without_a_model_does_not_start(deployed: Any) -> None:
    deployed("endpoint")
    with pytest.raises(MisconfiguredError, match="no hosted model"):
        painting.handler({}, FakeContext())
