"""Adding a Step Functions service integration, and what the emulator leaves out around tasks.

The emulator tells a task neither its execution nor its role, checks no permission of the role,
and lets a task's error overwrite a stop; it publishes no metrics. `install` wraps its functions
for that.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions as _sfn

from local_aws.seam.errors import AccessDenied, AwsError, TaskFailed
from local_aws.seam.identity import Caller, authorize, role_caller
from local_aws.seam.telemetry import Datum, put_metric
from local_aws.settings import ACCOUNT, REGION

Json = dict[str, Any]


_STATUS_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
}


class _Stopped(Exception):  # noqa: N818
    """Leaves the task state quietly: its execution is no longer running."""


@dataclass(frozen=True)
class TaskContext:
    """What a service integration knows of the execution that runs it."""

    resource: str
    execution_arn: str
    execution_name: str
    state_machine_arn: str
    role_arn: str
    _execution: Json
    _abandoned: threading.Event

    @property
    def caller(self) -> Caller:
        """The state machine's role, for `authorize`."""
        return role_caller(
            self.role_arn, session_name=self.execution_name[:64], service="states.amazonaws.com"
        )

    def stopped(self) -> bool:
        """Whether the result is no longer wanted: StopExecution, or the state timed out.

        StopExecution only sets a status, so a handler that waits polls this, stops what it
        started, and returns anything (the result is ignored).
        """
        return self._execution.get("status") != "RUNNING" or self._abandoned.is_set()


Integration = Callable[[TaskContext, Json], Json]

_execution: contextvars.ContextVar[Json | None] = contextvars.ContextVar("execution", default=None)
_abandoned: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar(
    "abandoned", default=None
)
_integrations: dict[str, Integration] = {}


def register_task_integration(resource: str, integration: Integration) -> None:
    """Serve a task resource such as `arn:aws:states:::sagemaker:createTrainingJob.sync`.

    `integration(context, input) -> output` runs in the execution's thread and may block; it
    raises `TaskFailed` (or `AwsError`, seen as `<Service>.<code>`) for Retry and Catch.
    """
    _integrations[resource] = integration
    _sfn._SERVICE_DISPATCH[resource.removesuffix(".sync")] = _dispatch


def _context(resource: str) -> TaskContext:
    execution = _execution.get()
    if execution is None:
        raise _sfn._ExecutionError("States.Runtime", f"{resource} ran outside an execution")
    machine = _sfn._state_machines.get(execution["stateMachineArn"]) or {}
    return TaskContext(
        resource=resource,
        execution_arn=execution["executionArn"],
        execution_name=execution["name"],
        state_machine_arn=execution["stateMachineArn"],
        role_arn=machine.get("roleArn", ""),
        _execution=execution,
        _abandoned=_abandoned.get() or threading.Event(),
    )


def _dispatch(resource: str, task_input: Json) -> Json:
    integration = _integrations.get(resource)
    if integration is None:
        raise _sfn._ExecutionError("States.Runtime", f"{resource} is not served here")
    service = resource.split(":::", 1)[1].split(":", 1)[0]
    try:
        return integration(_context(resource), task_input)
    except TaskFailed as failure:
        raise _sfn._ExecutionError(failure.error, failure.cause) from failure
    except AwsError as error:
        # Step Functions names an integration's errors `SageMaker.ResourceLimitExceeded`.
        name = {"sagemaker": "SageMaker"}.get(service, service.capitalize())
        raise _sfn._ExecutionError(f"{name}.{error.code}", error.message) from error


def _function_arn(resource: str, task_input: Any) -> str | None:
    """ARN of the Lambda function that a task invokes, or None for another kind of task."""
    if ":states:::lambda:invoke" in resource:
        reference = str(task_input.get("FunctionName", ""))
    elif ":lambda:" in resource and ":function:" in resource:
        reference = resource
    else:
        return None
    if reference.startswith("arn:"):
        return reference
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{reference}"


def _check_role(resource: str, task_input: Any) -> None:
    function_arn = _function_arn(resource, task_input)
    execution = _execution.get()
    if function_arn is None or not execution or "stateMachineArn" not in execution:
        return  # another kind of task, or TestState, which has no execution
    try:
        authorize(_context(resource).caller, "lambda:InvokeFunction", function_arn)
    except AccessDenied as denied:
        raise _sfn._ExecutionError("Lambda.AWSLambdaException", denied.message) from denied
    except AwsError as error:
        raise _sfn._ExecutionError("States.Runtime", error.message) from error


def install() -> None:
    """Wrap the emulator's task execution; once per process, before it serves."""
    execute_task = _sfn._execute_task
    invoke_resource = _sfn._invoke_resource
    invoke_with_timeout = _sfn._invoke_resource_with_timeout

    def execute(state: Json, raw_input: Any, execution: Json, context: Json) -> Any:
        token = _execution.set(execution)
        try:
            return execute_task(state, raw_input, execution, context)
        except _Stopped:
            return raw_input, None
        finally:
            _execution.reset(token)

    def invoke(resource: str, task_input: Any) -> Any:
        execution = _execution.get()
        try:
            _check_role(resource, task_input)
            result = invoke_resource(resource, task_input)
        except _sfn._ExecutionError:
            if execution is not None and execution.get("status") != "RUNNING":
                raise _Stopped from None
            raise
        if execution is not None and execution.get("status") != "RUNNING":
            raise _Stopped
        return result

    def invoke_timed(resource: str, task_input: Any, timeout: float) -> Any:
        abandoned = threading.Event()
        token = _abandoned.set(abandoned)
        try:
            return invoke_with_timeout(resource, task_input, timeout)
        except _sfn._ExecutionError as error:
            if error.error == "States.Timeout":
                abandoned.set()
            raise
        finally:
            _abandoned.reset(token)

    emit_status = _sfn._emit_execution_status_event

    def emit(execution: Json) -> None:
        emit_status(execution)
        name = _STATUS_METRICS.get(execution.get("status", ""))
        if name and not execution.get("sync"):
            dimensions = {"StateMachineArn": execution["stateMachineArn"]}
            put_metric("AWS/States", [Datum(name, 1.0, dimensions, "Count")])

    _sfn._emit_execution_status_event = emit
    _sfn._execute_task = execute
    _sfn._invoke_resource = invoke
    _sfn._invoke_resource_with_timeout = invoke_timed
