"""The fakes obey the same contract as AWS."""

from __future__ import annotations

import pytest

from tests.unit.lambdas.fakes import FakeObjectStore, FakeTable
from tests.unit.lambdas.port_contract import ObjectStoreContract, TableContract


class TestFakeTable(TableContract):
    @pytest.fixture
    def table(self) -> FakeTable:
        return FakeTable()


class TestFakeObjectStore(ObjectStoreContract):
    @pytest.fixture
    def store(self) -> FakeObjectStore:
        return FakeObjectStore()
