"""The `SignIns` port on a Cognito user pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_ABSENT = "UserNotFoundException"


class CognitoSignIns:
    """One pool. Where the name to sign in with is an address, a user's own name is their `sub`."""

    def __init__(self, client: Callable[[], CognitoIdentityProviderClient], pool_id: str) -> None:
        self._client = client
        self._pool = pool_id

    def exists(self, owner: str) -> bool:
        """See `SignIns.exists`."""
        with calling("sign-in"):
            try:
                self._client().admin_get_user(UserPoolId=self._pool, Username=owner)
            except ClientError as error:
                if code_of(error) == _ABSENT:
                    return False
                raise
        return True

    def delete(self, owner: str) -> None:
        """See `SignIns.delete`; refresh tokens end with the user."""
        with calling("sign-in"):
            try:
                self._client().admin_delete_user(UserPoolId=self._pool, Username=owner)
            except ClientError as error:
                if code_of(error) != _ABSENT:
                    raise
