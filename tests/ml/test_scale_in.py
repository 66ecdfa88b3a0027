"""Scale-in in the middle of a generation: SIGTERM to the server's process, as deployed."""

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ml.bucket_server import CODE, bundle, environment, model_folder, object_server
from tests.ml.serving import request
from tests.ml.training_runs import ROOT

_CONTAINER = ROOT / "local_aws" / "sagemaker" / "serving_container.py"
# docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
_SIGKILL_FOLLOWS_S = 30.0


def until(happened: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_sigterm_in_the_middle_ends_the_process_and_leaves_nothing_half_done(
    sd_base: Path, tmp_path: Path
) -> None:
    model_folder(sd_base, tmp_path)
    asked = request(sd_base, steps=50, seeds=(1, 2, 3, 4))
    objects = {CODE: bundle()}
    with object_server(objects) as url:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_CONTAINER), str(tmp_path)],
            env=environment(url, tmp_path),
            stdout=subprocess.DEVNULL,
        )
        try:
            port = tmp_path / "port"
            until(lambda: port.exists() or process.poll() is not None, 240)
            waiting = http.client.HTTPConnection("127.0.0.1", int(port.read_text()), timeout=60)
            waiting.request("POST", "/invocations", asked.to_json())
            progress = f"/work/{asked.progress_uri.key}"
            until(lambda: progress in objects, 60)

            process.send_signal(signal.SIGTERM)

            # Whoever asked learns at once that no answer comes, and may ask another instance.
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                waiting.getresponse()
            assert process.wait(_SIGKILL_FOLLOWS_S / 3) == -signal.SIGTERM
        finally:
            process.kill()
            process.wait()
    assert objects.keys() == {CODE, progress}
    assert not [*(tmp_path / "tmp").rglob("fetching-*")]
