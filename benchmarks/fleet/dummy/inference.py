"""A server whose requests all take the same time: what the simulator is checked against.

It runs in the serving container's process, so it imports nothing of this project.
"""

from __future__ import annotations

import os
import time


def model_fn(model_dir: str) -> str:
    """Nothing to load."""
    return model_dir


def transform_fn(_model: str, _body: str, _content_type: str, _accept: str) -> str:
    """Sleep for SERVICE_SECONDS (real ones)."""
    time.sleep(float(os.environ["SERVICE_SECONDS"]))
    return "{}"
