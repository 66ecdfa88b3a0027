"""Asynchronous endpoints in the embedded AWS: real serving processes, driven through boto3."""

from __future__ import annotations

import copy
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import EmbeddedAws
from tests.local_aws.sagemaker_serving import Serving
from tests.local_aws.sagemaker_world import World, allow, until


@pytest.fixture
def world(aws: EmbeddedAws, make_role: Callable[..., str]) -> World:
    return World(aws, make_role)


@pytest.fixture
def serving(world: World) -> Iterator[Serving]:
    found = Serving(world)
    yield found
    found.delete()


def test_a_request_is_answered_in_s3_and_on_the_success_topic(serving: Serving) -> None:
    created = serving.create()
    assert created["EndpointStatus"] == "InService", created.get("FailureReason")
    assert created["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert len(serving.pids()) == 1

    response = serving.invoke({"echo": "hello"})

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    topic, message = serving.notified(response)
    assert topic == "success"
    assert message["invocationStatus"] == "Completed"
    assert message["inferenceId"] == response["InferenceId"]
    assert message["eventSource"] == "aws:sagemaker"
    assert message["eventName"] == "InferenceResult"
    assert message["requestParameters"]["endpointName"] == serving.name
    assert message["requestParameters"]["inputLocation"].startswith("s3://")
    assert message["responseParameters"]["outputLocation"] == response["OutputLocation"]
    answer = json.loads(serving.world.read(response["OutputLocation"]))
    assert answer["model"] == "toy weights"
    assert answer["echo"] == "hello"


def test_a_handlers_error_goes_to_the_failure_path_and_the_error_topic(serving: Serving) -> None:
    serving.create()

    response = serving.invoke({"raise": "no such style"})

    topic, message = serving.notified(response)
    assert topic == "error"
    assert message["invocationStatus"] == "Failed"
    assert "client error (400) from model" in message["failureReason"]
    failure = json.loads(serving.world.read(response["FailureLocation"]))
    assert failure["message"] == "no such style"
    assert serving.notified(serving.invoke({"echo": 1}))[0] == "success", "it stays healthy"


def test_a_process_that_dies_is_replaced_and_its_request_tried_again(
    serving: Serving, tmp_path: Any
) -> None:
    serving.create()
    (before,) = serving.pids()

    response = serving.invoke({"die_once": str(tmp_path / "marker"), "echo": 7})

    topic, _ = serving.notified(response)
    assert topic == "success"
    answer = json.loads(serving.world.read(response["OutputLocation"]))
    assert answer["pid"] != before


def test_killing_the_process_in_the_middle_does_not_lose_the_request(serving: Serving) -> None:
    serving.create()
    (before,) = serving.pids()
    response = serving.invoke({"sleep": 1.5})
    time.sleep(0.7)

    os.kill(before, signal.SIGKILL)

    assert serving.notified(response)[0] == "success"
    assert serving.pids() != [before]
    until(lambda: serving.count() == 1)


def test_a_request_that_kills_every_process_fails(serving: Serving) -> None:
    serving.create()

    response = serving.invoke({"die": True})

    topic, message = serving.notified(response)
    assert topic == "error"
    assert "stopped unexpectedly" in message["failureReason"]


def test_a_process_that_outlives_the_invocation_timeout_is_replaced(serving: Serving) -> None:
    serving.create()
    (before,) = serving.pids()

    response = serving.invoke({"sleep": 30}, InvocationTimeoutSeconds=1)

    topic, message = serving.notified(response)
    assert topic == "error"
    assert "No response from model within 1 s" in message["failureReason"]
    assert serving.notified(serving.invoke({"echo": 1}))[0] == "success"
    assert before not in serving.pids()


def test_scaling_in_lets_work_in_flight_finish(serving: Serving) -> None:
    serving.create()
    response = serving.invoke({"sleep": 1.5})
    time.sleep(0.7)

    serving.scale(0)

    assert serving.pids() == []
    assert serving.count() == 0
    assert serving.notified(response)[0] == "success"


def test_a_request_that_waits_longer_than_its_time_to_live_expires(serving: Serving) -> None:
    serving.create()
    serving.scale(0)

    response = serving.invoke({"echo": 1}, RequestTTLSeconds=60)  # 2 s of this clock

    topic, message = serving.notified(response)
    assert topic == "error"
    assert "expired" in message["failureReason"]


def test_an_update_starts_the_new_fleet_before_the_old_one_goes(serving: Serving) -> None:
    serving.create()
    (before,) = serving.pids()
    config = serving.config()

    serving.world.sagemaker.update_endpoint(EndpointName=serving.name, EndpointConfigName=config)

    with pytest.raises(ClientError, match="in-progress endpoint"):
        serving.world.sagemaker.update_endpoint(
            EndpointName=serving.name, EndpointConfigName=config
        )
    assert serving.settled()["EndpointConfigName"] == config
    until(lambda: before not in serving.pids())
    assert len(serving.pids()) == 1


def test_a_failed_update_leaves_the_old_fleet_serving(serving: Serving) -> None:
    old = serving.create()["EndpointConfigName"]
    (before,) = serving.pids()

    serving.world.sagemaker.update_endpoint(
        EndpointName=serving.name, EndpointConfigName=serving.config(TOY_BROKEN="1")
    )

    found = serving.settled()
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == old
    assert serving.pids() == [before]
    assert serving.notified(serving.invoke({"echo": 1}))[0] == "success"


def test_a_container_that_does_not_load_fails_the_endpoint(serving: Serving) -> None:
    found = serving.create(TOY_BROKEN="1")

    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    logs = serving.world.aws.client("logs").filter_log_events(
        logGroupName=f"/aws/sagemaker/Endpoints/{serving.name}"
    )
    assert any("the model does not load" in event["message"] for event in logs["events"])


def test_missing_model_data_fails_the_endpoint(serving: Serving) -> None:
    for key in serving.world.keys("model/"):
        serving.world.s3.delete_object(Bucket=serving.world.bucket, Key=f"model/{key}")

    found = serving.create()

    assert found["EndpointStatus"] == "Failed"
    assert "Failed to download model data" in found["FailureReason"]


def test_input_that_the_execution_role_cannot_read_is_refused(serving: Serving) -> None:
    serving.create()
    for location in (serving.world.uri("in/missing.json"), "s3://somebody-elses/x.json"):
        with pytest.raises(serving.runtime.exceptions.ValidationError, match="Unable to access"):
            serving.runtime.invoke_endpoint_async(EndpointName=serving.name, InputLocation=location)
    with pytest.raises(serving.runtime.exceptions.ValidationError, match="not found"):
        serving.runtime.invoke_endpoint_async(
            EndpointName="nobody", InputLocation=serving.world.uri("in/missing.json")
        )


def test_the_caller_needs_permission_on_this_endpoint(
    serving: Serving, make_role: Callable[..., str], as_role: Callable[[str, str], Any]
) -> None:
    endpoint = serving.create()
    world = serving.world
    uri = world.put("in/x.json", b"{}")
    action = ["sagemaker:InvokeEndpointAsync"]
    other = make_role(f"other-{world.id}", "lambda.amazonaws.com", allow(action, "arn:aws:s3:::x"))
    right = make_role(
        f"right-{world.id}", "lambda.amazonaws.com", allow(action, endpoint["EndpointArn"])
    )

    with pytest.raises(ClientError, match="AccessDenied"):
        as_role("sagemaker-runtime", other).invoke_endpoint_async(
            EndpointName=serving.name, InputLocation=uri
        )
    response = as_role("sagemaker-runtime", right).invoke_endpoint_async(
        EndpointName=serving.name, InputLocation=uri
    )

    assert serving.notified(response)[0] == "success"


def test_several_instances_share_the_backlog(serving: Serving) -> None:
    serving.create(count=2)

    responses = [serving.invoke({"sleep": 0.5, "echo": n}) for n in range(4)]

    pids = set()
    for response in responses:
        assert serving.notified(response)[0] == "success"
        pids.add(json.loads(serving.world.read(response["OutputLocation"]))["pid"])
    assert len(pids) == 2


def test_two_endpoints_share_places_and_news_and_keep_their_requests_apart(
    serving: Serving,
) -> None:
    other = copy.copy(serving)
    other.name = f"{serving.name}-second"
    try:
        for each in (serving, other):
            assert each.create()["EndpointStatus"] == "InService"
        asked = {each.name: each.invoke({"echo": each.name}) for each in (serving, other)}
        for each in (serving, other):
            topic, message = serving.notified(asked[each.name])  # one queue hears of both
            assert topic == "success"
            assert message["requestParameters"]["endpointName"] == each.name
            answer = json.loads(each.world.read(asked[each.name]["OutputLocation"]))
            assert (answer["echo"], [answer["pid"]]) == (each.name, each.pids())
        places = {asked[name]["OutputLocation"].rpartition("/")[0] for name in asked}
        assert len(places) == 1
    finally:
        other.delete()
