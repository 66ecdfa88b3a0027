from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract.adapter import AdapterScores
from contract.training_job import Phase, Progress
from lambdas.api.trainings import TrainingPorts, build_app
from lambdas.domain.subject import Subject, SubjectKind
from lambdas.domain.training import TrainingState
from lambdas.records.review_openings import blocked
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import end_training, mark_running
from tests.unit.lambdas.gateway import OWNER, Client
from tests.unit.lambdas.given import SECOND_BASE, SETTINGS, World, settings


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return client_of(world)


def client_of(world: World) -> Client:
    return Client(
        build_app(
            TrainingPorts(
                table=world.table,
                clock=world.clock,
                persistence=lambda: world.persistence,
                runner=world.runner,
                work=world.work,
                settings=world.settings,
            )
        )
    )


def start(client: Client, subject: Subject) -> dict[str, Any]:
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert reply.status == 202, reply.body
    body: dict[str, Any] = reply.body
    return body


def report(world: World, training: dict[str, Any], text: bytes | None = None) -> None:
    progress = Progress(Phase.TRAINING, 20, 200, 0.25, datetime(2026, 11, 21, 12, 1, tzinfo=UTC))
    key = f"trainings/{OWNER}/{training['subject_id']}/{training['id']}/checkpoints/progress.json"
    world.work.objects_by_key[key] = text if text is not None else progress.to_json().encode()


def test_a_training_starts_an_execution_of_its_name_and_marks_its_subject(
    world: World, client: Client
) -> None:
    subject = world.subject()
    reply = client.post(f"/subjects/{subject.id}/trainings")
    training = reply.body
    assert reply.headers["Location"] == f"/v1/trainings/{training['id']}"
    assert (training["state"], training["attempt"]) == ("queued", 1)
    assert world.runner.documents[training["id"]] == {
        "training_id": training["id"],
        "subject_id": subject.id,
        "owner": OWNER,
    }
    after = world.subject_now(subject)
    assert (after.state, after.active_training) == ("training", training["id"])
    assert world.count("active_trainings") == 1


def test_a_training_learns_on_the_base_model_that_it_names_or_the_default() -> None:
    world = World(settings=settings(SECOND_BASE, limits={"active_trainings_per_user": 5}))
    client = client_of(world)
    told = {}
    for name in (None, "tiny-sd", "tiny-sdxl"):
        path = f"/subjects/{world.subject().id}/trainings"
        told[name] = client.post(path, {"base_model": name}).body
        assert world.training_now(told[name]["id"]).base_model == told[name]["base_model"]
    assert {name: each["base_model"] for name, each in told.items()} == {
        None: "tiny-sd",
        "tiny-sd": "tiny-sd",
        "tiny-sdxl": "tiny-sdxl",
    }


def test_a_base_model_that_is_not_on_offer_is_refused_with_those_that_are() -> None:
    world = World(settings=settings(SECOND_BASE))
    subject = world.subject()
    reply = client_of(world).post(f"/subjects/{subject.id}/trainings", {"base_model": "sd-9"})
    (problem,) = reply.body["errors"]
    assert (reply.status, problem["pointer"], problem["code"]) == (
        422,
        "/base_model",
        "unknown_model",
    )
    assert problem["detail"] == "must be one of: tiny-sd, tiny-sdxl"
    assert world.count("active_trainings") == 0


def test_photos_that_are_all_alike_are_refused_saying_what_to_add() -> None:
    rules = {**SETTINGS["photos"]["set"], "min_score": 100}
    world = World(settings=settings(photos={"set": rules}))
    subject = world.subject()
    reply = client_of(world).post(f"/subjects/{subject.id}/trainings")
    assert (reply.status, reply.code) == (409, "photos_too_alike")
    assert "Add two photos from the side" in reply.body["detail"]
    assert world.count("active_trainings") == 0


def test_a_training_has_the_preset_that_was_asked_for_or_the_operators(
    world: World, client: Client
) -> None:
    subject = world.subject()
    path = f"/subjects/{subject.id}/trainings"
    asked = client.post(path, {"preset": "fast"}).body
    assert asked["preset"] == "fast"
    assert world.training_now(asked["id"]).preset == "fast"
    client.post(f"/trainings/{asked['id']}/cancel")
    world.clock.advance(seconds=1)
    assert start(client, subject)["preset"] == "balanced"


def test_an_unknown_preset_is_refused_by_name_of_its_field(world: World, client: Client) -> None:
    subject = world.subject()
    reply = client.post(f"/subjects/{subject.id}/trainings", {"preset": "cheap"})
    assert (reply.status, reply.code) == (422, "validation_error")
    assert [each["pointer"] for each in reply.body["errors"]] == ["/preset"]
    assert world.runner.executions == {}


def test_scores_are_shown_once_a_training_has_succeeded(world: World, client: Client) -> None:
    training = start(client, world.subject())
    assert training["scores"] is None
    now = world.clock.now()
    mark_running(world.table, world.training_now(training["id"]), now, attempt=1)
    scores = AdapterScores("low-frequencies", 240, 0.9, None, 0.5, 0.9)
    end_training(world.table, OWNER, training["id"], TrainingState.SUCCEEDED, now, scores=scores)
    assert client.get(f"/trainings/{training['id']}").body["scores"] == {
        "measure": "low-frequencies",
        "step": 240,
        "identity": 0.9,
        "prompt_fidelity": None,
        "likeness": 0.5,
        "score": 0.9,
    }


@pytest.mark.parametrize(
    ("kind", "accepted", "missing"),
    [(SubjectKind.PERSON, 0, 10), (SubjectKind.PERSON, 9, 1), (SubjectKind.PET, 3, 1)],
)
def test_too_few_photos_are_refused_saying_how_many_are_missing(
    world: World, client: Client, kind: SubjectKind, accepted: int, missing: int
) -> None:
    subject = world.subject(accepted=accepted, kind=kind)
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert (reply.status, reply.code) == (409, "photos_missing")
    assert reply.body["detail"].startswith(f"{missing} more accepted photo")
    assert world.runner.executions == {}
    assert client.get(f"/subjects/{subject.id}/trainings").body["items"] == []


def test_a_second_training_of_the_same_subject_is_refused(world: World, client: Client) -> None:
    subject = world.subject()
    first = start(client, subject)
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert (reply.status, reply.code) == (409, "training_active")
    assert list(world.runner.executions) == [first["id"]]
    assert world.count("active_trainings") == 1


def test_of_two_trainings_at_the_same_moment_one_wins(world: World, client: Client) -> None:
    subject = world.subject()

    def first() -> None:
        start(client, subject)

    world.table.before_write = first
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert (reply.status, reply.code) == (409, "training_active")
    assert len(world.runner.executions) == 1


def test_another_subject_has_to_wait_while_the_limit_is_reached(
    world: World, client: Client
) -> None:
    start(client, world.subject())
    world.clock.advance(seconds=1)
    reply = client.post(f"/subjects/{world.subject().id}/trainings")
    assert (reply.status, reply.code) == (429, "too_many_active_trainings")
    assert int(reply.headers["Retry-After"]) > 0


def test_the_same_key_starts_one_training(world: World, client: Client) -> None:
    path = f"/subjects/{world.subject().id}/trainings"
    first = client.post(path, headers={"Idempotency-Key": "k"})
    again = client.post(path, headers={"Idempotency-Key": "k"})
    assert (first.status, again.status) == (202, 202)
    assert first.body == again.body
    assert len(world.runner.executions) == 1


def test_a_subject_that_is_deleted_meanwhile_is_not_trained(world: World, client: Client) -> None:
    subject = world.subject()

    def meanwhile() -> None:
        begin_subject_erasure(world.table, OWNER, subject.id, world.clock.now())

    world.table.before_write = meanwhile
    assert client.post(f"/subjects/{subject.id}/trainings").status == 404
    assert world.runner.executions == {}


def test_when_the_execution_cannot_start_the_subject_is_free_again(
    world: World, client: Client
) -> None:
    subject = world.subject()
    world.runner.available = False
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert world.subject_now(subject).state == "collecting"
    assert world.count("active_trainings") == 0
    world.runner.available = True
    world.clock.advance(seconds=1)
    start(client, subject)


def test_progress_is_what_the_job_reported_and_makes_the_training_run(
    world: World, client: Client
) -> None:
    training = start(client, world.subject())
    assert client.get(f"/trainings/{training['id']}").body["progress"] is None
    report(world, training)
    body = client.get(f"/trainings/{training['id']}").body
    assert body["state"] == "running"
    assert body["progress"] == {
        "phase": "training",
        "step": 20,
        "max_steps": 200,
        "loss": 0.25,
        "updated_at": "2026-11-21T12:01:00.000Z",
    }


@pytest.mark.parametrize("text", [b"{", b"x" * 70_000, b'{"format": 9}'])
def test_a_report_that_cannot_be_read_is_no_report(
    world: World, client: Client, text: bytes
) -> None:
    training = start(client, world.subject())
    report(world, training, text)
    body = client.get(f"/trainings/{training['id']}").body
    assert (body["state"], body["progress"]) == ("queued", None)


def test_a_training_can_be_read_while_its_reports_cannot(world: World, client: Client) -> None:
    training = start(client, world.subject())
    world.work.available = False
    assert client.get(f"/trainings/{training['id']}").body["progress"] is None


def test_a_cancelled_training_is_stopped_and_its_subject_free(world: World, client: Client) -> None:
    subject = world.subject()
    training = start(client, subject)
    reply = client.post(f"/trainings/{training['id']}/cancel")
    assert (reply.status, reply.body["state"]) == (200, "cancelled")
    assert world.runner.executions[training["id"]].status == "ABORTED"
    assert world.subject_now(subject).state == "collecting"
    assert world.subject_now(subject).active_training is None
    assert world.count("active_trainings") == 0


def test_cancelling_again_changes_nothing_and_stops_again(world: World, client: Client) -> None:
    training = start(client, world.subject())
    world.runner.available = False
    assert client.post(f"/trainings/{training['id']}/cancel").status == 503
    assert client.get(f"/trainings/{training['id']}").body["state"] == "cancelled"
    world.runner.available = True
    assert client.post(f"/trainings/{training['id']}/cancel").status == 200
    assert world.runner.executions[training["id"]].status == "ABORTED"
    assert world.count("active_trainings") == 0


def test_what_has_ended_cannot_be_cancelled(world: World, client: Client) -> None:
    training = start(client, world.subject())
    end_training(world.table, OWNER, training["id"], TrainingState.FAILED, world.clock.now())
    reply = client.post(f"/trainings/{training['id']}/cancel")
    assert (reply.status, reply.code) == (409, "training_ended")


def test_trainings_are_listed_newest_first_in_pages(world: World, client: Client) -> None:
    subject = world.subject()
    made = []
    for _ in range(3):
        made.append(start(client, subject)["id"])
        end_training(world.table, OWNER, made[-1], TrainingState.FAILED, world.clock.now())
        world.clock.advance(seconds=1)
    path = f"/subjects/{subject.id}/trainings"
    first = client.get(path, query={"limit": "2"}).body
    second = client.get(path, query={"limit": "2", "cursor": first["next_cursor"]}).body
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == made[::-1]


def test_someone_elses_training_is_not_found(world: World, client: Client) -> None:
    subject = world.subject()
    training = start(client, subject)
    other = client.as_someone_else()
    for reply in (
        other.get(f"/trainings/{training['id']}"),
        other.post(f"/trainings/{training['id']}/cancel"),
        other.get(f"/subjects/{subject.id}/trainings"),
        other.post(f"/subjects/{subject.id}/trainings"),
        client.get("/trainings/trn_1"),
    ):
        assert reply.status == 404


def test_the_trainings_of_a_deleted_subject_are_gone(world: World, client: Client) -> None:
    subject = world.subject()
    training = start(client, subject)
    begin_subject_erasure(world.table, OWNER, subject.id, world.clock.now())
    assert client.get(f"/trainings/{training['id']}").status == 404


def test_a_blocked_account_trains_nothing(world: World, client: Client) -> None:
    subject = world.subject()
    world.table.write(*blocked(world.table, OWNER, world.clock.now()))
    reply = client.post(f"/subjects/{subject.id}/trainings")
    assert (reply.status, reply.code) == (403, "account_blocked")
    assert world.runner.executions == {}
