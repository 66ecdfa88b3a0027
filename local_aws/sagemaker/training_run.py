"""Runs one training job from download to upload, in the thread that calls it."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_aws.sagemaker import training_container as container
from local_aws.sagemaker import training_inputs as inputs
from local_aws.sagemaker.archive import UnsafeArchiveError, pack, unpack
from local_aws.sagemaker.checkpoint_sync import CheckpointSync
from local_aws.sagemaker.errors import ServiceError, StoreError
from local_aws.sagemaker.ports import Child, Launcher, ObjectStore, Platform, S3Uri
from local_aws.sagemaker.training_inputs import InputError
from local_aws.sagemaker.training_job import TERMINAL, Secondary, TrainingJob

logger = logging.getLogger("local_aws.sagemaker")

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# What AWS says when no instance of the type is to be had.
CAPACITY_ERROR = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
_INTERNAL_ERROR = "InternalServerError: We encountered an internal error. Please try again."


@dataclass(frozen=True)
class TrainingSettings:
    """Real seconds. AWS kills 120 s after SIGTERM (StopTrainingJob)."""

    stop_grace_s: float = 120.0
    poll_s: float = 0.1
    sync_every_s: float = 1.0


class TrainingRun:
    """One execution of one job."""

    def __init__(
        self,
        job: TrainingJob,
        folder: Path,
        platform: Platform,
        launcher: Launcher,
        settings: TrainingSettings,
        changed: Callable[[TrainingJob], None],
    ) -> None:
        self._job = job
        self._layout = container.Layout(folder)
        self._platform = platform
        self._launcher = launcher
        self._settings = settings
        self._changed = changed
        self._started = time.monotonic()

    def run(self, *, capacity: bool) -> None:
        """Run to a terminal state; never raises."""
        try:
            if not capacity:
                self._fail(CAPACITY_ERROR)
                return
            self._execute()
        except InputError as error:
            self._fail(str(error))
        except (StoreError, ServiceError) as error:
            self._fail(f"ClientError: {error}")
        except Exception:
            logger.exception("training_run_failed", extra={"job": self._job.request.name})
            self._fail(_INTERNAL_ERROR)
        finally:
            self._job.done.set()
            shutil.rmtree(self._layout.base, ignore_errors=True)

    def _execute(self) -> None:
        request, layout = self._job.request, self._layout
        store = self._platform.store(request.role_arn)
        self._enter(Secondary.DOWNLOADING)
        layout.make()
        (layout.base / "tmp").mkdir()
        self._fetch_code(store)
        for channel in request.channels:
            inputs.download(store, channel, layout.data / channel.name)
        container.write_config(request, layout)
        checkpoints = None
        if request.checkpoints is not None:
            checkpoints = CheckpointSync(store, request.checkpoints, layout.checkpoints)
            checkpoints.restore()
        if self._job.stop.is_set():
            self._enter(Secondary.STOPPED)
            return
        code, ending, child = self._train(checkpoints)
        if checkpoints is not None:
            checkpoints.sync()
        if code != 0 and ending is Secondary.COMPLETED:
            self._upload_output_data(store)
            self._fail(container.failure_reason(request, layout, code, child.tail()))
            return
        if ending is Secondary.COMPLETED:
            self._enter(Secondary.UPLOADING)
        try:
            self._upload(store)
        except StoreError as error:
            self._fail(f"ClientError: Artifact upload failed:{error}")
            return
        self._enter(ending)

    def _fetch_code(self, store: ObjectStore) -> None:
        archive = self._layout.base / "sourcedir.tar.gz"
        try:
            store.download(self._job.request.code, archive)
            unpack(archive, self._layout.code)
        except (StoreError, UnsafeArchiveError) as error:
            # The toolkit fetches the code inside the container, so this is the algorithm's error.
            message = f"AlgorithmError: framework error: {error}, exit code: 1"
            raise InputError(message) from error
        archive.unlink()

    def _train(self, checkpoints: CheckpointSync | None) -> tuple[int, Secondary, Child]:
        request = self._job.request
        environment = self._platform.environment(request.role_arn)
        environment |= container.environment(request, self._job.arn, self._layout)
        stream = f"{request.name}/algo-1-{int(time.time())}"
        child = self._launcher.launch(
            "training",
            request.name,
            container.command(request),
            env=environment,
            cwd=self._layout.code,
            sink=lambda lines: self._platform.log(LOG_GROUP, stream, lines),
        )
        self._enter(Secondary.TRAINING)
        try:
            code, ending = self._watch(child, checkpoints)
        finally:
            child.kill()  # whatever the program left behind ends with its container
        return code, ending, child

    def _watch(self, child: Child, checkpoints: CheckpointSync | None) -> tuple[int, Secondary]:
        request, settings = self._job.request, self._settings
        runtime_over = time.monotonic() + request.max_runtime_s
        wait_over = self._started + (request.max_wait_s or float("inf"))
        ending, kill_at, next_sync = Secondary.COMPLETED, float("inf"), 0.0
        while (code := child.wait(settings.poll_s)) is None:
            now = time.monotonic()
            if ending is Secondary.COMPLETED:
                if self._job.stop.is_set():
                    ending = Secondary.STOPPED
                elif now > runtime_over:
                    ending = Secondary.MAX_RUNTIME
                elif now > wait_over:
                    ending = Secondary.MAX_WAIT
                if ending is not Secondary.COMPLETED:
                    self._enter(Secondary.STOPPING)
                    child.terminate()
                    kill_at = now + settings.stop_grace_s
            elif now > kill_at:
                child.kill()
            if checkpoints is not None and now >= next_sync:
                checkpoints.sync()
                next_sync = time.monotonic() + settings.sync_every_s
        if self._job.stop.is_set() and ending is Secondary.COMPLETED and code != 0:
            ending = Secondary.STOPPED
        return code, ending

    def _target(self, name: str) -> S3Uri:
        return self._job.request.output.under(f"{self._job.request.name}/output/{name}")

    def _upload(self, store: ObjectStore) -> None:
        request, layout = self._job.request, self._layout
        files = [path for path in sorted(layout.model.rglob("*")) if path.is_file()]
        if request.output_compressed:
            archive, target = layout.base / "model.tar.gz", self._target("model.tar.gz")
            pack(layout.model, archive)
            store.upload(archive, target, kms_key=request.output_kms_key)
            self._job.artifacts = str(target)
        else:
            for path in files:
                target = self._target(f"model/{path.relative_to(layout.model).as_posix()}")
                store.upload(path, target, kms_key=request.output_kms_key)
            self._job.artifacts = str(self._target("model/"))
        self._upload_output_data(store)

    def _upload_output_data(self, store: ObjectStore) -> None:
        folder = self._layout.output / "data"
        if any(folder.iterdir()):
            archive = self._layout.base / "output.tar.gz"
            pack(folder, archive)
            target = self._target("output.tar.gz")
            store.upload(archive, target, kms_key=self._job.request.output_kms_key)

    def _enter(self, secondary: Secondary) -> None:
        self._job.enter(secondary)
        self._changed(self._job)

    def _fail(self, reason: str) -> None:
        if self._job.status not in TERMINAL:
            self._job.failure_reason = reason
            self._enter(Secondary.FAILED)
