"""Lambda workers run on the bare interpreter, in a clean environment.

The emulator runs them on its own interpreter and hands its whole environment down.
"""

from __future__ import annotations

import os

from ministack.core import lambda_runtime

from local_aws.lambda_python import interpreter
from local_aws.patches.lambda_init import REPORT_IMPORT_ERRORS

# Of the server's variables, what a worker may keep; its function's own come on top.
_KEPT = frozenset({"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "NO_PROXY", "no_proxy"})


def _forget_server(server_names: list[str]) -> str:
    """Python source that drops the server's variables before the function's are set."""
    return f"import os\nfor _name in {server_names!r}:\n    os.environ.pop(_name, None)\n"


def install() -> None:
    """Replace the interpreter of Python workers and clean what they inherit."""
    original = lambda_runtime._detect_runtime_binary
    server_names = sorted(set(os.environ) - _KEPT)
    python = str(interpreter())

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        return python, _forget_server(server_names) + REPORT_IMPORT_ERRORS + script

    lambda_runtime._detect_runtime_binary = detect
