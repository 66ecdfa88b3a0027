"""The number that a released image carries, and what it stands for.

It is drawn at random for a generation when its first image is released, and says nothing by itself:
whose it is and when it was made stands in the records, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# As many as a watermark holds beside its tag (`lambdas.domain.watermark.code`).
NUMBER_BITS = 40


@dataclass(frozen=True)
class Mark:
    """What a number stands for; `made_at`: when its generation's first image was released."""

    number: int
    owner: str
    generation_id: str
    made_at: datetime


class Origin(StrEnum):
    """Whether an image came from this deployment; `uncertain`: traces of ours, too damaged."""

    YES = "yes"
    NO = "no"
    UNCERTAIN = "uncertain"


class Evidence(StrEnum):
    """What says so."""

    WATERMARK = "watermark"
    CONTENT_CREDENTIALS = "content_credentials"
