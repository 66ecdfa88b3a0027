"""The fixed file beside the weights, loaded as the toolkit loads it, over HTTP to a small S3."""

import contextlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.generation_result import GenerationError, GenerationResponse
from inference.settings import ServingSettings
from tests.ml.serving import ADAPTERS, WORK, request
from tests.ml.training_runs import ROOT

# What the toolkit does, in a process where nothing of this project can be imported by accident.
_TOOLKIT = """
import importlib, json, sys
model_dir, body = sys.argv[1:]
sys.path.insert(0, model_dir + "/code")
module = importlib.import_module("inference")
load, transform = module.model_fn, module.transform_fn
del module
model = load(model_dir)
for text in (body, "{}", body):
    try:
        print(transform(model, text, "application/json", "application/json").replace("\\n", " "))
    except Exception as error:
        print(str(error).replace("\\n", " "))
"""


class _Objects(http.server.BaseHTTPRequestHandler):
    objects: dict[str, bytes]

    def do_GET(self) -> None:
        content = self.objects.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def object_server(objects: dict[str, bytes]) -> Iterator[str]:
    handler = type("Objects", (_Objects,), {"objects": objects})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def bundle(packages: tuple[str, ...]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for package in packages:
            for file in sorted((ROOT / package).glob("*.py")):
                tar.add(file, f"{package}/{file.name}")
    return buffer.getvalue()


def serve(
    sd_base: Path, folder: Path, objects: dict[str, bytes], body: str
) -> "subprocess.CompletedProcess[str]":
    shutil.copytree(sd_base, folder / "model")
    (folder / "model" / "code").mkdir()
    shutil.copy(ROOT / "inference" / "bootstrap.py", folder / "model" / "code" / "inference.py")
    (folder / "tmp").mkdir()
    with object_server(objects) as url:
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "SERVING_CODE_URI": "s3://code/serving.tar.gz",
            "ADAPTER_PREFIX_URI": ADAPTERS,
            "WORK_PREFIX_URI": WORK,
            "BASE_MODEL_ID": "tiny-sd",
            "PRECISION": "fp32",
            "TMPDIR": str(folder / "tmp"),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.run(
            [sys.executable, "-P", "-c", _TOOLKIT, str(folder / "model"), body],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def test_the_bootstrap_hands_over_to_the_fetched_code(sd_base: Path, tmp_path: Path) -> None:
    asked = request(sd_base, steps=2)
    objects = {"/code/serving.tar.gz": bundle(("inference", "contract"))}
    done = serve(sd_base, tmp_path, objects, json.dumps(json.loads(asked.to_json())))
    documents = [line for line in done.stdout.splitlines() if line.startswith("{")]
    answers = [line for line in documents if "_aws" not in json.loads(line)]
    assert len(answers) == 3, done.stderr[-2000:]
    assert GenerationResponse.from_json(answers[0]).artifacts[0].seed == 1
    assert GenerationError.from_json(answers[1]).code == "request_invalid"
    first, last = (GenerationResponse.from_json(answers[n]) for n in (0, 2))
    assert first.artifacts == last.artifacts
    assert f"/work/{asked.progress_uri.key}" in objects


def test_code_that_leads_out_of_its_folder_is_refused(sd_base: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("../escaped.py")
        tar.addfile(entry, io.BytesIO(b""))
    done = serve(sd_base, tmp_path, {"/code/serving.tar.gz": buffer.getvalue()}, "{}")
    assert done.returncode != 0
    assert "OutsideDestinationError" in done.stderr
    assert not (tmp_path / "tmp" / "escaped.py").exists()


@pytest.mark.parametrize("missing", ["ADAPTER_PREFIX_URI", "WORK_PREFIX_URI", "BASE_MODEL_ID"])
def test_an_endpoint_without_its_variables_does_not_start(missing: str) -> None:
    told = {"ADAPTER_PREFIX_URI": ADAPTERS, "WORK_PREFIX_URI": WORK, "BASE_MODEL_ID": "tiny-sd"}
    assert ServingSettings.from_environment(told).precision == "fp16"
    del told[missing]
    with pytest.raises(ValueError, match=missing):
        ServingSettings.from_environment(told)
