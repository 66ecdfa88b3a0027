"""The collector rests while libraries are imported, and never longer."""

import gc
from collections.abc import Iterator

import pytest

from contract.importing import uncollected


@pytest.fixture(params=[True, False])
def enabled(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_the_collector_rests_and_is_then_as_it_was(enabled: bool) -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled


def test_also_where_importing_fails(enabled: bool) -> None:
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled() is enabled
