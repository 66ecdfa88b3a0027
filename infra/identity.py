"""Stack ``identity``: who may sign in, with what, and which callers exist.

The API takes **access tokens**: every method names the OAuth scopes that it accepts, which makes
API Gateway check access tokens and refuse ID tokens (a method without scopes does the opposite,
and would shut out client credentials). Three ways lead to one:

- sign-in through the Cognito API (SRP): the token carries ``aws.cognito.signin.user.admin``;
- authorization code with PKCE on the hosted pages: the scopes that the client asked for;
- client credentials of a server: the scopes of the resource server, and no user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito

from infra.acknowledgements import acknowledge

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import EnvironmentSettings

MODERATORS = "moderators"
RESOURCE_SERVER = "avatar"
READ, WRITE = "read", "write"
# In every access token of a user who signed in through the Cognito API.
SIGNED_IN_USER = "aws.cognito.signin.user.admin"


class IdentityStack(Stack):
    """The user pool with its public client and its server-to-server client."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self.user_pool = self._pool()
        cognito.CfnUserPoolGroup(
            self,
            "Moderators",
            group_name=MODERATORS,
            description="May see and decide on what was withheld",
            user_pool_id=self.user_pool.user_pool_id,
        )
        # Also the address of the token endpoint. The prefix must be unique in the region.
        self.user_pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"avatar-{settings.name}-{self.account}"
            ),
        )
        read = cognito.ResourceServerScope(scope_name=READ, scope_description="Read everything")
        write = cognito.ResourceServerScope(
            scope_name=WRITE, scope_description="Create, change and delete"
        )
        server = self.user_pool.add_resource_server(
            "Api", identifier=RESOURCE_SERVER, scopes=[read, write]
        )
        scopes = [
            cognito.OAuthScope.resource_server(server, read),
            cognito.OAuthScope.resource_server(server, write),
        ]
        self.public_client = self._public_client(scopes)
        self.server_client = self.user_pool.add_client(
            "ServerClient",
            generate_secret=True,
            auth_flows=cognito.AuthFlow(),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True), scopes=scopes
            ),
            access_token_validity=Duration.minutes(settings.identity.access_token_minutes),
            enable_token_revocation=True,
        )
        acknowledge(
            self.user_pool, "AwsSolutions-COG2", "A second factor is offered, and each user decides"
        )
        acknowledge(
            self.user_pool,
            "AwsSolutions-COG8",
            "Threat protection costs per user and month; idle, this must cost next to nothing",
        )
        for name, value in {
            "UserPoolId": self.user_pool.user_pool_id,
            "UserPoolClientId": self.public_client.user_pool_client_id,
            "ServerClientId": self.server_client.user_pool_client_id,
        }.items():
            CfnOutput(self, name, value=value)

    def _pool(self) -> cognito.UserPool:
        keep = self._settings.keep_data
        return cognito.UserPool(
            self,
            "Users",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # An address changes only once the new one is verified.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )

    def _public_client(self, scopes: list[cognito.OAuthScope]) -> cognito.UserPoolClient:
        """For web and mobile apps: no secret, so SRP or a code with PKCE, never a bare password."""
        identity = self._settings.identity
        return self.user_pool.add_client(
            "PublicClient",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, *scopes],
                callback_urls=identity.callback_urls,
                logout_urls=identity.logout_urls,
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            access_token_validity=Duration.minutes(identity.access_token_minutes),
            id_token_validity=Duration.minutes(identity.access_token_minutes),
            refresh_token_validity=Duration.days(identity.refresh_token_days),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
        )
