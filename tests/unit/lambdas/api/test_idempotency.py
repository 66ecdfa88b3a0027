from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lambdas.api.http import Api
from lambdas.api.idempotency import record_id
from lambdas.api.messages import Answer, Body, Request, created
from lambdas.domain.errors import Conflict, DomainError, Refused
from lambdas.domain.ids import Prefix, new_id
from lambdas.records import keys
from tests.unit.lambdas.fakes import START, FakeClock, FakePersistence, FakeTable
from tests.unit.lambdas.gateway import OWNER, Client, Reply


class Order(Body):
    what: str = "one"


@dataclass
class Shop:
    """Counts how often work was really done."""

    table: FakeTable = field(default_factory=FakeTable)
    persistence: FakePersistence = field(default_factory=FakePersistence)
    done: int = 0
    error: Exception | None = None
    reentry: list[Reply] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        api = Api(table=self.table, clock=FakeClock(), persistence=lambda: self.persistence)

        @api.post("/orders", body=Order, status=201)
        def order(request: Request[Order]) -> Answer:
            self.done += 1
            self.meanwhile()
            if self.error is not None:
                raise self.error
            return created(f"/orders/{self.done}", {"number": self.done})

        @api.post("/shops/{shop_id}/orders", status=201)
        def elsewhere(request: Request[None]) -> Answer:
            self.done += 1
            if request.path["shop_id"] == "busy":
                self.reentry.append(self.client.post("/shops/busy/orders", headers=_key("k")))
            return created("/orders/1", {"number": self.done})

        self.client = Client(api)

    def order(self, key: str = "k", what: str = "one") -> Reply:
        return self.client.post("/orders", {"what": what}, headers=_key(key))


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_without_a_key_everything_happens_again(shop: Shop) -> None:
    assert [shop.client.post("/orders", {}).body["number"] for _ in range(2)] == [1, 2]


def test_a_repetition_gets_the_first_answer(shop: Shop) -> None:
    first, second = shop.order(), shop.order()
    assert shop.done == 1
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_spelling_the_same_body_differently_is_the_same_request(shop: Shop) -> None:
    shop.order()
    reply = shop.client.call("POST", "/orders", raw='{ "what" : "one" }', headers=_key("k"))
    assert reply.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    shop.order()
    reply = shop.order(what="two")
    assert (reply.status, reply.code) == (409, "idempotency_key_reused")
    assert shop.done == 1


def test_the_same_key_for_another_thing_of_the_same_route_is_refused(shop: Shop) -> None:
    shop.client.post("/shops/a/orders", headers=_key("k"))
    reply = shop.client.post("/shops/b/orders", headers=_key("k"))
    assert reply.code == "idempotency_key_reused"


def test_keys_of_other_owners_and_routes_are_other_keys(shop: Shop) -> None:
    shop.order()
    assert shop.client.as_someone_else().post("/orders", {}, headers=_key("k")).status == 201
    assert shop.client.post("/shops/a/orders", headers=_key("k")).status == 201
    assert shop.done == 3


def test_while_the_first_is_worked_on_the_second_is_told_to_wait(shop: Shop) -> None:
    assert shop.client.post("/shops/busy/orders", headers=_key("k")).status == 201
    (second,) = shop.reentry
    assert (second.status, second.code) == (409, "idempotency_in_progress")
    assert second.headers["Retry-After"] == "2"


@pytest.mark.parametrize("error", [Conflict("Not now.", code="x"), RuntimeError("bug")])
def test_what_may_pass_later_is_not_kept(shop: Shop, error: Exception) -> None:
    shop.error = error
    assert shop.order().status == (409 if isinstance(error, DomainError) else 500)
    shop.error = None
    assert shop.order().status == 201


def test_a_refusal_that_would_come_again_is_kept(shop: Shop) -> None:
    shop.error = Refused("INSULT")
    first = shop.order()
    shop.error = None
    second = shop.order()
    assert (first.status, second.status) == (422, 422)
    assert second.headers["Content-Type"] == "application/problem+json"
    assert shop.done == 1


def test_a_body_that_is_not_valid_uses_up_no_key(shop: Shop) -> None:
    assert shop.client.post("/orders", {"x": 1}, headers=_key("k")).status == 422
    assert shop.order().status == 201


@pytest.mark.parametrize("key", ["", " " * 0 + "x" * 256, "a\tb"])
def test_a_key_has_bounds(shop: Shop, key: str) -> None:
    reply = shop.order(key)
    assert (reply.status, reply.code) == (400, "bad_idempotency_key")


def test_if_answers_cannot_be_kept_the_caller_still_gets_the_first(shop: Shop) -> None:
    shop.persistence.keeps_answers = False
    assert shop.order().status == 201


def test_if_keys_cannot_be_looked_up_nothing_is_done(shop: Shop) -> None:
    shop.persistence.available = False
    reply = shop.order()
    assert (reply.status, reply.code) == (503, "unavailable")
    assert shop.done == 0


def test_the_owner_s_partition_knows_every_kept_answer(shop: Shop) -> None:
    shop.order()
    (record,) = shop.persistence.records
    assert record == record_id(f"{OWNER}#POST /orders", "k")
    note = shop.table.get(keys.idempotency_key(OWNER, record))
    assert note is not None
    assert note["record"] == record
    assert "ttl" in note
    assert note["about"] == []


def test_an_answer_is_noted_with_all_that_it_tells_of(shop: Shop) -> None:
    subject = new_id(Prefix.SUBJECT, START)
    shop.client.post(f"/shops/{subject}/orders", headers=_key("k"))
    (note,) = (i for i in shop.table.items.values() if i["sk"].startswith(keys.IDEMPOTENCY))
    assert note["about"] == [subject]


def test_a_repetition_leaves_the_note_of_what_the_answer_tells_of(shop: Shop) -> None:
    subject = new_id(Prefix.SUBJECT, START)
    for _ in range(2):
        shop.client.post(f"/shops/{subject}/orders", headers=_key("k"))
    (note,) = (i for i in shop.table.items.values() if i["sk"].startswith(keys.IDEMPOTENCY))
    assert note["about"] == [subject]


def test_without_the_note_of_what_it_tells_of_an_answer_is_given_all_the_same(shop: Shop) -> None:
    shop.table.fail_after = 1
    assert shop.order().status == 201
    (note,) = shop.table.items.values()
    assert "about" not in note


def test_an_answer_whose_note_an_erasure_removed_meanwhile_is_not_kept(shop: Shop) -> None:
    def erasure() -> None:
        shop.persistence.records.clear()
        shop.table.items.clear()

    shop.meanwhile = erasure
    assert shop.order().status == 201
    assert shop.persistence.records == {}
    assert shop.table.items == {}


def test_if_such_an_answer_cannot_be_removed_the_caller_gets_it_all_the_same(shop: Shop) -> None:
    shop.meanwhile = shop.table.items.clear
    shop.persistence.deletes = False
    assert shop.order().status == 201
