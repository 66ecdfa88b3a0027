"""What stands in the queue of painting: whose request, and how often it was tried in vain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from contract.errors import InvalidDocumentError
from contract.generation import REQUEST_FILE
from contract.s3_location import S3Location
from lambdas.domain import moments
from lambdas.domain.ids import Prefix, is_id, is_owner
from lambdas.domain.locations import generation_prefix
from lambdas.events.notification import NotOurs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambdas.domain.seeds import Draw

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 10, 600
# With the last try's own time it stays under the hour that an erasure waits for late answers.
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Asked:
    """`since`: when it was first tried in vain."""

    owner: str
    generation_id: str
    request: S3Location
    attempt: int = 0
    since: datetime | None = None

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Asked:
        """Read a message; raises NotOurs."""
        try:
            request = S3Location.parse(message["request_uri"])
            owner, generation_id = request.key.split("/")[1:3]
            since = message.get("since")
            asked = cls(
                owner,
                generation_id,
                request,
                int(message.get("attempt", 0)),
                moments.from_text(since) if since else None,
            )
        except (LookupError, TypeError, ValueError, InvalidDocumentError) as error:
            raise NotOurs("no request that we know") from error
        if not (is_owner(owner) and is_id(Prefix.GENERATION, generation_id)):
            raise NotOurs("a request of something else")
        if request.key != f"{generation_prefix(owner, generation_id)}{REQUEST_FILE}":
            raise NotOurs("not a request's document")
        return asked

    def message(self) -> dict[str, Any]:
        """As it stands in the queue."""
        return {
            "request_uri": str(self.request),
            "attempt": self.attempt,
            "since": moments.to_text(self.since) if self.since else None,
        }

    def again(self, now: datetime, draw: Draw) -> tuple[Asked, int] | None:
        """The next try and in how many seconds, twice as long each time; None: patience is over.

        Half of the pause is chance: what was turned away together does not come back together.
        """
        since = self.since or now
        longest = min(_FIRST_PAUSE_SECONDS * 2**self.attempt, _LONGEST_PAUSE_SECONDS)
        pause = longest - draw(longest // 2)
        if now + timedelta(seconds=pause) > since + PATIENCE:
            return None
        return replace(self, attempt=self.attempt + 1, since=since), pause
