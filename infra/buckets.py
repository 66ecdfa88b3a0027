"""Buckets for what users give us and what we make of it: private, encrypted, tidy by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms

    from infra.settings import EnvironmentSettings


class AccessLogBucket(Construct):
    """Who read and wrote the other buckets.

    Encrypted with S3's own key: server access logs cannot be delivered to a bucket whose default
    encryption is KMS (S3 user guide, "Enabling Amazon S3 server access logging").
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            removal_policy=_removal(settings),
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(90),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )


class DataBucket(Construct):
    """A bucket of user data.

    ``expires``: prefix → days until its objects go (``""`` for all of them). Not versioned: a
    deleted photo is gone, as its owner was told.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        key: kms.IKey,
        access_logs: s3.IBucket,
        expires: Mapping[str, int] | None = None,
        cors: Sequence[s3.CorsRule] = (),
        tells_event_bridge: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            removal_policy=_removal(settings),
            cors=list(cors) or None,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="unfinished-uploads",
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                *(
                    s3.LifecycleRule(
                        id=f"expire-{prefix.strip('/') or 'all'}",
                        prefix=prefix or None,
                        expiration=Duration.days(days),
                    )
                    for prefix, days in (expires or {}).items()
                ),
            ],
        )
        if tells_event_bridge:
            # The property itself. The construct's own switch would add a custom resource.
            resource = self.bucket.node.default_child
            assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - narrows the type
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                    event_bridge_enabled=True
                )
            )


def _removal(settings: EnvironmentSettings) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
