"""A function that fails while it is imported leaves its traceback in its log, as on AWS.

The emulator answers with the exception's text only, and throws the traceback away.
"""

from __future__ import annotations

import uuid
from typing import Any

from ministack.core import lambda_runtime

from local_aws.seam import put_log_events

# Runs in the worker before the emulator's own script: its import of the handler goes through
# `importlib.import_module`.
REPORT_IMPORT_ERRORS = """
import importlib, sys, traceback
_import_module = importlib.import_module
def _reporting(name, package=None):
    try:
        return _import_module(name, package)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        raise
importlib.import_module = _reporting
"""


def _log_group(config: dict[str, Any]) -> str:
    chosen = (config.get("LoggingConfig") or {}).get("LogGroup")
    return str(chosen or f"/aws/lambda/{config.get('FunctionName', 'unknown')}")


def install() -> None:
    """Wrap the start of a worker."""
    spawn = lambda_runtime.Worker._spawn

    def spawn_and_report(worker: Any) -> None:
        try:
            spawn(worker)
        except RuntimeError:
            lines = str(worker._drain_stderr_bounded()).splitlines()
            put_log_events(_log_group(worker.config), f"init/{uuid.uuid4().hex}", lines)
            raise

    lambda_runtime.Worker._spawn = spawn_and_report
