"""A handler that does what the request says; run as a real process."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any


def model_fn(model_dir: str) -> str:
    if os.environ.get("TOY_BROKEN"):
        message = "the model does not load"
        raise RuntimeError(message)
    return (Path(model_dir) / "weights.txt").read_text()


def transform_fn(model: str, body: str, content_type: str, accept: str) -> str:
    request: dict[str, Any] = json.loads(body)
    if request.get("raise"):
        raise ValueError(request["raise"])
    if request.get("die") or (request.get("die_once") and not Path(request["die_once"]).exists()):
        if not request.get("die"):
            Path(request["die_once"]).write_text("died")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(request.get("sleep", 0))
    return json.dumps({"model": model, "echo": request.get("echo"), "pid": os.getpid()})
