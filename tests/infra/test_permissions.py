"""Who may do what: the whole of it, as a table, and what the embedded AWS does not check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.infra.cloud import Cloud, flat, text

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKETS = ("Uploads", "Photos", "Models", "Work", "Avatars")
TABLE = {
    f"dynamodb:{action} records"
    for action in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
} | {"dynamodb:Query records/index/by_owner", "dynamodb:Query records/index/by_state"}
REPLAYS = {
    f"dynamodb:{action} idempotency"
    for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
}
EVERY_FUNCTION = {"xray:PutTelemetryRecords *", "xray:PutTraceSegments *"}
SCREENING = {
    "comprehend:BatchDetectDominantLanguage *",
    "comprehend:DetectPiiEntities *",
    "comprehend:DetectToxicContent *",
    "translate:TranslateText *",
}
READING_MARKS = {"kms:GenerateMac watermark key", "ssm:GetParameter certificates"}
KEY = {f"kms:{action} key" for action in ("Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey")}


def plain(right: str) -> str:
    """An ARN as a person would say it: ``photos/*`` for objects, ``records`` for the table."""
    for bucket in BUCKETS:
        right = re.sub(rf"<[^>]*{bucket}Bucket[^>]*>", bucket.lower(), right)
    right = re.sub(r"<[^>]*TablesRecords[^>]*>", "records", right)
    right = re.sub(r"<[^>]*TablesIdempotency[^>]*>", "idempotency", right)
    right = re.sub(r"<[^>]*TablesAudit[^>]*>", "audit", right)
    right = re.sub(r"<[^>]*DataKey[^>]*>", "key", right)
    right = re.sub(r"<[^>]*ReceiptsKey[^>]*>", "receipt key", right)
    right = re.sub(r"<[^>]*Users[0-9A-F]{8}[^>]*>", "users", right)
    right = re.sub(r"<[^>]*WatermarkKey[^>]*>", "watermark key", right)
    right = re.sub(r"<[^>]*SigningKey[^>]*>", "signing key", right)
    name = r"parameter/avatar/\w+/content-credentials/certificates"
    right = re.sub(rf"arn:aws:ssm:[^ ]*:{name}", "certificates", right)
    right = re.sub(r"arn:aws:s3:::cdk-[^ ]*", "code", right)
    right = re.sub(r"arn:aws:states:[^ ]*:execution:[^ ]*:\*", "executions", right)
    right = re.sub(r"arn:aws:sagemaker:[^ ]*:training-job/trn-\*", "jobs", right)
    right = re.sub(r"<[^>]*TrainingMachine[^>]*>", "machine", right)
    right = re.sub(r"<[^>]*ResultsQueue[^>]*>", "results", right)
    right = re.sub(r"<[^>]*Serving\d*Endpoint[^>]*>", "endpoint", right)
    return re.sub(r"<(\w+?)(Queue|Function|Logs)?[0-9A-F]{8}(\.Arn)?>", r"\1\2", right)


def rights(cloud: Cloud, role: str) -> set[str]:
    """All that a function may do, less its own logs and reading its own queue."""
    return {
        plain(right)
        for right in cloud.rights(role)
        if not right.startswith("logs:")
        and not re.match(r"sqs:(Receive|Delete|ChangeM|GetQueue)", right)
    }


def s3(action: str, *places: str) -> set[str]:
    return {f"s3:{action} {place}" for place in places}


EXPECTED = {
    "CatalogueRole": set(),
    "SubjectsRole": KEY
    | TABLE
    | REPLAYS
    | s3("PutObject", "uploads/photos/*", "uploads/sources/*")
    | s3("GetObject", "photos/*", "work/sources/*")
    | {"sqs:SendMessage BackgroundErasureQueue"}
    | SCREENING,
    "TrainingsRole": KEY
    | TABLE
    | REPLAYS
    | s3("GetObject", "work/trainings/*")
    | {"states:StartExecution machine", "states:StopExecution executions"},
    "GenerationsRole": KEY
    | TABLE
    | REPLAYS
    | s3("GetObject", "work/generations/*", "work/sources/*", "avatars/*")
    | s3("PutObject", "work/generations/*")
    | {
        f"rekognition:{action} *"
        for action in ("DetectFaces", "DetectModerationLabels", "RecognizeCelebrities")
    }
    | {
        "sagemaker:InvokeEndpointAsync endpoint",
        "sagemaker:DescribeEndpoint endpoint",
        "sqs:SendMessage BackgroundErasureQueue",
    }
    | SCREENING,
    "VerifyRole": KEY | TABLE | REPLAYS | READING_MARKS | s3("GetObject", "work/sources/*"),
    "ReviewsRole": KEY
    | TABLE
    | REPLAYS
    | {"dynamodb:PutItem audit", "dynamodb:Query audit"}
    | s3("GetObject", "work/reviews/*", "avatars/*", "photos/*")
    | s3("PutObject", "work/reviews/*", "avatars/*")
    | s3("DeleteObject", "work/reviews/*", "avatars/*")
    | {"kms:Sign signing key", "sqs:SendMessage BackgroundIntakeQueue"}
    | READING_MARKS,
    "IntakeHandlerRole": KEY
    | TABLE
    | s3("GetObject", "uploads/photos/*", "uploads/sources/*")
    | s3("DeleteObject", "uploads/photos/*", "uploads/sources/*")
    | s3("GetObject", "photos/*")
    | s3("PutObject", "photos/*", "work/sources/*")
    | {
        f"rekognition:{action} *"
        for action in (
            "CompareFaces",
            "DetectFaces",
            "DetectModerationLabels",
            "RecognizeCelebrities",
        )
    },
    "PrepareRole": KEY
    | TABLE
    | s3("PutObject", "work/trainings/*", "models/prior/*")
    | s3("GetObject", "models/base/*/base.json"),
    "PublishRole": KEY
    | TABLE
    | s3("GetObject", "work/trainings/*")
    | s3("PutObject", "models/adapters/*", "models/prior/*")
    | s3("DeleteObject", "models/adapters/*"),
    "FailedRole": KEY | TABLE,
    "EventsHandlerRole": KEY | TABLE,
    "ResultsHandlerRole": KEY
    | TABLE
    | s3("GetObject", "work/results/*", "work/failures/*")
    | s3("DeleteObject", "work/results/*", "work/failures/*", "work/reviews/*")
    | s3("PutObject", "avatars/*", "work/reviews/*")
    | s3("DeleteObject", "avatars/*")
    | s3("GetObject", "photos/*")
    | {
        f"rekognition:{action} *"
        for action in (
            "CompareFaces",
            "DetectFaces",
            "DetectModerationLabels",
            "DetectText",
            "RecognizeCelebrities",
        )
    }
    | {"kms:Sign signing key"}
    | READING_MARKS
    | SCREENING,
    "ErasureHandlerRole": KEY
    | TABLE
    | {"dynamodb:DeleteItem idempotency", "states:StopExecution executions"}
    | {"sagemaker:DescribeTrainingJob jobs", "kms:Sign receipt key"}
    | {"cognito-idp:AdminGetUser users", "cognito-idp:AdminDeleteUser users"}
    | s3("ListBucket", *(bucket.lower() for bucket in BUCKETS))
    | s3("ListBucketVersions", *(bucket.lower() for bucket in BUCKETS))
    | s3("DeleteObject", "uploads/*", "models/adapters/*")
    | s3("DeleteObject", "photos/*", "work/*", "avatars/*")
    | s3("DeleteObjectVersion", "uploads/*", "models/adapters/*")
    | s3("DeleteObjectVersion", "photos/*", "work/*", "avatars/*"),
    "ReconcilerHandlerRole": KEY
    | TABLE
    | s3("GetObject", "uploads/photos/*", "uploads/sources/*")
    | s3("GetObject", *(f"work/{each}/*" for each in ("generations", "results", "failures")))
    | {
        "states:DescribeExecution executions",
        "sqs:SendMessage BackgroundIntakeQueue",
        "sqs:SendMessage BackgroundErasureQueue",
        "sqs:SendMessage results",
        "sqs:SendMessage BackgroundUnreconciledQueue",
    },
}


@pytest.mark.parametrize("role", EXPECTED)
def test_a_function_may_do_exactly_what_its_work_needs(prod: Cloud, role: str) -> None:
    assert rights(prod, role) == EXPECTED[role] | EVERY_FUNCTION


def test_who_does_not_read_text_in_images_may_not_ask_about_it(
    cloud_of: Callable[[str], Cloud],
) -> None:
    reading = {"rekognition:DetectText *", *SCREENING}
    assert rights(cloud_of("local"), "ResultsHandlerRole") == (
        EXPECTED["ResultsHandlerRole"] - reading | EVERY_FUNCTION
    )


def test_the_table_names_every_function(cloud: Cloud) -> None:
    roles = {text(each.properties["Role"]) for each in cloud.all("AWS::Lambda::Function")}
    assert len(roles) == len(cloud.all("AWS::Lambda::Function"))
    for role in roles:
        assert [name for name in EXPECTED if name in role], role


def test_no_statement_allows_every_action_or_a_whole_service(cloud: Cloud) -> None:
    for statement in cloud.statements():
        for action in statement.actions:
            assert "*" not in action, statement


def test_only_actions_that_know_no_resource_have_none(cloud: Cloud) -> None:
    knowing_none = re.compile(
        r"xray:|rekognition:(CompareFaces|Detect|RecognizeCelebrities)|comprehend:(Batch)?Detect"
        r"|translate:TranslateText|ecr:GetAuthorizationToken"
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
        r"|logs:\w*LogDeliver|logs:Describe(ResourcePolicies|LogGroups)|logs:PutResourcePolicy"
        r"|cloudwatch:PutMetricData"
    )
    for statement in cloud.statements():
        if "*" in statement.resources:
            for action in statement.actions:
                assert knowing_none.match(action), (statement.role, action)


def test_objects_are_reached_by_prefix_and_listings_bound_to_one(cloud: Cloud) -> None:
    for statement in cloud.statements():
        if "s3:ListBucket" in statement.actions:
            assert "s3:prefix" in statement.conditions["StringLike"], statement
        for action in statement.actions:
            if action.startswith("s3:") and "Object" in action:
                assert all("/" in resource for resource in statement.resources), statement


def test_whoever_touches_our_data_may_use_the_key(cloud: Cloud) -> None:
    touching, using = set(), set()
    for statement in cloud.statements():
        for action in statement.actions:
            if action.split(":")[0] in {"s3", "dynamodb", "sqs", "sns"}:
                touching.add(statement.role)
        if {"kms:Decrypt", "kms:GenerateDataKey"} <= set(statement.actions):
            assert all("DataKey" in resource for resource in statement.resources), statement
            using.add(statement.role)
    assert touching <= using


def test_roles_trust_one_service_each(cloud: Cloud) -> None:
    for role in cloud.all("AWS::IAM::Role"):
        (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole", role
        (service,) = flat(statement["Principal"]["Service"])
        assert service.split(".")[0] in {"lambda", "sagemaker", "states", "apigateway"}, role


def test_consumers_may_take_from_their_queue(cloud: Cloud) -> None:
    roles = {
        f"<{each.name}>": text(each.properties["Role"]).strip("<>").removesuffix(".Arn")
        for each in cloud.all("AWS::Lambda::Function")
    }
    for mapping in cloud.all("AWS::Lambda::EventSourceMapping"):
        role = roles[text(mapping.properties["FunctionName"])]
        queue = text(mapping.properties["EventSourceArn"])
        mine = cloud.rights(f"{mapping.stack}/{role}")
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            assert f"sqs:{action} {queue}" in mine, mapping


def test_the_state_machine_may_train_pass_its_role_and_hear_the_end(prod: Cloud) -> None:
    mine = prod.rights("training/TrainingRole")
    job = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:training-job/trn-*"
    for action in ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags"):
        assert f"sagemaker:{action} {job}" in mine
    rule = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        assert f"events:{action} arn:aws:events:us-east-1:<AWS::AccountId>:rule/{rule}" in mine
    invoked = {right.split()[1][1:-5] for right in mine if right.startswith("lambda:")}
    assert {name[:-8] for name in invoked} == {
        "PrepareFunction",
        "PublishFunction",
        "FailedFunction",
    }


def test_roles_are_passed_to_sagemaker_only(cloud: Cloud) -> None:
    passing = [each for each in cloud.statements() if "iam:PassRole" in each.actions]
    assert len(passing) == 1
    assert passing[0].conditions == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert passing[0].resources[0].startswith("<JobRole")


def test_a_training_reads_photos_and_base_and_writes_only_its_work(prod: Cloud) -> None:
    mine = {plain(right) for right in prod.rights("JobRole") if right.startswith("s3:")}
    assert mine == (
        s3("GetObject", "photos/*", "models/base/*", "models/prior/*", "work/trainings/*", "code")
        | s3("ListBucket", "photos", "models", "work")
        | s3("PutObject", "work/trainings/*")
        | s3("DeleteObject", "work/trainings/*")
        | s3("AbortMultipartUpload", "work/trainings/*")
    )


def test_the_endpoint_reads_models_and_requests_and_writes_only_results(prod: Cloud) -> None:
    mine = {plain(right) for right in prod.rights("ServingRole") if right.startswith("s3:")}
    results = ("work/results/*", "work/failures/*")
    assert mine == (
        s3("GetObject", "models/base/*", "models/adapters/*", "work/generations/*", "code")
        | s3("ListBucket", "models", "work")
        | s3("PutObject", "work/generations/*/progress.json", *results)
        | s3("AbortMultipartUpload", *results)
    )


def test_no_role_but_screening_and_delivery_reaches_released_images(cloud: Cloud) -> None:
    reaching = {
        statement.role.split("/")[1]
        for statement in cloud.statements()
        for resource in statement.resources
        if "AvatarsBucket" in resource
    }
    assert {re.sub(r"^(Answering|Background)|Role[0-9A-F]{8}$", "", role) for role in reaching} == {
        "ResultsHandler",  # writes what passed
        "Generations",  # links to it
        "Reviews",  # takes away, and brings back, what a moderator decided about
        "ErasureHandler",
    }


def test_nobody_may_change_or_delete_what_stands_in_the_audit_log(cloud: Cloud) -> None:
    allowed = {
        (statement.role.split("/")[1], action)
        for statement in cloud.statements()
        for resource in statement.resources
        if "TablesAudit" in resource
        for action in statement.actions
    }
    assert {action for _, action in allowed} == {"dynamodb:PutItem", "dynamodb:Query"}
    assert len({role for role, _ in allowed}) == 1
    for statement in cloud.statements():
        for action in statement.actions:
            assert not (action.startswith("dynamodb:") and "*" in statement.resources), statement


def test_nobody_but_moderators_function_reads_what_was_withheld(cloud: Cloud) -> None:
    reading = {
        statement.role.split("/")[1]
        for statement in cloud.statements()
        if "s3:GetObject" in statement.actions
        for resource in statement.resources
        if "WorkBucket" in resource and resource.split("/", 1)[1].startswith(("reviews/", "*"))
    }
    assert [re.sub(r"Role[0-9A-F]{8}$", "", role) for role in reading] == ["AnsweringReviews"]
