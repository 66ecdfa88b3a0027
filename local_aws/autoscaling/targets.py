"""Scalable targets and their policies: what is registered, and how it is described."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.autoscaling.step_scaling import StepScaling
from local_aws.autoscaling.target_tracking import TargetTracking

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True)
class Variant:
    """`endpoint/NAME/variant/NAME`, the resource of a scalable target."""

    endpoint: str
    name: str

    @classmethod
    def parse(cls, resource_id: str) -> Variant:
        """Parse a resource id; ValueError for any other kind."""
        parts = resource_id.split("/")
        if len(parts) != 4 or parts[0] != "endpoint" or parts[2] != "variant":
            message = f"Unsupported service namespace, resource type or scalable dimension: {parts}"
            raise ValueError(message)
        return cls(parts[1], parts[3])


@dataclass
class ScalableTarget:
    """A registered variant and its bounds; the last scaling in each direction, in AWS time."""

    resource_id: str
    min_capacity: int
    max_capacity: int
    role_arn: str
    arn: str
    suspended: Mapping[str, bool] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    out_until: float = 0.0
    grown_at: float | None = None
    out_base: int = 0
    in_until: float = 0.0

    def describe(self) -> dict[str, Any]:
        """One entry of DescribeScalableTargets."""
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": DIMENSION,
            "MinCapacity": self.min_capacity,
            "MaxCapacity": self.max_capacity,
            "RoleARN": self.role_arn,
            "CreationTime": self.created,
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
                **self.suspended,
            },
            "ScalableTargetARN": self.arn,
        }

    @property
    def physical_id(self) -> str:
        """CloudFormation's Ref of the target."""
        return f"{self.resource_id}|{DIMENSION}|{NAMESPACE}"


@dataclass
class Policy:
    """A policy of a target; `rule` is its parsed configuration."""

    name: str
    arn: str
    resource_id: str
    kind: str
    document: Mapping[str, Any]
    rule: TargetTracking | StepScaling
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)

    def alarm_names(self) -> list[str]:
        """Names of the alarms that AWS manages for it."""
        if isinstance(self.rule, TargetTracking):
            return [alarm.name for alarm in self.rule.alarms(self.resource_id, self.id)]
        return []

    def describe(self, alarms: list[dict[str, str]]) -> dict[str, Any]:
        """One entry of DescribeScalingPolicies."""
        return {
            "PolicyARN": self.arn,
            "PolicyName": self.name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": DIMENSION,
            "PolicyType": self.kind,
            f"{self.kind}PolicyConfiguration": dict(self.document),
            "Alarms": alarms,
            "CreationTime": self.created,
        }


def parse_rule(
    kind: str, request: Mapping[str, Any], resource_id: str
) -> tuple[TargetTracking | StepScaling, Mapping[str, Any]]:
    """The rule in a PutScalingPolicy request and its document; ValueError when it is no good."""
    if kind == "TargetTrackingScaling":
        document = request.get("TargetTrackingScalingPolicyConfiguration")
        if document:
            return TargetTracking.parse(document, resource_id), document
    elif kind == "StepScaling":
        document = request.get("StepScalingPolicyConfiguration")
        if document:
            return StepScaling.parse(document), document
    message = f"Policy type {kind} needs its configuration, and must be served here"
    raise ValueError(message)
