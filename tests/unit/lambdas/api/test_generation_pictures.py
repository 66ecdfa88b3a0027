from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from contract.generation_source import Mask, MaskSource, Outpaint
from lambdas.api.generations import build_app
from lambdas.domain.generation import FinishReason
from lambdas.domain.locations import source_key
from lambdas.domain.quota import Metered
from lambdas.domain.upload import Upload, UploadPurpose, UploadRejection, UploadState
from lambdas.ports import Face, ModerationLabel
from lambdas.records import uploads
from lambdas.records.generations import begin_generation_erasure, read_generation
from lambdas.records.quotas import read_usage
from lambdas.records.standing import read_standing
from lambdas.records.subjects import begin_subject_erasure
from tests.unit.lambdas.api.test_generations import (
    create,
    document,
    finish,
    ready_subject,
)
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.events.erasure_world import Estate
from tests.unit.lambdas.fakes import FakeTable
from tests.unit.lambdas.gateway import OWNER, Client, Reply
from tests.unit.lambdas.given import SETTINGS, World, settings
from tests.unit.lambdas.pictures import decoded, encoded, picture
from tests.unit.lambdas.upload_slots import upload_slot

BODY: dict[str, Any] = {"text_prompts": [{"text": "a hat"}]}
KEPT = b"a normal picture"
UNSAFE = ModerationLabel("Explicit Nudity", "", 99.0)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return Client(build_app(world.generation_ports()))


def slot(
    world: World, purpose: UploadPurpose = UploadPurpose.INIT_IMAGE, owner: str = OWNER
) -> Upload:
    return upload_slot(world.table, world.settings, world.clock.now(), purpose, owner)


def judged(
    world: World,
    state: UploadState = UploadState.ACCEPTED,
    purpose: UploadPurpose = UploadPurpose.INIT_IMAGE,
    **facts: Any,
) -> str:
    """An upload that came to its end."""
    now, made = world.clock.now(), slot(world, purpose)
    if state is not UploadState.EXPIRED:
        assert uploads.begin_checking(world.table, made, now)
        made = uploads.read_upload(world.table, OWNER, made.id)
    if state is UploadState.ACCEPTED:
        sha256 = hashlib.sha256(KEPT).hexdigest()
        facts = {"width": 64, "height": 64, "has_alpha": False, "sha256": sha256, **facts}
        world.work.write(source_key(OWNER, made.id), KEPT, content_type="image/png")
    assert uploads.end_upload(world.table, made, state, now, now + timedelta(days=1), **facts)
    return made.id


def inline(image: Image.Image | None = None, kind: str = "PNG") -> str:
    return base64.b64encode(encoded(image, kind)).decode()


def ask(client: Client, **body: Any) -> Reply:
    return client.post("/generations", {**BODY, **body})


def nothing_began(world: World) -> bool:
    return not world.backend.requests and not world.count("active_generations")


def test_an_upload_is_copied_beside_the_request_that_begins_with_it(
    world: World, client: Client
) -> None:
    made = create(client, init_image=judged(world), image_strength=0.8)
    source = document(world, made["id"]).source
    assert source is not None
    key = f"generations/{OWNER}/{made['id']}/init.png"
    assert str(source.image.uri) == f"s3://work/{key}"
    assert world.work.objects_by_key[key] == KEPT
    assert source.image.sha256 == hashlib.sha256(KEPT).hexdigest()
    assert (source.noise_start, source.noise_end) == (0.2, 0.0)


def test_a_mask_lies_beside_its_init_image(world: World, client: Client) -> None:
    mask = judged(world, purpose=UploadPurpose.MASK_IMAGE)
    made = create(client, init_image=judged(world), mask_image=mask, mask_source="MASK_IMAGE_BLACK")
    found = document(world, made["id"]).mask
    assert found is not None
    assert found.source is MaskSource.MASK_IMAGE_BLACK
    assert found.image is not None
    assert str(found.image.uri).endswith(f"{made['id']}/mask.png")


def test_transparency_needs_no_mask_but_some_of_it(world: World, client: Client) -> None:
    made = create(client, init_image=judged(world, has_alpha=True), mask_source="INIT_IMAGE_ALPHA")
    assert document(world, made["id"]).mask == Mask(MaskSource.INIT_IMAGE_ALPHA, None)
    reply = ask(client, init_image=judged(world), mask_source="INIT_IMAGE_ALPHA")
    assert reply.body["errors"][0]["pointer"] == "/mask_source"
    assert reply.body["errors"][0]["code"] == "no_transparency"


def test_sides_are_added_and_results_enlarged(world: World, client: Client) -> None:
    made = create(client, init_image=judged(world), outpaint={"left": 16, "up": 8}, upscale=True)
    request = document(world, made["id"])
    assert (request.outpaint, request.upscale) == (Outpaint(16, 0, 8, 0), 2)
    assert (request.width, request.height) == (64, 64)
    saved = read_generation(world.table, OWNER, made["id"])
    assert saved.plan.output_size == (160, 144)


def released(world: World, client: Client, **body: Any) -> tuple[str, str]:
    """A finished generation and its one image."""
    made = create(client, **body)
    image = finish(world, made["id"], FinishReason.SUCCESS).shown[0].id
    return made["id"], image


def test_a_result_can_be_begun_with_and_needs_no_second_look(world: World, client: Client) -> None:
    _, image = released(world, client)
    made = create(client, init_image=image, upscale=4)
    source = document(world, made["id"]).source
    assert source is not None
    assert source.image.sha256 == hashlib.sha256(png()).hexdigest()
    assert world.work.objects_by_key[f"generations/{OWNER}/{made['id']}/init.png"] == png()
    assert world.image_moderation.calls == []


def test_only_what_its_owner_may_see_can_be_begun_with(world: World, client: Client) -> None:
    made = create(client, samples=2)
    ended = finish(world, made["id"], FinishReason.SUCCESS, FinishReason.CONTENT_FILTERED)
    shown, withheld = (artifact.id for artifact in ended.artifacts)
    assert ask(client, init_image=withheld).status == 404
    assert ask(client.as_someone_else(), init_image=shown).status == 404
    assert ask(client, init_image=shown).status == 202
    begin_generation_erasure(world.table, OWNER, made["id"], world.clock.now())
    assert ask(client, init_image=shown).status == 404


def test_a_file_in_the_request_is_examined_and_what_is_kept_is_the_normal_picture(
    world: World, client: Client
) -> None:
    made = create(client, init_image=f"data:image/jpeg;base64,{inline(kind='JPEG')}")
    kept = world.work.objects_by_key[f"generations/{OWNER}/{made['id']}/init.png"]
    assert decoded(kept).format == "PNG"
    source = document(world, made["id"]).source
    assert source is not None
    assert source.image.sha256 == hashlib.sha256(kept).hexdigest()
    assert world.image_moderation.calls == ["labels", "faces", "celebrities"]
    assert read_usage(world.table, OWNER, world.clock.now())[Metered.UPLOADS] == 1


@pytest.mark.parametrize("field", ["init_image", "mask_image"])
def test_an_unsafe_file_is_refused_whatever_it_is_for_and_counts(
    world: World, client: Client, field: str
) -> None:
    world.image_moderation.label_list = [UNSAFE]
    fields: dict[str, Any] = {"init_image": judged(world), field: inline()}
    if field == "mask_image":
        fields["mask_source"] = "MASK_IMAGE_WHITE"
    reply = ask(client, **fields)
    assert (reply.status, reply.code) == (422, "image_rejected")
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [(f"/{field}", "unsafe")]
    assert sum(read_standing(world.table, OWNER).counts.values()) == 1
    assert nothing_began(world)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (encoded(kind="GIF"), "unsupported_type"),
        (encoded()[:900], "unreadable"),
        (encoded(picture(40, 40)), "too_small"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_with_its_code(
    world: World, client: Client, content: bytes, code: str
) -> None:
    reply = ask(client, init_image=base64.b64encode(content).decode())
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [("/init_image", code)]
    assert not read_standing(world.table, OWNER).counts


def test_a_child_in_a_file_is_refused(world: World, client: Client) -> None:
    world.image_moderation.face_list = [Face(99.0, 0.4, 0.5, age_low=9)]
    assert ask(client, init_image=inline()).body["errors"][0]["code"] == "minor"


def test_without_moderation_nothing_begins_and_the_caller_may_come_back(
    world: World, client: Client
) -> None:
    world.image_moderation.available = False
    assert ask(client, init_image=inline()).status == 503
    assert nothing_began(world)
    assert read_usage(world.table, OWNER, world.clock.now())[Metered.UPLOADS] == 0


def test_files_count_as_uploads_before_anybody_looks_at_them() -> None:
    per_day = {**SETTINGS["limits"]["per_day"], "uploads": 1}
    world = World(settings=settings(limits={"per_day": per_day}))
    client = Client(build_app(world.generation_ports()))
    create(client, init_image=inline())
    looks = len(world.image_moderation.calls)
    reply = ask(client, init_image=inline())
    assert (reply.status, reply.code) == (429, "daily_quota_reached")
    assert len(world.image_moderation.calls) == looks


def test_words_are_screened_before_files_are_paid_for(world: World, client: Client) -> None:
    world.text_moderation.words = {"gore": {"GRAPHIC": 0.99}}
    reply = client.post("/generations", {"prompt": "gore", "init_image": inline()})
    assert (reply.status, reply.code) == (422, "prompt_rejected")
    assert world.image_moderation.calls == []


def test_two_files_fit_only_together(world: World, client: Client) -> None:
    noise = encoded(Image.effect_noise((1500, 1100), 120), "PNG")
    half = base64.b64encode(noise + bytes(2_200_000 - len(noise))).decode()
    reply = ask(client, init_image=half, mask_image=half, mask_source="MASK_IMAGE_WHITE")
    # The body is as large as Lambda takes at most, before anything is read.
    assert reply.status == 413
    assert world.image_moderation.calls == []


def test_a_replay_of_a_request_with_a_file_is_no_second_look(world: World, client: Client) -> None:
    body = {**BODY, "init_image": inline()}
    first = client.post("/generations", body, headers={"Idempotency-Key": "k"})
    looks = len(world.image_moderation.calls)
    again = client.post("/generations", body, headers={"Idempotency-Key": "k"})
    assert first.body == again.body
    assert len(world.image_moderation.calls) == looks
    kept = str([record.response_data for record in world.persistence.records.values()])
    assert body["init_image"][:40] not in kept


def test_only_a_file_in_a_request_loads_what_decodes_files() -> None:
    """The other routes of the function must not start later for it."""
    code = "import sys, lambdas.api.generations; sys.exit('PIL' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("state", [UploadState.AWAITING_UPLOAD, UploadState.CHECKING])
def test_an_upload_without_a_verdict_is_not_ready(
    world: World, client: Client, state: UploadState
) -> None:
    made = slot(world)
    if state is UploadState.CHECKING:
        uploads.begin_checking(world.table, made, world.clock.now())
    reply = ask(client, init_image=made.id)
    assert (reply.status, reply.code) == (409, "upload_not_ready")


def test_an_upload_that_never_came_says_so(world: World, client: Client) -> None:
    reply = ask(client, init_image=judged(world, UploadState.EXPIRED))
    assert (reply.status, reply.code) == (409, "upload_expired")


def test_a_rejected_upload_answers_with_its_own_code(world: World, client: Client) -> None:
    code = UploadRejection.MINOR
    upload = judged(world, UploadState.REJECTED, rejection=code.value)
    reply = ask(client, init_image=upload)
    assert (reply.status, reply.code) == (422, "image_rejected")
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [("/init_image", "minor")]


def test_an_upload_for_one_purpose_serves_no_other(world: World, client: Client) -> None:
    mask = judged(world, purpose=UploadPurpose.MASK_IMAGE)
    reply = ask(client, init_image=mask)
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [
        ("/init_image", "wrong_purpose")
    ]


def test_somebody_elses_upload_is_not_there(world: World, client: Client) -> None:
    upload = judged(world)
    assert ask(client.as_someone_else(), init_image=upload).status == 404
    assert ask(client, init_image=f"upl_{'0' * 26}").status == 404
    assert nothing_began(world)


def test_an_upload_that_is_erased_meanwhile_gives_everything_back(
    world: World, client: Client
) -> None:
    upload = judged(world)
    used = read_usage(world.table, OWNER, world.clock.now())
    world.table.before_write = lambda: world.work.delete([source_key(OWNER, upload)])
    assert ask(client, init_image=upload).status == 404
    assert nothing_began(world)
    assert read_usage(world.table, OWNER, world.clock.now()) == used


def test_a_result_that_the_endpoint_could_not_read_is_not_begun_with(
    world: World, client: Client
) -> None:
    generation, image = released(world, client)
    world.avatars.objects_by_key[f"{OWNER}/{generation}/{image}.png"] = bytes(33 * 2**20)
    reply = ask(client, init_image=image)
    assert reply.body["errors"][0]["code"] == "too_large"
    assert nothing_began(world) or world.count("active_generations") == 0


def test_the_request_is_read_back_without_any_picture(world: World, client: Client) -> None:
    upload, file = judged(world, purpose=UploadPurpose.MASK_IMAGE), inline()
    made = create(
        client,
        init_image=file,
        mask_image=upload,
        mask_source="MASK_IMAGE_WHITE",
        step_schedule_start=0.8,
        step_schedule_end=0.1,
        upscale=2,
    )
    told = client.get(f"/generations/{made['id']}").body
    assert file[:60] not in str(told)
    shown = {name: told["request"][name] for name in told["request"] if told["request"][name]}
    assert {
        "init_image": "inline",
        "init_image_mode": "STEP_SCHEDULE",
        "step_schedule_start": 0.8,
        "step_schedule_end": 0.1,
        "mask_image": upload,
        "mask_source": "MASK_IMAGE_WHITE",
        "upscale": 2,
    }.items() <= shown.items()
    assert told["request"]["image_strength"] is None
    assert told["request"]["outpaint"] is None


def test_the_shape_of_the_init_image_decides_the_size_unless_the_request_does(
    world: World,
) -> None:
    base = {**SETTINGS["base_model"], "sizes": [[64, 64], [96, 64], [64, 96]]}
    world = World(settings=settings(base_model=base))
    client = Client(build_app(world.generation_ports()))
    for fields, size in (({}, (96, 64)), ({"height": 96}, (64, 96))):
        made = create(client, init_image=inline(picture(300, 200)), **fields)
        request = document(world, made["id"])
        assert (request.width, request.height) == size


def test_more_pixels_than_the_environment_allows_are_refused() -> None:
    generation = {**SETTINGS["generation"], "max_output_pixels": 64 * 64 * 4}
    world = World(settings=settings(generation=generation))
    client = Client(build_app(world.generation_ports()))
    assert ask(client, upscale=2).status == 202
    reply = ask(client, upscale=4)
    assert reply.body["errors"][0] == {
        "pointer": "/upscale",
        "detail": "makes 256×256 pixels; all together may be 16384",
        "code": "output_too_large",
    }


def test_what_would_not_fit_is_refused_before_anybody_looks_at_a_picture() -> None:
    base = {**SETTINGS["base_model"], "sizes": [[1536, 1536], [2048, 1024]]}
    world = World(settings=settings(base_model=base))
    client = Client(build_app(world.generation_ports()))
    reply = ask(client, init_image=judged(world), outpaint={"left": 1024})
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [
        ("/outpaint", "output_too_large")
    ]
    assert world.text_moderation.asked == []


def test_nobody_is_put_into_an_image_of_somebody_else(world: World, client: Client) -> None:
    ada, bob = ready_subject(world), ready_subject(world)
    _, image = released(world, client, subject_id=ada.id)
    reply = ask(client, init_image=image, subject_id=bob.id)
    assert [(e["pointer"], e["code"]) for e in reply.body["errors"]] == [
        ("/init_image", "other_subject")
    ]
    assert ask(client, init_image=image, subject_id=ada.id).status == 202


def test_what_descends_from_an_image_of_a_subject_goes_with_the_subject() -> None:
    estate = Estate()
    world = estate.world
    client = Client(build_app(world.generation_ports()))
    ada = ready_subject(world)
    first, image = released(world, client, subject_id=ada.id)
    child, second = released(world, client, init_image=image)
    grandchild, _ = released(world, client, init_image=second, upscale=2)
    untied, _ = released(world, client)
    erasure = begin_subject_erasure(world.table, OWNER, ada.id, world.clock.now())
    assert ask(client, init_image=second).status == 404
    assert estate.erase(erasure) == []
    everything = " ".join([*estate.objects(), *estate.items()])
    for gone in (first, child, grandchild, ada.id):
        assert gone not in everything
    assert untied in everything


def test_an_erased_generation_takes_its_pictures_along() -> None:
    estate = Estate()
    client = Client(build_app(estate.world.generation_ports()))
    made, _ = released(estate.world, client, init_image=inline())
    assert f"work:generations/{OWNER}/{made}/init.png" in estate.objects()
    now = estate.world.clock.now()
    assert estate.erase(begin_generation_erasure(estate.world.table, OWNER, made, now)) == []
    assert made not in " ".join(estate.objects())


def test_images_that_began_in_the_same_moment_are_told_apart(world: World, client: Client) -> None:
    images = [released(world, client)[1] for _ in range(3)]
    assert len({image[:14] for image in images}) == 1
    assert isinstance(world.table, FakeTable)
    for image in images:
        made = create(client, init_image=image)
        finish(world, made["id"], FinishReason.SUCCESS)
