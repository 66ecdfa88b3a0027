"""What a training run is told: settings by the command line, folders by the container."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import InvalidDocumentError
from contract.training_failure import FailureCode
from contract.training_job import Hyperparameters
from training.errors import TrainingError


def read_hyperparameters(arguments: Sequence[str]) -> Hyperparameters:
    """Settings from `--name value` (as SageMaker's script mode passes them) or `--name=value`."""
    values: dict[str, str] = {}
    left = list(arguments)
    while left:
        name, equals, value = left.pop(0).partition("=")
        if not name.startswith("--") or (not equals and not left):
            raise _wrong("the arguments must read --name value")
        name = name.removeprefix("--").replace("-", "_")
        if name in values:
            raise _wrong(f"hyperparameter '{name[:40]}' is given twice")
        values[name] = value if equals else left.pop(0)
    try:
        return Hyperparameters.from_strings(values)
    except InvalidDocumentError as error:
        raise _wrong(str(error)) from error


def _wrong(problem: str) -> TrainingError:
    return TrainingError(FailureCode.HYPERPARAMETERS_INVALID, f"{problem[0].upper()}{problem[1:]}.")


@dataclass(frozen=True)
class Folders:
    """Where the container puts inputs and takes outputs from."""

    photos: Path
    model: Path
    prior: Path
    artifacts: Path
    output: Path
    checkpoints: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Folders":
        """SageMaker's variables; without them, its paths.

        docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
        """
        data = "/opt/ml/input/data"
        return cls(
            photos=Path(environment.get("SM_CHANNEL_PHOTOS", f"{data}/photos")),
            model=Path(environment.get("SM_CHANNEL_MODEL", f"{data}/model")),
            prior=Path(environment.get("SM_CHANNEL_PRIOR", f"{data}/prior")),
            artifacts=Path(environment.get("SM_MODEL_DIR", "/opt/ml/model")),
            output=Path(environment.get("SM_OUTPUT_DIR", "/opt/ml/output")),
            checkpoints=Path(environment.get("SM_CHECKPOINT_DIR", "/opt/ml/checkpoints")),
        )

    @property
    def failure_file(self) -> Path:
        """The file whose text becomes the job's FailureReason."""
        return self.output / "failure"
