"""How SageMaker's engines fail.

ServiceError                an error answered to the caller in AWS's shape
├── ValidationException     the request is malformed, or not allowed in this state
├── ResourceInUse           the name is taken
├── ResourceNotFound        there is no such resource
└── ResourceLimitExceeded   a quota
StoreError                  the object store refused or lacks something (the role's view)
ContainerDied               a serving process ended while it was needed
InvocationTimedOut          a serving process did not answer in time
"""

from __future__ import annotations


class ServiceError(Exception):
    """Answered to the caller as `code`, `message` and HTTP `status`."""

    status = 400

    def __init__(self, message: str, code: str | None = None) -> None:
        self.code = code or type(self).__name__
        self.message = message
        super().__init__(f"{self.code}: {message}")


class ValidationException(ServiceError):  # noqa: N818 - AWS's own name
    """The request is malformed, or not possible in the present state."""


class ResourceInUse(ServiceError):  # noqa: N818 - AWS's own name
    """The name is taken."""


class ResourceNotFound(ServiceError):  # noqa: N818 - AWS's own name
    """There is no such resource."""


class ResourceLimitExceeded(ServiceError):  # noqa: N818 - AWS's own name
    """A quota of the account is used up."""


class StoreError(Exception):
    """The object store said no: `code` is S3's (`AccessDenied`, `NoSuchKey`, ...)."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class ContainerDied(Exception):  # noqa: N818 - an event, told as one
    """The serving process ended while a request was with it."""


class InvocationTimedOut(Exception):  # noqa: N818 - an event, told as one
    """The serving process did not answer within InvocationTimeoutSeconds."""
