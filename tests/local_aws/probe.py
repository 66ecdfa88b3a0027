"""A tiny service inside the server that uses every function of the seam, for its contract tests.

It borrows the wire format of a service that boto3 knows and the emulator does not: Amazon
Personalize (JSON and REST under one signing name, as SageMaker).
"""

from __future__ import annotations

import time
from typing import Any

from local_aws import seam
from local_aws.faults import rules_for

Json = dict[str, Any]
_rules = rules_for("probe")


def _json(action: str, body: Json, caller: seam.Caller) -> Json:
    _rules.meet(action, caller)
    if action == "DescribeRecipe":
        seam.authorize(caller, "personalize:DescribeRecipe", body["recipeArn"])
        return {"recipe": {"description": caller.arn}}
    if action == "DescribeSchema":
        raise seam.AwsError("ResourceNotFoundException", "There is no such schema.")
    if action == "DescribeAlgorithm":
        return {"algorithm": {"name": _telemetry(body["algorithmArn"])}}
    if action == "DescribeFilter":
        environment = seam.process_environment(body["filterArn"], service="sagemaker.amazonaws.com")
        return {"filter": {"name": "\n".join(f"{k}={v}" for k, v in environment.items())}}
    if action == "DescribeCampaign":
        bucket, _, key = body["campaignArn"].partition("/")
        return {"campaign": {"name": seam.read_object(caller, bucket, key).decode()}}
    raise seam.AwsError("UnknownOperationException", action)


def _telemetry(what: str) -> str:
    if what == "event":
        seam.put_aws_event("aws.sagemaker", "Probe", {"status": "Completed"}, ["arn:probe"])
    elif what == "metric":
        seam.put_metric("AWS/Probe", [seam.Datum("Backlog", 3.0, {"EndpointName": "e"}, "Count")])
    else:
        seam.put_log_events("/probe/jobs", "job/1", ["first", "second"])
    return what


def _rest(request: seam.RestRequest) -> seam.RestResponse:
    if request.path != "/recommendations":
        raise seam.AwsError("ResourceNotFoundException", request.path, 404)
    names = [bucket["Name"] for bucket in seam.client("s3").list_buckets()["Buckets"]]
    return seam.RestResponse(
        {"recommendationId": request.headers["host"], "itemList": [{"itemId": n} for n in names]}
    )


def _create(logical_id: str, properties: Json, stack: str) -> tuple[str, Json]:
    name = properties["Name"]
    if name == "refused":
        message = "no resource may be called refused"
        raise ValueError(message)
    seam.client("s3").put_object(Bucket=properties["Bucket"], Key=name, Body=b"made")
    return name, {"SchemaArn": f"arn:probe:{stack}:{logical_id}:{name}"}


def _update(physical_id: str, old: Json, new: Json, stack: str) -> tuple[str, Json]:
    return _create(physical_id, new, stack)


def _delete(physical_id: str, properties: Json) -> None:
    seam.client("s3").delete_object(Bucket=properties["Bucket"], Key=physical_id)


def _wait(context: seam.TaskContext, task_input: Json) -> Json:
    if "fail" in task_input:
        raise seam.TaskFailed("States.TaskFailed", task_input["fail"])
    if "secret" in task_input:
        seam.authorize(context.caller, "personalize:DescribeRecipe", task_input["secret"])
    deadline = time.monotonic() + float(task_input.get("seconds", 0))
    while time.monotonic() < deadline:
        if context.stopped():
            seam.put_log_events("/probe/stopped", context.execution_name, ["stopped"])
            return {}
        time.sleep(0.02)
    return {"role": context.role_arn, "name": context.execution_name}


def install() -> None:
    """Register the probe."""
    seam.register_json_service("personalize", "AmazonPersonalize", _json)
    seam.register_rest_json_service("personalize", _rest)
    seam.register_resource_type(
        "AWS::Personalize::Schema", create=_create, update=_update, delete=_delete
    )
    seam.register_task_integration("arn:aws:states:::personalize:wait.sync", _wait)
