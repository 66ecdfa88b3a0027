"""`make up`, then `make fuzz`: no 5xx, no status and no answer that the description does not have.

The seed is printed: `make fuzz SEED=…` sends the same requests again. Every run is a new user, and
deleting that user's data comes last, because nothing begins while it goes on.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys

from benchmarks.cross_tenant.rows import DOCUMENT
from benchmarks.running_stack import RunningStack
from local_aws.settings import DEFAULT_PORT

# Whether a request that follows the description is taken depends on the state of things (a subject
# that is ready, a quota that is left), so that is not among the checks.
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
_LAST = "delete_my_data"


def main() -> int:
    """Fuzz everything, then the one operation that ends an account; 1 if any check failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzzing")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the embedded AWS")
    parser.add_argument("--examples", type=int, default=20, help="at most, of each operation")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    print(f"Seed {seed}: `make fuzz SEED={seed}` sends the same again.", flush=True)
    stack = RunningStack(options.port)
    token = stack.user("fuzz").token
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT)]
    command += ["--url", stack.base_url, "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", ",".join(_CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(options.examples), "--seed", str(seed)]
    command += ["--continue-on-failure", "--request-timeout", "60", "--warnings", "off"]
    which = ["--exclude-operation-id", "--include-operation-id"]
    return max(subprocess.run([*command, one, _LAST]).returncode for one in which)


if __name__ == "__main__":
    sys.exit(main())
