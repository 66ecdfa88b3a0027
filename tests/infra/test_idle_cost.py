"""What idles is cheap, and whatever is added to a template has a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.idle_cost.__main__ import REPORT, TARGET, report
from benchmarks.idle_cost.bill import bill, total

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.cloud import Cloud


def test_an_idle_month_of_dev_stays_below_the_aim_and_the_page_is_up_to_date(
    cloud_of: Callable[[str], Cloud],
) -> None:
    found = {name: [each.body for each in cloud_of(name).resources()] for name in ("dev", "prod")}
    bills = {name: bill(each) for name, each in found.items()}
    assert total(bills["dev"]).alone <= TARGET
    assert REPORT.read_text() == report(bills, found["prod"]), "python -m benchmarks.idle_cost"
