"""What released images are marked with: two keys that never leave KMS, and who may use them.

The watermark is made with an HMAC key, from which the functions derive the watermark's own secret;
content credentials are signed with an asymmetric one. Neither is ever rotated: an image from years
ago is recognised by the key that marked it. The certificates that vouch for the signing key are in
a parameter that the operator's command makes and writes (``python -m certificates``). No template
has it: CloudFormation would write its own value over them with the next change of the parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra import access

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from infra.settings import EnvironmentSettings


class ProvenanceKeys(Construct):
    """``watermark`` and ``signing``: the keys.

    ``certificates``: the name of the parameter with what vouches for the latter, PEM: the signer's
    certificate of content credentials, then its issuer's.
    """

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
        self.certificates = f"/avatar/{settings.name}/content-credentials/certificates"
        self._certificates_arn = Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=self.certificates.removeprefix("/")
        )

    def to_read(self) -> dict[str, str]:
        """The environment of a function that reads marks."""
        return {
            "WATERMARK_KEY_ARN": self.watermark.key_arn,
            "CERTIFICATES_PARAMETER": self.certificates,
        }

    def to_mark(self) -> dict[str, str]:
        """The environment of a function that releases images."""
        return {**self.to_read(), "SIGNING_KEY_ARN": self.signing.key_arn}

    def allow_reading(self, role: iam.IRole) -> None:
        """Let ``role`` find watermarks and content credentials."""
        access.allow(role, self.watermark.key_arn, "kms:GenerateMac")
        access.allow(role, self._certificates_arn, "ssm:GetParameter")

    def allow_marking(self, role: iam.IRole) -> None:
        """Let ``role`` mark images that it releases."""
        self.allow_reading(role)
        access.allow(role, self.signing.key_arn, "kms:Sign")
