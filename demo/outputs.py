"""The names that a deployment gives to its parts, read from the CDK's outputs file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Outputs:
    """CloudFormation outputs of all stacks, by the names that the stacks give them."""

    ApiUrl: str
    ApiId: str
    UserPoolId: str
    UserPoolClientId: str
    ServerClientId: str
    UploadsBucket: str
    PhotosBucket: str
    ModelsBucket: str
    WorkBucket: str
    AvatarsBucket: str
    TableName: str
    IdempotencyTableName: str
    AuditTableName: str
    StateMachineArn: str
    EndpointName: str
    DataKeyArn: str
    ReceiptKeyArn: str
    SigningKeyArn: str
    CertificatesParameter: str

    @classmethod
    def read(cls, path: Path) -> Outputs:
        """Flatten `{stack: {name: value}}`; raise `KeyError` naming what is missing."""
        stacks: dict[str, dict[str, str]] = json.loads(path.read_text())
        values = {name: value for stack in stacks.values() for name, value in stack.items()}
        wanted = [field.name for field in fields(cls)]
        if missing := [name for name in wanted if name not in values]:
            raise KeyError(f"the deployment has no outputs {', '.join(missing)}")
        return cls(**{name: values[name] for name in wanted})

    @property
    def data_buckets(self) -> dict[str, str]:
        """Every bucket that can hold something of a user, by what it holds."""
        return {
            "uploads": self.UploadsBucket,
            "photos": self.PhotosBucket,
            "models": self.ModelsBucket,
            "work": self.WorkBucket,
            "avatars": self.AvatarsBucket,
        }
