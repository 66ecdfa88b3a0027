"""The inference container, as a process: run as a script by the embedded SageMaker.

`python -P serving_container.py BASE` with BASE in the part of /opt/ml. It copies the model data
(MODEL_DATA_URI) into BASE/model with the role's credentials, loads `code/inference.py` with the
rules of the Hugging Face inference toolkit, and serves GET /ping and POST /invocations on a free
loopback port, which it writes to BASE/port once the model is loaded.

What the toolkit and its model server (MMS) do, this does: `transform_fn` excludes `input_fn`,
`predict_fn` and `output_fn`; JSON and CSV bodies arrive as text; any exception of the handler is a
400; MMS_MAX_REQUEST_SIZE, MMS_MAX_RESPONSE_SIZE and MMS_DEFAULT_RESPONSE_TIMEOUT hold, with MMS's
own defaults. It imports only the standard library and boto3, so nothing of this project is
importable by accident.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import tarfile
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

JSON = "application/json"
_TEXT_TYPES = (JSON, "text/csv")
# Defaults of multi-model-server's configuration.
_MAX_BYTES = 6_553_500
_RESPONSE_TIMEOUT_S = 120


def limit(name: str, default: int) -> int:
    """A limit from the environment."""
    return int(os.environ.get(name, default))


def fetch_model(uri: str, folder: Path, *, compressed: bool) -> None:
    """Copy the prefix, or unpack the tar.gz, into `folder`; SystemExit if nothing is there."""
    import boto3
    from botocore.config import Config

    options = Config(s3={"addressing_style": "path"}, signature_version="s3v4", proxies={})
    s3 = boto3.client("s3", config=options)
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if compressed:
        archive = folder.parent / "model.tar.gz"
        s3.download_file(bucket, key, str(archive))
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        archive.unlink()
        return
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    jobs = [(k, folder / k[len(key) :].lstrip("/")) for k in keys if not k.endswith("/")]
    if not jobs:
        sys.exit(f"no model data at {uri}")
    for _, path in jobs:
        if not path.resolve().is_relative_to(folder.resolve()):
            sys.exit("an object's name leads out of the model folder")
        path.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda job: s3.download_file(bucket, job[0], str(job[1])), jobs))


class Model:
    """The user's module, called as the toolkit calls it."""

    def __init__(self, model_dir: Path) -> None:
        sys.path.insert(0, str(model_dir / "code"))
        name = os.environ.get("SAGEMAKER_PROGRAM", "inference.py").removesuffix(".py")
        module = importlib.import_module(name)
        parts = {p: getattr(module, p, None) for p in ("input_fn", "predict_fn", "output_fn")}
        self._transform: Callable[..., Any] | None = getattr(module, "transform_fn", None)
        if self._transform and any(parts.values()):
            message = (
                "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, "
                "and/or output_fn implementation"
            )
            raise ValueError(message)
        self._parts = parts
        load = getattr(module, "model_fn", None)
        if load is None:
            message = f"{name}.py defines no model_fn"
            raise ValueError(message)
        self._model = _call(load, str(model_dir))

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Response body and content type; whatever the user's code raises."""
        data: str | bytes = body.decode() if content_type in _TEXT_TYPES else body
        if self._transform:
            result = _call(self._transform, self._model, data, content_type, accept)
        else:
            read, predict, write = self._parts.values()
            value = _call(read, data, content_type) if read else json.loads(data)
            value = _call(predict, value, self._model) if predict else self._model(value)
            result = _call(write, value, accept) if write else json.dumps(value)
        if isinstance(result, tuple):
            result, accept = result
        return (result.encode() if isinstance(result, str) else bytes(result)), accept


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call with a trailing `context` of None where the function takes one more argument."""
    try:
        wanted = len(inspect.signature(function).parameters)
    except ValueError:
        wanted = len(arguments)
    return function(*arguments, *([None] if wanted == len(arguments) + 1 else []))


class Handler(BaseHTTPRequestHandler):
    """GET /ping and POST /invocations."""

    protocol_version = "HTTP/1.1"
    model: Model
    worker = threading.Lock()  # one model server worker: one request at a time

    def do_GET(self) -> None:
        """Health."""
        if self.path == "/ping":
            self._send(200, json.dumps({"status": "Healthy"}).encode(), JSON)
        else:
            self._problem(404, "ResourceNotFoundException", "Requested resource is not found")

    def do_POST(self) -> None:
        """Inference."""
        if self.path != "/invocations":
            self._problem(404, "ResourceNotFoundException", "Requested resource is not found")
            return
        size = int(self.headers.get("Content-Length", 0))
        if size > limit("MMS_MAX_REQUEST_SIZE", _MAX_BYTES):
            self.close_connection = True
            self._problem(413, "RequestEntityTooLargeException", "Request size exceeds the limit.")
            return
        body = self.rfile.read(size)
        content_type = self.headers.get("Content-Type") or JSON
        accept = self.headers.get("Accept") or JSON
        watchdog = threading.Timer(
            limit("MMS_DEFAULT_RESPONSE_TIMEOUT", _RESPONSE_TIMEOUT_S), self._worker_died
        )
        watchdog.daemon = True
        began = time.perf_counter()
        with self.worker:
            watchdog.start()
            try:
                result, kind = self.model.answer(
                    body, content_type, JSON if accept == "*/*" else accept
                )
            except Exception as error:  # noqa: BLE001 - the toolkit turns each into a 400
                traceback.print_exc()
                self._problem(400, "InternalServerException", str(error))
                return
            finally:
                watchdog.cancel()
        if len(result) > limit("MMS_MAX_RESPONSE_SIZE", _MAX_BYTES):
            self._problem(507, "InternalServerException", "Response exceeds MMS_MAX_RESPONSE_SIZE.")
            return
        print(f"invocation 200 {time.perf_counter() - began:.3f} s")
        self._send(200, result, kind)

    def _worker_died(self) -> None:
        """MMS ends a worker that takes longer than its time-out, and the request with it."""
        self._problem(500, "InternalServerException", "Worker died.")
        print("worker exceeded MMS_DEFAULT_RESPONSE_TIMEOUT", flush=True)
        os._exit(1)

    def _problem(self, code: int, kind: str, message: str) -> None:
        document = {"code": code, "type": kind, "message": message}
        self._send(code, json.dumps(document).encode(), JSON)

    def _send(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence the base class: pings would drown the log."""


def main() -> None:
    """See the module's docstring."""
    base = Path(sys.argv[1])
    folder = base / "model"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    uri = os.environ.get("MODEL_DATA_URI")
    if uri:
        compressed = os.environ.get("MODEL_DATA_COMPRESSED") == "1"
        fetch_model(uri, folder, compressed=compressed)
    fetched = time.perf_counter()
    Handler.model = Model(folder)
    loaded = time.perf_counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = base / "port"
    port.with_suffix(".new").write_text(str(server.server_address[1]))
    port.with_suffix(".new").rename(port)
    print(f"model fetched in {fetched - began:.2f} s, loaded in {loaded - fetched:.2f} s")
    server.serve_forever()


if __name__ == "__main__":
    main()
