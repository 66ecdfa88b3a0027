"""Each environment is synthesized once a session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# The Node that requirements.txt brings, whatever else is on the machine.
os.environ.setdefault("JSII_NODE", str(Path(sys.executable).with_name("node")))

from infra.merge_patch import merge
from tests.infra.cloud import CONTEXT, ENVIRONMENTS, HOSTED, Cloud, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

_made: dict[str, Cloud] = {}


@pytest.fixture(scope="session")
def cloud_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Cloud]:
    """The environment of that name."""

    def made(name: str) -> Cloud:
        if name not in _made:
            _made[name] = synthesize(name, tmp_path_factory.mktemp(name))
        return _made[name]

    return made


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def cloud(request: pytest.FixtureRequest, cloud_of: Callable[[str], Cloud]) -> Cloud:
    """Every environment in turn."""
    return cloud_of(request.param)


@pytest.fixture(scope="session", params=[name for name in ENVIRONMENTS if name != "local"])
def aws_cloud(request: pytest.FixtureRequest, cloud_of: Callable[[str], Cloud]) -> Cloud:
    """Every environment that lives in an AWS account."""
    return cloud_of(request.param)


@pytest.fixture(scope="session")
def prod(cloud_of: Callable[[str], Cloud]) -> Cloud:
    """Production: properties that do not differ need no second look."""
    return cloud_of("prod")


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """The development environment with one endpoint more, and with a hosted model."""
    more = {
        "endpoint": {"count": 2},
        "domain": {"generation": {"subjectless_backend": HOSTED}},
    }
    environments = merge(CONTEXT["environments"], {"dev": more})
    return synthesize("dev", tmp_path_factory.mktemp("wide"), environments)
