"""The parts of the SageMaker engines that need no process: requests, inputs, checkpoints."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker import training_container as container
from local_aws.sagemaker.archive import UnsafeArchiveError, unpack
from local_aws.sagemaker.async_request import AsyncRequest
from local_aws.sagemaker.checkpoint_sync import CheckpointSync
from local_aws.sagemaker.errors import ContainerDied, StoreError, ValidationException
from local_aws.sagemaker.hosting import Hosting
from local_aws.sagemaker.invocation import Answer
from local_aws.sagemaker.ports import Metric, S3Uri, StoredObject
from local_aws.sagemaker.serving_container import Model
from local_aws.sagemaker.training_inputs import InputError, download
from local_aws.sagemaker.training_request import Channel, parse
from local_aws.sagemaker.variant import Variant
from tests.local_aws.sagemaker_world import until

ROLE = "arn:aws:iam::000000000000:role/exec"


class MemoryStore:
    """S3 in a dictionary."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = {f"s3://b/{key}": body for key, body in objects.items()}

    def _get(self, uri: S3Uri) -> bytes:
        if str(uri) not in self.objects:
            raise StoreError("NoSuchKey", "The specified key does not exist.")
        return self.objects[str(uri)]

    def list(self, prefix: S3Uri) -> list[StoredObject]:
        found = [(S3Uri.parse(u), len(body)) for u, body in sorted(self.objects.items())]
        return [StoredObject(u, n) for u, n in found if str(u).startswith(str(prefix))]

    def size(self, uri: S3Uri) -> int:
        return len(self._get(uri))

    def read(self, uri: S3Uri) -> bytes:
        return self._get(uri)

    def download(self, uri: S3Uri, path: Path) -> None:
        path.write_bytes(self._get(uri))

    def write(
        self, uri: S3Uri, body: bytes, *, content_type: str = "", kms_key: str | None = None
    ) -> None:
        self.objects[str(uri)] = body

    def upload(self, path: Path, uri: S3Uri, *, kms_key: str | None = None) -> None:
        self.objects[str(uri)] = path.read_bytes()


def request(**changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job-1",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://b/code.tar.gz",
            "max_steps": "20",
            "learning_rate": "1e-4",
            "token": "<subject>",
            "flag": "true",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://b/out/"},
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def test_hyperparameters_reach_the_program_as_the_toolkit_passes_them(tmp_path: Path) -> None:
    parsed = parse(request())

    assert container.command(parsed)[1:] == [
        "train.py",
        *("--flag", "True"),
        *("--learning_rate", "0.0001"),
        *("--max_steps", "20"),
        *("--token", "<subject>"),
    ]
    variables = container.environment(parsed, "arn", container.Layout(tmp_path))
    assert json.loads(variables["SM_HPS"])["max_steps"] == 20
    assert variables["SM_HP_TOKEN"] == "<subject>"
    assert variables["SM_MODEL_DIR"] == str(tmp_path / "model")


def test_spot_needs_a_longest_wait() -> None:
    with pytest.raises(ValidationException, match="MaxWaitTimeInSeconds"):
        parse(request(EnableManagedSpotTraining=True))
    stopping = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}

    parsed = parse(request(EnableManagedSpotTraining=True, StoppingCondition=stopping))

    assert parsed.max_wait_s == 120
    with pytest.raises(ValidationException, match="EnableManagedSpotTraining"):
        parse(request(StoppingCondition=stopping))


def test_missing_members_are_named_as_aws_names_them() -> None:
    broken = request()
    del broken["OutputDataConfig"]

    with pytest.raises(ValidationException) as caught:
        parse(broken)

    assert caught.value.message == (
        "1 validation error detected: Value null at 'outputDataConfig' failed to satisfy "
        "constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    "manifest", [b"[", b"{}", b"[]", b'[{"prefix": 1}]', b'[{"prefix": "s3://b/"}, 3]']
)
def test_a_malformed_manifest_fails_the_download(manifest: bytes, tmp_path: Path) -> None:
    store = MemoryStore(m=manifest)

    with pytest.raises(InputError, match="Data download failed"):
        download(store, Channel("photos", S3Uri("b", "m"), manifest=True), tmp_path)


def test_an_object_name_cannot_leave_its_channel(tmp_path: Path) -> None:
    store = MemoryStore(**{"p/../../evil": b"x"})

    with pytest.raises(InputError, match="leaves its folder"):
        download(store, Channel("photos", S3Uri("b", "p/"), manifest=False), tmp_path / "in")


def test_a_checkpoint_is_restored_and_only_changes_are_sent(tmp_path: Path) -> None:
    store = MemoryStore(**{"c/a.bin": b"old", "c/deep/b.bin": b"b", "c-other/x": b"no"})
    sync = CheckpointSync(store, S3Uri("b", "c"), tmp_path)

    assert sync.restore() == 2
    assert (tmp_path / "deep" / "b.bin").read_bytes() == b"b"
    assert sync.sync() == 0
    (tmp_path / "a.bin").write_bytes(b"newer")
    (tmp_path / "progress.json").write_text("{}")

    assert sync.sync() == 2
    assert store.objects["s3://b/c/a.bin"] == b"newer"
    assert sync.sync() == 0


@pytest.mark.parametrize("name", ["../evil", "/etc/evil"])
def test_an_archive_cannot_write_outside_its_folder(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "code.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))

    if name.startswith("/"):
        unpack(archive, tmp_path / "code")  # the leading slash is dropped
        assert (tmp_path / "code" / "etc" / "evil").exists()
    else:
        with pytest.raises(UnsafeArchiveError):
            unpack(archive, tmp_path / "code")
    assert not (tmp_path / "evil").exists()


def test_handlers_follow_the_hugging_face_toolkits_rules(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "parts_handler.py").write_text(
        "def model_fn(folder, context): return str.upper\n"
        "def predict_fn(data, model): return model(data['text'])\n"
    )
    (code / "mixed_handler.py").write_text(
        "def model_fn(folder): return None\n"
        "def transform_fn(model, data, kind, accept): return data\n"
        "def input_fn(data, kind): return data\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.path", [str(code)])
        patch.setenv("SAGEMAKER_PROGRAM", "parts_handler.py")
        model = Model(tmp_path)
        patch.setenv("SAGEMAKER_PROGRAM", "mixed_handler.py")
        with pytest.raises(ValueError, match="Cannot use transform_fn"):
            Model(tmp_path)

    answer = model.answer(b'{"text": "hi"}', "application/json", "application/json")

    assert answer == (b'"HI"', "application/json")


class FakeClock:
    """AWS time that stands still unless moved."""

    time = 1000.0

    def now(self) -> float:
        return self.time

    def real_seconds(self, aws_seconds: float) -> float:
        return aws_seconds


class FakePlatform:
    """Everything around the engines, remembered."""

    def __init__(self, store: MemoryStore) -> None:
        self.memory = store
        self.published: list[tuple[str, dict[str, Any]]] = []
        self.seen: list[Metric] = []

    def check_role(self, role_arn: str) -> None: ...

    def store(self, role_arn: str) -> MemoryStore:
        return self.memory

    def environment(self, role_arn: str) -> dict[str, str]:
        return {}

    def publish(self, role_arn: str, topic_arn: str, message: str) -> None:
        self.published.append((topic_arn, json.loads(message)))

    def event(
        self, detail_type: str, detail: Mapping[str, object], resources: Sequence[str]
    ) -> None: ...

    def metrics(self, metrics: Iterable[Metric]) -> None:
        self.seen += metrics

    def log(self, group: str, stream: str, lines: Sequence[str]) -> None: ...

    def values(self, name: str) -> list[float]:
        return [metric.value for metric in self.seen if metric.name == name]


class FakeContainer:
    """Answers with the request's body; `gate` holds answers back."""

    pid = 1

    def __init__(self, gate: threading.Event) -> None:
        self.gate = gate
        self.running = True

    def alive(self) -> bool:
        return self.running

    def healthy(self) -> bool:
        return self.running

    def invoke(self, request: AsyncRequest, body: bytes) -> Answer:
        self.gate.wait(10)
        if not self.running or body == b"die":
            self.running = False
            raise ContainerDied
        return Answer(200, "application/json", body)

    def stop(self) -> None:
        self.running = False


TOPIC = "arn:aws:sns:us-east-1:000000000000:"


class HostingWorld:
    """An endpoint on fake containers."""

    def __init__(self, count: int = 1, name: str = "e") -> None:
        self.name = name
        self.platform = FakePlatform(MemoryStore(**{"in": b"{}", "kill": b"die"}))
        self.clock, self.gate = FakeClock(), threading.Event()
        self.gate.set()
        self.started: list[FakeContainer] = []
        self.start_fails = False
        self.hosting = Hosting(self.platform, self.clock, self._start, "arn:aws:sagemaker:r:1", "r")
        self.hosting.catalogue.create_model(
            {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "i"}}
        )
        variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": count}
        output = {
            "S3OutputPath": "s3://b/results",
            "NotificationConfig": {"SuccessTopic": f"{TOPIC}ok", "ErrorTopic": f"{TOPIC}no"},
        }
        self.hosting.catalogue.create_config(
            {
                "EndpointConfigName": "c",
                "ProductionVariants": [{**variant, "InstanceType": "ml.g5.xlarge"}],
                "AsyncInferenceConfig": {"OutputConfig": output},
            }
        )
        self.endpoint = self.hosting.create_endpoint(
            {"EndpointName": name, "EndpointConfigName": "c"}
        )
        assert self.endpoint.wait(5) == "InService"

    def _start(self, variant: Variant, stream: str) -> FakeContainer:
        self.started.append(FakeContainer(self.gate))
        self.started[-1].running = not self.start_fails
        return self.started[-1]

    def invoke(self, key: str = "in", **more: Any) -> AsyncRequest:
        return self.hosting.invoke_async(
            {"EndpointName": self.name, "InputLocation": f"s3://b/{key}", **more}
        )

    def scale(self, count: int) -> None:
        self.hosting.scale(self.name, "v", count)
        self.endpoint.wait(5)


def test_the_backlog_counts_what_is_queued_and_what_is_being_processed() -> None:
    world = HostingWorld()
    world.gate.clear()
    requests = [world.invoke() for _ in range(3)]
    until(lambda: requests[0].taken)
    world.clock.time += 90

    world.endpoint.tick()

    assert world.platform.values("ApproximateBacklogSize") == [3]
    assert world.platform.values("ApproximateBacklogSizePerInstance") == [3]
    assert world.platform.values("ApproximateAgeOfOldestRequest") == [90]
    assert world.platform.values("HasBacklogWithoutCapacity") == [0]
    assert all(
        set(metric.dimensions) == {"EndpointName"}
        for metric in world.platform.seen
        if "Backlog" in metric.name and metric.name != "TimeInBacklog"
    )
    world.gate.set()
    assert all(request.done.wait(5) for request in requests)
    world.hosting.close()


def test_without_an_instance_a_request_waits_and_says_so() -> None:
    world = HostingWorld()
    world.scale(0)
    request = world.invoke()

    world.endpoint.tick()

    assert world.platform.values("HasBacklogWithoutCapacity") == [1]
    assert not request.done.is_set()
    world.scale(1)
    assert request.done.wait(5)
    assert world.platform.memory.objects[str(request.output)] == b"{}"
    assert [topic for topic, _ in world.platform.published] == [f"{TOPIC}ok"]
    world.hosting.close()


def test_a_request_expires_by_the_scaled_clock() -> None:
    world = HostingWorld()
    world.scale(0)
    request = world.invoke(RequestTTLSeconds=60)
    world.clock.time += 59
    world.endpoint.tick()
    assert not request.done.is_set()
    world.clock.time += 2

    world.endpoint.tick()

    assert request.done.is_set()
    ((topic, message),) = world.platform.published
    assert topic == f"{TOPIC}no"
    assert message["invocationStatus"] == "Failed"
    assert world.platform.values("ExpiredRequests") == [1]
    world.hosting.close()


def test_a_request_that_kills_two_processes_is_given_up() -> None:
    world = HostingWorld()

    request = world.invoke("kill")

    assert request.done.wait(10)
    assert request.attempts == 2
    assert [topic for topic, _ in world.platform.published] == [f"{TOPIC}no"]
    assert until(lambda: world.endpoint.fleet.count() == 1)
    assert len(world.started) == 3
    world.hosting.close()


def test_deleting_waits_for_work_in_flight() -> None:
    world = HostingWorld()
    world.gate.clear()
    request = world.invoke()
    until(lambda: request.taken)

    endpoint = world.hosting.delete_endpoint("e")
    assert endpoint.wait(0.3) == "Deleting"
    assert not request.done.is_set()
    world.gate.set()

    assert request.done.wait(5)
    until(lambda: "e" not in world.hosting.endpoints)
    assert not world.started[0].running


def test_an_instance_that_does_not_start_leaves_those_that_run() -> None:
    world = HostingWorld(count=1)
    world.start_fails = True

    world.scale(3)

    described = world.endpoint.describe()
    assert described["EndpointStatus"] == "InService"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert described["ProductionVariants"][0]["DesiredInstanceCount"] == 1
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    world.hosting.close()


def test_a_request_in_flight_on_a_draining_instance_does_not_wake_another() -> None:
    world = HostingWorld()
    world.gate.clear()
    request = world.invoke()
    until(lambda: request.taken)
    world.hosting.scale("e", "v", 0)
    until(lambda: world.endpoint.fleet.count() == 0)

    world.endpoint.tick()

    assert world.platform.values("HasBacklogWithoutCapacity") == [0]
    world.gate.set()
    assert request.done.wait(5)
    world.hosting.close()
