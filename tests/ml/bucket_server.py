"""What a container finds outside: a small S3 over HTTP, the code's archive, and its environment."""

import contextlib
import http.server
import io
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.ml.serving import ADAPTERS, WORK
from tests.ml.training_runs import ROOT

CODE = "/code/serving.tar.gz"


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


def bundle(packages: tuple[str, ...] = ("inference", "contract")) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for package in packages:
            for file in sorted((ROOT / package).glob("*.py")):
                tar.add(file, f"{package}/{file.name}")
    return buffer.getvalue()


def model_folder(sd_base: Path, folder: Path) -> Path:
    """The published base with the fixed file beside its weights; `folder` gets a tmp/ too."""
    model = folder / "model"
    shutil.copytree(sd_base, model)
    (model / "code").mkdir()
    shutil.copy(ROOT / "inference" / "bootstrap.py", model / "code" / "inference.py")
    (folder / "tmp").mkdir()
    return model


def environment(url: str, folder: Path) -> dict[str, str]:
    """What the stack tells the container."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "SERVING_CODE_URI": f"s3:/{CODE}",
        "ADAPTER_PREFIX_URI": ADAPTERS,
        "WORK_PREFIX_URI": WORK,
        "BASE_MODEL_ID": "tiny-sd",
        "PRECISION": "fp32",
        "TMPDIR": str(folder / "tmp"),
        "OMP_NUM_THREADS": "1",
    }
