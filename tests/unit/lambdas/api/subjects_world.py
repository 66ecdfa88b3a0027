"""The API of subjects over fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lambdas.api.subject_ports import SubjectPorts
from lambdas.api.subjects import build_app
from lambdas.domain.settings import DomainSettings
from lambdas.domain.text_screening import TextScreening
from tests.unit.lambdas.fakes import (
    FakeClock,
    FakeObjectStore,
    FakePersistence,
    FakeQueue,
    FakeTable,
    FakeTextModeration,
)
from tests.unit.lambdas.gateway import Client, Reply
from tests.unit.lambdas.given import settings

CONSENT: dict[str, Any] = {
    "statement": "I may use these photos.",
    "version": "2026-11",
    "accepted": True,
}
ADA = {"name": "Ada", "kind": "person", "consent": CONSENT}


def rules() -> DomainSettings:
    """Few subjects, so that their limit is soon reached."""
    return settings(limits={"subjects_per_user": 3})


@dataclass
class SubjectsWorld:
    """One deployment of the function."""

    settings: DomainSettings = field(default_factory=rules)
    table: FakeTable = field(default_factory=FakeTable)
    uploads: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("uploads"))
    photos: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("photos"))
    work: FakeObjectStore = field(default_factory=lambda: FakeObjectStore("work"))
    erasures: FakeQueue = field(default_factory=FakeQueue)
    clock: FakeClock = field(default_factory=FakeClock)
    persistence: FakePersistence = field(default_factory=FakePersistence)
    text_moderation: FakeTextModeration = field(default_factory=FakeTextModeration)

    def __post_init__(self) -> None:
        self.client = Client(
            build_app(
                SubjectPorts(
                    settings=self.settings,
                    table=self.table,
                    uploads=self.uploads,
                    photos=self.photos,
                    work=self.work,
                    erasures=self.erasures,
                    clock=self.clock,
                    persistence=lambda: self.persistence,
                    screening=TextScreening(self.settings.moderation.prompts, self.text_moderation),
                )
            )
        )

    def new_subject(self, **changes: Any) -> str:
        reply = self.client.post("/subjects", {**ADA, **changes})
        assert reply.status == 201
        return str(reply.body["id"])

    def ask(self, subject_id: str, count: int = 1, client: Client | None = None) -> Reply:
        upload = {"content_type": "image/jpeg", "size_bytes": 1000}
        return (client or self.client).post(
            f"/subjects/{subject_id}/photos", {"photos": [upload] * count}
        )

    def photo_ids(self, subject_id: str, count: int = 1) -> list[str]:
        reply = self.ask(subject_id, count)
        assert reply.status == 201
        return [photo["id"] for photo in reply.body["photos"]]
