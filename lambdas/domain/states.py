"""State machines as data: a closed enum and the table of the steps that it allows.

    table:  source ──► {targets}        a state without targets is final
    step(source, target)                target, or IllegalTransition
    sources(target)                     all states from which `target` can be reached in one step:
                                        what a conditional write has to demand

Each machine is drawn in the module that defines it: photo, subject, training, generation.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from lambdas.domain.errors import IllegalTransition

if TYPE_CHECKING:
    from collections.abc import Mapping

State = TypeVar("State", bound=StrEnum)


class StateMachine(Generic[State]):
    """The steps that one kind of thing may take; every state must be listed in `steps`."""

    def __init__(self, name: str, steps: Mapping[State, frozenset[State]]) -> None:
        self.name = name
        self._steps = dict(steps)
        unknown = frozenset().union(*self._steps.values()) - self._steps.keys()
        if unknown:
            raise ValueError(f"{name}: states without a row: {sorted(unknown)}")

    def allows(self, source: State, target: State) -> bool:
        """Whether there is a step from `source` to `target`."""
        return target in self._steps[source]

    def step(self, source: State, target: State) -> State:
        """`target`; raises IllegalTransition if there is no such step."""
        if not self.allows(source, target):
            raise IllegalTransition(self.name, source.value, target.value)
        return target

    def sources(self, target: State) -> frozenset[State]:
        """The states from which `target` is one step away."""
        return frozenset(source for source, targets in self._steps.items() if target in targets)

    def targets(self, source: State) -> frozenset[State]:
        """The states that are one step away from `source`."""
        return self._steps[source]

    def is_final(self, state: State) -> bool:
        """Whether nothing can follow."""
        return not self._steps[state]

    @property
    def final_states(self) -> frozenset[State]:
        """All states after which nothing can follow."""
        return frozenset(state for state in self._steps if self.is_final(state))
