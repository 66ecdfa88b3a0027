"""The bodies that `/subjects` takes, and the document that it gives."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lambdas.api.messages import Body
from lambdas.domain import moments
from lambdas.domain.retention import adapter_expires_at
from lambdas.domain.settings import DomainSettings
from lambdas.domain.subject import Subject, SubjectKind


def _is_text(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise PydanticCustomError("not_text", "holds characters that are not text")
    return text


def _is_given(accepted: bool) -> bool:
    if not accepted:
        raise PydanticCustomError(
            "consent_required", "nobody is learned without consent: this must be true"
        )
    return accepted


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_is_text),
]


class ConsentBody(Body):
    """What the caller declares about the right to use the photos."""

    statement: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
        AfterValidator(_is_text),
    ] = Field(description="The statement that was shown and agreed to.")
    accepted: Annotated[bool, AfterValidator(_is_given)] = Field(
        description="Must be true: the statement was agreed to."
    )
    version: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")] | None
    ) = Field(default=None, description="Which version of your wording was shown: `2026-11`.")


class CreateSubject(Body):
    """A new subject."""

    name: Name = Field(description="For its owner only; may be changed.")
    kind: SubjectKind
    class_noun: (
        Annotated[
            str,
            StringConstraints(min_length=2, max_length=40, pattern=r"^[A-Za-z]+( [A-Za-z]+)*$"),
        ]
        | None
    ) = Field(
        default=None,
        description="What it is an instance of, such as `dog`; by default a word for the kind.",
        json_schema_extra={"x-advanced": True},
    )
    consent: ConsentBody


class RenameSubject(Body):
    """A change to a subject."""

    name: Name


def subject_document(subject: Subject, settings: DomainSettings) -> dict[str, Any]:
    """A subject as its owner sees it."""
    photos, since = settings.photos, subject.adapter_since
    over = adapter_expires_at(settings.retention_days, since) if since else None
    expired = subject.adapter_expired_at
    return {
        "id": subject.id,
        "name": subject.name,
        "kind": subject.kind.value,
        "class_noun": subject.class_noun,
        "state": subject.state.value,
        "photos": {
            "accepted": subject.photos.accepted,
            "checking": subject.photos.checking,
            "rejected": subject.photos.rejected,
            "minimum": photos.minimum.of(subject.kind),
            "maximum": photos.maximum,
        },
        "active_training": subject.active_training,
        "adapter_expires_at": moments.to_text(over) if over else None,
        "adapter_expired_at": moments.to_text(expired) if expired else None,
        "consent": {
            "statement": subject.consent.statement,
            "sha256": subject.consent.sha256,
            "version": subject.consent.version,
            "given_at": moments.to_text(subject.consent.given_at),
            "given_by": subject.consent.given_by,
            "given_for": subject.consent.given_for,
        },
        "created_at": moments.to_text(subject.created_at),
    }
