"""What the parts of the embedded AWS do when it starts to serve and when it stops."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger("local_aws")

_starts: list[Callable[[], None]] = []
_stops: list[Callable[[], None]] = []


def on_start(action: Callable[[], None]) -> None:
    """Run `action` in a thread as soon as the server answers (it may call the server)."""
    _starts.append(action)


def on_stop(action: Callable[[], None]) -> None:
    """Run `action` before the server ends; last registered first."""
    _stops.append(action)


def started() -> None:
    """Run the start actions; one that fails is logged and does not hold up the others."""
    for action in _starts:
        _run(action)


def stopped() -> None:
    """Run the stop actions, likewise."""
    for action in reversed(_stops):
        _run(action)


def _run(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:
        logger.exception("local_aws_lifecycle_action_failed")
