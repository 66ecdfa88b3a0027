"""One deployment for all scenes of this folder, in place of the one of the other scenes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from demo.backstage import Backstage
from demo.deployment import Deployment
from local_aws.testing import embedded_aws
from tests.e2e.several.deployed import patch
from tests.e2e.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.client import AvatarClient


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with embedded_aws(speed=60) as embedding:
        work = tmp_path_factory.mktemp("several")
        file = work / "patch.json"
        file.write_text(json.dumps(patch()))
        outputs = Deployment(embedding.environment, work, patch=file).deploy()
        folder = embedding.data_dir / "run"
        yield Stage.over(Backstage(embedding.environment, outputs, folder))


@pytest.fixture(scope="package")
def eve(stage: Stage) -> AvatarClient:
    return stage.user("eve")
