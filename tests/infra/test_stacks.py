"""What holds data depends on nothing that can be rebuilt, and templates stay deployable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

from tests.infra.cloud import ROOT, Cloud

STACKS = {"storage", "identity", "training", "inference", "api", "observability"}
STATEFUL = {"storage", "identity"}


def imports(value: Any) -> set[str]:
    """Names that a template imports from other stacks."""
    if isinstance(value, dict):
        found = {value["Fn::ImportValue"]} if "Fn::ImportValue" in value else set()
        return found.union(*(imports(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(imports(each) for each in value))
    return set()


def test_there_are_six_stacks_named_after_their_environment(cloud: Cloud) -> None:
    assert set(cloud.templates) == STACKS
    names = {path.name.split(".")[0] for path in cloud.folder.glob("*.template.json")}
    assert names == {f"avatar-{cloud.settings.name}-{stack}" for stack in STACKS}


def test_what_holds_data_imports_from_no_other_stack(cloud: Cloud) -> None:
    for stack in STATEFUL:
        assert imports(cloud.templates[stack]) == set(), stack


def test_only_stacks_of_data_hold_data(cloud: Cloud) -> None:
    holding = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool", "AWS::KMS::Key"}
    for resource in cloud.resources():
        if resource.type in holding:
            assert resource.stack in STATEFUL, resource


def test_outputs_are_those_of_the_contract_and_unique(cloud: Cloud) -> None:
    ours = Counter(
        name
        for template in cloud.templates.values()
        for name in template["Outputs"]
        if not name.startswith("ExportsOutput")
    )
    assert set(ours) == {
        "ApiUrl",
        "ApiId",
        "UserPoolId",
        "UserPoolClientId",
        "ServerClientId",
        "UploadsBucket",
        "PhotosBucket",
        "ModelsBucket",
        "WorkBucket",
        "AvatarsBucket",
        "TableName",
        "IdempotencyTableName",
        "AuditTableName",
        "StateMachineArn",
        "TrainingInstanceTypes",
        "EndpointName",
        "ScalableTargetId",
        "AlarmTopicArn",
        "DashboardName",
        "DataKeyArn",
        "ReceiptKeyArn",
        "SigningKeyArn",
        "CertificatesParameter",
    }
    assert set(ours.values()) == {1}


def test_no_template_comes_near_the_limit_of_500_resources(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    for stack, template in cloud.templates.items():
        assert len(template["Resources"]) < 300, stack
        assert len(json.dumps(template)) < 900_000, stack


def test_physical_names_are_left_to_cloudformation(cloud: Cloud) -> None:
    """A name of ours would stop every change that replaces the resource."""
    fixed = {
        "AWS::S3::Bucket": "BucketName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::SQS::Queue": "QueueName",
        "AWS::SNS::Topic": "TopicName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::IAM::Role": "RoleName",
        "AWS::StepFunctions::StateMachine": "StateMachineName",
        "AWS::SageMaker::Endpoint": "EndpointName",
    }
    for resource in cloud.resources():
        if resource.type in fixed:
            assert fixed[resource.type] not in resource.properties, resource


def test_production_is_protected_from_a_careless_delete(prod: Cloud) -> None:
    manifest = json.loads((prod.folder / "manifest.json").read_text())
    stacks = [
        each["properties"]
        for each in manifest["artifacts"].values()
        if each["type"] == "aws:cloudformation:stack"
    ]
    assert len(stacks) == len(STACKS)
    assert all(each["terminationProtection"] for each in stacks)


def test_an_unknown_environment_stops_the_app_with_one_sentence() -> None:
    context = json.dumps({"environments": {"dev": {}}, "environment": "live"})
    run = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={"CDK_CONTEXT_JSON": context, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    expected = "there is no environment 'live' in cdk.json; there are: dev"
    assert run.stderr.strip().splitlines()[-1] == expected
