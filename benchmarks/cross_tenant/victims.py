"""Somebody with a subject, a photo, a training and a generation, and how these stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.cross_tenant.matrix import Victim

if TYPE_CHECKING:
    from demo.client import AvatarClient

# Well-formed ids that nobody has, for what there need not be one of.
_NOBODYS = {f"{noun}_id": f"{prefix}_{'0' * 26}" for noun, prefix in (
    ("image", "img"), ("review", "rev"), ("erasure", "era"),
)}  # fmt: skip


def victim(user: AvatarClient, subject: str) -> Victim:
    """The owner of a subject that has photos and has been in training; asks for a generation."""
    photo = user.get(f"/subjects/{subject}/photos")["items"][0]["id"]
    training = user.get(f"/subjects/{subject}/trainings")["items"][0]["id"]
    slot = {"purpose": "init_image", "content_type": "image/png", "size_bytes": 1000}
    upload = user.post("/uploads", slot)["id"]
    words = "a lighthouse in a storm at the end of the world"
    generation = user.post("/generations", {"text_prompts": [{"text": words}], "steps": 10})["id"]
    owner = user.get("/me")["id"]
    found = user.get(f"/subjects/{subject}")
    secrets = {subject, photo, upload, training, generation, owner, words, found["name"]}
    ids = {
        "subject_id": subject,
        "photo_id": photo,
        "upload_id": upload,
        "training_id": training,
        "generation_id": generation,
    }
    return Victim({**_NOBODYS, **ids}, frozenset(secrets))


def belongings(user: AvatarClient, victim: Victim) -> dict[str, Any]:
    """What must stand after an attack as before: how things are, not how far the work is."""
    subject = user.get(f"/subjects/{victim.ids['subject_id']}")
    photos = user.items(f"/subjects/{subject['id']}/photos")
    trainings = user.items(f"/subjects/{subject['id']}/trainings")
    return {
        "name": subject["name"],
        "active training": subject["active_training"],
        "photos": [(each["id"], each["state"]) for each in photos],
        "uploads": [each["id"] for each in user.items("/uploads")],
        "trainings": [each["id"] for each in trainings],
        "generations": [each["id"] for each in user.items("/generations")],
        "subjects": [each["id"] for each in user.items("/subjects")],
        "cancelled": user.get(f"/generations/{victim.ids['generation_id']}")["state"]
        == "cancelled",
    }
