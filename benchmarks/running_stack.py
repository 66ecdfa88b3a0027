"""The stack that `make up` started, for commands that call it as users do."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.__main__ import api_url
from demo.backstage import Backstage
from demo.client import AvatarClient
from demo.deployment import REGION, ROOT
from demo.identity import Account, UserPool
from demo.outputs import Outputs
from local_aws import client as embedded


@dataclass(frozen=True)
class RunningStack:
    """An embedded AWS by its port, and what this checkout deployed into it."""

    port: int
    outputs: Outputs = field(
        default_factory=lambda: Outputs.read(ROOT / ".local" / "deployment" / "outputs.json")
    )

    @property
    def backstage(self) -> Backstage:
        """The operator's view."""
        return Backstage(embedded.environment(self.port), self.outputs)

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return api_url(self.backstage.aws, self.outputs)

    @property
    def pool(self) -> UserPool:
        """Where its users sign in."""
        pool, client = self.outputs.UserPoolId, self.outputs.UserPoolClientId
        endpoint = self.backstage.endpoint
        return UserPool(endpoint=endpoint, region=REGION, pool_id=pool, client_id=client)

    def user(self, name: str) -> AvatarClient:
        """A new account, signed in."""
        account = Account.invent(name)
        self.pool.sign_up(account)
        return AvatarClient(self.base_url, self.pool.sign_in(account)["AccessToken"])
