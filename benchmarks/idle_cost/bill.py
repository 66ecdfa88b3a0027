"""The lines of the bill of one environment's templates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.idle_cost import prices

Resource = Mapping[str, Any]
_NAMED = "AWS::CloudWatch::Alarm"


class NoPriceError(Exception):
    """A type of resource that nobody has looked up."""


@dataclass(frozen=True)
class Line:
    """`alone`: with AWS's monthly allowances to itself; `shared`: others have used them up."""

    what: str
    number: str
    alone: float
    shared: float


def bill(resources: Iterable[Resource]) -> list[Line]:
    """What they cost; raises NoPriceError for a type without a price."""
    by_type: dict[str, list[Resource]] = {}
    for resource in resources:
        by_type.setdefault(resource["Type"], []).append(resource)
    unknown = sorted(set(by_type) - set(_PRICED) - set(prices.COSTLESS))
    if unknown:
        raise NoPriceError(f"no price for {', '.join(unknown)}")
    found = [line for kind, lines in _PRICED.items() if kind in by_type for line in lines(by_type)]
    return [*found, _base_model()]


def total(lines: Iterable[Line]) -> Line:
    """The sum."""
    found = list(lines)
    return Line("together", "", sum(one.alone for one in found), sum(one.shared for one in found))


def costless(resources: Iterable[Resource]) -> Counter[str]:
    """How many resources of each type cost nothing."""
    return Counter(one["Type"] for one in resources if one["Type"] in prices.COSTLESS)


_ByType = Mapping[str, list[Resource]]


def _keys(found: _ByType) -> list[Line]:
    keys = found["AWS::KMS::Key"]
    price = len(keys) * prices.KMS_KEY
    return [Line("KMS keys", str(len(keys)), price, price)]


def _firewall(found: _ByType) -> list[Line]:
    acls = found["AWS::WAFv2::WebACL"]
    rules = sum(len(acl["Properties"]["Rules"]) for acl in acls)
    base, more = len(acls) * prices.WEB_ACL, rules * prices.WEB_ACL_RULE
    return [
        Line("WAF web ACLs", str(len(acls)), base, base),
        Line("WAF rules and rule groups", str(rules), more, more),
    ]


def _alarms(found: _ByType) -> list[Line]:
    number = len(found[_NAMED])
    if "AWS::ApplicationAutoScaling::ScalingPolicy" in found:
        number += prices.TARGET_TRACKING_ALARMS
    charged = max(0, number - prices.FREE_ALARMS)
    return [
        Line("CloudWatch alarms", str(number), charged * prices.ALARM, number * prices.ALARM),
    ]


def _dashboards(found: _ByType) -> list[Line]:
    number = len(found["AWS::CloudWatch::Dashboard"])
    charged = max(0, number - prices.FREE_DASHBOARDS)
    alone, shared = charged * prices.DASHBOARD, number * prices.DASHBOARD
    return [Line("CloudWatch dashboards", str(number), alone, shared)]


def _polling(found: _ByType) -> list[Line]:
    queues = len(found["AWS::Lambda::EventSourceMapping"])
    each = prices.POLLERS * prices.MONTH_SECONDS / prices.POLL_SECONDS
    millions = queues * each / 1e6
    charged = max(0.0, millions - prices.FREE_SQS_MILLIONS)
    return [
        Line(
            "SQS requests: Lambda asks its queues",
            f"{queues} queues, {millions:.2f} million",
            charged * prices.SQS_MILLION,
            millions * prices.SQS_MILLION,
        )
    ]


def _schedules(found: _ByType) -> list[Line]:
    functions = {one["Properties"]["Handler"]: one for one in found["AWS::Lambda::Function"]}
    memory = functions["lambdas.events.reconciler.handler"]["Properties"]["MemorySize"]
    rates = [one["Properties"].get("ScheduleExpression") for one in found["AWS::Events::Rule"]]
    runs = sum(prices.MONTH_SECONDS / (60 * _minutes(rate)) for rate in rates if rate)
    work = runs * prices.RUN_SECONDS * memory / 1024 * prices.LAMBDA_GB_SECOND
    invoked = runs / 1e6 * prices.LAMBDA_MILLION
    reads = runs * prices.RUN_QUERIES * 0.5 / 1e6 * prices.DYNAMODB_READ_MILLION
    logged = runs * prices.RUN_LOG_KB / 1024**2 * prices.LOG_GB
    number = f"{runs:,.0f} runs"
    return [
        Line("Lambda: the reconciler", number, 0.0, work + invoked),
        Line("DynamoDB: its reads", number, reads, reads),
        Line("CloudWatch: its log", number, 0.0, logged),
    ]


def _minutes(rate: str) -> int:
    found = re.fullmatch(r"rate\((\d+) minutes?\)", rate)
    if found is None:
        raise NoPriceError(f"how often is {rate}?")
    return int(found.group(1))


def _base_model() -> Line:
    price = prices.BASE_MODEL_GB * prices.S3_GB
    return Line("S3: the base model", f"{prices.BASE_MODEL_GB:g} GB", price, price)


def _secrets(found: _ByType) -> list[Line]:
    price = len(found["AWS::SecretsManager::Secret"]) * prices.SECRET
    return [Line("secrets", str(len(found["AWS::SecretsManager::Secret"])), price, price)]


def _with_alarms(_: _ByType) -> list[Line]:
    return []  # its alarms stand among the others


_PRICED: Mapping[str, Callable[[_ByType], list[Line]]] = {
    "AWS::KMS::Key": _keys,
    "AWS::WAFv2::WebACL": _firewall,
    _NAMED: _alarms,
    "AWS::CloudWatch::Dashboard": _dashboards,
    "AWS::Lambda::EventSourceMapping": _polling,
    "AWS::Events::Rule": _schedules,
    "AWS::SecretsManager::Secret": _secrets,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _with_alarms,
}
