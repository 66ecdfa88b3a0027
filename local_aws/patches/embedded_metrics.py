"""Metrics that functions write as log lines (embedded metric format) reach CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import lambda_svc

from local_aws.seam import Datum, put_metric

Json = dict[str, Any]


def _values(found: Any) -> list[float]:
    numbers = found if isinstance(found, list) else [found]
    return [float(number) for number in numbers if isinstance(number, int | float)]


def metrics(line: str) -> Iterator[tuple[str, Datum]]:
    """Namespace and value of each metric in a log line; nothing for any other line."""
    if '"CloudWatchMetrics"' not in line:
        return
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        for directive in directives:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    for value in _values(document.get(metric["Name"])):
                        unit = metric.get("Unit", "None")
                        yield directive["Namespace"], Datum(metric["Name"], value, dimensions, unit)
    except (ValueError, KeyError, TypeError):
        return  # a malformed document is only a log line, as on AWS


def install() -> None:
    """Read the lines that the emulator writes for each invocation."""
    emit = lambda_svc._emit_lambda_logs

    def emit_and_count(func: Json, request_id: str, log_text: str, *rest: Any, **more: Any) -> None:
        emit(func, request_id, log_text, *rest, **more)
        by_namespace: dict[str, list[Datum]] = {}
        for line in (log_text or "").splitlines():
            for namespace, datum in metrics(line):
                by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            put_metric(namespace, data)

    lambda_svc._emit_lambda_logs = emit_and_count
