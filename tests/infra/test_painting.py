"""An environment with a hosted model: what it has more than the others, to the last right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.infra.cloud import CORE, Cloud, text
from tests.infra.test_lint import findings
from tests.infra.test_observability import alarms
from tests.infra.test_permissions import EVERY_FUNCTION, EXPECTED, KEY, TABLE, rights, s3
from tests.infra.test_queues import (
    test_a_message_stays_hidden_for_six_times_its_functions_time_out as hides_messages,
)
from tests.infra.test_queues import (
    test_every_dead_letter_queue_has_an_alarm_that_tells_somebody as alarms_on_dead_letters,
)
from tests.infra.test_queues import (
    test_every_queue_has_dead_letters_or_is_for_them as has_dead_letters,
)
from tests.infra.test_queues import test_every_queue_is_encrypted_with_our_key as is_encrypted
from tests.infra.test_suppressions import test_every_environment_is_clean as is_clean

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_environment_that_does_not_choose_one_has_nothing_of_it(
    cloud_of: Callable[[str], Cloud],
) -> None:
    assert not [each for each in cloud_of("prod").resources() if "Painting" in each.name]


def test_the_function_may_invoke_exactly_the_model_and_write_exactly_its_answers(
    wide: Cloud,
) -> None:
    written = ("results/*", "generations/*/progress.json", "generations/*/sample-*.json")
    assert rights(wide, "PaintingHandlerRole") == (
        KEY
        | TABLE
        | EVERY_FUNCTION
        | s3("GetObject", "work/generations/*", "work/results/*")
        | s3("PutObject", *(f"work/{each}" for each in written))
        | s3("DeleteObject", "work/generations/*/sample-*.json")
        | {
            f"bedrock:InvokeModel arn:aws:bedrock:us-west-2::foundation-model/{CORE}",
            "sqs:SendMessage results",
            "sqs:SendMessage PaintingRequestsQueue",
        }
    )


def test_the_api_may_ask_and_nobody_else_gained_a_right(wide: Cloud) -> None:
    asking = rights(wide, "GenerationsRole") - EXPECTED["GenerationsRole"] - EVERY_FUNCTION
    (right,) = asking
    assert right.startswith("sqs:SendMessage")
    assert "PaintingRequestsQueue" in right
    for role in set(EXPECTED) - {"GenerationsRole"}:
        assert not [each for each in rights(wide, role) if "bedrock" in each or "Paint" in each]


def test_so_many_calls_at_once_as_the_settings_say_each_for_one_request(wide: Cloud) -> None:
    (source,) = [
        each.properties
        for each in wide.all("AWS::Lambda::EventSourceMapping")
        if "Painting" in text(each.properties["EventSourceArn"])
    ]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert source["BatchSize"] == 1


def test_its_queue_is_a_queue_like_every_other(wide: Cloud) -> None:
    for property_of_queues in (
        has_dead_letters,
        alarms_on_dead_letters,
        is_encrypted,
        hides_messages,
    ):
        property_of_queues(wide)


def test_an_operator_is_told_when_the_model_is_out_of_reach(wide: Cloud) -> None:
    (alarm,) = [a for a in alarms(wide) if a.properties["MetricName"] == "ModelOutOfReach"]
    assert alarm.properties["Namespace"] == "Avatar"


def test_it_is_clean(wide: Cloud) -> None:
    is_clean(wide)
    assert findings(wide, "*-inference") == []
