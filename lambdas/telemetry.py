"""Logs, traces and metrics of all functions: one logger, one tracer, one set of metrics.

A line has an event name and ids. Events, bodies, prompts, links, tokens and addresses never reach a
line: events are not logged, exceptions are logged by type and place, without their message.
"""

from __future__ import annotations

import json
import traceback
from functools import partial

from aws_lambda_powertools import Logger, Metrics, Tracer

# Only ASCII: whatever a value holds, a line stays one line, and half a character (a lone surrogate)
# does not cost it.
_one_line = partial(json.dumps, default=str, separators=(",", ":"), ensure_ascii=True)

# Powertools reads service, namespace and level from the environment.
logger = Logger(log_uncaught_exceptions=False, utc=True, json_serializer=_one_line)
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics()


def log_failure(event: str, error: BaseException, **ids: str) -> None:
    """An unexpected error: its type and where it came from, not what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    logger.error(
        event,
        extra={
            "error": type(error).__name__,
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            **ids,
        },
    )


def count(name: str, number: int = 1) -> None:
    """Add to a counter; written when the invocation ends."""
    metrics.add_metric(name=name, unit="Count", value=number)


def measure(name: str, value: float) -> None:
    """Record one value, without a unit, of something that has a distribution."""
    metrics.add_metric(name=name, unit="None", value=value)


def flush() -> None:
    """Write what was counted, as one embedded-metric-format line; nothing counted, no line."""
    if metrics.metric_set:
        metrics.flush_metrics()
