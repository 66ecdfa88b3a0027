"""What an environment lets generated images show: `domain.moderation.images` in `cdk.json`.

{"labels": {"default": {"withhold": 50}},    see `lambdas.domain.moderation`
 "minors": "withhold",                       a face that may be under `moderation.minimum_age`
 "doubtful_face_confidence": 50,             from which it is looked at if it is one at all (0–100)
 "celebrities": "review",                    a face that RecognizeCelebrities knows
 "celebrity_min_confidence": 95,             from which it is believed (0–100)
 "text": "review"}                           words that would be refused in a prompt
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lambdas.domain.image_verdict import Outcome
from lambdas.domain.moderation import LabelRules
from lambdas.domain.settings_block import SettingsBlock


class Policy(StrEnum):
    """What a finding does; what is allowed is not even asked for."""

    ALLOW = "allow"
    REVIEW = "review"
    WITHHOLD = "withhold"

    @property
    def outcome(self) -> Outcome:
        """What becomes of an image with the finding."""
        return {
            Policy.ALLOW: Outcome.RELEASED,
            Policy.REVIEW: Outcome.REVIEW,
            Policy.WITHHOLD: Outcome.WITHHELD,
        }[self]


class ImageSettings(SettingsBlock):
    """See the module."""

    labels: LabelRules
    minors: Policy = Policy.WITHHOLD
    doubtful_face_confidence: Annotated[float, Field(ge=0, le=100)] = 50
    celebrities: Policy = Policy.REVIEW
    celebrity_min_confidence: Annotated[float, Field(ge=0, le=100)] = 95
    text: Policy = Policy.ALLOW
