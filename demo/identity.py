"""Sign-up and sign-in against Cognito, as a web or mobile client does it: no AWS credentials."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP


@dataclass(frozen=True)
class Account:
    """A person with an e-mail address and a password that meets the pool's policy."""

    email: str
    password: str

    @classmethod
    def invent(cls, name: str) -> Account:
        """A fresh account at a domain reserved for examples (RFC 2606)."""
        return cls(f"{name}-{secrets.token_hex(4)}@example.com", f"Aa1!{secrets.token_urlsafe(16)}")


@dataclass(frozen=True)
class UserPool:
    """A Cognito user pool and its public client."""

    endpoint: str
    region: str
    pool_id: str
    client_id: str

    def sign_up(self, account: Account) -> None:
        """Register the account and confirm it with the code from the verification e-mail."""
        client = self._client()
        client.sign_up(
            ClientId=self.client_id,
            Username=account.email,
            Password=account.password,
            UserAttributes=[{"Name": "email", "Value": account.email}],
        )
        client.confirm_sign_up(
            ClientId=self.client_id,
            Username=account.email,
            ConfirmationCode=self._mailed_code(account.email),
        )

    def sign_in(self, account: Account) -> dict[str, Any]:
        """Tokens by Secure Remote Password: the password itself never leaves the client."""
        srp = AWSSRP(
            username=account.email,
            password=account.password,
            pool_id=self.pool_id,
            client_id=self.client_id,
            client=self._client(),
        )
        tokens: dict[str, Any] = srp.authenticate_user()["AuthenticationResult"]
        return tokens

    def _client(self) -> Any:
        return boto3.client(
            "cognito-idp",
            region_name=self.region,
            endpoint_url=self.endpoint,
            config=Config(signature_version=UNSIGNED),
        )

    def _mailed_code(self, address: str) -> str:
        """Read the embedded AWS's outgoing mail; in a real account a person reads their inbox."""
        for _ in range(20):
            answer = requests.get(f"{self.endpoint}/_ministack/ses/messages", timeout=10)
            accounts: dict[str, list[dict[str, Any]]] = answer.json()["messages"]
            for message in reversed([mail for mails in accounts.values() for mail in mails]):
                code = re.search(r"\b\d{6}\b", f"{message['BodyText']} {message['BodyHtml']}")
                if address in message["To"] and code:
                    return code.group()
            time.sleep(0.1)
        raise TimeoutError("no verification e-mail arrived within 2 seconds")
