"""What SageMaker says of an asynchronous invocation, through SNS and a queue.

The queue's message is SNS's envelope, whose "Message" is SageMaker's document as text
(docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.errors import InvalidDocumentError
from contract.generation import REQUEST_FILE
from contract.s3_location import S3Location
from lambdas.domain.ids import Prefix, is_id, is_owner
from lambdas.domain.locations import generation_prefix


class NotOurs(Exception):  # noqa: N818 - a fact about the message
    """No notification about a generation; it goes to the dead letters."""


@dataclass(frozen=True)
class Notification:
    """Whose generation ended how. `output` is there on success, `reason` on failure."""

    owner: str
    generation_id: str
    output: S3Location | None
    reason: str | None

    @classmethod
    def read(cls, envelope: Mapping[str, Any]) -> Notification:
        """Read an envelope; raises NotOurs."""
        try:
            message = json.loads(str(envelope["Message"]))
            location = S3Location.parse(message["requestParameters"]["inputLocation"])
            generation_id = message["inferenceId"]
            owner = location.key.split("/")[1]
            if message["invocationStatus"] == "Completed":
                output = S3Location.parse(message["responseParameters"]["outputLocation"])
                found = cls(owner, generation_id, output, None)
            else:
                found = cls(owner, generation_id, None, str(message.get("failureReason", "")))
        except (LookupError, TypeError, ValueError, InvalidDocumentError) as error:
            raise NotOurs("no notification that we know") from error
        if not (is_owner(owner) and is_id(Prefix.GENERATION, generation_id)):
            raise NotOurs("a notification about something else")
        if location.key != f"{generation_prefix(owner, generation_id)}{REQUEST_FILE}":
            raise NotOurs("a notification whose names disagree")
        return found


def completed(owner: str, generation_id: str, work_bucket: str, output_uri: str) -> dict[str, str]:
    """The envelope of a success that SageMaker did not tell us about."""
    return _envelope(
        owner,
        generation_id,
        work_bucket,
        {"invocationStatus": "Completed", "responseParameters": {"outputLocation": output_uri}},
    )


def failed(owner: str, generation_id: str, work_bucket: str, reason: str = "") -> dict[str, str]:
    """The envelope of a failure; without a reason, that lies in the failure file."""
    outcome = {"invocationStatus": "Failed", "failureReason": reason}
    return _envelope(owner, generation_id, work_bucket, outcome)


def _envelope(
    owner: str, generation_id: str, work_bucket: str, outcome: Mapping[str, Any]
) -> dict[str, str]:
    key = f"{generation_prefix(owner, generation_id)}{REQUEST_FILE}"
    message = {
        "inferenceId": generation_id,
        "requestParameters": {"inputLocation": f"s3://{work_bucket}/{key}"},
        **outcome,
    }
    return {"Message": json.dumps(message)}
