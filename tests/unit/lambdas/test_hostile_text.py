"""Text that tries to be something else, through every place that takes text: it stays text.

Refused or kept, it never breaks a handler, forges a log line, or gets into a key.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas import telemetry
from tests.unit.lambdas.deployed import Deployed, logged
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.surfaces import Surface, surfaces

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
PLACES = surfaces()


def attack(target: Deployed, place: Surface, text: str) -> None:
    """Send it, and demand that nothing gives way."""
    told = f"{place.name}, {text[:60]!r}"
    for line in target.send(place.path, place.sent(text, target.ids)):
        assert isinstance(json.loads(line), dict), line
        assert MARK not in line, told
        assert '"message":"forged"' not in line, told
    for key, item in target.world.table.items.items():
        indexed = [str(item.get(name, "")) for name in ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")]
        assert MARK not in "".join([key.pk, key.sk, *indexed]), told
        assert key.pk.startswith(f"OWNER#{OWNER}") or OWNER not in key.pk, told
    for record in target.world.persistence.records:
        assert record.startswith(f"{OWNER}#"), told
        assert MARK not in record, told
    for store in (target.world.uploads, target.world.work, target.world.avatars):
        for object_key in store.objects_by_key:
            assert OWNER in object_key.split("/"), told
            assert MARK not in object_key, told
            assert not {"", ".", ".."} & set(object_key.split("/")), told


@pytest.mark.parametrize("operation", sorted({place.operation for place in PLACES}))
def test_every_place_of_every_route_meets_every_trick(operation: str) -> None:
    target = Deployed()
    for place in PLACES:
        if place.operation == operation:
            for text in ALTOGETHER:
                attack(target, place, text)


@settings(max_examples=40)
@given(data=st.data())
def test_no_mixture_of_tricks_gets_further(data: Any) -> None:
    place = data.draw(st.sampled_from(PLACES))
    parts = st.one_of(st.sampled_from(TRICKS), st.text(max_size=20))
    text = "".join([*data.draw(st.lists(parts, max_size=6)), MARK])
    attack(Deployed(), place, text)


def test_whatever_an_extra_field_holds_a_log_entry_is_one_line_of_json() -> None:
    with logged() as log:
        for trick in TRICKS:
            telemetry.logger.info("tried", extra={"generation_id": trick})
    lines = log.getvalue().split("\n")[:-1]
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
