"""A toy endpoint with its topics, and a queue that hears both: shared by the endpoint tests."""

from __future__ import annotations

import json
import uuid
from typing import Any

from botocore.exceptions import ClientError

from tests.local_aws.sagemaker_world import IMAGE, World, allow, until

VARIANT = "AllTraffic"


class Serving:
    """An endpoint of the toy model with its topics and a queue that hears both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = f"toy-{world.id}"
        self.runtime = world.aws.client("sagemaker-runtime")
        sns, self.sqs = world.aws.client("sns"), world.aws.client("sqs")
        arn = f"arn:aws:sqs:us-east-1:000000000000:results-{world.id}"
        deliver = allow(["sqs:SendMessage"], arn) | {"Principal": {"Service": "sns.amazonaws.com"}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [deliver]})
        self.queue = self.sqs.create_queue(
            QueueName=f"results-{world.id}", Attributes={"Policy": policy}
        )["QueueUrl"]
        self.topics = {}
        for kind in ("Success", "Error"):
            topic = sns.create_topic(Name=f"{kind}-{world.id}")["TopicArn"]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
            self.topics[f"{kind}Topic"] = topic
        self.heard: dict[str, tuple[str, dict[str, Any]]] = {}

    def config(self, count: int = 1, **environment: str) -> str:
        """Make a model and a configuration; returns the configuration's name."""
        name = f"{self.name}-{uuid.uuid4().hex[:6]}"
        source = {
            "S3Uri": self.world.uri("model/"),
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
        self.world.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.world.role,
            PrimaryContainer={
                "Image": IMAGE,
                "ModelDataSource": {"S3DataSource": source},
                "Environment": environment,
            },
        )
        self.world.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": VARIANT,
                    "ModelName": name,
                    "InstanceType": "ml.g5.xlarge",
                    "InitialInstanceCount": count,
                }
            ],
            AsyncInferenceConfig={
                "OutputConfig": {
                    "S3OutputPath": self.world.uri("results/"),
                    "S3FailurePath": self.world.uri("failures/"),
                    "NotificationConfig": self.topics,
                },
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
            },
        )
        return name

    def create(self, count: int = 1, **environment: str) -> dict[str, Any]:
        """Create the endpoint and wait."""
        self.world.sagemaker.create_endpoint(
            EndpointName=self.name, EndpointConfigName=self.config(count, **environment)
        )
        return self.settled()

    def describe(self) -> dict[str, Any]:
        """DescribeEndpoint."""
        found: dict[str, Any] = self.world.sagemaker.describe_endpoint(EndpointName=self.name)
        return found

    def settled(self) -> dict[str, Any]:
        """Wait until nothing is under way."""

        def look() -> Any:
            found = self.describe()
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        settled: dict[str, Any] = until(look)
        return settled

    def count(self) -> int:
        """CurrentInstanceCount."""
        found: int = self.describe()["ProductionVariants"][0]["CurrentInstanceCount"]
        return found

    def scale(self, count: int) -> None:
        """Set the desired count and wait."""
        self.world.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=self.name,
            DesiredWeightsAndCapacities=[{"VariantName": VARIANT, "DesiredInstanceCount": count}],
        )
        self.settled()

    def pids(self) -> list[int]:
        """Serving processes that run."""
        return self.world.processes("serving", self.name)

    def invoke(self, document: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Send a request; returns the response."""
        uri = self.world.put(f"in/{uuid.uuid4().hex}.json", json.dumps(document).encode())
        found: dict[str, Any] = self.runtime.invoke_endpoint_async(
            EndpointName=self.name,
            InputLocation=uri,
            ContentType="application/json",
            InferenceId=f"gen-{uuid.uuid4().hex[:8]}",
            **more,
        )
        return found

    def notified(self, response: dict[str, Any], seconds: float = 30) -> tuple[str, Any]:
        """Wait for the notification of a request: (topic, message)."""

        def look() -> Any:
            received = self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in received.get("Messages", []):
                body = json.loads(message["Body"])
                document = json.loads(body["Message"])
                topic = "success" if "Success" in body["TopicArn"] else "error"
                self.heard[document["inferenceId"]] = topic, document
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            return self.heard.get(response["InferenceId"])

        found: tuple[str, Any] = until(look, seconds)
        return found

    def delete(self) -> None:
        """Delete the endpoint and wait until its processes are gone."""
        try:
            self.settled()
            self.world.sagemaker.delete_endpoint(EndpointName=self.name)
        except ClientError:
            return
        until(lambda: not self.pids())
