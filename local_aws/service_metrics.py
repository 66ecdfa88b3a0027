"""Metrics that AWS services publish by themselves and that the operator's alarms watch.

Once per minute of AWS time: the depth of every SQS queue, and what API Gateway counted since.
Then the alarms are judged. (Step Functions' are put when an execution ends: `seam.tasks`.)
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_aws import lifecycle
from local_aws.patches import alarms
from local_aws.seam import Datum, put_metric
from local_aws.seam.telemetry import api_name, queue_depths
from local_aws.settings import current

logger = logging.getLogger("local_aws")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

MINUTE = 60.0
_API_PATH = re.compile(r"^/restapis/([a-z0-9]+)/([^/]+)/_user_request_(?:/|$)")

_calls: list[tuple[str, str, int, float]] = []  # API id, stage, status, seconds
_lock = threading.Lock()


def counting(inner: Application) -> Application:
    """The application, with every call to a REST API noted for the next minute's metrics."""

    async def application(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
    ) -> None:
        found = _API_PATH.match(scope.get("path", "")) if scope["type"] == "http" else None
        if found is None:
            await inner(scope, receive, send)
            return
        began = time.perf_counter()
        api, stage = found.groups()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                with _lock:
                    took = time.perf_counter() - began
                    _calls.append((api, stage, int(message["status"]), took))
            await send(message)

        await inner(scope, receive, noting)

    return application


def _api_data() -> list[Datum]:
    with _lock:
        calls = _calls.copy()
        _calls.clear()
    data = []
    for api, stage, status, seconds in calls:
        dimensions = {"ApiName": api_name(api), "Stage": stage}
        data += [
            Datum("Count", 1, dimensions, "Count"),
            Datum("4XXError", float(400 <= status < 500), dimensions, "Count"),
            Datum("5XXError", float(status >= 500), dimensions, "Count"),
            Datum("Latency", 1000 * seconds, dimensions, "Milliseconds"),
        ]
    return data


def _queue_data() -> list[Datum]:
    return [
        Datum("ApproximateNumberOfMessagesVisible", depth, {"QueueName": name}, "Count")
        for name, depth in queue_depths().items()
    ]


def tick() -> None:
    """Publish the metrics of one minute and judge the alarms."""
    put_metric("AWS/SQS", _queue_data())
    put_metric("AWS/ApiGateway", _api_data())
    alarms.evaluate_all()


def install() -> None:
    """Tick once per minute of AWS time while the server runs."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(current().seconds(MINUTE)):
            try:
                tick()
            except Exception:
                logger.exception("service_metrics_failed")

    lifecycle.on_start(
        lambda: threading.Thread(target=run, name="service-metrics", daemon=True).start()
    )
    lifecycle.on_stop(stop.set)
