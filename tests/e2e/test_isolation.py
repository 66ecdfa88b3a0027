from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.client import ApiError, AvatarClient

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def refused(user: AvatarClient, method: str, path: str, body: object = None) -> ApiError:
    with pytest.raises(ApiError) as refusal:
        user.call(method, path, body)
    return refusal.value


def test_another_users_subject_does_not_exist(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    subject = stage.new_subject(alice)
    slot = [{"content_type": "image/jpeg", "size_bytes": 1000}]
    photo = alice.post(f"/subjects/{subject}/photos", {"photos": slot})["photos"][0]["id"]
    attempts = [
        ("GET", f"/subjects/{subject}", None),
        ("PATCH", f"/subjects/{subject}", {"name": "mine now"}),
        ("DELETE", f"/subjects/{subject}", None),
        ("GET", f"/subjects/{subject}/photos", None),
        ("POST", f"/subjects/{subject}/photos", {"photos": slot}),
        ("DELETE", f"/subjects/{subject}/photos/{photo}", None),
        ("POST", f"/subjects/{subject}/trainings", {}),
        ("GET", f"/subjects/{subject}/trainings", None),
    ]
    for method, path, body in attempts:
        assert refused(bob, method, path, body).status == 404, (method, path)
    assert alice.get(f"/subjects/{subject}")["name"] == "Ada"
    assert list(bob.items("/subjects")) == []


def test_another_users_training_and_generation_do_not_exist(
    stage: Stage, ada: AvatarClient, ready_subject: str, bob: AvatarClient
) -> None:
    training = next(iter(ada.items(f"/subjects/{ready_subject}/trainings")))["id"]
    generation = stage.generate(ada, subject_id=ready_subject)["id"]
    for method, path in [
        ("GET", f"/trainings/{training}"),
        ("POST", f"/trainings/{training}/cancel"),
        ("GET", f"/generations/{generation}"),
        ("POST", f"/generations/{generation}/cancel"),
        ("DELETE", f"/generations/{generation}"),
    ]:
        assert refused(bob, method, path, {} if method == "POST" else None).status == 404
    body = {"subject_id": ready_subject, "text_prompts": [{"text": "<subject>"}]}
    assert refused(bob, "POST", "/generations", body).status == 404
    assert list(bob.items("/generations")) == []


def test_a_cursor_is_bound_to_its_owner(
    stage: Stage, alice: AvatarClient, bob: AvatarClient
) -> None:
    for _ in range(3):
        stage.new_subject(alice)
    cursor = alice.get("/subjects?limit=2")["next_cursor"]
    assert len(alice.get(f"/subjects?limit=2&cursor={cursor}")["items"]) == 1
    answer = refused(bob, "GET", f"/subjects?cursor={cursor}")
    assert answer.status in {400, 422}
