"""Events, metrics and log lines that AWS services write by themselves.

All of these are in-process and cheap: they may be called from any thread, also from handlers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ministack.services import apigateway_v1 as _api_gateway
from ministack.services import cloudwatch as _cloudwatch
from ministack.services import cloudwatch_logs as _logs
from ministack.services import eventbridge as _eventbridge
from ministack.services import sqs as _sqs

from local_aws.seam.identity import in_fresh_scope
from local_aws.settings import ACCOUNT, REGION


@dataclass(frozen=True)
class Datum:
    """One value of a CloudWatch metric."""

    name: str
    value: float
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: str = "None"
    timestamp: float | None = None  # epoch seconds; now when absent


def put_aws_event(
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Sequence[str] = (),
) -> None:
    """Publish an event of AWS itself (`aws.sagemaker`), which clients may not."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": list(resources),
    }
    in_fresh_scope(
        ACCOUNT,
        REGION,
        lambda: _eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True),
    )


def put_metric(namespace: str, data: Iterable[Datum]) -> None:
    """Store metric values, also in the reserved `AWS/` namespaces."""
    wanted = list(data)
    if not wanted:
        return
    now = time.time()
    document = {
        "Namespace": namespace,
        "MetricData": [
            {
                "MetricName": datum.name,
                "Value": datum.value,
                "Unit": datum.unit,
                "Timestamp": datum.timestamp or now,
                "Dimensions": [{"Name": n, "Value": v} for n, v in datum.dimensions.items()],
            }
            for datum in wanted
        ],
    }
    in_fresh_scope(ACCOUNT, REGION, lambda: _cloudwatch._put_metric_data({}, document, False, True))


def queue_depths() -> dict[str, int]:
    """Messages waiting in each SQS queue, by the queue's name."""

    def read() -> dict[str, int]:
        found = {}
        for url, queue in _sqs._queues.items():
            _sqs._refresh_counts(queue)
            waiting = int(queue["attributes"]["ApproximateNumberOfMessages"])
            found[url.rpartition("/")[2]] = waiting
        return found

    return in_fresh_scope(ACCOUNT, REGION, read)


def api_name(api_id: str) -> str:
    """Name of a REST API: the dimension of its metrics (the id, if there is no such API)."""
    found = in_fresh_scope(ACCOUNT, REGION, lambda: _api_gateway._rest_apis.get(api_id))
    return str((found or {}).get("name", api_id))


def put_log_events(group: str, stream: str, lines: Sequence[str]) -> None:
    """Append lines to a log stream; group and stream are made when they are missing."""
    if not lines:
        return
    now = int(time.time() * 1000)
    names = {"logGroupName": group, "logStreamName": stream}

    def write() -> None:
        if group not in _logs._log_groups:
            _logs._create_log_group({"logGroupName": group})
        if stream not in _logs._log_groups[group]["streams"]:
            _logs._create_log_stream(names)
        events = [{"timestamp": now, "message": line} for line in lines]
        _logs._put_log_events({**names, "logEvents": events})

    in_fresh_scope(ACCOUNT, REGION, write)
