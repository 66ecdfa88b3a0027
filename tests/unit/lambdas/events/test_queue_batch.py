from __future__ import annotations

from typing import Any

from lambdas.domain.errors import Unavailable
from lambdas.events.queue_batch import queue_handler
from tests.unit.lambdas.fakes import FakePostponement
from tests.unit.lambdas.gateway import FakeContext
from tests.unit.lambdas.sqs import batch


def work(message: dict[str, Any]) -> None:
    match message.get("wants"):
        case "moderation":
            raise Unavailable("moderation")
        case "trouble":
            raise ValueError("a mistake of ours")


def failures(postponement: FakePostponement, *bodies: object, receives: int = 1) -> list[str]:
    handler = queue_handler("test", work, postponement)
    answer = handler(batch(*bodies, receives=receives), FakeContext())
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_a_message_that_met_a_silent_service_comes_back_sooner_and_then_ever_later() -> None:
    postponement = FakePostponement()
    for receives in range(1, 6):
        assert failures(postponement, {"wants": "moderation"}, receives=receives)
    assert postponement.pauses == [10, 40, 160, 640, 900]


def test_our_own_mistakes_wait_for_the_queues_time_out() -> None:
    postponement = FakePostponement()
    found = failures(postponement, {"wants": "trouble"}, {}, {"wants": "moderation"})
    assert found == ["message-0", "message-2"]
    assert postponement.pauses == [10]


def test_a_message_that_cannot_be_postponed_comes_back_all_the_same() -> None:
    assert failures(FakePostponement(available=False), {"wants": "moderation"}) == ["message-0"]
