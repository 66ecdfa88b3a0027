"""Errors that cross the seam; the tree is drawn in the package's docstring."""

from __future__ import annotations


class AwsError(Exception):
    """An error in AWS's shape: answered to the caller as `code`, `message` and HTTP `status`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class AccessDenied(AwsError):  # noqa: N818 - AWS's own name
    """The caller's policies do not allow the action on the resource."""

    def __init__(self, principal: str, action: str, resource: str, *, explicit: bool) -> None:
        reason = (
            "with an explicit deny in a policy"
            if explicit
            else f"because no identity-based policy allows the {action} action"
        )
        super().__init__(
            "AccessDeniedException",
            f"User: {principal} is not authorized to perform: {action} "
            f"on resource: {resource} {reason}",
        )
        self.action = action


class TaskFailed(Exception):  # noqa: N818 - Step Functions' own name
    """A task's failure as the state machine sees it: `Error` and `Cause` of Retry and Catch."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
