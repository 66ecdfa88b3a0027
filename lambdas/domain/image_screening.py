"""Whether a generated image may be seen, and how much it looks like its subject.

    DetectModerationLabels    always
    DetectFaces               unless minors and celebrities are allowed
    RecognizeCelebrities      if there is a face, unless celebrities are allowed
    DetectText                unless text is allowed; its words are screened as a prompt's are
    CompareFaces              if there is a face and a photo to compare it with: no verdict, a score

Each call costs money, so the first finding that withholds is the verdict and nothing more is asked.
A finding for review is not: what comes after it may be worse. Whatever does not answer raises
Unavailable, also the last call: an image waits rather than being seen half judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.domain.errors import Refused
from lambdas.domain.image_settings import Policy
from lambdas.domain.image_verdict import (
    RELEASED,
    ImageReason,
    ImageVerdict,
    Outcome,
    SeenLabel,
    worse,
)
from lambdas.domain.moderation import judge_labels, lowest_threshold
from lambdas.domain.photo_rules import may_be_minor
from lambdas.domain.text_screening import ClientText
from lambdas.ports import CannotBeScreened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.domain.settings import ModerationSettings
    from lambdas.domain.subject import SubjectKind
    from lambdas.domain.text_screening import TextScreening
    from lambdas.ports import Face, ImageModeration


@dataclass(frozen=True)
class ShownSubject:
    """Whom the images were asked to show; `reference`: a photo of them (JPEG), if there is one."""

    kind: SubjectKind | None = None
    reference: bytes | None = None


NOBODY = ShownSubject()


@dataclass(frozen=True)
class ScreenedImage:
    """`identity_score`: likeness to the reference, 0–1; None if there is nothing to compare."""

    verdict: ImageVerdict
    identity_score: float | None = None


@dataclass(frozen=True)
class ImageScreening:
    """One deployment's screening of images.

    `face_confidence`: from which (0–100) a face is certainly one, as in photos. Below it, and from
    `images.doubtful_face_confidence` on, it may be a shadow: one that looks young is a moderator's
    to judge, and no reason to withhold what nobody may look at. `words` screens text in images; an
    environment that allows any needs none.
    """

    settings: ModerationSettings
    face_confidence: float
    moderation: ImageModeration
    words: TextScreening | None = None

    def screen(self, image: bytes, subject: ShownSubject = NOBODY) -> ScreenedImage:
        """Look at one image (PNG or JPEG); raises Unavailable."""
        verdict = RELEASED
        faces = _Faces(self, image)
        try:
            for found in self._verdicts(image, faces, subject):
                verdict = worse(verdict, found)
                if verdict.outcome is Outcome.WITHHELD:
                    return ScreenedImage(verdict)
        except CannotBeScreened:
            return ScreenedImage(ImageVerdict(Outcome.WITHHELD, ImageReason.UNSCREENABLE))
        return ScreenedImage(verdict, self._likeness(image, faces, subject))

    def _verdicts(
        self, image: bytes, faces: _Faces, subject: ShownSubject
    ) -> Iterator[ImageVerdict]:
        """One after the other, each asked for only if the last one was not enough."""
        rules = self.settings.images
        least = lowest_threshold(rules.labels)
        yield judge_labels(self.moderation.labels(image, min_confidence=least), rules.labels)
        if rules.minors is not Policy.ALLOW:
            yield self._minors(faces.found())
        if rules.celebrities is not Policy.ALLOW and faces.found():
            yield self._celebrities(image)
        if rules.text is not Policy.ALLOW:
            yield self._text(image, subject)

    def _minors(self, faces: Sequence[Face]) -> ImageVerdict:
        age, rules = self.settings.minimum_age, self.settings.images
        young = [
            SeenLabel(f"Age from {face.age_low}", face.confidence)
            for face in faces
            if face.confidence >= rules.doubtful_face_confidence and may_be_minor(face, age)
        ]
        sure = [seen for seen in young if seen.confidence >= self.face_confidence]
        if sure:
            return _verdict(rules.minors, ImageReason.MINOR, sure)
        return _verdict(Policy.REVIEW, ImageReason.MINOR, young)

    def _celebrities(self, image: bytes) -> ImageVerdict:
        rules = self.settings.images
        certainties = self.moderation.celebrities(image)
        known = [one for one in certainties if one >= rules.celebrity_min_confidence]
        seen = [SeenLabel("Celebrity", certainty) for certainty in known]
        return _verdict(rules.celebrities, ImageReason.CELEBRITY, seen)

    def _text(self, image: bytes, subject: ShownSubject) -> ImageVerdict:
        if self.words is None:
            raise ValueError("text is to be screened, and there is nothing to screen it with")
        lines = self.moderation.text(image)
        if not lines:
            return RELEASED
        try:
            self.words.demand_allowed(
                [ClientText("\n".join(line.text for line in lines))], kind=subject.kind
            )
        except Refused as refusal:
            certainty = min(line.confidence for line in lines)
            seen = [SeenLabel(refusal.category, certainty)]
            return _verdict(self.settings.images.text, ImageReason.TEXT, seen)
        return RELEASED

    def _likeness(self, image: bytes, faces: _Faces, subject: ShownSubject) -> float | None:
        if subject.reference is None or faces.known_to_be_none:
            return None
        try:
            similarity = self.moderation.likeness(subject.reference, image)
        except CannotBeScreened:
            return None
        return None if similarity is None else round(similarity / 100, 4)


class _Faces:
    """The faces of one image, asked for once and only if somebody wants to know."""

    def __init__(self, screening: ImageScreening, image: bytes) -> None:
        self._moderation = screening.moderation
        self._image = image
        self._found: Sequence[Face] | None = None

    def found(self) -> Sequence[Face]:
        if self._found is None:
            self._found = self._moderation.faces(self._image)
        return self._found

    @property
    def known_to_be_none(self) -> bool:
        return self._found is not None and not self._found


def _verdict(policy: Policy, reason: ImageReason, seen: Sequence[SeenLabel]) -> ImageVerdict:
    return ImageVerdict(policy.outcome, reason, tuple(seen)) if seen else RELEASED
