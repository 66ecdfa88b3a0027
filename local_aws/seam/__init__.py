"""The one place that knows the emulator's private names.

Everything else in `local_aws` speaks to the emulator through these functions; each has a
contract test in `tests/local_aws` that fails when an upgrade of the emulator changes it.

    AwsError            an error that a service answers with (code, message, status)
    └── AccessDenied    the caller lacks a permission
    TaskFailed          a Step Functions task failed (error name, cause)
"""

from local_aws.seam.errors import AccessDenied, AwsError, TaskFailed
from local_aws.seam.identity import (
    Caller,
    authorize,
    process_environment,
    role_caller,
    role_session,
)
from local_aws.seam.resources import complete_resource_type, register_resource_type
from local_aws.seam.sdk import client, read_object
from local_aws.seam.services import (
    RestRequest,
    RestResponse,
    register_json_service,
    register_rest_json_service,
)
from local_aws.seam.tasks import TaskContext, register_task_integration
from local_aws.seam.telemetry import Datum, put_aws_event, put_log_events, put_metric

__all__ = [
    "AccessDenied",
    "AwsError",
    "Caller",
    "Datum",
    "RestRequest",
    "RestResponse",
    "TaskContext",
    "TaskFailed",
    "authorize",
    "client",
    "complete_resource_type",
    "process_environment",
    "put_aws_event",
    "put_log_events",
    "put_metric",
    "read_object",
    "register_json_service",
    "register_resource_type",
    "register_rest_json_service",
    "register_task_integration",
    "role_caller",
    "role_session",
]
