"""The training of one subject as a state machine.

    Start → Prepare → Train (createTrainingJob.sync) → Publish → Done
               ↑          any error of the three ↓
               └─ Again ← Wait ← retry? ← Failed ──→ GaveUp

Whether another attempt makes sense is the domain's decision: the function behind ``Failed`` answers
``{"retry", "wait_seconds", "attempt"}``, and has marked the training failed before it says no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra import access
from infra.acknowledgements import acknowledge_wildcard, as_written
from infra.log_groups import log_group
from infra.training_metrics import metric_definitions

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_

    from infra.settings import EnvironmentSettings

# Training jobs are named after their training (trn_… with a dash), which scopes every permission.
JOB_NAME_PREFIX = "trn-"
_LAMBDA_HICCUPS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]


class TrainingStateMachine(Construct):
    """Prepare, train, publish; try again where that can help."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        key: kms.IKey,
        image: str,
        training_role: iam.IRole,
        prepare: lambda_.IFunction,
        publish: lambda_.IFunction,
        failed: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        functions = (prepare, publish, failed)
        access.allow(role, [each.function_arn for each in functions], "lambda:InvokeFunction")
        self._allow_training(role, training_role)

        start = sfn.Pass(self, "Start", result=sfn.Result.from_number(1), result_path="$.attempt")
        prepare_job = self._call("Prepare", prepare)
        train = sfn.CustomState(
            self, "Train", state_json=_training_job(settings, key, image, training_role)
        )
        publish_adapter = self._call("Publish", publish)
        decide = self._call("Failed", failed, ResultPath="$.verdict")
        again = sfn.Pass(
            self,
            "Again",
            parameters={
                "training_id.$": "$.training_id",
                "subject_id.$": "$.subject_id",
                "owner.$": "$.owner",
                "attempt.$": "$.verdict.attempt",
            },
        )
        wait = sfn.Wait(self, "Wait", time=sfn.WaitTime.seconds_path("$.verdict.wait_seconds"))
        gave_up = sfn.Fail(
            self, "GaveUp", error="TrainingFailed", cause="The training's record says why."
        )
        for state in (prepare_job, train, publish_adapter):
            state.add_catch(decide, errors=["States.ALL"], result_path="$.error")
        decide.next(
            sfn.Choice(self, "Retry")
            .when(
                sfn.Condition.boolean_equals("$.verdict.retry", True),
                wait.next(again).next(prepare_job),
            )
            .otherwise(gave_up)
        )
        chain = (
            sfn.Chain.start(start)
            .next(prepare_job)
            .next(train)
            .next(publish_adapter)
            .next(sfn.Succeed(self, "Done"))
        )
        self.state_machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(chain),
            role=role,
            timeout=Duration.minutes(round(settings.training_hours * 60)),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group(self, "Logs", settings=settings, key=key),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,  # events with their states, not what they carry
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _call(self, name: str, function: lambda_.IFunction, **more: Any) -> sfn.CustomState:
        task = sfn.CustomState(
            self, name, state_json={"Type": "Task", "Resource": function.function_arn, **more}
        )
        return task.add_retry(
            errors=_LAMBDA_HICCUPS,
            interval=Duration.seconds(2),
            max_attempts=4,
            backoff_rate=2,
        )

    def _allow_training(self, role: iam.Role, training_role: iam.IRole) -> None:
        """What ``createTrainingJob.sync`` needs: the job, its end, its role.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
        """
        stack = Stack.of(self)
        jobs = stack.format_arn(
            service="sagemaker", resource="training-job", resource_name=f"{JOB_NAME_PREFIX}*"
        )
        access.allow(
            role,
            jobs,
            "sagemaker:CreateTrainingJob",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:StopTrainingJob",
            "sagemaker:AddTags",
            "sagemaker:ListTags",
        )
        acknowledge_wildcard(
            role, as_written(self, jobs), "Jobs of this service, named after their trainings"
        )
        acknowledge_wildcard(
            role, "*", "X-Ray traces and the delivery of execution logs know no resource"
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["iam:PassRole"],
            resource_arns=[training_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        access.allow(
            role,
            stack.format_arn(
                service="events",
                resource="rule",
                resource_name="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            ),
            "events:PutTargets",
            "events:PutRule",
            "events:DescribeRule",
        )


def _training_job(
    settings: EnvironmentSettings, key: kms.IKey, image: str, role: iam.IRole
) -> dict[str, Any]:
    """The Train state; names, paths and limits come from what Prepare returned."""
    stopping: dict[str, str] = {"MaxRuntimeInSeconds.$": "$.max_runtime_seconds"}
    if settings.training.spot:
        # CreateTrainingJob takes a longest wait only together with Spot.
        stopping["MaxWaitTimeInSeconds.$"] = "$.max_wait_seconds"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            "TrainingJobName.$": "$.job_name",
            "RoleArn": role.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
                "MetricDefinitions": metric_definitions(),
            },
            "HyperParameters.$": "$.hyperparameters",
            "InputDataConfig": [
                _channel("photos", "ManifestFile", "$.photos_manifest_uri"),
                _channel("model", "S3Prefix", "$.model_uri"),
                _channel("prior", "S3Prefix", "$.prior_uri"),
            ],
            "OutputDataConfig": {
                "S3OutputPath.$": "$.output_uri",
                "KmsKeyId": key.key_arn,
                "CompressionType": "NONE",
            },
            "CheckpointConfig": {
                "S3Uri.$": "$.checkpoint_uri",
                "LocalPath": "/opt/ml/checkpoints",
            },
            "ResourceConfig": {
                "InstanceType.$": "$.instance_type",
                "InstanceCount": 1,
                "VolumeSizeInGB": settings.training.volume_gb,
            },
            "EnableManagedSpotTraining": settings.training.spot,
            "StoppingCondition": stopping,
            "Tags": [{"Key": "avatar:environment", "Value": settings.name}],
        },
        "ResultPath": sfn.JsonPath.DISCARD,  # Publish knows where the artifacts are from Prepare
    }


def _channel(name: str, data_type: str, uri_path: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "InputMode": "File",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": data_type,
                "S3Uri.$": uri_path,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
