from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from demo.client import AvatarClient
from demo.photos import portraits
from tests.e2e.lost_events import reconcile, without_upload_events
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from tests.e2e.stage import Stage


def send(stage: Stage, queue: str, message: dict[str, Any]) -> None:
    stage.client("sqs").send_message(QueueUrl=stage.queue(queue), MessageBody=json.dumps(message))


def drained(stage: Stage, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.queue(queue), AttributeNames=names
    )["Attributes"]
    return all(int(attributes[name]) == 0 for name in names)


def switch_mapping(stage: Stage, function: str, *, on: bool) -> None:
    client = stage.client("lambda")
    name = stage.function(function)
    for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)


def test_a_repeated_upload_event_changes_nothing(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.new_subject(alice)
    photo = stage.upload(alice, subject, portraits(1))[0]
    owner = owner_of(stage, subject)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": stage.outputs.UploadsBucket},
            "object": {"key": f"photos/{owner}/{subject}/{photo['id']}", "size": 1},
        },
    }
    for _ in range(3):
        send(stage, "intake", event)
    eventually(lambda: drained(stage, "intake"), seconds=60)
    after = list(alice.items(f"/subjects/{subject}/photos"))
    assert [(p["id"], p["state"]) for p in after] == [(photo["id"], "accepted")]
    assert alice.get(f"/subjects/{subject}")["photos"]["accepted"] == 1


def owner_of(stage: Stage, subject: str) -> str:
    pages = stage.client("s3").list_objects_v2(Bucket=stage.outputs.PhotosBucket)
    return next(
        str(item["Key"]).split("/")[0] for item in pages["Contents"] if subject in item["Key"]
    )


def test_a_lost_upload_event_is_found_by_the_reconciler(stage: Stage, alice: AvatarClient) -> None:
    subject = stage.new_subject(alice)
    content = portraits(1)[0].content
    wanted = {"photos": [{"content_type": "image/jpeg", "size_bytes": len(content)}]}
    slot = alice.post(f"/subjects/{subject}/photos", wanted)["photos"][0]
    with without_upload_events(stage):
        alice.upload(slot, content).raise_for_status()
    assert alice.get(f"/subjects/{subject}")["photos"]["accepted"] == 0
    eventually(lambda: reconciled(stage, alice, subject), seconds=90, every=2)


def reconciled(stage: Stage, user: AvatarClient, subject: str) -> bool:
    reconcile(stage)
    return bool(user.get(f"/subjects/{subject}")["photos"]["accepted"] == 1)


def test_a_lost_and_then_repeated_result_ends_in_the_right_state(
    stage: Stage, ada: AvatarClient, ready_subject: str
) -> None:
    switch_mapping(stage, "events.results", on=False)
    try:
        body = {"subject_id": ready_subject, "text_prompts": [{"text": "<subject>"}], "steps": 10}
        created = ada.post("/generations", body)["id"]
        message = eventually(lambda: take_result(stage, created), seconds=120)
        state = ada.get(f"/generations/{created}")["state"]
        assert state in {"queued", "warming", "running"}
    finally:
        switch_mapping(stage, "events.results", on=True)
    sqs = stage.client("sqs")
    for _ in range(2):
        sqs.send_message(QueueUrl=stage.queue("results"), MessageBody=message)
    ended = stage.generated(ada, created)
    assert ended["state"] == "succeeded"
    sqs.send_message(QueueUrl=stage.queue("results"), MessageBody=message)
    eventually(lambda: drained(stage, "results"), seconds=60)
    after = ada.get(f"/generations/{created}")
    assert [a["id"] for a in after["artifacts"]] == [a["id"] for a in ended["artifacts"]]


def take_result(stage: Stage, generation: str) -> str | None:
    """Steal the result's message from its queue."""
    sqs = stage.client("sqs")
    url = stage.queue("results")
    for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if generation in message["Body"]:
            return str(message["Body"])
    return None
