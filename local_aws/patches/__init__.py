"""Behaviours of AWS that the emulator gets wrong and that would otherwise go untested.

One small module per behaviour; `tests/local_aws/test_patches.py` fails when the emulator changes
under one of them.
"""

from local_aws.patches import (
    alarms,
    embedded_metrics,
    lambda_code,
    lambda_errors,
    lambda_init,
    lambda_workers,
    transport,
)
from local_aws.seam import resources, tasks


def install() -> None:
    """Apply every patch."""
    resources.run_on_threads()
    tasks.install()
    lambda_workers.install()
    lambda_code.install()
    lambda_errors.install()
    lambda_init.install()
    embedded_metrics.install()
    alarms.install()
    transport.install()
