"""Text that tries to be something else, through every place that takes text: it stays text.

Refused or kept, it never breaks a handler, forges a log line, or gets into a key.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.cross_tenant.rows import DOCUMENT
from lambdas import telemetry
from lambdas.domain.ids import Prefix, new_id
from tests.unit.lambdas import gateway
from tests.unit.lambdas.api.test_generations import ready_subject
from tests.unit.lambdas.fakes import FakeObjectStore
from tests.unit.lambdas.gateway import OWNER, Client, FakeContext
from tests.unit.lambdas.given import World
from tests.unit.lambdas.given import settings as domain_settings
from tests.unit.lambdas.surfaces import Surface, surfaces
from tests.unit.lambdas.whole_api import WholeApi

MARK = "qzxmarkqzx"
FORGED = '\n{"level":"ERROR","message":"forged"}\n'
TRICKS = (
    "\x00", "\x1b[31m", FORGED, "\r\nX-Forged: yes", "\u2028", "\u202e", "\ufeff",
    "../", "..\\", "%2e%2e%2f", "%2F", "%00", "/", "//", "s3://avatars/", "\\\\", "~0", "~1",
    "OWNER#", "SUBJECT#", "#n0", ":v0", "attribute_exists(pk)", "SET pk = :v0", "{owner}",
    "$context.identity", "${aws:username}", "%(message)s", "' OR '1'='1", "<script>", "=1+1",
    "\U0001f600", "\U0010ffff", "e\u0301", "\ud800", "\udfff", "null", "[]", "-1", "1e309",
)  # fmt: skip
# What one request carries at once, so that every place meets every trick.
ALTOGETHER = (
    *("".join((MARK, *TRICKS[start::4], MARK)) for start in range(4)),
    MARK * 7000,
    f"{MARK}\U0001f600" * 2000,
)
LIMITS = {
    "subjects_per_user": 1000,
    "active_trainings_per_user": 1000,
    "active_generations_per_user": 1000,
}
PLACES = surfaces()
DESCRIPTION = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]


class Target:
    """A deployment with something of everything in it."""

    def __init__(self) -> None:
        self.world = World(settings=domain_settings(limits=LIMITS))
        self.api = WholeApi(self.world)
        owner, now = Client(self.api), self.world.clock.now()
        subject = ready_subject(self.world)
        self.ids = {
            "subject_id": subject.id,
            "photo_id": owner.get(f"/subjects/{subject.id}/photos").body["items"][0]["id"],
            "training_id": owner.get(f"/subjects/{subject.id}/trainings").body["items"][0]["id"],
            "generation_id": owner.post("/generations", {"prompt": "a hat"}).body["id"],
            "image_id": new_id(Prefix.IMAGE, now),
            "review_id": f"rev_{'0' * 26}",
            "erasure_id": f"era_{'0' * 26}",
        }

    def attack(self, place: Surface, text: str) -> None:
        """Send it, and demand that nothing gives way."""
        sent = place.sent(text, self.ids)
        request = gateway.event(
            sent.method, sent.path, sent.body, headers=sent.headers, query=sent.query
        )
        with logged() as log:
            answer = self.api(request, FakeContext())
        allowed = {*DESCRIPTION[place.path][place.method.lower()]["responses"], "404"}
        told = f"{place.name}, {text[:60]!r}: {answer['statusCode']} {answer['body'][:300]}"
        assert str(answer["statusCode"]) in allowed, told
        assert answer["statusCode"] < 500, told
        assert not {"\r", "\n"} & set(str(answer["multiValueHeaders"]["Content-Type"][0])), told
        json.loads(answer["body"])
        for line in log.getvalue().splitlines():
            assert isinstance(json.loads(line), dict), line
            assert MARK not in line, told
            assert '"message":"forged"' not in line, told
        self.assert_keys_are_ours(told)

    def assert_keys_are_ours(self, told: str) -> None:
        """No text of a client's in any key; everything lies under its owner's name."""
        for key, item in self.world.table.items.items():
            indexed = [str(item.get(name, "")) for name in ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")]
            assert MARK not in "".join([key.pk, key.sk, *indexed]), told
            assert key.pk.startswith(f"OWNER#{OWNER}") or OWNER not in key.pk, told
        for record in self.world.persistence.records:
            assert record.startswith(f"{OWNER}#"), told
            assert MARK not in record, told
        stores: list[FakeObjectStore] = [self.world.uploads, self.world.work, self.world.avatars]
        for store in stores:
            for object_key in store.objects_by_key:
                assert OWNER in object_key.split("/"), told
                assert MARK not in object_key, told
                assert not {"", ".", ".."} & set(object_key.split("/")), told


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


@pytest.mark.parametrize("operation", sorted({place.operation for place in PLACES}))
def test_every_place_of_every_route_meets_every_trick(operation: str) -> None:
    target = Target()
    for place in PLACES:
        if place.operation == operation:
            for text in ALTOGETHER:
                target.attack(place, text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_mixture_of_tricks_gets_further(data: Any) -> None:
    place = data.draw(st.sampled_from(PLACES))
    parts = st.one_of(st.sampled_from(TRICKS), st.text(max_size=20))
    text = "".join([*data.draw(st.lists(parts, max_size=6)), MARK])
    Target().attack(place, text)


def test_whatever_an_extra_field_holds_a_log_entry_is_one_line_of_json() -> None:
    with logged() as log:
        for trick in TRICKS:
            telemetry.logger.info("tried", extra={"generation_id": trick})
    lines = log.getvalue().splitlines()
    assert [json.loads(line)["generation_id"] for line in lines] == list(TRICKS)
    log.getvalue().encode()  # also to a stream that takes UTF-8 only


def test_the_places_are_all_there_are() -> None:
    names = {place.name for place in PLACES}
    assert {
        "POST /generations value text_prompts/0/text",
        "POST /generations value negative_prompt",
        "POST /subjects value consent/statement",
        "POST /subjects name ",
        "GET /subjects query cursor",
        "POST /subjects header Idempotency-Key",
        "GET /trainings/{training_id} path training_id",
    } <= names
