"""Entry point of the training job: `python train.py --training_id … --max_steps …`.

Exit codes: 0 an adapter was published; 1 it failed, and the failure file says why; 143 SIGTERM
came, and a checkpoint is there to go on from.
"""

import errno
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from contract.adapter import write_whole
from contract.importing import uncollected
from contract.training_failure import FailureCode, TrainingFailure
from training.errors import Interrupted, TrainingError
from training.settings import Folders, read_hyperparameters

FAILED = 1
INTERRUPTED = 128 + signal.SIGTERM
# No room on the device, a quota, a bound on file sizes: all the same to whoever has to mend it.
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_log = logging.getLogger("training")


class Termination:
    """Remembers SIGTERM, so that the loop can stop between two steps.

    SageMaker gives 120 seconds before it kills:
    docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
    It signals the container's first process, and the toolkit there does not pass it on: where the
    signal never comes, the last periodic checkpoint is what remains.
    """

    def __init__(self) -> None:
        self._came = False

    def listen(self) -> None:
        """Handle SIGTERM from now on."""
        signal.signal(signal.SIGTERM, self._note)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within, SIGTERM and the keyboard's SIGINT are remembered; then handled as before."""
        both = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self._note) for number in both}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, _: int, __: FrameType | None) -> None:
        self._came = True

    def __call__(self) -> bool:
        """Whether it came."""
        return self._came


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the job; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    termination = Termination()
    termination.listen()
    folders = Folders.from_environment(environment)
    try:
        settings = read_hyperparameters(arguments)
        # torch takes seconds to import; bad arguments should not have to wait for it.
        with uncollected():
            from training import job

        job.run(settings, folders, termination)
    except Interrupted:
        _log.info("event=interrupted")
        return INTERRUPTED
    except TrainingError as error:
        _report(folders, error.failure)
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, it must be reported
        _log.error("event=unexpected error=%r at=%s", error, _places(error))
        _report(folders, _unexpected(error))
        return FAILED
    return 0


def _places(error: Exception) -> str:
    """Where it happened, innermost first. One line: a traceback would crowd out the reason."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-6:])
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def _unexpected(error: Exception) -> TrainingFailure:
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return TrainingFailure(
            FailureCode.OUT_OF_DISK,
            "The disk is full: a larger training volume, or fewer checkpoints, would help.",
        )
    if type(error).__name__ == "OutOfMemoryError":
        return TrainingFailure(
            FailureCode.OUT_OF_MEMORY,
            "The accelerator's memory is too small: a lower batch size or resolution may help.",
        )
    return TrainingFailure(
        FailureCode.INTERNAL_ERROR, f"The training stopped unexpectedly ({type(error).__name__})."
    )


def _report(folders: Folders, failure: TrainingFailure) -> None:
    """Write the failure file, and the same line to stderr, also where the disk takes no file.

    The containers' toolkit replaces the file by a report of its own, which quotes stderr from the
    first line on that names a built-in exception (sagemaker-training-toolkit, process.py, watch).
    """
    try:
        folders.output.mkdir(parents=True, exist_ok=True)
        write_whole(folders.failure_file, failure.to_text())
    except OSError as error:
        _log.warning("event=failure_file_not_written error=%s", type(error).__name__)
    sys.stderr.write(f"RuntimeError: {failure.to_text()}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
