"""A user whose images are judged, a moderator who decides, and everything between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambdas.api import generations, subjects
from lambdas.api.reviews import ReviewPorts, build_app
from lambdas.api.subject_ports import SubjectPorts
from lambdas.domain.generation import Generation, image_id
from lambdas.events import erasure
from lambdas.ports import ModerationLabel
from tests.unit.lambdas.endpoint_answers import answer, colour_of, png
from tests.unit.lambdas.events.result_world import ResultWorld, told
from tests.unit.lambdas.fakes import (
    FakeImageModeration,
    FakeObjectStore,
    FakeSignIns,
    FakeTrainingJobs,
    LocalSigner,
)
from tests.unit.lambdas.gateway import Client, user_claims
from tests.unit.lambdas.sqs import deliver

RED, GREEN = (200, 30, 30), (30, 200, 30)
LABEL = {"name": "Explicit Nudity", "parent": "Explicit", "confidence": 99.0}
MODERATOR = "0de7a7e0-8a0b-4d7e-9d3c-2f6a1b0c9e33"
ANOTHER_MODERATOR = "1de7a7e0-8a0b-4d7e-9d3c-2f6a1b0c9e44"


class SeesRed(FakeImageModeration):
    """Moderation that flags red pictures."""

    def labels(self, image: bytes, *, min_confidence: float) -> Sequence[ModerationLabel]:
        red, green, _ = colour_of(image)
        return [ModerationLabel("Explicit Nudity", "", 99.0)] if red > green else []


class ReviewWorld(ResultWorld):
    """`user` owns the images; moderators see them through `moderator`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.image_moderation = SeesRed()
        self.photos = FakeObjectStore("photos")
        reviews = build_app(
            ReviewPorts(
                settings=self.settings,
                table=self.table,
                audit=self.audit,
                clock=self.clock,
                work=self.work,
                avatars=self.avatars,
                photos=self.photos,
                intake=self.intake,
                persistence=lambda: self.persistence,
                release=self.release,
            )
        )
        self.moderator = Client(reviews, _moderator(MODERATOR))
        self.another = Client(reviews, _moderator(ANOTHER_MODERATOR))
        self.outsider = Client(reviews)
        self.user = Client(generations.build_app(self.generation_ports()))
        self.account = Client(
            subjects.build_app(
                SubjectPorts(
                    settings=self.settings,
                    table=self.table,
                    uploads=self.uploads,
                    photos=self.photos,
                    work=self.work,
                    erasures=self.erasure,
                    clock=self.clock,
                    persistence=lambda: self.persistence,
                    screening=self.screening,
                )
            )
        )

    def judged(self, *colours: tuple[int, int, int]) -> Generation:
        """A generation whose images of these colours have been screened."""
        generation = self.begin(len(colours))
        self.leave_answer(generation, answer(generation, [png(colour) for colour in colours]))
        assert self.tell(told(generation)) == []
        self.clock.advance(seconds=1)
        return self.now_of(generation)

    def queue(self, **query: str) -> list[dict[str, Any]]:
        """What moderators see in the list."""
        found: list[dict[str, Any]] = self.moderator.get("/reviews", query=query).body["items"]
        return found

    def report(self, generation: Generation, index: int = 0, **body: Any) -> Any:
        return self.user.post(
            f"{image_path(generation, index)}/report", {"reason": "other", **body}
        )

    def appeal(self, generation: Generation, index: int = 0, **body: Any) -> Any:
        return self.user.post(f"{image_path(generation, index)}/appeal", body)

    def decide(self, review_id: str, decision: str, who: Client | None = None, **body: Any) -> Any:
        self.clock.advance(seconds=1)  # entries of one moment are in no order
        return (who or self.moderator).post(
            f"/reviews/{review_id}/decision", {"decision": decision, **body}
        )

    def url(self, generation: Generation, index: int = 0) -> str | None:
        """The link that the owner gets."""
        shown = self.user.get(f"/generations/{generation.id}").body["artifacts"][index]["url"]
        return str(shown) if shown else None

    def erase(self) -> None:
        """Run everything that waits to be erased."""
        handler = erasure.build_handler(
            erasure.ErasurePorts(
                table=self.table,
                idempotency=self.persistence,
                uploads=self.uploads,
                photos=self.photos,
                models=self.models,
                work=self.work,
                avatars=self.avatars,
                runner=self.runner,
                jobs=FakeTrainingJobs(),
                sign_ins=FakeSignIns(set()),
                signer=LocalSigner(),
                clock=self.clock,
                receipt_days=400,
            )
        )
        assert deliver(handler, *self.erasure.messages) == []
        self.erasure.messages.clear()

    def log(self, **query: str) -> list[dict[str, Any]]:
        """What stands in the audit log."""
        found: list[dict[str, Any]] = self.moderator.get("/reviews/audit", query=query).body[
            "items"
        ]
        return found


def image_path(generation: Generation, index: int = 0) -> str:
    return f"/generations/{generation.id}/images/{image_id(generation.id, index)}"


def _moderator(account: str) -> dict[str, str]:
    return user_claims(account, **{"cognito:groups": "[moderators]"})
