"""Stack ``storage``: keys, buckets and tables. Everything else can be rebuilt from code.

It depends on no other stack, so that nothing ever has to be deleted before it can change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_s3 as s3

from infra.buckets import AccessLogBucket, DataBucket
from infra.data_key import DataKey
from infra.provenance import ProvenanceKeys
from infra.receipt_key import ReceiptKey
from infra.tables import Tables

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import EnvironmentSettings

# A checkpoint is worth keeping as long as its training may be retried or looked into.
_TRAINING_WORK_DAYS = 14


class StorageStack(Stack):
    """Photos wait in ``uploads`` until they passed, and live in ``photos`` only then."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.key = DataKey(self, "Data", settings=settings).key
        self.receipt_key = ReceiptKey(self, "Receipts", settings=settings).key
        self.provenance = ProvenanceKeys(self, "Provenance", settings=settings)
        self._settings = settings
        self._access_logs = AccessLogBucket(self, "AccessLogs", settings=settings).bucket
        kept_days: dict[str, int] = settings.domain["retention_days"]
        image_days = kept_days.get("images")
        # A request is removed with its generation: with images, or without any.
        request_days = max(image_days or 0, kept_days.get("requests") or 0)
        request_days = request_days if image_days and kept_days.get("requests") else 0
        browser_upload = s3.CorsRule(
            allowed_methods=[s3.HttpMethods.POST],
            allowed_origins=settings.api.cors_origins,
            allowed_headers=["*"],
            max_age=3600,
        )
        browser_download = s3.CorsRule(
            allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
            allowed_origins=settings.api.cors_origins,
            allowed_headers=["*"],
            max_age=3600,
        )
        self.uploads = self._bucket(
            "Uploads", expires={"": 1}, cors=[browser_upload], tells_event_bridge=True
        )
        self.photos = self._bucket("Photos", cors=[browser_download])
        self.models = self._bucket("Models")
        self.work = self._bucket(
            "Work",
            expires={
                "trainings/": _TRAINING_WORK_DAYS,
                # A net below the reconciler, which removes each when its time is over.
                "sources/": kept_days.get("uploads", 1) + 1,
                "results/": 1,
                "failures/": 1,
                **({"generations/": request_days} if request_days else {}),
                **({"reviews/": image_days} if image_days else {}),
            },
        )
        self.avatars = self._bucket(
            "Avatars", expires={"": image_days} if image_days else {}, cors=[browser_download]
        )
        tables = Tables(self, "Tables", settings=settings, key=self.key)
        self.table = tables.records
        self.idempotency = tables.idempotency
        self.audit = tables.audit

        for name, value in {
            "UploadsBucket": self.uploads.bucket_name,
            "PhotosBucket": self.photos.bucket_name,
            "ModelsBucket": self.models.bucket_name,
            "WorkBucket": self.work.bucket_name,
            "AvatarsBucket": self.avatars.bucket_name,
            "TableName": self.table.table_name,
            "IdempotencyTableName": self.idempotency.table_name,
            "AuditTableName": self.audit.table_name,
            "DataKeyArn": self.key.key_arn,
            "ReceiptKeyArn": self.receipt_key.key_arn,
            "SigningKeyArn": self.provenance.signing.key_arn,
            "CertificatesParameter": self.provenance.certificates,
        }.items():
            CfnOutput(self, name, value=value)

    def _bucket(self, name: str, **options: Any) -> s3.Bucket:
        return DataBucket(
            self,
            name,
            settings=self._settings,
            key=self.key,
            access_logs=self._access_logs,
            **options,
        ).bucket
