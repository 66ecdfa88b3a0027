"""CloudFormation types AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.autoscaling.api import SERVICE
from local_aws.autoscaling.registry import ObjectNotFoundException, Registry
from local_aws.autoscaling.targets import DIMENSION, NAMESPACE, Policy
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.validation import coerced, validate

Json = dict[str, Any]
_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class AutoScalingResources:
    """Create, update and delete as CloudFormation does."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def register(self) -> None:
        """Teach CloudFormation the two types."""
        seam.register_resource_type(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            create=self._create_target,
            update=self._update_target,
            delete=self._delete_target,
        )
        seam.register_resource_type(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            create=self._create_policy,
            update=self._update_policy,
            delete=self._delete_policy,
        )

    def _create_target(self, _logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
        request = coerced(SERVICE, "RegisterScalableTarget", properties)
        validate(SERVICE, "RegisterScalableTarget", request)
        target = self._registry.register(request)
        return target.physical_id, {"Id": target.physical_id}

    def _update_target(self, _id: str, _old: Json, new: Json, stack: str) -> tuple[str, Json]:
        # Another variant gives another physical id, and the old target is deleted afterwards.
        return self._create_target("", new, stack)

    def _delete_target(self, physical_id: str, _properties: Json) -> None:
        try:
            self._registry.deregister(_identity(physical_id))
        except ObjectNotFoundException:
            return

    def _create_policy(self, _logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
        policy = self._put(properties)
        return policy.arn, {"Arn": policy.arn}

    def _update_policy(self, _id: str, _old: Json, new: Json, _stack: str) -> tuple[str, Json]:
        policy = self._put(new)
        return policy.arn, {"Arn": policy.arn}

    def _put(self, properties: Json) -> Policy:
        identity = {name: properties[name] for name in _IDENTITY if name in properties}
        if "ScalingTargetId" in properties:
            identity = _identity(str(properties["ScalingTargetId"]))
        wanted = {n: v for n, v in properties.items() if n not in ("ScalingTargetId", *_IDENTITY)}
        request = coerced(SERVICE, "PutScalingPolicy", {**wanted, **identity})
        validate(SERVICE, "PutScalingPolicy", request)
        return self._registry.put_policy(request)

    def _delete_policy(self, arn: str, _properties: Json) -> None:
        policy = next((p for p in self._registry.policies() if p.arn == arn), None)
        if policy is None:
            return
        self._registry.delete_policy(
            {
                "ServiceNamespace": NAMESPACE,
                "ResourceId": policy.resource_id,
                "ScalableDimension": DIMENSION,
                "PolicyName": policy.name,
            }
        )


def _identity(physical_id: str) -> Json:
    """`resource|dimension|namespace`, the Ref of a scalable target."""
    parts = physical_id.split("|")
    if len(parts) != 3:
        message = f"not the id of a scalable target: {physical_id}"
        raise ValidationException(message)
    return {"ResourceId": parts[0], "ScalableDimension": parts[1], "ServiceNamespace": parts[2]}
