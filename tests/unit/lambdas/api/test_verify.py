from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from lambdas.adapters.content_credentials import CredentialsReading, CredentialsSigning
from lambdas.adapters.watermarking import Watermarking
from lambdas.api.verify import MAX_IMAGE_BYTES, VerifyPorts, build_app
from lambdas.domain.generation import Generation
from lambdas.domain.locations import SourceKey, avatar_key, source_key
from lambdas.domain.upload import Upload, UploadPurpose
from lambdas.events.upload_intake import UploadIntake
from lambdas.openapi.answers.verify import Verification
from lambdas.records import keys
from lambdas.records.uploads import read_upload
from lambdas.release import Release
from lambdas.table import Delete
from tests.unit.lambdas.adapters.local_signer import installed, signer
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.events.result_world import ResultWorld
from tests.unit.lambdas.gateway import OWNER, Client, Reply, user_claims
from tests.unit.lambdas.upload_slots import upload_slot

WATERMARK = Watermarking(lambda: b"k" * 32)
CHAIN, SIGN = signer()
BOTH = ["content_credentials", "watermark"]
NOTHING: dict[str, Any] = {
    "from_here": "no",
    "by": [],
    "read": BOTH,
    "when": None,
    "generation_id": None,
}


class VerifyWorld(ResultWorld):
    """A world whose marks are real."""

    def released(self, *, credentials: bool = True) -> tuple[Generation, bytes]:  # type: ignore[override]
        generation = self.begin(1)
        signing = CredentialsSigning(installed(CHAIN), SIGN, self.clock)
        markings = (WATERMARK, signing) if credentials else (WATERMARK,)
        release = Release(self.settings, self.table, self.clock, self.avatars, markings)
        release(generation, "img", png(size=(128, 128)))
        return generation, self.avatars.objects_by_key[avatar_key(OWNER, generation.id, "img")]

    def uploaded(self, content: bytes, purpose: UploadPurpose = UploadPurpose.INIT_IMAGE) -> Upload:
        """Sent by POST /uploads, and taken in."""
        upload = upload_slot(self.table, self.settings, self.clock.now(), purpose)
        key = SourceKey(OWNER, upload.id)
        self.uploads.objects_by_key[str(key)] = content
        moderation = self.image_moderation
        UploadIntake(
            self.settings, self.table, self.uploads, self.work, moderation, self.clock
        ).take(key)
        return read_upload(self.table, OWNER, upload.id)

    @property
    def client(self) -> Client:
        return Client(
            build_app(
                VerifyPorts(
                    settings=self.settings,
                    table=self.table,
                    clock=self.clock,
                    persistence=lambda: self.persistence,
                    work=self.work,
                    watermark=WATERMARK,
                    credentials=CredentialsReading(installed(CHAIN)),
                )
            )
        )


@pytest.fixture
def world() -> VerifyWorld:
    return VerifyWorld()


def ask(client: Client, image: bytes, **more: Any) -> Reply:
    return client.post("/verify", {"image": base64.b64encode(image).decode()}, **more)


def as_jpeg(image: bytes) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(image)) as opened:
        opened.save(out, "JPEG", quality=90)
    return out.getvalue()


def test_a_released_image_is_known_by_both_marks_and_told_to_its_owner(
    world: VerifyWorld,
) -> None:
    generation, image = world.released()
    reply = ask(world.client, image)
    assert reply.status == 200
    Verification.model_validate(reply.body)
    assert reply.body == {
        "from_here": "yes",
        "by": BOTH,
        "read": BOTH,
        "when": "2026-11-21T12:00:00.000Z",
        "generation_id": generation.id,
    }


def test_saved_again_it_is_known_by_its_watermark(world: VerifyWorld) -> None:
    generation, image = world.released()
    body = ask(world.client, as_jpeg(image)).body
    assert (body["from_here"], body["by"]) == ("yes", ["watermark"])
    assert body["generation_id"] == generation.id


@pytest.mark.parametrize("purpose", list(UploadPurpose))
def test_an_upload_is_known_by_its_watermark_and_says_that_nothing_else_was_left_to_read(
    world: VerifyWorld, purpose: UploadPurpose
) -> None:
    generation, image = world.released()
    upload = world.uploaded(image, purpose)
    reply = world.client.post("/verify", {"upload_id": upload.id})
    Verification.model_validate(reply.body)
    assert reply.body == {
        "from_here": "yes",
        "by": ["watermark"],
        "read": ["watermark"],
        "when": "2026-11-21T12:00:00.000Z",
        "generation_id": generation.id,
    }


def test_an_upload_that_is_not_theirs_or_gone_is_not_found(world: VerifyWorld) -> None:
    _, image = world.released()
    upload = world.uploaded(image)
    asking = {"upload_id": upload.id}
    assert world.client.as_someone_else().post("/verify", asking).status == 404
    del world.work.objects_by_key[source_key(OWNER, upload.id)]
    assert world.client.post("/verify", asking).code == "not_found"


def test_a_rejected_upload_says_why_it_cannot_be_asked_about(world: VerifyWorld) -> None:
    upload = world.uploaded(b"no picture")
    reply = world.client.post("/verify", {"upload_id": upload.id})
    assert (reply.status, reply.code) == (422, "image_rejected")
    (error,) = reply.body["errors"]
    assert (error["pointer"], error["code"]) == ("/upload_id", "unsupported_type")


def test_others_learn_when_but_not_which_and_moderators_learn_both(world: VerifyWorld) -> None:
    generation, image = world.released(credentials=False)
    stranger = ask(world.client.as_someone_else(), image).body
    assert stranger["when"] == "2026-11-21T12:00:00.000Z"
    assert stranger["generation_id"] is None
    moderator = user_claims("c0ffee00", **{"cognito:groups": "[moderators]"})
    assert ask(world.client, image, claims=moderator).body["generation_id"] == generation.id


def test_after_the_generation_was_erased_it_is_still_known_as_ours(world: VerifyWorld) -> None:
    generation, image = world.released(credentials=False)
    item = world.table.get(keys.generation_key(OWNER, generation.id))
    assert item is not None
    world.table.write(Delete(keys.mark_key(item["mark"])))
    expected = {**NOTHING, "from_here": "yes", "by": ["watermark"]}
    assert ask(world.client, image).body == expected


def test_what_was_changed_under_our_signature_and_lost_its_watermark_is_uncertain(
    world: VerifyWorld,
) -> None:
    signing = CredentialsSigning(installed(CHAIN), SIGN, world.clock)
    changed = bytearray(signing.mark(png(size=(64, 64)), 7))
    # In the length of a text chunk's text nothing is decoded: only the hash notices.
    position = changed.rindex(b"IEND") - 4
    extra = b"\x00\x00\x00\x00tEXt\xbfj\x9f\xc8"
    changed[position:position] = extra
    body = ask(world.client, bytes(changed)).body
    assert body == {**NOTHING, "from_here": "uncertain", "by": ["content_credentials"]}


def test_any_other_picture_is_not_from_here(world: VerifyWorld) -> None:
    assert ask(world.client, as_jpeg(png())).body == NOTHING


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (b"no picture", "unsupported_type"),
        (png()[:50], "unreadable"),
        (png(size=(20, 400)), "too_small"),
        (b"\xff\xd8\xff" + bytes(MAX_IMAGE_BYTES), "too_long"),
    ],
)
def test_what_is_no_picture_within_bounds_is_refused_by_name(
    world: VerifyWorld, image: bytes, code: str
) -> None:
    reply = ask(world.client, image)
    assert reply.status == 422
    (error,) = reply.body["errors"]
    assert (error["pointer"], error["code"]) == ("/image", code)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/image"),
        ({"image": "%%%"}, "/image"),
        ({"image": "AAAA", "upload_id": f"upl_{'0' * 26}"}, "/upload_id"),
        ({"upload_id": "upl_1"}, "/upload_id"),
        ({"upload_id": f"img_{'0' * 26}"}, "/upload_id"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(
    world: VerifyWorld, body: dict[str, str], pointer: str
) -> None:
    reply = world.client.post("/verify", body)
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == [pointer]


def test_a_body_of_more_than_lambda_takes_is_not_read(world: VerifyWorld) -> None:
    reply = world.client.post("/verify", raw='{"image": "' + "A" * 6_000_000 + '"}')
    assert reply.status == 413


def test_a_kept_answer_leads_to_a_generation_only_while_that_is_there(world: VerifyWorld) -> None:
    generation, image = world.released()
    asking = {
        "headers": {"Idempotency-Key": "k"},
        "claims": user_claims("a-moderator", **{"cognito:groups": "[moderators]"}),
    }
    first = ask(world.client, image, **asking)
    assert first.body["generation_id"] == generation.id
    (record,) = world.persistence.records.values()
    kept = f"{record.response_data} {record.idempotency_key}"
    assert generation.id not in kept
    assert OWNER not in kept
    notes = [item for item in world.table.items.values() if "about" in item]
    assert [note["about"] for note in notes] == [[]], "nothing to erase it with"
    again = ask(world.client, image, **asking)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert ask(world.client, png(), **asking).code == "idempotency_key_reused"
    number = world.table.get(keys.generation_key(OWNER, generation.id))["mark"]  # type: ignore[index]
    world.table.write(Delete(keys.mark_key(number)))
    gone = ask(world.client, image, **asking)
    assert (gone.body["from_here"], gone.body["generation_id"]) == ("yes", None)
