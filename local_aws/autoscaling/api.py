"""The Application Auto Scaling API (JSON 1.1, target prefix AnyScaleFrontendService)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.autoscaling.registry import Registry
from local_aws.autoscaling.targets import Policy
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.validation import validate

Json = dict[str, Any]
SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService"


class AutoScalingApi:
    """Dispatches operations; `alarms_of` names the alarms that call a step policy."""

    def __init__(
        self, registry: Registry, alarms_of: Callable[[Policy], list[dict[str, str]]]
    ) -> None:
        self._registry = registry
        self._alarms_of = alarms_of
        self._operations: dict[str, Callable[[Mapping[str, Any]], Json]] = {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe_targets,
            "PutScalingPolicy": self._put_policy,
            "DeleteScalingPolicy": self._delete_policy,
            "DescribeScalingPolicies": self._describe_policies,
            "DescribeScalingActivities": self._describe_activities,
        }

    def call(self, operation: str, request: Mapping[str, Any]) -> Json:
        """Answer one call; raises ServiceError."""
        if operation not in self._operations:
            message = f"The embedded AWS does not serve {operation}."
            raise ValidationException(message, "UnknownOperationException")
        validate(SERVICE, operation, request)
        return self._operations[operation](request)

    def _register(self, request: Mapping[str, Any]) -> Json:
        return {"ScalableTargetARN": self._registry.register(request).arn}

    def _deregister(self, request: Mapping[str, Any]) -> Json:
        self._registry.deregister(request)
        return {}

    def _describe_targets(self, request: Mapping[str, Any]) -> Json:
        wanted = request.get("ResourceIds")
        found = [
            target.describe()
            for target in self._registry.targets()
            if not wanted or target.resource_id in wanted
        ]
        return {"ScalableTargets": found}

    def _put_policy(self, request: Mapping[str, Any]) -> Json:
        policy = self._registry.put_policy(request)
        return {"PolicyARN": policy.arn, "Alarms": self._alarms_of(policy)}

    def _delete_policy(self, request: Mapping[str, Any]) -> Json:
        self._registry.delete_policy(request)
        return {}

    def _describe_policies(self, request: Mapping[str, Any]) -> Json:
        names = request.get("PolicyNames")
        found = [
            policy.describe(self._alarms_of(policy))
            for policy in self._registry.policies(request.get("ResourceId"))
            if not names or policy.name in names
        ]
        return {"ScalingPolicies": found}

    def _describe_activities(self, request: Mapping[str, Any]) -> Json:
        wanted = request.get("ResourceId")
        found = [a for a in list(self._registry.activities) if wanted in (None, a["ResourceId"])]
        return {"ScalingActivities": found[: int(request.get("MaxResults", 50))]}
