"""What a day brings, and that nobody gets more of it by any way around."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lambdas.domain.errors import LimitReached
from lambdas.domain.quota import Metered
from lambdas.records.quotas import Spending, read_usage
from tests.unit.lambdas.api.subjects_world import ADA
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.gateway import OWNER, Client, Reply
from tests.unit.lambdas.given import START, World, settings
from tests.unit.lambdas.whole_api import WholeApi

A_DAY = {
    "subjects": 2,
    "uploads": 3,
    "trainings": 1,
    "generations": 3,
    "images": 5,
    "verifications": 2,
}
MANY = dict.fromkeys(
    ("subjects_per_user", "active_trainings_per_user", "active_generations_per_user"), 1000
)
SECONDS_TO_MIDNIGHT = 12 * 3600  # the fake clock starts at noon


@pytest.fixture
def world() -> World:
    return World(settings=settings(limits={**MANY, "per_day": A_DAY}))


@pytest.fixture
def client(world: World) -> Client:
    return Client(WholeApi(world))


def upload(client: Client, subject: str, count: int) -> Reply:
    file = {"content_type": "image/jpeg", "size_bytes": 10}
    return client.post(f"/subjects/{subject}/photos", {"photos": [file] * count})


def draw(client: Client, samples: int = 1) -> Reply:
    return client.post("/generations", {"prompt": "a hat", "samples": samples})


def verify(client: Client, image: bytes) -> Reply:
    return client.post("/verify", {"image": base64.b64encode(image).decode()})


def used(client: Client) -> dict[str, Any]:
    return {name: quota["used"] for name, quota in client.get("/me").body["quotas"].items()}


def assert_used_up(reply: Reply) -> None:
    assert (reply.status, reply.code) == (429, "daily_quota_reached")
    assert reply.headers["Retry-After"] == str(SECONDS_TO_MIDNIGHT)
    assert "2026-11-22T00:00:00.000Z" in reply.body["detail"]


def test_each_kind_has_its_own_quota_and_a_clear_end(world: World, client: Client) -> None:
    subject = [client.post("/subjects", ADA) for _ in range(2)][-1].body["id"]
    assert_used_up(client.post("/subjects", ADA))
    assert upload(client, subject, 2).status == 201
    assert_used_up(upload(client, subject, 2))
    assert upload(client, subject, 1).status == 201
    learned = [world.subject(), world.subject()]
    assert client.post(f"/subjects/{learned[0].id}/trainings").status == 202
    assert_used_up(client.post(f"/subjects/{learned[1].id}/trainings"))
    assert draw(client, 4).status == 202
    assert_used_up(draw(client, 2))
    assert draw(client, 1).status == 202
    assert_used_up(draw(client, 1))
    for _ in range(2):
        assert verify(client, png()).status == 200
    assert_used_up(verify(client, png()))
    assert used(client) == {
        "subjects": 2,
        "uploads": 3,
        "trainings": 1,
        "generations": 2,
        "images": 5,
        "verifications": 2,
    }


def test_what_is_refused_changes_nothing(client: Client) -> None:
    for _ in range(2):
        draw(client, 2)
    before = client.get("/generations").body["items"]
    assert draw(client, 2).status == 429
    assert client.get("/generations").body["items"] == before
    assert used(client)["generations"] == 2


def test_me_says_what_is_left_and_until_when(client: Client) -> None:
    client.post("/subjects", ADA)
    assert client.get("/me").body["quotas"]["subjects"] == {
        "used": 1,
        "limit": 2,
        "resets_at": "2026-11-22T00:00:00.000Z",
    }


def test_the_next_day_everything_is_counted_anew(world: World, client: Client) -> None:
    for _ in range(2):
        client.post("/subjects", ADA)
    world.clock.advance(seconds=SECONDS_TO_MIDNIGHT - 1)
    last = client.post("/subjects", ADA)
    assert (last.status, last.headers["Retry-After"]) == (429, "1")
    world.clock.advance(seconds=1)
    assert client.post("/subjects", ADA).status == 201
    assert used(client)["subjects"] == 1


def test_deleting_gives_nothing_back_and_erasing_the_account_is_no_way_around(
    world: World, client: Client
) -> None:
    for _ in range(2):
        subject = client.post("/subjects", ADA).body["id"]
        assert client.delete(f"/subjects/{subject}").status == 202
    assert_used_up(client.post("/subjects", ADA))
    for item in world.table.partition(f"OWNER#{OWNER}"):
        del world.table.items[next(k for k in world.table.items if k.sk == item["sk"])]
    assert_used_up(client.post("/subjects", ADA))


def test_the_count_names_nobody_and_goes_by_itself(world: World, client: Client) -> None:
    client.post("/subjects", ADA)
    (item,) = [item for key, item in world.table.items.items() if key.pk.startswith("USAGE#")]
    assert OWNER not in str(item)
    assert item["ttl"] == int(START.timestamp()) + SECONDS_TO_MIDNIGHT + 24 * 3600


def test_others_have_a_day_of_their_own(client: Client) -> None:
    for _ in range(3):
        client.post("/subjects", ADA)
    assert client.as_someone_else().post("/subjects", ADA).status == 201


def test_a_replayed_request_counts_once(client: Client) -> None:
    for _ in range(3):
        reply = client.post("/subjects", ADA, headers={"Idempotency-Key": "once"})
        assert reply.status == 201
    assert used(client)["subjects"] == 1


def test_what_the_service_could_not_begin_is_given_back(world: World, client: Client) -> None:
    world.backend.available = False
    assert draw(client, 4).status == 503
    world.runner.available = False
    assert client.post(f"/subjects/{world.subject().id}/trainings").status == 503
    assert set(used(client).values()) == {0}


def test_two_requests_at_the_same_moment_cannot_both_have_the_last(
    world: World, client: Client
) -> None:
    client.post("/subjects", ADA)
    world.table.before_write = lambda: client.post("/subjects", ADA)
    assert_used_up(client.post("/subjects", ADA))
    assert used(client)["subjects"] == 2


def test_a_quota_of_nothing_lets_nothing_begin() -> None:
    world = World(settings=settings(limits={**MANY, "per_day": {**A_DAY, "images": 0}}))
    assert_used_up(draw(Client(WholeApi(world))))


def test_a_spending_that_would_hold_by_now_has_no_refusal(world: World) -> None:
    spending = Spending(OWNER, {Metered.IMAGES: 5}, world.settings.limits.per_day, START)
    assert spending.refusal(world.table) is None
    world.table.write(spending.write)
    assert isinstance(spending.refusal(world.table), LimitReached)
    assert read_usage(world.table, OWNER, START)[Metered.IMAGES] == 5


def test_what_is_no_picture_costs_nothing_of_the_day(client: Client) -> None:
    assert verify(client, b"no picture").status == 422
    assert used(client)["verifications"] == 0
