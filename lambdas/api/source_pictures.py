"""The pictures that a request for a generation names: found, looked at, and put beside it.

    upl_…    the caller's own, accepted            copied; its hash was noted when it was accepted
    img_…    released, of a generation of theirs   copied; it was screened before it was released
    inline   examined here and now, as an upload is by the queue (`lambdas.source_examination`)

Finding costs records only, so it comes before anything that costs more. What is put into the
generation's folder goes when the generation does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.generation_source import MAX_SOURCE_BYTES, ImageReference, MaskSource
from contract.s3_location import S3Location
from lambdas import telemetry
from lambdas.api.accepted_upload import accepted_upload, image_rejected
from lambdas.domain.errors import FieldError, Invalid, NotFound, Unavailable
from lambdas.domain.generation_request import INIT_FILE, MASK_FILE, PlacedPictures
from lambdas.domain.locations import avatar_key, generation_prefix, source_key
from lambdas.domain.picture_reference import (
    MAX_INLINE_BYTES,
    PictureKind,
    PictureReference,
)
from lambdas.domain.quota import Metered
from lambdas.domain.upload import UploadPurpose, UploadRejection
from lambdas.ports import ObjectMissing, ObjectTooLarge
from lambdas.records.generations import find_released
from lambdas.records.quotas import Spending, spend
from lambdas.violations import record_violation

if TYPE_CHECKING:
    from datetime import datetime

    from lambdas.domain.generation import Generation
    from lambdas.domain.generation_plan import GenerationPlan
    from lambdas.domain.image_sizes import Size
    from lambdas.domain.settings import DomainSettings
    from lambdas.domain.source_image import NormalSource
    from lambdas.ports import ObjectStore, Table
    from lambdas.source_examination import SourceExamination

_FIELDS = {UploadPurpose.INIT_IMAGE: "init_image", UploadPurpose.MASK_IMAGE: "mask_image"}
_FILES = {UploadPurpose.INIT_IMAGE: INIT_FILE, UploadPurpose.MASK_IMAGE: MASK_FILE}
# Makes what looks at pictures; only a request with a file inside needs it, and what it loads.
Examining = Callable[[], "SourceExamination"]


@dataclass(frozen=True)
class FoundPicture:
    """A picture that may be used, as far as is known by now.

    `size` and `has_alpha` of a file inside a request are known once it was examined, and `file` is
    what is kept of it. `generation`: whose released image it is. `sha256`: of an upload.
    """

    purpose: UploadPurpose
    reference: PictureReference
    size: Size | None = None
    has_alpha: bool = False
    sha256: str | None = None
    generation: Generation | None = None
    file: NormalSource | None = None

    @property
    def pointer(self) -> str:
        """The field that names it."""
        return f"/{_FIELDS[self.purpose]}"


@dataclass(frozen=True)
class FoundPictures:
    """Those of one request."""

    init: FoundPicture | None = None
    mask: FoundPicture | None = None

    @property
    def all(self) -> tuple[FoundPicture, ...]:
        """The ones that there are."""
        return tuple(each for each in (self.init, self.mask) if each)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that may be seen in them, as far as records tell."""
        seen = [each.generation for each in self.all if each.generation]
        ids = [one for each in seen for one in (each.plan.subject_id, *each.descends_from) if one]
        return tuple(dict.fromkeys(ids))


@dataclass(frozen=True)
class SourcePictures:
    """Over the stores of one deployment."""

    settings: DomainSettings
    table: Table
    work: ObjectStore
    avatars: ObjectStore
    examining: Examining

    def find(self, owner: str, plan: GenerationPlan, now: datetime) -> FoundPictures:
        """What the plan names, if this owner may use it for that.

        Raises NotFound, Conflict `upload_not_ready` or `upload_expired`, Invalid.
        """
        source, mask = plan.beginning.source, plan.beginning.mask
        named = mask.picture if mask else None
        found = FoundPictures(
            self._found(owner, source.picture, UploadPurpose.INIT_IMAGE, now) if source else None,
            self._found(owner, named, UploadPurpose.MASK_IMAGE, now) if named else None,
        )
        _demand_small([each for each in found.all if each.reference.kind is PictureKind.INLINE])
        _demand_one_subject(plan, found)
        return found

    def examined(
        self, owner: str, plan: GenerationPlan, found: FoundPictures, now: datetime
    ) -> FoundPictures:
        """The same after a look at the files inside the request; raises Invalid, LimitReached."""
        inline = [each for each in found.all if each.reference.kind is PictureKind.INLINE]
        if inline:
            quotas = self.settings.limits.per_day
            spending = Spending(owner, {Metered.UPLOADS: len(inline)}, quotas, now)
            spend(self.table, spending)
            try:
                looked = {each.purpose: self._looked(owner, each, now) for each in inline}
            except Unavailable:
                spending.give_back(self.table)
                raise
            found = FoundPictures(
                looked.get(UploadPurpose.INIT_IMAGE, found.init),
                looked.get(UploadPurpose.MASK_IMAGE, found.mask),
            )
        mask = plan.beginning.mask
        if mask and mask.source is MaskSource.INIT_IMAGE_ALPHA:
            _demand_alpha(found.init)
        return found

    def place(self, generation: Generation, found: FoundPictures) -> PlacedPictures:
        """Put copies into the generation's folder; raises NotFound if one is being erased."""
        return PlacedPictures(
            self._placed(generation, found.init) if found.init else None,
            self._placed(generation, found.mask) if found.mask else None,
        )

    def _found(
        self, owner: str, reference: PictureReference, purpose: UploadPurpose, now: datetime
    ) -> FoundPicture:
        found = FoundPicture(purpose, reference)
        match reference.kind:
            case PictureKind.UPLOAD:
                return self._upload(owner, reference.id or "", found, now)
            case PictureKind.IMAGE:
                generation = find_released(self.table, owner, reference.id or "")
                if generation is None:
                    raise NotFound("image")
                return replace(found, size=generation.plan.output_size, generation=generation)
            case PictureKind.INLINE:
                return found

    def _upload(
        self, owner: str, upload_id: str, found: FoundPicture, now: datetime
    ) -> FoundPicture:
        upload = accepted_upload(
            self.table, owner, upload_id, now, pointer=found.pointer, settings=self.settings
        )
        if upload.purpose is not found.purpose:
            detail = f"is an upload for {upload.purpose.value}"
            raise Invalid([FieldError(found.pointer, detail, "wrong_purpose")])
        size = (upload.width or 0, upload.height or 0)
        return replace(found, size=size, has_alpha=upload.has_alpha, sha256=upload.sha256)

    def _looked(self, owner: str, found: FoundPicture, now: datetime) -> FoundPicture:
        # Imported with the first file: the decoders take longer to load than all else here.
        from lambdas.domain.source_image import RefusedSource

        try:
            file = self.examining().examine(found.reference.content, found.purpose)
        except RefusedSource as refused:
            telemetry.count("InlineImagesRejected")
            telemetry.logger.info("inline_image_rejected", extra={"code": refused.code})
            if refused.code is UploadRejection.UNSAFE:
                rules = self.settings.moderation.violations
                record_violation(self.table, owner, now, rules)
            raise image_rejected(found.pointer, refused.code, self.settings) from None
        size = (file.width, file.height)
        return replace(found, size=size, has_alpha=file.has_alpha, file=file)

    def _placed(self, generation: Generation, found: FoundPicture) -> ImageReference:
        folder = generation_prefix(generation.owner, generation.id)
        key = f"{folder}{_FILES[found.purpose]}"
        try:
            sha256 = self._copied(generation.owner, found, key)
        except ObjectMissing:
            raise NotFound(found.reference.kind.value) from None
        except ObjectTooLarge:
            detail = "is larger than can be begun with; upload a smaller copy of it"
            raise Invalid([FieldError(found.pointer, detail, "too_large")]) from None
        return ImageReference(S3Location(self.work.bucket, key), sha256)

    def _copied(self, owner: str, found: FoundPicture, key: str) -> str:
        """Copy it there; the SHA-256 of what lies there now."""
        if found.file is not None:
            content = found.file.png
        elif found.generation is not None:
            image = avatar_key(owner, found.generation.id, found.reference.id or "")
            content = self.avatars.read(image, max_bytes=MAX_SOURCE_BYTES)
        else:
            self.work.copy(source_key(owner, found.reference.id or ""), self.work, key)
            return found.sha256 or ""
        self.work.write(key, content, content_type="image/png")
        return hashlib.sha256(content).hexdigest()


def _demand_small(inline: list[FoundPicture]) -> None:
    if sum(len(each.reference.content) for each in inline) > MAX_INLINE_BYTES:
        detail = "makes the files in this request larger than 4 MB; upload them by POST /uploads"
        raise Invalid([FieldError(inline[-1].pointer, detail, "too_large")])


def _demand_one_subject(plan: GenerationPlan, found: FoundPictures) -> None:
    """Nobody's likeness is put onto somebody else's."""
    if plan.subject_id is None:
        return
    for each in found.all:
        others = set(FoundPictures(each).subjects) - {plan.subject_id}
        if others:
            detail = "shows another subject than subject_id names"
            raise Invalid([FieldError(each.pointer, detail, "other_subject")])


def _demand_alpha(init: FoundPicture | None) -> None:
    if init is not None and not init.has_alpha:
        detail = "has nothing to go by: no part of the init image is transparent"
        raise Invalid([FieldError("/mask_source", detail, "no_transparency")])
