"""The container says that it is healthy once the model is loaded, and not before."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from local_aws.sagemaker import serving_container

_SLOW_MODEL = """
import pathlib, time

def model_fn(model_dir):
    while not pathlib.Path(model_dir, "arrived").exists():
        time.sleep(0.01)
    return {}

def transform_fn(model, data, content_type, accept):
    return data
"""


def test_ping_answers_only_when_the_model_is_loaded(tmp_path: Path) -> None:
    code = tmp_path / "model" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(_SLOW_MODEL)
    script = Path(serving_container.__file__)
    with subprocess.Popen(
        [sys.executable, "-P", str(script), str(tmp_path)],
        env={"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.DEVNULL,
    ) as container:
        try:
            port = tmp_path / "port"
            time.sleep(0.3)
            assert container.poll() is None
            assert not port.exists()
            (tmp_path / "model" / "arrived").touch()
            deadline = time.monotonic() + 30
            while not port.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            url = f"http://127.0.0.1:{port.read_text()}/ping"
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, timeout=10) as answer:
                assert answer.status == 200
        finally:
            container.kill()
