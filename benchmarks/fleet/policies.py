"""The scaling policies of an environment, read from the template that deploys them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from local_aws.autoscaling.alarm import Alarm

if TYPE_CHECKING:
    from infra.endpoint import AsyncEndpoint
    from infra.settings import EndpointSettings, EnvironmentSettings

ENDPOINT = "fleet"
_CDK_JSON = Path(__file__).resolve().parents[2] / "cdk.json"
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Policies:
    """What Application Auto Scaling is told about one endpoint.

    `tracking` and `steps` are configurations as in PutScalingPolicy; each step policy has the
    alarms that call it. `managed` replaces the two alarms that AWS makes for target tracking.
    """

    name: str
    least: int
    most: int
    tracking: Document | None
    steps: tuple[tuple[Document, tuple[Alarm, ...]], ...]
    managed: tuple[Alarm, Alarm] | None = None


def settings_of(environment: str) -> EnvironmentSettings:
    """The block of cdk.json."""
    from infra.settings import load

    document = json.loads(_CDK_JSON.read_text())
    return load(document["context"]["environments"], environment)


def deployed(settings: EndpointSettings, name: str) -> Policies:
    """Synthesize the construct that scales, and read target, policies and alarms out of it."""
    from aws_cdk import App, CfnResource, Stack
    from aws_cdk.assertions import Template

    from infra.scaling import ScaleToZero

    @dataclass(frozen=True)
    class Named:
        endpoint: CfnResource
        name: str = ENDPOINT

    stack = Stack(App(), "Fleet")
    config = {"EndpointConfigName": "any"}
    endpoint = Named(
        CfnResource(stack, "Endpoint", type="AWS::SageMaker::Endpoint", properties=config)
    )
    ScaleToZero(stack, "Scaling", settings=settings, endpoint=cast("AsyncEndpoint", endpoint))
    resources = Template.from_stack(stack).to_json()["Resources"]
    return _read(name, resources)


def _read(name: str, resources: Mapping[str, Any]) -> Policies:
    def each(kind: str) -> dict[str, Any]:
        return {key: r["Properties"] for key, r in resources.items() if r["Type"] == kind}

    (target,) = each("AWS::ApplicationAutoScaling::ScalableTarget").values()
    tracking: Document | None = None
    steps = []
    for key, policy in each("AWS::ApplicationAutoScaling::ScalingPolicy").items():
        if policy["PolicyType"] == "TargetTrackingScaling":
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            continue
        alarms = [
            Alarm.parse({"AlarmName": place, **alarm, "AlarmActions": []})
            for place, alarm in each("AWS::CloudWatch::Alarm").items()
            if {"Ref": key} in alarm["AlarmActions"]
        ]
        document = policy["StepScalingPolicyConfiguration"]
        steps.append((document, tuple(alarm for alarm in alarms if alarm is not None)))
    return Policies(name, target["MinCapacity"], target["MaxCapacity"], tracking, tuple(steps))
