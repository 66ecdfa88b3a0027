"""From zero instances and back.

Both policies are needed. Target tracking follows the backlog per instance, which without an
instance is no number at all, so it can never wake the endpoint. The step policy adds the first
instance when something waits and nobody serves. It never removes one: its metric falls as soon as
a request is picked up, and scaling in on it would kill the work in flight.

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


class ScaleToZero(Construct):
    """The scalable target, its two policies, and the alarm that wakes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EndpointSettings,
        endpoint: AsyncEndpoint,
    ) -> None:
        super().__init__(scope, construct_id)
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
        follow = autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
            target_value=settings.backlog_per_instance,
            customized_metric_specification=autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty(
                namespace=NAMESPACE,
                metric_name="ApproximateBacklogSizePerInstance",
                statistic="Average",
                dimensions=[
                    autoscaling.CfnScalingPolicy.MetricDimensionProperty(
                        name="EndpointName", value=endpoint.name
                    )
                ],
            ),
            scale_in_cooldown=settings.scale_in_cooldown_seconds,
            scale_out_cooldown=settings.scale_out_cooldown_seconds,
        )
        autoscaling.CfnScalingPolicy(
            self,
            "FollowBacklog",
            policy_name="follow-backlog",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.target.ref,
            target_tracking_scaling_policy_configuration=follow,
        )
        wake = autoscaling.CfnScalingPolicy(
            self,
            "WakeFromZero",
            policy_name="wake-from-zero",
            policy_type="StepScaling",
            scaling_target_id=self.target.ref,
            step_scaling_policy_configuration=autoscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                metric_aggregation_type="Average",
                cooldown=settings.wake_cooldown_seconds,
                step_adjustments=[
                    autoscaling.CfnScalingPolicy.StepAdjustmentProperty(
                        metric_interval_lower_bound=0, scaling_adjustment=1
                    )
                ],
            ),
        )
        cloudwatch.CfnAlarm(
            self,
            "NobodyServes",
            alarm_description="Requests wait and no instance serves them: add the first",
            namespace=NAMESPACE,
            metric_name="HasBacklogWithoutCapacity",
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=endpoint.name)
            ],
            statistic="Average",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            datapoints_to_alarm=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
            alarm_actions=[wake.ref],
        )
