"""An endpoint of the dummy server in a private embedded AWS, scaled by given policies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.autoscaling.targets import DIMENSION, NAMESPACE

if TYPE_CHECKING:
    from benchmarks.fleet.policies import Policies
    from local_aws.testing import EmbeddedAws

_ACCOUNT = "000000000000"
_BUCKET, _VARIANT, _NAME = "fleet-validation", "AllTraffic", "fleet"
_DUMMY = Path(__file__).with_name("dummy") / "inference.py"
_IMAGE = f"763104351884.dkr.ecr.us-east-1.amazonaws.com/{_NAME}:1"
_IDENTITY = {
    "ServiceNamespace": NAMESPACE,
    "ResourceId": f"endpoint/{_NAME}/variant/{_VARIANT}",
    "ScalableDimension": DIMENSION,
}
_PATIENCE_S = 120.0


class RealEndpoint:
    """Real processes. All times that it tells are seconds of AWS time."""

    def __init__(self, aws: EmbeddedAws, speed: float, service_s: float) -> None:
        self._aws, self._speed = aws, speed
        self._sagemaker = aws.client("sagemaker")
        self._runtime = aws.client("sagemaker-runtime")
        self._sqs = aws.client("sqs")
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        s3.put_object(Bucket=_BUCKET, Key="model/code/inference.py", Body=_DUMMY.read_bytes())
        s3.put_object(Bucket=_BUCKET, Key="request.json", Body=b"{}")
        self._queue, topic = self._news()
        role = self._role()
        source = {
            "S3Uri": f"s3://{_BUCKET}/model/",
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
        self._sagemaker.create_model(
            ModelName=_NAME,
            ExecutionRoleArn=role,
            PrimaryContainer={
                "Image": _IMAGE,
                "ModelDataSource": {"S3DataSource": source},
                "Environment": {"SERVICE_SECONDS": str(service_s / speed)},
            },
        )
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=_NAME,
            ProductionVariants=[
                {
                    "VariantName": _VARIANT,
                    "ModelName": _NAME,
                    "InstanceType": "ml.g5.2xlarge",
                    "InitialInstanceCount": 1,
                }
            ],
            AsyncInferenceConfig={
                "OutputConfig": {
                    "S3OutputPath": f"s3://{_BUCKET}/results/",
                    "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
                },
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
            },
        )
        self._sagemaker.create_endpoint(EndpointName=_NAME, EndpointConfigName=_NAME)
        self._until(lambda: self.instances()[0] == 1)
        self.start_s = self._scaled(2)
        self._scaled(1)

    def _scaled(self, count: int) -> float:
        """How long it takes to have so many instances, in seconds of AWS time."""
        began = time.monotonic()
        self._sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=_NAME,
            DesiredWeightsAndCapacities=[{"VariantName": _VARIANT, "DesiredInstanceCount": count}],
        )
        self._until(lambda: self.instances() == (count, count))
        return (time.monotonic() - began) * self._speed

    def _news(self) -> tuple[str, str]:
        sns = self._aws.client("sns")
        arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{_NAME}"
        deliver = _allow("sqs:SendMessage", arn) | {"Principal": {"Service": "sns.amazonaws.com"}}
        url = self._sqs.create_queue(QueueName=_NAME, Attributes={"Policy": _policy(deliver)})[
            "QueueUrl"
        ]
        topic = sns.create_topic(Name=_NAME)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url, topic

    def _role(self) -> str:
        iam = self._aws.client("iam")
        trusted = {"Service": "sagemaker.amazonaws.com", "AWS": _ACCOUNT}
        trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=_policy(trust))["Role"][
            "Arn"
        ]
        bucket = f"arn:aws:s3:::{_BUCKET}"
        may = (
            _allow("s3:*Object", f"{bucket}/*"),
            _allow("s3:ListBucket", bucket),
            _allow("sns:Publish", "*"),
        )
        iam.put_role_policy(RoleName=_NAME, PolicyName=_NAME, PolicyDocument=_policy(*may))
        return str(arn)

    def scale_by(self, policies: Policies) -> None:
        """Register the target, its policies, and the alarms that call them."""
        scaling, cloudwatch = (
            self._aws.client("application-autoscaling"),
            self._aws.client("cloudwatch"),
        )
        scaling.register_scalable_target(
            **_IDENTITY, MinCapacity=policies.least, MaxCapacity=policies.most
        )
        if policies.tracking is not None:
            scaling.put_scaling_policy(
                **_IDENTITY,
                PolicyName="tracking",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=policies.tracking,
            )
        for place, (document, alarms) in enumerate(policies.steps):
            arn = scaling.put_scaling_policy(
                **_IDENTITY,
                PolicyName=f"step-{place}",
                PolicyType="StepScaling",
                StepScalingPolicyConfiguration=document,
            )["PolicyARN"]
            for alarm in alarms:
                cloudwatch.put_metric_alarm(
                    AlarmName=alarm.name,
                    Namespace=alarm.metric.namespace,
                    MetricName=alarm.metric.name,
                    Dimensions=[{"Name": n, "Value": v} for n, v in alarm.metric.dimensions],
                    Statistic=alarm.stat,
                    Period=alarm.period_s,
                    EvaluationPeriods=alarm.evaluation_periods,
                    DatapointsToAlarm=alarm.datapoints_to_alarm,
                    Threshold=alarm.threshold,
                    ComparisonOperator=alarm.comparison,
                    TreatMissingData=alarm.treat_missing,
                    AlarmActions=[arn],
                )

    def invoke(self, number: int) -> None:
        """Send a request."""
        self._runtime.invoke_endpoint_async(
            EndpointName=_NAME,
            InputLocation=f"s3://{_BUCKET}/request.json",
            InferenceId=str(number),
        )

    def answers(self, count: int) -> dict[int, float]:
        """Wait for so many notifications: seconds from request to result, by number."""
        found: dict[int, float] = {}

        def all_there() -> bool:
            received = self._sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in received.get("Messages", ()):
                told: Mapping[str, Any] = json.loads(json.loads(message["Body"])["Message"])
                ended, received_at = _moment(told["eventTime"]), _moment(told["receivedTime"])
                found[int(told["inferenceId"])] = (ended - received_at) * self._speed
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
            return len(found) >= count

        self._until(all_there)
        return found

    def instances(self) -> tuple[int, int]:
        """In service, and wanted."""
        described = self._sagemaker.describe_endpoint(EndpointName=_NAME)
        (variant,) = described["ProductionVariants"]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_PATIENCE_S:.0f} s")
            time.sleep(0.05)


def _allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
