"""`code/inference.py` beside the weights: fetches the serving code and hands over to it.

It stands alone and does not change. The weights are published once; the code comes from
SERVING_CODE_URI, which a deployment sets, so it is rolled out and back with the stack.
"""

import hashlib
import importlib
import os
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

MAX_CODE_BYTES = 512 * 1024 * 1024

_handler: Any = None


def fetch_code(uri: str, parent: Path) -> Path:
    """Download and unpack s3://bucket/key.tar.gz; no file leaves the folder that is returned."""
    import boto3

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    answer = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    content = answer["Body"].read(MAX_CODE_BYTES + 1)
    if len(content) > MAX_CODE_BYTES:
        raise ValueError("the serving code is too large")
    digest = hashlib.sha256(content).hexdigest()[:16]
    folder = Path(tempfile.mkdtemp(prefix=f"serving-{digest}-", dir=parent))
    archive = folder.with_suffix(".tar.gz")
    archive.write_bytes(content)
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    return folder


def model_fn(model_dir: str) -> Any:
    """Called once at start by the inference toolkit."""
    global _handler
    folder = fetch_code(os.environ["SERVING_CODE_URI"], Path(tempfile.gettempdir()))
    sys.path.insert(0, str(folder))
    # This file and the package share the name `inference`: make way for the package.
    sys.modules.pop("inference", None)
    importlib.invalidate_caches()
    _handler = importlib.import_module("inference.handler")
    return _handler.model_fn(model_dir)


def transform_fn(model: Any, input_data: Any, content_type: str, accept: str) -> Any:
    """Called for each request."""
    return _handler.transform_fn(model, input_data, content_type, accept)
