"""Sign-in: verified addresses, strong passwords, an optional second factor, short tokens."""

from __future__ import annotations

from tests.infra.cloud import Cloud, Resource


def pool(cloud: Cloud) -> dict[str, object]:
    return cloud.one("AWS::Cognito::UserPool").properties


def client(cloud: Cloud, name: str) -> Resource:
    return cloud.one("AWS::Cognito::UserPoolClient", name)


def test_people_sign_in_with_a_verified_address(cloud: Cloud) -> None:
    assert pool(cloud)["UsernameAttributes"] == ["email"]
    assert pool(cloud)["AutoVerifiedAttributes"] == ["email"]


def test_passwords_are_strong(cloud: Cloud) -> None:
    policy = cloud.one("AWS::Cognito::UserPool").properties["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{each}"] for each in ("Lowercase", "Uppercase", "Numbers"))
    assert policy["RequireSymbols"]


def test_a_second_factor_is_offered_by_app_not_by_text_message(cloud: Cloud) -> None:
    assert pool(cloud)["MfaConfiguration"] == "OPTIONAL"
    assert pool(cloud)["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_there_are_moderators(cloud: Cloud) -> None:
    assert cloud.one("AWS::Cognito::UserPoolGroup").properties["GroupName"] == "moderators"


def test_the_public_client_has_no_secret_and_never_sends_a_password(cloud: Cloud) -> None:
    properties = client(cloud, "PublicClient").properties
    assert properties["GenerateSecret"] is False
    flows = set(properties["ExplicitAuthFlows"])
    assert flows == {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert properties["AllowedOAuthFlows"] == ["code"]
    assert properties["PreventUserExistenceErrors"] == "ENABLED"


def test_access_tokens_live_an_hour_at_most(cloud: Cloud) -> None:
    for each in cloud.all("AWS::Cognito::UserPoolClient"):
        assert each.properties["TokenValidityUnits"]["AccessToken"] == "minutes", each
        assert each.properties["AccessTokenValidity"] <= 60, each


def test_servers_call_with_client_credentials_and_scopes(cloud: Cloud) -> None:
    properties = client(cloud, "ServerClient").properties
    assert properties["GenerateSecret"] is True
    assert properties["AllowedOAuthFlows"] == ["client_credentials"]
    server = cloud.one("AWS::Cognito::UserPoolResourceServer").properties
    assert server["Identifier"] == "avatar"
    assert {each["ScopeName"] for each in server["Scopes"]} == {"read", "write"}


def test_tokens_have_somewhere_to_be_fetched(cloud: Cloud) -> None:
    assert cloud.one("AWS::Cognito::UserPoolDomain").properties["Domain"]
