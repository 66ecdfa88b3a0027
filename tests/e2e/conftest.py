"""One deployment for the whole session; `E2E_PORT=4566` uses the one that `make up` started."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from demo.backstage import Backstage
from demo.deployment import Deployment
from demo.outputs import Outputs
from local_aws import client as embedded
from local_aws.settings import Settings
from local_aws.testing import embedded_aws
from tests.e2e.brief_trainings import brief_trainings
from tests.e2e.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.client import AvatarClient

# Whoever ends the suite early (scripts/test does, where another one has failed) has what it started
# taken down as well.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        if port := os.environ.get("E2E_PORT"):
            aws = embedded.environment(int(port))
            local = Settings(port=int(port))
            outputs = Outputs.read(local.data_dir / "deployment" / "outputs.json")
            folder = local.run_dir
        else:
            embedding = stack.enter_context(embedded_aws(speed=60))
            aws, folder = embedding.environment, embedding.data_dir / "run"
            outputs = Deployment(aws, tmp_path_factory.mktemp("deployment")).deploy()
        yield Stage.over(Backstage(aws, outputs, folder))


@pytest.fixture
def alice(stage: Stage) -> AvatarClient:
    return stage.user("alice")


@pytest.fixture
def bob(stage: Stage) -> AvatarClient:
    return stage.user("bob")


@pytest.fixture(scope="session")
def ada(stage: Stage) -> AvatarClient:
    """The user who owns `ready_subject`."""
    return stage.user("ada")


@pytest.fixture(scope="session")
def ready_subject(stage: Stage, ada: AvatarClient) -> str:
    subject = stage.subject_with_photos(ada)
    training = stage.train(ada, subject)
    assert training["state"] == "succeeded", training
    return subject


@pytest.fixture
def brief(stage: Stage) -> Iterator[None]:
    """Trainings are short; that of `ready_subject` takes the steps of the deployed recipe."""
    with brief_trainings(stage, steps=100):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)
    # What the logs of the whole session hold is known when everything else has been done.
    items.sort(key=lambda item: item.path.name == "test_logs.py")
