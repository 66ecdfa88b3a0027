"""The `TrainingRunner` port on Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.failures import calling, code_of
from lambdas.ports import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsRunner:
    """One state machine; an execution's name is its training's id."""

    def __init__(self, client: Callable[[], SFNClient], state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, training_id: str, document: Mapping[str, Any]) -> None:
        """See `TrainingRunner.start`; the same name and input is the same execution."""
        with calling("training"):
            try:
                self._client().start_execution(
                    stateMachineArn=self._arn, name=training_id, input=json.dumps(document)
                )
            except ClientError as error:
                if code_of(error) != "ExecutionAlreadyExists":
                    raise

    def stop(self, training_id: str, *, reason: str) -> None:
        """See `TrainingRunner.stop`."""
        with calling("training"):
            try:
                self._client().stop_execution(
                    executionArn=self._execution_arn(training_id), error="Stopped", cause=reason
                )
            except ClientError as error:
                if code_of(error) != "ExecutionDoesNotExist":
                    raise

    def describe(self, training_id: str) -> Execution | None:
        """See `TrainingRunner.describe`."""
        with calling("training"):
            try:
                answer = self._client().describe_execution(
                    executionArn=self._execution_arn(training_id)
                )
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return None
                raise
        return Execution(answer["status"], answer.get("error"), answer.get("cause"))

    def _execution_arn(self, training_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:', 1)}:{training_id}"
