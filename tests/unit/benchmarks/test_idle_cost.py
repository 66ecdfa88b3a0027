"""The idle bill: what is counted, what is given, and that nothing is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.idle_cost.bill import NoPriceError, bill, total


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def priced(*resources: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {line.what: (line.alone, line.shared) for line in bill(resources)}


def test_keys_and_a_firewall_cost_what_they_are() -> None:
    found = priced(
        resource("AWS::KMS::Key"),
        resource("AWS::KMS::Key"),
        resource("AWS::WAFv2::WebACL", Rules=[{}, {}, {}]),
        resource("AWS::SecretsManager::Secret"),
        resource("AWS::IAM::Role"),
    )
    assert found["KMS keys"] == (2.0, 2.0)
    assert found["WAF web ACLs"] == (5.0, 5.0)
    assert found["WAF rules and rule groups"] == (3.0, 3.0)
    assert found["secrets"] == (0.4, 0.4)


def test_alarms_and_dashboards_beyond_the_accounts_allowance_cost() -> None:
    alarms = [resource("AWS::CloudWatch::Alarm") for _ in range(12)]
    found = priced(*alarms, resource("AWS::CloudWatch::Dashboard"))
    assert found["CloudWatch alarms"] == pytest.approx((0.2, 1.2))
    assert found["CloudWatch dashboards"] == (0.0, 3.0)
    # Target tracking makes two more, which stand in no template.
    scaled = priced(*alarms, resource("AWS::ApplicationAutoScaling::ScalingPolicy"))
    assert scaled["CloudWatch alarms"] == pytest.approx((0.4, 1.4))


def test_lambda_asks_empty_queues_and_the_reconciler_runs_all_month() -> None:
    found = priced(
        *(resource("AWS::Lambda::EventSourceMapping") for _ in range(2)),
        resource("AWS::Events::Rule", ScheduleExpression="rate(5 minutes)"),
        resource("AWS::Events::Rule", EventPattern={}),
        resource(
            "AWS::Lambda::Function", Handler="lambdas.events.reconciler.handler", MemorySize=512
        ),
    )
    asked = 2 * 5 * 730 * 3600 / 20 / 1e6
    polling = "SQS requests: Lambda asks its queues"
    assert found[polling] == pytest.approx(((asked - 1) * 0.4, asked * 0.4))
    alone, shared = found["Lambda: the reconciler"]
    assert alone == 0.0
    assert 0.05 < shared < 0.1


def test_what_has_no_price_is_an_error_and_not_nothing() -> None:
    with pytest.raises(NoPriceError, match="AWS::EC2::NatGateway"):
        bill([resource("AWS::EC2::NatGateway")])
    with pytest.raises(NoPriceError, match="cron"):
        priced(
            resource("AWS::Events::Rule", ScheduleExpression="cron(0 * * * ? *)"),
            resource(
                "AWS::Lambda::Function", Handler="lambdas.events.reconciler.handler", MemorySize=1
            ),
        )


def test_the_sum_is_of_both_columns() -> None:
    lines = bill([resource("AWS::KMS::Key")])
    assert total(lines).alone == pytest.approx(sum(line.alone for line in lines))
    assert total(lines).shared == pytest.approx(sum(line.shared for line in lines))
