"""Who is in the photos: one person, with whom every new face is compared.

Photos whose faces are alike belong together (connected by similarities that reach the threshold).
Nobody is the person because their photo came first: a group is *the* person once it has three
photos and more than any other. Its medoid, the photo most like the others, speaks for it. The first
five of a group are compared pair by pair, so that the medoid is worth its name; later photos are
compared with the medoid, and only if that denies them with two more, as AWS advises against false
negatives (CompareFaces, API reference). A set of n photos costs at most 10 + (n - 5) calls if all
is well.

    first photos     1   2   3   4          each is compared with those before
    1 ≠ 2            ?   ?                  two people: nobody can tell who is meant
    2 = 3                2 = 3
    2 = 3 = 4 ≠ 1    ✗   ✓   ✓   ✓          three alike: 1 becomes `different_person`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

# How many photos alike make a person.
QUORUM = 3
# How many photos of a group are compared pair by pair.
CORE = 5
# Who else is asked when the medoid says no.
_SECOND_OPINIONS = 2


@dataclass(frozen=True)
class People:
    """The faces of a set by the ordinals of their photos, and what is known of their likeness."""

    ordinals: tuple[int, ...]
    threshold: float
    similarities: Mapping[frozenset[int], float] = field(default_factory=dict)

    def similarity(self, one: int, other: int) -> float | None:
        """0–100, or None if the two were never compared."""
        return self.similarities.get(frozenset({one, other}))

    def learning(self, one: int, likeness: Mapping[int, float]) -> People:
        """The same with `one` in it, and what was found out about it."""
        ordinals = tuple(sorted({*self.ordinals, one}))
        known = {frozenset({one, other}): value for other, value in likeness.items()}
        return People(ordinals, self.threshold, {**self.similarities, **known})

    def groups(self) -> list[tuple[int, ...]]:
        """Who belongs together; the largest group first, of equals the older one."""
        left = list(self.ordinals)
        found = []
        while left:
            group = [left.pop(0)]
            for member in group:
                near = [other for other in left if self._alike(member, other)]
                group += near
                left = [other for other in left if other not in near]
            found.append(tuple(sorted(group)))
        return sorted(found, key=lambda group: (-len(group), group))

    def person(self) -> tuple[int, ...]:
        """The photos of the one who is meant; empty while that is open."""
        first, second, *_ = [*self.groups(), (), ()]
        return first if len(first) >= QUORUM and len(first) > len(second) else ()

    def medoid(self, group: Iterable[int]) -> int:
        """The member most like the others; comparisons that were never made count for nothing."""
        members = tuple(group)

        def likeness(one: int) -> tuple[float, int]:
            return sum(self.similarity(one, other) or 0.0 for other in members), -one

        return max(members, key=likeness)

    def agrees(self) -> bool:
        """Whether no photo shows somebody else, as far as that is known."""
        return len(self.groups()) <= 1

    def _alike(self, one: int, other: int) -> bool:
        return (self.similarity(one, other) or 0.0) >= self.threshold


def people_of(likeness: Mapping[int, Mapping[int, float]], threshold: float) -> People:
    """From what each photo (by ordinal) remembers of those before it; the deleted are left out."""
    known = {
        frozenset({one, other}): value
        for one, row in likeness.items()
        for other, value in row.items()
        if other in likeness
    }
    return People(tuple(sorted(likeness)), threshold, known)


@dataclass(frozen=True)
class Comparisons:
    """With whom a new face is compared: with all of `first`, with `then` if none is like it."""

    first: tuple[int, ...]
    then: tuple[int, ...] = ()


def comparisons(people: People) -> Comparisons:
    """Which comparisons tell whether a new face belongs to the set."""
    person = people.person()
    if not person:
        # One of every group before a second of any, the largest group first.
        rounds = zip_longest(*people.groups())
        return Comparisons(tuple(one for row in rounds for one in row if one is not None)[:CORE])
    medoid = people.medoid(person)
    others = sorted(
        (one for one in person if one != medoid),
        key=lambda one: (-(people.similarity(medoid, one) or 0.0), one),
    )
    if len(person) < CORE:
        return Comparisons((medoid, *others))
    return Comparisons((medoid,), tuple(others[:_SECOND_OPINIONS]))


def outsiders(people: People) -> tuple[int, ...]:
    """Photos that are not of the person, now that it is known who that is."""
    person = people.person()
    return tuple(one for one in people.ordinals if person and one not in person)


def undecided(people: People, outsider: int) -> bool:
    """Whether an outsider has yet to be compared with the medoid before it may be called one."""
    return people.similarity(people.medoid(people.person()), outsider) is None
