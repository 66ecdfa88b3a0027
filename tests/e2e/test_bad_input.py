"""A refusal has a status, a code and a pointer, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.client import ApiError, AvatarClient
from demo.journey import CONSENT
from demo.photos import Upload, portraits
from local_aws.testcards import TOXIC_PHRASE

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def refusal_of(user: AvatarClient, path: str, body: object) -> ApiError:
    with pytest.raises(ApiError) as refusal:
        user.post(path, body)
    return refusal.value


def subject_body(**changes: Any) -> dict[str, Any]:
    consent = {"statement": CONSENT, "accepted": True}
    return {"name": "Ada", "kind": "person", "consent": consent, **changes}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"kind": "planet"}, "/kind"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 500}, "/name"),
        ({"consent": {"statement": CONSENT, "accepted": False}}, "/consent/accepted"),
        ({"consent": None}, "/consent"),
    ],
)
def test_a_bad_subject_is_refused_with_a_pointer(
    alice: AvatarClient, changes: dict[str, Any], pointer: str
) -> None:
    problem = refusal_of(alice, "/subjects", subject_body(**changes))
    assert problem.status == 422
    assert pointer in [error["pointer"] for error in problem.problem["errors"]]
    assert list(alice.items("/subjects")) == []


def test_nine_photos_are_too_few_and_sixteen_too_many(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.new_subject(alice)
    slot = {"content_type": "image/jpeg", "size_bytes": 1000}
    sixteen = refusal_of(alice, f"/subjects/{subject}/photos", {"photos": [slot] * 16})
    assert sixteen.status == 422
    nine = stage.upload(alice, subject, portraits(9))
    assert [photo["state"] for photo in nine] == ["accepted"] * 9
    too_few = refusal_of(alice, f"/subjects/{subject}/trainings", {})
    assert (too_few.status, too_few.code) == (409, "photos_missing")
    assert "1" in str(too_few)
    seven = refusal_of(alice, f"/subjects/{subject}/photos", {"photos": [slot] * 7})
    assert (seven.status, seven.code) == (409, "too_many_photos")
    assert alice.get(f"/subjects/{subject}")["photos"]["accepted"] == 9
    assert list(alice.items(f"/subjects/{subject}/trainings")) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"steps": 9}, "/steps"),
        ({"steps": 51}, "/steps"),
        ({"cfg_scale": 35.5}, "/cfg_scale"),
        ({"samples": 5}, "/samples"),
        ({"seed": 4294967296}, "/seed"),
        ({"seed": -1}, "/seed"),
        ({"width": 63}, "/width"),
        ({"sampler": "K_MAGIC"}, "/sampler"),
        ({"style_preset": "baroque"}, "/style_preset"),
        ({"clip_guidance_preset": "WARP"}, "/clip_guidance_preset"),
        ({"extras": {"a": 1}}, "/extras"),
        ({"text_prompts": []}, "/text_prompts"),
        ({"text_prompts": [{"text": "x", "size": 3}]}, "/text_prompts/0/size"),
        ({"text_prompts": [{"text": "a " * 5000}]}, "/text_prompts/0/text"),
        ({"frobnicate": True}, "/frobnicate"),
        ({"init_image": "aGVsbG8="}, "/init_image"),
        ({"adapter_uri": "s3://elsewhere/"}, "/adapter_uri"),
    ],
)
def test_a_bad_generation_is_refused_with_a_pointer(
    alice: AvatarClient, changes: dict[str, Any], pointer: str
) -> None:
    body = {"text_prompts": [{"text": "a hat"}], **changes}
    problem = refusal_of(alice, "/generations", body)
    assert problem.status == 422
    assert pointer in [error["pointer"] for error in problem.problem["errors"]]
    assert list(alice.items("/generations")) == []


def test_a_toxic_prompt_is_refused_with_its_category(alice: AvatarClient) -> None:
    problem = refusal_of(alice, "/generations", {"text_prompts": [{"text": TOXIC_PHRASE}]})
    assert (problem.status, problem.code) == (422, "prompt_rejected")
    assert problem.problem["category"]
    assert list(alice.items("/generations")) == []


def test_a_subject_that_is_not_ready_makes_no_avatars(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.new_subject(alice)
    body = {"subject_id": subject, "text_prompts": [{"text": "<subject>"}]}
    problem = refusal_of(alice, "/generations", body)
    assert (problem.status, problem.code) == (409, "subject_not_ready")


def test_a_body_that_is_no_json_is_refused(alice: AvatarClient) -> None:
    answer = alice.session.post(
        f"{alice.base_url}/subjects",
        data="{not json",
        headers={"Authorization": f"Bearer {alice.token}", "Content-Type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_an_unknown_id_and_a_malformed_id_answer_404(alice: AvatarClient) -> None:
    for path in ["/subjects/sub_01J00000000000000000000000", "/subjects/1", "/generations/gen_x"]:
        with pytest.raises(ApiError) as refusal:
            alice.get(path)
        assert refusal.value.status == 404


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"\x00", {"unreadable", "unsupported_type"}),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", {"unsupported_type", "unreadable"}),
        (b"GIF89a" + b"\x00" * 100, {"unsupported_type", "unreadable"}),
        (portraits(1)[0].content[:2000], {"unreadable"}),
    ],
)
def test_a_file_that_is_not_what_it_says_is_rejected_with_a_reason(
    stage: Stage, alice: AvatarClient, content: bytes, codes: set[str]
) -> None:
    subject = stage.new_subject(alice)
    photo = stage.upload(alice, subject, [Upload("odd", content)])[0]
    assert photo["state"] == "rejected"
    assert photo["code"] in codes
    assert photo["reason"]


def test_the_presigned_policy_holds_size_and_key(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.new_subject(alice)
    content = portraits(1)[0].content
    wanted = {"photos": [{"content_type": "image/jpeg", "size_bytes": len(content)}]}
    slot = alice.post(f"/subjects/{subject}/photos", wanted)["photos"][0]
    assert alice.upload(slot, b"").status_code in {400, 403}
    assert alice.upload(slot, content + b"\x00" * 11_000_000).status_code in {400, 403}
    moved = {**slot, "upload": {**slot["upload"]}}
    moved["upload"]["fields"] = {**slot["upload"]["fields"], "key": "photos/someone/else"}
    assert alice.upload(moved, content).status_code == 403
    assert alice.upload(slot, content).ok


def test_the_same_key_replays_the_first_answer_and_refuses_another_body(
    alice: AvatarClient,
) -> None:
    first = alice.call("POST", "/subjects", subject_body(), idempotency_key="key-1").json()
    again = alice.call("POST", "/subjects", subject_body(), idempotency_key="key-1").json()
    assert first["id"] == again["id"]
    with pytest.raises(ApiError) as refusal:
        alice.call("POST", "/subjects", subject_body(name="Bea"), idempotency_key="key-1")
    assert refusal.value.status == 409
    assert len(list(alice.items("/subjects"))) == 1
