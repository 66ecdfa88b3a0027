"""The AWS Deep Learning Containers that train and serve, and what a role needs to run one.

Their names come from the SageMaker SDK, which ships the registry account of every region: no
network call. Training and serving images have different torch versions; our code fits both.
"""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Literal

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam

from infra import access
from infra.acknowledgements import acknowledge_wildcard, as_written

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3_assets as assets

# (transformers, torch) of huggingface-pytorch-training and huggingface-pytorch-inference.
_VERSIONS = {"training": ("5.3.0", "2.9.0"), "inference": ("5.5.3", "2.6.0")}


def image_uri(scope: Literal["training", "inference"], region: str, instance_type: str) -> str:
    """The image of ``scope`` for ``region``; the instance type decides between CPU and GPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK's imports warn about each other
        logging.getLogger("sagemaker").setLevel(logging.ERROR)
        from sagemaker.core import image_uris  # costs more than a second

        transformers, torch = _VERSIONS[scope]
        return str(
            image_uris.retrieve(
                "huggingface",
                region=region,
                version=transformers,
                base_framework_version=f"pytorch{torch}",
                image_scope=scope,
                instance_type=instance_type,
            )
        )


def allow_container(
    role: iam.Role, *, images: list[str], code: assets.Asset, key: kms.IKey, log_group: str
) -> None:
    """Let a SageMaker execution role pull its images, fetch its code and write its logs.

    ``log_group``: ``/aws/sagemaker/…``, with a ``*`` where SageMaker appends a name.
    """
    access.allow(
        role,
        sorted({_repository(image) for image in images}),
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    )
    access.allow_anywhere(
        role,
        "Signing in to a registry and publishing metrics know no resource",
        "ecr:GetAuthorizationToken",
    )
    access.allow_anywhere(
        role,
        "Signing in to a registry and publishing metrics know no resource",
        "cloudwatch:PutMetricData",
        **{"cloudwatch:namespace": "/aws/sagemaker/*"},
    )
    access.allow(role, code.bucket.arn_for_objects(code.s3_object_key), "s3:GetObject")
    access.allow_key(role, key)
    logs = role.stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    access.allow(
        role,
        logs,
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    )
    acknowledge_wildcard(
        role, as_written(role, logs), "SageMaker names the groups and streams of its containers"
    )


def _repository(image: str) -> str:
    """The ARN of an image's repository: account.dkr.ecr.region.amazonaws.com/name:tag."""
    registry, repository = image.split(":")[0].split("/")
    account, _, _, region = registry.split(".")[:4]
    return f"arn:aws:ecr:{region}:{account}:repository/{repository}"
