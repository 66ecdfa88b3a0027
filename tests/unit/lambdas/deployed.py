"""A deployment of fakes with one thing of every kind, and a witness of all its answers and logs."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter

from benchmarks.cross_tenant.rows import DOCUMENT
from lambdas import telemetry
from lambdas.domain.ids import Prefix, new_id
from lambdas.openapi.answers.common import Problem
from lambdas.openapi.operations import ANSWERS, OTHER_SHAPES
from tests.unit.lambdas import gateway
from tests.unit.lambdas.api.test_generations import ready_subject
from tests.unit.lambdas.gateway import Client, FakeContext
from tests.unit.lambdas.given import World, settings
from tests.unit.lambdas.surfaces import Sent
from tests.unit.lambdas.whole_api import WholeApi

DESCRIPTION = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
_LIMITS = {
    "subjects_per_user": 1000,
    "active_trainings_per_user": 1000,
    "active_generations_per_user": 1000,
}


class Deployed:
    """The whole API as one user calls it."""

    def __init__(self) -> None:
        self.world = World(settings=settings(limits=_LIMITS))
        self.api = WholeApi(self.world)
        owner, now = Client(self.api), self.world.clock.now()
        subject = ready_subject(self.world)
        self.ids: Mapping[str, str] = {
            "subject_id": subject.id,
            "photo_id": owner.get(f"/subjects/{subject.id}/photos").body["items"][0]["id"],
            "training_id": owner.get(f"/subjects/{subject.id}/trainings").body["items"][0]["id"],
            "upload_id": owner.post(
                "/uploads",
                {"purpose": "init_image", "content_type": "image/png", "size_bytes": 9},
            ).body["id"],
            "generation_id": owner.post("/generations", {"prompt": "a hat"}).body["id"],
            "image_id": new_id(Prefix.IMAGE, now),
            "review_id": f"rev_{'0' * 26}",
            "erasure_id": f"era_{'0' * 26}",
        }

    def send(self, path: str, sent: Sent) -> list[str]:
        """Ask, demand a described answer, and give the lines that were logged."""
        request = gateway.event(
            sent.method, sent.path, sent.body, headers=sent.headers, query=sent.query
        )
        with logged() as log:
            answer = self.api(request, FakeContext())
        status, text = answer["statusCode"], answer["body"]
        told = f"{sent.method} {path}: {status} {text[:300]} to {str(sent)[:600]}"
        # A path that is none any more once a text stands in it is not found, whatever it was.
        described = {*DESCRIPTION[path][sent.method.lower()]["responses"], "404"}
        assert str(status) in described, told
        assert status < 500, told
        document = json.loads(text)
        kind = answer["multiValueHeaders"]["Content-Type"][0]
        name = f"{sent.method} {path}"
        shapes = {"application/json": ANSWERS[name], **OTHER_SHAPES.get(name, {})}
        TypeAdapter(Problem if status >= 400 else shapes[kind]).validate_python(document)
        return log.getvalue().split("\n")[:-1]


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that functions write meanwhile: log lines and metrics."""
    written = io.StringIO()
    handlers = [h for h in telemetry.logger.handlers if isinstance(h, logging.StreamHandler)]
    before = [handler.setStream(written) for handler in handlers]
    try:
        with contextlib.redirect_stdout(written):
            yield written
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            handler.setStream(stream)
