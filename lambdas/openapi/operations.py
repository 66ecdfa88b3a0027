"""Which document each operation answers with."""

from __future__ import annotations

from typing import Any

from lambdas.openapi.answers.catalogue import Health, Model, Style
from lambdas.openapi.answers.common import Nothing, Page
from lambdas.openapi.answers.erasures import Erasure
from lambdas.openapi.answers.generations import (
    Generation,
    GenerationSummary,
    JumpStartAnswer,
    StabilityAnswer,
)
from lambdas.openapi.answers.me import Me
from lambdas.openapi.answers.photos import Photo, Photos, PhotoSlots
from lambdas.openapi.answers.reviews import AuditEntry, Review, ReviewSummary
from lambdas.openapi.answers.subjects import Subject
from lambdas.openapi.answers.trainings import Training
from lambdas.openapi.answers.uploads import Upload, UploadSlot
from lambdas.openapi.answers.verify import Verification

# What each operation answers when all went well.
ANSWERS: dict[str, Any] = {
    "GET /health": Health,
    "GET /styles": Page[Style],
    "GET /models": Page[Model],
    "POST /subjects": Subject,
    "GET /subjects": Page[Subject],
    "GET /subjects/{subject_id}": Subject,
    "PATCH /subjects/{subject_id}": Subject,
    "DELETE /subjects/{subject_id}": Erasure,
    "POST /subjects/{subject_id}/photos": PhotoSlots,
    "GET /subjects/{subject_id}/photos": Photos,
    "GET /subjects/{subject_id}/photos/{photo_id}": Photo,
    "DELETE /subjects/{subject_id}/photos/{photo_id}": Nothing,
    "POST /uploads": UploadSlot,
    "GET /uploads": Page[Upload],
    "GET /uploads/{upload_id}": Upload,
    "DELETE /uploads/{upload_id}": Nothing,
    "GET /me": Me,
    "DELETE /me": Erasure,
    "GET /erasures/{erasure_id}": Erasure,
    "POST /subjects/{subject_id}/trainings": Training,
    "GET /subjects/{subject_id}/trainings": Page[Training],
    "GET /trainings/{training_id}": Training,
    "POST /trainings/{training_id}/cancel": Training,
    "POST /generations": GenerationSummary,
    "GET /generations": Page[GenerationSummary],
    "GET /generations/{generation_id}": Generation,
    "POST /generations/{generation_id}/cancel": Generation,
    "DELETE /generations/{generation_id}": Nothing,
    "POST /verify": Verification,
    "POST /generations/{generation_id}/images/{image_id}/report": Nothing,
    "POST /generations/{generation_id}/images/{image_id}/appeal": Nothing,
    "POST /me/appeal": Nothing,
    "GET /reviews": Page[ReviewSummary],
    "GET /reviews/audit": Page[AuditEntry],
    "GET /reviews/{review_id}": Review,
    "POST /reviews/{review_id}/decision": ReviewSummary,
}
# Answers in other shapes, by media type.
OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "GET /generations/{generation_id}": {
        "application/vnd.stability+json": StabilityAnswer,
        "application/vnd.jumpstart+json": JumpStartAnswer,
    }
}
