"""The last of the session: no log of all that went before holds what was told in confidence."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from demo.client import AvatarClient
from demo.identity import Account
from demo.photos import portraits
from tests.e2e.confidences import Confidences, lines_of

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

KINDS = {"tokens", "passwords", "addresses", "words", "signatures", "pictures"}
GROUP = "planted-by-a-test"


def everywhere(stage: Stage) -> list[str]:
    """What is found in all log groups and in the server's own log."""
    sources = [*lines_of(stage.client("logs")), ("server log", stage.log.read_text("utf-8"))]
    groups = {name for name, text in sources if "subject_created" in text}
    assert any(name.startswith("log group") for name in groups), "the logs are somewhere else"
    return [found for source in sources for found in stage.confidences.found_in(*source)]


def plant(stage: Stage, line: str) -> None:
    logs = stage.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    event = {"timestamp": int(time.time() * 1000), "message": line}
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=[event])


def test_no_log_holds_what_the_session_told_in_confidence(
    stage: Stage, alice: AvatarClient
) -> None:
    subject = stage.new_subject(alice)
    stage.upload(alice, subject, portraits(1))
    list(alice.items(f"/subjects/{subject}/photos"))
    # In a whole session others wait for their images; this alone still tells of everything.
    words = {"text_prompts": [{"text": "a heron in the reeds at first light"}]}
    alice.post(f"/generations/{alice.post('/generations', words)['id']}/cancel")
    assert {kind for kind, texts in stage.confidences.kinds.items() if texts} == KINDS
    assert everywhere(stage) == []
    plant(stage, json.dumps({"message": "created", "name": "Augusta Ada Byron"}))
    try:
        assert everywhere(stage) == [f"log group {GROUP}: 1 of the words"]
    finally:
        stage.client("logs").delete_log_group(logGroupName=GROUP)


PHOTO = portraits(1)[0].content
LINK = "https://bucket.example/key?X-Amz-Expires=900&X-Amz-Signature=0123456789abcdef"
ACCOUNT = Account("someone-1234@example.com", "Aa1!correct-horse")


def listened() -> Confidences:
    confidences = Confidences()
    confidences.of_account(ACCOUNT, {"AccessToken": "eyJhbGciOi.x.y", "ExpiresIn": 3600})
    confidences.of_request({"text_prompts": [{"text": "“a quiet” pond", "weight": 1}]})
    confidences.of_answer({"items": [{"url": LINK}], "fields": {"policy": "eyJleHBpcmF0aW9uIjo"}})
    confidences.of_picture(PHOTO)
    return confidences


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("tokens", "authorised by Bearer eyJhbGciOi.x.y"),
        ("passwords", "tried Aa1!correct-horse"),
        ("addresses", '{"username":"someone-1234@example.com"}'),
        ("words", "drawing “a quiet” pond now"),
        ("words", json.dumps({"prompt": "“a quiet” pond"})),
        ("signatures", "GET /key?X-Amz-Signature=0123456789abcdef 200"),
        ("signatures", "form eyJleHBpcmF0aW9uIjo"),
        ("pictures", f"body: {base64.b64encode(PHOTO).decode()}"),
        ("pictures", f"body: {PHOTO[:300]!r}"),
        ("pictures", f"body: {PHOTO[:300].hex()}"),
    ],
)
def test_a_line_that_holds_any_kind_is_found(kind: str, line: str) -> None:
    found: Any = listened().found_in("a log", f"started\n{line}\nended")
    assert found
    assert all(one.endswith(f"of the {kind}") for one in found)


def test_ids_events_and_short_words_are_no_confidences() -> None:
    confidences = listened()
    confidences.of_request({"name": "Ada", "kind": "person"})
    line = '{"message":"subject_created","subject_id":"sub_1","kind":"person","of":"Adapter"}'
    assert confidences.found_in("a log", line) == []
