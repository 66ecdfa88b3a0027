"""How long a function takes to start, beside a Powertools handler that does nothing.

`python -m benchmarks.lambda_init` builds the real bundles for this machine and imports each handler
in a fresh bare interpreter, in turns with the empty one. Reported: the median of CPU time in
milliseconds, and the median of the ratios, turn by turn. Byte code is compiled once, before.
`python -m benchmarks.lambda_init events.intake --turns 3` is quicker.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.bundling import ROOT, Bundle, lambda_bundle, settings_folder
from local_aws.lambda_python import interpreter

TURNS = 9
EMPTY = (
    "from aws_lambda_powertools import Logger, Metrics, Tracer\n"
    "logger, tracer, metrics = Logger(), Tracer(), Metrics()\n"
    "def handler(event, context): return {}\n"
)
HANDLERS: dict[str, Bundle] = {
    "api.catalogue": "api",
    "api.subjects": "api",
    "api.trainings": "api",
    "api.generations": "media",
    "events.erasure": "api",
    "events.reconciler": "api",
    "events.training_prepare": "api",
    "events.training_publish": "api",
    "events.intake": "media",
    "events.results": "provenance",
    "api.reviews": "provenance",
    "api.verify": "provenance",
}
VARIABLES = [
    "TABLE_NAME",
    "IDEMPOTENCY_TABLE_NAME",
    "UPLOADS_BUCKET",
    "PHOTOS_BUCKET",
    "MODELS_BUCKET",
    "WORK_BUCKET",
    "AVATARS_BUCKET",
    "DATA_KEY_ARN",
    "STATE_MACHINE_ARN",
    "ENDPOINT_NAMES",
    "ERASURE_QUEUE_URL",
    "INTAKE_QUEUE_URL",
    "RESULTS_QUEUE_URL",
    "TRAINING_CODE_URI",
    "AUDIT_TABLE_NAME",
    "WATERMARK_KEY_ARN",
    "SIGNING_KEY_ARN",
    "RECEIPT_KEY_ARN",
    "CERTIFICATES_PARAMETER",
    "USER_POOL_ID",
]


@dataclass(frozen=True)
class Start:
    """One import of a module, from the first instruction to the finished module."""

    cpu_ms: float


def main() -> None:
    """Measure handlers and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lambda_init")
    parser.add_argument("handlers", nargs="*", default=list(HANDLERS))
    parser.add_argument("--turns", type=int, default=TURNS)
    wanted = parser.parse_args()
    print(f"{'handler':<26}{'init ms':>9}{'empty ms':>10}{'ratio':>7}")
    for name in wanted.handlers:
        bundle = lambda_bundle(HANDLERS[name], "host")
        compileall.compile_dir(bundle, quiet=2)
        pairs = [(start(f"import lambdas.{name}", bundle), start(EMPTY, bundle))]
        pairs += [
            (start(f"import lambdas.{name}", bundle), start(EMPTY, bundle))
            for _ in range(wanted.turns)
        ]
        warm = pairs[1:]  # the first turn reads the files from disk
        ours = statistics.median(one.cpu_ms for one, _ in warm)
        empty = statistics.median(other.cpu_ms for _, other in warm)
        ratio = statistics.median(one.cpu_ms / other.cpu_ms for one, other in warm)
        print(f"{name:<26}{ours:>9.0f}{empty:>10.0f}{ratio:>7.2f}", flush=True)


def start(code: str, bundle: Path) -> Start:
    """Run `code` in a new bare interpreter, in the environment of a function."""
    measured = f"import time\nbegan = time.process_time()\n{code}\n"
    measured += "print((time.process_time() - began) * 1000)"
    done = subprocess.run(
        [str(interpreter()), "-c", measured],
        env=environment(bundle),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"the handler does not start:\n{done.stderr}")
    return Start(cpu_ms=float(done.stdout.strip().splitlines()[-1]))


def environment(bundle: Path) -> dict[str, str]:
    """What Lambda sets, with names that nothing answers to: init must not call AWS."""
    block = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["dev"]
    settings = {**block["domain"], "base_model": block["base_model"]}
    layer = settings_folder(json.dumps(settings)) / "python"
    return {
        **{name: f"x-{name.lower()}" for name in VARIABLES},
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(bundle), str(layer))),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "Avatar",
        "ENVIRONMENT": "dev",
    }


if __name__ == "__main__":
    main()
