"""Looking at many things, one after the other, whatever one of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.domain.errors import Unavailable

if TYPE_CHECKING:
    from lambdas.table import Item


def visit(items: Iterable[Item], look: Callable[[Item], None]) -> None:
    """Look at each. What cannot be looked at keeps nobody waiting behind it: that is raised last.

    Unavailable is raised at once, since the next would meet it too.
    """
    trouble: Exception | None = None
    for item in items:
        try:
            look(item)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - raised below
            telemetry.log_failure("not_reconciled", error, target=str(item.get("id")))
            trouble = trouble or error
    if trouble is not None:
        raise trouble
