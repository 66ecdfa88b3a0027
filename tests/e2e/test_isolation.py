from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.cross_tenant.attackers import attackers
from benchmarks.cross_tenant.matrix import attempt, table
from benchmarks.cross_tenant.victims import belongings, victim
from demo.client import ApiError, AvatarClient

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def test_no_route_gives_anybody_what_is_not_theirs(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    target = victim(ada, ready_subject)
    before = belongings(ada, target)
    cells = attempt(attackers(stage.base_url, stage.backstage, stage.pool), target)
    assert all(cell.as_it_must_be for cell in cells), f"\n{table(cells)}"
    assert belongings(ada, target) == before


def test_a_cursor_is_bound_to_its_owner(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    for _ in range(3):
        stage.new_subject(alice)
    cursor = alice.get("/subjects?limit=2")["next_cursor"]
    assert len(alice.get(f"/subjects?limit=2&cursor={cursor}")["items"]) == 1
    with pytest.raises(ApiError) as refusal:
        bob.get(f"/subjects?cursor={cursor}")
    assert refusal.value.status == 422
