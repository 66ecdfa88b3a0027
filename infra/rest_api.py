"""The REST API itself: regional, one stage, every route named, access tokens with scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.gateway_responses import add_gateway_responses
from infra.identity import READ, RESOURCE_SERVER, SIGNED_IN_USER, WRITE
from infra.log_groups import log_group
from infra.routes import ROUTES, Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_

    from infra.settings import EnvironmentSettings

STAGE = "v1"
_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "Accept"]
_EXPOSED = ["Link", "Location", "Retry-After"]
_WHY_PUBLIC = {
    "/health": "Says that the service is up, and nothing else",
    "/erasures/{erasure_id}": "Read when the account is gone, by an id that nobody can guess",
}
_SCOPES = {Access.READ: READ, Access.WRITE: WRITE}
# Ids of the request and the route's pattern. No address, no path, no caller, no query.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
    "response_bytes": "$context.responseLength",
    "firewall": "$context.wafResponseCode",
}


class AvatarApi(Construct):
    """Stage ``v1`` and its routes, each with exactly one function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        key: kms.IKey,
        user_pool: cognito.IUserPool,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        log = log_group(self, "AccessLogs", settings=settings, key=key)
        self.api = apigateway.RestApi(
            self,
            "Api",
            # Its metrics carry this name: two environments in an account must not share it.
            rest_api_name=f"avatar-{settings.name}",
            description=f"Personalised avatars, {settings.name}",
            endpoint_configuration=apigateway.EndpointConfiguration(
                types=[apigateway.EndpointType.REGIONAL]
            ),
            # API Gateway writes its logs with a role that belongs to the account and region.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=settings.api.requests_per_second,
                throttling_burst_limit=settings.api.burst,
                metrics_enabled=True,
                tracing_enabled=True,
                # Execution logs name errors; data tracing would write bodies, so it stays off.
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                access_log_destination=apigateway.LogGroupLogDestination(log),
                access_log_format=apigateway.AccessLogFormat.custom(_json(_ACCESS_LOG)),
            ),
            default_cors_preflight_options=apigateway.CorsOptions(
                allow_origins=settings.api.cors_origins,
                allow_methods=["GET", "POST", "PATCH", "DELETE", "OPTIONS"],
                allow_headers=_HEADERS,
                expose_headers=_EXPOSED,
                max_age=Duration.hours(1),
            ),
        )
        acknowledge(
            self.api,
            "AwsSolutions-APIG2",
            "Handlers validate bodies, and answer with a pointer to each wrong field",
        )
        acknowledge(
            self.api,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "The role of the account through which API Gateway writes logs: AWS defines its rights",
        )
        self.api.node.try_remove_child("Endpoint")  # an output; ours is called ApiUrl
        add_gateway_responses(self.api, settings.api.cors_origins)
        self._authorizer = apigateway.CognitoUserPoolsAuthorizer(
            self, "Authorizer", cognito_user_pools=[user_pool]
        )
        integrations = {
            name: apigateway.LambdaIntegration(function, allow_test_invoke=False)
            for name, function in functions.items()
        }
        for route in ROUTES:
            resource = self.api.root.resource_for_path(route.path)
            self._add(resource, route.method, integrations[route.function], route.access)
        self.stage = self.api.deployment_stage

    def _add(
        self,
        resource: apigateway.IResource,
        method: str,
        integration: apigateway.Integration,
        access: Access,
    ) -> None:
        if access is Access.PUBLIC:
            public = resource.add_method(
                method, integration, authorization_type=apigateway.AuthorizationType.NONE
            )
            for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
                acknowledge(public, rule, _WHY_PUBLIC[resource.path])
            return
        resource.add_method(
            method,
            integration,
            authorizer=self._authorizer,
            authorization_type=apigateway.AuthorizationType.COGNITO,
            # A token needs one of them: a server's or a hosted sign-in's, or a user's own.
            authorization_scopes=[f"{RESOURCE_SERVER}/{_SCOPES[access]}", SIGNED_IN_USER],
        )


def _json(fields: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}"
