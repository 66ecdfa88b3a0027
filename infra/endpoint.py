"""One asynchronous endpoint: model, configuration, queue-like behaviour, notifications.

The configuration has no name of its own. CloudFormation makes a new one for every change, which is
how SageMaker swaps it under the running endpoint, and how it rolls back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns

    from infra.settings import EndpointSettings, ServedBase

VARIANT = "AllTraffic"


class AsyncEndpoint(Construct):
    """An endpoint of one base model, and everything that SageMaker needs to know about it.

    ``suffix`` tells it from the others in what is named after an endpoint, ``label`` on a screen;
    the first one of the default base model has no suffix.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        base: ServedBase,
        suffix: str,
        label: str,
        image: str,
        role: iam.Role,
        environment: Mapping[str, str],
        models: s3.IBucket,
        work: s3.IBucket,
        key: kms.IKey,
        success: sns.ITopic,
        error: sns.ITopic,
    ) -> None:
        super().__init__(scope, f"Serving{suffix}")
        self.base_id, self.suffix, self.label = base.model.id, suffix, label
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image,
                environment=dict(environment),
                # A prefix, uncompressed: no tar to build of 7 GB of weights, none to unpack.
                model_data_source=sagemaker.CfnModel.ModelDataSourceProperty(
                    s3_data_source=sagemaker.CfnModel.S3DataSourceProperty(
                        compression_type="None",
                        s3_data_type="S3Prefix",
                        s3_uri=models.s3_url_for_object(f"base/{base.model.id}/"),
                    )
                ),
            ),
        )
        # SageMaker reads the bucket with the role while it creates the model.
        model.node.add_dependency(role)
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[_variant(base.endpoint, model)],
            async_inference_config=sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty(
                client_config=sagemaker.CfnEndpointConfig.AsyncInferenceClientConfigProperty(
                    max_concurrent_invocations_per_instance=base.endpoint.concurrent_invocations
                ),
                # Folders without a slash at the end, as in SageMaker's examples: it adds its own.
                output_config=sagemaker.CfnEndpointConfig.AsyncInferenceOutputConfigProperty(
                    s3_output_path=work.s3_url_for_object("results"),
                    s3_failure_path=work.s3_url_for_object("failures"),
                    kms_key_id=key.key_arn,
                    notification_config=sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty(
                        success_topic=success.topic_arn, error_topic=error.topic_arn
                    ),
                ),
            ),
        )
        self.endpoint = sagemaker.CfnEndpoint(
            self, "Endpoint", endpoint_config_name=config.attr_endpoint_config_name
        )
        self.name = self.endpoint.attr_endpoint_name
        # Ref is the ARN, in the spelling (lower case) that IAM compares.
        self.arn = self.endpoint.ref


def _variant(
    endpoint: EndpointSettings, model: sagemaker.CfnModel
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """One type as such, several as a pool: SageMaker falls back when capacity runs out."""
    single = len(endpoint.instance_types) == 1
    pools = [
        sagemaker.CfnEndpointConfig.InstancePoolProperty(instance_type=each, priority=place)
        for place, each in enumerate(endpoint.instance_types, start=1)
    ]
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=VARIANT,
        model_name=model.attr_model_name,
        initial_variant_weight=1,
        initial_instance_count=1,  # SageMaker creates an endpoint with at least one instance
        instance_type=endpoint.instance_types[0] if single else None,
        instance_pools=None if single else pools,
        model_data_download_timeout_in_seconds=endpoint.model_download_seconds,
        container_startup_health_check_timeout_in_seconds=endpoint.startup_seconds,
    )
