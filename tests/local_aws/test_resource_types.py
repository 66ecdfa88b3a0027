"""Resource types that the emulator lacks or cuts short, deployed as a stack and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.testing import EmbeddedAws

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "types"}},
        "Acl": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": {
                    "CloudWatchMetricsEnabled": True,
                    "MetricName": "acl",
                    "SampledRequestsEnabled": False,
                },
            },
        },
        "Association": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {
                "WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]},
                "ResourceArn": {
                    "Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/v1"
                },
            },
        },
        "AclLog": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
        "AclLogging": {
            "Type": "AWS::WAFv2::LoggingConfiguration",
            "Properties": {
                "ResourceArn": {"Fn::GetAtt": ["Acl", "Arn"]},
                "LogDestinationConfigs": [{"Fn::GetAtt": ["AclLog", "Arn"]}],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "MetricName": "Errors",
                "Namespace": "Avatar",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        },
        "Composite": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")'}, "AlarmActions": []},
        },
        "Budget": {
            "Type": "AWS::Budgets::Budget",
            "Properties": {
                "Budget": {
                    "BudgetName": "types",
                    "BudgetType": "COST",
                    "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": 15, "Unit": "USD"},
                }
            },
        },
        "Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {"Name": "q", "QueryString": "fields @message"},
        },
        "Group": {
            "Type": "AWS::XRay::Group",
            "Properties": {"GroupName": "avatar", "FilterExpression": "error"},
        },
        "Sampling": {
            "Type": "AWS::XRay::SamplingRule",
            "Properties": {"SamplingRule": {"RuleName": "api", "FixedRate": 0.05}},
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                        }
                    ]
                },
                "LifecycleConfiguration": {
                    "Rules": [{"Id": "gone", "Status": "Enabled", "ExpirationInDays": 1}]
                },
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        },
    },
    "Outputs": {
        "Sampling": {"Value": {"Fn::GetAtt": ["Sampling", "RuleARN"]}},
        "Composite": {"Value": {"Fn::GetAtt": ["Composite", "Arn"]}},
    },
}


@pytest.fixture(scope="module")
def stack(aws: EmbeddedAws) -> dict[str, str]:
    """The deployed template: physical id by logical id (and outputs under `Output.`)."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="types", TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="types", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    resources = cloudformation.describe_stack_resources(StackName="types")["StackResources"]
    outputs = cloudformation.describe_stacks(StackName="types")["Stacks"][0]["Outputs"]
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources} | {
        f"Output.{o['OutputKey']}": o["OutputValue"] for o in outputs
    }


def test_a_web_acl_is_associated_with_the_api_stage(
    aws: EmbeddedAws, stack: dict[str, str]
) -> None:
    resource, _, acl = stack["Association"].partition("|")

    found = aws.client("wafv2").get_web_acl_for_resource(ResourceArn=resource)["WebACL"]

    assert found["ARN"] == acl
    assert stack["AclLogging"] == acl


def test_a_composite_alarm_exists_in_cloudwatch(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    found = aws.client("cloudwatch").describe_alarms(
        AlarmNames=[stack["Composite"]], AlarmTypes=["CompositeAlarm"]
    )["CompositeAlarms"]

    assert found[0]["AlarmRule"] == f'ALARM("{stack["Alarm"]}")'
    assert found[0]["AlarmArn"] == stack["Output.Composite"]


def test_a_budget_is_kept_with_its_limit(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    budget = aws.client("budgets").describe_budget(
        AccountId="000000000000", BudgetName=stack["Budget"]
    )["Budget"]

    assert float(budget["BudgetLimit"]["Amount"]) == 15


def test_types_without_behaviour_here_are_recorded_under_an_identity(
    stack: dict[str, str],
) -> None:
    assert stack["Group"].endswith(":group/avatar")
    assert stack["Output.Sampling"].endswith(":sampling-rule/api")
    assert stack["Query"]


def test_a_bucket_keeps_its_encryption_and_lifecycle(
    aws: EmbeddedAws, stack: dict[str, str]
) -> None:
    s3 = aws.client("s3")
    encryption = s3.get_bucket_encryption(Bucket=stack["Bucket"])
    rules = s3.get_bucket_lifecycle_configuration(Bucket=stack["Bucket"])["Rules"]

    rule = encryption["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert [(r["ID"], r["Expiration"]) for r in rules] == [("gone", {"Days": 1})]


def test_a_table_keeps_its_time_to_live_and_recovery(
    aws: EmbeddedAws, stack: dict[str, str]
) -> None:
    dynamodb = aws.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=stack["Table"])["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=stack["Table"])

    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "ttl")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_stack_can_be_updated_and_deleted(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    cloudformation = aws.client("cloudformation")
    template = json.loads(json.dumps(TEMPLATE))
    resources = template["Resources"]
    resources["Budget"]["Properties"]["Budget"]["BudgetLimit"]["Amount"] = 20
    resources["Composite"]["Properties"]["AlarmDescription"] = "changed"
    resources["Sampling"]["Properties"]["SamplingRule"]["FixedRate"] = 0.1
    resources["Query"]["Properties"]["QueryString"] = "fields @timestamp"

    cloudformation.update_stack(StackName="types", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName="types", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    found = cloudformation.describe_stack_resources(StackName="types")["StackResources"]
    cloudformation.delete_stack(StackName="types")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="types", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )

    for resource in found:
        assert resource["PhysicalResourceId"] == stack[resource["LogicalResourceId"]]
