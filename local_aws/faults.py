"""Verdicts and faults that a test plants in a service, to be met by its next matching calls.

    POST   /_local/<service>/verdicts  {"operation": "DetectModerationLabels",
                                        "caller_contains": "results", "count": 1,
                                        "labels": [...] | "fault": "ThrottlingException"}
    GET    /_local/<service>/verdicts
    DELETE /_local/<service>/verdicts

`caller_contains` is looked for in the caller's ARN; `count` is how many calls it applies to
(null: until deleted). Whatever else the document holds is the service's to interpret.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from local_aws import control
from local_aws.seam import AwsError, Caller

Json = dict[str, Any]
# AWS answers these with 5xx; every other fault is the caller's: 400.
_STATUS = {
    "InternalServerError": 500,
    "InternalServerException": 500,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
}


@dataclass
class _Rule:
    document: Json
    left: int | None

    def matches(self, operation: str, caller: Caller) -> bool:
        wanted = self.document.get("operation")
        text = str(self.document.get("caller_contains", ""))
        return wanted in (None, operation) and text in caller.arn


class Rules:
    """The planted rules of one service. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

    def plant(self, document: Json) -> Json:
        """Add a rule."""
        count = document.get("count", 1)
        if count is not None and (not isinstance(count, int) or count < 1):
            message = "count is a positive whole number, or null for no limit"
            raise control.BadRequestError(message)
        with self._lock:
            self._rules.append(_Rule(document, count))
        return self.show({})

    def show(self, _: Json) -> Json:
        """The rules that still apply."""
        with self._lock:
            return {"rules": [{**rule.document, "count": rule.left} for rule in self._rules]}

    def clear(self, _: Json) -> Json:
        """Drop all rules."""
        with self._lock:
            self._rules.clear()
        return {"rules": []}

    def meet(self, operation: str, caller: Caller) -> Json | None:
        """The planted verdict for this call, if any (it counts as used).

        Raises:
            AwsError: the rule is a fault.
        """
        with self._lock:
            rule = next((r for r in self._rules if r.matches(operation, caller)), None)
            if rule is None:
                return None
            if rule.left is not None:
                rule.left -= 1
                if rule.left == 0:
                    self._rules.remove(rule)
        fault = rule.document.get("fault")
        if fault:
            text = str(rule.document.get("message", "Planted by a test."))
            raise AwsError(str(fault), text, _STATUS.get(str(fault), 400))
        return rule.document


def rules_for(service: str) -> Rules:
    """Make the rules of a service and serve their control routes."""
    rules = Rules()
    path = f"/_local/{service}/verdicts"
    control.route("POST", path, rules.plant)
    control.route("GET", path, rules.show)
    control.route("DELETE", path, rules.clear)
    return rules
