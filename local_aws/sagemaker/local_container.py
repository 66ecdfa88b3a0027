"""A serving container as a process on loopback (`serving_container.py`)."""

from __future__ import annotations

import http.client
import itertools
import shutil
import sys
from pathlib import Path

from local_aws.sagemaker.async_request import AsyncRequest
from local_aws.sagemaker.errors import ContainerDied, InvocationTimedOut, StoreError
from local_aws.sagemaker.fleet import StartError
from local_aws.sagemaker.invocation import Answer, Container
from local_aws.sagemaker.ports import Child, Launcher, Platform
from local_aws.sagemaker.variant import Variant

LOG_GROUP = "/aws/sagemaker/Endpoints"
_SCRIPT = Path(__file__).with_name("serving_container.py")
_PING_TIMEOUT_S = 2.0  # SageMaker's own limit for GET /ping
_STOP_GRACE_S = 5.0
_LOOPBACK = "127.0.0.1"


class LocalContainers:
    """Starts containers; its `start` is the fleet's StartContainer."""

    def __init__(self, platform: Platform, launcher: Launcher, folder: Path) -> None:
        self._platform = platform
        self._launcher = launcher
        self._folder = folder
        self._numbers = itertools.count(1)
        self.capacity_available = True

    def start(self, variant: Variant, stream: str) -> Container:
        """Start a container for the variant.

        Raises:
            StartError: no capacity, no model data, or the role may not read it.
        """
        if not self.capacity_available:
            message = (
                "Unable to provision requested ML compute capacity due to "
                "InsufficientInstanceCapacity error. Please retry using a different ML instance "
                "type or after some time."
            )
            raise StartError(message)
        self._check_model_data(variant)
        number = next(self._numbers)
        base = self._folder / f"{variant.endpoint}-{number}"
        shutil.rmtree(base, ignore_errors=True)
        (base / "tmp").mkdir(parents=True)
        environment = self._platform.environment(variant.role_arn)
        environment |= {
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_ENDPOINT_NAME": variant.endpoint,
            "HOME": str(base),
            "TMPDIR": str(base / "tmp"),
            "PYTHONUNBUFFERED": "1",
            **variant.environment,
        }
        if variant.model_data is not None:
            environment["MODEL_DATA_URI"] = str(variant.model_data)
            environment["MODEL_DATA_COMPRESSED"] = "1" if variant.compressed else "0"
        group, name = f"{LOG_GROUP}/{variant.endpoint}", f"{stream}-{number}"
        child = self._launcher.launch(
            "serving",
            variant.endpoint,
            # -P: the script's folder must not become importable.
            [sys.executable, "-P", str(_SCRIPT), str(base)],
            env=environment,
            cwd=base,
            sink=lambda lines: self._platform.log(group, name, lines),
        )
        return LocalContainer(child, base)

    def _check_model_data(self, variant: Variant) -> None:
        data = variant.model_data
        if data is None:
            return
        try:
            store = self._platform.store(variant.role_arn)
            found = store.size(data) if variant.compressed else len(store.list(data))
        except StoreError:
            found = 0
        if not found:
            message = (
                f'Failed to download model data for container "container_1" from URL: "{data}". '
                "Please ensure that there is an object located at the URL and that the role "
                "passed to CreateModel has permissions to download the object."
            )
            raise StartError(message)


class LocalContainer:
    """One running process and its folder."""

    def __init__(self, child: Child, base: Path) -> None:
        self._child = child
        self._base = base
        self._port: int | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def alive(self) -> bool:
        """Whether its process runs."""
        return self._child.poll() is None

    def healthy(self) -> bool:
        """Whether GET /ping answers 200 in time."""
        if self._port is None:
            try:
                self._port = int((self._base / "port").read_text())
            except FileNotFoundError:
                return False
        connection = http.client.HTTPConnection(_LOOPBACK, self._port, timeout=_PING_TIMEOUT_S)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def invoke(self, request: AsyncRequest, body: bytes) -> Answer:
        """POST /invocations; raises ContainerDied or InvocationTimedOut."""
        if self._port is None:
            raise ContainerDied
        headers = {
            "Content-Type": request.content_type or "application/json",
            "Accept": request.accept or "application/json",
            "X-Amzn-SageMaker-Inference-Id": request.inference_id,
        }
        if request.custom_attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = request.custom_attributes
        connection = http.client.HTTPConnection(_LOOPBACK, self._port, timeout=request.timeout_s)
        try:
            connection.request("POST", "/invocations", body=body, headers=headers)
            response = connection.getresponse()
            kind = response.getheader("Content-Type", "application/json")
            return Answer(response.status, kind, response.read())
        except TimeoutError as error:
            raise InvocationTimedOut from error
        except (OSError, http.client.HTTPException) as error:
            raise ContainerDied from error
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM, a short grace, SIGKILL; then its folder goes."""
        self._child.terminate()
        self._child.wait(_STOP_GRACE_S)
        self._child.kill()
        shutil.rmtree(self._base, ignore_errors=True)
