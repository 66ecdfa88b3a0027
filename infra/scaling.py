"""From zero instances and back.

    requests wait, nobody serves  ──►  wake: one instance more           step policy, our alarm
    a queue per instance          ──►  follow: in proportion to it       target tracking, only out
    little to do, for long        ──►  rest: a tenth less, at least one  step policy, our alarm

Target tracking follows the backlog per instance, which without an instance is no number at all, so
it can never wake the endpoint. Nor may it scale in: below nine tenths of its target it takes the
proportion of one minute's value, and a target that lets requests queue lets a busy fleet shrink,
down to zero in a minute without a request (docs/10-scaling.md has the figures). So instances leave
one by one on an average over minutes, which counts work in flight. Nothing ever leaves on the
waking metric: it falls as soon as a request is picked up.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.endpoint import VARIANT

if TYPE_CHECKING:
    from infra.endpoint import AsyncEndpoint
    from infra.settings import EndpointSettings

NAMESPACE = "AWS/SageMaker"
# SageMaker publishes the metrics of the queue once a minute.
PERIOD_SECONDS = 60
# A user looks at a picture for a minute: one minute alone says little about who is about to come.
REST_PERIOD_SECONDS = 300
_REST_PERCENT = -10
_PER_INSTANCE = "ApproximateBacklogSizePerInstance"


class ScaleToZero(Construct):
    """The scalable target, its three policies, and the alarms that wake and rest."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EndpointSettings,
        endpoint: AsyncEndpoint,
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint = endpoint
        self.target = autoscaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=f"endpoint/{endpoint.name}/variant/{VARIANT}",
            min_capacity=0,
            max_capacity=settings.max_instances,
        )
        # Deleted in reverse: an endpoint with a registered target cannot be deleted cleanly.
        self.target.add_resource_dependency(endpoint.endpoint)
        self._follow(settings.backlog_per_instance, settings.scale_out_cooldown_seconds)
        wake = self._step(
            "WakeFromZero",
            "wake-from-zero",
            adjustment_type="ChangeInCapacity",
            cooldown=settings.wake_cooldown_seconds,
            step=autoscaling.CfnScalingPolicy.StepAdjustmentProperty(
                metric_interval_lower_bound=0, scaling_adjustment=1
            ),
        )
        self._alarm(
            "NobodyServes",
            "Requests wait and no instance serves them: add the first",
            metric="HasBacklogWithoutCapacity",
            period=PERIOD_SECONDS,
            periods=1,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            policy=wake,
        )
        rest = self._step(
            "Rest",
            "rest",
            adjustment_type="PercentChangeInCapacity",
            minimum=1,
            cooldown=settings.scale_in_cooldown_seconds,
            step=autoscaling.CfnScalingPolicy.StepAdjustmentProperty(
                metric_interval_upper_bound=0, scaling_adjustment=_REST_PERCENT
            ),
        )
        self._alarm(
            "LittleToDo",
            "The instances have had little to do: let one go",
            metric=_PER_INSTANCE,
            period=REST_PERIOD_SECONDS,
            periods=settings.scale_in_periods,
            comparison="LessThanThreshold",
            threshold=settings.scale_in_below,
            policy=rest,
        )

    def _follow(self, target: float, cooldown: int) -> None:
        policies = autoscaling.CfnScalingPolicy
        policies(
            self,
            "FollowBacklog",
            policy_name="follow-backlog",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.target.ref,
            target_tracking_scaling_policy_configuration=policies.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=target,
                customized_metric_specification=policies.CustomizedMetricSpecificationProperty(
                    namespace=NAMESPACE,
                    metric_name=_PER_INSTANCE,
                    statistic="Average",
                    dimensions=[
                        policies.MetricDimensionProperty(
                            name="EndpointName", value=self._endpoint.name
                        )
                    ],
                ),
                scale_out_cooldown=cooldown,
                disable_scale_in=True,
            ),
        )

    def _step(
        self,
        construct_id: str,
        name: str,
        *,
        adjustment_type: str,
        cooldown: int,
        step: autoscaling.CfnScalingPolicy.StepAdjustmentProperty,
        minimum: int | None = None,
    ) -> autoscaling.CfnScalingPolicy:
        return autoscaling.CfnScalingPolicy(
            self,
            construct_id,
            policy_name=name,
            policy_type="StepScaling",
            scaling_target_id=self.target.ref,
            step_scaling_policy_configuration=autoscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type=adjustment_type,
                metric_aggregation_type="Average",
                min_adjustment_magnitude=minimum,
                cooldown=cooldown,
                step_adjustments=[step],
            ),
        )

    def _alarm(
        self,
        construct_id: str,
        description: str,
        *,
        metric: str,
        period: int,
        periods: int,
        comparison: str,
        threshold: float,
        policy: autoscaling.CfnScalingPolicy,
    ) -> None:
        cloudwatch.CfnAlarm(
            self,
            construct_id,
            alarm_description=description,
            namespace=NAMESPACE,
            metric_name=metric,
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(
                    name="EndpointName", value=self._endpoint.name
                )
            ],
            statistic="Average",
            period=period,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            threshold=threshold,
            comparison_operator=comparison,
            treat_missing_data="missing",
            alarm_actions=[policy.ref],
        )
