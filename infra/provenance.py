"""What released images are marked with: two keys that never leave KMS, and who may use them.

The watermark is made with an HMAC key, from which the functions derive the watermark's own secret;
content credentials are signed with an asymmetric one. Neither is ever rotated: an image from years
ago is recognised by the key that marked it. The certificates that vouch for the signing key are a
parameter, into which the operator writes them (``python -m certificates``): it begins empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import access

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from infra.settings import EnvironmentSettings

_NO_CERTIFICATES = "none installed yet: see docs/05-moderation.md, Provenance"


class ProvenanceKeys(Construct):
    """``watermark`` and ``signing``: the keys; ``certificates``: what vouches for the latter."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings
    ) -> None:
        super().__init__(scope, construct_id)
        kept = RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
        self.watermark = kms.Key(
            self,
            "WatermarkKey",
            description=f"Avatar service, {settings.name}: the watermark in released images",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            removal_policy=kept,
        )
        self.signing = kms.Key(
            self,
            "SigningKey",
            description=f"Avatar service, {settings.name}: content credentials (C2PA, ES256)",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=kept,
        )
        self.certificates = ssm.StringParameter(
            self,
            "Certificates",
            # Named here: of a drawn name nobody knows whether it begins with a slash, and the ARN
            # depends on that (on AWS it does not, in the embedded AWS it does).
            parameter_name=f"/avatar/{settings.name}/content-credentials/certificates",
            description="PEM: the signer's certificate of content credentials, then its issuer's",
            string_value=_NO_CERTIFICATES,
        )

    def to_read(self) -> dict[str, str]:
        """The environment of a function that reads marks."""
        return {
            "WATERMARK_KEY_ARN": self.watermark.key_arn,
            "CERTIFICATES_PARAMETER": self.certificates.parameter_name,
        }

    def to_mark(self) -> dict[str, str]:
        """The environment of a function that releases images."""
        return {**self.to_read(), "SIGNING_KEY_ARN": self.signing.key_arn}

    def allow_reading(self, role: iam.IRole) -> None:
        """Let ``role`` find watermarks and content credentials."""
        access.allow(role, self.watermark.key_arn, "kms:GenerateMac")
        access.allow(role, self.certificates.parameter_arn, "ssm:GetParameter")

    def allow_marking(self, role: iam.IRole) -> None:
        """Let ``role`` mark images that it releases."""
        self.allow_reading(role)
        access.allow(role, self.signing.key_arn, "kms:Sign")
