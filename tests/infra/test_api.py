"""The API: every route authorised but health, throttled, logged without persons, one error form."""

from __future__ import annotations

import json
from typing import Any

from infra.routes import ROUTES, Access
from tests.infra.cloud import Cloud, Resource, text

PUBLIC = {"/health", "/erasures/{erasure_id}"}


def paths(cloud: Cloud) -> dict[str, str]:
    """Logical id of each API resource → its path."""
    parts = {each.name: each for each in cloud.all("AWS::ApiGateway::Resource")}

    def path(name: str) -> str:
        resource = parts[name].properties
        parent = text(resource["ParentId"]).strip("<>")
        return (path(parent) if parent in parts else "") + "/" + str(resource["PathPart"])

    return {f"<{name}>": path(name) for name in parts}


def methods(cloud: Cloud) -> dict[tuple[str, str], Resource]:
    known = paths(cloud)
    return {
        (
            each.properties["HttpMethod"],
            known.get(text(each.properties["ResourceId"]), "/"),
        ): each
        for each in cloud.all("AWS::ApiGateway::Method")
    }


def test_the_routes_are_those_of_the_table_and_no_proxy(cloud: Cloud) -> None:
    served = {key for key in methods(cloud) if key[0] != "OPTIONS"}
    assert served == {(route.method, route.path) for route in ROUTES}


def test_every_route_but_the_public_ones_wants_an_access_token_with_a_scope(cloud: Cloud) -> None:
    authorizer = cloud.one("AWS::ApiGateway::Authorizer")
    assert authorizer.properties["Type"] == "COGNITO_USER_POOLS"
    assert "Users" in text(authorizer.properties["ProviderARNs"][0])
    for (method, path), resource in methods(cloud).items():
        properties = resource.properties
        if method == "OPTIONS":
            assert properties["Integration"]["Type"] == "MOCK"  # the preflight itself
            continue
        if path in PUBLIC:
            assert properties["AuthorizationType"] == "NONE"
            continue
        assert properties["AuthorizationType"] == "COGNITO_USER_POOLS", (method, path)
        assert text(properties["AuthorizerId"]) == f"<{authorizer.name}>"
        scope = "avatar/read" if method == "GET" else "avatar/write"
        # A method without scopes would take ID tokens, and no server's token.
        assert properties["AuthorizationScopes"] == [scope, "aws.cognito.signin.user.admin"]


def test_only_health_and_receipts_are_public() -> None:
    public = {route.path for route in ROUTES if route.access is Access.PUBLIC}
    assert public == PUBLIC


def test_api_gateway_may_invoke_each_function_for_exactly_its_routes(cloud: Cloud) -> None:
    granted = set()
    for permission in cloud.all("AWS::Lambda::Permission"):
        properties = permission.properties
        if properties["Principal"] == "apigateway.amazonaws.com":
            source = text(properties["SourceArn"])
            granted.add((text(properties["FunctionName"]), source.split("/", 1)[1]))
    stage = cloud.one("AWS::ApiGateway::Stage").name
    for (method, path), resource in methods(cloud).items():
        if method == "OPTIONS":
            continue
        uri = text(resource.properties["Integration"]["Uri"])
        function = uri.split("/functions/")[1].removesuffix("/invocations")
        pattern = "/".join("*" if part.startswith("{") else part for part in path.split("/"))
        assert (function, f"<{stage}>/{method}{pattern}") in granted, (method, path)


def test_each_route_is_answered_by_the_function_of_the_table(cloud: Cloud) -> None:
    handlers = {
        f"<{each.name}.Arn>": each.properties["Handler"]
        for each in cloud.all("AWS::Lambda::Function")
    }
    found = methods(cloud)
    for route in ROUTES:
        uri = text(found[route.method, route.path].properties["Integration"]["Uri"])
        function = uri.split("/functions/")[1].removesuffix("/invocations")
        assert handlers[function] == f"lambdas.api.{route.function}.handler", route


def test_browsers_may_ask_before_every_route(cloud: Cloud) -> None:
    found = methods(cloud)
    for _, path in found:
        parameters = found["OPTIONS", path].properties["Integration"]["IntegrationResponses"][0]
        headers = parameters["ResponseParameters"]
        allowed = headers["method.response.header.Access-Control-Allow-Headers"]
        assert "Authorization" in allowed
        assert "Idempotency-Key" in allowed
        origin = headers["method.response.header.Access-Control-Allow-Origin"]
        assert origin == f"'{cloud.settings.api.cors_origins[0]}'"


def settings_of_all_methods(cloud: Cloud) -> dict[str, Any]:
    (found,) = cloud.one("AWS::ApiGateway::Stage").properties["MethodSettings"]
    assert (found["HttpMethod"], found["ResourcePath"]) == ("*", "/*")
    return dict(found)


def test_the_stage_is_named_throttled_traced_and_measured(cloud: Cloud) -> None:
    stage = cloud.one("AWS::ApiGateway::Stage").properties
    settings = settings_of_all_methods(cloud)
    assert stage["StageName"] == "v1"
    assert stage["TracingEnabled"] is True
    assert settings["MetricsEnabled"] is True
    assert settings["ThrottlingRateLimit"] == cloud.settings.api.requests_per_second
    assert settings["ThrottlingBurstLimit"] == cloud.settings.api.burst


def test_logs_hold_no_person_and_no_body(cloud: Cloud) -> None:
    assert settings_of_all_methods(cloud)["DataTraceEnabled"] is False
    stage = cloud.one("AWS::ApiGateway::Stage").properties
    assert "AccessLogs" in text(stage["AccessLogSetting"]["DestinationArn"])
    line = json.loads(stage["AccessLogSetting"]["Format"])
    variables = set(line.values())
    assert "$context.requestId" in variables
    for telling in ("identity", "authorizer", "path", "domainName", "requestOverride"):
        assert not [each for each in variables if each.startswith(f"$context.{telling}")], telling


def test_the_api_is_regional(cloud: Cloud) -> None:
    api = cloud.one("AWS::ApiGateway::RestApi").properties
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]


def test_the_gateways_own_answers_are_problem_documents(cloud: Cloud) -> None:
    for response in cloud.all("AWS::ApiGateway::GatewayResponse"):
        properties = response.properties
        headers = properties["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert "gatewayresponse.header.Access-Control-Allow-Origin" in headers
        (template,) = properties["ResponseTemplates"].values()
        problem = json.loads(template)
        assert {"type", "title", "detail", "code", "request_id"} <= set(problem), response
        if "StatusCode" in properties:
            assert str(problem["status"]) == properties["StatusCode"], response


def test_every_kind_of_refusal_has_its_answer(cloud: Cloud) -> None:
    answers = {
        each.properties["ResponseType"]: each.properties
        for each in cloud.all("AWS::ApiGateway::GatewayResponse")
    }
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "INTEGRATION_FAILURE", "WAF_FILTERED"} <= set(answers)
    assert answers["UNAUTHORIZED"]["StatusCode"] == "401"
    assert answers["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    throttled = answers["THROTTLED"]
    assert throttled["StatusCode"] == "429"
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"
    for properties in answers.values():
        (template,) = properties["ResponseTemplates"].values()
        assert "error.message" not in template  # an exception's text could be in it
