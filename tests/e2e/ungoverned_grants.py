"""Grants whose removal no scene notices, each with the reason.

A statement is expected to survive when every action in it, on every resource, has a row here.
Nothing else may survive, and nothing that is listed may be noticed: both mean that a row, a grant
or a scene is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.grants import Statement

# Roles whose handlers query an index; every other function has the grant and no use for it.
QUERYING = ("AnsweringReviewsRole", "AnsweringTrainingsRole", "BackgroundReconcilerHandlerRole")
# Roles whose KMS use the embedded SageMaker checks itself, when it writes with the key.
ENCRYPTING = ("JobRole", "ServingRole")


@dataclass(frozen=True)
class Ungoverned:
    """Patterns (`*` as in a shell) over action, resource and role; `but_for`: role names."""

    actions: str
    reason: str
    resources: str = "*"
    roles: str = "*"
    but_for: tuple[str, ...] = ()

    def covers(self, role: str, action: str, resource: str) -> bool:
        """Whether the row speaks of this."""
        return (
            role not in self.but_for
            and fnmatchcase(role, self.roles)
            and fnmatchcase(action, self.actions)
            and fnmatchcase(resource, self.resources)
        )


UNGOVERNED = (
    Ungoverned("logs:*", "the emulator writes log events itself, in nobody's name"),
    Ungoverned(
        "s3:PutObject",
        "class images are kept by the first training of a class, and by presets with prior "
        "preservation: no scene is one",
        resources="*/prior/[*]",
        roles="PublishRole",
    ),
    Ungoverned("xray:*", "there is no X-Ray behind the emulator: no trace is sent"),
    Ungoverned("ecr:*", "containers run as processes: no image is pulled"),
    Ungoverned(
        "cloudwatch:PutMetricData", "SageMaker's metrics are put by the embedded SageMaker itself"
    ),
    *(
        Ungoverned(
            f"kms:{action}",
            "S3, DynamoDB and SQS of the emulator use the key without asking for a caller's grant",
            but_for=ENCRYPTING,
        )
        for action in ("Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey")
    ),
    *(
        Ungoverned(f"sqs:{action}", "event sources poll their queue in nobody's name")
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl")
    ),
    Ungoverned(
        "sqs:ChangeMessageVisibility",
        "used to bring a message back soon; without it, it comes back later",
    ),
    Ungoverned(
        "dynamodb:Query",
        "given to every function with the table; only these use an index",
        resources="*/index/*",
        but_for=QUERYING,
    ),
    Ungoverned(
        "s3:ListBucket",
        "a manifest names every photo; the embedded SageMaker does not list them besides",
        resources="*photosbucket*",
        roles="JobRole",
    ),
    Ungoverned(
        "s3:ListBucket",
        "the endpoint writes its answers without listing them; the embedded one never lists",
        resources="*workbucket*",
        roles="ServingRole",
    ),
)


def why_ungoverned(statement: Statement) -> str | None:
    """The reasons why its removal goes unnoticed; None if it must be noticed."""
    reasons: dict[str, None] = {}
    for action, resource in statement.pairs:
        row = next(
            (r for r in UNGOVERNED if r.covers(statement.role.construct, action, resource)), None
        )
        if row is None:
            return None
        reasons[row.reason] = None
    return "; ".join(reasons)
