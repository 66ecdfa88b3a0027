"""Prices of us-east-1 in US dollars a month.

Looked up in November 2026: keys and CloudWatch's allowances in copies of AWS's own pages; alarms,
queues and the firewall in pages of 2026 that quote them. Those of Lambda, DynamoDB, S3, logs and
secrets were not looked up again; they make cents.

`FREE_…`: what every account has each month for nothing, not only in its first year. It is the
account's, not ours: somebody else may use it up.
"""

from __future__ import annotations

MONTH_SECONDS = 730 * 3600
AS_OF = "November 2026"

# https://aws.amazon.com/kms/pricing/: any customer managed key; a rotated one costs as much again
# after its first rotation, and once more after its second, which is the last that is charged.
KMS_KEY = 1.0
# https://aws.amazon.com/waf/pricing/: a web ACL, and each rule or rule group of AWS's own in it.
WEB_ACL = 5.0
WEB_ACL_RULE = 1.0
# https://aws.amazon.com/cloudwatch/pricing/: standard resolution, one metric each; a dashboard.
ALARM = 0.10
FREE_ALARMS = 10
DASHBOARD = 3.0
FREE_DASHBOARDS = 3
LOG_GB = 0.50
FREE_LOG_GB = 5.0
# https://aws.amazon.com/sqs/pricing/: a million requests to standard queues.
SQS_MILLION = 0.40
FREE_SQS_MILLIONS = 1.0
# https://aws.amazon.com/lambda/pricing/: a GB-second on ARM, a million invocations.
LAMBDA_GB_SECOND = 0.0000133334
FREE_LAMBDA_GB_SECONDS = 400_000
LAMBDA_MILLION = 0.20
FREE_LAMBDA_MILLIONS = 1.0
# https://aws.amazon.com/dynamodb/pricing/on-demand/: a million read request units. Storage and
# point-in-time recovery are priced by what lies in the tables: nothing.
DYNAMODB_READ_MILLION = 0.125
# https://aws.amazon.com/s3/pricing/: a GB of S3 Standard.
S3_GB = 0.023
# https://aws.amazon.com/secrets-manager/pricing/
SECRET = 0.40

# Lambda's pollers ask an empty queue again and again, each time for 20 seconds: it keeps five of
# them (Lambda developer guide, "Scaling and processing for Amazon SQS event source mappings").
POLLERS = 5
POLL_SECONDS = 20
# Assumed of a run of the reconciler that finds nothing, on the high side: queries of an index (half
# a unit each, eventually consistent), seconds, kilobytes of log.
RUN_QUERIES = 10
RUN_SECONDS = 1.0
RUN_LOG_KB = 2.0
# Two alarms that target tracking makes by itself (Application Auto Scaling user guide).
TARGET_TRACKING_ALARMS = 2
# SDXL's weights in fp16 as ``bases`` mirrors them, rounded up.
BASE_MODEL_GB = 7.0

_BY_USE = "by use"
_NO_CHARGE = "no charge"
# Types that cost nothing while nobody uses them, with the reason.
COSTLESS = {
    **dict.fromkeys(
        (
            "AWS::ApiGateway::RestApi",
            "AWS::Cognito::UserPool",
            "AWS::Cognito::UserPoolClient",
            "AWS::Lambda::Function",
            "AWS::SNS::Topic",
            "AWS::SNS::Subscription",
            "AWS::SQS::Queue",
            "AWS::StepFunctions::StateMachine",
            "AWS::Logs::LogGroup",
        ),
        _BY_USE,
    ),
    "AWS::DynamoDB::Table": "on demand: by use and by what lies in it",
    "AWS::S3::Bucket": "by what lies in it; the base model is priced apart",
    "AWS::SageMaker::Endpoint": "by instance: there is none",
    "AWS::SageMaker::EndpointConfig": _NO_CHARGE,
    "AWS::SageMaker::Model": _NO_CHARGE,
    "AWS::Budgets::Budget": "without actions: no charge",
    "AWS::ApplicationAutoScaling::ScalableTarget": _NO_CHARGE,
    **dict.fromkeys(
        (
            "AWS::ApiGateway::Account",
            "AWS::ApiGateway::Authorizer",
            "AWS::ApiGateway::Deployment",
            "AWS::ApiGateway::GatewayResponse",
            "AWS::ApiGateway::Method",
            "AWS::ApiGateway::RequestValidator",
            "AWS::ApiGateway::Resource",
            "AWS::ApiGateway::Stage",
            "AWS::Cognito::UserPoolDomain",
            "AWS::Cognito::UserPoolGroup",
            "AWS::Cognito::UserPoolResourceServer",
            "AWS::IAM::Policy",
            "AWS::IAM::Role",
            "AWS::Lambda::LayerVersion",
            "AWS::Lambda::Permission",
            "AWS::Logs::ResourcePolicy",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
            "AWS::WAFv2::LoggingConfiguration",
            "AWS::WAFv2::WebACLAssociation",
        ),
        _NO_CHARGE,
    ),
}
