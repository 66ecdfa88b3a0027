"""What holds for every state machine, as checks that each machine's test calls."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.errors import IllegalTransition
from lambdas.domain.states import StateMachine

State = TypeVar("State", bound=StrEnum)


def check_machine(machine: StateMachine[State], states: type[State]) -> None:
    """Steps, sources and final states agree with each other, for all pairs of states."""

    @given(st.sampled_from(states), st.sampled_from(states))
    def steps_agree(source: State, target: State) -> None:
        allowed = machine.allows(source, target)
        assert allowed == (target in machine.targets(source)) == (source in machine.sources(target))
        if allowed:
            assert machine.step(source, target) is target
            return
        with pytest.raises(IllegalTransition) as caught:
            machine.step(source, target)
        assert (caught.value.source, caught.value.target) == (source.value, target.value)

    @given(st.sampled_from(states), st.data())
    def every_walk_ends_or_goes_on(start: State, data: st.DataObject) -> None:
        state = start
        for _ in range(10):
            if machine.is_final(state):
                assert state in machine.final_states
                assert not machine.targets(state)
                return
            state = machine.step(state, data.draw(st.sampled_from(sorted(machine.targets(state)))))
            assert state in set(states)

    steps_agree()
    every_walk_ends_or_goes_on()


def reachable(machine: StateMachine[State], start: State) -> set[State]:
    """Everything that can follow `start`, and itself."""
    found, todo = {start}, [start]
    while todo:
        new = machine.targets(todo.pop()) - found
        found |= new
        todo += new
    return found
