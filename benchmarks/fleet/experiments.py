"""What is compared with what. Each experiment yields rows, one per replay, all under one seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.fleet.inputs import (
    ACTIVE_SHARE,
    HOURS,
    IMAGES_PER_VISIT,
    SERVICE_S,
    SWAP_MISS_S,
    Inputs,
)
from benchmarks.fleet.peers import extension_for_stable_diffusion, jumpstart_guidance
from benchmarks.fleet.policies import Policies, deployed, settings_of
from benchmarks.fleet.routes import AtHome, AtRandom, Deployed
from benchmarks.fleet.simulation import Setup, simulate
from benchmarks.fleet.traffic import Trace, day, spike

if TYPE_CHECKING:
    from infra.settings import EndpointSettings, EnvironmentSettings

Row = dict[str, Any]
OURS = "ours"
FIRST_SEED = 20261126
# Users → days that are replayed: enough visits for a percentile to mean something.
POPULATIONS = {100: 28, 1_000: 7, 10_000: 2, 100_000: 1, 1_000_000: 1}
# What an environment is meant for, to choose its parameters by.
MEANT_FOR = {"dev": 100, "prod": 10_000}
# Users → endpoints that their requests are spread over, where that is compared with one.
ENDPOINTS_OF = {10_000: 2, 100_000: 4, 1_000_000: 8}
_TARGETS, _BELOW, _PERIODS = (2, 4, 8, 16), (0.1, 0.3, 0.6), (1, 3, 6)
# Users whose own endpoints are replayed; the others' are like theirs.
_SAMPLE = 30
# Of more instances than this, one is a small share.
_FEW = 4
# An always-on fleet is sized for the peak hour, and so full then.
_FULL = 0.8


def inputs_of(settings: EnvironmentSettings) -> Inputs:
    """The published times, with the cache and the time to live of the environment."""
    return Inputs(
        cache_bytes=settings.endpoint.adapter_cache_gb * 1024**3,
        ttl_s=float(settings.domain["generation"]["request_ttl_seconds"]),
    )


def peak_instances(users: int) -> float:
    """Instances that the peak hour keeps busy, every adapter fetched."""
    images = users * ACTIVE_SHARE * IMAGES_PER_VISIT * max(HOURS) / sum(HOURS)
    return images * (SERVICE_S + SWAP_MISS_S) / 3600


def frontier(environment: str, seed: int) -> Iterator[Row]:
    """The environment's policies with other parameters, on the traffic that it is meant for."""
    settings = settings_of(environment)
    users = MEANT_FOR[environment]
    trace, inputs = day(users, seed, POPULATIONS[users]), inputs_of(settings)
    chosen, most = settings.endpoint, settings.endpoint.max_instances
    for target in _TARGETS if most > 1 else (chosen.backlog_per_instance,):
        for below in _BELOW:
            for periods in _PERIODS:
                changes = {
                    "backlog_per_instance": target,
                    "scale_in_below": below,
                    "scale_in_periods": periods,
                }
                tried = chosen.model_copy(update=changes)
                name = named(tried)
                row = _replay(trace, Setup(name, deployed(tried, name)), inputs, seed)
                yield {**row, "series": OURS, "parameters": changes}
    for setup, series in _others(settings, most):
        yield {**_replay(trace, setup, inputs, seed), "series": series}


def named(endpoint: EndpointSettings) -> str:
    """The parameters that are chosen, in words."""
    minutes = 5 * endpoint.scale_in_periods
    target, below = endpoint.backlog_per_instance, endpoint.scale_in_below
    return f"target {target:g}, below {below:g} for {minutes} min"


def _others(settings: EnvironmentSettings, most: int) -> Iterator[tuple[Setup, str]]:
    ours = deployed(settings.endpoint, "ours")
    for target in (1, 4, 16):
        name = f"tracking both ways, target {target}"
        yield Setup(name, _both_ways(ours, target)), "target tracking both ways"
    for policies in (extension_for_stable_diffusion(most), jumpstart_guidance(most)):
        yield Setup(policies.name, policies), policies.name
    for fixed in range(1, max(2, most - 1)):
        yield Setup(f"always {fixed}", None, fixed=fixed), "always on"


def _both_ways(ours: Policies, target: float) -> Policies:
    """Target tracking that scales in as well, as AWS's guide shows it, and the step that wakes."""
    tracking = {
        **(ours.tracking or {}),
        "TargetValue": target,
        "DisableScaleIn": False,
        "ScaleInCooldown": 600,
    }
    wakes = tuple(
        step for step in ours.steps if step[1][0].metric.name == "HasBacklogWithoutCapacity"
    )
    return replace(ours, tracking=tracking, steps=wakes)


def sizes(users: int, seed: int) -> Iterator[Row]:
    """Prod's policies with as many instances as the peak of so many users needs, and others.

    Large fleets rest earlier: `below 0.6`, since one instance less is a small share of them.
    """
    settings = settings_of("prod")
    inputs = inputs_of(settings)
    trace = day(users, seed, POPULATIONS[users])
    most = _most_instances(settings, users)
    for setup in (
        Setup("ours", _wide(settings, most)),
        *((Setup("ours, below 0.6", _wide(settings, most, 0.6)),) if most > _FEW else ()),
        Setup("extension for Stable Diffusion", extension_for_stable_diffusion(most)),
        Setup("JumpStart guidance", jumpstart_guidance(most)),
        Setup("always on", None, fixed=math.ceil(peak_instances(users) / _FULL)),
    ):
        yield {**_replay(trace, setup, inputs, seed), "users": users, "most": most}
    row = _own_endpoints(trace, settings, inputs, seed)
    yield {**row, "users": users, "most": most}


def spiked(users: int, seed: int) -> Iterator[Row]:
    """A day on which one hour has many times the visitors."""
    settings = settings_of("prod")
    trace, inputs = spike(users, seed), inputs_of(settings)
    most = settings.endpoint.max_instances
    for policies in (
        deployed(settings.endpoint, "ours"),
        extension_for_stable_diffusion(most),
        jumpstart_guidance(most),
    ):
        setup = Setup(policies.name, policies)
        yield {**_replay(trace, setup, inputs, seed), "users": 0, "most": most}


def _most_instances(settings: EnvironmentSettings, users: int) -> int:
    return max(settings.endpoint.max_instances, math.ceil(2 * peak_instances(users)))


def _wide(settings: EnvironmentSettings, most: int, below: float | None = None) -> Policies:
    changes: Row = {"max_instances": most}
    if below is not None:
        changes["scale_in_below"] = below
    return deployed(settings.endpoint.model_copy(update=changes), "ours")


def _own_endpoints(trace: Trace, settings: EnvironmentSettings, inputs: Inputs, seed: int) -> Row:
    """One endpoint for each user, who needs no adapter swapped; a sample, scaled up."""
    active = np.unique(trace.adapter)
    sample = np.random.default_rng(seed).choice(active, min(_SAMPLE, len(active)), replace=False)
    mine = np.isin(trace.adapter, sample)
    own = Trace(
        trace.name,
        trace.at[mine],
        np.searchsorted(np.sort(sample), trace.adapter[mine]),
        trace.span_s,
    )
    setup = Setup(
        "an endpoint per user",
        _wide(settings, 1),
        endpoints=len(sample),
        route=lambda adapter, _loads, _now: adapter,
    )
    row = _replay(own, setup, replace(inputs, swap_hit_s=0.0, swap_miss_s=0.0), seed)
    scale = len(trace) / len(own)
    for key in ("gpu_hours", "requests", "images", "wakes"):
        row[key] = round(row[key] * scale, 2)
    return {**row, "most_instances": None, "sampled_users": len(sample)}


def routing(users: int, seed: int) -> Iterator[Row]:
    """One endpoint, several at random, several by the ring: who finds their adapter in a cache?"""
    settings = settings_of("prod")
    inputs = inputs_of(settings)
    trace = day(users, seed, POPULATIONS[users])
    most, endpoints = _most_instances(settings, users), ENDPOINTS_OF[users]
    below = 0.6 if most > _FEW else None
    several = _wide(settings, math.ceil(1.25 * most / endpoints), below)
    # As many functions as the peak hour keeps busy, for half a second each.
    functions = max(1, round(peak_instances(users) / (SERVICE_S + SWAP_MISS_S) / 2))
    for setup in (
        Setup("one endpoint", _wide(settings, most, below)),
        Setup("at random", several, endpoints=endpoints, route=AtRandom(endpoints, seed)),
        Setup("by the ring, without bound", several, endpoints=endpoints, route=AtHome(endpoints)),
        Setup("as deployed", several, endpoints=endpoints, route=Deployed(endpoints, functions)),
    ):
        row = _replay(trace, setup, inputs, seed)
        yield {**row, "users": users, "endpoints": setup.endpoints}


def _replay(trace: Trace, setup: Setup, inputs: Inputs, seed: int) -> Row:
    return simulate(trace, setup, inputs, seed).row()
