"""The look at a picture that a generation shall begin with, wherever it comes from.

    free        decode, normalise
    a call      DetectModerationLabels: is it allowed here at all?
    a call      DetectFaces: is a child in it?
    a call      RecognizeCelebrities, if there is a face and the environment wants to know

The rules are those of photos, less what only matters to learning. Uploads come here from the queue,
pictures inside a request from the API: one look, so neither is a way around the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain import photo_rules
from lambdas.domain.photo import RejectionCode
from lambdas.domain.source_image import NormalSource, RefusedSource, normalise_source
from lambdas.domain.upload import UploadRejection
from lambdas.ports import CannotBeScreened
from lambdas.screening import fail_closed

if TYPE_CHECKING:
    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.upload import UploadPurpose
    from lambdas.ports import ImageModeration


@dataclass(frozen=True)
class SourceExamination:
    """Looks at pictures by the rules of one environment."""

    settings: DomainSettings
    moderation: ImageModeration

    def examine(self, content: bytes, purpose: UploadPurpose) -> NormalSource:
        """The picture as it may be used; raises RefusedSource, Unavailable."""
        normal = normalise_source(
            content, purpose, max_megapixels=self.settings.photos.max_megapixels
        )
        try:
            with fail_closed():
                self._ask(normal.screening)
        except CannotBeScreened:
            raise RefusedSource(UploadRejection.UNREADABLE) from None
        return normal

    def _ask(self, jpeg: bytes) -> None:
        moderation, safety = self.moderation, self.settings.moderation
        labels = moderation.labels(jpeg, min_confidence=safety.photo_min_confidence)
        _refuse(photo_rules.verdict_on_content(labels, safety))
        faces = photo_rules.certain_faces(moderation.faces(jpeg), self.settings.photos.face)
        _refuse(photo_rules.verdict_on_age(faces, safety))
        if photo_rules.asks_for_celebrities(faces, safety):
            celebrity = photo_rules.celebrity_in(moderation.celebrities(jpeg), safety)
            # Also where a moderator decides about photos: whoever sends this waits for an answer.
            _refuse(RejectionCode.CELEBRITY if celebrity is not None else None)


def _refuse(code: RejectionCode | None) -> None:
    if code is not None:
        raise RefusedSource(UploadRejection(code.value))
