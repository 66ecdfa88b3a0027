"""The command line: starting, stopping, and what a crash or a stranger leaves behind."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from local_aws import client, instance, lambda_python
from local_aws.processes import Processes, Running, birth, end_leftovers
from local_aws.settings import CHECKOUT
from local_aws.testing import EmbeddedAws, embedded_aws, free_port


def local_aws(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local_aws", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines that name the folder: the Lambda workers, jobs and servers of an instance."""
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if str(folder) in line]


def call_a_function(aws: EmbeddedAws) -> None:
    """Leave a warm Lambda worker running."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("index.py", "def handler(event, context):\n    return 1\n")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = aws.client("iam").create_role(
        RoleName="one", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    aws.client("lambda").create_function(
        FunctionName="one",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": code.getvalue()},
    )
    assert aws.client("lambda").invoke(FunctionName="one")["Payload"].read() == b"1"


def test_it_starts_tells_how_to_reach_it_and_stops(tmp_path: Path) -> None:
    port = free_port()

    up = local_aws("up", "--port", str(port), "--data", str(tmp_path))
    again = local_aws("up", "--port", str(free_port()), "--data", str(tmp_path))
    status = local_aws("status", "--data", str(tmp_path))
    env = local_aws("env", "--data", str(tmp_path))
    logs = local_aws("logs", "--data", str(tmp_path))
    down = local_aws("down", "--data", str(tmp_path))
    afterwards = local_aws("status", "--data", str(tmp_path))

    assert (up.returncode, f"http://127.0.0.1:{port}" in up.stdout) == (0, True)
    assert (again.returncode, "already runs on port" in again.stderr) == (1, True)
    assert f"127.0.0.1:{port}" in status.stdout
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}" in env.stdout
    assert "Running on" in logs.stdout
    assert (down.returncode, down.stdout.strip()) == (0, "The embedded AWS is stopped.")
    assert (afterwards.returncode, afterwards.stdout) == (1, "")
    assert client.health(port) is None
    assert not (tmp_path / "run").exists()


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        found = local_aws("up", "--port", str(port), "--data", str(tmp_path))

    assert found.returncode == 1
    assert found.stderr.startswith(f"Port {port} cannot be used")
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--speed", "0"], ["--port", "70000"]])
def test_a_setting_that_cannot_work_is_refused(arguments: list[str], tmp_path: Path) -> None:
    found = local_aws("up", *arguments, "--data", str(tmp_path))

    assert found.returncode == 1
    assert len(found.stderr.splitlines()) == 1


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    found = local_aws("up", "--port", str(free_port()), "--data", str(tmp_path / "file" / "x"))

    assert found.returncode == 1
    assert "cannot be used" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_stopping_what_does_not_run_is_fine(tmp_path: Path) -> None:
    found = local_aws("down", "--data", str(tmp_path))

    assert (found.returncode, found.stdout.strip()) == (0, "The embedded AWS was not running.")


def test_a_stale_note_names_no_stranger(tmp_path: Path) -> None:
    me = {"pid": os.getpid(), "born": "Thu Jan 1 00:00:00 1970", "port": 1}
    (tmp_path / "instance.json").write_text(json.dumps(me))

    assert instance.running(tmp_path) is None
    assert instance.down(tmp_path) == "The embedded AWS was not running."


def test_no_worker_survives_a_stop(tmp_path: Path) -> None:
    with embedded_aws(data_dir=tmp_path) as aws:
        call_a_function(aws)
        running = processes_of(tmp_path)

    assert running
    assert processes_of(tmp_path) == []


def test_nothing_survives_a_crash_of_the_server(tmp_path: Path) -> None:
    with embedded_aws(data_dir=tmp_path) as aws:
        call_a_function(aws)
        job = Processes(tmp_path / "run").start(
            "training", "job", ["sleep", "60"], environment=dict(os.environ), folder=tmp_path
        )

        os.kill(aws.pid, signal.SIGKILL)
        time.sleep(0.2)
        second = instance.down(tmp_path)

    assert second == "The embedded AWS is stopped."
    assert job.wait(timeout=5) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(tmp_path) == []


def test_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        notes = tmp_path / "processes"
        notes.mkdir()
        note = {"kind": "serving", "name": "x", "pid": stranger.pid, "born": "long ago"}
        (notes / "1.json").write_text(json.dumps(note))
        (notes / "2.json").write_text("not json")

        assert end_leftovers(tmp_path) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    registry = Processes(tmp_path)
    script = "trap '' TERM; sleep 60 & echo $! > child; wait; sleep 60"
    process = registry.start(
        "training", "deaf", ["sh", "-c", script], environment=dict(os.environ), folder=tmp_path
    )
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        time.sleep(0.02)
    child = int((tmp_path / "child").read_text())
    listed = registry.list()

    status = registry.stop(process, grace=0.3)

    assert [entry.name for entry in listed] == ["deaf"]
    assert isinstance(listed[0], Running)
    assert status == -signal.SIGKILL
    assert registry.list() == []
    deadline = time.monotonic() + 5
    while birth(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert birth(child) == ""


def test_two_instances_run_side_by_side(aws: EmbeddedAws) -> None:
    with embedded_aws() as other:
        other.client("s3").create_bucket(Bucket="only-here")

        names = {b["Name"] for b in aws.client("s3").list_buckets()["Buckets"]}

    assert "only-here" not in names


def test_the_bare_interpreter_is_remade_when_it_no_longer_fits(tmp_path: Path) -> None:
    folder = tmp_path / "lambda-python"
    first = lambda_python.interpreter(folder)
    (folder / "made-from.txt").write_text("another version")
    (folder / "leftover").touch()

    second = lambda_python.interpreter(folder)

    version = subprocess.run(
        [second, "-c", "import boto3; print(boto3.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert first == second
    assert not (folder / "leftover").exists()
    assert version == importlib.metadata.version("boto3")


def test_control_routes_name_those_that_exist(aws: EmbeddedAws) -> None:
    with pytest.raises(ValueError, match="GET /_local/health"):
        aws.control("/_local/nothing")
    for process in aws.control("/_local/processes")["processes"]:
        assert set(process) == {"kind", "name", "pid"}
