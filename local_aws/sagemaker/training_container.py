"""The training container's contract: folders under /opt/ml, SM_* variables, command line.

Follows the SageMaker training toolkit's script mode (github.com/aws/sagemaker-training-toolkit):
hyperparameters are JSON-decoded where possible, `sagemaker_*` ones stay with the platform, the
rest become `--name value` in order of name.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.sagemaker.training_request import TrainingRequest, decoded

_HOST = "algo-1"
FAILURE_REASON_CHARS = 1024  # DescribeTrainingJob returns the failure file's first 1024 characters


@dataclass(frozen=True)
class Layout:
    """The folders of one job; `base` plays /opt/ml."""

    base: Path

    @property
    def code(self) -> Path:
        """Where the submitted code lies."""
        return self.base / "code"

    @property
    def data(self) -> Path:
        """Where the channels lie."""
        return self.base / "input" / "data"

    @property
    def config(self) -> Path:
        """Where the platform describes the job in JSON."""
        return self.base / "input" / "config"

    @property
    def model(self) -> Path:
        """What lies here in the end is the model."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Holds `failure` and `data/`."""
        return self.base / "output"

    @property
    def checkpoints(self) -> Path:
        """Mirrored to S3 while the job runs."""
        return self.base / "checkpoints"

    def make(self) -> None:
        """Create all folders."""
        for folder in (self.code, self.data, self.config, self.model, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)
        (self.output / "data").mkdir(parents=True, exist_ok=True)


def _own(request: TrainingRequest) -> dict[str, Any]:
    values = decoded(request.hyperparameters)
    return {n: v for n, v in sorted(values.items()) if not n.startswith("sagemaker_")}


def command(request: TrainingRequest) -> list[str]:
    """`python program --name value …`, to be run in the code folder."""
    arguments: list[str] = []
    for name, value in _own(request).items():
        text = value if isinstance(value, str) else _text(value)
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", text]
    return [sys.executable, request.program, *arguments]


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def write_config(request: TrainingRequest, layout: Layout) -> None:
    """The files of input/config."""
    document = request.document
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        for channel in document.get("InputDataConfig") or ()
    }
    resources = {"current_host": _HOST, "hosts": [_HOST], "network_interface_name": "eth0"}
    resources["current_instance_type"] = document["ResourceConfig"].get("InstanceType", "")
    files: dict[str, Any] = {
        "hyperparameters": dict(request.hyperparameters),
        "inputdataconfig": channels,
        "resourceconfig": resources,
    }
    for name, content in files.items():
        (layout.config / f"{name}.json").write_text(json.dumps(content))


def environment(request: TrainingRequest, arn: str, layout: Layout) -> dict[str, str]:
    """The variables that the platform and the toolkit set (without credentials)."""
    own = _own(request)
    program = request.program
    names = [channel.name for channel in request.channels]
    variables = {
        "TRAINING_JOB_NAME": request.name,
        "TRAINING_JOB_ARN": arn,
        "SAGEMAKER_BASE_DIR": str(layout.base),
        "SM_MODEL_DIR": str(layout.model),
        "SM_OUTPUT_DIR": str(layout.output),
        "SM_OUTPUT_DATA_DIR": str(layout.output / "data"),
        "SM_INPUT_DIR": str(layout.base / "input"),
        "SM_INPUT_CONFIG_DIR": str(layout.config),
        "SM_CHECKPOINT_DIR": str(layout.checkpoints),
        "SM_CHANNELS": json.dumps(sorted(names)),
        "SM_HPS": json.dumps(own),
        "SM_USER_ARGS": json.dumps(command(request)[2:]),
        "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": program.removesuffix(".py"),
        "SM_MODULE_DIR": str(request.code),
        "SM_HOSTS": json.dumps([_HOST]),
        "SM_CURRENT_HOST": _HOST,
        "SM_NUM_GPUS": "0",
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_LOG_LEVEL": "20",
        "PYTHONPATH": str(layout.code),
        "PYTHONUNBUFFERED": "1",
        "HOME": str(layout.base),
        "TMPDIR": str(layout.base / "tmp"),
    }
    variables |= {f"SM_CHANNEL_{n.upper()}": str(layout.data / n) for n in names}
    variables |= {
        f"SM_HP_{n.upper()}": v if isinstance(v, str) else _text(v) for n, v in own.items()
    }
    return variables | dict(request.environment)


def failure_reason(request: TrainingRequest, layout: Layout, code: int, tail: list[str]) -> str:
    """FailureReason of a program that ended with `code` (negative: a signal).

    A failure file that the program wrote is kept. Without one the toolkit writes its own text,
    and the container then ends with 1 whatever the program's code was.
    """
    path = layout.output / "failure"
    if path.is_file():
        text = path.read_text(errors="replace")
    else:
        shown = " ".join(["python", *command(request)[1:]])
        text = (
            f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{_last_error(tail)}"\n'
            f'Command "{shown}"'
        )
    return f"AlgorithmError: {text[:FAILURE_REASON_CHARS]}, exit code: 1"


def _last_error(tail: list[str]) -> str:
    """The last traceback in the program's output, or nothing."""
    starts = [n for n, line in enumerate(tail) if line.startswith("Traceback ")]
    return "\n".join(tail[starts[-1] :])[-600:] if starts else ""
