from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contract.generation import GenerationRequest
from lambdas.api.generations import build_app
from lambdas.domain.errors import Unavailable
from lambdas.domain.generation import (
    Artifact,
    FinishReason,
    Generation,
    GenerationState,
    image_id,
)
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.moments import to_text
from lambdas.domain.prompt_settings import PromptSettings
from lambdas.domain.subject import Subject
from lambdas.domain.training import PublishedAdapter, Training, TrainingState
from lambdas.ports import Invocation, Language
from lambdas.records.adapters import begin_adapter_erasure
from lambdas.records.generations import advance_generation, end_generation, read_generation
from lambdas.records.subjects import begin_subject_erasure
from lambdas.records.trainings import create_training, end_training, mark_running
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.gateway import OWNER, Client
from tests.unit.lambdas.given import SETTINGS, World, settings

BODY: dict[str, Any] = {"text_prompts": [{"text": "a hat"}]}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return Client(build_app(world.generation_ports()))


def ready_subject(world: World, base_model: str | None = None) -> Subject:
    subject = world.subject()
    now = world.clock.now()
    training = Training(
        new_id(Prefix.TRAINING, now), subject.id, OWNER, now, now, base_model=base_model
    )
    create_training(world.table, training, limit=5)
    mark_running(world.table, training, now, attempt=1)
    adapter = PublishedAdapter("a" * 64, 10)
    ids = (OWNER, training.id)
    end_training(world.table, *ids, TrainingState.SUCCEEDED, now, adapter=adapter)
    return world.subject_now(subject)


def create(client: Client, **body: Any) -> dict[str, Any]:
    reply = client.post("/generations", {**BODY, **body})
    assert reply.status == 202, reply.body
    made: dict[str, Any] = reply.body
    return made


def document(world: World, generation_id: str) -> GenerationRequest:
    key = f"generations/{OWNER}/{generation_id}/request.json"
    return GenerationRequest.from_json(world.work.objects_by_key[key])


def finish(world: World, generation_id: str, *reasons: FinishReason) -> Generation:
    """End it as the results' handler does, images included."""
    generation = read_generation(world.table, OWNER, generation_id)
    now = world.clock.now()
    advance_generation(world.table, generation, GenerationState.SCREENING, now)
    artifacts = [
        Artifact(image_id(generation_id, index), seed, reason)
        for index, (seed, reason) in enumerate(zip(generation.plan.seeds, reasons, strict=True))
    ]
    for artifact in artifacts:
        if artifact.finish_reason is FinishReason.SUCCESS:
            world.avatars.objects_by_key[f"{OWNER}/{generation_id}/{artifact.id}.png"] = png()
    filtered = FinishReason.CONTENT_FILTERED in reasons
    state = GenerationState.PARTIALLY_FILTERED if filtered else GenerationState.SUCCEEDED
    assert end_generation(world.table, OWNER, generation_id, state, now, artifacts=artifacts)
    return read_generation(world.table, OWNER, generation_id)


def test_a_generation_is_saved_written_and_handed_to_the_endpoint(
    world: World, client: Client
) -> None:
    world.backend.instances = 1
    subject = ready_subject(world)
    reply = client.post("/generations", {**BODY, "subject_id": subject.id, "samples": 2})
    made = reply.body
    assert reply.headers["Location"] == f"/v1/generations/{made['id']}"
    assert (made["state"], made["seeds"], made["subject_id"]) == ("queued", [42, 43], subject.id)
    request = document(world, made["id"])
    assert request.adapter is not None
    folder = f"s3://models/adapters/{OWNER}/{subject.id}/{subject.active_adapter}/"
    assert (str(request.adapter.uri), request.adapter.sha256) == (folder, "a" * 64)
    assert (request.seeds, request.width, request.base_model) == ((42, 43), 64, "tiny-sd")
    assert str(request.progress_uri) == (
        f"s3://work/generations/{OWNER}/{made['id']}/progress.json"
    )
    assert world.backend.requests[made["id"]] == (
        f"s3://work/generations/{OWNER}/{made['id']}/request.json"
    )
    assert world.count("active_generations") == 1
    saved = read_generation(world.table, OWNER, made["id"])
    assert saved.output_uri == f"s3://work/results/{made['id']}.out"


def test_the_answer_to_a_post_holds_no_words_since_replays_are_kept(client: Client) -> None:
    assert "hat" not in str(create(client))


def test_without_instances_it_is_warming_and_begins_when_the_endpoint_reports(
    world: World, client: Client
) -> None:
    made = create(client)
    assert made["state"] == "warming"
    assert made["warming_since"]
    assert client.get(f"/generations/{made['id']}").body["state"] == "warming"
    world.work.objects_by_key[f"generations/{OWNER}/{made['id']}/progress.json"] = b"{}"
    assert client.get(f"/generations/{made['id']}").body["state"] == "running"
    assert client.get(f"/generations/{made['id']}").body["warming_since"]


def test_a_queued_generation_is_warming_once_the_endpoint_went_to_sleep(
    world: World, client: Client
) -> None:
    world.backend.instances = 1
    made = create(client)
    assert client.get(f"/generations/{made['id']}").body["state"] == "queued"
    world.backend.instances = 0
    assert client.get(f"/generations/{made['id']}").body["state"] == "warming"


def test_a_generation_can_be_read_while_the_endpoint_cannot_be_asked(
    world: World, client: Client
) -> None:
    world.backend.instances = 1
    made = create(client)
    world.backend.available = False
    assert client.get(f"/generations/{made['id']}").body["state"] == "queued"


def test_a_generation_stays_queued_if_the_endpoints_status_is_unknown(world: World) -> None:
    class Mute(type(world.backend)):  # type: ignore[misc]
        def status(self) -> Any:
            raise Unavailable("endpoint")

    world.backend = Mute()
    assert create(Client(build_app(world.generation_ports())))["state"] == "queued"


def test_a_subject_without_an_adapter_is_not_ready(world: World, client: Client) -> None:
    reply = client.post("/generations", {**BODY, "subject_id": world.subject().id})
    assert (reply.status, reply.code) == (409, "subject_not_ready")
    assert world.backend.requests == {}


def test_a_subject_that_is_trained_again_keeps_serving(world: World, client: Client) -> None:
    subject = ready_subject(world)
    world.clock.advance(seconds=1)
    now = world.clock.now()
    again = Training(new_id(Prefix.TRAINING, now), subject.id, OWNER, now, now)
    create_training(world.table, again, limit=5)
    create(client, subject_id=subject.id)


@pytest.mark.parametrize("name", ["sub_1", "sub_01M7YZMHG04CXG8MHBM0S5PHRW"])
def test_a_subject_that_is_not_there_is_not_found(client: Client, name: str) -> None:
    assert client.post("/generations", {**BODY, "subject_id": name}).status == 404


def test_someone_elses_subject_is_not_found(world: World, client: Client) -> None:
    subject = ready_subject(world)
    other = client.as_someone_else()
    assert other.post("/generations", {**BODY, "subject_id": subject.id}).status == 404


def test_a_subject_whose_adapter_was_kept_for_its_time_has_to_be_trained_again(
    world: World, client: Client
) -> None:
    subject = ready_subject(world)
    training = world.training_now(subject.active_adapter or "")
    begin_adapter_erasure(world.table, training, world.clock.now())
    reply = client.post("/generations", {**BODY, "subject_id": subject.id})
    assert (reply.status, reply.code) == (409, "adapter_expired")


def test_a_cancelled_generation_is_kept_as_a_request(world: World, client: Client) -> None:
    made = create(client)
    assert made["expires_at"] is None
    cancelled = client.post(f"/generations/{made['id']}/cancel").body
    over = world.clock.now() + timedelta(days=world.settings.retention_days.requests or 0)
    assert cancelled["expires_at"] == to_text(over)


def test_a_subject_that_is_deleted_meanwhile_makes_no_images(world: World, client: Client) -> None:
    subject = ready_subject(world)

    def delete() -> None:
        begin_subject_erasure(world.table, OWNER, subject.id, world.clock.now())

    world.table.before_write = delete
    reply = client.post("/generations", {**BODY, "subject_id": subject.id})
    assert (reply.status, reply.code) == (409, "subject_not_ready")
    assert world.backend.requests == {}


def nothing_happened(world: World, client: Client) -> bool:
    return (
        client.get("/generations").body["items"] == []
        and world.backend.requests == {}
        and world.count("active_generations") == 0
    )


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("a naked man", "SEXUAL"),
        ("a sexy schoolgirl", "SEXUAL_MINORS"),
        ("you are awful", "INSULT"),
    ],
)
def test_words_that_must_not_become_a_picture_are_refused_with_their_category(
    world: World, client: Client, text: str, category: str
) -> None:
    world.text_moderation.words = {"awful": {"INSULT": 0.9, "PROFANITY": 0.6}}
    reply = client.post("/generations", {"text_prompts": [{"text": text}]})
    assert (reply.status, reply.code, reply.body["category"]) == (422, "prompt_rejected", category)
    assert text not in str(reply.body)
    assert nothing_happened(world, client)


@pytest.mark.parametrize(
    "body",
    [
        {"text_prompts": [{"text": "a hat"}, {"text": "v3rmin", "weight": 0.1}]},
        {"text_prompts": [{"text": "a hat"}, {"text": "vermin", "weight": -1}]},
        {"text_prompts": [{"text": "a hat"}, {"text": "vermin", "weight": 0}]},
        {"prompt": "verm\u200bin"},
        {"prompt": "a hat", "negative_prompt": "v e r m i n"},
        {"description": "vermin"},
        {"description": "a hat", "image_type": "a vermin photo"},
        {"description": "a hat", "style": "vermin"},
    ],
)
def test_words_are_screened_however_they_are_spelled(
    world: World, client: Client, body: dict[str, Any]
) -> None:
    world.text_moderation.words = {"vermin": {"HATE_SPEECH": 0.9}}
    reply = client.post("/generations", body)
    assert (reply.status, reply.body.get("category")) == (422, "HATE_SPEECH")
    assert nothing_happened(world, client)


def test_a_person_is_not_shown_as_a_child_and_a_stranger_may_be(
    world: World, client: Client
) -> None:
    body = {"text_prompts": [{"text": "<subject> as a child"}]}
    reply = client.post("/generations", {**body, "subject_id": ready_subject(world).id})
    assert (reply.code, reply.body["category"]) == ("prompt_rejected", "MINORS")
    create(client, **body)


def test_another_language_is_translated_for_screening_and_drawn_as_it_is(
    world: World, client: Client
) -> None:
    text = "un homme au chapeau rouge"
    world.text_moderation.language_words = {"homme": [Language("fr", 0.99)]}
    world.text_moderation.words = {"red hat": {"INSULT": 0.9}}
    made = create(client, text_prompts=[{"text": text}])
    assert document(world, made["id"]).prompts[0].text == text
    world.translation.phrases = {text: "a man with a red hat"}
    reply = client.post("/generations", {"text_prompts": [{"text": text}]})
    assert reply.body["category"] == "INSULT"


def test_another_language_is_refused_where_nothing_is_translated(world: World) -> None:
    prompts = PromptSettings(other_languages="refuse")
    moderation = {**SETTINGS["moderation"], "prompts": prompts.model_dump()}
    world.settings = settings(moderation=moderation)
    client = Client(build_app(world.generation_ports()))
    reply = client.post("/generations", {"text_prompts": [{"text": "портрет женщины в саду"}]})
    assert (reply.status, reply.code) == (422, "language_not_supported")
    assert reply.body["category"] == "LANGUAGE"


@pytest.mark.parametrize(
    "text", ["a sexy schoolgirl Xyzzy", "awful Xyzzy", "портрет Xyzzy", "Xyzzy"]
)
def test_no_word_of_a_prompt_reaches_the_log(
    world: World, client: Client, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.text_moderation.words = {"awful": {"INSULT": 0.9}}
    world.translation.available = False
    client.post("/generations", {"text_prompts": [{"text": text}]})
    world.text_moderation.failing = {"personal_data"}
    client.post("/generations", {"text_prompts": [{"text": text}]})
    logged = "".join(capsys.readouterr())
    assert logged
    for word in text.split():
        assert word == "a" or word not in logged


def test_what_is_not_wanted_may_be_named_unless_it_decides_the_picture(
    world: World, client: Client
) -> None:
    world.text_moderation.words = {"awful": {"INSULT": 0.9}}
    prompts = [{"text": "a hat"}, {"text": "naked, awful", "weight": -1}]
    create(client, text_prompts=prompts)
    reply = client.post("/generations", {"text_prompts": prompts, "cfg_scale": 0.5})
    assert reply.code == "prompt_rejected"


def test_the_subjects_noun_is_read_with_the_words(world: World, client: Client) -> None:
    subject = ready_subject(world)
    world.text_moderation.words = {"person": {"INSULT": 0.9}}
    reply = client.post("/generations", {**BODY, "subject_id": subject.id})
    assert (reply.status, reply.body["code"]) == (422, "prompt_rejected")


def test_a_weight_too_small_to_notice_is_none(world: World, client: Client) -> None:
    tiny = [{"text": "a hat"}, {"text": "a scarf", "weight": 1e-200}]
    made = create(client, text_prompts=tiny, cfg_scale=1e-300)
    plan = read_generation(world.table, OWNER, made["id"]).plan
    assert (plan.cfg_scale, [prompt.weight for prompt in plan.prompts]) == (0, [1, 0])
    alone = client.post("/generations", {"text_prompts": tiny[1:]})
    assert alone.body["errors"][0]["code"] == "no_positive_prompt"


def test_without_moderation_nothing_is_accepted(world: World, client: Client) -> None:
    world.text_moderation.available = False
    reply = client.post("/generations", BODY)
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert nothing_happened(world, client)


@pytest.mark.parametrize("part", ["backend", "work"])
def test_when_the_endpoint_cannot_take_it_nothing_has_happened(
    world: World, client: Client, part: str
) -> None:
    getattr(world, part).available = False
    reply = client.post("/generations", BODY)
    assert reply.status == 503
    assert nothing_happened(world, client)


def test_what_the_endpoint_took_is_accepted_even_if_that_cannot_be_noted(world: World) -> None:
    taken = world.backend.invoke

    def take(*names: Any, **options: Any) -> Invocation:
        def hook() -> None:
            raise Unavailable("records")

        world.table.before_write = hook
        return taken(*names, **options)

    world.backend.invoke = take  # type: ignore[method-assign]
    assert Client(build_app(world.generation_ports())).post("/generations", BODY).status == 202


def test_giving_up_on_an_account_that_is_erased_meanwhile_is_no_error(world: World) -> None:
    class Failing(type(world.backend)):  # type: ignore[misc]
        def invoke(self, *_: Any, **__: Any) -> Invocation:
            world.table.items.clear()
            raise Unavailable("endpoint")

    world.backend = Failing()
    assert Client(build_app(world.generation_ports())).post("/generations", BODY).status == 503


def test_as_many_generations_as_allowed_may_be_under_way(world: World, client: Client) -> None:
    for _ in range(3):
        create(client)
        world.clock.advance(seconds=1)
    reply = client.post("/generations", BODY)
    assert (reply.status, reply.code) == (429, "too_many_active_generations")
    first = client.get("/generations").body["items"][0]["id"]
    client.post(f"/generations/{first}/cancel")
    create(client)


def test_the_same_key_makes_one_generation(world: World, client: Client) -> None:
    first = client.post("/generations", BODY, headers={"Idempotency-Key": "k"})
    again = client.post("/generations", BODY, headers={"Idempotency-Key": "k"})
    assert first.body == again.body
    assert len(world.backend.requests) == 1
    other = client.post("/generations", {"prompt": "x"}, headers={"Idempotency-Key": "k"})
    assert other.status == 409


def test_a_finished_generation_shows_released_images_only(world: World, client: Client) -> None:
    made = create(client, samples=2)
    finish(world, made["id"], FinishReason.SUCCESS, FinishReason.CONTENT_FILTERED)
    body = client.get(f"/generations/{made['id']}").body
    assert body["state"] == "partially_filtered"
    shown, withheld = body["artifacts"]
    assert f"{OWNER}/{made['id']}/{shown['id']}.png" in shown["url"]
    assert (shown["seed"], shown["finish_reason"]) == (42, "SUCCESS")
    assert shown["identity_score"] is None
    assert (withheld["finish_reason"], withheld["url"]) == ("CONTENT_FILTERED", None)
    assert body["request"]["text_prompts"] == [{"text": "a hat", "weight": 1.0}]
    assert (body["request"]["seed"], body["request"]["samples"]) == (42, 2)


def test_a_cancelled_generation_has_ended(world: World, client: Client) -> None:
    made = create(client)
    for _ in range(2):
        reply = client.post(f"/generations/{made['id']}/cancel")
        assert (reply.status, reply.body["state"]) == (200, "cancelled")
        assert reply.body["artifacts"] == []
    assert world.count("active_generations") == 0


def test_what_has_ended_cannot_be_cancelled(world: World, client: Client) -> None:
    made = create(client)
    finish(world, made["id"], FinishReason.SUCCESS)
    reply = client.post(f"/generations/{made['id']}/cancel")
    assert (reply.status, reply.code) == (409, "generation_ended")


@pytest.mark.parametrize("ended", [False, True])
def test_a_deleted_generation_is_gone_and_will_be_erased(
    world: World, client: Client, ended: bool
) -> None:
    made = create(client)
    if ended:
        finish(world, made["id"], FinishReason.SUCCESS)
    assert client.delete(f"/generations/{made['id']}").status == 202
    assert world.erasure.messages == [{"kind": "generation", "owner": OWNER, "id": made["id"]}]
    assert client.get(f"/generations/{made['id']}").status == 404
    assert client.delete(f"/generations/{made['id']}").status == 404
    assert client.post(f"/generations/{made['id']}/cancel").status == 404
    assert client.get("/generations").body["items"] == []
    assert world.count("active_generations") == 0


def test_someone_elses_generation_is_not_found(client: Client) -> None:
    made = create(client)
    other = client.as_someone_else()
    for reply in (
        other.get(f"/generations/{made['id']}"),
        other.post(f"/generations/{made['id']}/cancel"),
        other.delete(f"/generations/{made['id']}"),
        client.get("/generations/gen_x"),
    ):
        assert reply.status == 404
    assert other.get("/generations").body["items"] == []


def test_generations_are_listed_newest_first_in_pages(world: World, client: Client) -> None:
    made = []
    for _ in range(3):
        made.append(create(client)["id"])
        world.clock.advance(seconds=1)
    first = client.get("/generations", query={"limit": "2"}).body
    rest = client.get("/generations", query={"limit": "2", "cursor": first["next_cursor"]}).body
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]


def test_stabilitys_clients_get_the_shape_that_they_parse(world: World, client: Client) -> None:
    made = create(client, samples=2)
    accept = {"Accept": "application/vnd.stability+json"}
    assert client.get(f"/generations/{made['id']}", headers=accept).body["state"] == "warming"
    finish(world, made["id"], FinishReason.SUCCESS, FinishReason.CONTENT_FILTERED)
    reply = client.get(f"/generations/{made['id']}", headers=accept)
    assert reply.headers["Content-Type"] == accept["Accept"]
    assert reply.body == {
        "result": "success",
        "artifacts": [
            {"seed": 42, "base64": base64.b64encode(png()).decode(), "finishReason": "SUCCESS"},
            {"seed": 43, "base64": "", "finishReason": "CONTENT_FILTERED"},
        ],
    }


def test_jumpstarts_clients_get_the_shape_that_they_parse(world: World, client: Client) -> None:
    made = create(client, samples=2)
    done = finish(world, made["id"], FinishReason.SUCCESS, FinishReason.SUCCESS)
    lost = f"{OWNER}/{made['id']}/{done.artifacts[1].id}.png"
    del world.avatars.objects_by_key[lost]
    accept = {"Accept": "application/vnd.jumpstart+json"}
    reply = client.get(f"/generations/{made['id']}", headers=accept)
    assert reply.body == {
        "generated_images": [base64.b64encode(png()).decode()],
        "prompt": "a hat",
    }


def test_a_document_that_is_too_large_to_answer_is_put_aside(world: World, client: Client) -> None:
    made = create(client)
    done = finish(world, made["id"], FinishReason.SUCCESS)
    key = f"{OWNER}/{made['id']}/{done.artifacts[0].id}.png"
    world.avatars.objects_by_key[key] = b"x" * 5_000_000
    accept = {"Accept": "application/vnd.stability+json"}
    reply = client.get(f"/generations/{made['id']}", headers=accept)
    assert reply.status == 303
    aside = f"generations/{OWNER}/{made['id']}/stability.json"
    assert reply.headers["Location"].startswith(f"https://work.example/{aside}")
    assert len(world.work.objects_by_key[aside]) > 6_000_000


@pytest.mark.parametrize(
    ("of_base", "of_environment", "expected"),
    [
        ("", "", ["a hat", "rain"]),
        ("ugly", "", ["a hat", "ugly", "rain"]),
        ("", "nude", ["a hat", "nude", "rain"]),
        ("ugly", "nude, gore", ["a hat", "ugly, nude, gore", "rain"]),
    ],
)
def test_the_endpoint_steers_away_from_what_base_model_and_environment_do_not_want(
    world: World, of_base: str, of_environment: str, expected: list[str]
) -> None:
    world.settings = settings(
        base_model={"default_negative_prompt": of_base},
        generation={"negative_prompt": of_environment},
    )
    client = Client(build_app(replace(world.generation_ports(), settings=world.settings)))
    made = create(client, text_prompts=None, prompt="a hat", negative_prompt="rain")
    prompts = document(world, made["id"]).prompts
    assert [p.text for p in prompts] == expected
    assert [p.weight for p in prompts] == [1.0] + [-1.0] * (len(expected) - 1)
    # Ours is no client's: what it names is not held against them.
    assert not any("gore" in seen for seen in world.text_moderation.seen)


def test_how_much_an_image_looks_like_its_subject_is_told(world: World, client: Client) -> None:
    made = create(client)
    generation = read_generation(world.table, OWNER, made["id"])
    now = world.clock.now()
    advance_generation(world.table, generation, GenerationState.SCREENING, now)
    image = Artifact(image_id(generation.id, 0), 42, FinishReason.SUCCESS, identity_score=0.8731)
    ended = GenerationState.SUCCEEDED
    assert end_generation(world.table, OWNER, generation.id, ended, now, artifacts=[image])
    (shown,) = client.get(f"/generations/{generation.id}").body["artifacts"]
    assert shown["identity_score"] == 0.8731
