"""Registered scalable targets, policies and the activities they caused."""

from __future__ import annotations

import collections
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.autoscaling.targets import (
    DIMENSION,
    NAMESPACE,
    Policy,
    ScalableTarget,
    Variant,
    parse_rule,
)
from local_aws.sagemaker.errors import ServiceError, ValidationException

_ACTIVITIES_KEPT = 200


class ObjectNotFoundException(ServiceError):  # noqa: N818 - AWS's own name
    """The target or the policy is not registered."""


def _check(request: Mapping[str, Any]) -> str:
    """The resource id; only SageMaker variants are served here."""
    if request.get("ServiceNamespace") != NAMESPACE or request.get("ScalableDimension") not in (
        None,
        DIMENSION,
    ):
        message = (
            "Unsupported service namespace, resource type or scalable dimension: the embedded AWS "
            f"serves {DIMENSION} only"
        )
        raise ValidationException(message)
    return str(request.get("ResourceId", ""))


class Registry:
    """Thread-safe. `exists` tells whether a variant is there, `role_arn` is the service's role."""

    def __init__(
        self, account: str, region: str, exists: Callable[[Variant], bool], role_arn: str
    ) -> None:
        self._account = account
        self._region = region
        self._exists = exists
        self._role_arn = role_arn
        self.lock = threading.RLock()
        self._targets: dict[str, ScalableTarget] = {}
        self._policies: dict[tuple[str, str], Policy] = {}
        self.activities: collections.deque[dict[str, Any]]
        self.activities = collections.deque(maxlen=_ACTIVITIES_KEPT)

    def register(self, request: Mapping[str, Any]) -> ScalableTarget:
        """RegisterScalableTarget: create, or change what the request names.

        Raises:
            ValidationException: no such variant, or bounds that make no sense.
        """
        resource_id = _check(request)
        try:
            variant = Variant.parse(resource_id)
        except ValueError as error:
            raise ValidationException(str(error)) from error
        if not self._exists(variant):
            message = f"SageMaker endpoint variant doesn't exist: {resource_id}"
            raise ValidationException(message)
        with self.lock:
            target = self._targets.get(resource_id)
            low, high = request.get("MinCapacity"), request.get("MaxCapacity")
            if target is None and (low is None or high is None):
                message = "MinCapacity and MaxCapacity are required to register a new target"
                raise ValidationException(message)
            low = target.min_capacity if low is None and target else int(low or 0)
            high = target.max_capacity if high is None and target else int(high or 0)
            if low > high:
                message = "Maximum capacity cannot be less than minimum capacity"
                raise ValidationException(message)
            if target is None:
                arn = (
                    f"arn:aws:application-autoscaling:{self._region}:{self._account}:"
                    f"scalable-target/{uuid.uuid4().hex}"
                )
                target = ScalableTarget(resource_id, low, high, self._role_arn, arn)
                self._targets[resource_id] = target
            target.min_capacity, target.max_capacity = low, high
            if "SuspendedState" in request:
                target.suspended = dict(request["SuspendedState"])
            return target

    def deregister(self, request: Mapping[str, Any]) -> None:
        """DeregisterScalableTarget: its policies go with it."""
        resource_id = _check(request)
        with self.lock:
            self.target(resource_id)
            del self._targets[resource_id]
            for key in [key for key in self._policies if key[0] == resource_id]:
                del self._policies[key]

    def target(self, resource_id: str) -> ScalableTarget:
        """The registered target; raises ObjectNotFoundException."""
        with self.lock:
            found = self._targets.get(resource_id)
        if found is None:
            message = (
                f"No scalable target found for service namespace: {NAMESPACE}, resource ID: "
                f"{resource_id}, scalable dimension: {DIMENSION}"
            )
            raise ObjectNotFoundException(message)
        return found

    def is_target(self, endpoint: str, variant: str) -> bool:
        """Whether the variant is registered."""
        with self.lock:
            return f"endpoint/{endpoint}/variant/{variant}" in self._targets

    def targets(self) -> list[ScalableTarget]:
        """All of them."""
        with self.lock:
            return list(self._targets.values())

    def put_policy(self, request: Mapping[str, Any]) -> Policy:
        """PutScalingPolicy: a policy of the same name is changed and keeps its ARN."""
        resource_id = _check(request)
        self.target(resource_id)
        name = request["PolicyName"]
        with self.lock:
            before = self._policies.get((resource_id, name))
            kind = request.get("PolicyType") or (before.kind if before else "StepScaling")
            if before is not None and before.kind != kind:
                message = "The policy type of a scaling policy cannot be changed"
                raise ValidationException(message)
            try:
                rule, document = parse_rule(kind, request, resource_id)
            except ValueError as error:
                raise ValidationException(str(error)) from error
            policy = Policy(name, "", resource_id, kind, document, rule)
            if before is not None:
                policy.id, policy.created = before.id, before.created
            policy.arn = (
                f"arn:aws:autoscaling:{self._region}:{self._account}:scalingPolicy:{policy.id}:"
                f"resource/{NAMESPACE}/{resource_id}:policyName/{name}"
            )
            self._policies[resource_id, name] = policy
            return policy

    def delete_policy(self, request: Mapping[str, Any]) -> None:
        """DeleteScalingPolicy; raises ObjectNotFoundException."""
        resource_id = _check(request)
        name = request["PolicyName"]
        with self.lock:
            if self._policies.pop((resource_id, name), None) is None:
                message = (
                    f"No scaling policy found for service namespace: {NAMESPACE}, resource ID: "
                    f"{resource_id}, scalable dimension: {DIMENSION}, policy name: {name}"
                )
                raise ObjectNotFoundException(message)

    def policies(self, resource_id: str | None = None) -> list[Policy]:
        """The policies, of one target or of all."""
        with self.lock:
            found = list(self._policies.values())
        return [p for p in found if resource_id in (None, p.resource_id)]
