"""Traces: when who asks for an image. Drawn from a seed, so that policies meet the same day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.inputs import ACTIVE_SHARE, HOURS, IMAGES_PER_VISIT, THINK_S, ZIPF

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Trace:
    """Requests in order of time: seconds since midnight, and whose adapter (a number)."""

    name: str
    at: NDArray[np.float64]
    adapter: NDArray[np.int64]
    span_s: float

    def __len__(self) -> int:
        return len(self.at)


def day(users: int, seed: int, days: int = 1) -> Trace:
    """Days of Poisson visits with two peaks."""
    random = np.random.default_rng(seed)
    visits = random.poisson(users * ACTIVE_SHARE * days)
    weights = np.array(HOURS) / sum(HOURS)
    hours = random.choice(len(HOURS), size=visits, p=weights)
    begins = (hours + random.random(visits)) * HOUR_S
    begins += random.integers(0, days, visits) * DAY_S
    name = f"{users:,} users, {days} d"
    return _trace(name, random, begins, _drawn(random, users, visits), days * DAY_S)


def spike(users: int, seed: int, *, hour: float = 12.0, times: float = 20.0) -> Trace:
    """A day on which the visits of one hour are so many times the usual ones, fading afterwards."""
    random = np.random.default_rng(seed)
    usual = day(users, seed)
    visits = random.poisson(users * ACTIVE_SHARE / len(HOURS) * times)
    begins = hour * HOUR_S + random.exponential(HOUR_S / 2, visits)
    more = _trace("", random, begins, _drawn(random, users, visits), DAY_S)
    at = np.concatenate([usual.at, more.at])
    order = np.argsort(at, kind="stable")
    adapter = np.concatenate([usual.adapter, more.adapter])[order]
    return Trace(f"{users:,} users, a spike of ×{times:g}", at[order], adapter, DAY_S)


def _drawn(random: np.random.Generator, users: int, visits: int) -> NDArray[np.int64]:
    """Who visits, by Zipf's law over all users."""
    share = np.cumsum(1.0 / np.arange(1, users + 1) ** ZIPF)
    found: NDArray[np.int64] = np.searchsorted(share, random.random(visits) * share[-1])
    return found


def _trace(
    name: str,
    random: np.random.Generator,
    begins: NDArray[np.float64],
    who: NDArray[np.int64],
    span_s: float,
) -> Trace:
    images = random.poisson(IMAGES_PER_VISIT - 1, len(begins)) + 1
    adapter = np.repeat(who, images)
    think = random.exponential(THINK_S, len(adapter))
    first = np.cumsum(images) - images
    think[first] = 0.0
    total = np.cumsum(think)
    at = np.repeat(begins, images) + total - np.repeat(total[first], images)
    order = np.argsort(at, kind="stable")
    return Trace(name, at[order], adapter[order], span_s)
