"""Where an image came from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lambdas.domain.marks import Evidence, Origin
from lambdas.openapi.answers.common import AnswerModel


class Verification(AnswerModel):
    """Whether an image came from here."""

    from_here: Origin
    by: Annotated[list[Evidence], Field(description="What says so, or hints at it.")]
    read: Annotated[
        list[Evidence],
        Field(description="What could be looked for: an upload has no metadata left."),
    ]
    when: Annotated[
        datetime | None, Field(description="When it was made; null if that is not kept any more.")
    ]
    generation_id: Annotated[
        str | None, Field(description="Told to its owner and to moderators only.")
    ]
