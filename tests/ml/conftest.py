"""Fixtures: tiny base models of both families, photos of two subjects, and their adapters."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from contract.base_folder import content_hash, family_of
from contract.base_model import BaseModel, Family
from tests.ml.subjects import draw_photos
from tests.ml.training_runs import ROOT, Run, train

# diffusers' schedulers hand torch tensors to numpy functions in a way that numpy 2 deprecates.
_OF_SCHEDULERS = (
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    "ignore:__array_wrap__ must accept context and return_scalar:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for warning in _OF_SCHEDULERS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """The suite shares its machine, and one thread makes floating point sums repeatable."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", params=[Family.SD, Family.SDXL], ids=str)
def family(request: pytest.FixtureRequest) -> Family:
    return Family(request.param)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Family], Path]:
    """The shipped tiny base of a family with its base.json, as a channel or model folder."""
    made: dict[Family, Path] = {}

    def folder(family: Family) -> Path:
        if family not in made:
            path = tmp_path_factory.mktemp(f"base-{family}") / "model"
            shutil.copytree(ROOT / "models" / f"tiny-{family}", path)
            base = BaseModel(f"tiny-{family}", content_hash(path), family_of(path))
            (path / "base.json").write_text(base.to_json())
            made[family] = path
        return made[family]

    return folder


@pytest.fixture(scope="session")
def base(family: Family, published: Callable[[Family], Path]) -> Path:
    return published(family)


@pytest.fixture(scope="session")
def sd_base(published: Callable[[Family], Path]) -> Path:
    """For what does not depend on the family."""
    return published(Family.SD)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_photos(tmp_path_factory.mktemp("photos-a"), "orange", "blue")


@pytest.fixture(scope="session")
def trained(base: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A real training, which learns something and measures twice."""
    run = train(
        base,
        photos,
        tmp_path_factory.mktemp("run"),
        max_steps=100,
        learning_rate=0.006,
        evaluation_share=0.4,
    )
    assert run.code == 0, run.stderr
    return run


@pytest.fixture(scope="session")
def another(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Another subject's training: short, other photos."""
    folder = draw_photos(tmp_path_factory.mktemp("photos-b"), "green", "pink")
    run = train(base, folder, tmp_path_factory.mktemp("run-b"), max_steps=30)
    assert run.code == 0, run.stderr
    return run
