"""For each role a scene, as short as can be, that needs everything the role may do.

A scene passes with the deployed roles and raises anything at all when something is refused. Each
brings its own user, so that one that failed leaves nothing in the way of the next. Time-outs are
short: they are how most refusals show. The schedule of the reconciler must be off, or it mends what
a scene is to notice.
"""

from __future__ import annotations

import base64
import io
import json
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests
from PIL import Image

from demo.client import ApiError, AvatarClient
from demo.journey import GENERATION_ENDS, TRAINING_ENDS
from demo.photos import broken, jpeg, portraits
from local_aws.testcards import Card, stamped
from tests.e2e.lost_events import reconcile, without_upload_events
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.stage import Stage


@dataclass(frozen=True)
class Scenes:
    """`ready` gives a user and a subject of theirs that has an adapter."""

    stage: Stage
    ready: Callable[[], tuple[AvatarClient, str]]

    def of(self, role: str) -> Callable[[], None]:
        """The scene of a role, by its construct; KeyError if nobody wrote one."""
        return {
            "AnsweringCatalogueRole": self.catalogue,
            "AnsweringSubjectsRole": self.subjects,
            "AnsweringTrainingsRole": self.trainings,
            "AnsweringGenerationsRole": self.generations,
            "AnsweringVerifyRole": self.verify,
            "AnsweringReviewsRole": self.reviews,
            "BackgroundIntakeHandlerRole": self.intake,
            "BackgroundErasureHandlerRole": self.erasure,
            "BackgroundReconcilerHandlerRole": self.reconciler,
            "PrepareRole": self.whole_training,
            "PublishRole": self.whole_training,
            "JobRole": self.whole_training,
            "TrainingRole": self.whole_training,
            "FailedRole": self.failing_training,
            "EventsHandlerRole": self.aborted_training,
            "ResultsHandlerRole": self.results,
            "ServingRole": self.serving,
        }[role]

    def catalogue(self) -> None:
        user = self.stage.user("reader")
        for path in ("/health", "/styles", "/models"):
            user.get(path)

    def subjects(self) -> None:
        user = self.stage.user("owner")
        subject = self.stage.new_subject(user)
        photo = self.stage.upload(user, subject, portraits(1), seconds=15)[0]
        source = self.stage.upload_picture(user, png(), seconds=15)
        for picture in (photo, source):
            requests.get(picture["url"], timeout=10).raise_for_status()
        user.get("/me")
        user.delete(f"/subjects/{subject}")
        user.delete(f"/uploads/{source['id']}")
        eventually(lambda: self._clean({subject, photo["id"], source["id"]}), seconds=15)

    def trainings(self) -> None:
        with self._training() as (user, training):
            subject = user.get(f"/trainings/{training}")["subject_id"]
            assert list(user.items(f"/subjects/{subject}/trainings"))
            eventually(lambda: user.get(f"/trainings/{training}")["progress"], seconds=40)
            user.post(f"/trainings/{training}/cancel")
            self._no_training_process()

    def generations(self) -> None:
        # A file in a request is looked at by the function itself.
        picture = base64.b64encode(portraits(1)[0].content).decode()
        body = {"text_prompts": [{"text": "a hat"}], "init_image": picture, "image_strength": 0}
        user, ended = self._woken_generation(body)
        requests.get(ended["artifacts"][0]["url"], timeout=10).raise_for_status()
        user.delete(f"/generations/{ended['id']}")
        eventually(lambda: self._clean({ended["id"]}), seconds=15)

    def verify(self) -> None:
        user = self.stage.user("finder")
        released = self.stage.released_image(user)
        upload = self.stage.upload_picture(user, released)
        body = {"image": base64.b64encode(released).decode()}
        # In a worker of its own, which has asked KMS and Systems Manager for nothing yet.
        self.stage.fresh_worker("api.verify")
        assert user.post("/verify", body)["by"] == ["content_credentials", "watermark"]
        assert user.post("/verify", {"upload_id": upload["id"]})["by"] == ["watermark"]

    def serving(self) -> None:
        user, subject = self.ready()
        body = {"text_prompts": [{"text": "<subject>"}], "subject_id": subject}
        self._woken_generation(body, user)

    def results(self) -> None:
        # A worker keeps the watermark's secret and the certificates.
        self.stage.fresh_worker("events.results")
        user, subject = self.ready()
        ended = self._partly_withheld(user, subject_id=subject)
        # Without the right to read a photo there is nothing to compare with, and no failure.
        assert any(image["identity_score"] is not None for image in ended["artifacts"]), ended

    def reviews(self) -> None:
        user, moderator = self.stage.user("painter"), self.stage.moderator()
        # No grant of this role is needed for that, so it may take its time.
        ended = self._partly_withheld(user, seconds=150)
        withheld, shown, *_ = sorted(ended["artifacts"], key=lambda each: each["finish_reason"])
        path = f"/generations/{ended['id']}"
        user.post(f"{path}/images/{shown['id']}/report", {"reason": "other"})
        # A worker keeps the watermark's secret and the certificates.
        self.stage.fresh_worker("api.reviews")
        for image, decision in ((withheld, "release"), (shown, "withhold")):
            (review,) = [e for e in moderator.items("/reviews") if e["image_id"] == image["id"]]
            self._decide(moderator, review, decision)
        self._famous_photo(user, moderator)
        urls = {each["id"]: each["url"] for each in user.get(path)["artifacts"]}
        assert urls[shown["id"]] is None
        requests.get(urls[withheld["id"]], timeout=10).raise_for_status()
        assert requests.get(shown["url"], timeout=10).status_code in {403, 404}
        actions = [e["action"] for e in moderator.items("/reviews/audit")]
        assert actions[-6:] == ["view_clear", "decide"] * 3, actions

    def _famous_photo(self, user: AvatarClient, moderator: AvatarClient) -> None:
        """It is held, shown to a moderator, and judged beside the others once it was released."""
        subject = self.stage.new_subject(user)
        (portrait,) = portraits(1)
        with Image.open(io.BytesIO(portrait.content)) as picture:
            famous = replace(portrait, content=jpeg(stamped(picture, Card.CELEBRITY)))
        (photo,) = self.stage.upload(user, subject, [famous], seconds=20)
        assert photo["state"] == "in_review", photo
        (review,) = [e for e in moderator.items("/reviews") if e["photo_id"] == photo["id"]]
        self._decide(moderator, review, "release")
        path = f"/subjects/{subject}/photos/{photo['id']}"
        eventually(lambda: user.get(path)["state"] == "accepted", seconds=20)

    @staticmethod
    def _decide(moderator: AvatarClient, review: dict[str, Any], decision: str) -> None:
        """Look at both previews, then decide."""
        for preview in ("blurred", "clear"):
            read = moderator.get(f"/reviews/{review['id']}?preview={preview}")
            requests.get(read["preview"]["url"], timeout=10).raise_for_status()
        moderator.post(f"/reviews/{review['id']}/decision", {"decision": decision})

    def _partly_withheld(
        self, user: AvatarClient, *, seconds: float = 40, subject_id: str | None = None
    ) -> dict[str, Any]:
        """A generation of four images, of which one was withheld."""
        self.stage.backstage.withhold_next_image()
        text = "<subject>" if subject_id else "a hat"
        body = {"text_prompts": [{"text": text}], "steps": 10, "samples": 4}
        if subject_id:
            body["subject_id"] = subject_id
        created = user.post("/generations", body)["id"]
        ended = user.wait(
            f"/generations/{created}", lambda g: g["state"] in GENERATION_ENDS, seconds=seconds
        )
        assert ended["state"] == "partially_filtered", ended
        return ended

    def intake(self) -> None:
        user = self.stage.user("owner")
        subject = self.stage.new_subject(user)
        # Two faces: they are compared with each other.
        photos = self.stage.upload(user, subject, [*portraits(2), broken()], seconds=20)
        assert [photo["state"] for photo in photos] == ["accepted", "accepted", "rejected"]
        content = self.stage.released_image(user)
        assert self.stage.upload_picture(user, content, seconds=20)["state"] == "accepted"

    def erasure(self) -> None:
        with self._training() as (user, training):
            eventually(lambda: bool(self.stage.backstage.processes("training")), seconds=20)
            erasure = user.delete("/me")["id"]
            self._no_training_process()
            # Also the sign-in and the signature: a receipt comes last.
            user.wait(f"/erasures/{erasure}", lambda e: e["state"] == "completed", seconds=20)
            eventually(lambda: self._clean({training, owner_of(user)}), seconds=20)

    def reconciler(self) -> None:
        user = self.stage.user("owner")
        subject = self.stage.new_subject(user)
        content = portraits(1)[0].content
        wanted = {"photos": [{"content_type": "image/jpeg", "size_bytes": len(content)}] * 2}
        slot, unused = user.post(f"/subjects/{subject}/photos", wanted)["photos"]
        with without_upload_events(self.stage):
            user.upload(slot, content).raise_for_status()
        records = f"OWNER#{owner_of(user)}", f"PHOTO#{subject}#"
        for photo, attribute in (
            (slot, "created_at"),
            (unused, "created_at"),
            (unused, "expires_at"),
        ):
            self._age(records[0], f"{records[1]}{photo['id']}", attribute)
        with self._training() as (trainer, training):
            # Until then the record still moves, and grows young again.
            eventually(lambda: trainer.get(f"/trainings/{training}")["progress"], seconds=30)
            self._age(f"OWNER#{owner_of(trainer)}", f"TRAINING#{training}", "gsi2sk")
            reconcile(self.stage)
        _, lapsed = self.stage.verdicts(user, subject, [slot["id"], unused["id"]], seconds=15)
        assert lapsed["state"] == "expired", lapsed

    def whole_training(self) -> None:
        with self._training() as (user, training):
            ended = user.wait(
                f"/trainings/{training}",
                # A second attempt is a failure already, and another minute.
                lambda t: t["state"] in TRAINING_ENDS or t["attempt"] > 1,
                seconds=60,
            )
        assert ended["state"] == "succeeded", ended

    def failing_training(self) -> None:
        """The job cannot read its photos, and the step that judges failures says so."""
        with self._training(spoil=True) as (user, training):
            ended = user.wait(
                f"/trainings/{training}", lambda t: t["state"] in TRAINING_ENDS, seconds=60
            )
        assert ended["failure"]["code"] == "photos_unusable", ended

    def aborted_training(self) -> None:
        """An operator stops the execution; only the event tells the application."""
        with self._training() as (user, training):
            machine = self.stage.outputs.StateMachineArn
            execution = machine.replace(":stateMachine:", ":execution:")
            self.stage.client("stepfunctions").stop_execution(
                executionArn=f"{execution}:{training}"
            )
            ended = user.wait(
                f"/trainings/{training}", lambda t: t["state"] in TRAINING_ENDS, seconds=15
            )
        assert ended["state"] == "failed", ended

    @contextmanager
    def _training(self, *, spoil: bool = False) -> Iterator[tuple[AvatarClient, str]]:
        """A new user's training, begun; stopped at the end of the block."""
        user = self.stage.user("trainer")
        subject = self.stage.new_subject(user, "object")
        photos = self.stage.upload(user, subject, portraits(4), seconds=30)
        assert all(photo["state"] == "accepted" for photo in photos)
        if spoil:
            for photo in photos:
                self.stage.client("s3").put_object(
                    Bucket=self.stage.outputs.PhotosBucket,
                    Key=f"{owner_of(user)}/{subject}/{photo['id']}.jpg",
                    Body=b"no photo",
                )
        training = user.post(f"/subjects/{subject}/trainings")["id"]
        try:
            yield user, training
        finally:
            with suppress(ApiError):  # it has ended, or the role may not
                user.post(f"/trainings/{training}/cancel")

    def _woken_generation(
        self, body: dict[str, Any], user: AvatarClient | None = None
    ) -> tuple[AvatarClient, dict[str, Any]]:
        """By a process that was not there before, seen warming and then running."""
        self.stage.backstage.wait_for_serving(False, 120)
        user = user or self.stage.user("painter")
        created = user.post("/generations", {**body, "steps": 50, "samples": 4})["id"]
        states: dict[str, None] = {}
        ended = user.wait(
            f"/generations/{created}",
            lambda g: g["state"] in GENERATION_ENDS,
            seen=lambda g: states.setdefault(g["state"]),
            seconds=60,
            every=0.1,
        )
        assert ended["state"] == "succeeded", ended
        assert {"warming", "running"} <= set(states), list(states)
        return user, ended

    def _no_training_process(self) -> None:
        eventually(lambda: not self.stage.backstage.processes("training"), seconds=20)

    def _clean(self, ids: set[str]) -> bool:
        return not any(self.stage.backstage.traces(ids).values())

    def _age(self, partition: str, sort: str, attribute: str) -> None:
        """Let a record look an hour old."""
        then = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 3600))
        self.stage.client("dynamodb").update_item(
            TableName=self.stage.outputs.TableName,
            Key={"pk": {"S": partition}, "sk": {"S": sort}},
            UpdateExpression="SET #a = :then",
            ExpressionAttributeNames={"#a": attribute},
            ExpressionAttributeValues={":then": {"S": then}},
        )


def png() -> bytes:
    """A drawn portrait, as an upload may be."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(portraits(1)[0].content)) as picture:
        picture.save(out, "PNG")
    return out.getvalue()


def owner_of(user: AvatarClient) -> str:
    """The `sub` claim of their token."""
    claims = str(user.token).split(".")[1]
    decoded = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    return str(json.loads(decoded)["sub"])
