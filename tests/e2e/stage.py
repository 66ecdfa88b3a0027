"""What the scenes need: users, photos, trained subjects, and a look behind the API."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from demo.client import AvatarClient
from demo.deployment import REGION
from demo.identity import Account, UserPool
from demo.journey import CONSENT, GENERATION_ENDS, TRAINING_ENDS
from demo.photos import portraits
from tests.e2e.confidences import Confidences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from demo.backstage import Backstage
    from demo.outputs import Outputs
    from demo.photos import Upload

T = TypeVar("T")
# Long enough to be recognised in a log.
NAME = "Augusta Ada Byron"
# Where a photo stays until somebody does something.
PHOTO_ENDS = {"accepted", "rejected", "expired", "in_review"}


@dataclass(frozen=True)
class Stage:
    """One deployment, for the whole session; `log` is that of the embedded AWS itself."""

    base_url: str
    backstage: Backstage
    log: Path
    confidences: Confidences = field(default_factory=Confidences)

    @classmethod
    def over(cls, backstage: Backstage) -> Stage:
        """The deployment whose embedded AWS keeps its run folder there."""
        assert backstage.folder is not None
        api = f"{backstage.endpoint}/restapis/{backstage.outputs.ApiId}/v1/_user_request_"
        return cls(api, backstage, backstage.folder.parent / "server.log")

    @property
    def outputs(self) -> Outputs:
        return self.backstage.outputs

    @property
    def pool(self) -> UserPool:
        return UserPool(
            endpoint=self.backstage.endpoint,
            region=REGION,
            pool_id=self.outputs.UserPoolId,
            client_id=self.outputs.UserPoolClientId,
        )

    def user(self, name: str) -> AvatarClient:
        """A new account, signed in."""
        account = Account.invent(name)
        self.pool.sign_up(account)
        tokens = self.pool.sign_in(account)
        self.confidences.of_account(account, tokens)
        session = self.confidences.session()
        return AvatarClient(self.base_url, tokens["AccessToken"], session)

    def moderator(self) -> AvatarClient:
        """A new account of the group that reviews."""
        account = Account.invent("moderator")
        self.pool.sign_up(account)
        self.backstage.make_moderator(account.email)
        return AvatarClient(self.base_url, self.pool.sign_in(account)["AccessToken"])

    def new_subject(self, user: AvatarClient, kind: str = "person") -> str:
        consent = {"statement": CONSENT, "accepted": True}
        subject = user.post("/subjects", {"name": NAME, "kind": kind, "consent": consent})
        return str(subject["id"])

    def upload(
        self, user: AvatarClient, subject: str, uploads: list[Upload], *, seconds: float = 90
    ) -> list[dict[str, Any]]:
        """Ask for slots, upload, wait for the verdicts; one photo document for each upload."""
        wanted = [{"content_type": u.content_type, "size_bytes": len(u.content)} for u in uploads]
        slots = user.post(f"/subjects/{subject}/photos", {"photos": wanted})["photos"]
        for slot, one in zip(slots, uploads, strict=True):
            self.confidences.of_picture(one.content)
            user.upload(slot, one.content).raise_for_status()
        return self.verdicts(user, subject, [slot["id"] for slot in slots], seconds=seconds)

    def upload_picture(
        self,
        user: AvatarClient,
        content: bytes,
        purpose: str = "init_image",
        *,
        seconds: float = 60,
    ) -> dict[str, Any]:
        """Upload a PNG that a generation shall begin with; its document after the verdict."""
        body = {"purpose": purpose, "content_type": "image/png", "size_bytes": len(content)}
        slot = user.post("/uploads", body)
        self.confidences.of_picture(content)
        user.upload(slot, content).raise_for_status()
        path = f"/uploads/{slot['id']}"
        return user.wait(path, lambda upload: upload["state"] in PHOTO_ENDS, seconds=seconds)

    def verdicts(
        self, user: AvatarClient, subject: str, ids: list[str], *, seconds: float = 90
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]] | None:
            found = {photo["id"]: photo for photo in user.items(f"/subjects/{subject}/photos")}
            photos = [found[one] for one in ids]
            return photos if all(photo["state"] in PHOTO_ENDS for photo in photos) else None

        return eventually(read, seconds=seconds)

    def thing_with_photos(self, user: AvatarClient) -> str:
        """The least that can be trained: four photos, where a person needs ten."""
        return self.subject_with_photos(user, 4, "object")

    def subject_with_photos(self, user: AvatarClient, count: int = 10, kind: str = "person") -> str:
        subject = self.new_subject(user, kind)
        photos = self.upload(user, subject, portraits(count))
        assert [photo["state"] for photo in photos] == ["accepted"] * count
        return subject

    def train(self, user: AvatarClient, subject: str) -> dict[str, Any]:
        training = user.post(f"/subjects/{subject}/trainings")
        return self.trained(user, training["id"])

    def trained(self, user: AvatarClient, training: str) -> dict[str, Any]:
        return user.wait(
            f"/trainings/{training}", lambda t: t["state"] in TRAINING_ENDS, seconds=300
        )

    def generate(self, user: AvatarClient, **body: Any) -> dict[str, Any]:
        body.setdefault("text_prompts", [{"text": "portrait of <subject>"}])
        body.setdefault("steps", 10)
        created = user.post("/generations", body)
        return self.generated(user, created["id"])

    def generated(self, user: AvatarClient, generation: str) -> dict[str, Any]:
        return user.wait(
            f"/generations/{generation}", lambda g: g["state"] in GENERATION_ENDS, seconds=180
        )

    def released_image(self, user: AvatarClient) -> bytes:
        """An image of the base model, as its owner downloads it."""
        ended = self.generate(user, text_prompts=[{"text": "a hat"}])
        assert ended["state"] == "succeeded", ended
        answer = requests.get(ended["artifacts"][0]["url"], timeout=10)
        answer.raise_for_status()
        return answer.content

    def fresh_worker(self, name: str) -> None:
        """The next call of `lambdas.<name>` starts a process that has asked for nothing yet."""
        functions, function = self.client("lambda"), self.function(name)
        configuration = functions.get_function_configuration(FunctionName=function)
        variables = {**configuration["Environment"]["Variables"], "FRESH": str(time.time_ns())}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": variables}
        )

    def function(self, name: str) -> str:
        """The physical name of the one function that runs `lambdas.<name>.handler`."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        names = [
            function["FunctionName"]
            for page in pages
            for function in page["Functions"]
            if function["Handler"] == f"lambdas.{name}.handler"
        ]
        assert len(names) == 1, f"{len(names)} functions run lambdas.{name}"
        return str(names[0])

    def client(self, service: str) -> Any:
        return self.backstage.client(service)

    def queue(self, part: str) -> str:
        """The URL of the one queue whose name contains `part` and is no dead-letter queue."""
        urls: list[str] = self.client("sqs").list_queues()["QueueUrls"]
        found = [u for u in urls if part in u.lower() and "dead" not in u.lower()]
        assert len(found) == 1, f"queues with {part!r}: {found}"
        return found[0]


def eventually(read: Callable[[], T | None], *, seconds: float, every: float = 0.4) -> T:
    """The first answer of `read` that is neither None nor False."""
    end = time.monotonic() + seconds
    while True:
        answer = read()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(every)
