from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from PIL import Image

from lambdas.domain.blurring import CELLS, blurred
from lambdas.domain.generation import GenerationState
from lambdas.domain.standing import StandingName
from lambdas.records import keys
from lambdas.records.audit import is_genuine
from lambdas.records.generations import begin_generation_erasure
from lambdas.records.standing import read_standing, violation
from tests.unit.lambdas.api.review_world import (
    ANOTHER_MODERATOR,
    GREEN,
    LABEL,
    MODERATOR,
    RED,
    ReviewWorld,
)
from tests.unit.lambdas.endpoint_answers import png
from tests.unit.lambdas.gateway import OWNER, server_claims, user_claims
from tests.unit.lambdas.given import settings


@pytest.fixture
def world() -> ReviewWorld:
    return ReviewWorld()


def score(world: ReviewWorld) -> float:
    rules = world.settings.moderation.violations
    return read_standing(world.table, OWNER).score(world.clock.now(), rules)


def test_a_withheld_image_waits_in_the_queue_with_what_was_found(world: ReviewWorld) -> None:
    generation = world.judged(RED, GREEN)
    (review,) = world.queue()
    assert (review["state"], review["reason"]) == ("open", "screening")
    assert (review["account_id"], review["generation_id"]) == (OWNER, generation.id)
    assert review["image_id"] == generation.artifacts[0].id
    assert review["labels"] == [LABEL]
    assert review["decision"] is None
    assert score(world) == 1


def test_a_repeated_result_opens_no_second_review(world: ReviewWorld) -> None:
    from tests.unit.lambdas.events.result_world import told

    generation = world.judged(RED)
    world.leave_answer(generation)
    assert world.tell(told(generation)) == []
    assert len(world.queue()) == 1
    assert score(world) == 1
    assert any(key.startswith("reviews/") for key in world.work.objects_by_key)


@pytest.mark.parametrize(
    "claims", [user_claims(), user_claims(**{"cognito:groups": "moderator"}), server_claims()]
)
def test_only_moderators_come_in(world: ReviewWorld, claims: dict[str, str]) -> None:
    world.judged(RED)
    (review,) = world.queue()
    for reply in (
        world.outsider.get("/reviews", claims=claims),
        world.outsider.get("/reviews/audit", claims=claims),
        world.outsider.get(f"/reviews/{review['id']}", claims=claims),
        world.outsider.post(
            f"/reviews/{review['id']}/decision", {"decision": "release"}, claims=claims
        ),
    ):
        assert (reply.status, reply.code) == (403, "group_missing")
    assert world.queue() == [review]


def test_the_queue_is_oldest_first_paged_and_filtered(world: ReviewWorld) -> None:
    generations = [world.judged(RED) for _ in range(3)]
    reported = world.judged(GREEN)
    assert world.report(reported).status == 202
    wanted = [each.id for each in (*generations, reported)]
    assert [each["generation_id"] for each in world.queue()] == wanted
    seen, cursor = [], ""
    for _ in range(2):
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = world.moderator.get("/reviews", query=query).body
        seen += [each["generation_id"] for each in page["items"]]
        cursor = page["next_cursor"] or ""
    assert seen == wanted
    assert [each["reason"] for each in world.queue(reason="report")] == ["report"]
    page = world.moderator.get("/reviews", query={"reason": "screening", "limit": "2"}).body
    rest = {"reason": "screening", "limit": "2", "cursor": page["next_cursor"]}
    assert [each["generation_id"] for each in world.queue(**rest)] == [generations[2].id]
    assert world.queue(state="withheld") == []
    reply = world.moderator.get("/reviews", query={"state": "gone"})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "?state")


def test_a_review_shows_a_blurred_preview_and_how_the_account_stands(world: ReviewWorld) -> None:
    world.judged(RED)
    (listed,) = world.queue()
    read = world.moderator.get(f"/reviews/{listed['id']}").body
    assert read["preview"]["kind"] == "blurred"
    key = read["preview"]["url"].removeprefix("https://work.example/").partition("?")[0]
    assert key.endswith(".blurred.jpg")
    assert world.work.content_types[key] == "image/jpeg"
    assert read["account"] == {"standing": "good", "violations": 1.0}
    assert world.log() == []


def test_a_blurred_picture_has_nothing_finer_than_its_cells() -> None:
    fine = Image.new("L", (512, 512))
    fine.putdata([255 * ((x // 4 + y // 4) % 2) for y in range(512) for x in range(512)])
    out = io.BytesIO()
    fine.convert("RGB").save(out, "PNG")
    with Image.open(io.BytesIO(blurred(out.getvalue()))) as image:
        greys = image.convert("L").tobytes()
        assert max(image.size) == 256
    assert CELLS == 16
    assert max(greys) - min(greys) < 8, "a chequerboard finer than a cell is one grey"


def test_the_clear_preview_is_there_on_demand_and_in_the_audit_log(world: ReviewWorld) -> None:
    world.judged(RED)
    (review,) = world.queue()
    read = world.moderator.get(f"/reviews/{review['id']}", query={"preview": "clear"}).body
    assert read["preview"]["kind"] == "clear"
    assert f"{review['image_id']}.png?expires=60" in read["preview"]["url"]
    (entry,) = world.log()
    assert (entry["action"], entry["by"], entry["image_id"]) == (
        "view_clear",
        MODERATOR,
        review["image_id"],
    )


def test_nobody_sees_an_image_clear_if_the_audit_log_cannot_be_written(
    world: ReviewWorld,
) -> None:
    world.judged(RED)
    (review,) = world.queue()
    world.table.fail_after = 0
    reply = world.moderator.get(f"/reviews/{review['id']}", query={"preview": "clear"})
    assert reply.status == 503


def test_a_released_image_is_its_owners_as_if_it_had_passed(world: ReviewWorld) -> None:
    generation = world.judged(RED, GREEN)
    (review,) = world.queue()
    assert world.url(generation) is None
    done = world.decide(review["id"], "release", note="a red coat").body
    assert (done["state"], done["decision"]["by"]) == ("released", MODERATOR)
    assert done["decision"]["note"] == "a red coat"
    assert world.url(generation) is not None
    assert world.now_of(generation).state is GenerationState.SUCCEEDED
    assert len(world.released) == 2
    assert not [key for key in world.work.objects_by_key if key.endswith(".png")]
    assert world.queue() == []
    assert score(world) == 0, "what was no violation is forgiven"
    (entry,) = world.log()
    assert entry["decision"] == "release"
    assert entry["before"] == {"review": "open", "image": "withheld"}
    assert entry["after"] == {"review": "released", "image": "released"}
    assert entry["note"] == "a red coat"
    assert entry["genuine"]


def test_a_reported_image_that_is_withheld_has_no_link_any_more(world: ReviewWorld) -> None:
    generation = world.judged(GREEN)
    before = dict(world.avatars.objects_by_key)
    assert world.report(generation, reason="violence", note="there is blood").status == 202
    (review,) = world.queue()
    assert (review["report_reason"], review["statement"]) == ("violence", "there is blood")
    assert world.url(generation) is not None, "a report alone takes nothing away"
    assert world.decide(review["id"], "withhold").status == 200
    assert world.url(generation) is None
    assert world.released == set()
    assert world.now_of(generation).state is GenerationState.FILTERED
    # Its owner appeals, and it comes back as it was, not released anew.
    assert world.appeal(generation, note="it is paint").status == 202
    assert [each["reason"] for each in world.queue()] == ["appeal"]
    assert world.decide(review["id"], "release").status == 200
    assert world.avatars.objects_by_key == before


def test_a_moderator_answers_one_report_and_one_appeal_of_an_image(world: ReviewWorld) -> None:
    generation = world.judged(GREEN)
    assert world.appeal(generation).code == "image_not_withheld"
    assert world.report(generation).status == 202
    assert world.report(generation).status == 202, "it waits already"
    (review,) = world.queue()
    world.decide(review["id"], "release")
    assert world.report(generation).code == "report_decided"
    withheld = world.judged(RED)
    assert world.report(withheld).code == "image_not_shown"
    (review,) = world.queue()
    world.decide(review["id"], "withhold")
    assert world.appeal(withheld).status == 202
    world.decide(review["id"], "withhold", world.another)
    assert world.appeal(withheld).code == "appeal_decided"
    assert world.queue() == []


@pytest.mark.parametrize("what", ["report", "appeal"])
def test_nobody_speaks_about_someone_elses_image(world: ReviewWorld, what: str) -> None:
    generation = world.judged(RED, GREEN)
    image = generation.artifacts[0].id
    body = {"reason": "other"} if what == "report" else {}
    path = f"/generations/{generation.id}/images/{image}/{what}"
    assert world.user.as_someone_else().post(path, body).status == 404
    wrong = path.replace(image, f"img_{'0' * 26}")
    assert world.user.post(wrong, body).status == 404


def test_a_note_is_screened_and_reasons_are_a_closed_list(world: ReviewWorld) -> None:
    generation = world.judged(GREEN)
    world.text_moderation.words = {"idiots": {"HARASSMENT_OR_ABUSE": 0.9}}
    assert world.report(generation, note="you idiots").code == "text_rejected"
    assert world.report(generation, reason="boring").status == 422
    assert world.queue() == []


def test_a_ban_blocks_the_account_until_a_moderator_lifts_it(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    assert world.decide(review["id"], "ban", note="clear enough").body["state"] == "banned"
    refused = world.user.post("/generations", {"prompt": "a hat"})
    assert (refused.status, refused.code) == (403, "account_blocked")
    assert "/me/appeal" in refused.body["detail"]
    subject = world.subject(accepted=0)
    slots = {"photos": [{"content_type": "image/jpeg", "size_bytes": 10}]}
    assert world.account.post(f"/subjects/{subject.id}/photos", slots).status == 403
    assert world.account.get("/me").body["standing"] == "blocked"
    assert world.user.get(f"/generations/{generation.id}").status == 200, "reading goes on"
    assert world.appeal(generation).code == "appeal_decided", "none against a ban"
    (of_account,) = world.queue()
    assert (of_account["reason"], of_account["image_id"]) == ("block", None)
    assert world.account.post("/me/appeal", {"note": "my little brother"}).status == 202
    assert world.account.post("/me/appeal", {"note": "please"}).code == "appeal_decided"
    (of_account,) = world.queue()
    assert (of_account["reason"], of_account["statement"]) == ("appeal", "my little brother")
    assert world.moderator.get(f"/reviews/{of_account['id']}").body["preview"] is None
    assert world.decide(of_account["id"], "release", world.another).status == 200
    assert world.user.post("/generations", {"prompt": "a hat"}).status == 202
    assert world.account.post("/me/appeal", {"note": "again"}).code == "not_blocked"
    entry = world.log()[-1]
    assert (entry["before"]["account"], entry["after"]["account"]) == ("blocked", "free")


def test_of_two_moderators_at_once_one_decides_and_the_other_is_told(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()

    def meanwhile() -> None:
        assert world.decide(review["id"], "withhold", world.another).status == 200

    world.table.before_write = meanwhile
    reply = world.decide(review["id"], "release")
    assert (reply.status, reply.code) == (409, "review_decided")
    assert "withheld" in reply.body["detail"]
    assert world.url(generation) is None
    assert world.released == set(), "what the loser had put in place is removed"
    assert [entry["by"] for entry in world.log()] == [ANOTHER_MODERATOR]


def test_a_decision_sent_twice_is_one_and_tidies_up(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    first = world.decide(review["id"], "release").body
    left = f"reviews/{OWNER}/{generation.id}/{review['image_id']}.png"
    world.work.objects_by_key[left] = png(RED)
    assert world.decide(review["id"], "release").body == first
    assert left not in world.work.objects_by_key
    assert world.decide(review["id"], "withhold").code == "review_decided"
    assert world.decide(review["id"], "release", world.another).code == "review_decided"
    assert len(world.log()) == 1


def test_an_image_erased_meanwhile_is_not_decided(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()

    def meanwhile() -> None:
        begin_generation_erasure(world.table, OWNER, generation.id, world.clock.now())

    world.table.before_write = meanwhile
    reply = world.decide(review["id"], "release")
    assert (reply.status, reply.code) == (409, "image_erased")
    assert world.log() == []
    assert world.user.delete(f"/generations/{generation.id}").status == 404
    from lambdas.records.erasures import Erasure, ErasureKind

    world.erasure.messages.append(Erasure(ErasureKind.GENERATION, OWNER, generation.id).message())
    world.erase()
    assert world.moderator.get(f"/reviews/{review['id']}").status == 404
    assert world.decide(review["id"], "release").status == 404
    assert not [key for key in world.work.objects_by_key if generation.id in key]


def test_a_preview_that_an_erasure_overtakes_is_not_left_behind(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    write = world.work.write

    def slow(key: str, body: bytes, *, content_type: str) -> None:
        assert world.user.delete(f"/generations/{generation.id}").status == 202
        world.erase()
        write(key, body, content_type=content_type)

    world.work.write = slow  # type: ignore[method-assign]
    assert world.moderator.get(f"/reviews/{review['id']}").body["preview"] is None
    assert not [key for key in world.work.objects_by_key if generation.id in key]


def test_a_decision_is_made_once_under_a_key_whatever_happens_to_the_review_since(
    world: ReviewWorld,
) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    path, key = f"/reviews/{review['id']}/decision", {"Idempotency-Key": "k"}
    body = {"decision": "withhold"}
    first = world.moderator.post(path, body, headers=key)
    assert (first.status, first.body["state"]) == (200, "withheld")
    assert world.appeal(generation, note="it is a coat").status == 202
    again = world.moderator.post(path, body, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["state"] == "open", "as it is by now, and not decided again"
    assert len(world.log()) == 1
    other = world.moderator.post(path, {"decision": "release"}, headers=key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    elsewhere = world.another.post(path, {"decision": "release"}, headers=key)
    assert elsewhere.body["state"] == "released", "a key is its owner's"


def test_nothing_of_a_users_is_kept_under_a_moderators_key(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    path, key = f"/reviews/{review['id']}/decision", {"Idempotency-Key": "k"}
    body = {"decision": "withhold", "note": "not a coat"}
    assert world.moderator.post(path, body, headers=key).status == 200
    (record,) = world.persistence.records.values()
    kept = f"{record.response_data} {record.idempotency_key}"
    for word in (OWNER, generation.id, review["id"], review["image_id"], "coat"):
        assert word not in kept
    note = world.table.query(keys.owner_partition(MODERATOR)).items
    assert [item.get("about") for item in note] == [[]]
    assert world.user.delete(f"/generations/{generation.id}").status == 202
    world.erase()
    assert world.moderator.post(path, body, headers=key).status == 404


def test_nobody_decides_about_their_own(world: ReviewWorld) -> None:
    world.judged(RED)
    (review,) = world.queue()
    owner = user_claims(OWNER, **{"cognito:groups": "[moderators]"})
    reply = world.outsider.post(
        f"/reviews/{review['id']}/decision", {"decision": "release"}, claims=owner
    )
    assert (reply.status, reply.code) == (403, "own_review")


def test_repeated_refusals_slow_an_account_and_then_block_it() -> None:
    rules = {"half_life_hours": 720, "slow_at": 3, "block_at": 6, "pause_seconds": 30}
    world = ReviewWorld(settings=settings(moderation={"violations": rules}))
    refused = {"prompt": "naked"}
    for _ in range(3):
        assert world.user.post("/generations", refused).code == "prompt_rejected"
    for pause in (30, 60, 120):
        slowed = world.user.post("/generations", {"prompt": "a hat"})
        assert (slowed.status, slowed.code) == (429, "slowed_down")
        assert slowed.headers["Retry-After"] == str(pause + 1)
        assert world.account.get("/me").body["standing"] == "slowed"
        world.clock.advance(seconds=pause)
        assert world.user.post("/generations", {"prompt": "a hat"}).status == 202
        assert world.user.post("/generations", refused).code == "prompt_rejected"
    assert world.user.post("/generations", {"prompt": "a hat"}).code == "account_blocked"
    assert [each["reason"] for each in world.queue()] == ["block"]


def test_a_block_that_an_interruption_left_undone_is_done_at_the_next_request() -> None:
    rules = {"half_life_hours": 720, "slow_at": 1, "block_at": 2, "pause_seconds": 1}
    world = ReviewWorld(settings=settings(moderation={"violations": rules}))
    now = world.clock.now()
    world.table.write(violation(OWNER, now, world.settings.moderation.violations, 2))
    assert world.user.post("/generations", {"prompt": "a hat"}).code == "account_blocked"
    assert [each["reason"] for each in world.queue()] == ["block"]


def test_personal_data_and_languages_are_no_violations(world: ReviewWorld) -> None:
    from lambdas.ports import PersonalData

    world.text_moderation.personal = {"555": PersonalData("PHONE", 0.99)}
    assert world.user.post("/generations", {"prompt": "call 555"}).code == "prompt_rejected"
    assert score(world) == 0


def test_a_block_outlives_the_erasure_of_the_account_and_names_nobody(
    world: ReviewWorld,
) -> None:
    world.judged(RED)
    (review,) = world.queue()
    world.decide(review["id"], "ban", note="again and again")
    assert world.account.delete("/me").status == 202
    world.erase()
    assert OWNER not in str(world.table.items)
    assert world.queue() == []
    assert world.user.post("/generations", {"prompt": "a hat"}).code == "account_erased"
    standing = read_standing(world.table, OWNER)
    rules = world.settings.moderation.violations
    assert standing.name(world.clock.now(), rules) is StandingName.BLOCKED


def test_an_image_without_room_for_its_marks_stays_withheld(world: ReviewWorld) -> None:
    world.judged(RED)
    (review,) = world.queue()
    world.marking.has_room = False
    reply = world.decide(review["id"], "release")
    assert (reply.status, reply.code) == (409, "image_unmarkable")
    assert world.released == set()
    assert [each["id"] for each in world.queue()] == [review["id"]]


def test_the_log_keeps_ids_only_of_what_was_erased(world: ReviewWorld) -> None:
    generation = world.judged(RED)
    (review,) = world.queue()
    world.decide(review["id"], "withhold", note="a private matter")
    assert world.log()[0]["note"] == "a private matter"
    assert world.user.delete(f"/generations/{generation.id}").status == 202
    world.erase()
    (entry,) = world.log()
    assert entry["note"] is None
    assert entry["note_sha256"]
    assert (entry["review_id"], entry["generation_id"]) == (review["id"], generation.id)
    assert "private" not in str(world.audit.items) + str(world.table.items)


def test_the_log_is_exported_in_pages_as_csv_and_as_json_lines(world: ReviewWorld) -> None:
    for number in range(3):
        world.judged(RED)
        (review,) = world.queue()
        world.decide(review["id"], "withhold", note=f"=note {number}")
        world.clock.advance(days=20)
    span = {"from": "2026-11-01", "to": "2027-02-01"}
    assert [entry["note"] for entry in world.log(**span)] == ["=note 0", "=note 1", "=note 2"]
    assert [entry["note"] for entry in world.log(**{**span, "from": "2026-12-01"})] == [
        "=note 1",
        "=note 2",
    ]
    assert [e["note"] for e in world.log(**{**span, "to": "2026-12-01"})] == ["=note 0"]
    page = _file(world, "text/csv", {**span, "limit": "2"})
    rows = list(csv.DictReader(io.StringIO(page[0])))
    assert [row["note"] for row in rows] == ["'=note 0", "'=note 1"], "no spreadsheet formula"
    assert rows[0]["before"] == "review=open image=withheld"
    link = page[1].partition("?")[2].partition(">")[0]
    query = dict(pair.split("=", 1) for pair in link.split("&"))
    lines = _file(world, "application/x-ndjson", query)
    assert [json.loads(line)["note"] for line in lines[0].splitlines()] == ["=note 2"]
    assert lines[1] == ""


def _file(world: ReviewWorld, kind: str, query: dict[str, str]) -> tuple[str, str]:
    from tests.unit.lambdas.gateway import FakeContext, event

    request = event(
        "GET",
        "/reviews/audit",
        claims=world.moderator.claims,
        headers={"Accept": kind},
        query=query,
    )
    response: dict[str, Any] = world.moderator.handler(request, FakeContext())
    headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
    assert (response["statusCode"], headers["Content-Type"]) == (200, kind)
    return response["body"], headers.get("Link", "")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "yesterday"}, "?from"),
        ({"to": "2026-13-01"}, "?to"),
        ({"from": "2020-01-01"}, "?from"),
        ({"from": "2026-12-01", "to": "2026-11-01"}, "?from"),
        ({"from": "0001-01-01T00:00:00+23:59"}, "?from"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(
    world: ReviewWorld, query: dict[str, str], pointer: str
) -> None:
    reply = world.moderator.get("/reviews/audit", query=query)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, pointer)


def test_an_entry_that_was_written_over_is_seen(world: ReviewWorld) -> None:
    world.judged(RED)
    (review,) = world.queue()
    world.decide(review["id"], "release")
    (item,) = world.audit.items.values()
    assert is_genuine(item)
    item["by"] = ANOTHER_MODERATOR
    assert not world.log()[0]["genuine"]


def test_no_word_of_anybody_reaches_a_log(
    world: ReviewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    generation = world.judged(RED, GREEN)
    world.report(generation, 1, note="secret-statement")
    world.appeal(generation, note="secret-statement")
    for review in world.queue():
        read = world.moderator.get(f"/reviews/{review['id']}", query={"preview": "clear"})
        assert read.status == 200
        world.decide(review["id"], "ban", note="secret-note")
    printed = "\n".join(str(vars(record)) for record in caplog.records)
    assert "review_decided" in printed
    for word in ("secret", "a hat", "https://"):
        assert word not in printed


def test_what_is_no_review_is_not_found(world: ReviewWorld) -> None:
    for review_id in (f"rev_{'0' * 26}", "rev_1", f"gen_{'0' * 26}"):
        assert world.moderator.get(f"/reviews/{review_id}").status == 404
        assert world.decide(review_id, "release").status == 404
    world.judged(RED)
    (review,) = world.queue()
    reply = world.moderator.get(f"/reviews/{review['id']}", query={"preview": "sharp"})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "?preview")
    assert world.decide(review["id"], "shrug").status == 422
